//! What earlier runs tell of this one: which files make jobs work, and when a failing job passed last.

use std::collections::BTreeSet;
use std::sync::Arc;

use towpath_report::{CheckResult, LastPass, Place, TestCase, TestOutcome};

use crate::dependencies::compare_files;
use crate::plan::PlannedJob;
use crate::reuse::{LastRun, Ledger};

/// Returns the files that changed since the last verdicts of the unfinished jobs, and how many jobs
/// depend on them or wait for one that does.
///
/// `None` where nothing is known of before, or where a job must run although none of its files
/// changed: then the files alone are not the reason. A job whose last verdict could not be stored
/// runs in any case and is not counted.
pub(crate) fn reasons(
    jobs: &[Arc<PlannedJob>],
    unfinished: &[usize],
    last: &[Option<LastRun>],
    ledger: &Ledger<'_>,
) -> Option<(Vec<String>, usize)> {
    let mut files = BTreeSet::new();
    let mut affected = BTreeSet::new();
    for index in unfinished {
        let last = last[*index].as_ref();
        let changed = last
            .and_then(|last| last.dependencies.as_ref())
            .and_then(|kept| ledger.dependencies(kept).ok()?)
            .map(|before| compare_files(&before, ledger.tree))
            .map(|difference| [difference.changed, difference.removed].concat());
        let waits = jobs[*index]
            .needs
            .iter()
            .any(|need| unfinished.contains(need));
        match changed {
            Some(changed) if !changed.is_empty() => {
                files.extend(changed);
                affected.insert(*index);
            }
            Some(_) if !waits => return None,
            _ if jobs[*index]
                .needs
                .iter()
                .any(|need| affected.contains(need)) =>
            {
                affected.insert(*index);
            }
            _ => {}
        }
    }
    (!files.is_empty()).then(|| (files.into_iter().collect(), affected.len()))
}

/// Returns when tests that fail now passed last, and which files the job depends on changed since;
/// `None` where that is not known.
pub(crate) fn last_pass(
    ledger: &Ledger<'_>,
    last: &LastRun,
    result: &CheckResult,
) -> Option<LastPass> {
    let failing: Vec<&TestCase> = result
        .tests
        .iter()
        .filter(|case| case.is_failure())
        .collect();
    let pass = last.last_pass().filter(|_| !failing.is_empty())?;
    let before = ledger.result(pass.result.as_ref()?).ok()??;
    let passed: BTreeSet<&str> = before
        .tests
        .iter()
        .filter(|case| case.outcome == TestOutcome::Passed)
        .map(|case| case.id.as_str())
        .collect();
    let tests: Vec<String> = failing
        .iter()
        .filter(|case| passed.contains(case.id.as_str()))
        .map(|case| case.id.clone())
        .collect();
    let seen = ledger.dependencies(pass.dependencies.as_ref()?).ok()??;
    let difference = compare_files(&seen, ledger.tree);
    (!tests.is_empty()).then(|| LastPass {
        at: pass.at,
        commit: pass.commit.clone(),
        tests,
        changed: [difference.changed, difference.removed]
            .concat()
            .iter()
            .map(|path| Place::file(path))
            .collect(),
    })
}
