//! Which of the automation's commands speak for the project: CI before pre-commit before the rest.
//! Knows the rule of adoption; does not know what a tool does, nor which checks towpath offers.

use super::model::{Automation, AutomationKind, Invocation};
use super::tools;

/// Whose word counts, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// CI runs it for a push or a pull request.
    Ci,
    /// Only pre-commit runs it.
    PreCommit,
    /// CI runs it by schedule, tag or hand.
    CiSometimes,
    /// tox, nox, make or a script describes it, and nothing seen calls it.
    Rest,
}

fn standing(invocation: &Invocation) -> Standing {
    match (invocation.reached_from_ci, invocation.on_change) {
        (true, true) => Standing::Ci,
        (true, false) if invocation.kind != AutomationKind::PreCommit => Standing::CiSometimes,
        _ if invocation.kind == AutomationKind::PreCommit => Standing::PreCommit,
        _ => Standing::Rest,
    }
}

impl Automation {
    /// Returns every command that the automation gives, for all tools, where its word counts:
    /// what tox, nox, make and scripts describe uncalled counts only where CI is absent or could
    /// not be followed whole.
    pub fn speaking(&self) -> impl Iterator<Item = &Invocation> {
        self.invocations
            .iter()
            .filter(|invocation| standing(invocation) != Standing::Rest || !self.ci_is_whole)
    }

    /// Returns the commands by which the project runs a tool: those of the best standing that can
    /// fail, else those of the best standing that cannot. Empty where nothing runs it.
    pub fn chosen(&self, tool: &str) -> Vec<&Invocation> {
        let mut chosen: Vec<&Invocation> =
            self.speaking().filter(|invocation| invocation.tool == tool).collect();
        if chosen.iter().any(|invocation| invocation.can_fail) {
            chosen.retain(|invocation| invocation.can_fail);
        }
        if let Some(best) = chosen.iter().map(|invocation| standing(invocation)).min() {
            chosen.retain(|invocation| standing(invocation) == best);
        }
        chosen
    }

    /// Returns what the automation checks beyond the tools that towpath knows, each command once.
    /// Programs that prepare, move or publish things are no checks.
    pub fn other_checks(&self) -> Vec<&Invocation> {
        let mut others: Vec<&Invocation> = Vec::new();
        for invocation in self.speaking() {
            let counts = invocation.can_fail
                && standing(invocation) != Standing::CiSometimes
                && !tools::is_covered(&invocation.tool);
            let is_same = |other: &&Invocation| {
                other.tool == invocation.tool
                    && (other.arguments == invocation.arguments || tools::is_named(&other.tool))
            };
            if counts && !others.iter().any(is_same) {
                others.push(invocation);
            }
        }
        others
    }
}

/// Returns the command by which the project runs a tool, or `None` where nothing runs it.
/// A tool whose command has `can_fail` is adopted; without it the tool is only advice.
pub fn adoption<'a>(automation: &'a Automation, tool: &str) -> Option<&'a Invocation> {
    automation.chosen(tool).into_iter().next()
}
