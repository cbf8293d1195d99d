//! Reads the warnings that `sphinx-build -w FILE` writes to that file.

use super::Paths;
use crate::{Finding, Place, Severity, text};

/// What sphinx-build is asked with; the path of the file of warnings follows.
pub const ARGUMENTS: &[&str] = &["--no-color", "-w"];

/// Returns the findings in a file of warnings: lines `path:line: WARNING: text [type]`. The lines
/// after one that do not start another belong to its message.
pub fn read(warnings: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    let warnings = String::from_utf8_lossy(warnings);
    let plain = text::strip_ansi(&warnings);
    let mut findings: Vec<Finding> = Vec::new();
    for line in plain.lines() {
        if let Some(finding) = finding(line, paths) {
            findings.push(finding);
        } else if let Some(last) = findings.last_mut().filter(|_| !line.trim().is_empty()) {
            last.message.push('\n');
            last.message.push_str(line.trim_end());
        }
    }
    findings
}

fn finding(line: &str, paths: &Paths<'_>) -> Option<Finding> {
    const LEVELS: [(&str, Severity); 5] = [
        ("WARNING: ", Severity::Warning),
        ("ERROR: ", Severity::Error),
        ("CRITICAL: ", Severity::Error),
        ("SEVERE: ", Severity::Error),
        ("INFO: ", Severity::Note),
    ];
    let (severity, at, width) = LEVELS
        .iter()
        .filter_map(|(word, severity)| Some((*severity, line.find(word)?, word.len())))
        .min_by_key(|(_, at, _)| *at)?;
    let head = line.get(..at)?;
    let place = match head.strip_suffix(": ") {
        Some(head) => Some(place(head, paths)),
        None if head.is_empty() => None,
        None => return None,
    };
    let (message, rule) = message_and_type(line.get(at + width..)?);
    Some(Finding {
        tool: "sphinx".to_owned(),
        rule: rule.to_owned(),
        rule_url: None,
        message: message.to_owned(),
        place,
        severity,
        fixable: false,
        blocking: false,
    })
}

/// Reads `path:line`, `path:docstring of name:line` and `path`.
fn place(head: &str, paths: &Paths<'_>) -> Place {
    let (rest, line) = match head.rsplit_once(':') {
        Some((rest, "")) => (rest, 0),
        Some((rest, line)) => line.parse().map_or((head, 0), |line| (rest, line)),
        None => (head, 0),
    };
    // The line of a docstring counts from the docstring, not from the file.
    match rest.split_once(":docstring of ") {
        Some((path, _)) => Place::file(&paths.relative(path)),
        None => Place::at(&paths.relative(rest), line, 0),
    }
}

/// Splits `unknown document: 'x' [ref.doc]`.
fn message_and_type(text: &str) -> (&str, &str) {
    match text.rsplit_once(" [") {
        Some((message, kind))
            if kind.ends_with(']')
                && !kind.contains(' ')
                && kind.contains(|c: char| c.is_ascii_lowercase()) =>
        {
            (message, kind.trim_end_matches(']'))
        }
        _ => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_place() {
        for (line, expected) in [
            (
                "/r/docs/index.rst:6: WARNING: missing 'x' [toc.not_readable]",
                Some(("docs/index.rst:6", "toc.not_readable")),
            ),
            (
                "/r/src/m.py:docstring of m.f:3: ERROR: Unexpected indentation.",
                Some(("src/m.py", "")),
            ),
            (
                "/r/docs/a.rst: WARNING: document isn't included in any toctree",
                Some(("docs/a.rst", "")),
            ),
            ("/r/docs/a.rst:: WARNING: x", Some(("docs/a.rst", ""))),
            (
                "WARNING: html_static_path entry '_static' does not exist",
                Some(("", "")),
            ),
            ("Running Sphinx", None),
        ] {
            let findings = read(line.as_bytes(), &Paths::at_root("/r"));
            let found = findings.first().map(|f| {
                (
                    f.place
                        .as_ref()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                    f.rule.clone(),
                )
            });
            assert_eq!(
                found,
                expected.map(|(place, rule)| (place.to_owned(), rule.to_owned())),
                "{line}"
            );
        }
    }

    #[test]
    fn joins_lines_of_one_message() {
        let findings = read(
            b"a.rst:1: WARNING: Title underline too short.\n\nTitle\n===\n",
            &Paths::at_root("/r"),
        );
        assert_eq!(
            findings[0].message,
            "Title underline too short.\nTitle\n==="
        );
    }
}
