//! `format`: the project's formatters, asked only whether files are formatted.

use towpath_python::PythonVersion;
use towpath_report::CheckResult;

use super::lint::{fix_work, is_python, linter_work};
use super::linted::conclude;
use super::{Check, Scope};
use crate::adoption::{Adoption, ToolRun, adopted};
use crate::facts::{Facts, NeededCheck};
use crate::work::{Applies, Partial, ToolWork, Work};

/// Formatters in the order in which they are run.
const TOOLS: [&str; 4] = ["ruff format", "black", "yapf", "autopep8"];

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "format"
    }

    fn about(&self) -> &'static str {
        "asks the project's formatters whether files are formatted"
    }

    fn scope(&self) -> Scope {
        Scope::Repository
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

/// Returns how formatters are run. A `[tool.ruff]` table says nothing of formatting, so without a
/// command that formats, ruff is advice.
fn runs(facts: &Facts<'_>) -> Vec<ToolRun> {
    let mut runs = adopted(facts, &TOOLS);
    for run in &mut runs {
        let only_configured = run.invocation.is_none() && run.tool == "ruff format";
        if only_configured && run.adoption == Adoption::Adopted {
            run.adoption =
                Adoption::Advice("ruff is configured, but nothing says that it formats".to_owned());
        }
    }
    // Beside a formatter that is run, one that is only declared would undo its work.
    if runs.iter().any(|run| run.invocation.is_some()) {
        runs.retain(|run| run.invocation.is_some());
    }
    if runs.is_empty() {
        runs.push(ToolRun {
            tool: "ruff format".to_owned(),
            adoption: if facts.settings.standard {
                Adoption::Adopted
            } else {
                Adoption::Advice(
                    "the project has no formatter; the standard's is advice".to_owned(),
                )
            },
            invocation: None,
        });
    }
    runs
}
