//! Scalars that may hold expressions. Knows where `${{ }}` may stand, not what is between them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use towpath_report::Place;

/// Where something is written. Equal to every other, so that places never count in comparisons.
#[derive(Debug, Clone, Default)]
pub struct Origin(pub Option<Place>);

impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Text that may hold `${{ }}` expressions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Text {
    /// The text as written, without the quotes of YAML.
    pub source: String,
    /// Where it is written.
    pub origin: Origin,
}

impl Text {
    /// Tells whether the text holds an expression.
    pub fn has_expression(&self) -> bool {
        self.source.contains("${{")
    }
}

impl From<&str> for Text {
    fn from(source: &str) -> Self {
        Self::from(source.to_owned())
    }
}

impl From<String> for Text {
    fn from(source: String) -> Self {
        Self {
            source,
            origin: Origin::default(),
        }
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.source
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)
    }
}

/// A value that is known, or an expression that gives it when the workflow runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dynamic<T> {
    /// Written out.
    Value(T),
    /// One `${{ }}` that gives the value.
    Expression(Text),
}

impl<T> Dynamic<T> {
    /// Returns the value if it is known.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Expression(_) => None,
        }
    }
}

impl<T> From<T> for Dynamic<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T: Default> Default for Dynamic<T> {
    fn default() -> Self {
        Self::Value(T::default())
    }
}

/// Names with their texts: `env`, `with`.
pub type Variables = Dynamic<BTreeMap<String, Text>>;

/// A value that keeps its type when it is handed to a called workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// Text, perhaps with expressions.
    Text(Text),
}
