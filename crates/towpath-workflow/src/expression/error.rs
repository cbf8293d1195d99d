//! What can be wrong with an expression, in the words of GitHub's own runner.

use std::ops::Range;

use thiserror::Error;

use super::{MAX_DEPTH, MAX_LENGTH};

/// When an error was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A piece of the text is no token.
    Lexing,
    /// The tokens are no expression.
    Parsing,
    /// The expression has no value.
    Evaluation,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A token that cannot stand here.
    UnexpectedSymbol(String),
    /// The expression ends too early, after this token.
    UnexpectedEnd(String),
    /// A context that is not known here.
    UnknownContext(String),
    /// A function that is not known here.
    UnknownFunction(String),
    /// A function with too few arguments.
    TooFewParameters(String),
    /// A function with too many arguments.
    TooManyParameters(String),
    /// `case` with an even number of arguments.
    EvenParameters(String),
    /// Nested too deep.
    TooDeep,
    /// Too long.
    TooLong,
    /// `${{` without `}}`.
    Unclosed,
    /// Nothing between `${{` and `}}`.
    Empty,
    /// `insert`, which stands for entries of a mapping, inside text.
    InsertInText,
    /// `insert` with this many words after it.
    InsertWithParameters(usize),
    /// Anything else, in the words of the official implementation; the message may say more.
    Other(String),
}

/// An error in an expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Error {
    /// When it was found.
    pub phase: Phase,
    /// What is wrong.
    pub reason: Reason,
    /// The message of GitHub's runner.
    pub message: String,
    /// Bytes of the text at fault.
    pub range: Range<usize>,
}

impl Error {
    /// Returns an error at bytes of the expression `source`.
    pub(crate) fn at(phase: Phase, reason: Reason, source: &str, range: Range<usize>) -> Self {
        let position = source
            .get(..range.start)
            .unwrap_or(source)
            .encode_utf16()
            .count()
            + 1;
        let placed = |text: String| {
            format!("{text}. Located at position {position} within expression: {source}")
        };
        let message = match &reason {
            Reason::UnexpectedSymbol(symbol) => placed(format!("Unexpected symbol: '{symbol}'")),
            Reason::UnexpectedEnd(symbol) => placed(format!("Unexpected end of expression: '{symbol}'")),
            Reason::UnknownContext(name) => placed(format!("Unrecognized named-value: '{name}'")),
            Reason::UnknownFunction(name) => placed(format!("Unrecognized function: '{name}'")),
            Reason::TooFewParameters(name) => placed(format!("Too few parameters supplied: '{name}'")),
            Reason::TooManyParameters(name) => placed(format!("Too many parameters supplied: '{name}'")),
            Reason::EvenParameters(name) => placed(format!(
                "Even number of parameters supplied, requires an odd number of parameters: '{name}'"
            )),
            Reason::TooDeep => format!("Exceeded max expression depth {MAX_DEPTH}"),
            Reason::TooLong => format!("Exceeded max expression length {MAX_LENGTH}"),
            Reason::Unclosed => "The expression is not closed. An unescaped ${{ sequence was found, but the closing \
                                 }} sequence was not found."
                .to_owned(),
            Reason::Empty => "An expression was expected".to_owned(),
            Reason::InsertInText => "The directive 'insert' is not allowed in this context. Directives are not \
                                     supported for expressions that are embedded within a string. Directives are \
                                     only supported when the entire value is an expression."
                .to_owned(),
            Reason::InsertWithParameters(count) => format!(
                "Exactly 0 parameter(s) were expected following the directive 'insert'. Actual parameter count: {count}"
            ),
            Reason::Other(text) => text.clone(),
        };
        Self {
            phase,
            reason,
            message,
            range,
        }
    }

    /// Returns an error of evaluation, which has no place.
    pub(crate) fn evaluation(message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            phase: Phase::Evaluation,
            reason: Reason::Other(message.clone()),
            message,
            range: 0..0,
        }
    }

    /// Returns an error of evaluation of which more is told than the official words.
    pub(crate) fn evaluation_in_words(words: &str, message: String) -> Self {
        Self {
            reason: Reason::Other(words.to_owned()),
            ..Self::evaluation(message)
        }
    }

    /// Returns what the official implementation says of it.
    pub fn official(&self) -> &str {
        match &self.reason {
            Reason::Other(words) => words,
            _ => &self.message,
        }
    }

    /// Returns the error with its range counted from `offset` bytes earlier.
    pub(crate) fn moved_by(mut self, offset: usize) -> Self {
        self.range = self.range.start + offset..self.range.end + offset;
        self
    }
}
