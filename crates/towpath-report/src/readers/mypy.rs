//! Reads `mypy -O json`, and the lines of mypy before 1.11, which has no JSON.

use serde::Deserialize;

use super::Paths;
use crate::{Finding, Place, Severity};

/// What mypy from 1.11 on is asked with.
pub const ARGUMENTS: &[&str] = &["--output", "json", "--no-error-summary", "--no-pretty"];

/// What older versions are asked with; each line carries line, column and end.
pub const OLD_ARGUMENTS: &[&str] = &[
    "--show-column-numbers",
    "--show-error-codes",
    "--show-absolute-path",
    "--hide-error-context",
    "--no-color-output",
    "--no-error-summary",
    "--no-pretty",
];

#[derive(Deserialize)]
struct Reported {
    file: String,
    line: i64,
    /// From 0; -1 where unknown.
    column: i64,
    #[serde(default)]
    end_line: Option<i64>,
    #[serde(default)]
    end_column: Option<i64>,
    message: String,
    #[serde(default)]
    hint: Option<String>,
    #[serde(default)]
    code: Option<String>,
    severity: String,
}

/// Returns the findings in either form. Notes belong to the error before them and are joined to it,
/// unless they stand alone. Lines of neither form are passed over.
pub fn read(output: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    let output = String::from_utf8_lossy(output);
    let mut findings: Vec<Finding> = Vec::new();
    for line in output.lines() {
        let Some(finding) = from_json(line, paths).or_else(|| from_text(line, paths)) else {
            continue;
        };
        match findings.last_mut() {
            Some(last) if explains(&finding, last) => {
                last.message.push('\n');
                last.message.push_str(&finding.message);
            }
            _ => findings.push(finding),
        }
    }
    findings
}

