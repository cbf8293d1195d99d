//! `docs`: sphinx or mkdocs, with warnings as the project sets them.

mod command;
mod environment;

use towpath_python::{DocsTool, PythonVersion};
use towpath_report::{CheckResult, Finding, Severity};

use super::{Check, count, gathered, line_of, not_blocking};
use crate::adoption::{Adoption, ToolRun, adopted, has_automation};
use crate::facts::{Facts, NeededCheck};
use crate::work::{Applies, Inputs, Network, Partial, ToolWork, TreeUse, Work};
use command::{mkdocs_command, sphinx_command};
use environment::environment;

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "docs"
    }

    fn about(&self) -> &'static str {
        "builds the documentation"
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        _python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        let Some(docs) = &facts.project.docs else {
            return Applies::Skip("no sphinx or mkdocs configuration".to_owned());
        };
        let run = run(facts);
        if let (Some(why), None, false) = (run.note(), &run.invocation, facts.settings.standard) {
            return Applies::Skip(format!("{} is configured, {why}", docs.config));
        }
        let strict = is_strict(&run);
        let command = match docs.tool {
            DocsTool::Sphinx => sphinx_command(facts, &run, strict),
            DocsTool::Mkdocs => mkdocs_command(facts, strict),
        };
        Applies::Work(Box::new(Work::Tool(ToolWork {
            environment: environment(facts),
            tree: TreeUse::Private,
            network: Network::OnFailure,
            inputs: Inputs {
                globs: Vec::new(),
                endings: Vec::new(),
                observed: true,
                names: true,
            },
            executes_project: true,
            builds: false,
            commands: vec![command],
            scan: None,
            support_files: Vec::new(),
            artifacts: Vec::new(),
            key: vec![("blocks".to_owned(), run.blocks().to_string())],
            notes: Vec::new(),
        })))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        let run = run(facts);
        let counts = run.blocks() || facts.settings.standard;
        let is_strict = is_strict(&run);
        let mut result = gathered(found);
        let lacks_inventories = result.findings.iter().any(is_unreachable);
        for finding in &mut result.findings {
            let broken = finding.severity == Severity::Error;
            let excused = is_unreachable(finding) || (lacks_inventories && is_reference(finding));
            finding.blocking = counts && (is_strict || broken) && !excused;
            locate(facts, finding);
        }
        let blocking = result
            .findings
            .iter()
            .filter(|finding| finding.blocking)
            .count();
        result.failed = blocking > 0;
        result.summary = match (blocking, result.findings.len()) {
            (0, 0) => "no warning".to_owned(),
            (0, all) => not_blocking(all, "warning"),
            (number, _) => count(number, "problem"),
        };
        result
    }
}

/// mkdocs names the page of a broken link and not its line.
fn locate(facts: &Facts<'_>, finding: &mut Finding) {
    let Some((_, rest)) = finding.message.split_once("contains a link '") else {
        return;
    };
    let Some((link, _)) = rest.split_once('\'') else {
        return;
    };
    if let Some(place) = finding.place.as_mut().filter(|place| place.line == 0) {
        *place = line_of(facts, &place.path, |line| line.contains(link));
    }
}

/// An inventory of another project that this machine cannot fetch is no fault of the documentation.
fn is_unreachable(finding: &Finding) -> bool {
    finding
        .message
        .contains("failed to reach any of the inventories")
        || finding.message.contains("intersphinx inventory")
}

/// Returns whether a finding is a reference that sphinx could not resolve: without the inventories of
/// other projects nobody can tell a wrong one from one that leads there.
fn is_reference(finding: &Finding) -> bool {
    finding.rule.starts_with("ref.") || finding.message.contains("reference target not found")
}

fn tool_names(facts: &Facts<'_>) -> &'static [&'static str] {
    match facts.project.docs.as_ref().map(|docs| docs.tool) {
        Some(DocsTool::Mkdocs) => &["mkdocs"],
        _ => &["sphinx-build"],
    }
}

fn run(facts: &Facts<'_>) -> ToolRun {
    let none = ToolRun {
        tool: tool_names(facts)
            .first()
            .map_or_else(String::new, |tool| (*tool).to_owned()),
        adoption: if has_automation(facts.automation) {
            Adoption::Advice("run by none of the project's automation".to_owned())
        } else if facts.is_release() {
            Adoption::Advice("but how it is built was left out of the release".to_owned())
        } else {
            Adoption::Adopted
        },
        invocation: None,
    };
    adopted(facts, tool_names(facts))
        .into_iter()
        .find(|run| {
            run.invocation.as_ref().is_some_and(|invocation| {
                // Serving and publishing build too, but they are no checks.
                !invocation.arguments.iter().any(|argument| {
                    matches!(argument.as_str(), "serve" | "gh-deploy" | "linkcheck")
                })
            })
        })
        .unwrap_or(none)
}

fn is_strict(run: &ToolRun) -> bool {
    run.invocation.as_ref().is_some_and(|invocation| {
        invocation.arguments.iter().any(|argument| {
            matches!(
                argument.as_str(),
                "-W" | "--fail-on-warning" | "--strict" | "-s"
            ) || (argument.starts_with('-')
                && !argument.starts_with("--")
                && argument.contains('W'))
        })
    })
}
