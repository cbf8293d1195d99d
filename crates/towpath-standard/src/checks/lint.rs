//! `lint`: the project's own linters, or else ruff with the standard's base rules.

use towpath_python::PythonVersion;
use towpath_report::CheckResult;

use super::linted::{conclude, policy};
use super::{Check, Scope};
use crate::adoption::{Adoption, ToolRun, adopted};
use crate::facts::{Facts, NeededCheck};
use crate::linters::linter;
use crate::ratchet::BASELINE_FILE;
use crate::test_environment::automated;
use crate::tool_command::{command, fix_command};
use crate::tool_environment::{automated_python, groups_for, tool_environment};
use crate::tools;
use crate::work::{
    Applies, EnvironmentNeed, Inputs, Partial, PythonChoice, ToolWork, TreeUse, Work,
};

/// Linters in the order in which they are run.
const TOOLS: [&str; 5] = ["ruff", "flake8", "pycodestyle", "pylint", "isort"];

/// The standard's base rules.
const BASE_RULES: [&str; 4] = ["--select", "E,F,UP,B,SIM,I", "--ignore", "E501,B019"];

/// How the names of packages start that change what flake8 finds.
const FLAKE8_PLUGINS: &[&str] = &[
    "flake8-",
    "flake8_",
    "pep8-naming",
    "pyflakes",
    "wemake-python-styleguide",
    "hacking",
    "dlint",
    "darglint",
];

/// As [`FLAKE8_PLUGINS`], for pylint.
const PYLINT_PLUGINS: &[&str] = &["pylint-", "pylint_", "astroid"];

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "lint"
    }

    fn about(&self) -> &'static str {
        "runs the project's linters, or ruff with the standard's base rules"
    }

    fn scope(&self) -> Scope {
        Scope::Repository
    }

    fn matrix(&self, facts: &Facts<'_>) -> Vec<Option<PythonVersion>> {
        if facts.settings.lint_matrix && !facts.pythons.run.is_empty() {
            return facts.pythons.run.iter().copied().map(Some).collect();
        }
        vec![None]
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        if !facts.tree.files().keys().any(|path| is_python(path)) {
            return Applies::Skip("no Python files".to_owned());
        }
        Applies::Work(Box::new(Work::Tool(linter_work(
            facts,
            python,
            &runs(facts),
        ))))
    }

    fn fix(&self, facts: &Facts<'_>) -> Option<ToolWork> {
        fix_work(facts, &runs(facts))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        conclude(facts, self.name(), &runs(facts), found)
    }
}

/// Returns how the linters are run; where the project has none, the base rules as advice.
fn runs(facts: &Facts<'_>) -> Vec<ToolRun> {
    let mut runs = adopted(facts, &TOOLS);
    if runs.is_empty() {
        runs.push(ToolRun {
            tool: "ruff".to_owned(),
            adoption: if facts.settings.standard {
                Adoption::Adopted
            } else {
                Adoption::Advice(
                    "the project has no linter; the standard's base rules are advice".to_owned(),
                )
            },
            invocation: None,
        });
    }
    runs
}

pub(crate) fn is_python(path: &str) -> bool {
    path.ends_with(".py") || path.ends_with(".pyi") || path.ends_with(".ipynb")
}

