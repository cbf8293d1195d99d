//! The checks of the standard: one file each, one line each in the table below.
//!
//! A check says when it applies, what its work is and how its findings are judged. It starts nothing.

mod build;
mod coverage;
mod custom;
mod docs;
mod format;
mod integration;
mod lint;
mod linted;
mod secrets;
mod security;
mod tests;
mod types;
mod version;
mod wheel;
mod workflows;

use towpath_python::PythonVersion;
use towpath_report::text::counted;
use towpath_report::{CheckResult, Finding};

use crate::facts::{Facts, NeededCheck};
use crate::work::{Applies, Partial, ToolWork};

/// What part of a repository one job of a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The whole repository, once.
    Repository,
    /// Each project.
    Project,
}

/// A check of the standard.
pub trait Check: Sync {
    /// Returns its name: `lint`.
    fn name(&self) -> &'static str;

    /// Returns in a sentence what it checks.
    fn about(&self) -> &'static str;

    /// Returns what one job of it is about.
    fn scope(&self) -> Scope {
        Scope::Project
    }

    /// Returns the Pythons it runs on; `None` for a job without one.
    fn matrix(&self, _facts: &Facts<'_>) -> Vec<Option<PythonVersion>> {
        vec![None]
    }

    /// Returns the checks whose results it uses.
    fn needs(&self, _facts: &Facts<'_>) -> &'static [&'static str] {
        &[]
    }

    /// Returns whether it runs even when a check that it needs failed.
    fn runs_after_failure(&self) -> bool {
        false
    }

    /// Returns whether it applies and its work. Only looks at facts; called again on every run.
    fn work(
        &self,
        facts: &Facts<'_>,
        python: Option<PythonVersion>,
        needs: &[NeededCheck<'_>],
    ) -> Applies;

    /// Returns the work of mending what the tools can mend; `None` where they mend nothing.
    fn fix(&self, _facts: &Facts<'_>) -> Option<ToolWork> {
        None
    }

    /// Judges what the tools found: what blocks, what the summary says.
    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult;

    /// Returns whether what the tools found would be judged otherwise if they had reached the network.
    fn is_undecided(&self, _facts: &Facts<'_>, _found: &[Partial]) -> bool {
        false
    }
}

pub use custom::CustomCheckDefinition;

/// Every check, in the order in which they are planned and shown: what takes longest first.
pub const CHECKS: &[&dyn Check] = &[
    &tests::Definition,
    &wheel::Definition,
    &build::Definition,
    &docs::Definition,
    &secrets::Definition,
    &types::Definition,
    &coverage::Definition,
    &integration::Definition,
    &security::Definition,
    &lint::Definition,
    &format::Definition,
    &version::Definition,
    &workflows::Definition,
];

/// Returns the check with a name.
pub fn check(name: &str) -> Option<&'static dyn Check> {
    CHECKS.iter().copied().find(|check| check.name() == name)
}

/// Joins what several commands found, in order, without judging.
pub(crate) fn gathered(found: Vec<Partial>) -> CheckResult {
    let mut result = CheckResult::default();
    for partial in found {
        result.findings.extend(partial.findings);
        result.tests.extend(partial.tests);
        result.notes.extend(partial.notes);
        result.errors.extend(partial.errors);
        result.coverage = partial.coverage.or(result.coverage);
    }
    result
}

/// Returns a count of what does not block, and whose it is: `2 findings of ruff, not blocking`.
pub(crate) fn not_blocking(findings: &[Finding], noun: &str) -> String {
    let mut tools: Vec<&str> = Vec::new();
    for finding in findings {
        if !tools.contains(&finding.tool.as_str()) {
            tools.push(&finding.tool);
        }
    }
    let found = counted(findings.len(), noun);
    format!("{found} of {}, not blocking", tools.join(" and "))
}
