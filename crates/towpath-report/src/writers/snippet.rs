//! The lines of source under a finding, and what a test wanted and got.

use super::marked;
use super::style::{Ink, Style};
use crate::{Comparison, Place};

/// Where the numbers of lines end.
const NUMBERS: usize = 6;

/// Returns the lines around a place, one before and one after, with carets under the place:
/// `     7 │     from collections.abc import Iterable`. Empty where the file has no such line.
pub fn snippet(source: &str, place: &Place, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    if place.line == 0 {
        return lines;
    }
    let gutter = style.gutter();
    let width = if style.width == 0 {
        0
    } else {
        style.width.saturating_sub(NUMBERS + 3).max(20)
    };
    let first = place.line.saturating_sub(1).max(1);
    let count = place.line.saturating_sub(first).saturating_add(2) as usize;
    let around = source
        .lines()
        .zip(1_u32..)
        .skip(first as usize - 1)
        .take(count);
    let mut has_place = false;
    for (line, number) in around {
        let is_place = number == place.line;
        has_place |= is_place;
        let (column, end) = if is_place { columns(place) } else { (0, 0) };
        let marked = marked::marked(line, column, end, width);
        let start = style.paint(Ink::Dim, &format!("{number:>NUMBERS$} {gutter}"));
        lines.push(format!("{start} {}", marked.text).trim_end().to_owned());
        if !marked.carets.is_empty() {
            let start = style.paint(Ink::Dim, &format!("{:NUMBERS$} {gutter}", ""));
            let indent = marked.carets.len() - marked.carets.trim_start().len();
            let carets = style.paint(Ink::Error, marked.carets.trim_start());
            lines.push(format!("{start} {}{carets}", " ".repeat(indent)));
        }
    }
    if has_place { lines } else { Vec::new() }
}

/// Returns the columns of a place as [`marked::marked`] takes them.
pub(super) fn columns(place: &Place) -> (u32, u32) {
    if place.end_line > place.line {
        (place.column, u32::MAX)
    } else {
        (place.column, place.end_column)
    }
}

/// Returns the lines of a failed comparison: the source, `want`, `got`, and a caret where they part.
pub fn comparison(comparison: &Comparison, style: Style) -> Vec<String> {
    let width = if style.width == 0 {
        0
    } else {
        style.width.saturating_sub(13).max(20)
    };
    let mut lines = Vec::new();
    if !comparison.source.is_empty() {
        lines.push(format!("     {}", marked::plain(&comparison.source, width)));
    }
    let at = comparison.differs_at as u32 + 1;
    let want = marked::marked(&comparison.want, at, at + 1, width).text;
    let got = marked::marked(&comparison.got, at, at + 1, width);
    lines.push(format!("       want  {want}"));
    lines.push(format!("       got   {}", got.text));
    let indent = got.carets.len() - got.carets.trim_start().len();
    let caret = style.paint(Ink::Error, got.carets.trim_start());
    lines.push(format!("             {}{caret}", " ".repeat(indent)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style {
        colour: false,
        unicode: true,
        width: 80,
    };

    #[test]
    fn shows_the_line_before_and_the_line_after() {
        let source = "a\nif TYPE_CHECKING:\n    from collections.abc import Iterable\n    from typing import Any\nb\n";
        let place = Place {
            path: "m.py".into(),
            line: 3,
            column: 33,
            end_line: 3,
            end_column: 41,
        };
        let expected = [
            "     2 │ if TYPE_CHECKING:",
            "     3 │     from collections.abc import Iterable",
            "       │                                 ^^^^^^^^",
            "     4 │     from typing import Any",
        ];
        assert_eq!(snippet(source, &place, PLAIN), expected);
        let ascii = snippet(
            source,
            &place,
            Style {
                unicode: false,
                ..PLAIN
            },
        );
        assert_eq!(ascii, expected.map(|line| line.replace('│', "|")));
    }

    #[test]
    fn copes_with_the_ends_of_a_file() {
        let place = |line| Place::at("m.py", line, 1);
        assert_eq!(
            snippet("one\n", &place(1), PLAIN),
            ["     1 │ one", "       │ ^^^"]
        );
        assert_eq!(snippet("one\n", &place(2), PLAIN), Vec::<String>::new());
        assert_eq!(
            snippet("one\n", &place(u32::MAX - 1), PLAIN),
            Vec::<String>::new()
        );
        assert_eq!(
            snippet("one\n", &Place::file("m.py"), PLAIN),
            Vec::<String>::new()
        );
    }

    #[test]
    fn shows_where_two_values_part() {
        let found = Comparison {
            source: "assert f([1, 2, 3]) == '1, 2 and 3'".into(),
            want: "1, 2 and 3".into(),
            got: "1, 2, and 3".into(),
            differs_at: 4,
        };
        assert_eq!(
            comparison(&found, PLAIN),
            [
                "     assert f([1, 2, 3]) == '1, 2 and 3'",
                "       want  1, 2 and 3",
                "       got   1, 2, and 3",
                "                 ^",
            ]
        );
    }
}
