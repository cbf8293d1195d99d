//! The total coverage below which a project fails: the settings' gate, or the project's own.

use towpath_python::Invocation;

use crate::adoption::has_automation;
use crate::facts::{Facts, is_below};
use crate::pytest_plugins;

/// A total that is wanted, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gate {
    pub(crate) needed: f64,
    /// To how many decimal places the total is rounded before; `None` for the total as it is.
    precision: Option<u8>,
}

impl Gate {
    /// Returns whether the project itself sets it, not the settings of this program.
    pub(crate) fn is_own(self) -> bool {
        self.precision.is_some()
    }

    /// Returns whether a total is too low. Of a project's own gate coverage.py rounds the total first, to as
    /// many places as the threshold has at least; only 100 must be reached exactly.
    pub(crate) fn fails(self, percent: f64) -> bool {
        let Some(precision) = self.precision.filter(|_| self.needed < 100.0) else {
            return percent + 1e-9 < self.needed;
        };
        let written = self.needed.to_string();
        let places = written
            .split_once('.')
            .map_or(0, |(_, places)| places.len());
        let places = places.max(usize::from(precision));
        let rounded = format!("{percent:.places$}").parse().unwrap_or(percent);
        rounded < self.needed
    }
}

/// Returns the settings' gate, else the project's own where its automation can fail by it: of several ways
/// to hold the total against a threshold the lowest.
pub(crate) fn threshold(facts: &Facts<'_>) -> Option<Gate> {
    if let Some(needed) = facts.settings.coverage_gate {
        return Some(Gate {
            needed,
            precision: None,
        });
    }
    let own = own_threshold(facts).filter(|needed| *needed > 0.0);
    own.map(|needed| Gate {
        needed,
        precision: Some(facts.project.coverage.precision),
    })
}

/// Commands of coverage.py that compare the total with the threshold.
const REPORTS: [&str; 5] = [
    "coverage report",
    "coverage xml",
    "coverage html",
    "coverage json",
    "coverage lcov",
];

fn own_threshold(facts: &Facts<'_>) -> Option<f64> {
    let configured = facts.project.coverage.fail_under;
    let measured_by_options = pytest_plugins::is_given(facts.project, "--cov");
    let lowest = |thresholds: &mut dyn Iterator<Item = f64>| thresholds.min_by(f64::total_cmp);
    let mut of_reports = REPORTS
        .iter()
        .flat_map(|tool| heeded(facts, tool))
        .filter(|report| is_about_all(&report.arguments))
        .filter_map(|report| given(&report.arguments, "--fail-under").or(configured));
    if let Some(of_reports) = lowest(&mut of_reports) {
        return Some(of_reports);
    }
    let measures = |call: &&Invocation| {
        let mut arguments = call.arguments.iter();
        measured_by_options || arguments.any(|argument| argument.starts_with("--cov"))
    };
    let calls = heeded(facts, "pytest");
    let mut of_calls = calls
        .filter(measures)
        .filter_map(|call| given(&call.arguments, "--cov-fail-under").or(configured));
    lowest(&mut of_calls).or_else(|| {
        // Where no automation measures, a threshold speaks for itself.
        configured.filter(|_| measured_by_options || !has_automation(facts.automation))
    })
}

/// Returns the commands by which the automation runs a tool for the project, where they can fail.
fn heeded<'a>(facts: &'a Facts<'_>, tool: &str) -> impl Iterator<Item = &'a Invocation> {
    let chosen = facts.automation.chosen(tool).into_iter();
    chosen.filter(|one| {
        one.can_fail && facts.automation.runs_unasked(one) && is_of_project(facts, one)
    })
}

/// Returns whether no other project lies nearer to the folder that a command runs in.
fn is_of_project(facts: &Facts<'_>, invocation: &Invocation) -> bool {
    let holders = facts
        .projects
        .iter()
        .filter(|project| is_below(&invocation.folder, &project.root));
    let nearest = holders.max_by_key(|project| project.root.len());
    nearest.is_none_or(|nearest| nearest.root == facts.project.root)
}

/// Returns whether a report is about everything that was measured.
fn is_about_all(arguments: &[String]) -> bool {
    let narrows = |argument: &String| {
        ["--include", "--omit", "--contexts"]
            .iter()
            .any(|option| argument.starts_with(option))
    };
    !arguments.iter().any(narrows)
}

/// Returns the number that an option is given, joined or in the next argument.
fn given(arguments: &[String], option: &str) -> Option<f64> {
    let at = arguments
        .iter()
        .position(|argument| argument.split('=').next() == Some(option))?;
    let value = match arguments[at].split_once('=') {
        Some((_, value)) => value,
        None => arguments.get(at + 1)?,
    };
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_is_rounded_as_coverage_does() {
        for (needed, precision, percent, expected) in [
            (95.0, Some(0), 94.6, false),
            (95.0, Some(0), 94.4, true),
            (95.0, Some(1), 94.6, true),
            (95.0, Some(1), 94.96, false),
            (94.5, Some(0), 94.46, false),
            (100.0, Some(0), 99.99, true),
            (100.0, Some(0), 100.0, false),
            (95.0, None, 94.6, true),
        ] {
            let gate = Gate { needed, precision };
            assert_eq!(gate.fails(percent), expected, "{gate:?} {percent}");
        }
    }
}
