//! Which lines and branches tests ran, file by file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Coverage of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCoverage {
    /// Lines that ran, ascending, from 1.
    pub executed: Vec<u32>,
    /// Statements that did not run, ascending, from 1.
    pub missing: Vec<u32>,
    /// Branches taken, as (from line, to line); a negative target leaves the function.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub executed_branches: Vec<(i32, i32)>,
    /// Branches not taken, as (from line, to line).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_branches: Vec<(i32, i32)>,
}

/// Coverage of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// By path relative to the repository.
    pub files: BTreeMap<String, FileCoverage>,
    /// Whether branches were measured.
    pub branches: bool,
}

impl Coverage {
    /// Returns how many statements and branches ran, of how many.
    pub fn counts(&self) -> (usize, usize) {
        let (mut hit, mut all) = (0, 0);
        for file in self.files.values() {
            hit += file.executed.len() + file.executed_branches.len();
            all += file.executed.len()
                + file.missing.len()
                + file.executed_branches.len()
                + file.missing_branches.len();
        }
        (hit, all)
    }

    /// Returns the covered part in percent as coverage.py counts it: statements plus branches.
    /// A project without statements is covered whole.
    pub fn percent(&self) -> f64 {
        let (hit, all) = self.counts();
        percent_covered(hit, all)
    }
}

/// Returns `hit` of `all` in percent; 100 where there is nothing to hit.
pub fn percent_covered(hit: usize, all: usize) -> f64 {
    if all == 0 {
        100.0
    } else {
        hit as f64 * 100.0 / all as f64
    }
}
