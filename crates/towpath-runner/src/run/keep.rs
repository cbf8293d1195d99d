//! Keeps verdicts and durations beside the loop of the run, which waits for no disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use towpath_report::CheckResult;

use crate::dependencies::{Dependencies, KeptDependencies};
use crate::request::Request;
use crate::reuse::{Error, LastRun, StoredVerdict};

/// What is to be kept of a job that ended.
pub(super) struct Keepsake {
    /// The file of its workflow; empty for the standard pipeline.
    pub(super) workflow: String,
    pub(super) job: String,
    /// Its last run, this one, without its verdict.
    pub(super) last: LastRun,
    /// Its verdict, where it is known what that depends on.
    pub(super) verdict: Option<Verdict>,
}

/// The verdict of a job.
pub(super) struct Verdict {
    pub(super) dependencies: Dependencies,
    pub(super) reason: String,
    pub(super) commands: Vec<Vec<String>>,
    pub(super) result: Arc<CheckResult>,
    pub(super) duration_ms: u64,
}

/// Keeps what comes until the channel is closed, verdicts as they come; returns what could not be kept.
pub(super) fn keep_all(request: &Request<'_>, keepsakes: &Receiver<Keepsake>) -> Vec<String> {
    let mut runs: BTreeMap<String, BTreeMap<String, LastRun>> = BTreeMap::new();
    let mut warnings = Vec::new();
    for keepsake in keepsakes {
        let Keepsake {
            workflow,
            job,
            mut last,
            verdict,
        } = keepsake;
        if let Some(verdict) = verdict
            && let Err(error) = keep(request, verdict, &mut last)
        {
            warnings.push(format!("the verdict of `{job}` was not kept: {error}"));
        } else {
            runs.entry(workflow).or_default().insert(job, last);
        }
    }
    let is_planned = |name: &str| request.plan.jobs.iter().any(|job| job.name == name);
    for (workflow, runs) in runs {
        if let Err(error) = request.ledger.keep_last_runs(&workflow, runs, is_planned) {
            warnings.push(format!("how long jobs took was not kept: {error}"));
        }
    }
    warnings
}

/// Keeps a verdict, and notes in the last run where it lies.
fn keep(request: &Request<'_>, verdict: Verdict, last: &mut LastRun) -> Result<(), Error> {
    let ledger = request.ledger;
    let known = verdict.dependencies;
    let history = known.history.clone();
    let (files, result) = ledger.keep(&known, &verdict.result, |files, result| StoredVerdict {
        tree: ledger.tree_digest.clone(),
        files,
        history,
        conclusion: last.conclusion,
        reason: verdict.reason,
        result,
        run: request.run,
        at: request.started,
        commit: request.commit.to_owned(),
        duration_ms: verdict.duration_ms,
        commands: verdict.commands,
    })?;
    last.dependencies = Some(KeptDependencies {
        key: known.key,
        files,
        history: known.history,
    });
    last.result = Some(result);
    Ok(())
}
