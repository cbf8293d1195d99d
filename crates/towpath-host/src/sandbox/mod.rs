//! The sandbox in which a job's commands run: what they can read and write, whether they reach the network,
//! what they opened, and that nothing of them stays behind.
//!
//! A sandbox is towpath's own binary, started again as a supervisor (`supervise`): its first process leaves
//! the host's namespaces, its second is the first process of the new ones, builds a closed root and runs
//! commands on request. It dies with towpath, and everything in it dies with it.
//! Knows no steps and no checks, and judges no exit code.

mod detect;
mod error;
mod inside;
mod model;
mod protocol;
mod supervisor;

pub use crate::process::{Cancel, CommandEnd};
pub use detect::{detect, surroundings};
pub use error::{Error, Refusal};
pub use inside::supervise;
pub use model::{
    CommandOutcome, CommandSpec, JobSandbox, Level, Mount, Observation, most_processes,
};
pub use supervisor::Supervisor;
