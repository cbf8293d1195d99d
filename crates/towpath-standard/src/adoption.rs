//! Whether a project has adopted a tool, and how it runs it.
//!
//! A tool is adopted when the project's own automation runs it where it can fail; where a tree holds
//! no automation, when it is configured or declared. What is not adopted is advice.
//!
//! The archive of a release is a tree from which automation and settings were left out, so that it
//! tells less than a repository does: there the word of a tool counts only as far as the archive says
//! how it is run.

use fancy_regex::Regex;
use towpath_python::{Automation, AutomationKind, Invocation};
use towpath_report::Finding;

use crate::facts::Facts;
use crate::{pytest_plugins, tools};

/// Where a tool stands with a project.
#[derive(Debug, Clone, PartialEq)]
pub enum Adoption {
    /// The project runs it and heeds it: its findings block.
    Adopted,
    /// The project runs it, in a version that nobody knows: what every version finds blocks. Says why.
    Doubted(String),
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
    /// Returns whether all findings of the tool block.
    pub fn blocks(&self) -> bool {
        self.adoption == Adoption::Adopted
    }

    /// Returns whether a finding of the tool blocks.
    pub(crate) fn blocks_for(&self, finding: &Finding) -> bool {
        match &self.adoption {
            Adoption::Adopted => true,
            Adoption::Doubted(_) => is_settled(finding),
            Adoption::Advice(_) => false,
        }
    }

    /// Returns whether nothing tells on which files and with which options the project runs the tool: its command
    /// line does, and the archive of a release has none.
    pub(crate) fn lacks_command_line(&self, facts: &Facts<'_>) -> bool {
        matches!(self.tool.as_str(), "flake8" | "pycodestyle")
            && self.invocation.is_none()
            && facts.is_release()
    }

    /// Returns what a reader should know of how the tool stands.
    pub(crate) fn note(&self) -> Option<&str> {
        match &self.adoption {
            Adoption::Adopted => None,
            Adoption::Doubted(why) | Adoption::Advice(why) => Some(why),
        }
    }
}

/// Which files a command is handed: a hook of pre-commit those of its patterns, anything else what its own
/// arguments name. A pattern that cannot be read here hands over everything.
pub(crate) struct HandedOver {
    files: Option<Regex>,
    exclude: Option<Regex>,
}

impl HandedOver {
    pub(crate) fn by(invocation: &Invocation) -> Self {
        let is_hook = invocation.kind == AutomationKind::PreCommit;
        let regex = |pattern: &Option<String>| {
            let pattern = pattern.as_deref().filter(|_| is_hook)?;
            Regex::new(pattern).ok()
        };
        Self {
            files: regex(&invocation.files_pattern),
            exclude: regex(&invocation.exclude_pattern),
        }
    }

    pub(crate) fn holds(&self, path: &str) -> bool {
        let fits = |regex: &Option<Regex>, default: bool| {
            let answer = regex.as_ref().and_then(|regex| regex.is_match(path).ok());
            answer.unwrap_or(default)
        };
        fits(&self.files, true) && !fits(&self.exclude, false)
    }
}

