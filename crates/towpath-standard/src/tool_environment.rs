//! The environment that a project's automation gives tools whose verdict depends on what is installed beside
//! them: type checkers and pylint.

use towpath_python::{AutomationKind, Invocation, PythonVersion};

use crate::adoption::ToolRun;
use crate::facts::Facts;
use crate::test_environment::{automated, declared};
use crate::tools;
use crate::work::{EnvironmentNeed, ProjectInstall, PythonChoice};

/// The oldest Python for which uv makes environments.
const OLDEST: PythonVersion = PythonVersion::new(3, 8);

/// Returns the environment of tools, `requirements` among what it holds. Where the automation says nothing
/// of it, it is that of the tests, which such tools look at too, with `groups` beside.
pub(crate) fn tool_environment(
    facts: &Facts<'_>,
    runs: &[ToolRun],
    python: PythonChoice,
    requirements: Vec<String>,
    groups: Vec<String>,
) -> EnvironmentNeed {
    let mut need = EnvironmentNeed::of(python, requirements);
    let invocations = runs.iter().map(|run| run.invocation.as_ref());
    for invocation in invocations.clone().flatten() {
        let beside = invocation.additional_dependencies.iter().cloned();
        need.requirements.extend(beside);
    }
    if invocations.clone().all(|one| one.is_some_and(stands_alone)) {
        return need;
    }
    if facts.project.is_package {
        need.project = ProjectInstall::Editable;
    }
    let is_of_runs = |tool: &str| runs.iter().any(|run| run.tool == tool);
    let found = automated(facts, &is_of_runs).unwrap_or_else(|| {
        let mut found = declared(facts);
        found.groups.extend(groups);
        found.groups.sort_unstable();
        found.groups.dedup();
        found
    });
    let others = found
        .requirements
        .into_iter()
        .filter(|requirement| !runs.iter().any(|run| tools::names(requirement, &run.tool)));
    need.requirements.extend(others);
    need.requirement_files = found.requirement_files;
    need.add_needs(facts.project, found.groups, found.extras);
    need
}

/// Returns the newest Python here on which the automation runs tools, where it says so, or else the nearest
/// newer one: flake8, pylint and mypy see with the eyes of the Python that runs them, and a pinned version
/// need not know a Python that came after it.
pub(crate) fn automated_python(facts: &Facts<'_>, runs: &[ToolRun]) -> Option<PythonVersion> {
    let here: Vec<&PythonVersion> = facts
        .pythons
        .here
        .iter()
        .filter(|python| **python >= OLDEST)
        .collect();
    let invocations = runs.iter().filter_map(|run| run.invocation.as_ref());
    let named: Vec<PythonVersion> = invocations
        .flat_map(|invocation| invocation.pythons.iter().copied())
        .collect();
    let exact = named.iter().filter(|python| here.contains(python)).max();
    let nearest = || {
        let newest = named.iter().max()?;
        here.iter().copied().find(|python| *python > newest)
    };
    exact.or_else(nearest).copied()
}

/// Returns whether a command is a hook for which pre-commit makes an environment, which the project is no
/// part of. One without a version and packages of its own runs in that of the developer or of the job.
fn stands_alone(invocation: &Invocation) -> bool {
    let is_pinned_there = invocation
        .version
        .as_ref()
        .is_some_and(|pin| pin.source.starts_with(&invocation.place.path));
    invocation.kind == AutomationKind::PreCommit
        && (is_pinned_there || !invocation.additional_dependencies.is_empty())
}

/// Returns the project's groups with one of some names, else those that hold one of some tools.
pub(crate) fn groups_for(facts: &Facts<'_>, names: &[&str], tools: &[&str]) -> Vec<String> {
    let groups = &facts.project.groups;
    let by_name: Vec<String> = groups
        .keys()
        .filter(|name| names.contains(&name.as_str()))
        .cloned()
        .collect();
    if !by_name.is_empty() {
        return by_name;
    }
    let holds = |list: &[String]| {
        list.iter()
            .any(|text| tools.iter().any(|tool| tools::names(text, tool)))
    };
    groups
        .iter()
        .filter(|(_, list)| holds(list))
        .map(|(name, _)| name.clone())
        .collect()
}
