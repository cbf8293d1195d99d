//! The ratchet, under which the findings of a check may become fewer, never more.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use towpath_report::Finding;

/// How many findings are tolerated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ratchet {
    /// A number for the whole check.
    pub max_warnings: Option<usize>,
    /// Whether the baseline file counts.
    pub baseline: bool,
}

/// Name of the baseline file in the repository's root.
pub const BASELINE_FILE: &str = "towpath-baseline.json";

/// How many findings each file and rule of each check may have: check, path, rule, count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Baseline(pub BTreeMap<String, BTreeMap<String, BTreeMap<String, usize>>>);

impl Baseline {
    /// Returns the baseline with what a check found in place of what it held for that check.
    #[must_use]
    pub fn with(mut self, check: &str, findings: &[Finding]) -> Self {
        let mut files: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        for finding in findings {
            let path = finding
                .place
                .as_ref()
                .map_or("", |place| place.path.as_str());
            *files
                .entry(path.to_owned())
                .or_default()
                .entry(finding.rule.clone())
                .or_default() += 1;
        }
        self.0.insert(check.to_owned(), files);
        self
    }

    /// Returns how many findings of a rule a file may have.
    pub(crate) fn allowed(&self, check: &str, path: &str, rule: &str) -> usize {
        let files = self.0.get(check);
        files
            .and_then(|files| files.get(path))
            .and_then(|rules| rules.get(rule))
            .copied()
            .unwrap_or(0)
    }
}
