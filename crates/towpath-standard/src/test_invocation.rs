//! Which call of a test runner in a project's automation counts as the project's own.

use towpath_python::Invocation;

use crate::facts::{Facts, is_below};
use crate::pytest_options::KEPT_WITH_VALUE;

/// Of the automation's calls of a test runner for a project, the one that most Pythons run, integration
/// tests left aside.
pub(crate) fn best_invocation<'a>(facts: &'a Facts<'_>, runner: &str) -> Option<&'a Invocation> {
    best_of(facts, runner, |invocation| {
        !runs_integration(facts, invocation)
    })
}

/// Returns the automation's call of the integration tests alone.
pub(crate) fn integration_invocation<'a>(facts: &'a Facts<'_>) -> Option<&'a Invocation> {
    best_of(facts, "pytest", |invocation| {
        runs_integration(facts, invocation)
    })
}

/// Whether a call of pytest selects nothing but integration tests, by their marker or their folders.
fn runs_integration(facts: &Facts<'_>, invocation: &Invocation) -> bool {
    let mut paths = Vec::new();
    let mut rest = invocation.arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "-m" {
            let marks = rest.next().map_or("", String::as_str);
            if marks.contains("integration") && !marks.contains("not ") {
                return true;
            }
        } else if KEPT_WITH_VALUE.contains(&argument.as_str()) {
            rest.next();
        } else if !argument.starts_with('-') {
            paths.push(argument.trim_start_matches("./").trim_end_matches('/'));
        }
    }
    let folders = facts
        .project
        .tests
        .iter()
        .flat_map(|tests| &tests.integration);
    let folders: Vec<&str> = folders
        .map(|folder| relative_to(&invocation.folder, folder))
        .collect();
    let is_apart = |path: &&str| folders.iter().any(|folder| is_below(path, folder));
    !paths.is_empty() && paths.iter().all(is_apart)
}

fn relative_to<'a>(folder: &str, path: &'a str) -> &'a str {
    path.strip_prefix(folder)
        .map_or(path, |rest| rest.trim_start_matches('/'))
}

fn best_of<'a>(
    facts: &'a Facts<'_>,
    runner: &str,
    is_wanted: impl Fn(&Invocation) -> bool,
) -> Option<&'a Invocation> {
    let root = &facts.project.root;
    let fits = |invocation: &&&Invocation| {
        let folder = &invocation.folder;
        folder == root
            || (is_below(folder, root) && !folder.is_empty() && facts.projects.len() == 1)
    };
    let chosen = facts.automation.chosen(runner);
    let mut best: Option<&Invocation> = None;
    for invocation in chosen
        .iter()
        .filter(fits)
        .filter(|invocation| is_wanted(invocation))
    {
        if best.is_none_or(|best| invocation.pythons.len() > best.pythons.len()) {
            best = Some(invocation);
        }
    }
    best
}
