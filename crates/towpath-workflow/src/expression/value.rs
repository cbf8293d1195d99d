//! Values of expressions, and how they compare and turn into one another.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::number;

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// Text.
    String(Arc<str>),
    /// A list.
    Array(Arc<[Value]>),
    /// What `.*` gives: a list whose members the next property or index is applied to.
    Filtered(Arc<[Value]>),
    /// Names with values.
    Object(Arc<Object>),
}

/// Names with values, in order. Names are found without regard to case.
#[derive(Debug, Clone, Default)]
pub struct Object(pub Vec<(String, Value)>);

impl Object {
    /// Returns the value of a name: exactly so written if there is one, else without regard to case.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let exact = self.0.iter().find(|(own, _)| own == name);
        exact
            .or_else(|| self.0.iter().find(|(own, _)| equal_text(own, name)))
            .map(|(_, value)| value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(Arc::new(object))
    }
}

impl From<Vec<Self>> for Value {
    fn from(items: Vec<Self>) -> Self {
        Self::Array(items.into())
    }
}

impl Value {
    /// Returns the name of the kind: `Null`, `Boolean`, `Number`, `String`, `Array` or `Object`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "Null",
            Self::Boolean(_) => "Boolean",
            Self::Number(_) => "Number",
            Self::String(_) => "String",
            Self::Array(_) | Self::Filtered(_) => "Array",
            Self::Object(_) => "Object",
        }
    }

    /// Tells whether a condition with this value holds: all but `false`, 0, `''`, `null` and `NaN`.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Boolean(value) => *value,
            Self::Number(value) => *value != 0.0 && !value.is_nan(),
            Self::String(text) => !text.is_empty(),
            Self::Array(_) | Self::Filtered(_) | Self::Object(_) => true,
        }
    }

    /// Returns the value as text, as it stands in a script: `null` is empty, collections are their kind.
    pub fn to_text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Boolean(value) => value.to_string(),
            Self::Number(value) => number::format(*value),
            Self::String(text) => text.to_string(),
            Self::Array(_) | Self::Filtered(_) | Self::Object(_) => self.kind().to_owned(),
        }
    }

    /// Returns the value as a number, `NaN` where it is none.
    pub fn to_number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Boolean(value) => f64::from(u8::from(*value)),
            Self::Number(value) => *value,
            Self::String(text) => number::parse(text),
            Self::Array(_) | Self::Filtered(_) | Self::Object(_) => f64::NAN,
        }
    }

    /// Returns the items of a list.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) | Self::Filtered(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn is_primitive(&self) -> bool {
        matches!(
            self,
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::String(_)
        )
    }

    /// `==`: texts without regard to case, different kinds as numbers, collections only with themselves.
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Boolean(left), Self::Boolean(right)) => left == right,
            (Self::String(left), Self::String(right)) => equal_text(left, right),
            (
                Self::Array(left) | Self::Filtered(left),
                Self::Array(right) | Self::Filtered(right),
            ) => Arc::ptr_eq(left, right),
            (Self::Object(left), Self::Object(right)) => Arc::ptr_eq(left, right),
            _ if self.is_primitive() && other.is_primitive() => {
                self.to_number().partial_cmp(&other.to_number()) == Some(Ordering::Equal)
            }
            _ => false,
        }
    }

    /// Orders two values for `<` and `>`; none where they have no order.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Null, Self::Null) => None,
            (Self::Boolean(left), Self::Boolean(right)) => Some(left.cmp(right)),
            (Self::String(left), Self::String(right)) => Some(compare_text(left, right)),
            _ if self.is_primitive() && other.is_primitive() => {
                self.to_number().partial_cmp(&other.to_number())
            }
            _ => None,
        }
    }
}

/// Returns the text in the case in which GitHub compares: upper, character by character.
pub(super) fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|character| {
        // The runner leaves these alone, so that `i` and `s` equal nothing but themselves.
        if matches!(character, '\u{130}' | '\u{131}' | '\u{17f}') {
            return character;
        }
        let mut upper = character.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(only), None) => only,
            _ => character,
        }
    })
}

fn equal_text(left: &str, right: &str) -> bool {
    left == right || folded(left).eq(folded(right))
}

fn compare_text(left: &str, right: &str) -> Ordering {
    let units =
        |text: &str| -> Vec<u16> { folded(text).collect::<String>().encode_utf16().collect() };
    units(left).cmp(&units(right))
}
