//! A check that the project adds in `[tool.towpath.checks.NAME]`: a command, its inputs, whether it blocks.

use std::collections::BTreeMap;

use towpath_python::PythonVersion;
use towpath_report::{CheckResult, Finding, Severity};

use super::{Check, gathered};
use crate::facts::{Facts, NeededCheck};
use crate::settings::CustomCheck;
use crate::work::{
    Applies, Command, EnvironmentNeed, Inputs, Network, Output, Partial, ProjectInstall, ToolWork,
    TreeUse, Work,
};

/// A check of a project's own.
pub struct CustomCheckDefinition {
    declaration: CustomCheck,
}

impl CustomCheckDefinition {
    /// Returns the check that a declaration describes.
    pub fn new(declaration: CustomCheck) -> Self {
        Self { declaration }
    }
}

impl Check for CustomCheckDefinition {
    fn name(&self) -> &'static str {
        "custom"
    }

    fn about(&self) -> &'static str {
        "runs a command of the project's own"
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        _python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        let declaration = &self.declaration;
        if declaration.command.is_empty() {
            return Applies::Skip(format!(
                "`command` is not set in `[tool.towpath.checks.{}]`",
                declaration.name
            ));
        }
        let environment = EnvironmentNeed {
            project: if facts.project.is_package {
                ProjectInstall::Editable
            } else {
                ProjectInstall::No
            },
            ..EnvironmentNeed::of(facts.newest_python(), declaration.requirements.clone())
        };
        let command = Command {
            tool: declaration.name.clone(),
            arguments: declaration.command.clone(),
            environment: BTreeMap::new(),
            folder: facts.project.root.clone(),
            reads_stdout: false,
            read: read_command,
            hint: declaration.name.clone(),
        };
        Applies::Work(Box::new(Work::Tool(ToolWork {
            tree: TreeUse::Private,
            network: Network::OnFailure,
            inputs: Inputs {
                globs: declaration.inputs.clone(),
                ..Inputs::opened()
            },
            executes_project: true,
            key: vec![("name".to_owned(), declaration.name.clone())],
            ..ToolWork::of(environment, vec![command])
        })))
    }

    fn conclude(&self, _facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        let mut result = gathered(found);
        result.failed = !result.findings.is_empty();
        result.summary = if result.failed { "failed" } else { "passed" }.to_owned();
        result
    }
}

fn read_command(output: &Output<'_>) -> Result<Partial, String> {
    let mut partial = Partial::default();
    if output.exit != 0 {
        partial.findings.push(Finding {
            tool: output.hint.to_owned(),
            rule: format!("exit code {}", output.exit),
            rule_url: None,
            message: output.last_lines(10),
            place: None,
            severity: Severity::Error,
            fixable: false,
            blocking: true,
        });
    }
    Ok(partial)
}
