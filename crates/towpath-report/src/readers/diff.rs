//! Reads unified diffs, the one machine form that every formatter can print: a file in the diff is a
//! file that would change. Also the lines in which formatters name files that they could not parse.

use super::Paths;
use crate::{Finding, Place, Severity, text};

/// How a file that would change is reported.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// The tool, such as `black`.
    pub tool: &'a str,
    /// The rule, such as `unformatted`.
    pub rule: &'a str,
}

/// Returns one finding for each file of the diff, at its first line that would change.
pub fn read(output: &[u8], paths: &Paths<'_>, words: &Words<'_>) -> Vec<Finding> {
    let output = String::from_utf8_lossy(output);
    let plain = text::strip_ansi(&output);
    changed_files(&plain)
        .iter()
        .map(|file| finding(file, paths, words))
        .collect()
}

/// Returns a finding for each `error: …` line of a formatter's standard error that names a place:
/// `error: cannot format a.py: Cannot parse: 1:11: def broken(:`, `error: cannot parse: a.py:1:11`,
/// `error: Failed to parse a.py:1:12: Expected a parameter`, `yapf: a.py:1:7: invalid syntax`.
pub fn read_unparsed(tool: &str, errors: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    let errors = String::from_utf8_lossy(errors);
    let plain = text::strip_ansi(&errors);
    let mut findings = Vec::new();
    for line in plain.lines() {
        let Some((path, line_number, column, message)) = unparsed(line) else {
            continue;
        };
        findings.push(Finding {
            tool: tool.to_owned(),
            rule: "invalid-syntax".to_owned(),
            rule_url: None,
            message,
            place: Some(Place::at(&paths.relative(path), line_number, column)),
            severity: Severity::Error,
            fixable: false,
            blocking: false,
        });
    }
    findings
}

struct ChangedFile<'a> {
    path: &'a str,
    first_line: u32,
    hunks: usize,
}

fn finding(file: &ChangedFile<'_>, paths: &Paths<'_>, words: &Words<'_>) -> Finding {
    Finding {
        tool: words.tool.to_owned(),
        rule: words.rule.to_owned(),
        rule_url: None,
        message: format!(
            "{} would change {}",
            words.tool,
            text::counted(file.hunks, "place")
        ),
        place: Some(Place::at(&paths.relative(file.path), file.first_line, 0)),
        severity: Severity::Error,
        fixable: true,
        blocking: false,
    }
}

/// Walks the diff with the lengths that its hunk headers state, since a changed line may itself look
/// like a header.
fn changed_files(diff: &str) -> Vec<ChangedFile<'_>> {
    let mut files: Vec<ChangedFile<'_>> = Vec::new();
    let mut lines = diff.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(header) = line.strip_prefix("--- ")
            && lines.peek().is_some_and(|next| next.starts_with("+++ "))
        {
            files.push(ChangedFile {
                path: path_of(header),
                first_line: 0,
                hunks: 0,
            });
        } else if let Some((start, mut old, mut new)) = hunk(line)
            && let Some(file) = files.last_mut()
        {
            file.hunks += 1;
            let mut number = start;
            while old > 0 || new > 0 {
                let Some(line) = lines.next() else { break };
                match line.as_bytes().first() {
                    Some(b'-') => old = old.saturating_sub(1),
                    Some(b'+') => new = new.saturating_sub(1),
                    Some(b'\\') => continue,
                    _ => {
                        (old, new) = (old.saturating_sub(1), new.saturating_sub(1));
                        number = number.saturating_add(1);
                        continue;
                    }
                }
                if file.first_line == 0 {
                    file.first_line = number.max(1);
                }
            }
        }
    }
    files
}

/// Cuts the time stamp after a path, isort's `:before`, and what autopep8 puts before it.
fn path_of(header: &str) -> &str {
    let path = header.split('\t').next().unwrap_or(header).trim_end();
    let path = path.strip_suffix(":before").unwrap_or(path);
    path.strip_prefix("original/").unwrap_or(path)
}

