//! What a run says of the repository itself: the lines above the jobs, and what is not run.

use towpath_python::{AutomationKind, Invocation};
use towpath_standard::{Facts, other_test_calls};

use crate::asked::Asked;
use crate::repository::Repository;

/// Returns the name, the build backend, the layout and the Pythons.
pub(crate) fn title(facts: &[Facts<'_>]) -> String {
    let Some(first) = facts.first() else {
        return String::new();
    };
    let mut parts = vec![first.project.display_name().to_owned()];
    if let Some(system) = &first.project.build_system {
        parts[0] = format!(
            "{} · {}, {} layout",
            parts[0],
            system
                .backend
                .split(['.', ':'])
                .next()
                .unwrap_or("")
                .replace("_core", ""),
            layout(first)
        );
    }
    if facts.len() > 1 {
        parts.push(format!("{} projects", facts.len()));
    }
    let pythons: Vec<String> = first.pythons.run.iter().map(ToString::to_string).collect();
    if !pythons.is_empty() {
        parts.push(format!("testing on Python {}", pythons.join(" ")));
    }
    parts.join(" · ")
}

fn layout(facts: &Facts<'_>) -> &'static str {
    match facts.project.layout.kind {
        towpath_python::LayoutKind::Src => "src",
        towpath_python::LayoutKind::Flat => "flat",
        towpath_python::LayoutKind::Modules => "single-module",
        towpath_python::LayoutKind::None => "unknown",
    }
}

/// Returns the further lines of the header: Pythons that are not here, and what is odd about the
/// repository.
pub(crate) fn notes(facts: &[Facts<'_>], repository: &Repository) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(first) = facts.first() {
        let missing: Vec<String> = first
            .pythons
            .missing
            .iter()
            .map(ToString::to_string)
            .collect();
        let said = match missing.as_slice() {
            [] => None,
            [one] => Some(format!("{one} is")),
            [earlier @ .., last] => Some(format!("{} and {last} are", earlier.join(", "))),
        };
        // The oldest is the likeliest to be released.
        notes.extend(said.zip(missing.first()).map(|(said, oldest)| {
            format!("{said} declared but not on this machine (uv python install {oldest})")
        }));
    }
    notes.extend(repository.warnings.iter().map(|problem| {
        let place = problem
            .place
            .as_ref()
            .map(|place| format!("{place}: "))
            .unwrap_or_default();
        format!("{place}{}", problem.message)
    }));
    notes
}

/// Returns what the project's automation checks or tests and this run does not, with the place or the command
/// that does; the hooks of pre-commit are one entry.
pub(crate) fn not_run(
    facts: &[Facts<'_>],
    repository: &Repository,
    asked: &Asked<'_>,
) -> Vec<String> {
    if asked.check.is_some() {
        return Vec::new();
    }
    let mut others = repository.automation.other_checks();
    others.extend(facts.iter().flat_map(other_test_calls));
    let (hooks, commands): (Vec<&Invocation>, Vec<&Invocation>) = others
        .into_iter()
        .partition(|invocation| invocation.kind == AutomationKind::PreCommit);
    let commands = commands
        .iter()
        .map(|invocation| format!("{} ({})", invocation.written(), invocation.place));
    hook_entry(&hooks).into_iter().chain(commands).collect()
}

/// Hooks that only look after files are counted, the others named.
fn hook_entry(hooks: &[&Invocation]) -> Option<String> {
    let first = hooks.first()?;
    let mut names: Vec<&str> = hooks
        .iter()
        .filter(|hook| !hook.is_file_hygiene())
        .map(|hook| hook.tool.as_str())
        .collect();
    names.dedup();
    let hygiene = match hooks.iter().filter(|hook| hook.is_file_hygiene()).count() {
        0 => None,
        1 => Some("1 hook for tidy files".to_owned()),
        number => Some(format!("{number} hooks for tidy files")),
    };
    let words: Vec<&str> = names.into_iter().chain(hygiene.as_deref()).collect();
    Some(format!(
        "{} ({}; `pre-commit run --all-files` does)",
        words.join(", "),
        first.place.path
    ))
}

#[cfg(test)]
mod tests {
    use towpath_report::Place;

    use super::*;

    fn hook(id: &str) -> Invocation {
        Invocation {
            tool: id.to_owned(),
            arguments: Vec::new(),
            program: None,
            folder: String::new(),
            place: Place::at(".pre-commit-config.yaml", 7, 0),
            via: Vec::new(),
            other_ways: Vec::new(),
            kind: AutomationKind::PreCommit,
            reached_from_ci: false,
            on_change: false,
            can_fail: true,
            by_default: true,
            version: None,
            additional_dependencies: Vec::new(),
            environment: std::collections::BTreeMap::new(),
            files_pattern: None,
            exclude_pattern: None,
            types: Vec::new(),
            pythons: Vec::new(),
        }
    }

    #[test]
    fn hooks_are_one_entry_and_those_for_tidy_files_only_counted() {
        let all = [
            "check-yaml",
            "codespell",
            "trailing-whitespace",
            "interrogate",
        ]
        .map(hook);
        let told = |hooks: &[Invocation]| hook_entry(&hooks.iter().collect::<Vec<_>>());
        assert_eq!(
            told(&all).as_deref(),
            Some(
                "codespell, interrogate, 2 hooks for tidy files (.pre-commit-config.yaml; \
                 `pre-commit run --all-files` does)"
            )
        );
        assert_eq!(
            told(&all[..1]).as_deref(),
            Some(
                "1 hook for tidy files (.pre-commit-config.yaml; `pre-commit run --all-files` does)"
            )
        );
        assert_eq!(told(&[]), None);
    }
}
