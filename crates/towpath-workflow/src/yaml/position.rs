//! Where in the file a byte of a scalar's value stands, through quotes, escapes and indentation.

use std::iter::Peekable;
use std::str::CharIndices;

use super::{Node, Style};

impl Node {
    /// Returns the byte of `text`, the file, at which the byte `offset` of this scalar's value is
    /// written. White space is not told apart, so an offset at a blank gives what follows it.
    pub fn position(&self, text: &str, offset: usize) -> usize {
        let Some(value) = self.text() else {
            return self.span.start;
        };
        let before = value.get(..offset).unwrap_or(value);
        let mut wanted = before
            .chars()
            .filter(|character| !character.is_whitespace())
            .count();
        let Some(written) = text.get(self.span.clone()) else {
            return self.span.start;
        };
        let mut characters = written.char_indices().peekable();
        skip_opening(self.style, &mut characters);
        while let Some((index, character)) = characters.next() {
            if let Some(counts) = unescape(self.style, character, &mut characters) {
                if counts && wanted == 0 {
                    return self.span.start + index;
                }
                wanted = wanted.saturating_sub(usize::from(counts));
            }
        }
        self.span.end
    }
}

fn skip_opening(style: Style, characters: &mut Peekable<CharIndices<'_>>) {
    match style {
        Style::Plain => {}
        Style::SingleQuoted | Style::DoubleQuoted => {
            characters.next();
        }
        Style::Literal | Style::Folded => {
            if characters
                .peek()
                .is_some_and(|(_, first)| matches!(first, '|' | '>'))
            {
                let _ = characters.find(|(_, character)| *character == '\n');
            }
        }
    }
}

/// Consumes the rest of an escape that begins with `character`; tells whether the result is a
/// character other than white space, or nothing where there is no character at all.
fn unescape(style: Style, character: char, rest: &mut Peekable<CharIndices<'_>>) -> Option<bool> {
    match (style, character) {
        (Style::SingleQuoted, '\'') => {
            rest.next_if(|(_, next)| *next == '\'')?;
            Some(true)
        }
        (Style::DoubleQuoted, '\\') => {
            let (_, escaped) = rest.next()?;
            let digits = match escaped {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                _ => 0,
            };
            for _ in 0..digits {
                rest.next();
            }
            Some(
                !matches!(escaped, 'n' | 't' | 'r' | 'v' | 'f' | 'N' | '_' | 'L' | 'P')
                    && !escaped.is_whitespace(),
            )
        }
        _ => Some(!character.is_whitespace()),
    }
}

#[cfg(test)]
mod tests {
    use towpath_report::Source;

    use crate::yaml::{Limits, parse};

    #[test]
    fn blocks_begin_at_their_mark_and_nothing_after_its_key() {
        for (text, expected) in [
            ("a: |\n  b\n", 3),
            ("a:   >-2 # c | d\n\n\n   b\n", 5),
            ("a: |\n  | b\n", 3),
            ("a: !!str |+\n  b\n", 9),
            ("a: \"|\"\n", 3),
            ("a:\n", 2),
            ("a:  # c\n", 4),
            ("{a: , b: c}\n", 4),
        ] {
            let source = Source {
                path: "a.yml",
                text,
            };
            let tree = parse(&source, &Limits::WORKFLOW).expect("it is valid");
            let start = tree.get("a").map(|node| node.span.start);
            assert_eq!(start, Some(expected), "{text}");
        }
    }

    #[test]
    fn maps_bytes_of_a_value_to_bytes_of_the_file() {
        for text in [
            "a: one X two\n",
            "a: 'one ''quoted'' X two'\n",
            "a: \"one \\\"q\\\" \\n \\u0041 X two\"\n",
            "a: |\n  one\n    two X\n",
            "a: | # comment\n  one\n  two X\n",
            "a: >-\n  one\n  two X\n",
            "a: one\n   two\n   X\n",
        ] {
            let source = Source {
                path: "a.yml",
                text,
            };
            let tree = parse(&source, &Limits::WORKFLOW).expect("it is valid");
            let node = tree.get("a").expect("it has a key");
            let offset = node
                .as_str()
                .and_then(|value| value.find('X'))
                .expect("it has an X");
            assert_eq!(Some(node.position(text, offset)), text.find('X'), "{text}");
        }
    }
}
