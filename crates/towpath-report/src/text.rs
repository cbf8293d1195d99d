//! Makes text from outside fit to be shown: without terminal escapes, without characters that XML
//! forbids, and not longer than asked. Knows no format's quoting beyond XML's and HTML's.

use std::borrow::Cow;

/// Returns the text without ANSI escape sequences (colours, cursor movement, window titles, links).
pub fn strip_ansi(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if character != '\u{1b}' {
            plain.push(character);
            continue;
        }
        match rest.next() {
            Some('[') => skip_until(&mut rest, |next| ('\u{40}'..='\u{7e}').contains(&next)),
            Some(']' | 'P' | '_' | '^') => skip_string(&mut rest),
            Some('(' | ')') => {
                rest.next();
            }
            _ => {}
        }
    }
    Cow::Owned(plain)
}

fn skip_until(rest: &mut impl Iterator<Item = char>, ends: impl Fn(char) -> bool) {
    for character in rest {
        if ends(character) {
            return;
        }
    }
}

/// Skips an operating system command: up to BEL or `ESC \`.
fn skip_string(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(character) = rest.next() {
        if character == '\u{7}' {
            return;
        }
        if character == '\u{1b}' {
            rest.next_if_eq(&'\\');
            return;
        }
    }
}

/// Returns whether XML 1.0 allows a character, written plainly or as a reference.
fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
        && !matches!(character, '\u{7f}'..='\u{9f}')
}

/// Returns the text without escapes, with characters that XML forbids shown as `U+FFFD`, and cut to
/// at most `limit` bytes. Quotes nothing.
pub fn xml_text(text: &str, limit: usize) -> String {
    let plain = strip_ansi(text);
    cut(&plain, limit)
        .chars()
        .map(|c| if is_xml(c) { c } else { '\u{fffd}' })
        .collect()
}

/// Returns [`xml_text`] with `& < > " '` as references, for XML and HTML, in text and attributes.
pub fn escaped(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit) + 16);
    for character in xml_text(text, limit).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Returns the text if it has at most `limit` bytes, else its beginning and a remark on what is gone.
pub fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = text.get(..end).unwrap_or_default();
    Cow::Owned(format!("{kept}… ({} bytes cut)", text.len() - end))
}

/// Returns the first line that says something, trimmed and without escapes.
pub fn first_line(text: &str) -> String {
    let plain = strip_ansi(text);
    plain
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// Returns the text on one line: runs of white space and control characters become one space.
pub fn one_line(text: &str, limit: usize) -> String {
    let plain = strip_ansi(text);
    let words: Vec<&str> = plain
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    cut(&words.join(" "), limit).into_owned()
}

/// Returns a count with its noun, such as `1 file` or `3 files`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Returns a duration as the report shows it: `0.4 s`, `14.8 s`, `3 min 12 s`, `1 h 4 min`.
pub fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds.div_euclid(1000);
    match seconds {
        0..60 => format!("{:.1} s", milliseconds as f64 / 1000.0),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Returns a size as the report shows it: `812 B`, `77 KiB`, `1.4 MiB`.
pub fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..MIB => format!("{} KiB", (bytes + KIB / 2) / KIB),
        _ => format!("{:.1} MiB", bytes as f64 / MIB as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_every_kind_of_escape() {
        for (text, plain) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[38;5;196;1mx", "x"),
            ("\u{1b}]8;;https://a\u{7}link\u{1b}]8;;\u{1b}\\!", "link!"),
            ("\u{1b}(Bx", "x"),
            ("cut \u{1b}", "cut "),
            ("cut \u{1b}[3", "cut "),
        ] {
            assert_eq!(strip_ansi(text), plain, "{text:?}");
        }
    }

    #[test]
    fn keeps_xml_well_formed() {
        assert_eq!(
            escaped("a\0b<&>\"'\u{1b}[1mü\u{8}\u{fffe}", 99),
            "a\u{fffd}b&lt;&amp;&gt;&quot;&#39;ü\u{fffd}\u{fffd}"
        );
        assert_eq!(xml_text("tab\tline\r\n😀", 99), "tab\tline\r\n😀");
    }

    #[test]
    fn cuts_at_characters() {
        assert_eq!(cut("üüü", 3), "ü… (4 bytes cut)");
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn words_what_a_reader_sees() {
        assert_eq!(one_line(" a\n\n b\tc ", 99), "a b c");
        assert_eq!(first_line("\n\n  x \ny"), "x");
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(0, "file"), "0 files");
        for (ms, text) in [
            (80, "0.1 s"),
            (14_800, "14.8 s"),
            (192_000, "3 min 12 s"),
            (3_840_000, "1 h 4 min"),
        ] {
            assert_eq!(duration(ms), text);
        }
        for (bytes, text) in [(812, "812 B"), (78_848, "77 KiB"), (1_468_006, "1.4 MiB")] {
            assert_eq!(size(bytes), text);
        }
    }
}