/// Reads `@@ -1,4 +1,5 @@` as (first old line, old lines, new lines).
fn hunk(line: &str) -> Option<(u32, u32, u32)> {
    let ranges = line.strip_prefix("@@ -")?;
    let (old, rest) = ranges.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let range = |text: &str| -> Option<(u32, u32)> {
        match text.split_once(',') {
            Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
            None => Some((text.parse().ok()?, 1)),
        }
    };
    let (start, old) = range(old)?;
    Some((start, old, range(new)?.1))
}

fn unparsed(line: &str) -> Option<(&str, u32, u32, String)> {
    if let Some(rest) = line.strip_prefix("yapf: ") {
        return at_place(rest);
    }
    let error = line.strip_prefix("error: ")?;
    if let Some(rest) = error.strip_prefix("cannot format ") {
        let (path, reason) = rest.split_once(": ")?;
        let (line, column) = reason
            .split(": ")
            .find_map(line_and_column)
            .unwrap_or((0, 0));
        return Some((path, line, column, text::one_line(reason, 400)));
    }
    let rest = error
        .strip_prefix("cannot parse: ")
        .or_else(|| error.strip_prefix("Failed to parse "))?;
    at_place(rest)
}

/// Reads `a.py:1:12: Expected a parameter`.
fn at_place(said: &str) -> Option<(&str, u32, u32, String)> {
    let (place, reason) = said.split_once(": ").unwrap_or((said, "cannot be parsed"));
    let mut parts = place.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some((parts.next()?, line, column, text::one_line(reason, 400)))
}

fn line_and_column(part: &str) -> Option<(u32, u32)> {
    let (line, column) = part.split_once(':')?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_not_misled_by_lines_that_look_like_headers() {
        let diff = "--- a.py\n+++ a.py\n@@ -3,3 +3,3 @@\n x\n--- b.py\n+++ c.py\n y\n@@ -20 +20,2 @@\n-z\n+z\n+\n";
        let files = changed_files(diff);
        assert_eq!(files.len(), 1);
        assert_eq!(
            (files[0].path, files[0].first_line, files[0].hunks),
            ("a.py", 4, 2)
        );
    }

    #[test]
    fn reads_the_headers_of_each_formatter() {
        for (header, path) in [
            ("src/pkg/lists.py", "src/pkg/lists.py"),
            ("/r/a b.py\t2026-11-21 10:45:49.093747+00:00", "/r/a b.py"),
            ("/r/a.py:before\t2026-11-21 10:45:49", "/r/a.py"),
            ("original/./a.py", "./a.py"),
            ("sub/a.py\t(original)", "sub/a.py"),
        ] {
            assert_eq!(path_of(header), path);
        }
    }

    #[test]
    fn reads_the_files_that_could_not_be_parsed() {
        for (line, expected) in [
            (
                "error: cannot format /r/a.py: Cannot parse for target version Python 3.12: 1:11: def broken(:",
                Some((
                    "a.py:1:11",
                    "Cannot parse for target version Python 3.12: 1:11: def broken(:",
                )),
            ),
            (
                "error: cannot parse: /r/a.py:1:11",
                Some(("a.py:1:11", "cannot be parsed")),
            ),
            (
                "error: Failed to parse a.py:1:12: Expected a parameter",
                Some(("a.py:1:12", "Expected a parameter")),
            ),
            (
                "yapf: ./a.py:1:7: invalid syntax",
                Some(("a.py:1:7", "invalid syntax")),
            ),
            ("would reformat /r/a.py", None),
            ("error: unrecognised option", None),
        ] {
            let findings = read_unparsed("black", line.as_bytes(), &Paths::at_root("/r"));
            let found = findings.first().map(|found| {
                (
                    found
                        .place
                        .as_ref()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                    found.message.clone(),
                )
            });
            let found = found
                .as_ref()
                .map(|(place, message)| (place.as_str(), message.as_str()));
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn reads_a_coloured_diff() {
        let diff = "\u{1b}[1m--- a.py\u{1b}[0m\n\u{1b}[1m+++ a.py\u{1b}[0m\n\u{1b}[36m@@ -1 +1 @@\u{1b}[0m\n\u{1b}[31m-x\u{1b}[0m\n\u{1b}[32m+y\u{1b}[0m\n";
        let words = Words {
            tool: "t",
            rule: "r",
        };
        let findings = read(diff.as_bytes(), &Paths::at_root("/r"), &words);
        assert_eq!(findings[0].message, "t would change 1 place");
    }
}
