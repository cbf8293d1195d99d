//! Reads the warnings that `sphinx-build -w FILE` writes to that file, and the failures that its
//! builder of doctests writes to `output.txt`.

use super::paths::joined;
use super::{Paths, exception};
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
    for finding in &mut findings {
        finish(finding);
    }
    findings
}

/// Returns the failures in what the builder of doctests writes: `File "path", line 3, in default`
/// followed by the example. Paths are relative to the documentation's `source`, which is relative to
/// the repository.
pub fn read_doctests(output: &[u8], source: &str) -> Vec<Finding> {
    let output = String::from_utf8_lossy(output);
    let lines: Vec<&str> = output.lines().collect();
    let starts = lines.iter().enumerate().filter_map(|(at, line)| {
        let (path, rest) = line.strip_prefix("File \"")?.split_once('"')?;
        let number = rest.strip_prefix(", line ")?;
        let number = number.split(',').next().unwrap_or_default();
        let place = joined(source, path);
        Some((at, Place::at(&place, number.parse().unwrap_or(0), 0)))
    });
    starts
        .map(|(at, place)| {
            let said = lines.get(at + 1..).unwrap_or_default().iter();
            let said: Vec<&str> = said
                .take_while(|line| !line.is_empty() && !line.starts_with("****"))
                .copied()
                .collect();
            Finding {
                message: format!("doctest failed\n{}", said.join("\n")),
                rule: "doctest".to_owned(),
                ..plain(Severity::Error, Some(place))
            }
        })
        .collect()
}

fn plain(severity: Severity, place: Option<Place>) -> Finding {
    Finding {
        tool: "sphinx".to_owned(),
        rule: String::new(),
        rule_url: None,
        message: String::new(),
        place,
        severity,
        fixable: false,
        blocking: false,
    }
}

/// Takes the type off the end of a message, and puts what it announces by a colon on its first line: the
/// cause is what a reader looks for.
fn finish(finding: &mut Finding) {
    let (message, rule) = message_and_type(&finding.message);
    let (message, rule) = (message.to_owned(), rule.to_owned());
    finding.rule = rule;
    finding.message = match message.split_once('\n') {
        Some((head, rest)) if head.ends_with(':') => {
            let is_traceback = rest.trim_start().starts_with("Traceback (");
            let cause = if is_traceback {
                exception::cause(rest)
            } else {
                rest.to_owned()
            };
            format!("{head} {}", cause.trim_start())
        }
        _ => message,
    };
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
    Some(Finding {
        message: line.get(at + width..)?.to_owned(),
        ..plain(severity, place)
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

    #[test]
    fn first_line_names_the_cause() {
        let findings = read(
            b"/r/d/c.rst:4: CRITICAL: Problems with \"include\" directive path:\nInputError: [Errno 2] No such file or directory: 'CHANGES.rst'. [docutils]\nWARNING: autodoc: failed to import module 'a'; the following exception was raised:\nTraceback (most recent call last):\n  File \"/e/x.py\", line 1, in f\n    import a\nModuleNotFoundError: No module named 'a' [autodoc.import_object]\n",
            &Paths::at_root("/r"),
        );
        let said: Vec<(&str, &str)> = findings
            .iter()
            .map(|finding| (finding.rule.as_str(), finding.message.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                (
                    "docutils",
                    "Problems with \"include\" directive path: InputError: [Errno 2] No such file or directory: 'CHANGES.rst'."
                ),
                (
                    "autodoc.import_object",
                    "autodoc: failed to import module 'a'; the following exception was raised: ModuleNotFoundError: No module named 'a'"
                ),
            ]
        );
    }

    #[test]
    fn reads_failures_of_doctests() {
        let output = b"Results of doctest builder run on 2026-11-21\n\nDocument: api\n-------------\n******\nFile \"../pkg/m.py\", line 12, in default\nFailed example:\n    f()\nExpected:\n    1\nGot:\n    2\n******\nFile \"api.rst\", line ?, in default\nFailed example:\n    g()\n\nDoctest summary\n";
        let findings = read_doctests(output, "docs");
        let places: Vec<String> = findings
            .iter()
            .map(|finding| finding.place.as_ref().unwrap().to_string())
            .collect();
        assert_eq!(places, ["pkg/m.py:12", "docs/api.rst"]);
        assert_eq!(
            findings[0].message,
            "doctest failed\nFailed example:\n    f()\nExpected:\n    1\nGot:\n    2"
        );
    }
}
