//! Problems at a range of bytes of a file, and the nearest valid name for a mistaken one.
//! Knows nothing of what the file says.

use std::ops::Range;

use towpath_report::{Place, Problem, Source};

/// The mark that some editors put before the first character of a file.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// Returns an error at a range of bytes of `source`; a byte order mark counts as no column.
pub(crate) fn error_at(
    source: &Source<'_>,
    range: Range<usize>,
    message: String,
    label: &str,
) -> Problem {
    match source.text.strip_prefix(BYTE_ORDER_MARK) {
        None => source.error(range, message, label),
        Some(text) => {
            let mark = BYTE_ORDER_MARK.len_utf8();
            let range = range.start.saturating_sub(mark)..range.end.saturating_sub(mark);
            Source {
                path: source.path,
                text,
            }
            .error(range, message, label)
        }
    }
}

/// The lines of a file, for places without walking the whole text each time.
pub(crate) struct Lines<'a> {
    path: &'a str,
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Finds the lines of a file.
    pub(crate) fn new(source: &Source<'a>) -> Self {
        let breaks = source.text.match_indices('\n').map(|(index, _)| index + 1);
        let mark = if source.text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len_utf8()
        } else {
            0
        };
        Self {
            path: source.path,
            text: source.text,
            starts: std::iter::once(mark).chain(breaks).collect(),
        }
    }

    /// Returns the place of a range of bytes.
    pub(crate) fn place(&self, range: &Range<usize>) -> Place {
        let (line, column) = self.position(range.start);
        let (end_line, end_column) = self.position(range.end);
        Place {
            path: self.path.to_owned(),
            line,
            column,
            end_line,
            end_column,
        }
    }

    fn position(&self, offset: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self
            .text
            .get(start..offset)
            .map_or(0, |before| before.chars().count());
        (line as u32, column as u32 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_mark_takes_no_column() {
        let source = Source {
            path: "a.yml",
            text: "\u{feff}on: push\n",
        };
        let problem = error_at(&source, 3..5, "x".to_owned(), "");
        let place = problem.place.expect("it has a place");
        assert_eq!((place.line, place.column, place.end_column), (1, 1, 3));
    }
}
