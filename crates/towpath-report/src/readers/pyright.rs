//! Reads `pyright --outputjson`, which basedpyright shares.

use serde::Deserialize;

use super::{Paths, ReadError, json};
use crate::{Finding, Place, Severity};

/// What pyright is asked with.
pub const ARGUMENTS: &[&str] = &["--outputjson"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    general_diagnostics: Vec<Diagnostic>,
}

#[derive(Deserialize)]
struct Diagnostic {
    /// Called `uri` in some versions of basedpyright.
    #[serde(alias = "uri")]
    file: String,
    severity: String,
    message: String,
    range: Option<Range>,
    rule: Option<String>,
}

#[derive(Deserialize)]
struct Range {
    start: Position,
    end: Position,
}

/// Both from 0.
#[derive(Deserialize)]
struct Position {
    line: u32,
    character: u32,
}

/// Returns the findings of `pyright --outputjson`.
pub fn read(output: &[u8], paths: &Paths<'_>) -> Result<Vec<Finding>, ReadError> {
    let output: Output = json::parse("pyright", output)?;
    Ok(output
        .general_diagnostics
        .into_iter()
        .map(|diagnostic| finding(diagnostic, paths))
        .collect())
}

fn finding(diagnostic: Diagnostic, paths: &Paths<'_>) -> Finding {
    let path = paths.relative(&diagnostic.file);
    let place = diagnostic.range.map_or_else(
        || Place::file(&path),
        |range| Place {
            path: path.clone(),
            line: range.start.line.saturating_add(1),
            column: range.start.character.saturating_add(1),
            end_line: range.end.line.saturating_add(1),
            end_column: range.end.character.saturating_add(1),
        },
    );
    Finding {
        tool: "pyright".to_owned(),
        rule_url: diagnostic.rule.as_ref().map(|rule| {
            format!("https://github.com/microsoft/pyright/blob/main/docs/configuration.md#{rule}")
        }),
        rule: diagnostic.rule.unwrap_or_default(),
        message: diagnostic.message.replace('\u{a0}', " "),
        place: Some(place),
        severity: match diagnostic.severity.as_str() {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            _ => Severity::Note,
        },
        fixable: false,
        blocking: false,
    }
}
