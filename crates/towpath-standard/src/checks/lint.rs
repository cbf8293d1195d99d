//! `lint`: the project's own linters, or else ruff with the standard's base rules.

use std::collections::BTreeMap;

use towpath_python::{AutomationKind, PythonVersion};
use towpath_report::{CheckResult, Finding, Severity};

use super::{Check, Scope, count, gathered, not_blocking};
use crate::adoption::{Adoption, ToolRun, adopted, hands_over};
use crate::facts::{Facts, NeededCheck};
use crate::judge::{BASELINE_FILE, judge};
use crate::linter_output::COULD_NOT_RUN;
use crate::linters::linter;
use crate::tool_command::{command, fix_command};
use crate::tools;
use crate::work::{
    Applies, EnvironmentNeed, Inputs, Network, Partial, ProjectInstall, PythonChoice, ToolWork,
    TreeUse, Work,
};

/// Linters in the order in which they are run.
const TOOLS: [&str; 5] = ["ruff", "flake8", "pycodestyle", "pylint", "isort"];

/// The standard's base rules.
const BASE_RULES: [&str; 4] = ["--select", "E,F,UP,B,SIM,I", "--ignore", "E501,B019"];

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
    let stands_alone = runs.iter().all(|run| run.tool != "pylint");
    ToolWork {
        environment: EnvironmentNeed {
            python: python.map_or(PythonChoice::ForTools, PythonChoice::Exactly),
            requirements,
            requirement_files: Vec::new(),
            constraints: Vec::new(),
            locked: None,
            project: if stands_alone || !facts.project.is_package {
                ProjectInstall::No
            } else {
                ProjectInstall::Editable
            },
        },
        tree: TreeUse::ReadOnly,
        network: Network::Closed,
        inputs: Inputs {
            globs: Vec::new(),
            // What is ignored is out of scope.
            endings: vec![BASELINE_FILE.to_owned(), ".gitignore".to_owned()],
            observed: true,
            names: true,
        },
        // pylint and flake8 import the project's own plugins.
        executes_project: !stands_alone || facts.configures("flake8", "[flake8:local-plugins]"),
        builds: false,
        commands,
        scan: None,
        support_files: Vec::new(),
        artifacts: Vec::new(),
        key: vec![("policy".to_owned(), policy(facts, runs))],
        notes,
    }
}

