//! What the automation measures the coverage of.

use crate::facts::{Facts, is_below};
use crate::test_invocation::best_invocation;

/// Returns what the automation's call of the tests measures: folders and packages of the tree. `None`
/// where it measures nothing; empty where it leaves that to coverage's own configuration.
pub(crate) fn measured(facts: &Facts<'_>) -> Option<Vec<String>> {
    let of = |tool: &str, options: &[&str]| {
        let invocation = best_invocation(facts, tool)?;
        let mut given = Vec::new();
        let mut is_measured = tool == "coverage run";
        let mut rest = invocation.arguments.iter().peekable();
        while let Some(argument) = rest.next() {
            let (name, joined) = argument
                .split_once('=')
                .map_or((argument.as_str(), None), |(name, value)| {
                    (name, Some(value))
                });
            if !options.contains(&name) {
                continue;
            }
            is_measured = true;
            let next = || {
                rest.next_if(|value| !value.starts_with('-'))
                    .map(String::as_str)
            };
            let value = joined.or_else(next).unwrap_or_default();
            given.extend(
                value
                    .split(',')
                    .filter_map(|source| located(facts, &invocation.folder, source)),
            );
        }
        is_measured.then_some(given)
    };
    of("pytest", &["--cov"]).or_else(|| of("coverage run", &["--source", "--source-pkgs"]))
}

/// Returns the folder or file of the tree that a source of coverage means: a path, or an importable name.
/// Of a path whose beginning only a run knows the end counts.
fn located(facts: &Facts<'_>, folder: &str, source: &str) -> Option<String> {
    let known = source.rsplit(['}', '$']).next().unwrap_or(source);
    let known = known.trim_start_matches("./").trim_matches('/');
    let path = if folder.is_empty() {
        known.to_owned()
    } else {
        format!("{folder}/{known}")
    };
    let is_there = |path: &str| facts.tree.files().keys().any(|file| is_below(file, path));
    if !known.is_empty() && is_there(&path) {
        return Some(path);
    }
    let relative = known.replace('.', "/");
    let mut packages = facts
        .project
        .layout
        .packages
        .iter()
        .map(|package| package.trim_end_matches(".py"));
    let top = relative.split('/').next().unwrap_or_default();
    let package = packages.find(|package| package.rsplit('/').next() == Some(top))?;
    Some(relative.split_once('/').map_or_else(
        || package.to_owned(),
        |(_, rest)| format!("{package}/{rest}"),
    ))
}
