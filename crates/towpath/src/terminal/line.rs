//! One line made of painted pieces, measured in columns and cut before it is painted.
//! Knows what a character's width is; does not know what the line says.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::style::{Paint, Style};

/// A line of painted pieces without its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    pieces: Vec<(Paint, String)>,
}

impl Line {
    /// Returns an empty line.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Returns the line with a plain piece more.
    #[must_use]
    pub(super) fn plain(self, text: impl Into<String>) -> Self {
        self.painted(Paint::Plain, text)
    }

    /// Returns the line with a painted piece more.
    #[must_use]
    pub(super) fn painted(mut self, paint: Paint, text: impl Into<String>) -> Self {
        self.pieces.push((paint, text.into()));
        self
    }

    /// Returns the line with the pieces of another behind it.
    #[must_use]
    pub(super) fn append(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Returns the line filled with blanks up to a column, one at least.
    #[must_use]
    pub(super) fn filled_to(self, column: usize) -> Self {
        let blanks = column.saturating_sub(self.width()).max(1);
        self.plain(" ".repeat(blanks))
    }

    /// Returns the line with a piece that ends at a column; one blank stands before it at least.
    #[must_use]
    pub(super) fn ending_at(self, column: usize, paint: Paint, text: &str) -> Self {
        let start = column.saturating_sub(text.width());
        self.filled_to(start).painted(paint, text)
    }

    /// Returns how many columns the line takes.
    pub(super) fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.width()).sum()
    }

    /// Returns the line cut to some columns, with an ellipsis where something is lost.
    #[must_use]
    pub(super) fn cut(self, columns: usize) -> Self {
        if self.width() <= columns {
            return self;
        }
        let mut left = columns;
        let mut pieces = Vec::new();
        for (paint, text) in self.pieces {
            let width = text.width();
            if width < left {
                left -= width;
                pieces.push((paint, text));
            } else {
                pieces.push((paint, cut_text(&text, left, true)));
                break;
            }
        }
        Self { pieces }
    }

    /// Returns the line as it is written to a stream, blanks at its end left out.
    pub(super) fn render(&self, style: &Style) -> String {
        let mut pieces = self.pieces.clone();
        while let Some((_, text)) = pieces.last_mut() {
            text.truncate(text.trim_end_matches(' ').len());
            if !text.is_empty() {
                break;
            }
            pieces.pop();
        }
        pieces
            .iter()
            .map(|(paint, text)| style.paint(*paint, text))
            .collect()
    }
}

/// Returns text cut to some columns, with an ellipsis where something is lost.
pub(super) fn cut(text: &str, columns: usize) -> String {
    cut_text(text, columns, text.width() > columns)
}

fn cut_text(text: &str, columns: usize, loses: bool) -> String {
    if !loses {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let mut kept = String::new();
    let mut width = 0;
    for character in text.chars() {
        width += character.width().unwrap_or(0);
        if width > columns - 1 {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept
}

/// Returns text broken between words into lines of some columns; a longer word stays whole.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= columns {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Returns what a process printed as one harmless line: what a carriage return overwrote is gone, and so
/// are escape sequences and other control characters.
pub(super) fn sanitize(text: &str) -> String {
    let shown = text.trim_end_matches(['\r', '\n']);
    let shown = shown.rsplit(['\r', '\n']).next().unwrap_or(shown);
    let mut clean = String::new();
    let mut characters = shown.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_escape(&mut characters),
            '\t' => clean.push(' '),
            other if other.is_control() => {}
            other => clean.push(other),
        }
    }
    clean
}

/// Skips the rest of an escape sequence: CSI up to its final byte, OSC up to its end, else one character.
fn skip_escape(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.next() {
        Some('[') => {
            characters.find(|character| ('@'..='~').contains(character));
        }
        Some(']') => {
            let mut before = ' ';
            characters.find(|character| {
                let ends = *character == '\u{7}' || (before == '\u{1b}' && *character == '\\');
                before = *character;
                ends
            });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style {
        color: false,
        unicode: true,
        columns: 80,
    };

    #[test]
    fn cuts_by_columns_not_by_characters() {
        for (text, columns, expected) in [
            ("lint", 4, "lint"),
            ("linting", 4, "lin…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("lint", 0, ""),
            ("lint", 1, "…"),
        ] {
            assert_eq!(cut(text, columns), expected);
            let line = Line::new().painted(Paint::Bad, text).cut(columns);
            assert_eq!(line.render(&PLAIN), expected, "as a line");
        }
    }

    #[test]
    fn cuts_across_pieces() {
        let line = Line::new()
            .plain("ab")
            .painted(Paint::Bad, "cd")
            .plain("ef");
        assert_eq!(line.clone().cut(6).render(&PLAIN), "abcdef");
        assert_eq!(line.clone().cut(5).render(&PLAIN), "abcd…");
        assert_eq!(line.clone().cut(4).render(&PLAIN), "abc…");
        assert_eq!(line.cut(2).render(&PLAIN), "a…");
    }

    #[test]
    fn ends_at_a_column_and_leaves_no_blanks_behind() {
        let line = Line::new().plain("a").ending_at(6, Paint::Plain, "0.1 s");
        assert_eq!(line.render(&PLAIN), "a 0.1 s");
        assert_eq!(Line::new().plain("a").filled_to(9).render(&PLAIN), "a");
    }

    #[test]
    fn wraps_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one two", 80), ["one two"]);
        assert_eq!(wrap("a-very-long-word x", 4), ["a-very-long-word", "x"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn output_loses_its_control_characters() {
        for (text, expected) in [
            ("plain", "plain"),
            ("10 %\r20 %\r\n", "20 %"),
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            (
                "\u{1b}]8;;https://example.org\u{1b}\\link\u{1b}]8;;\u{7}",
                "link",
            ),
            ("a\tb\u{0}c", "a bc"),
            ("cut \u{1b}[3", "cut "),
        ] {
            assert_eq!(sanitize(text), expected);
        }
    }
}
