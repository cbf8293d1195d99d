//! What pytest left behind: its events, and why it ended where they do not tell.

use towpath_report::readers::{Paths, pytest};
use towpath_report::{Finding, Problem, Severity, TestCase, TestOutcome};

use crate::undeclared::{absent_module, missing_module, top_level};
use crate::work::{Artifact, Output, Partial};

/// Written by the launcher where the wheel holds none of the tests that lie in the package.
pub(super) const NOT_INSTALLED: &str = "not_installed";

/// Written by the launcher where the run failed: the names of all modules that could be imported.
pub(super) const IMPORTABLE: &str = "importable";

/// Hint of the command whose own data of coverage are kept.
pub(super) const MEASURED: &str = "measured";

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
            &format!("pytest itself failed: {}", error.message),
        ));
    }
    let ran = |case: &TestCase| !matches!(case.outcome, TestOutcome::Error | TestOutcome::Skipped);
    if output.hint == MEASURED && partial.tests.iter().any(ran) {
        partial.artifacts.extend(coverage_data(output));
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
                    "pytest ended with exit code {code} before any test failed\n{}",
                    output.last_lines(8)
                )),
            );
        }
    }
    Ok(partial)
}

/// What virtual environments of a Python before 3.12 hold beside what is installed there, so that the tests of
/// many projects use it and declare nothing; later releases bring no `pkg_resources`, or warn of it.
const SETUPTOOLS: &str = "setuptools<66";

/// As [`read_tests`]; tests that miss what every virtual environment comes with ask for it.
pub(super) fn read_with_pip(output: &Output<'_>) -> Result<Partial, String> {
    let found = read_tests(output)?;
    let requires = if lacks_pip(&found) {
        vec!["pip"]
    } else {
        Vec::new()
    };
    Ok(asking(found, &requires))
}

/// As [`read_with_pip`], for a Python before 3.12.
pub(super) fn read_with_seed(output: &Output<'_>) -> Result<Partial, String> {
    let found = read_tests(output)?;
    let absent = found.facts.get(ABSENT).map(|module| top_level(module));
    let mut of_cases = found.tests.iter().filter_map(missing_module);
    let lacks = |module: &str| matches!(module, "pkg_resources" | "setuptools");
    let mut requires = Vec::new();
    let is_absent = absent.is_some_and(lacks) || of_cases.any(|module| lacks(&module));
    if is_absent && !holds(&found, "setuptools") {
        requires.push(SETUPTOOLS);
    }
    if lacks_pip(&found) {
        requires.push("pip");
    }
    Ok(asking(found, &requires))
}

/// Whether the environment lacks pip, and a test that failed started it or would import it.
fn lacks_pip(found: &Partial) -> bool {
    const USES: [&str; 3] = [
        "'-m', 'pip'",
        "No module named pip\n",
        "No module named 'pip'",
    ];
    let mut failed = found.tests.iter().filter(|case| case.is_failure());
    let is_used = failed.any(|case| {
        let said = format!("{}\n{}\n", case.message, case.details);
        USES.iter().any(|words| said.contains(words))
    });
    is_used && !holds(found, "pip")
}

/// Whether the environment of a run that failed holds a module.
fn holds(found: &Partial, module: &str) -> bool {
    let importable = found.facts.get(IMPORTABLE);
    importable.is_some_and(|names| names.lines().any(|name| name == module))
}

/// Returns what was found, or where anything is asked for, nothing but that.
fn asking(found: Partial, requires: &[&str]) -> Partial {
    if requires.is_empty() {
        return found;
    }
    Partial {
        requires: requires.iter().map(|one| (*one).to_owned()).collect(),
        ..Partial::default()
    }
}

/// Returns the data of coverage that the tests left, if they did.
fn coverage_data(output: &Output<'_>) -> Option<Artifact> {
    let path = ".coverage".to_owned();
    (output.file)(&path).map(|_| Artifact {
        name: "coverage".to_owned(),
        path,
    })
}

/// Reads how the data of all processes were joined. Tests that never started left nothing to join, which
/// the tests themselves say.
pub(super) fn read_combined(output: &Output<'_>) -> Result<Partial, String> {
    let mut partial = Partial::default();
    if output.exit == 0 {
        partial.artifacts.extend(coverage_data(output));
    } else {
        partial.notes.push(format!(
            "the coverage of several processes was not combined: {}",
            output.last_lines(1)
        ));
    }
    Ok(partial)
}

/// Returns the last line that says why, else the last line.
fn last_line(output: &Output<'_>) -> String {
    let text = output.said();
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let why = lines().rfind(|line| line.starts_with("ERROR") || line.starts_with("FAIL"));
    why.or_else(|| lines().next_back())
        .unwrap_or("it did not say why")
        .to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_start_pip_ask_for_it() {
        let started = "CalledProcessError: Command '['/env/bin/python', '-m', 'pip', 'show', 'pkg']' returned 1";
        for (outcome, importable, details, expected) in [
            (TestOutcome::Failed, "pytest", started, true),
            (TestOutcome::Failed, "pip\npytest", started, false),
            (
                TestOutcome::Failed,
                "pytest",
                "CalledProcessError\n--- Captured stderr call ---\n/env/bin/python: No module named pip",
                true,
            ),
            (
                TestOutcome::Error,
                "pytest",
                "E   ModuleNotFoundError: No module named 'pip'",
                true,
            ),
            (
                TestOutcome::Failed,
                "",
                "python: No module named pipes",
                false,
            ),
            (TestOutcome::Skipped, "", "No module named 'pip'", false),
        ] {
            let found = Partial {
                tests: vec![TestCase {
                    id: "tests/test_a.py::test_a".to_owned(),
                    path: "tests/test_a.py".to_owned(),
                    line: 1,
                    outcome,
                    seconds: 0.0,
                    message: String::new(),
                    failed_at: None,
                    details: details.to_owned(),
                }],
                facts: [(IMPORTABLE.to_owned(), importable.to_owned())].into(),
                ..Partial::default()
            };
            assert_eq!(lacks_pip(&found), expected, "{details}");
        }
    }
}
