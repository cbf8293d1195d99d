//! The total coverage below which a project fails: the settings' gate, or the project's own.

use crate::adoption::has_automation;
use crate::facts::Facts;
use crate::pytest_plugins;

/// A total that is wanted, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gate {
    pub(crate) needed: f64,
    /// To how many decimal places the total is rounded before; `None` for the total as it is.
    precision: Option<u8>,
}

impl Gate {
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

/// The settings' gate, else the project's own where its automation can fail by it.
pub(crate) fn threshold(facts: &Facts<'_>) -> Option<Gate> {
    if let Some(needed) = facts.settings.coverage_gate {
        return Some(Gate {
            needed,
            precision: None,
        });
    }
    let configured = &facts.project.coverage;
    let own = configured.fail_under.filter(|needed| *needed > 0.0);
    own.filter(|_| is_heeded(facts)).map(|needed| Gate {
        needed,
        precision: Some(configured.precision),
    })
}

/// Whether the project's automation measures coverage; where there is none, a threshold speaks for itself.
fn is_heeded(facts: &Facts<'_>) -> bool {
    let measures = |arguments: &[String]| {
        arguments
            .iter()
            .any(|argument| argument.starts_with("--cov"))
    };
    !has_automation(facts.automation)
        || pytest_plugins::is_given(facts.project, "--cov")
        || facts.automation.speaking().any(|run| {
            run.tool.starts_with("coverage") || (run.tool == "pytest" && measures(&run.arguments))
        })
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