/// Returns the work of running linters over the repository, each as the project runs it.
pub(crate) fn linter_work(
    facts: &Facts<'_>,
    python: Option<PythonVersion>,
    runs: &[ToolRun],
) -> ToolWork {
    let mut requirements: Vec<String> = Vec::new();
    let mut notes = Vec::new();
    let mut commands = Vec::new();
    let python = python.or_else(|| automated_python(facts, runs));
    for run in runs {
        let Some(linter) = linter(&run.tool) else {
            continue;
        };
        let chosen = tools::choose(&run.tool, facts.project, facts.automation).on(python);
        if !requirements.contains(&chosen.requirement) {
            requirements.push(chosen.requirement.clone());
            notes.extend(Some(chosen.note).filter(|note| !note.is_empty()));
        }
        if let Some(invocation) = &run.invocation {
            requirements.extend(invocation.additional_dependencies.iter().cloned());
        }
        notes.extend(run.note().map(str::to_owned));
        commands.push(command(
            linter,
            run,
            &chosen.requirement,
            &extra_arguments(facts, run),
            &[],
        ));
    }
    requirements.extend(plugins(facts, runs));
    requirements.sort_unstable();
    requirements.dedup();
    // What pylint says follows from what it can import.
    let importing: Vec<ToolRun> = runs
        .iter()
        .filter(|run| run.tool == "pylint")
        .cloned()
        .collect();
    let stands_alone = importing.is_empty();
    let environment = if stands_alone {
        let python = python.map_or(PythonChoice::ForTools, PythonChoice::Exactly);
        EnvironmentNeed::of(python, requirements)
    } else {
        let python = python.map_or(facts.newest_python(), PythonChoice::Exactly);
        let groups = groups_for(facts, &["lint", "linting", "pylint"], &["pylint"]);
        tool_environment(facts, &importing, python, requirements, groups)
    };
    ToolWork {
        inputs: Inputs {
            // What is ignored is out of scope.
            endings: vec![BASELINE_FILE.to_owned(), ".gitignore".to_owned()],
            ..Inputs::opened()
        },
        // pylint and flake8 import the project's own plugins.
        executes_project: !stands_alone || facts.configures("flake8", "[flake8:local-plugins]"),
        key: vec![("policy".to_owned(), policy(facts, runs))],
        notes,
        ..ToolWork::of(environment, commands)
    }
}

/// Returns the work of mending in the user's own tree; only tools that the project runs or configures.
pub(crate) fn fix_work(facts: &Facts<'_>, runs: &[ToolRun]) -> Option<ToolWork> {
    let mut work = linter_work(facts, None, runs);
    work.commands = runs
        .iter()
        .filter_map(|run| fix_command(linter(&run.tool)?, run, &extra_arguments(facts, run)))
        .collect();
    work.tree = TreeUse::InPlace;
    (!work.commands.is_empty()).then_some(work)
}

fn extra_arguments(facts: &Facts<'_>, run: &ToolRun) -> Vec<String> {
    let mut extra = Vec::new();
    if run.tool.starts_with("ruff") {
        extra.push("--no-cache".to_owned());
    }
    let has_own = facts.project.tool("ruff").is_some() || run.invocation.is_some();
    if run.tool == "ruff" && !has_own {
        extra.extend(BASE_RULES.map(str::to_owned));
    } else if run.tool == "ruff" && facts.settings.standard {
        extra.extend(["--extend-select".to_owned(), BASE_RULES[1].to_owned()]);
    }
    if matches!(run.tool.as_str(), "flake8" | "pylint") && run.invocation.is_none() {
        let root = if facts.project.root.is_empty() {
            "."
        } else {
            facts.project.root.as_str()
        };
        if run.tool == "flake8" {
            extra.push(root.to_owned());
        } else {
            extra.extend(facts.project.layout.packages.iter().cloned());
        }
    }
    extra
}

/// Returns the plugins of flake8 and pylint that the project declares or its automation installs, with its
/// own constraints.
fn plugins(facts: &Facts<'_>, runs: &[ToolRun]) -> Vec<String> {
    let prefixes: Vec<&str> = runs
        .iter()
        .filter_map(|run| match run.tool.as_str() {
            "flake8" => Some(FLAKE8_PLUGINS),
            "pylint" => Some(PYLINT_PLUGINS),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    let project = facts.project;
    let files = project
        .requirements_files
        .iter()
        .flat_map(|file| file.requirements.iter());
    let beside = automated(facts, &|tool| matches!(tool, "flake8" | "pylint"));
    project
        .groups
        .values()
        .chain(project.extras.values())
        .flatten()
        .chain(files)
        .chain(beside.iter().flat_map(|found| &found.requirements))
        .filter(|requirement| {
            prefixes
                .iter()
                .any(|prefix| requirement.to_ascii_lowercase().starts_with(prefix))
        })
        .cloned()
        .collect()
}
