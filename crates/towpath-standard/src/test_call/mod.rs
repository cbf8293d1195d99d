//! How the tests of a project are called: as its automation does, cut to what changes the verdict.

mod django;
mod names;
mod unittest;

use std::collections::BTreeMap;

use towpath_python::{Invocation, TestRunner, with_folders};

use crate::facts::{Facts, is_below};
use crate::pytest_options::kept_arguments;
use crate::test_invocation::best_invocation;
use django::call_django;
use unittest::call_unittest;

pub(crate) use django::django;

/// How pytest is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TestCall {
    /// Arguments after `pytest`.
    pub(crate) arguments: Vec<String>,
    /// Variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// Folder relative to the repository.
    pub(crate) folder: String,
    /// Whether `python -m pytest` was written, so that the folder itself is importable.
    pub(crate) as_module: bool,
    /// Whether unittest is called, so that nothing but its test cases counts as a test.
    pub(crate) only_unittest: bool,
    /// Where it is written; empty where it is the tool's default.
    pub(crate) place: String,
}

/// Returns how the project's automation calls its tests, cut to what changes the verdict.
pub(crate) fn test_call(facts: &Facts<'_>) -> TestCall {
    let project = facts.project;
    let mut call = TestCall {
        folder: project.root.clone(),
        as_module: true,
        ..TestCall::default()
    };
    if let Some(invocation) = best_invocation(facts, "pytest") {
        call = called(facts, invocation);
    } else if let Some(invocation) = best_invocation(facts, "unittest") {
        call.folder.clone_from(&invocation.folder);
        call.environment = variables(invocation);
        call.only_unittest = true;
        call_unittest(&mut call, &invocation.arguments, facts);
    } else if let Some(django) = django(facts) {
        call_django(&mut call, django, facts);
    } else if project
        .tests
        .as_ref()
        .is_some_and(|tests| tests.runner == TestRunner::Unittest)
    {
        call.only_unittest = true;
    }
    if let Some(arguments) = &facts.settings.test_arguments {
        call.arguments.clone_from(arguments);
    }
    if let Some(paths) = &facts.settings.test_paths {
        call.arguments.retain(|argument| argument.starts_with('-'));
        call.arguments.extend(paths.iter().cloned());
    }
    call.environment
        .extend(facts.settings.test_environment.clone());
    if let (true, Some(tests)) = (
        call.arguments.iter().all(|a| a.starts_with('-')),
        &project.tests,
    ) && !tests.paths_configured
        && !tests
            .add_options
            .iter()
            .any(|option| option.starts_with("--doctest-"))
        && facts.settings.test_paths.is_none()
        && call.place.is_empty()
    {
        let inside = |path: &String| {
            path.strip_prefix(&call.folder)
                .map(|rest| rest.trim_start_matches('/').to_owned())
        };
        let paths: Vec<String> = tests
            .paths
            .iter()
            .filter_map(inside)
            .filter(|path| !path.is_empty())
            .collect();
        call.arguments.extend(paths);
    }
    call
}

/// Returns one call of pytest as the automation writes it.
pub(crate) fn called(facts: &Facts<'_>, invocation: &Invocation) -> TestCall {
    TestCall {
        arguments: kept_arguments(&placed(invocation, facts)),
        environment: variables(invocation),
        folder: if is_here(&invocation.folder, facts) {
            invocation.folder.clone()
        } else {
            facts.project.root.clone()
        },
        as_module: true,
        only_unittest: false,
        place: invocation.place.to_string(),
    }
}

/// Returns the variables that the automation sets for a call, as far as they can be known.
fn variables(invocation: &Invocation) -> BTreeMap<String, String> {
    const TREE: &str = "{tree}";
    let folder = match invocation.folder.as_str() {
        "" => TREE.to_owned(),
        folder => format!("{TREE}/{folder}"),
    };
    let is_known = |text: &str| !text.replace(TREE, "").contains(['$', '{', '`']);
    let variables = invocation.environment.iter().filter_map(|(name, value)| {
        let value = with_folders(value, TREE, &folder);
        let value = if name == "PYTHONPATH" {
            let parts = folders_of(&value);
            let known: Vec<&str> = parts
                .iter()
                .map(String::as_str)
                .filter(|part| is_known(part))
                .collect();
            known.join(":")
        } else {
            value
        };
        let is_ours = is_known(&value) && !name.starts_with("COVERAGE");
        is_ours.then(|| (name.clone(), value))
    });
    variables.collect()
}

/// Returns the parts of a list of folders; `${NAME:+:$NAME}` is one of them.
fn folders_of(list: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c == ':' && depth == 0 {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Returns whether a folder is part of the tree; some commands run in one that only the automation
/// makes, so that nothing is imported by accident.
fn is_here(folder: &str, facts: &Facts<'_>) -> bool {
    folder.is_empty() || facts.tree.files().keys().any(|path| is_below(path, folder))
}

/// Returns the arguments of a call with paths that hold here: the package itself for the installed
/// package, and paths from the folder in which the call really runs.
fn placed(invocation: &Invocation, facts: &Facts<'_>) -> Vec<String> {
    const INSTALLED: [&str; 2] = ["{env_site_packages_dir}/", "{envsitepackagesdir}/"];
    let folder = &invocation.folder;
    let is_here = is_here(folder, facts);
    let up = if is_here {
        "../".repeat(folder.split('/').filter(|part| !part.is_empty()).count())
    } else {
        String::new()
    };
    let in_tree = |argument: &String| -> String {
        let name = INSTALLED
            .iter()
            .find_map(|prefix| argument.strip_prefix(prefix));
        let own = name.and_then(|name| {
            let mut packages = facts.project.layout.packages.iter();
            packages.find(|package| package.rsplit('/').next() == Some(name))
        });
        match own {
            Some(package) => format!("{up}{package}"),
            None if !is_here && !argument.starts_with('-') => from_root(folder, argument),
            None => argument.clone(),
        }
    };
    invocation.arguments.iter().map(in_tree).collect()
}

/// Returns a path that leads out of a folder as seen from the root; anything else as it is.
fn from_root(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let mut rest = path;
    while let Some(after) = rest.strip_prefix("../") {
        if parts.pop().is_none() {
            return path.to_owned();
        }
        rest = after;
    }
    if rest == path {
        path.to_owned()
    } else {
        parts
            .into_iter()
            .chain([rest])
            .collect::<Vec<_>>()
            .join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_out_of_a_folder_are_seen_from_the_root() {
        for (folder, path, expected) in [
            (".tox", "../tests", "tests"),
            ("a/b", "../tests", "a/tests"),
            (".tox", "tests", "tests"),
            ("", "../tests", "../tests"),
        ] {
            assert_eq!(from_root(folder, path), expected, "{folder} {path}");
        }
    }
}
