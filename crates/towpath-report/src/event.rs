//! What happens during a run, in order. Terminal, reports and later the server are readers of these.

use serde::{Deserialize, Serialize};

use crate::{JobRecord, RunRecord};

/// A job that a run will come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedJob {
    /// Its display name.
    pub name: String,
    /// Names of the jobs that it waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}

/// One event of a run; jobs are known by their display name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent {
    /// The plan is made and jobs are about to start.
    RunStarted {
        /// All jobs, in the order of the plan.
        jobs: Vec<ExpectedJob>,
    },
    /// Some jobs need work, since files changed that they depend on. Comes before the first that
    /// starts, and not at all where other things than files changed or nothing is known of before.
    FilesChanged {
        /// The files, sorted.
        files: Vec<String>,
        /// How many jobs depend on them, or wait for one that does.
        jobs: usize,
    },
    /// It has become known what a job stands for: the copies of its matrix, or the jobs of the workflow
    /// that it calls. They take its place.
    JobExpanded {
        /// The job.
        job: String,
        /// What it stands for, in the order of the plan.
        into: Vec<ExpectedJob>,
    },
    /// A job may not begin yet, since another run has what it must have alone.
    JobWaits {
        /// The job.
        job: String,
        /// What for: `waits for the environment …`.
        text: String,
    },
    /// A job has begun.
    JobStarted {
        /// The job.
        job: String,
        /// Its recorded duration in milliseconds; 0 where unknown.
        estimate_ms: u64,
        /// Wall time that the run is expected to take from now on, in milliseconds, from recorded
        /// durations; 0 where unknown.
        left_ms: u64,
    },
    /// A job says what it is doing now: `installing 23 packages`, `120 of 715  tests/test_a.py`.
    JobProgress {
        /// The job.
        job: String,
        /// One line.
        text: String,
    },
    /// A line that a job's process printed, masked.
    JobOutput {
        /// The job.
        job: String,
        /// The line without its end.
        line: String,
    },
    /// A job has ended, was skipped or was reused.
    JobFinished {
        /// Its record.
        record: Box<JobRecord>,
    },
    /// A signal arrived and jobs are asked to end.
    Stopping {
        /// How many jobs still run.
        running: usize,
    },
    /// The run has ended.
    RunFinished {
        /// Its record.
        record: Box<RunRecord>,
    },
}
