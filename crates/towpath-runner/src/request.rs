//! What a run is asked to do, as plain data: the loop of the run and the threads of its jobs both read it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::Receiver;
use towpath_host::process::{Keeper, StepCommand};
use towpath_report::{JobRecord, Problem};
use towpath_workflow::Sources;

use crate::action::Actions;
use crate::engine::Engine;
use crate::plan::Plan;
use crate::platforms::Platforms;
use crate::reuse::Ledger;

/// What a run is asked to do.
pub struct Request<'a> {
    /// The jobs.
    pub plan: &'a Plan,
    /// Texts of the workflows that jobs call, by what follows `uses:`.
    pub sources: &'a Sources,
    /// The actions that steps may use.
    pub actions: &'a Actions<'a>,
    /// Stored verdicts.
    pub ledger: &'a Ledger<'a>,
    /// How many jobs run at once, at least 1.
    pub slots: usize,
    /// Whether stored verdicts are ignored, by the name of the job.
    pub force: &'a (dyn Fn(&str) -> bool + Sync),
    /// Records of jobs that an earlier attempt of this run ended, by name: what succeeded, and all that it
    /// needs, does not run again.
    pub earlier: &'a BTreeMap<String, JobRecord>,
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
    /// What jobs with steps of their own need; `None` where every job runs checks only.
    pub machine: Option<&'a Machine<'a>>,
}

/// Finds what runs containers.
pub type FindEngine<'a> = dyn Fn() -> Result<Engine, String> + Sync + 'a;

/// Finds actions of other repositories that were fetched before.
pub trait FetchedActions: Sync {
    /// Returns the folder of the repository that `uses` names, at the version that it names.
    fn folder(&self, uses: &str) -> Option<PathBuf>;

    /// Returns the folder that holds all of them.
    fn root(&self) -> Option<&Path> {
        None
    }
}

/// What jobs with steps of their own need of the machine. All paths are absolute.
pub struct Machine<'a> {
    /// Holds the processes of all steps.
    pub keeper: &'a Keeper,
    /// The user's checkout.
    pub repository: &'a Path,
    /// Empty folder for the workspaces of this run.
    pub work: &'a Path,
    /// Folder of the whole run; its artifacts lie in `artifacts`.
    pub run_folder: &'a Path,
    /// Folder that all runs of the repository share.
    pub cache_folder: &'a Path,
    /// Folder of the locks by which the runs of the repository keep one another from their concurrency groups
    /// and environments.
    pub locks: &'a Path,
    /// Folder in which actions look for tools and put them.
    pub tool_cache: &'a Path,
    /// The variables that every step gets before those of the workflow: `PATH`, the locale, what is needed
    /// to reach the network and the package index.
    pub environment: &'a BTreeMap<String, String>,
    /// Node.js, for JavaScript actions.
    pub node: Option<&'a Path>,
    /// Starts, once, the services that JavaScript actions expect, and returns the variables that name them.
    pub services: &'a (dyn Fn() -> Result<BTreeMap<String, String>, Problem> + Sync),
    /// Finds, once, Docker or Podman; the error says why neither can be used.
    pub engine: &'a FindEngine<'a>,
    /// Actions of other repositories.
    pub fetched: &'a dyn FetchedActions,
    /// The runners that this machine can stand for.
    pub platforms: &'a Platforms,
    /// Is shown a command that failed, before anything of the job is removed.
    pub after_failure: Option<&'a (dyn Fn(&StepCommand) + Sync)>,
    /// How long steps that run always may take after a signal.
    pub grace: Duration,
}
