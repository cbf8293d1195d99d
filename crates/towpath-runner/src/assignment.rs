//! What the thread of a job is given.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use towpath_host::process::Cancel;
use towpath_workflow::expression::Object;

use crate::action::NeededResult;
use crate::plan::{Frame, PlannedJob};
use crate::spares::Spares;

/// A job, and what is known when it starts.
pub(crate) struct Assignment {
    /// Its position in the run.
    pub(crate) index: usize,
    /// The job.
    pub(crate) job: Arc<PlannedJob>,
    /// The workflow that it belongs to.
    pub(crate) frame: Arc<Frame>,
    /// Results of the jobs that it needs.
    pub(crate) needs: Vec<NeededResult>,
    /// The context `needs`.
    pub(crate) needs_context: Object,
    /// Asks it to end.
    pub(crate) cancel: Cancel,
    /// Whether a signal ends the whole run.
    pub(crate) stopping: Arc<AtomicBool>,
    /// The folders of jobs that ended before.
    pub(crate) spares: Arc<Spares>,
}
