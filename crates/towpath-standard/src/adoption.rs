//! Whether a project has adopted a tool, and how it runs it.
//!
//! A tool is adopted when the project's own automation runs it where it can fail; where a tree holds
//! no automation, when it is configured or declared. What is not adopted is advice.

use towpath_python::{Automation, AutomationKind, Invocation, Project};

use crate::facts::Facts;
use crate::tools;

/// Where a tool stands with a project.
#[derive(Debug, Clone, PartialEq)]
pub enum Adoption {
    /// The project runs it and heeds it: its findings block.
    Adopted,
    /// It is configured, or run so that it cannot fail; says which.
    Advice(String),
}

/// One way in which a tool is to be run for a project.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolRun {
    /// The tool, such as `ruff` or `ruff format`.
    pub tool: String,
    /// How it stands.
    pub adoption: Adoption,
    /// The command by which the automation runs it; `None` where it is only configured.
    pub invocation: Option<Invocation>,
}

impl ToolRun {
    /// Returns whether the tool's findings block.
    pub fn blocks(&self) -> bool {
        self.adoption == Adoption::Adopted
    }
}

/// Returns whether a command is handed a file: a hook of pre-commit by its patterns, anything else by
/// its own arguments. A pattern that cannot be read here hands over everything.
pub(crate) fn hands_over(invocation: &Invocation, path: &str) -> bool {
    if invocation.kind != AutomationKind::PreCommit {
        return true;
    }
    let fits = |pattern: &Option<String>, default: bool| {
        let regex = pattern
            .as_deref()
            .and_then(|pattern| regex_lite::Regex::new(pattern).ok());
        regex.map_or(default, |regex| regex.is_match(path))
    };
    fits(&invocation.files_pattern, true) && !fits(&invocation.exclude_pattern, false)
}

/// Returns how a project runs those of `tools` that it runs or configures, in the order of `tools`.
pub fn adopted(facts: &Facts<'_>, tools: &[&str]) -> Vec<ToolRun> {
    let mut runs = Vec::new();
    for tool in tools {
        let chosen = facts.automation.chosen(tool);
        if chosen.is_empty() {
            runs.extend(configured(facts, tool));
        }
        for invocation in chosen {
            let adoption = if invocation.can_fail {
                Adoption::Adopted
            } else {
                Adoption::Advice(format!("{} cannot fail at {}", tool, invocation.place))
            };
            runs.push(ToolRun {
                tool: (*tool).to_owned(),
                adoption,
                invocation: Some(invocation.clone()),
            });
        }
    }
    runs
}

fn configured(facts: &Facts<'_>, tool: &str) -> Option<ToolRun> {
    let package = tool.split(' ').next().unwrap_or(tool);
    let has_configuration = facts.project.tool(package).is_some();
    if !has_configuration && !is_declared(facts.project, package) {
        return None;
    }
    let adoption = if has_automation(facts.automation) {
        let how = if has_configuration {
            "configured"
        } else {
            "declared"
        };
        Adoption::Advice(format!(
            "{package} is {how}, run by none of the project's automation"
        ))
    } else if depends_on_environment(package)
        && !is_declared(facts.project, package)
        && !facts.project.locked.contains_key(package)
    {
        Adoption::Advice(format!(
            "{package} is configured, but nothing says in which version and beside which packages it runs"
        ))
    } else if !is_declared(facts.project, package) && declares_another(facts.project, package) {
        Adoption::Advice(format!(
            "{package} is configured, but is none of the tools that the project declares"
        ))
    } else {
        Adoption::Adopted
    };
    Some(ToolRun {
        tool: tool.to_owned(),
        adoption,
        invocation: None,
    })
}

/// Returns whether a tool's verdict follows from what is installed beside it.
fn depends_on_environment(package: &str) -> bool {
    matches!(package, "mypy" | "ty" | "pylint")
}

/// Returns whether a project declares a linter, formatter or type checker other than this one, so
/// that its declarations can be taken for the tools that it runs.
fn declares_another(project: &Project, package: &str) -> bool {
    const TOOLS: [&str; 8] = [
        "ruff",
        "flake8",
        "pycodestyle",
        "pylint",
        "isort",
        "black",
        "mypy",
        "ty",
    ];
    let mut others = TOOLS.iter().filter(|tool| **tool != package);
    others.any(|tool| is_declared(project, tool))
}

/// Returns whether the tree holds automation that could be read.
pub(crate) fn has_automation(automation: &Automation) -> bool {
    automation.speaking().next().is_some()
}

/// Returns whether a project names a package among what it needs for development.
pub(crate) fn is_declared(project: &Project, package: &str) -> bool {
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
        .any(|requirement| tools::names(requirement, package))
}
