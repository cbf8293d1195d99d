//! One line of source with carets under a part of it: tabs become spaces, control characters become
//! visible, and a line wider than the screen is cut to the part that is marked.

use unicode_width::UnicodeWidthChar;

const TAB: usize = 4;

/// A line fit to be shown and the carets that go under it.
pub(super) struct Marked {
    pub(super) text: String,
    /// Spaces and carets; empty where nothing is marked.
    pub(super) carets: String,
}

/// Returns a line with nothing marked, cut to `width` columns (0 for no limit).
pub(super) fn plain(line: &str, width: usize) -> String {
    marked(line, 0, 0, width).text
}

/// Returns a line with the characters `column..end_column` (from 1) marked. A column of 0 marks
/// nothing; an end of 0 marks the word that starts at the column, `u32::MAX` the rest of the line.
pub(super) fn marked(line: &str, column: u32, end_column: u32, width: usize) -> Marked {
    let start = (column as usize).saturating_sub(1);
    let end = end_of(line, start, end_column);
    let skipped = hidden_before(line, start, width);
    let mut text = String::new();
    let mut carets = String::new();
    let mut used = 0;
    if skipped > 0 {
        text.push('…');
        carets.push(' ');
        used = 1;
    }
    for (index, character) in line.chars().enumerate().skip(skipped) {
        let (shown, columns) = visible(character);
        if width > 0 && used + columns + 1 > width {
            text.push('…');
            break;
        }
        used += columns;
        text.push_str(&shown);
        let mark = if column > 0 && (start..end).contains(&index) {
            '^'
        } else {
            ' '
        };
        carets.extend(std::iter::repeat_n(mark, columns));
    }
    if column > 0 && !carets.contains('^') {
        // The place is the end of the line, or past what can be shown.
        carets = format!("{}^", " ".repeat(used));
    }
    Marked {
        text: text.trim_end().to_owned(),
        carets: carets.trim_end().to_owned(),
    }
}

fn end_of(line: &str, start: usize, end_column: u32) -> usize {
    match end_column {
        0 => {
            let word = line
                .chars()
                .skip(start)
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .count();
            start + word.max(1)
        }
        u32::MAX => line.trim_end().chars().count().max(start + 1),
        end => (end as usize).saturating_sub(1).max(start + 1),
    }
}

/// Returns how many characters to leave out so that the mark is on the screen.
fn hidden_before(line: &str, start: usize, width: usize) -> usize {
    if width == 0 {
        return 0;
    }
    let before: usize = line
        .chars()
        .take(start)
        .map(|character| visible(character).1)
        .sum();
    if before + 20 <= width {
        0
    } else {
        start.saturating_sub(width / 2)
    }
}

fn visible(character: char) -> (String, usize) {
    match character {
        '\t' => (" ".repeat(TAB), TAB),
        _ if character.is_control() => ("\u{fffd}".to_owned(), 1),
        _ => (character.to_string(), character.width().unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, column: u32, end: u32, width: usize, text: &str, carets: &str) {
        let found = marked(line, column, end, width);
        assert_eq!(
            (found.text.as_str(), found.carets.as_str()),
            (text, carets),
            "{line:?}"
        );
    }

    #[test]
    fn puts_carets_under_the_marked_part() {
        check(
            "    needs: biuld",
            12,
            17,
            0,
            "    needs: biuld",
            "           ^^^^^",
        );
        check(
            "    needs: biuld",
            12,
            0,
            0,
            "    needs: biuld",
            "           ^^^^^",
        );
        check("a = (1,", 5, u32::MAX, 0, "a = (1,", "    ^^^");
        check("\tx\t", 2, 3, 0, "    x", "    ^");
        check(
            "größe = 名前 + 1",
            9,
            11,
            0,
            "größe = 名前 + 1",
            "        ^^^^",
        );
        check("x", 2, 3, 0, "x", " ^");
        check("", 1, 1, 0, "", "^");
        check("esc\u{1b}[0m", 0, 0, 0, "esc\u{fffd}[0m", "");
    }

    #[test]
    fn cuts_wide_lines_around_the_mark() {
        let line = format!("{}here{}", "x".repeat(1_000), "y".repeat(1_000));
        let found = marked(&line, 1_001, 1_005, 60);
        assert!(
            found.text.starts_with('…') && found.text.ends_with('…'),
            "{}",
            found.text
        );
        let at = found.carets.find("^^^^").expect("marked");
        assert_eq!(
            found.text.chars().skip(at).take(4).collect::<String>(),
            "here"
        );
        assert!(found.text.chars().count() <= 60);
    }
}
