//! Values as the official parser reads them: kept in kind where their key takes it, else made text, and
//! text around expressions made one expression.

use serde_json::{Value as Json, json};

use super::check::chosen;
use super::form::{Definition, Form, Mapping};
use super::table;
use crate::expression::{self, Names, Template, is_insert};
use crate::read::scalar_text;
use crate::yaml::{Node, Value};

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Null,
    Boolean(bool),
    Number(f64),
    Text(String),
    Expression(String),
    /// `${{ insert }}`, which stands for the entries of another mapping.
    Insert,
    Sequence(Vec<Token>),
    Mapping(Vec<(Token, Token)>),
}

/// Reads a value whose form is right.
pub(super) fn read(node: &Node, definition: &Definition) -> Token {
    match &node.value {
        Value::Sequence(items) => {
            let form = definition.items().unwrap_or(table::anything());
            Token::Sequence(items.iter().map(|item| read(item, form)).collect())
        }
        Value::Mapping(entries) => Token::Mapping(mapping(entries, definition.mappings())),
        _ => scalar(node, &definition.scalars()),
    }
}

fn mapping(entries: &[(Node, Node)], mut mappings: Vec<&Mapping>) -> Vec<(Token, Token)> {
    let others = mappings
        .first()
        .and_then(|mapping| mapping.others.as_deref())
        .unwrap_or(table::anything());
    let entry = |(key, value): &(Node, Node)| {
        let key = scalar(key, &[]);
        let form = key.text().and_then(|name| chosen(&mut mappings, name));
        (key, read(value, form.unwrap_or(others)))
    };
    entries.iter().map(entry).collect()
}

fn scalar(node: &Node, forms: &[&Form]) -> Token {
    let takes = |wanted: fn(&Form) -> bool| forms.iter().any(|form| wanted(form));
    match &node.value {
        Value::Null if takes(|form| matches!(form, Form::Null)) => Token::Null,
        Value::Boolean(value) if takes(|form| matches!(form, Form::Boolean)) => {
            Token::Boolean(*value)
        }
        Value::Number(value) if takes(|form| matches!(form, Form::Number)) => Token::Number(*value),
        Value::String(text) if text.contains("${{") => with_expressions(text),
        _ => Token::Text(scalar_text(node).unwrap_or_default()),
    }
}

fn with_expressions(text: &str) -> Token {
    if is_insert(text) {
        return Token::Insert;
    }
    let template = Template::parse(text, &Names::ALL);
    match template.as_ref().map(Template::quoted_text) {
        Ok(Some(quoted)) => Token::Text(quoted.to_owned()),
        _ => Token::Expression(Template::as_expression(text)),
    }
}

impl Token {
    /// Returns the text of a literal text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the entries of a mapping.
    pub(super) fn entries(&self) -> &[(Self, Self)] {
        match self {
            Self::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the items of a sequence; any other value is the only one.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::Sequence(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// Returns the value of a key of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(name, _)| name.text() == Some(key))
            .map(|(_, value)| value)
    }

    /// Returns the JSON of a token, as the official parser writes it without places.
    pub(super) fn json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(value) => json!(value),
            Self::Number(value) => Json::from(&expression::Value::from(*value)),
            Self::Text(text) => json!(text),
            Self::Expression(source) => expression_json(source),
            Self::Insert => json!({"type": 4, "expr": "insert"}),
            Self::Sequence(items) => {
                json!({"type": 1, "seq": items.iter().map(Self::json).collect::<Vec<_>>()})
            }
            Self::Mapping(entries) => {
                let entry =
                    |(key, value): &(Self, Self)| json!({"Key": key.json(), "Value": value.json()});
                json!({"type": 2, "map": entries.iter().map(entry).collect::<Vec<_>>()})
            }
        }
    }
}

/// Returns the JSON of an expression.
pub(super) fn expression_json(source: &str) -> Json {
    json!({"type": 3, "expr": source})
}
