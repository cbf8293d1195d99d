//! The outcome of a run: one record for each job, and what the jobs' checks found.
//! The record is all that a report is made from; it can be stored and read again.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Coverage, Finding, Place, Problem, TestCase};

/// Version of the JSON form of [`RunRecord`]; raised when a reader of the old form would misread the new.
pub const SCHEMA_VERSION: u32 = 1;

/// How a job ended, in GitHub's words where it has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conclusion {
    /// Nothing that blocks was found.
    Success,
    /// Something that blocks was found.
    Failure,
    /// Found something that does not block (advice, `continue-on-error`).
    Neutral,
    /// Did not apply, or something it needs did not succeed.
    Skipped,
    /// Stopped before its end by a signal; "interrupted" to the user.
    Cancelled,
    /// towpath itself could not do the work: a missing tool, an unreachable index, a full disk.
    Error,
}

/// The verdict of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that blocks passed.
    Passed,
    /// Something that blocks failed.
    Failed,
    /// Something could not be run.
    Error,
    /// Stopped by a signal.
    Interrupted,
}

/// A file that a job made and kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactRecord {
    /// File name, such as `itsdangerous-2.2.0-py3-none-any.whl`.
    pub name: String,
    /// SHA-256 of the bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Size in bytes.
    pub size: u64,
}

/// What one check found. Stored as the job's result file and replayed when the verdict is reused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The middle column: `25 files`, `3 failed, 712 passed`, `mypy, 7 files`.
    pub summary: String,
    /// Findings of tools, in the order of place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Every test case that ran, in the order they ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestCase>,
    /// Coverage that the check computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Things a reader should know that are no finding: versions chosen and why, fall-backs, retries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why towpath could not do the work at all; such a result is an error, and never stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Problem>,
    /// Files made and kept in the store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactRecord>,
    /// Whether something found blocks.
    pub failed: bool,
    /// Why there turned out to be nothing to judge, so that the job counts as skipped; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub skipped: String,
}

/// From which run a result was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reused {
    /// Number of the run that did the work.
    pub run: u64,
    /// When it did, in seconds since 1970 UTC.
    pub at: i64,
    /// The commit that was checked out then, shortened; empty without git.
    pub commit: String,
}

/// The last run of a failing job in which it passed, and what changed since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastPass {
    /// When it was, in seconds since 1970 UTC.
    pub at: i64,
    /// The commit that was checked out then, shortened; empty without git.
    pub commit: String,
    /// Names of the tests that passed then and fail now.
    pub tests: Vec<String>,
    /// Files that the job depends on and that changed since, each at its first changed line where
    /// that is known.
    pub changed: Vec<Place>,
}

/// One job of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Display name, unique in the run: `lint`, `tests 3.12`, `tests 3.12 (packages/a)`.
    pub name: String,
    /// Name of the check or job without its matrix: `tests`.
    pub group: String,
    /// The project it concerns, relative to the repository; empty for the root.
    pub project: String,
    /// How it ended.
    pub conclusion: Conclusion,
    /// Why it was skipped, or what it waited for; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Whether its failure leaves the run green.
    pub advisory: bool,
    /// What it found. Shared, since it may hold the coverage of many thousands of files.
    pub result: Arc<CheckResult>,
    /// Set when the verdict was taken from an earlier run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<Reused>,
    /// Set when its tests fail and it is known when it passed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_pass: Option<LastPass>,
    /// Start, in milliseconds after the start of the run.
    pub started_ms: u64,
    /// Duration in milliseconds.
    pub duration_ms: u64,
    /// User and system CPU time of its processes, in milliseconds.
    pub cpu_ms: u64,
    /// The commands that ran, each as its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Vec<String>>,
    /// What it gives to jobs that need it, without secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
    /// The steps of a job of a workflow file, in the order they ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepRecord>,
}

/// One step of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Its name, as GitHub shows it.
    pub name: String,
    /// How it ended, before `continue-on-error`.
    pub conclusion: Conclusion,
    /// Why it failed; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The last lines that it printed, where it failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<String>,
    /// Duration in milliseconds.
    pub duration_ms: u64,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Version of towpath.
    pub towpath: String,
    /// Number of the run in this repository, from 1.
    pub run: u64,
    /// The header of the report: name, build backend, layout, Pythons.
    pub title: String,
    /// Further lines of the header: Pythons declared but not here.
    pub notes: Vec<String>,
    /// When it started, in seconds since 1970 UTC.
    pub started: i64,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
    /// The commit checked out, whole; empty without git.
    pub commit: String,
    /// Isolation reached: `namespaces`, `landlock+seccomp` or `none`.
    pub sandbox: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The jobs, in the order they ended.
    pub jobs: Vec<JobRecord>,
    /// What the project's automation checks and this run does not, with the command that does.
    pub not_run: Vec<String>,
    /// The workflow files that ran; empty for the standard pipeline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workflows: Vec<String>,
}

impl RunRecord {
    /// Returns the command that runs again what failed.
    pub fn command_again(&self) -> String {
        match self.workflows.as_slice() {
            [] => "towpath ci --failed".to_owned(),
            [file] => format!("towpath run {}", file.rsplit('/').next().unwrap_or(file)),
            _ => "towpath run".to_owned(),
        }
    }

    /// Returns the coverage of the run, that of several projects joined; `None` where none was computed.
    pub fn coverage(&self) -> Option<Coverage> {
        let computed = |group: Option<&str>| {
            let jobs = self.jobs.iter();
            let jobs = jobs.filter(|job| group.is_none_or(|group| job.group == group));
            let coverages: Vec<&Coverage> = jobs
                .filter_map(|job| job.result.coverage.as_ref())
                .collect();
            (!coverages.is_empty()).then_some(coverages)
        };
        // Where no job combines the coverage of all Pythons, that of one of them stands for it.
        let coverages = computed(Some("coverage"))
            .or_else(|| computed(None).map(|coverages| coverages[..1].to_vec()))?;
        let files = coverages
            .iter()
            .flat_map(|coverage| coverage.files.clone())
            .collect();
        Some(Coverage {
            files,
            branches: coverages.iter().any(|coverage| coverage.branches),
        })
    }
}
