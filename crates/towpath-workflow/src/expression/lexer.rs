//! From the text of an expression to its tokens. Knows no grammar beyond one token of memory.

use std::ops::Range;

use super::MAX_LENGTH;
use super::error::{Error, Phase, Reason};
use crate::number;

/// A piece of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Null,
    Boolean(bool),
    Number(f64),
    String(String),
    /// A context, function or property.
    Name,
    OpenGroup,
    CloseGroup,
    OpenIndex,
    CloseIndex,
    Comma,
    Dot,
    Star,
    Not,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

/// Returns the tokens with their bytes.
pub(super) fn lex(source: &str) -> Result<Vec<(Token, Range<usize>)>, Error> {
    if source.encode_utf16().count() > MAX_LENGTH {
        return Err(Error::at(
            Phase::Parsing,
            Reason::TooLong,
            source,
            0..source.len(),
        ));
    }
    let mut tokens: Vec<(Token, Range<usize>)> = Vec::new();
    let mut start = 0;
    while let Some(first) = source.get(start..).and_then(|rest| rest.chars().next()) {
        if first.is_whitespace() {
            start += first.len_utf8();
            continue;
        }
        let last = tokens.last().map(|(token, _)| token);
        let (token, length) = next(&source[start..], first, last);
        let range = start..start + length;
        let Some(token) = token else {
            let symbol = source.get(range.clone()).unwrap_or_default().to_owned();
            return Err(Error::at(
                Phase::Lexing,
                Reason::UnexpectedSymbol(symbol),
                source,
                range,
            ));
        };
        start = range.end;
        tokens.push((token, range));
    }
    Ok(tokens)
}

/// Returns the token at the start of `rest`, none for what is no token, and its length.
fn next(rest: &str, first: char, last: Option<&Token>) -> (Option<Token>, usize) {
    let two = rest.get(..2).unwrap_or_default();
    match (first, two) {
        (_, "!=") => (Some(Token::NotEqual), 2),
        (_, "==") => (Some(Token::Equal), 2),
        (_, "<=") => (Some(Token::LessOrEqual), 2),
        (_, ">=") => (Some(Token::GreaterOrEqual), 2),
        (_, "&&") => (Some(Token::And), 2),
        (_, "||") => (Some(Token::Or), 2),
        ('!', _) => (Some(Token::Not), 1),
        ('<', _) => (Some(Token::Less), 1),
        ('>', _) => (Some(Token::Greater), 1),
        ('(', _) => (Some(Token::OpenGroup), 1),
        (')', _) => (Some(Token::CloseGroup), 1),
        ('[', _) => (Some(Token::OpenIndex), 1),
        (']', _) => (Some(Token::CloseIndex), 1),
        (',', _) => (Some(Token::Comma), 1),
        ('*', _) => (Some(Token::Star), 1),
        ('\'', _) => string(rest),
        ('.', _) if !starts_number(last) => (Some(Token::Dot), 1),
        ('.' | '-' | '+' | '0'..='9', _) => decimal(rest),
        _ => word(rest, last == Some(&Token::Dot)),
    }
}

/// A point is followed by a property after a value that may have one, else it begins a number.
fn starts_number(last: Option<&Token>) -> bool {
    !matches!(
        last,
        Some(Token::Name | Token::CloseGroup | Token::CloseIndex | Token::Star)
    )
}

fn string(rest: &str) -> (Option<Token>, usize) {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((index, character)) = characters.next() {
        if character == '\'' && characters.next_if(|(_, next)| *next == '\'').is_none() {
            return (Some(Token::String(text)), index + 1);
        }
        text.push(character);
    }
    (None, rest.len())
}

fn decimal(rest: &str) -> (Option<Token>, usize) {
    let length = length_until(rest, |character| is_boundary(character) && character != '.');
    let value = number::parse(&rest[..length]);
    ((!value.is_nan()).then_some(Token::Number(value)), length)
}

fn word(rest: &str, is_property: bool) -> (Option<Token>, usize) {
    let length = length_until(rest, is_boundary);
    let word = &rest[..length];
    let token = match word {
        "null" if !is_property => Token::Null,
        "true" if !is_property => Token::Boolean(true),
        "false" if !is_property => Token::Boolean(false),
        "NaN" if !is_property => Token::Number(f64::NAN),
        "Infinity" if !is_property => Token::Number(f64::INFINITY),
        _ if is_name(word) => Token::Name,
        _ => return (None, length),
    };
    (Some(token), length)
}

/// Returns the bytes up to the first character, after the very first, that ends the token.
fn length_until(rest: &str, ends: impl Fn(char) -> bool) -> usize {
    rest.char_indices()
        .skip(1)
        .find(|(_, character)| ends(*character))
        .map_or(rest.len(), |(index, _)| index)
}

fn is_boundary(character: char) -> bool {
    matches!(
        character,
        '(' | '[' | ')' | ']' | ',' | '.' | '!' | '>' | '<' | '=' | '&' | '|'
    ) || character.is_whitespace()
}

/// Tells whether a text is a name: a letter or `_`, then letters, digits, `_` and `-`.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-'))
}
