//! `wheel`: the tests against the installed wheel, with the project's sources out of reach.

use towpath_python::PythonVersion;
use towpath_report::{ArtifactRecord, CheckResult, TestCase, TestOutcome};

use super::tests::{Core, TestRun, conclude_tests, test_work};
use super::{Check, count};
use crate::facts::{Facts, NeededCheck};
use crate::work::{Applies, Partial, ProjectInstall, Work};

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "wheel"
    }

    fn about(&self) -> &'static str {
        "runs the tests against the installed wheel, the sources out of reach"
    }

    fn matrix(&self, facts: &Facts<'_>) -> Vec<Option<PythonVersion>> {
        if !facts.project.is_package || facts.project.tests.is_none() {
            return vec![None];
        }
        // A pure wheel is the same on every Python; a compiled one is made for one.
        vec![facts.pythons.run.last().copied()]
    }

    fn needs(&self, _facts: &Facts<'_>) -> &'static [&'static str] {
        &["build"]
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        python: Option<PythonVersion>,
        needs: &[NeededCheck<'_>],
    ) -> Applies {
        if !facts.project.is_package {
            return Applies::Skip("not a package".to_owned());
        }
        if facts.project.tests.is_none() {
            return Applies::Skip("no tests were found".to_owned());
        }
        let Some(python) = python else {
            return Applies::Skip("no Python that the project admits is here".to_owned());
        };
        let Some(wheel) = wheel(facts, needs) else {
            return Applies::Skip("no wheel was built".to_owned());
        };
        let run = TestRun::of_the_project(facts, python, ProjectInstall::Wheel(wheel), Core::None);
        Applies::Work(Box::new(Work::Tool(test_work(facts, run))))
    }

    fn conclude(&self, facts: &Facts<'_>, mut found: Vec<Partial>) -> CheckResult {
        excuse_readers_of_sources(facts, &mut found);
        conclude_tests(facts, found)
    }
}

/// Returns the wheel that the project's own build made.
fn wheel(facts: &Facts<'_>, needs: &[NeededCheck<'_>]) -> Option<ArtifactRecord> {
    needs
        .iter()
        .filter(|needed| needed.check == "build" && needed.project == facts.project.root)
        .flat_map(|needed| &needed.result.artifacts)
        .find(|artifact| artifact.name.ends_with(".whl"))
        .cloned()
}

/// A test that reads the project's own sources by their path says nothing of the wheel: they are out
/// of reach here on purpose. Such failures count as skipped, and a note says how many.
fn excuse_readers_of_sources(facts: &Facts<'_>, found: &mut [Partial]) {
    let hidden = hidden_paths(facts);
    let failed = found
        .iter_mut()
        .flat_map(|partial| &mut partial.tests)
        .filter(|case| case.is_failure());
    let mut excused = 0;
    for case in failed.filter(|case| misses_one_of(&hidden, case)) {
        case.outcome = TestOutcome::Skipped;
        "reads the project's own sources, which are out of reach here"
            .clone_into(&mut case.message);
        excused += 1;
    }
    if let (true, Some(first)) = (excused > 0, found.first_mut()) {
        first.notes.push(format!(
            "{} not judged against the wheel: they read the project's own sources, which are out of reach here",
            count(excused, "test")
        ));
    }
}

/// Returns how paths that are out of reach are written in messages: absolute, or quoted.
fn hidden_paths(facts: &Facts<'_>) -> Vec<String> {
    let root = facts.tree.root().display().to_string();
    let packages = facts
        .project
        .layout
        .packages
        .iter()
        .filter(|package| !package.ends_with(".py"));
    packages
        .flat_map(|package| {
            [
                format!("{root}/{package}/"),
                format!("'{root}/{package}'"),
                format!("'{package}/"),
                format!("\"{package}/"),
            ]
        })
        .collect()
}

/// Returns whether a failure's own exception, or one that led to it, is that such a path is not there:
/// what was printed, or compared, may name paths for any reason.
fn misses_one_of(hidden: &[String], case: &TestCase) -> bool {
    let raised = case
        .details
        .lines()
        .filter_map(|line| line.strip_prefix("E "));
    let mut exceptions = raised.chain([case.message.as_str()]).map(str::trim);
    exceptions.any(|line| {
        line.starts_with("FileNotFoundError")
            && hidden.iter().any(|path| line.contains(path.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_source_excuses_a_test() {
        const MISSING: &str = "FileNotFoundError: [Errno 2] No such file or directory: ";
        let hidden = ["/repo/src/pkg/", "'src/pkg/"].map(str::to_owned);
        let check = |message: &str, details: &str, expected: bool| {
            let case = TestCase {
                id: String::new(),
                path: String::new(),
                line: 0,
                outcome: TestOutcome::Failed,
                seconds: 0.0,
                message: message.to_owned(),
                failed_at: None,
                details: details.to_owned(),
            };
            assert_eq!(
                misses_one_of(&hidden, &case),
                expected,
                "{message} {details}"
            );
        };
        let (own, quoted) = ("'/repo/src/pkg/a.txt'", "'src/pkg/a.txt'");
        check(&format!("{MISSING}{own}"), "", true);
        check(&format!("{MISSING}{quoted}"), "", true);
        check(
            "RuntimeError: no data",
            &format!(">   open()\nE   {MISSING}{own}\n"),
            true,
        );
        check(
            &format!("{MISSING}'/env/site-packages/pkg/a.txt'"),
            "",
            false,
        );
        check(&format!("{MISSING}'/repo/src/pkg_data/a.txt'"), "", false);
        check("AssertionError: assert '/repo/src/pkg/' == ''", "", false);
        // Elsewhere in what it left behind.
        check(
            "AssertionError",
            &format!("--- Captured ---\n{MISSING}{own}\n"),
            false,
        );
        check(
            &format!("{MISSING}'/tmp/x'"),
            &format!("E   {MISSING}'/tmp/x'\n--- log ---\nread {own}"),
            false,
        );
        check(
            "AssertionError",
            &format!("E   AssertionError: assert \"{MISSING}{own}\" in ''\n"),
            false,
        );
    }
}
