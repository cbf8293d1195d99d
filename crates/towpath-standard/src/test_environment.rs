//! What the tests of a project need, found as a person would: what its automation installs beside
//! pytest, else its groups, extras and requirements files.

use std::collections::BTreeMap;

use towpath_python::{Install, Invocation, PythonVersion, TestRunner, test_needs};

use crate::facts::{Facts, is_below};
use crate::imported_extras::imported_extras;
use crate::pytest_plugins;
use crate::test_call::django;
use crate::test_invocation::best_invocation;
use crate::tools;

/// What is installed for the tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TestEnvironment {
    pub(crate) requirements: Vec<String>,
    pub(crate) requirement_files: Vec<String>,
    pub(crate) constraint_files: Vec<String>,
    pub(crate) extras: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) reason: String,
}

impl TestEnvironment {
    /// Returns whether this is another environment with more extras or groups: an oldest set of
    /// dependencies, or a branch of one of them, is written with requirements or constraints of its own.
    fn adds_to(&self, other: &Self) -> bool {
        let holds = |more: &[String], less: &[String]| less.iter().all(|text| more.contains(text));
        self.requirements == other.requirements
            && self.requirement_files == other.requirement_files
            && self.constraint_files == other.constraint_files
            && holds(&self.extras, &other.extras)
            && holds(&self.groups, &other.groups)
    }
}

/// Returns what the tests of a project need on a Python, without the project itself.
pub(crate) fn test_environment(facts: &Facts<'_>, python: PythonVersion) -> TestEnvironment {
    let runners = ["pytest", "unittest", "manage.py test"];
    let call = runners
        .iter()
        .find_map(|runner| best_invocation(facts, runner));
    environment_of(facts, call, python)
}

/// Returns what the tests need on a Python where one command runs them.
pub(crate) fn environment_of(
    facts: &Facts<'_>,
    call: Option<&Invocation>,
    python: PythonVersion,
) -> TestEnvironment {
    let mut found = installed(facts, &is_test_runner, call, Some(python)).unwrap_or_else(|| {
        let mut found = declared(facts);
        found.extras.extend(imported_extras(facts, &found.extras));
        found
    });
    if let Some(extras) = &facts.settings.test_extras {
        found.extras.clone_from(extras);
    }
    if let Some(groups) = &facts.settings.test_groups {
        found.groups.clone_from(groups);
    }
    found
        .requirements
        .extend(facts.settings.test_requirements.iter().cloned());
    if !found
        .requirements
        .iter()
        .any(|requirement| tools::names(requirement, "pytest"))
    {
        found.requirements.push(pytest_requirement(facts));
    }
    if django(facts).is_some() {
        found.requirements.push("pytest-django".to_owned());
    }
    let options = facts
        .project
        .tests
        .iter()
        .flat_map(|tests| tests.add_options.clone());
    let plugins = pytest_plugins::of_options(&options.collect::<Vec<_>>());
    found
        .requirements
        .extend(plugins.into_iter().map(str::to_owned));
    found
}

/// Returns what the project itself declares for its tests.
pub(crate) fn declared(facts: &Facts<'_>) -> TestEnvironment {
    let needs = test_needs(facts.project);
    TestEnvironment {
        requirements: needs.requirements,
        requirement_files: needs.requirement_files,
        constraint_files: Vec::new(),
        extras: needs.extras,
        groups: needs.groups,
        reason: needs.reason,
    }
}

/// Returns what the automation installs where one of some tools runs, if that says anything.
pub(crate) fn automated(
    facts: &Facts<'_>,
    is_tool: &dyn Fn(&str) -> bool,
) -> Option<TestEnvironment> {
    installed(facts, is_tool, None, None)
}

