//! What a step that `uses` something does: the one trait behind every action.
//! Knows no action in particular; the registry is handed in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use towpath_host::process::Cancel;
use towpath_host::secret::Secret;
use towpath_report::{CheckResult, Conclusion, StepRecord};
use towpath_workflow::expression::Object;

use crate::commands::Annotation;
use crate::dependencies::{Dependencies, Key};

/// The evaluated inputs of one step, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepInputs(pub BTreeMap<String, String>);

impl StepInputs {
    /// Returns an input, or the empty text where it is not given, as `inputs.NAME` does.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// The result of a job that this one needs.
#[derive(Debug, Clone)]
pub struct NeededResult {
    /// Display name of the needed job.
    pub job: String,
    /// Its check or id without the matrix.
    pub group: String,
    /// The project it concerns.
    pub project: String,
    /// How it ended.
    pub conclusion: Conclusion,
    /// What it found.
    pub result: Arc<CheckResult>,
}

/// Tells what a job is doing; may be called from any thread.
pub trait Progress: Sync {
    /// Says in one line what the job does now.
    fn doing(&self, text: &str);
    /// Passes on a line that a process of the job printed.
    fn output(&self, line: &str);
}

/// All that an action may use while it runs.
pub struct JobContext<'a> {
    /// Display name of the job.
    pub job: &'a str,
    /// Results of the jobs that this one needs, in the order of the plan.
    pub needs: &'a [NeededResult],
    /// Asked to end: the action ends its processes and returns.
    pub cancel: &'a Cancel,
    /// Where progress goes.
    pub progress: &'a dyn Progress,
    /// Existing folder for the job's log and kept files.
    pub folder: &'a Path,
    /// What a step of a job with a workspace has besides; `None` for an action that works on the
    /// repository itself.
    pub step: Option<&'a StepContext<'a>>,
}

/// What one step of a job with a workspace of its own may use.
pub struct StepContext<'a> {
    /// The user's checkout, which is never written.
    pub repository: &'a Path,
    /// The job's workspace, in which its steps run.
    pub workspace: &'a Path,
    /// Folder for files that nothing needs after the job.
    pub temp: &'a Path,
    /// Folder in which actions look for tools and put them.
    pub tool_cache: &'a Path,
    /// Folder of the whole run; its artifacts lie in `artifacts`.
    pub run_folder: &'a Path,
    /// Folder that all runs of the repository share: the entries of `actions/cache`.
    pub cache_folder: &'a Path,
    /// The whole environment of a process of this step.
    pub environment: &'a BTreeMap<String, String>,
    /// The `github` context.
    pub github: &'a Object,
    /// In [`Action::post`]: what the step saved while it ran.
    pub state: &'a BTreeMap<String, String>,
    /// How the job fares: `success`, `failure` or `cancelled`.
    pub job_status: &'a str,
}

/// What a step changes for those after it, and what it tells beside its result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// Outputs by name.
    pub outputs: BTreeMap<String, String>,
    /// Variables that later steps of the job see.
    pub environment: BTreeMap<String, String>,
    /// Folders put in front of `PATH` for later steps, the last one first.
    pub paths: Vec<String>,
    /// What the step's own post part gets to see.
    pub state: BTreeMap<String, String>,
    /// Values that must not be shown from now on.
    pub masks: Vec<Secret>,
    /// What it says about places, or about nothing in particular.
    pub annotations: Vec<Annotation>,
}

/// What an action did.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How the step ended.
    pub conclusion: Conclusion,
    /// Why it was skipped; empty otherwise.
    pub reason: String,
    /// What it found.
    pub result: CheckResult,
    /// What the result depends on, when that is known to be complete; `None` is never stored.
    pub dependencies: Option<Dependencies>,
    /// CPU time of its processes in milliseconds.
    pub cpu_ms: u64,
    /// Commands that ran.
    pub commands: Vec<Vec<String>>,
    /// What it changes for the steps after it.
    pub effects: Effects,
    /// The steps of a job with steps of its own.
    pub steps: Vec<StepRecord>,
}

impl Outcome {
    /// Returns the outcome of a step that does not apply.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self::ended(Conclusion::Skipped, CheckResult::default()).because(reason)
    }

    /// Returns an outcome that is not stored.
    pub fn ended(conclusion: Conclusion, result: CheckResult) -> Self {
        Self {
            conclusion,
            reason: String::new(),
            result,
            dependencies: None,
            cpu_ms: 0,
            commands: Vec::new(),
            effects: Effects::default(),
            steps: Vec::new(),
        }
    }

    /// Returns the outcome with a reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }
}

/// What is known of a step before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Examined {
    /// It does not apply, for this reason.
    Skipped(String),
    /// It applies, and its result depends on this beside the contents of files.
    Keyed(Key),
    /// It applies; what its result depends on is known only once it runs.
    Unknown,
}

impl Examined {
    /// Returns what the result depends on, where that is known.
    pub fn key(self) -> Option<Key> {
        match self {
            Self::Keyed(key) => Some(key),
            Self::Skipped(_) | Self::Unknown => None,
        }
    }
}

/// An action: what `uses: NAME@VERSION` runs.
pub trait Action: Sync {
    /// Returns the name before the `@`, such as `actions/checkout`.
    fn name(&self) -> &'static str;

    /// Returns whether it works on the repository itself and needs nothing of a job's workspace,
    /// variables or files.
    fn is_self_contained(&self) -> bool {
        false
    }

    /// Returns whether it gives later steps programs of this machine, which no container sees.
    fn gives_programs(&self) -> bool {
        false
    }

    /// Tells whether it stands for a version, the text after the `@`: a tag such as `v4` or `v4.2.1`, or
    /// a commit that it knows. The error says why not and what to write instead.
    fn accepts(&self, _version: &str) -> Result<(), String> {
        Ok(())
    }

    /// Returns the inputs that have a default. A default may hold `${{ github.… }}`.
    fn defaults(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Returns what can be told of the step without starting a process.
    fn examine(&self, _inputs: &StepInputs, _needs: &[NeededResult]) -> Examined {
        Examined::Unknown
    }

    /// Does ahead what the step needs beside the results of other jobs, such as an environment, while
    /// it waits for a slot. Says nothing: what goes wrong is told when the step runs.
    fn make_ready(&self, _inputs: &StepInputs) {}

    /// Runs the step.
    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome;

    /// Runs the step's post part at the end of the job, that of the last step first; `None` where the
    /// action has none.
    fn post(&self, _inputs: &StepInputs, _context: &JobContext<'_>) -> Option<Outcome> {
        None
    }
}

/// The actions that a run may use.
pub struct Actions<'a>(pub &'a [&'a dyn Action]);

impl<'a> Actions<'a> {
    /// Returns the action that `uses` names; the version after `@` is not looked at.
    pub fn find(&self, uses: &str) -> Option<&'a dyn Action> {
        let name = uses.split('@').next().unwrap_or(uses);
        self.0.iter().copied().find(|action| action.name() == name)
    }
}
