//! Reads pylint's `json2` and the older `json`.

use serde::Deserialize;

use super::{Paths, ReadError, json};
use crate::{Finding, Place, Severity};

/// What pylint is asked with: every version that runs on a Python of today knows it.
pub const ARGUMENTS: &[&str] = &["--output-format=json", "--reports=n", "--score=n"];

#[derive(Deserialize)]
#[serde(untagged)]
enum Output {
    Json2 { messages: Vec<Entry> },
    Json(Vec<Entry>),
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    category: String,
    symbol: String,
    message: String,
    #[serde(rename = "messageId", alias = "message-id")]
    id: String,
    #[serde(default)]
    line: Option<u32>,
    /// From 0.
    #[serde(default)]
    column: Option<u32>,
    #[serde(rename = "endLine", default)]
    end_line: Option<u32>,
    #[serde(rename = "endColumn", default)]
    end_column: Option<u32>,
    path: String,
}

/// Returns the findings of either JSON form; no output at all means none.
pub fn read(output: &[u8], paths: &Paths<'_>) -> Result<Vec<Finding>, ReadError> {
    if output.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let (Output::Json2 { messages } | Output::Json(messages)) = json::parse("pylint", output)?;
    Ok(messages
        .into_iter()
        .map(|message| finding(message, paths))
        .collect())
}

fn finding(message: Entry, paths: &Paths<'_>) -> Finding {
    let line = message.line.unwrap_or(0);
    Finding {
        tool: "pylint".to_owned(),
        rule_url: Some(rule_url(&message.category, &message.symbol)),
        rule: message.id,
        place: Some(Place {
            path: paths.relative(&message.path),
            line,
            column: message.column.map_or(0, |column| column.saturating_add(1)),
            end_line: message.end_line.unwrap_or(line),
            end_column: message
                .end_column
                .map_or(0, |column| column.saturating_add(1)),
        }),
        message: message.message,
        severity: match message.category.as_str() {
            "fatal" | "error" => Severity::Error,
            "warning" => Severity::Warning,
            _ => Severity::Note,
        },
        fixable: false,
        blocking: false,
    }
}

fn rule_url(category: &str, symbol: &str) -> String {
    let folder = if category == "info" {
        "information"
    } else {
        category
    };
    format!("https://pylint.readthedocs.io/en/stable/user_guide/messages/{folder}/{symbol}.html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        let message = r#"{"type": "error", "module": "m", "obj": "", "line": 14, "column": 28, "endLine": 14, "endColumn": 40,
            "path": "a.py", "symbol": "undefined-variable", "message": "Undefined variable 'x'", "ID": "E0602"}"#;
        let old = format!("[{}]", message.replace("ID", "message-id"));
        let new = format!(
            "{{\"messages\": [{}], \"statistics\": {{}}}}",
            message.replace("ID", "messageId")
        );
        for output in [old, new] {
            let findings = read(output.as_bytes(), &Paths::at_root("/r")).expect("valid");
            let place = Place {
                path: "a.py".into(),
                line: 14,
                column: 29,
                end_line: 14,
                end_column: 41,
            };
            assert_eq!(findings[0].place, Some(place));
            assert_eq!(findings[0].rule, "E0602");
        }
        assert!(read(b"", &Paths::at_root("/r")).expect("none").is_empty());
        assert!(read(b"usage: pylint", &Paths::at_root("/r")).is_err());
    }
}
