//! What a supervisor and its parent say to each other, as frames over two pipes.

use serde::{Deserialize, Serialize};

use super::error::Refusal;
use super::model::{CommandOutcome, CommandSpec, JobSandbox, Observation};
use crate::process::Stop;

/// What the parent asks for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Leave the host's namespaces and start yourself again as the first process of new ones.
    Unshare { network: bool },
    /// Build this sandbox and wait for commands.
    Build(Box<JobSandbox>),
    /// Run a command.
    Run(Box<CommandSpec>),
    /// End the running command.
    Stop(Stop),
    /// Tell what was seen, and end.
    Finish,
}

/// What the supervisor tells.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Event {
    /// The sandbox is built.
    Ready,
    /// The sandbox cannot be built as described.
    Refused(Refusal),
    /// A step of building failed.
    Failed { step: String, reason: String },
    /// The running command ended.
    Ended(CommandOutcome),
    /// The last event.
    Finished(Box<Observation>),
}
