//! Tests that the archive of a release cannot run, since files of their own folders were left out of it:
//! modules that they import, the `conftest.py` that holds their fixtures, data that they read. Where
//! nothing was left out, such a file is missing, and the test fails.

use std::collections::BTreeSet;

use towpath_report::{CheckResult, TestCase, TestOutcome};

use crate::facts::{Facts, is_below};

/// How the reason of such a test ends.
const LEFT_OUT: &str = ", which the release leaves out";

/// Returns whether a test was not judged, since the release leaves out what it needs.
pub(crate) fn is_not_judged(case: &TestCase) -> bool {
    case.outcome == TestOutcome::Skipped && case.message.ends_with(LEFT_OUT)
}

/// Counts those tests as skipped that failed for want of a file that the release left out, and returns
/// how many. `absent` are modules without which pytest did not start; where nothing is left to judge,
/// the result says so.
pub(super) fn excuse(facts: &Facts<'_>, result: &mut CheckResult, absent: &[String]) -> usize {
    if !facts.is_release() {
        return 0;
    }
    let mut files: BTreeSet<String> = absent
        .iter()
        .filter_map(|module| module_file(facts, &test_folders(facts), module))
        .collect();
    if !files.is_empty() {
        // What pytest said when it could not start says no more.
        result.errors.clear();
    }
    let mut excused = 0;
    for case in result.tests.iter_mut().filter(|case| case.is_failure()) {
        if let Some(file) = wanted(facts, case) {
            case.outcome = TestOutcome::Skipped;
            case.message = format!("needs `{file}`{LEFT_OUT}");
            files.insert(file);
            excused += 1;
        }
    }
    let Some(first) = files.first() else {
        return 0;
    };
    let why = match files.len() {
        1 => format!("the tests need `{first}`, which the release leaves out"),
        number => format!(
            "the tests need `{first}` and {} more, which the release leaves out",
            number - 1
        ),
    };
    let is_judged = |case: &TestCase| case.outcome != TestOutcome::Skipped;
    if result.tests.iter().any(is_judged) || !result.findings.is_empty() {
        result.notes.push(format!("not all is judged: {why}"));
    } else {
        result.skipped = why;
    }
    excused
}

/// Returns the file that a test failed for want of.
fn wanted(facts: &Facts<'_>, case: &TestCase) -> Option<String> {
    let folders: Vec<String> = folders_above(&case.path)
        .filter(|folder| is_of_tests(facts, folder))
        .map(str::to_owned)
        .collect();
    let folder = folders.first()?;
    let lacks = |name: &str| !facts.tree.contains(&format!("{folder}/{name}"));
    case.exceptions().find_map(|line| {
        if let Some(module) = quoted(line, "ModuleNotFoundError: No module named ") {
            return module_file(facts, &folders, module);
        }
        if let Some(path) = quoted(
            line,
            "FileNotFoundError: [Errno 2] No such file or directory: ",
        ) {
            return data_file(facts, path);
        }
        if line == "ImportError: attempted relative import with no known parent package" {
            return lacks("__init__.py").then(|| format!("{folder}/__init__.py"));
        }
        let is_fixture = line.starts_with("fixture '") && line.contains("' not found");
        let has_fixtures = || {
            folders_above(&case.path).any(|above| facts.tree.contains(&below(above, "conftest.py")))
        };
        (is_fixture && !has_fixtures()).then(|| format!("{folder}/conftest.py"))
    })
}

/// Returns the file of a module that some folders of tests should hold: `tests.common` is missed in
/// `tests`, and `tests` itself is found only with its `__init__.py`.
fn module_file(facts: &Facts<'_>, folders: &[String], module: &str) -> Option<String> {
    let path = module.replace('.', "/");
    let is_at = |folder: &&String, path: &str| {
        folder.as_str() == path || folder.ends_with(&format!("/{path}"))
    };
    let Some((parent, name)) = path.rsplit_once('/') else {
        let folder = folders.iter().find(|folder| is_at(folder, &path))?;
        let file = below(folder, "__init__.py");
        return (!facts.tree.contains(&file)).then_some(file);
    };
    let folder = folders.iter().find(|folder| is_at(folder, parent))?;
    let (file, package) = (below(folder, &format!("{name}.py")), below(folder, name));
    (is_left_out(facts, &file) && is_left_out(facts, &package)).then_some(file)
}

/// Returns a file of data that the tests read by its path, if it should lie in a folder of theirs.
fn data_file(facts: &Facts<'_>, path: &str) -> Option<String> {
    let root = format!("{}/", facts.tree.root().display());
    let path = match path.strip_prefix(&root) {
        Some(path) => path.to_owned(),
        None if path.starts_with('/') => return None,
        None => facts.project.path(path),
    };
    let is_plain = !path.split('/').any(|part| matches!(part, "." | ".."));
    let is_of_tests = folders_above(&path).any(|folder| is_of_tests(facts, folder));
    (is_plain && is_of_tests && is_left_out(facts, &path)).then_some(path)
}

/// Returns whether the tree holds neither such a file nor anything below such a folder.
fn is_left_out(facts: &Facts<'_>, path: &str) -> bool {
    !facts.tree.files().keys().any(|held| is_below(held, path))
}

/// Returns the folders of the tests.
fn test_folders(facts: &Facts<'_>) -> Vec<String> {
    let paths = facts.project.tests.iter().flat_map(|tests| &tests.paths);
    paths
        .filter(|path| is_of_tests(facts, path))
        .cloned()
        .collect()
}

/// Returns whether a folder holds tests and nothing that is tested: it is one of the tests' own, named
/// as such.
fn is_of_tests(facts: &Facts<'_>, folder: &str) -> bool {
    let mut paths = facts.project.tests.iter().flat_map(|tests| &tests.paths);
    let is_named = folder
        .split('/')
        .any(|part| part.to_ascii_lowercase().contains("test"));
    is_named && !folder.ends_with(".py") && paths.any(|path| is_below(folder, path))
}

/// Returns the folders that a path lies in, the nearest first, the root of the repository among them.
fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(folder_of(path), |folder| folder_of(folder))
}

fn folder_of(path: &str) -> Option<&str> {
    match path.rsplit_once('/') {
        Some((folder, _)) => Some(folder),
        None if path.is_empty() => None,
        None => Some(""),
    }
}

fn below(folder: &str, name: &str) -> String {
    format!("{folder}/{name}")
        .trim_start_matches('/')
        .to_owned()
}

/// Returns what stands in quotes after some words.
fn quoted<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    line.strip_prefix(words)?.split('\'').nth(1)
}
