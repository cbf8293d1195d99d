//! What happens during a run, in order. Terminal, reports and later the server are readers of these.

use serde::{Deserialize, Serialize};

use crate::{JobRecord, RunRecord};

/// One event of a run; jobs are known by their display name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent {
    /// The plan is made and jobs are about to start.
    RunStarted {
        /// Names of all jobs, in the order of the plan.
        jobs: Vec<String>,
        /// Expected wall time in milliseconds, from recorded durations; 0 where unknown.
        estimate_ms: u64,
    },
    /// A job has begun.
    JobStarted {
        /// The job.
        job: String,
        /// Its recorded duration in milliseconds; 0 where unknown.
        estimate_ms: u64,
    },
    /// A job says what it is doing now: `installing 23 packages`, `tests/test_a.py 120 of 715`.
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
