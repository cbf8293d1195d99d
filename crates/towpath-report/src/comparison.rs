//! Finds in pytest's account of a failed assertion what was wanted and what was got.

/// A failed comparison of two values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The line of source that failed, trimmed; empty where unknown.
    pub source: String,
    /// The value on the right of `==`, one line.
    pub want: String,
    /// The value on the left of `==`, one line.
    pub got: String,
    /// Where the two begin to differ, in characters from 0.
    pub differs_at: usize,
}

/// Returns the comparison in a test's details, where the assertion was `==` and each side fits on one
/// line: pytest writes the wanted side with `-` and the other with `+`.
pub(crate) fn comparison(details: &str) -> Option<Comparison> {
    let (source, block) = failing_line(details)?;
    let (got, want) = assertion(block.first()?)?;
    let (want, got) = match text_difference(&block) {
        Some(pair) => pair,
        None => (want.to_owned(), got.to_owned()),
    };
    if want.is_empty() || got.is_empty() || want == got {
        return None;
    }
    let differs_at = want
        .chars()
        .zip(got.chars())
        .take_while(|(want, got)| want == got)
        .count();
    Some(Comparison {
        source: source.to_owned(),
        want,
        got,
        differs_at,
    })
}

/// Returns the line of source that failed, trimmed, and what pytest says of it, line by line; the source
/// is empty where pytest shows none. `None` where the details are not pytest's.
pub fn failing_line(details: &str) -> Option<(&str, Vec<&str>)> {
    let lines: Vec<&str> = details.lines().collect();
    let error = lines.iter().position(|line| line.starts_with("E  "))?;
    let source = lines
        .iter()
        .take(error)
        .rev()
        .find_map(|line| line.strip_prefix('>'));
    let said = lines
        .iter()
        .skip(error)
        .map_while(|line| line.strip_prefix('E'))
        .map(|line| line.get(3..).unwrap_or(""));
    Some((source.unwrap_or_default().trim(), said.collect()))
}

/// Splits `AssertionError: assert '1, 2, and 3' == '1, 2 and 3'` at the one `==` outside of quotes
/// and brackets, into left and right.
fn assertion(line: &str) -> Option<(&str, &str)> {
    let (_, assertion) = line.split_once("assert ")?;
    let bytes = assertion.as_bytes();
    let (mut quote, mut depth) = (None, 0_i32);
    let mut found = Vec::new();
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        if let Some(open) = quote {
            match *byte {
                b'\\' => index += 1,
                byte if byte == open => quote = None,
                _ => {}
            }
        } else {
            match *byte {
                b'\'' | b'"' => quote = Some(*byte),
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth -= 1,
                _ if depth == 0 && bytes.get(index..index + 4) == Some(b" == ") => {
                    found.push(index);
                }
                _ => {}
            }
        }
        index += 1;
    }
    let [at] = found.as_slice() else { return None };
    Some((
        assertion.get(..*at)?.trim(),
        assertion.get(at + 4..)?.trim(),
    ))
}

/// Reads the lines `- wanted` and `+ got` of a comparison of texts, when there is one of each.
fn text_difference(block: &[&str]) -> Option<(String, String)> {
    let one = |mark: &str| {
        let mut found = block
            .iter()
            .skip(1)
            .filter_map(|line| line.trim_start().strip_prefix(mark));
        match (found.next(), found.next()) {
            (Some(line), None) if !line.starts_with(' ') => Some(line.to_owned()),
            _ => None,
        }
    };
    Some((one("- ")?, one("+ ")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(details: &str) -> Option<(String, String, usize)> {
        comparison(details).map(|found| (found.want, found.got, found.differs_at))
    }

    #[test]
    fn reads_a_comparison_of_texts() {
        let details = "def test():\n>       assert f([1, 2, 3]) == '1, 2 and 3'\nE       AssertionError: assert '1, 2, and 3' == '1, 2 and 3'\nE         \nE         - 1, 2 and 3\nE         + 1, 2, and 3\nE         ?     +\n\ntests/a.py:3: AssertionError";
        let found = comparison(details).expect("a comparison");
        assert_eq!(found.source, "assert f([1, 2, 3]) == '1, 2 and 3'");
        assert_eq!(
            (found.want.as_str(), found.got.as_str(), found.differs_at),
            ("1, 2 and 3", "1, 2, and 3", 4)
        );
    }

    #[test]
    fn reads_values_from_the_assertion_itself() {
        for (line, expected) in [
            ("E       assert 3 == 2", Some(("2", "3"))),
            (
                "E       AssertionError: assert [1, '=='] == [1]",
                Some(("[1]", "[1, '==']")),
            ),
            ("E       assert f(1 == 2) == 3", Some(("3", "f(1 == 2)"))),
            ("E       assert 1 == 2 == 3", None),
            ("E       assert 1 < 2", None),
            ("E       KeyError: 'a == b'", None),
            ("no error", None),
        ] {
            let found = pair(line).map(|(want, got, _)| (want, got));
            assert_eq!(
                found,
                expected.map(|(want, got)| (want.to_owned(), got.to_owned())),
                "{line}"
            );
        }
    }

    #[test]
    fn is_silent_where_texts_have_many_lines() {
        let details = "E       AssertionError: assert 'a\\nb' == 'c\\nd'\nE         - c\nE         - d\nE         + a\nE         + b";
        assert_eq!(
            pair(details).map(|(want, got, _)| (want, got)),
            Some(("'c\\nd'".to_owned(), "'a\\nb'".to_owned()))
        );
    }
}
