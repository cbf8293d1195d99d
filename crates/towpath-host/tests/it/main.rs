//! Tests of the machine layer on real folders, repositories and processes.

mod clean_tree;
mod git;
mod sandbox;
mod store;
mod tree;