/// Returns the Python files that a hook of pre-commit hands to its tool.
pub(crate) fn handed_files(facts: &Facts<'_>, hook: &Invocation) -> Vec<String> {
    let handed = HandedOver::by(hook);
    let files = facts.tree.files().keys();
    files
        .filter(|path| path.ends_with(".py") || path.ends_with(".pyi"))
        .filter(|path| handed.holds(path))
        .cloned()
        .collect()
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
            let adoption = if !invocation.can_fail {
                Adoption::Advice(format!(
                    "at {} {tool} runs so that it cannot fail",
                    invocation.place
                ))
            } else if lacks_settings(facts, tool, invocation) {
                Adoption::Advice(format!(
                    "{tool} is run at {}, but its settings may have been left out of the release",
                    invocation.place
                ))
            } else if is_left_to_pytest(facts, tool, invocation) {
                of_pytest(package_of(tool))
            } else if facts.automation.runs_unasked(invocation) {
                Adoption::Adopted
            } else {
                let asked = invocation.via.last().map_or("a task", String::as_str);
                Adoption::Advice(format!("only {asked} runs {tool}, and nothing asks for it"))
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
    let package = package_of(tool);
    let has_configuration = facts.project.tool(package).is_some();
    if !has_configuration && !tools::is_declared(facts.project, package) {
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
    } else if tools::is_declared(facts.project, &format!("pytest-{package}")) {
        if !has_configuration {
            return None;
        }
        of_pytest(package)
    } else if facts.is_release() {
        of_release(facts, package, has_configuration)
    } else {
        Adoption::Adopted
    };
    Some(ToolRun {
        tool: tool.to_owned(),
        adoption,
        invocation: None,
    })
}

/// Returns the package that brings a tool.
fn package_of(tool: &str) -> &str {
    tool.split(' ').next().unwrap_or(tool)
}

/// Returns whether pytest runs a tool beside the tests, in the version that is installed there, while the
/// hook of pre-commit, in a version of its own, is run by no CI.
fn is_left_to_pytest(facts: &Facts<'_>, tool: &str, invocation: &Invocation) -> bool {
    invocation.kind == AutomationKind::PreCommit
        && !invocation.reached_from_ci
        && pytest_plugins::is_given(facts.project, &format!("--{}", package_of(tool)))
}

fn of_pytest(package: &str) -> Adoption {
    Adoption::Advice(format!(
        "{package} is run by pytest, through pytest-{package}"
    ))
}

/// Returns whether a tool that is mostly configured in a file of its own has no settings in the archive of
/// a release. An archive that holds the files of CI or of pre-commit holds such files as well.
fn lacks_settings(facts: &Facts<'_>, tool: &str, invocation: &Invocation) -> bool {
    let is_configured_apart = matches!(
        tool,
        "flake8" | "pycodestyle" | "pylint" | "bandit" | "mypy" | "isort" | "yapf" | "autopep8"
    );
    is_configured_apart
        && facts.is_release()
        && !invocation.reached_from_ci
        && invocation.kind != AutomationKind::PreCommit
        && facts.project.tool(tool).is_none()
}

/// Returns how a tool stands that the archive of a release configures or declares.
fn of_release(facts: &Facts<'_>, package: &str, has_configuration: bool) -> Adoption {
    if !has_configuration {
        return Adoption::Advice(format!(
            "{package} is declared, but how it is run and configured was left out of the release"
        ));
    }
    if depends_on_environment(package) {
        return Adoption::Advice(format!(
            "{package} is configured, but what it runs beside was left out of the release"
        ));
    }
    if tools::is_pinned(package, facts.project) {
        return Adoption::Adopted;
    }
    Adoption::Doubted(format!(
        "{package} is configured in a release that names no version of it; only what every version finds blocks"
    ))
}

/// Returns whether a tool's verdict follows from what is installed beside it.
fn depends_on_environment(package: &str) -> bool {
    matches!(
        package,
        "mypy" | "ty" | "pyright" | "basedpyright" | "pylint"
    )
}

/// Returns whether every version of a tool finds the same by a rule, however the defaults change: those
/// of pyflakes, and of ruff also those of pycodestyle and isort, which it has kept as they are.
fn is_settled(finding: &Finding) -> bool {
    let family = finding.rule.trim_end_matches(|c: char| c.is_ascii_digit());
    match finding.tool.as_str() {
        "ruff" => matches!(family, "E" | "F" | "W" | "I" | "invalid-syntax"),
        "flake8" => family == "F" || finding.rule.starts_with("E9"),
        _ => false,
    }
}

/// Returns whether the tree holds automation that could be read.
pub(crate) fn has_automation(automation: &Automation) -> bool {
    automation.speaking().next().is_some()
}
