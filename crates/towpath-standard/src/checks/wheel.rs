//! `wheel`: the tests against the installed wheel, with the project's sources out of reach.

use towpath_python::PythonVersion;
use towpath_report::text::counted;
use towpath_report::{ArtifactRecord, CheckResult, TestCase, TestOutcome};

use super::Check;
use super::tests::{Core, TestRun, conclude_tests, test_work};
use crate::facts::{Facts, NeededCheck, is_below};
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
        let mut pythons = facts.pythons.run.iter().copied().map(Some);
        if facts.project.has_native_sources {
            return pythons.collect();
        }
        // A pure wheel is the same on every Python.
        vec![pythons.next_back().flatten()]
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
        let Some(wheel) = wheel(facts, needs, python) else {
            return Applies::Skip(if facts.settings.leaves_out("build") {
                "`build` is in `skip`".to_owned()
            } else {
                "no wheel was built".to_owned()
            });
        };
        let run = TestRun::of_the_project(facts, python, ProjectInstall::Wheel(wheel), Core::None);
        Applies::Work(Box::new(Work::Tool(test_work(facts, run))))
    }

    fn conclude(&self, facts: &Facts<'_>, mut found: Vec<Partial>) -> CheckResult {
        for case in found.iter_mut().flat_map(|partial| &mut partial.tests) {
            name_as_in_tree(facts, case);
        }
        excuse_readers_of_sources(facts, &mut found);
        conclude_tests(facts, found)
    }
}

/// Returns the wheel that the project's own build made for a Python: a platform wheel is built on each.
fn wheel(
    facts: &Facts<'_>,
    needs: &[NeededCheck<'_>],
    python: PythonVersion,
) -> Option<ArtifactRecord> {
    needs
        .iter()
        .filter(|needed| needed.check == "build" && needed.project == facts.project.root)
        .flat_map(|needed| &needed.result.artifacts)
        .find(|artifact| is_for(&artifact.name, python))
        .cloned()
}

/// Whether a file is a wheel that one Python can install, by the tags in its name: `cp312-cp312`, or one
/// that is not bound to a version, `py3-none` and `cp38-abi3`.
fn is_for(name: &str, python: PythonVersion) -> bool {
    let Some(stem) = name.strip_suffix(".whl") else {
        return false;
    };
    let mut tags = stem.rsplit('-').skip(1);
    let (abi, version) = (tags.next().unwrap_or(""), tags.next().unwrap_or(""));
    let own = format!("cp{}{}", python.major, python.minor);
    !version.starts_with("cp") || abi == "abi3" || version.split('.').any(|tag| tag == own)
}

/// Gives a test that the wheel installed the name that it has in the tree, so that a failure is found there and
/// is the same as that of the tests.
fn name_as_in_tree(facts: &Facts<'_>, case: &mut TestCase) {
    if let Some(path) = file_in_tree(facts, &case.path) {
        let inside = case.id.find("::").map_or("", |at| &case.id[at..]);
        case.id = format!("{path}{inside}");
        case.path = path;
    }
    if let Some(place) = &mut case.failed_at
        && let Some(path) = file_in_tree(facts, &place.path)
    {
        place.path = path;
    }
}

/// Returns the file that an installed one was made from: below a folder of imports, or the only one of a package
/// whose path ends alike.
fn file_in_tree(facts: &Facts<'_>, path: &str) -> Option<String> {
    if path.is_empty() || facts.tree.contains(path) {
        return None;
    }
    let layout = &facts.project.layout;
    let installed = path.split_once("/site-packages/").map(|(_, rest)| rest);
    let roots = layout.import_roots.iter().map(String::as_str).chain([""]);
    let below = |root: &str, rest: &str| match root {
        "" => rest.to_owned(),
        root => format!("{root}/{rest}"),
    };
    if let Some(rest) = installed {
        return roots
            .map(|root| below(root, rest))
            .find(|file| facts.tree.contains(file));
    }
    let end = format!("/{path}");
    let mut alike = facts.tree.files().keys().filter(|file| {
        file.ends_with(&end)
            && layout
                .packages
                .iter()
                .any(|package| is_below(file, package))
    });
    let only = alike.next()?;
    alike.next().is_none().then(|| only.clone())
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
            counted(excused, "test")
        ));
    }
}

/// Returns how paths that are out of reach are written in messages: absolute, or quoted.
fn hidden_paths(facts: &Facts<'_>) -> Vec<String> {
    let root = facts.tree.root().display().to_string();
    let packages = facts.project.layout.packages.iter();
    packages
        .flat_map(|package| {
            // Of a module the whole path is quoted, of a package a path below it may be.
            let end = if package.ends_with(".py") { "'" } else { "/" };
            [
                format!("{root}/{package}{end}"),
                format!("'{root}/{package}'"),
                format!("'{package}{end}"),
                format!("\"{package}{}", end.replace('\'', "\"")),
            ]
        })
        .collect()
}

/// Returns whether a failure's own exception, or one that led to it, is that such a path is not there.
fn misses_one_of(hidden: &[String], case: &TestCase) -> bool {
    case.exceptions().any(|line| {
        line.starts_with("FileNotFoundError")
            && hidden.iter().any(|path| line.contains(path.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_is_for_the_python_of_its_tags() {
        let python = PythonVersion::new(3, 12);
        for (name, expected) in [
            ("pkg-1.0-py3-none-any.whl", true),
            ("pkg-1.0-py3-none-manylinux_2_28_x86_64.whl", true),
            ("pkg-1.0-cp312-cp312-linux_x86_64.whl", true),
            ("pkg-1.0-1-cp311.cp312-none-linux_x86_64.whl", true),
            ("pkg-1.0-cp39-abi3-linux_x86_64.whl", true),
            ("pkg-1.0-cp311-cp311-linux_x86_64.whl", false),
            ("pkg-1.0.tar.gz", false),
        ] {
            assert_eq!(is_for(name, python), expected, "{name}");
        }
    }

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
