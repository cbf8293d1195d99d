//! What tests of several crates share: a closed world to run commands in, and filters that take out of
//! their output what differs from run to run. For tests only, so what goes wrong panics.

mod context;
mod filters;

pub use context::{RunOutput, TestContext};
pub use filters::Filters;
