//! Reads `ty check --output-format gitlab`, the JSON that ty has.

use serde::Deserialize;

use super::{Paths, ReadError, json};
use crate::{Finding, Place, Severity};

/// What `ty check` is asked with.
pub const ARGUMENTS: &[&str] = &[
    "--output-format",
    "gitlab",
    "--color",
    "never",
    "--no-progress",
];

#[derive(Deserialize)]
struct Issue {
    check_name: String,
    description: String,
    severity: String,
    location: Location,
}

#[derive(Deserialize)]
struct Location {
    path: String,
    positions: Option<Positions>,
    lines: Option<Lines>,
}

#[derive(Deserialize)]
struct Positions {
    begin: Position,
    end: Position,
}

#[derive(Deserialize)]
struct Position {
    line: u32,
    column: u32,
}

#[derive(Deserialize)]
struct Lines {
    begin: u32,
    end: Option<u32>,
}

/// Returns the findings of a GitLab code quality report by ty.
pub fn read(output: &[u8], paths: &Paths<'_>) -> Result<Vec<Finding>, ReadError> {
    let issues: Vec<Issue> = json::parse("ty", output)?;
    Ok(issues
        .into_iter()
        .map(|issue| finding(issue, paths))
        .collect())
}

fn finding(issue: Issue, paths: &Paths<'_>) -> Finding {
    let prefix = format!("{}: ", issue.check_name);
    let message = issue
        .description
        .strip_prefix(&prefix)
        .unwrap_or(&issue.description)
        .to_owned();
    Finding {
        tool: "ty".to_owned(),
        rule_url: Some(format!(
            "https://docs.astral.sh/ty/reference/rules/#{}",
            issue.check_name
        )),
        rule: issue.check_name,
        message,
        place: Some(place(issue.location, paths)),
        severity: match issue.severity.as_str() {
            "blocker" | "critical" | "major" => Severity::Error,
            "minor" => Severity::Warning,
            _ => Severity::Note,
        },
        fixable: false,
        blocking: false,
    }
}

fn place(location: Location, paths: &Paths<'_>) -> Place {
    let path = paths.relative(&location.path);
    match (location.positions, location.lines) {
        (Some(Positions { begin, end }), _) => Place {
            path,
            line: begin.line,
            column: begin.column,
            end_line: end.line,
            end_column: end.column,
        },
        (None, Some(lines)) => Place {
            path,
            line: lines.begin,
            column: 0,
            end_line: lines.end.unwrap_or(lines.begin),
            end_column: 0,
        },
        (None, None) => Place::file(&path),
    }
}
