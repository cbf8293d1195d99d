//! Broken YAML: for people, and in the words of the parser below GitHub's own tools.

use std::ops::Range;

use granit_parser::{ErrorKind, ScanError, Span};

use super::causes::{Lines, told};
use super::{Dialect, MAX_PROBLEMS, Reader, TOO_DEEP};

/// Columns of a line that are shown.
const SHOWN: usize = 80;

impl Reader<'_> {
    /// Notes why the file cannot be read further.
    pub(super) fn syntax_error(&mut self, error: &ScanError) {
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            let message = self.too_deep();
            let at = self.marker(error);
            self.problem_at(at..at + 1, message, "too deep")
                .hints
                .push(TOO_DEEP.to_owned());
            return;
        }
        let at = self.marker(error);
        if self.limits.dialect == Dialect::Verbatim && self.official_error(at, error.kind()) {
            return;
        }
        let problem = self.problem_at(at..at, format!("invalid YAML: {}", error.info()), "here");
        if matches!(
            error.kind(),
            ErrorKind::TabInBlockIndentation
                | ErrorKind::TabInIndentation
                | ErrorKind::TabNotAllowed
        ) {
            problem.hints.push("indent with spaces".to_owned());
        } else {
            problem.hints.push(
                "check the indentation and the quotes of this line and the one before".to_owned(),
            );
        }
    }

    /// Notes an error in the words of the official parser; tells whether they are known.
    fn official_error(&mut self, at: usize, kind: &ErrorKind) -> bool {
        let text = self.source.text;
        let told = told(text, at, kind);
        if told.is_empty() {
            return false;
        }
        // Tags and aliases are looked at once the file is read.
        self.problems.clear();
        for (range, message) in told.into_iter().take(MAX_PROBLEMS) {
            let message = shown(text, &range, &message);
            self.problem_at(range, message, "here");
        }
        true
    }

    /// Says that a file holds more than one document.
    pub(super) fn second_document(&self, span: &Span) -> String {
        if self.limits.dialect != Dialect::Verbatim {
            return "the file holds more than one document".to_owned();
        }
        let start = self.range(span).start;
        let message = "Source contains multiple documents; please use YAML.parseAllDocuments()";
        shown(self.source.text, &(start..start + 1), message)
    }

    /// Says that nothing has the name of an alias before it.
    pub(super) fn no_anchor(&self, span: &Span) -> String {
        if self.limits.dialect != Dialect::Verbatim {
            return "an alias without an anchor".to_owned();
        }
        let name = self.source.text.get(self.range(span)).unwrap_or_default();
        let name = name.trim_start_matches('*');
        format!("Unresolved alias (the anchor must be set before the alias): {name}")
    }

    fn marker(&self, error: &ScanError) -> usize {
        error.marker().byte_offset().unwrap_or(0) + self.offset
    }
}

/// Returns a message with its place and the line in question, as that parser prints them.
fn shown(text: &str, range: &Range<usize>, message: &str) -> String {
    let lines = Lines { text };
    let start = lines.start(range.start);
    let line = text[..start].matches('\n').count() + 1;
    let before = text[start..range.start].chars().count();
    let placed = format!("{message} at line {line}, column {}", before + 1);
    let (source, before) = around(&text[start..lines.end(range.start)], before);
    let mut source = source;
    if line > 1
        && source
            .chars()
            .take(before)
            .all(|character| character == ' ')
    {
        let previous = &text[lines.start(start - 1)..start];
        source.insert_str(0, previous);
    }
    if source.chars().all(|character| character == ' ') {
        return placed;
    }
    let within = text
        .get(range.start..range.end.min(lines.end(range.start)))
        .unwrap_or_default();
    let width = within
        .chars()
        .count()
        .min(SHOWN.saturating_sub(before))
        .max(1);
    let pointer = format!("{}{}", " ".repeat(before), "^".repeat(width));
    format!("{placed}:\n\n{source}\n{pointer}\n")
}

/// Returns what is shown of a long line, and how many characters of it come before the place.
fn around(line: &str, before: usize) -> (String, usize) {
    let characters: Vec<char> = line.chars().collect();
    let mut from = 0;
    if before >= 60 && characters.len() > SHOWN {
        from = (before - 39).min(characters.len() - (SHOWN - 1));
    }
    let mut shown: Vec<char> = characters[from..].to_vec();
    let mut before = before;
    if from > 0 {
        shown.insert(0, '…');
        before -= from - 1;
    }
    if shown.len() > SHOWN {
        shown.truncate(SHOWN - 1);
        shown.push('…');
    }
    (shown.into_iter().collect(), before)
}
