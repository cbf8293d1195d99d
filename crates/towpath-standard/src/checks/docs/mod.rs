//! `docs`: sphinx or mkdocs, as the project runs it: what makes its command fail blocks.

mod command;
mod environment;
mod excuse;

use towpath_python::PythonVersion;
use towpath_report::text::counted;
use towpath_report::{CheckResult, Finding};

use super::{Check, gathered, not_blocking};
use crate::adoption::{Adoption, ToolRun, adopted, has_automation};
use crate::facts::{Facts, NeededCheck};
use crate::work::{Applies, Network, Partial, ToolWork, TreeUse, Work};
use excuse::Excuses;

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
        let runs = runs(facts);
        let first = runs.first();
        let unrun = first.filter(|run| run.invocation.is_none() && !facts.settings.standard);
        if let Some(why) = unrun.and_then(ToolRun::note) {
            return Applies::Skip(format!("{} is configured, {why}", docs.config));
        }
        Applies::Work(Box::new(Work::Tool(ToolWork {
            tree: TreeUse::Private,
            network: Network::OnFailure,
            executes_project: true,
            key: vec![
                ("blocks".to_owned(), blocks(&runs).to_string()),
                ("git".to_owned(), (!facts.git_state.is_empty()).to_string()),
            ],
            notes: first
                .and_then(ToolRun::note)
                .map(str::to_owned)
                .into_iter()
                .collect(),
            ..ToolWork::of(
                environment::environment(facts),
                command::commands(facts, docs, &runs),
            )
        })))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        let blocks = blocks(&runs(facts)) || facts.settings.standard;
        let builds = found.len();
        let mut unjudged: Vec<String> = found
            .iter()
            .filter_map(|partial| Excuses::of(facts, &partial.findings).unjudged(&partial.findings))
            .collect();
        let is_judged = unjudged.len() < builds;
        unjudged.dedup();
        let mut result = gathered(found);
        result.findings = once(result.findings);
        for finding in &mut result.findings {
            finding.blocking &= blocks;
            locate(facts, finding);
        }
        let excuses = Excuses::of(facts, &result.findings);
        result.findings.retain_mut(|finding| {
            finding.blocking &= !excuses.cover(finding);
            !excuses.are_here(finding)
        });
        let blocking = result
            .findings
            .iter()
            .filter(|finding| finding.blocking)
            .count();
        result.failed = blocking > 0;
        result.summary = match (blocking, result.findings.len()) {
            (0, 0) => "no warning".to_owned(),
            (0, _) => not_blocking(&result.findings, "warning"),
            (number, _) => counted(number, "problem"),
        };
        if is_judged {
            let unjudged = unjudged.iter();
            let notes = unjudged.map(|why| format!("one of {builds} builds is not judged: {why}"));
            result.notes.extend(notes);
        } else if !result.failed {
            result.skipped = unjudged.swap_remove(0);
        }
        result
    }

    fn is_undecided(&self, facts: &Facts<'_>, found: &[Partial]) -> bool {
        let all: Vec<Finding> = found
            .iter()
            .flat_map(|partial| partial.findings.clone())
            .collect();
        blocks(&runs(facts)) && excuse::lacks_inventories(&all)
    }
}

/// Returns whether a broken build blocks.
fn blocks(runs: &[ToolRun]) -> bool {
    runs.iter().any(ToolRun::blocks)
}

/// Keeps one of those findings that several builds of the same documentation report.
fn once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        let is_same =
            |other: &&mut Finding| other.message == finding.message && other.place == finding.place;
        match kept.iter_mut().find(is_same) {
            Some(other) => other.blocking |= finding.blocking,
            None => kept.push(finding),
        }
    }
    kept
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
        *place = facts.line_of(&place.path, |line| line.contains(link));
    }
}

/// Returns how the project builds its documentation: every way that can fail, else one that cannot.
fn runs(facts: &Facts<'_>) -> Vec<ToolRun> {
    let tools = command::tool_names(facts);
    let mut runs = adopted(facts, tools);
    runs.retain(|run| run.invocation.as_ref().is_some_and(command::is_build));
    if blocks(&runs) {
        runs.retain(ToolRun::blocks);
    } else {
        runs.truncate(1);
    }
    if runs.is_empty() {
        runs.push(ToolRun {
            tool: tools
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
        });
    }
    runs
}
