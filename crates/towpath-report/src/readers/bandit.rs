//! Reads `bandit -f json`.

use serde::Deserialize;

use super::{Paths, ReadError, json};
use crate::{Finding, Place, Severity};

/// What bandit is asked with.
pub const ARGUMENTS: &[&str] = &["--quiet", "--format", "json"];

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    errors: Vec<Unread>,
    results: Vec<Reported>,
}

#[derive(Deserialize)]
struct Unread {
    filename: String,
    reason: String,
}

#[derive(Deserialize)]
struct Reported {
    filename: String,
    test_id: String,
    issue_text: String,
    issue_severity: String,
    more_info: Option<String>,
    line_number: u32,
    #[serde(default)]
    line_range: Vec<u32>,
    /// From 0.
    col_offset: Option<i64>,
    end_col_offset: Option<i64>,
}

/// Returns the findings of `bandit -f json`, then the files that bandit could not read.
pub fn read(output: &[u8], paths: &Paths<'_>) -> Result<Vec<Finding>, ReadError> {
    let output: Output = json::parse("bandit", output)?;
    let mut findings: Vec<Finding> = output
        .results
        .into_iter()
        .map(|issue| finding(issue, paths))
        .collect();
    findings.extend(output.errors.into_iter().map(|unread| Finding {
        tool: "bandit".to_owned(),
        rule: String::new(),
        rule_url: None,
        message: format!("file was not checked: {}", unread.reason),
        place: Some(Place::file(&paths.relative(&unread.filename))),
        severity: Severity::Warning,
        fixable: false,
        blocking: false,
    }));
    Ok(findings)
}

fn finding(issue: Reported, paths: &Paths<'_>) -> Finding {
    let column = |offset: Option<i64>| {
        offset
            .and_then(|offset| u32::try_from(offset.saturating_add(1)).ok())
            .unwrap_or(0)
    };
    let last = issue
        .line_range
        .iter()
        .copied()
        .max()
        .unwrap_or(issue.line_number);
    Finding {
        tool: "bandit".to_owned(),
        rule: issue.test_id,
        rule_url: issue.more_info,
        message: issue.issue_text,
        place: Some(Place {
            path: paths.relative(&issue.filename),
            line: issue.line_number,
            column: column(issue.col_offset),
            end_line: last.max(issue.line_number),
            end_column: column(issue.end_col_offset),
        }),
        severity: match issue.issue_severity.as_str() {
            "HIGH" => Severity::Error,
            "MEDIUM" => Severity::Warning,
            _ => Severity::Note,
        },
        fixable: false,
        blocking: false,
    }
}
