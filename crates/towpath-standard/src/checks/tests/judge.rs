//! What test cases say of a project.

use towpath_report::text::counted;
use towpath_report::{CheckResult, TestCase, TestOutcome};

use super::left_out;
use super::read::{ABSENT, IMPORTABLE, NOT_INSTALLED};
use crate::checks::gathered;
use crate::facts::Facts;
use crate::undeclared::Undeclared;
use crate::work::Partial;

/// Judges test cases: any failure fails the check; all that nothing declares becomes one problem.
pub(crate) fn conclude_tests(facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
    let told = |name: &str| found.iter().find_map(|partial| partial.facts.get(name));
    let without_tests = told(NOT_INSTALLED).is_some();
    let absent: Vec<String> = told(ABSENT).into_iter().cloned().collect();
    let importable = told(IMPORTABLE).cloned();
    let mut result = gathered(found);
    let undeclared = Undeclared::take(facts, &mut result.tests, &absent, importable.as_deref());
    let missed = undeclared.finding();
    if missed.is_some() && !absent.is_empty() {
        // What pytest said when it could not start says no more.
        result.errors.clear();
    }
    result.findings.extend(missed);
    let unjudged = left_out::excuse(facts, &mut result, &absent);
    let names = undeclared.names();
    result.summary = if names.is_empty() {
        summary(&result.tests, unjudged)
    } else {
        format!("cannot import {}", names.join(", "))
    };
    if without_tests && result.tests.is_empty() {
        result.skipped = "the wheel holds no tests".to_owned();
    }
    result.failed = result.tests.iter().any(TestCase::is_failure)
        || result.findings.iter().any(|finding| finding.blocking);
    result
}

/// Counts tests by how they ended; `unjudged` are among those that were skipped.
fn summary(tests: &[TestCase], unjudged: usize) -> String {
    let number = |wanted: &[TestOutcome]| {
        tests
            .iter()
            .filter(|case| wanted.contains(&case.outcome))
            .count()
    };
    let parts = [
        (number(&[TestOutcome::Failed]), "failed"),
        (
            number(&[TestOutcome::Error]),
            if number(&[TestOutcome::Error]) == 1 {
                "error"
            } else {
                "errors"
            },
        ),
        (
            number(&[TestOutcome::Passed, TestOutcome::XPassed]),
            "passed",
        ),
        (number(&[TestOutcome::Skipped]) - unjudged, "skipped"),
        (number(&[TestOutcome::XFailed]), "xfailed"),
        (unjudged, "not judged"),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    if said.is_empty() {
        counted(0, "test")
    } else {
        said.join(", ")
    }
}
