//! The functions that every expression has.

use super::error::Error;
use super::format::{Piece, pieces};
use super::json;
use super::memory::Memory;
use super::value::{Value, folded};

/// A function that every expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BuiltIn {
    Case,
    Contains,
    EndsWith,
    Format,
    FromJson,
    Join,
    StartsWith,
    ToJson,
}

const NAMES: [(&str, BuiltIn); 8] = [
    ("case", BuiltIn::Case),
    ("contains", BuiltIn::Contains),
    ("endsWith", BuiltIn::EndsWith),
    ("format", BuiltIn::Format),
    ("fromJSON", BuiltIn::FromJson),
    ("join", BuiltIn::Join),
    ("startsWith", BuiltIn::StartsWith),
    ("toJSON", BuiltIn::ToJson),
];

/// Returns the names of the functions that every expression has.
pub(crate) fn built_in_names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

impl BuiltIn {
    pub(super) fn named(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, function)| *function)
    }

    /// Returns the least and the most number of arguments.
    pub(super) fn parameters(self) -> (usize, usize) {
        match self {
            Self::Case => (3, usize::MAX),
            Self::Contains | Self::EndsWith | Self::StartsWith => (2, 2),
            Self::Format => (1, 255),
            Self::FromJson | Self::ToJson => (1, 1),
            Self::Join => (1, 2),
        }
    }

    /// Returns the value for evaluated arguments; `case`, which evaluates only some, is not called.
    pub(super) fn call(self, arguments: &[Value], memory: &Memory) -> Result<Value, Error> {
        let argument = |index: usize| arguments.get(index).unwrap_or(&Value::Null);
        match self {
            Self::Case => Ok(argument(0).clone()),
            Self::Contains => Ok(Value::from(contains(argument(0), argument(1)))),
            Self::StartsWith => Ok(Value::from(compares(
                argument(0),
                argument(1),
                |text, part| text.starts_with(part),
            ))),
            Self::EndsWith => Ok(Value::from(compares(
                argument(0),
                argument(1),
                |text, part| text.ends_with(part),
            ))),
            Self::Format => format(
                &argument(0).to_text(),
                arguments.get(1..).unwrap_or_default(),
                memory,
            ),
            Self::FromJson => from_json(&argument(0).to_text(), memory),
            Self::Join => join(argument(0), arguments.get(1), memory),
            Self::ToJson => {
                let text = json::write(argument(0), memory.left()).ok_or_else(Memory::exceeded)?;
                memory.text(text)
            }
        }
    }
}

fn contains(search: &Value, item: &Value) -> bool {
    match search.as_array() {
        Some(items) => items.iter().any(|own| own.equals(item)),
        None => compares(search, item, |text, part| text.contains(part)),
    }
}

/// Compares the texts of two values without regard to case; collections never compare.
fn compares(left: &Value, right: &Value, test: fn(&str, &str) -> bool) -> bool {
    let text = |value: &Value| folded(&value.to_text()).collect::<String>();
    left.is_primitive() && right.is_primitive() && test(&text(left), &text(right))
}

fn format(text: &str, arguments: &[Value], memory: &Memory) -> Result<Value, Error> {
    let mut result = String::new();
    for piece in pieces(text, arguments.len()).map_err(Error::evaluation)? {
        match piece {
            Piece::Text(text) => result.push_str(text),
            Piece::Argument(index) => {
                result.push_str(&arguments.get(index).map(Value::to_text).unwrap_or_default());
            }
        }
        memory.check(result.len())?;
    }
    memory.text(result)
}

fn join(items: &Value, separator: Option<&Value>, memory: &Memory) -> Result<Value, Error> {
    let separator = separator
        .filter(|separator| separator.is_primitive())
        .map_or_else(|| ",".to_owned(), Value::to_text);
    let Some(items) = items.as_array() else {
        return Ok(if items.is_primitive() {
            Value::from(items.to_text())
        } else {
            Value::from("")
        });
    };
    let mut result = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            result.push_str(&separator);
        }
        result.push_str(&item.to_text());
        memory.check(result.len())?;
    }
    memory.text(result)
}

fn from_json(text: &str, memory: &Memory) -> Result<Value, Error> {
    const WORDS: &str = "Error parsing JSON when evaluating fromJson";
    if text.trim().is_empty() {
        let words = "empty input";
        return Err(Error::evaluation_in_words(
            words,
            format!("{WORDS}: {words}"),
        ));
    }
    memory.count(text.len())?;
    let json: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| Error::evaluation_in_words(WORDS, format!("{WORDS}: {error}")))?;
    Ok(Value::from(&json))
}
