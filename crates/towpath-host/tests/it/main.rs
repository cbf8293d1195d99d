//! Tests of the machine layer on real folders, repositories and processes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod clean_tree;
mod git;
mod process;
mod sandbox;
mod secrets;
mod store;
mod tree;
mod workspace;
