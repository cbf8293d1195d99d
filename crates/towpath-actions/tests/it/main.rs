//! Tests of the built-in actions in real workspaces.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod artifacts;
mod cache;
mod checkout;
mod others;
mod services;
mod setup_python;
mod store;
mod world;
