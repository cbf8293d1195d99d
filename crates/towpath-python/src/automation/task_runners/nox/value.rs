//! Values of a noxfile as far as plain reading goes: strings, lists, dictionaries and what is
//! made of them. Runs no Python; what it cannot know is [`Value::Unknown`].

use crate::automation::tables::{Node, Value as TableValue};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Boolean(bool),
    None,
    List(Vec<Value>),
    Dictionary(Vec<(String, Value)>),
    /// The `session` that nox hands to a function.
    Session,
    /// Known only in a run; the source text stands for it.
    Unknown(String),
}

impl Value {
    /// Returns whether Python takes it for true; `None` where that is not known.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Text(text) => Some(!text.is_empty()),
            Self::Number(number) => Some(*number != 0),
            Self::Boolean(boolean) => Some(*boolean),
            Self::None => Some(false),
            Self::List(items) => Some(!items.is_empty()),
            Self::Dictionary(entries) => Some(!entries.is_empty()),
            Self::Session => Some(true),
            Self::Unknown(_) => None,
        }
    }

    /// Returns the words that it gives as an argument of a command.
    pub(super) fn words(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::Number(number) => vec![number.to_string()],
            Self::List(items) => items.iter().flat_map(Self::words).collect(),
            Self::Dictionary(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
            Self::Unknown(source) => vec![format!("{{{source}}}")],
            Self::Boolean(_) | Self::None | Self::Session => Vec::new(),
        }
    }

    pub(super) fn from_table(node: &Node) -> Self {
        match &node.value {
            TableValue::Text(text) => Self::Text(text.clone()),
            TableValue::Boolean(boolean) => Self::Boolean(*boolean),
            TableValue::Other(text) => text
                .parse()
                .map_or_else(|_| Self::Unknown(text.clone()), Self::Number),
            TableValue::List(items) => Self::List(items.iter().map(Self::from_table).collect()),
            TableValue::Table(entries) => Self::Dictionary(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), Self::from_table(value)))
                    .collect(),
            ),
        }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Dictionary(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }
}
