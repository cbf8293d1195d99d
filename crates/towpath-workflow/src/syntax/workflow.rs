//! The workflow as a whole: what starts it, what it may do, its jobs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::job::Job;
use super::text::{Dynamic, Text, Variables};
use super::trigger::Trigger;

/// A workflow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Workflow {
    /// Name shown for the workflow.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Name shown for one run.
    pub run_name: Option<Text>,
    /// The events that start it, in the order of the file.
    pub on: Vec<Trigger>,
    /// What the token may do; `None` leaves the default of the repository.
    pub permissions: Option<Permissions>,
    /// Variables of every step.
    pub env: Variables,
    /// Defaults of every `run`.
    pub defaults: Defaults,
    /// The group of runs of which one runs at a time.
    pub concurrency: Option<Concurrency>,
    /// The jobs, in the order of the file.
    pub jobs: Vec<Job>,
}

impl Workflow {
    /// Returns the job with an id, compared without regard to case.
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs
            .iter()
            .find(|job| job.id.as_str().eq_ignore_ascii_case(id))
    }
}

/// What the token of a run may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permissions {
    /// Read everything.
    ReadAll,
    /// Write everything.
    WriteAll,
    /// These scopes; all others have no access.
    Scopes(BTreeMap<String, Access>),
}

/// What the token may do with one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Read and write.
    Write,
}

/// Defaults of `run` steps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Defaults {
    /// The shell.
    pub shell: Option<Text>,
    /// The folder, relative to the workspace.
    pub working_directory: Option<Text>,
}

/// A group of runs or jobs of which one runs at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Concurrency {
    /// Name of the group, compared without regard to case.
    pub group: Text,
    /// Whether a newer one cancels the one that runs.
    pub cancel_in_progress: Dynamic<bool>,
    /// How many may wait.
    pub queue: Queue,
}

/// How many runs or jobs of a group may wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Queue {
    /// One; a newer one replaces it.
    #[default]
    Single,
    /// As many as GitHub keeps.
    Max,
}
