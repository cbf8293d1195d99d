//! What a run is asked to do, as plain data: the loop of the run and the threads of its jobs both read it.

use std::path::PathBuf;

use crossbeam_channel::Receiver;

use crate::action::Actions;
use crate::plan::Plan;
use crate::reuse::Ledger;

/// What a run is asked to do.
pub struct Request<'a> {
    /// The jobs.
    pub plan: &'a Plan,
    /// The actions that steps may use.
    pub actions: &'a Actions<'a>,
    /// Stored verdicts.
    pub ledger: &'a Ledger<'a>,
    /// How many jobs run at once, at least 1.
    pub slots: usize,
    /// Whether stored verdicts are ignored, by the name of the job.
    pub force: &'a (dyn Fn(&str) -> bool + Sync),
    /// Number of the run.
    pub run: u64,
    /// Seconds since 1970 UTC at the start.
    pub started: i64,
    /// Commit checked out, shortened; empty without git.
    pub commit: &'a str,
    /// Folder that receives a folder for each job's log and files.
    pub folder: PathBuf,
    /// Signals: the first asks the jobs to end, the second kills them.
    pub signals: Receiver<()>,
}
