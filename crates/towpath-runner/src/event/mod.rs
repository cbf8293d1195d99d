//! What starts a run and what all of its jobs know: the event, the repository, inputs, variables and
//! secrets. Pure: what git, the command line and the environment say is handed in.

mod context;

pub use context::{Approval, EnvironmentContext, RunContext};