/// As [`automated`]; of several places those for a Python, where it is named, and of these the one by which
/// a command is reached, where it is one of them, or another of its ways that adds to what is installed there.
fn installed(
    facts: &Facts<'_>,
    is_tool: &dyn Fn(&str) -> bool,
    of: Option<&Invocation>,
    python: Option<PythonVersion>,
) -> Option<TestEnvironment> {
    let root = &facts.project.root;
    let relevant = |install: &&Install| {
        install.for_tools.iter().any(|tool| is_tool(tool))
            && (is_below(root, &install.folder) || is_below(&install.folder, root))
    };
    let mut installs: Vec<&Install> = facts.automation.installs.iter().filter(relevant).collect();
    if installs.iter().any(|install| install.reached_from_ci) {
        installs.retain(|install| install.reached_from_ci);
    }
    let is_for =
        |install: &&Install| python.is_some_and(|python| install.pythons.contains(&python));
    if installs.iter().any(is_for) {
        installs.retain(is_for);
    }
    // Environments differ (oldest dependencies, coverage upload); the fullest readable one is taken.
    let mut environments: BTreeMap<Vec<String>, TestEnvironment> = BTreeMap::new();
    for last in &installs {
        // What a job installs is there for the targets that it calls.
        let is_there =
            |one: &&&Install| one.environment == last.environment && last.via.starts_with(&one.via);
        let environment = environments.entry(last.via.clone()).or_default();
        for install in installs.iter().filter(is_there) {
            add(environment, install, facts);
        }
    }
    if let Some((of, own)) = of.and_then(|of| Some((of, environments.get(&of.via)?.clone()))) {
        environments.retain(|via, found| {
            *via == of.via || (of.other_ways.contains(via) && found.adds_to(&own))
        });
    }
    let fullness = |found: &TestEnvironment| {
        found.requirement_files.len() + found.extras.len() + found.groups.len()
    };
    // Of equals the one that most Pythons run: others pin what only they try.
    let breadth = |via: &[String]| {
        let runs = facts
            .automation
            .invocations
            .iter()
            .filter(|run| run.via == via && is_tool(&run.tool));
        runs.map(|run| run.pythons.len()).max().unwrap_or(0)
    };
    let best = environments
        .into_iter()
        .max_by_key(|(via, found)| (fullness(found), breadth(via)))
        .map(|(_, found)| found)?;
    (fullness(&best) > 0 || best.requirements.iter().any(|text| is_tool(package(text))))
        .then_some(best)
}

/// Returns the name that a requirement starts with, as written.
fn package(requirement: &str) -> &str {
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    &requirement[..end.unwrap_or(requirement.len())]
}

fn add(environment: &mut TestEnvironment, install: &Install, facts: &Facts<'_>) {
    let readable = |text: &&String| !text.contains(['$', '{', '}']);
    let project = facts.project;
    let all = |names: &[String], known: Vec<&String>| -> Vec<String> {
        if names.iter().any(|name| name == "*") {
            return known.into_iter().cloned().collect();
        }
        names
            .iter()
            .filter(|name| known.contains(name))
            .cloned()
            .collect()
    };
    environment.requirements.extend(
        install
            .requirements
            .iter()
            .filter(readable)
            .filter(|text| is_requirement(text))
            .cloned(),
    );
    environment.requirement_files.extend(
        install
            .requirement_files
            .iter()
            .filter(|path| facts.tree.contains(path))
            .cloned(),
    );
    environment.constraint_files.extend(
        install
            .constraint_files
            .iter()
            .filter(|path| facts.tree.contains(path))
            .cloned(),
    );
    environment
        .extras
        .extend(all(&install.extras, project.extras.keys().collect()));
    environment
        .groups
        .extend(all(&install.groups, project.groups.keys().collect()));
    if environment.reason.is_empty() {
        environment.reason = install.place.to_string();
    }
    for list in [
        &mut environment.requirements,
        &mut environment.requirement_files,
        &mut environment.constraint_files,
        &mut environment.extras,
        &mut environment.groups,
    ] {
        list.sort_unstable();
        list.dedup();
    }
}

/// Tools that are installed beside the tests but never part of their environment.
fn is_requirement(text: &str) -> bool {
    const NOT_FOR_TESTS: [&str; 12] = [
        "pip",
        "setuptools",
        "wheel",
        "tox",
        "nox",
        "virtualenv",
        "uv",
        "poetry",
        "hatch",
        "build",
        "codecov",
        "coveralls",
    ];
    // What follows a name says which version; anything else is a path, such as `dist/*.whl`.
    let rest = text
        .get(package(text).len()..)
        .unwrap_or_default()
        .trim_start();
    let looks_named = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.ends_with(".whl")
        && (rest.is_empty() || rest.starts_with(['[', '<', '>', '=', '!', '~', ';', '@', '(']));
    looks_named && !NOT_FOR_TESTS.iter().any(|tool| tools::names(text, tool))
}

fn is_test_runner(tool: &str) -> bool {
    matches!(
        tool,
        "pytest"
            | "unittest"
            | "py.test"
            | "coverage run"
            | "nosetests"
            | "trial"
            | "manage.py test"
    )
}

fn pytest_requirement(facts: &Facts<'_>) -> String {
    let runner = facts.project.tests.as_ref().map(|tests| tests.runner);
    if runner == Some(TestRunner::Nose) {
        // pytest 8 dropped the nose protocol; with a later one `setup()` would silently not run.
        return "pytest<8".to_owned();
    }
    // Unpinned beside a lock or requirements file that may pin it; constrained to the own version else.
    "pytest".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_no_requirement() {
        for (text, expected) in [
            ("pytest>=8", true),
            ("coverage[toml]", true),
            ("trio ; python_version > '3'", true),
            ("pkg @ https://host/pkg.whl#a", true),
            ("dist/*.whl", false),
            ("pkg-1.0-py3-none-any.whl", false),
            ("*.whl", false),
            ("tox", false),
        ] {
            assert_eq!(is_requirement(text), expected, "{text}");
        }
    }
}
