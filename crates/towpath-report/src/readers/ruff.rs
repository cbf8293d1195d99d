//! Reads `ruff check` and `ruff format`.

use serde::Deserialize;

use super::{Paths, ReadError, diff, json};
use crate::{Finding, Place, Severity};

/// What `ruff check` is asked with; fixes stay off whatever the project's settings say.
pub const CHECK_ARGUMENTS: &[&str] = &["--no-fix", "--output-format", "json"];

/// What `ruff format` is asked with: a diff, which every version of it can print.
pub const FORMAT_ARGUMENTS: &[&str] = &["--check", "--diff"];

#[derive(Deserialize)]
struct Violation {
    code: Option<String>,
    filename: String,
    message: String,
    location: Option<Location>,
    end_location: Option<Location>,
    fix: Option<Fix>,
    severity: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Location {
    row: u32,
    column: u32,
}

#[derive(Deserialize)]
struct Fix {
    applicability: Option<String>,
}

/// Returns the findings of `ruff check --output-format json`.
pub fn read_check(output: &[u8], paths: &Paths<'_>) -> Result<Vec<Finding>, ReadError> {
    let violations: Vec<Violation> = json::parse("ruff", output)?;
    Ok(violations
        .into_iter()
        .map(|violation| finding(violation, paths))
        .collect())
}

/// Returns one finding for each file in the output of `ruff format --diff` that is not formatted.
pub fn read_format(output: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    diff::read(
        output,
        paths,
        &diff::Words {
            tool: "ruff format",
            rule: "unformatted",
        },
    )
}

/// Returns the files that `ruff format` could not parse, from its standard error.
pub fn read_format_errors(errors: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    diff::read_unparsed("ruff format", errors, paths)
}

fn finding(violation: Violation, paths: &Paths<'_>) -> Finding {
    // Before 0.5 a syntax error was the rule E999 or had no code.
    let rule = violation
        .code
        .unwrap_or_else(|| "invalid-syntax".to_owned());
    let (line, column) = violation.location.map_or((0, 0), |at| (at.row, at.column));
    let (end_line, end_column) = violation
        .end_location
        .map_or((line, 0), |at| (at.row, at.column));
    Finding {
        tool: "ruff".to_owned(),
        rule,
        rule_url: violation.url,
        message: violation.message,
        place: Some(Place {
            path: paths.relative(&violation.filename),
            line,
            column,
            end_line,
            end_column,
        }),
        severity: match violation.severity.as_deref() {
            Some("warning") => Severity::Warning,
            Some("info") => Severity::Note,
            _ => Severity::Error,
        },
        fixable: violation
            .fix
            .is_some_and(|fix| is_safe(fix.applicability.as_deref())),
        blocking: false,
    }
}

/// Safe fixes are those that `ruff check --fix` applies; the other words are those of versions before 0.1.
fn is_safe(applicability: Option<&str>) -> bool {
    applicability.is_some_and(|word| {
        ["safe", "automatic", "suggested"].contains(&word.to_ascii_lowercase().as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_old_and_new_forms() {
        let output = br#"[
            {"code": null, "filename": "/r/a.py", "message": "SyntaxError: x", "location": {"row": 1, "column": 2},
             "end_location": {"row": 1, "column": 3}, "fix": null, "url": null, "noqa_row": null},
            {"code": "F401", "filename": "/r/b.py", "message": "`os` imported but unused",
             "location": {"row": 3, "column": 8}, "end_location": {"row": 3, "column": 10}, "severity": "error",
             "fix": {"applicability": "unsafe", "edits": [], "message": "Remove"}, "url": "https://x"}]"#;
        let findings = read_check(output, &Paths::at_root("/r")).expect("valid");
        assert_eq!(findings[0].rule, "invalid-syntax");
        assert_eq!(
            findings[1].place.as_ref().expect("placed").to_string(),
            "b.py:3:8"
        );
        assert!(
            !findings[1].fixable,
            "an unsafe fix is not applied by `towpath fix`"
        );
    }

    #[test]
    fn knows_which_fixes_are_safe() {
        for (word, safe) in [
            (Some("safe"), true),
            (Some("Automatic"), true),
            (Some("display"), false),
            (None, false),
        ] {
            assert_eq!(is_safe(word), safe, "{word:?}");
        }
    }

    #[test]
    fn refuses_other_output() {
        assert!(read_check(b"ruff failed\n  Cause: x", &Paths::at_root("/r")).is_err());
    }
}
