//! Where something is: a file of the repository and, if known, lines and columns in it.
//! Knows nothing of what is there.

use serde::{Deserialize, Serialize};

use crate::problem::{Excerpt, Problem};

/// A place in a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Path relative to the repository, with `/` between folders.
    pub path: String,
    /// First line, from 1; 0 means the whole file.
    pub line: u32,
    /// First column in characters, from 1; 0 means the whole line.
    pub column: u32,
    /// Last line, from 1; equals `line` where the tool says nothing else.
    pub end_line: u32,
    /// Column after the last character, from 1; 0 where unknown.
    pub end_column: u32,
}

impl Place {
    /// Returns the place that is a whole file.
    pub fn file(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            line: 0,
            column: 0,
            end_line: 0,
            end_column: 0,
        }
    }

    /// Returns the place that starts at a line and column, both from 1 (0 where unknown).
    pub fn at(path: &str, line: u32, column: u32) -> Self {
        Self {
            path: path.to_owned(),
            line,
            column,
            end_line: line,
            end_column: 0,
        }
    }
}

impl std::fmt::Display for Place {
    /// Writes `path`, `path:line` or `path:line:column`, whichever is known.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}

/// The text of one file, for turning byte ranges into places and excerpts.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Path relative to the repository.
    pub path: &'a str,
    /// The whole text.
    pub text: &'a str,
}

impl Source<'_> {
    /// Returns the place of a range of bytes; a range past the end is cut to the text.
    pub fn place(&self, range: std::ops::Range<usize>) -> Place {
        let (line, column) = self.line_and_column(range.start);
        let (end_line, end_column) = self.line_and_column(range.end.max(range.start));
        Place {
            path: self.path.to_owned(),
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// Returns the lines `first..=last` (from 1), cut to those that exist.
    pub fn excerpt(&self, first: u32, last: u32) -> Excerpt {
        let first = first.max(1);
        let lines = self
            .text
            .lines()
            .skip(first as usize - 1)
            .take((last.saturating_sub(first) + 1) as usize)
            .map(|line| line.trim_end_matches('\r').to_owned())
            .collect();
        Excerpt {
            first_line: first,
            lines,
        }
    }

    /// Returns an error about a range of bytes, with the label under it and its line as excerpt.
    pub fn error(&self, range: std::ops::Range<usize>, message: String, label: &str) -> Problem {
        let place = self.place(range);
        let excerpt = self.excerpt(place.line, place.line);
        Problem {
            severity: crate::Severity::Error,
            message,
            place: Some(place),
            label: label.to_owned(),
            excerpt: Some(excerpt),
            hints: Vec::new(),
        }
    }

    fn line_and_column(&self, offset: usize) -> (u32, u32) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let start = before.rfind('\n').map_or(0, |index| index + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line as u32, before[start..].chars().count() as u32 + 1)
    }
}
