//! Reads the report of `coverage json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Paths, ReadError, json};
use crate::{Coverage, FileCoverage};

/// What coverage.py is asked with; the path of the report follows.
pub const ARGUMENTS: &[&str] = &["json", "--quiet", "--fail-under=0", "-o"];

#[derive(Deserialize)]
struct Report {
    meta: Meta,
    files: BTreeMap<String, File>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    branch_coverage: bool,
}

#[derive(Deserialize)]
struct File {
    executed_lines: Vec<u32>,
    missing_lines: Vec<u32>,
    #[serde(default)]
    excluded_lines: Vec<u32>,
    #[serde(default)]
    executed_branches: Vec<(i32, i32)>,
    #[serde(default)]
    missing_branches: Vec<(i32, i32)>,
}

/// Returns the coverage in a JSON report.
pub fn read(report: &[u8], paths: &Paths<'_>) -> Result<Coverage, ReadError> {
    let report: Report = json::parse("coverage", report)?;
    let files = report
        .files
        .into_iter()
        .map(|(path, file)| (paths.relative(&path), covered(file)));
    Ok(Coverage {
        files: files.collect(),
        branches: report.meta.branch_coverage,
    })
}

fn covered(file: File) -> FileCoverage {
    let mut executed = file.executed_lines;
    // Excluded lines that ran are listed as executed, but are no statements.
    executed.retain(|line| !file.excluded_lines.contains(line));
    executed.sort_unstable();
    let mut missing = file.missing_lines;
    missing.sort_unstable();
    FileCoverage {
        executed,
        missing,
        executed_branches: file.executed_branches,
        missing_branches: file.missing_branches,
    }
}
