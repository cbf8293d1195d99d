//! The workflow as a whole: what starts it, what it may do, its jobs.

use serde::{Deserialize, Serialize};

use super::concurrency::Concurrency;
use super::job::Job;
use super::permissions::{CacheMode, Permissions};
use super::step::Defaults;
use super::text::{Text, Variables};
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
    /// What its jobs may do with the cache; `None` leaves the default of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_mode: Option<CacheMode>,
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
