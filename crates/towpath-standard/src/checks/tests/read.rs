//! What pytest left behind: its events, and why it ended where they do not tell.

use towpath_report::readers::{Paths, pytest};
use towpath_report::{Finding, Problem, Severity, TestCase, TestOutcome};

use crate::undeclared::absent_module;
use crate::work::{Artifact, Output, Partial};

/// Written by the launcher where the wheel holds none of the tests that lie in the package.
pub(super) const NOT_INSTALLED: &str = "not_installed";

/// Written by the launcher where the run failed: the names of all modules that could be imported.
pub(super) const IMPORTABLE: &str = "importable";

/// Fact about the module without which pytest could not start.
pub(super) const ABSENT: &str = "absent";

pub(super) fn read_tests(output: &Output<'_>) -> Result<Partial, String> {
    let events = (output.file)("events.jsonl").unwrap_or_default();
    let paths = Paths {
        root: output.root,
        folder: output.folder,
        installed: &[],
    };
    let run = pytest::read(&events, &paths);
    let mut partial = Partial {
        tests: run.tests,
        ..Partial::default()
    };
    if let Some(test) = &run.unfinished {
        partial.findings.push(general(
            "crash",
            &format!("pytest ended in the middle of `{test}`"),
        ));
    }
    for error in &run.internal_errors {
        partial.findings.push(general(
            "internal-error",
            &format!("pytest failed in itself: {}", error.message),
        ));
    }
    let ran = |case: &TestCase| !matches!(case.outcome, TestOutcome::Error | TestOutcome::Skipped);
    if output.hint != "no coverage" && partial.tests.iter().any(ran) {
        partial.artifacts.push(Artifact {
            name: "coverage".to_owned(),
            path: ".coverage".to_owned(),
        });
    }
    if let Some(names) = (output.file)(IMPORTABLE) {
        partial.facts.insert(
            IMPORTABLE.to_owned(),
            String::from_utf8_lossy(&names).into_owned(),
        );
    }
    let explained = partial.tests.iter().any(TestCase::is_failure) || !partial.findings.is_empty();
    match output.exit {
        0 if run.exit_status.is_none() => partial.findings.push(general(
            "crash",
            "pytest ended with exit code 0 before its tests were done; something in them ends the process",
        )),
        0 if partial.tests.is_empty() && run.collected > 0 => partial.findings.push(general(
            "no-tests",
            "pytest collected tests and ran none of them",
        )),
        0 => {}
        _ if explained => {}
        5 if (output.file)(NOT_INSTALLED).is_some() => {
            partial
                .facts
                .insert(NOT_INSTALLED.to_owned(), String::new());
        }
        5 => partial
            .findings
            .push(general("no-tests", "pytest collected no test")),
        // A plugin's gate, such as pytest-cov's, fails a run in which every test passed.
        1 if !partial.tests.is_empty() => partial.findings.push(general(
            "exit-code",
            &format!(
                "every test passed, but pytest ended with exit code 1: {}",
                last_line(output)
            ),
        )),
        code => {
            if let Some(module) = absent_module(output.stderr) {
                partial.facts.insert(ABSENT.to_owned(), module);
            }
            partial.errors.push(
                Problem::error(format!(
                    "pytest ended with exit code {code} before any test failed"
                ))
                .with_hint(last_words(output)),
            );
        }
    }
    Ok(partial)
}

fn said(output: &Output<'_>) -> String {
    if output.stderr.trim().is_empty() {
        String::from_utf8_lossy(output.stdout).into_owned()
    } else {
        output.stderr.to_owned()
    }
}

/// Returns the last line that says why, else the last line.
fn last_line(output: &Output<'_>) -> String {
    let text = said(output);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let why = lines().rfind(|line| line.starts_with("ERROR") || line.starts_with("FAIL"));
    why.or_else(|| lines().next_back())
        .unwrap_or("it did not say why")
        .to_owned()
}

fn last_words(output: &Output<'_>) -> String {
    let text = said(output);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(8);
    format!("it said:\n{}", lines[from..].join("\n"))
}

fn general(rule: &str, message: &str) -> Finding {
    Finding {
        tool: "pytest".to_owned(),
        rule: rule.to_owned(),
        rule_url: None,
        message: message.to_owned(),
        place: None,
        severity: Severity::Error,
        fixable: false,
        blocking: true,
    }
}
