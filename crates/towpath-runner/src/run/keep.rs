//! Keeps verdicts and durations beside the loop of the run, which waits for no disk.

use std::sync::Arc;

use crossbeam_channel::Receiver;
use towpath_report::{CheckResult, Conclusion};

use crate::dependencies::{Dependencies, KeptDependencies};
use crate::request::Request;
use crate::reuse::{Error, LastRun, StoredVerdict};

/// What is to be kept of a job that ended.
pub(super) struct Keepsake {
    /// Name under which its runs are remembered.
    pub(super) name: String,
    /// What its verdict depends on, where that is known.
    pub(super) dependencies: Option<Dependencies>,
    pub(super) conclusion: Conclusion,
    pub(super) reason: String,
    pub(super) commands: Vec<Vec<String>>,
    pub(super) result: Arc<CheckResult>,
    pub(super) duration_ms: u64,
    /// Its recent durations, this one included.
    pub(super) durations_ms: Vec<u64>,
    /// The last pass before this run, where it did not pass.
    pub(super) passed: Option<Box<LastRun>>,
}

/// Keeps what comes until the channel is closed; returns what could not be kept.
pub(super) fn keep_all(request: &Request<'_>, keepsakes: &Receiver<Keepsake>) -> Vec<String> {
    let keep = |keepsake: Keepsake| {
        let name = keepsake.name.clone();
        let error = keep(request, keepsake).err()?;
        Some(format!("the verdict of `{name}` was not kept: {error}"))
    };
    keepsakes.iter().filter_map(keep).collect()
}

fn keep(request: &Request<'_>, keepsake: Keepsake) -> Result<(), Error> {
    let ledger = request.ledger;
    let (mut dependencies, mut result) = (None, None);
    if let Some(known) = keepsake.dependencies {
        let history = known.history.clone();
        let (files, kept) =
            ledger.keep(&known, &keepsake.result, |files, result| StoredVerdict {
                tree: ledger.tree_digest.clone(),
                files,
                history: history.clone(),
                conclusion: keepsake.conclusion,
                reason: keepsake.reason,
                result,
                run: request.run,
                at: request.started,
                commit: request.commit.to_owned(),
                duration_ms: keepsake.duration_ms,
                commands: keepsake.commands,
            })?;
        dependencies = Some(KeptDependencies {
            key: known.key,
            files,
            history: known.history,
        });
        result = Some(kept);
    }
    let last = LastRun {
        dependencies,
        conclusion: keepsake.conclusion,
        at: request.started,
        commit: request.commit.to_owned(),
        durations_ms: keepsake.durations_ms,
        result,
        passed: keepsake.passed,
    };
    ledger.keep_last(&keepsake.name, &last)
}
