//! Why a total below the project's own threshold is no verdict on it: tests that the archive of a release
//! leaves out, and lines for Pythons that were not run.

use std::collections::BTreeMap;

use towpath_report::Coverage;
use towpath_report::text::counted;

use crate::checks::tests::is_not_judged;
use crate::coverage_gate::Gate;
use crate::facts::{Facts, NeededCheck};
use crate::work::Partial;

const NOT_JUDGED: &str = "tests that were not judged";
const OTHER_PYTHONS: &str = "missed lines for some Pythons";

/// What is known beside the coverage itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// How many tests could not run for what the release leaves out.
    not_judged: usize,
    /// How many of the missed lines stand under a condition on the version of Python.
    other_pythons: usize,
}

impl Told {
    /// Returns what the commands told.
    pub(super) fn of(found: &[Partial]) -> Self {
        let number = |name: &str| {
            let told = found.iter().find_map(|partial| partial.facts.get(name));
            told.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
        };
        Self {
            not_judged: number(NOT_JUDGED),
            other_pythons: number(OTHER_PYTHONS),
        }
    }

    /// Returns the numbers as facts of a command.
    pub(super) fn facts(not_judged: &str, other_pythons: &str) -> BTreeMap<String, String> {
        [(NOT_JUDGED, not_judged), (OTHER_PYTHONS, other_pythons)]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into()
    }
}

/// Counts the tests that could not run for what the release leaves out.
pub(super) fn not_judged(needs: &[NeededCheck<'_>]) -> usize {
    let cases = needs.iter().flat_map(|needed| &needed.result.tests);
    cases.filter(|case| is_not_judged(case)).count()
}

/// Returns why a missed threshold says nothing; `None` where it does.
pub(super) fn excuse(
    facts: &Facts<'_>,
    told: Told,
    coverage: &Coverage,
    gate: Gate,
) -> Option<String> {
    if !gate.is_own() {
        return None;
    }
    if told.not_judged > 0 {
        let tests = counted(told.not_judged, "test");
        return Some(format!("the release leaves out what {tests} need"));
    }
    if facts.is_release() && !facts.automation.has_ci {
        return Some("the release may leave out tests".to_owned());
    }
    let pythons = &facts.pythons;
    let others = pythons.missing.len() + pythons.left_out.len();
    let (hit, all) = coverage.counts();
    let missed = (gate.needed * all as f64 / 100.0).ceil() - hit as f64;
    let explained = told.other_pythons;
    (others > 0 && explained > 0 && missed <= explained as f64).then(|| {
        let lines = counted(told.other_pythons, "line");
        format!(
            "{lines} of what is missed depend on the Python, and not all of its Pythons were run"
        )
    })
}