/// Returns the newest Python here on which the automation runs its linters, where it says so: flake8
/// and pylint see with the eyes of the Python that runs them.
fn automated_python(facts: &Facts<'_>, runs: &[ToolRun]) -> Option<PythonVersion> {
    let named = runs
        .iter()
        .filter_map(|run| run.invocation.as_ref())
        .flat_map(|invocation| &invocation.pythons);
    named
        .filter(|python| facts.pythons.run.contains(python))
        .max()
        .copied()
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

/// Returns the plugins of flake8 and pylint that the project declares, with its own constraints.
fn plugins(facts: &Facts<'_>, runs: &[ToolRun]) -> Vec<String> {
    let prefixes: Vec<&str> = runs
        .iter()
        .filter_map(|run| match run.tool.as_str() {
            "flake8" => Some(["flake8-", "pep8-naming", "pyflakes"]),
            "pylint" => Some(["pylint-", "pylint_", "astroid"]),
            _ => None,
        })
        .flatten()
        .collect();
    let project = facts.project;
    let files = project
        .requirements_files
        .iter()
        .flat_map(|file| file.requirements.iter());
    project
        .groups
        .values()
        .chain(project.extras.values())
        .flatten()
        .chain(files)
        .filter(|requirement| {
            prefixes
                .iter()
                .any(|prefix| requirement.to_ascii_lowercase().starts_with(prefix))
        })
        .cloned()
        .collect()
}

/// Returns what the judgement depends on beside the findings.
pub(crate) fn policy(facts: &Facts<'_>, runs: &[ToolRun]) -> String {
    let stands: BTreeMap<&str, &Adoption> = runs
        .iter()
        .map(|run| (run.tool.as_str(), &run.adoption))
        .collect();
    let patterns: Vec<_> = runs
        .iter()
        .filter_map(|run| run.invocation.as_ref())
        .map(|invocation| (&invocation.files_pattern, &invocation.exclude_pattern))
        .collect();
    format!(
        "{stands:?} {patterns:?} standard={} git={}",
        facts.settings.standard,
        !facts.git_state.is_empty()
    )
}

/// Judges the findings of linters: those of adopted tools block; of others only what cannot be code
/// that works.
pub(crate) fn conclude(
    facts: &Facts<'_>,
    check: &str,
    runs: &[ToolRun],
    found: Vec<Partial>,
) -> CheckResult {
    let idle: Vec<String> = found
        .iter()
        .filter_map(|partial| partial.facts.get(COULD_NOT_RUN))
        .cloned()
        .collect();
    let mut result = gathered(found);
    let mut generated: BTreeMap<String, bool> = BTreeMap::new();
    let mut is_generated = |path: &str| {
        *generated
            .entry(path.to_owned())
            .or_insert_with(|| is_left_by_a_build(facts, path))
    };
    result.findings.retain(|finding| {
        is_in_scope(facts, runs, finding)
            && !finding
                .place
                .as_ref()
                .is_some_and(|place| is_generated(&place.path))
    });
    let blocks = |finding: &Finding| {
        let of_tool = |run: &&ToolRun| {
            run.tool == finding.tool || run.tool.split(' ').next() == Some(&finding.tool)
        };
        let adopted = finding.severity != Severity::Note
            && runs
                .iter()
                .filter(of_tool)
                .any(|run| run.blocks_for(finding));
        adopted || facts.settings.standard || cannot_work(facts, finding)
    };
    let baseline = facts.baseline();
    let said = judge(
        check,
        &mut result.findings,
        &facts.settings.ratchet(check),
        baseline.as_ref(),
        &blocks,
    );
    result.notes.extend(said);
    result.failed = result.findings.iter().any(|finding| finding.blocking);
    let mut tools: Vec<&str> = runs.iter().map(|run| run.tool.as_str()).collect();
    tools.dedup();
    result.summary = match result
        .findings
        .iter()
        .filter(|finding| finding.blocking)
        .count()
    {
        0 if !idle.is_empty() => format!("{} could not run, does not block", idle.join(", ")),
        0 if result.findings.is_empty() => tools.join(", "),
        0 => not_blocking(result.findings.len(), "finding"),
        number => count(number, "problem"),
    };
    result
}

/// Returns whether a finding is in a file that the project's automation hands to its tool.
fn is_in_scope(facts: &Facts<'_>, runs: &[ToolRun], finding: &Finding) -> bool {
    let Some(place) = &finding.place else {
        return true;
    };
    if !facts.tree.contains(&place.path) || facts.is_foreign(&place.path) {
        return false;
    }
    let hooks: Vec<_> = runs
        .iter()
        .filter(|run| run.tool.split(' ').next() == Some(&finding.tool))
        .filter_map(|run| run.invocation.as_ref())
        .filter(|invocation| invocation.kind == AutomationKind::PreCommit)
        .collect();
    hooks.is_empty() || hooks.iter().any(|hook| hands_over(hook, &place.path))
}

/// Returns whether a file was written by a build and came along in an archive: where git is at hand
/// such a file is ignored, and no automation ever sees it.
fn is_left_by_a_build(facts: &Facts<'_>, path: &str) -> bool {
    if !facts.git_state.is_empty() {
        return false;
    }
    let text = facts.tree.read_text(path).unwrap_or_default();
    let head = text
        .lines()
        .take(6)
        .collect::<Vec<_>>()
        .join(" ")
        .to_ascii_lowercase();
    let says = |words: &str| head.contains(words);
    says("@generated")
        || says("track in version control")
        // An sdist's `setup.py` that the author never wrote.
        || says("generated by flit for tools")
        || (says("generated by")
            && (says("do not edit") || says("don't edit") || says("don't change")))
}

/// Names that Python 2 built in: code for both Pythons uses them behind a question for the version.
const BUILT_INTO_PYTHON_2: [&str; 13] = [
    "unicode",
    "basestring",
    "long",
    "xrange",
    "unichr",
    "raw_input",
    "reduce",
    "file",
    "execfile",
    "cmp",
    "reload",
    "buffer",
    "apply",
];

/// Syntax errors and undefined names in modules that are installed.
fn cannot_work(facts: &Facts<'_>, finding: &Finding) -> bool {
    let fatal = ["F821", "E999", "invalid-syntax", "syntax-error"].contains(&finding.rule.as_str());
    let Some(place) = &finding.place else {
        return false;
    };
    let of_python_2 = BUILT_INTO_PYTHON_2.iter().any(|name| {
        [format!("`{name}`"), format!("'{name}'")]
            .iter()
            .any(|quoted| finding.message.ends_with(quoted.as_str()))
    });
    let installed = facts
        .projects
        .iter()
        .flat_map(|project| &project.layout.packages)
        .any(|package| crate::facts::is_below(&place.path, package));
    fatal && !of_python_2 && installed && !place.path.contains("/tests/")
}