/// Returns the packages of stubs that findings say are not installed, sorted.
pub fn missing_stubs(findings: &[Finding]) -> Vec<String> {
    let said = findings.iter().filter_map(|finding| {
        let (_, packages) = finding.message.split_once("pip install ")?;
        packages.split(['"', '\n', ')']).next()
    });
    let mut packages: Vec<String> = said
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// A note without a code of its own, on the line of the error before it, says more about that error.
fn explains(note: &Finding, error: &Finding) -> bool {
    let line = |finding: &Finding| {
        finding
            .place
            .as_ref()
            .map(|place| (place.path.clone(), place.line))
    };
    note.severity == Severity::Note
        && (note.rule.is_empty() || note.rule == error.rule)
        && error.severity == Severity::Error
        && line(note) == line(error)
}

fn from_json(line: &str, paths: &Paths<'_>) -> Option<Finding> {
    let message: Reported = line
        .starts_with('{')
        .then(|| serde_json::from_str(line).ok())??;
    let first = positive(message.line);
    let mut text = message.message;
    if let Some(hint) = message.hint.filter(|hint| !hint.is_empty()) {
        text.push('\n');
        text.push_str(&hint);
    }
    let place = Place {
        path: paths.relative(&message.file),
        line: first,
        column: positive(message.column.saturating_add(1)),
        end_line: message.end_line.map_or(first, positive).max(first),
        end_column: message
            .end_column
            .map_or(0, |column| positive(column.saturating_add(1))),
    };
    Some(finding(
        place,
        &message.severity,
        text,
        message.code.unwrap_or_default(),
    ))
}

/// Reads `path:line[:column[:end_line:end_column]]: error: message  [code]`.
fn from_text(line: &str, paths: &Paths<'_>) -> Option<Finding> {
    let (severity, at) = ["error", "warning", "note"]
        .iter()
        .filter_map(|word| Some((*word, line.find(&format!(": {word}: "))?)))
        .min_by_key(|(_, at)| *at)?;
    let (head, rest) = line.split_at(at);
    let message = rest.get(severity.len() + 4..)?;
    let (path, numbers) = numbers_of(head);
    let first = *numbers.first()?;
    let place = Place {
        path: paths.relative(path),
        line: first,
        column: numbers.get(1).copied().unwrap_or(0),
        end_line: numbers.get(2).copied().unwrap_or(first),
        // The last column of the text form is that of the last character.
        end_column: numbers.get(3).map_or(0, |column| column.saturating_add(1)),
    };
    let (message, code) = match message.rsplit_once("  [") {
        Some((message, code)) if code.ends_with(']') => (message, code.trim_end_matches(']')),
        _ => (message, ""),
    };
    Some(finding(
        place,
        severity,
        message.trim_end().to_owned(),
        code.to_owned(),
    ))
}

/// Splits `a.py:1:2` into its path and numbers.
fn numbers_of(head: &str) -> (&str, Vec<u32>) {
    let mut path = head;
    let mut numbers = Vec::new();
    while numbers.len() < 4
        && let Some((rest, last)) = path.rsplit_once(':')
        && let Ok(number) = last.parse()
    {
        numbers.insert(0, number);
        path = rest;
    }
    (path, numbers)
}

fn finding(place: Place, severity: &str, message: String, code: String) -> Finding {
    Finding {
        tool: "mypy".to_owned(),
        rule_url: (!code.is_empty())
            .then(|| format!("https://mypy.rtfd.io/en/stable/_refs.html#code-{code}")),
        rule: code,
        message,
        place: Some(place),
        severity: match severity {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            _ => Severity::Note,
        },
        fixable: false,
        blocking: false,
    }
}

fn positive(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(line: &str) -> Vec<(String, String, Severity, String)> {
        read(line.as_bytes(), &Paths::at_root("/r"))
            .into_iter()
            .map(|f| {
                (
                    f.place.map(|p| p.to_string()).unwrap_or_default(),
                    f.rule,
                    f.severity,
                    f.message,
                )
            })
            .collect()
    }

    #[test]
    fn reads_json_and_text_alike() {
        let expected = vec![(
            "a.py:3:12".to_owned(),
            "return-value".to_owned(),
            Severity::Error,
            "Incompatible: x".to_owned(),
        )];
        assert_eq!(
            read_one(
                r#"{"file": "/r/a.py", "line": 3, "column": 11, "message": "Incompatible: x", "hint": null, "code": "return-value", "severity": "error"}"#
            ),
            expected
        );
        assert_eq!(
            read_one("/r/a.py:3:12: error: Incompatible: x  [return-value]"),
            expected
        );
        assert_eq!(
            read_one("a.py:3:12:3:14: error: Incompatible: x  [return-value]"),
            expected
        );
    }

    #[test]
    fn joins_notes_to_their_error() {
        let found = read_one(
            "a.py:1:1: error: missing stubs  [import-untyped]\na.py:1:1: note: Hint: \"pip install\"\na.py:9: note: Revealed type is \"int\"\n",
        );
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].3, "missing stubs\nHint: \"pip install\"");
        assert_eq!(found[1].2, Severity::Note);
    }

    #[test]
    fn names_the_stubs_that_are_missing() {
        let said = |hint: &str| {
            format!(
                r#"{{"file": "/r/a.py", "line": 1, "column": 0, "message": "Library stubs not installed for \"yaml\"", "hint": {hint:?}, "code": "import-untyped", "severity": "error"}}"#
            )
        };
        let json = said(
            "Hint: \"python3 -m pip install types-PyYAML\"\n(or run \"mypy --install-types\" to install all missing stub packages)",
        );
        let text = "a.py:1: error: Library stubs not installed for \"yaml\"  [import-untyped]\n\
                    a.py:1: note: Hint: \"python3 -m pip install types-PyYAML\"\n\
                    a.py:1: note: (or run \"mypy --install-types\" to install all missing stub packages)\n";
        for (output, expected) in [
            (json.as_str(), &["types-PyYAML"][..]),
            (text, &["types-PyYAML"]),
            (
                "a.py:1: error: Cannot find module  [import-not-found]\n",
                &[],
            ),
        ] {
            let findings = read(output.as_bytes(), &Paths::at_root("/r"));
            assert_eq!(missing_stubs(&findings), expected, "{output}");
        }
    }

    #[test]
    fn passes_over_other_lines() {
        assert!(
            read_one("Success: no issues found in 7 source files\n{\"x\": 1}\nmypy: error: bad\n")
                .is_empty()
        );
    }
}
