//! Text with `${{ }}` in it. One expression alone keeps the kind of its value, anything around it
//! makes text.

use super::MAX_LENGTH;
use super::error::{Error, Phase, Reason};
use super::evaluator::Scope;
use super::parser::Names;
use super::tree::Expression;
use super::value::Value;

/// Parsed text with expressions.
#[derive(Debug, Clone)]
pub struct Template {
    segments: Vec<Segment>,
}

#[derive(Debug, Clone)]
enum Segment {
    Text(String),
    Expression(Expression),
}

impl Template {
    /// Parses text; every error has its bytes in `text`.
    pub fn parse(text: &str, names: &Names<'_>) -> Result<Self, Vec<Error>> {
        let mut segments = Vec::new();
        let mut lengths = Vec::new();
        let mut errors = Vec::new();
        let mut done = 0;
        while let Some(found) = text[done..].find("${{") {
            let start = done + found;
            if start > done {
                segments.push(Segment::Text(text[done..start].to_owned()));
            }
            let Some(length) = closing(&text[start + 3..]) else {
                errors.push(Error::at(
                    Phase::Parsing,
                    Reason::Unclosed,
                    text,
                    start..start + 3,
                ));
                return Err(errors);
            };
            let end = start + 3 + length;
            let inner = text[start + 3..end].trim();
            lengths.push(inner.encode_utf16().count());
            let is_alone = start == 0 && end + 2 == text.len();
            if let Some(reason) = wrong_insert(inner, is_alone) {
                errors.push(Error::at(Phase::Parsing, reason, text, start..end + 2));
                return Err(errors);
            }
            match expression(text, start + 3, end, names) {
                Ok(expression) => segments.push(Segment::Expression(expression)),
                Err(error) => errors.push(error),
            }
            done = end + 2;
        }
        if done < text.len() {
            segments.push(Segment::Text(text[done..].to_owned()));
        }
        // GitHub makes one expression of a text with several: `format('a {0}', x)`.
        if errors.is_empty() && segments.len() > 1 && as_one(&segments, &lengths) > MAX_LENGTH {
            errors.push(Error::at(
                Phase::Parsing,
                Reason::TooLong,
                text,
                0..text.len(),
            ));
        }
        if errors.is_empty() {
            Ok(Self { segments })
        } else {
            Err(errors)
        }
    }

    /// Returns the value: that of the expression if it is alone, else text.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, Error> {
        match self.segments.as_slice() {
            [] => Ok(Value::from("")),
            [Segment::Expression(expression)] => expression.evaluate(scope),
            segments => {
                let mut result = String::new();
                for segment in segments {
                    match segment {
                        Segment::Text(text) => result.push_str(text),
                        Segment::Expression(expression) => {
                            result.push_str(&expression.evaluate(scope)?.to_text());
                        }
                    }
                    if result.len() > super::MAX_MEMORY {
                        return Err(super::memory::Memory::exceeded());
                    }
                }
                Ok(Value::from(result))
            }
        }
    }

    /// Returns the text that an expression alone gives without being evaluated: `${{ 'text' }}`.
    pub(crate) fn quoted_text(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [Segment::Expression(expression)] => expression.quoted_text(),
            _ => None,
        }
    }

    /// Returns the one expression that says the same as a text that can be parsed:
    /// `format('a {0}', x)` where text stands around expressions.
    pub(crate) fn as_expression(text: &str) -> String {
        let mut texts = String::new();
        let mut expressions: Vec<&str> = Vec::new();
        let escaped = |text: &str| {
            let doubled = text.replace('\'', "''").replace('{', "{{");
            doubled.replace('}', "}}")
        };
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let Some(length) = closing(after) else {
                break;
            };
            texts.push_str(&escaped(before));
            texts.push_str(&format!("{{{}}}", expressions.len()));
            expressions.push(after[..length].trim());
            rest = &after[length + 2..];
        }
        texts.push_str(&escaped(rest));
        match expressions.as_slice() {
            [expression] if texts == "{0}" => (*expression).to_owned(),
            _ => format!("format('{texts}', {})", expressions.join(", ")),
        }
    }

    /// Returns the expressions, in order.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Expression(expression) => Some(expression),
            Segment::Text(_) => None,
        })
    }

    /// Tells whether the text is nothing but one expression.
    pub fn is_lone_expression(&self) -> bool {
        matches!(self.segments.as_slice(), [Segment::Expression(_)])
    }
}

/// Returns the characters of the one `format` that says the same as segments, given those of their
/// expressions.
fn as_one(segments: &[Segment], lengths: &[usize]) -> usize {
    let texts = segments.iter().map(|segment| match segment {
        Segment::Text(text) => text.encode_utf16().count() + text.matches(['\'', '{', '}']).count(),
        Segment::Expression(_) => 0,
    });
    let expressions = lengths
        .iter()
        .enumerate()
        .map(|(index, length)| format!("{{{index}}}, ").len() + length);
    "format('')".len() + texts.sum::<usize>() + expressions.sum::<usize>()
}

/// Returns the bytes before the `}}` that closes an expression; those in quotes do not.
fn closing(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut is_quoted = false;
    for (index, pair) in bytes.windows(2).enumerate() {
        match pair {
            [b'\'', _] => is_quoted = !is_quoted,
            [b'}', b'}'] if !is_quoted => return Some(index),
            _ => {}
        }
    }
    None
}

/// Tells whether a key stands for the entries of another mapping.
pub(crate) fn is_insert(text: &str) -> bool {
    text.strip_prefix("${{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .is_some_and(|inner| inner.trim() == "insert")
}

/// Returns what is wrong with `insert`, which stands for the entries of a mapping where it is all there is.
fn wrong_insert(inner: &str, is_alone: bool) -> Option<Reason> {
    let rest = inner.strip_prefix("insert")?;
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return None;
    }
    match rest.split_whitespace().count() {
        0 if is_alone => None,
        0 => Some(Reason::InsertInText),
        count => Some(Reason::InsertWithParameters(count)),
    }
}

fn expression(
    text: &str,
    start: usize,
    end: usize,
    names: &Names<'_>,
) -> Result<Expression, Error> {
    let inner = &text[start..end];
    let trimmed = inner.trim();
    if trimmed.is_empty() {
        return Err(Error::at(
            Phase::Parsing,
            Reason::Empty,
            text,
            start - 3..end + 2,
        ));
    }
    let offset = start + (inner.len() - inner.trim_start().len());
    Expression::parse(trimmed, names).map_err(|error| error.moved_by(offset))
}
