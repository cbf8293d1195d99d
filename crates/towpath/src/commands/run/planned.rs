//! A workflow of a command, from its start to its plan.

use towpath_runner::{Plan, StartingEvent};

use super::files::WorkflowFile;

/// A workflow that starts, with what starts it.
pub(super) struct Started<'a> {
    pub(super) file: &'a WorkflowFile,
    pub(super) event: StartingEvent,
    /// Its number, by which artifacts of its run are found.
    pub(super) number: u64,
    /// How many runs had to end before it started.
    pub(super) depth: usize,
}

/// A workflow that is ready to run.
pub(super) struct Planned<'a> {
    pub(super) started: Started<'a>,
    pub(super) plan: Plan,
}

/// What stands before the names of a workflow's jobs where several workflows run.
pub(super) fn prefix(file: &WorkflowFile) -> String {
    format!("{} / ", file.name())
}
