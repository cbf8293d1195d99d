//! Makes text from outside fit to be shown: without terminal escapes, without characters that XML
//! forbids, and not longer than asked. Knows no format's quoting beyond XML's and HTML's.

use std::borrow::Cow;

/// Returns the text without ANSI escape sequences (colours, cursor movement, window titles, links).
pub fn strip_ansi(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| c == '\u{1b}' || is_c1(c)) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_sequence(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut rest),
            other if is_c1(other) => {}
            other => plain.push(other),
        }
    }
    Cow::Owned(plain)
}

/// Skips an escape sequence behind its first character.
fn skip_escape(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match rest.next() {
        Some('[') => skip_sequence(rest),
        Some(']' | 'P' | '_' | '^' | 'X') => skip_string(rest),
        Some('(' | ')') => {
            rest.next();
        }
        _ => {}
    }
}

/// Returns a JSON text with the control characters escaped that JSON allows within texts and a terminal may obey.
pub fn json_shown(text: String) -> String {
    let is_control = |c: char| ('\u{7f}'..='\u{9f}').contains(&c);
    if !text.contains(is_control) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_control(character) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Returns the text as a terminal only shows it, on one line: no escapes, and control characters, line
/// ends among them, as blanks.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let blank = |c: char| if c.is_control() { ' ' } else { c };
    Cow::Owned(strip_ansi(text).chars().map(blank).collect())
}

/// Returns what a program printed as a terminal may show it: with its lines, tabs and colours, without
/// all else that a terminal obeys.
pub fn coloured(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\u{1b}') {
        let (plain, escape) = rest.split_at(start);
        out.extend(plain.chars().filter(|c| is_layout(*c)));
        let colour = colour_length(escape);
        let (colour, after) = escape.split_at(colour);
        out.push_str(colour);
        if colour.is_empty() {
            let mut characters = escape.chars().peekable();
            characters.next();
            skip_escape(&mut characters);
            let left: usize = characters.map(char::len_utf8).sum();
            rest = &escape[escape.len() - left..];
        } else {
            rest = after;
        }
    }
    out.extend(rest.chars().filter(|c| is_layout(*c)));
    out
}

fn is_layout(character: char) -> bool {
    matches!(character, '\n' | '\t') || !character.is_control()
}

/// Returns how many bytes the colour takes that an escape sequence begins with.
fn colour_length(escape: &str) -> usize {
    let Some(body) = escape.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let numbers = body.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';' || c == ':');
    if numbers.starts_with('m') {
        escape.len() - numbers.len() + 1
    } else {
        0
    }
}

/// Tells whether a character is one of the control characters that stand for an escape of two.
fn is_c1(character: char) -> bool {
    ('\u{80}'..='\u{9f}').contains(&character)
}

/// Skips a control sequence up to its final byte.
fn skip_sequence(rest: &mut impl Iterator<Item = char>) {
    rest.find(|next| ('\u{40}'..='\u{7e}').contains(next));
}

/// Skips an operating system command: up to BEL or `ESC \`.
fn skip_string(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(character) = rest.next() {
        if matches!(character, '\u{7}' | '\u{9c}') {
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
    fn what_a_terminal_obeys_is_escaped_in_json() {
        let text = json_shown("{\"a\": \"\u{9b}2Jé\u{7f}\"}\n".to_owned());
        assert_eq!(text, "{\"a\": \"\\u009b2Jé\\u007f\"}\n");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["a"], "\u{9b}2Jé\u{7f}");
    }

    #[test]
    fn what_a_terminal_obeys_becomes_blank_or_goes() {
        for (text, one_line, in_colour) in [
            ("plain", "plain", "plain"),
            ("a\n\tb", "a  b", "a\n\tb"),
            (
                "\u{1b}[1;31mred\u{1b}[0m\u{1b}[2J!",
                "red!",
                "\u{1b}[1;31mred\u{1b}[0m!",
            ),
            ("\u{1b}]0;title\u{7}x\u{1b}", "x", "x"),
            ("\u{1b}P1\u{1b}\\a\u{9b}2J\u{8}\r", "a  ", "a2J"),
            ("\u{1b}[31", "", ""),
        ] {
            assert_eq!(harmless(text), one_line, "{text:?}");
            assert_eq!(coloured(text), in_colour, "{text:?}");
        }
    }

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
