//! One value against its declaration. Owns what fits and what does not; does not know the table it
//! stands in, nor how a misfit is told.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::{Item, TableLike, Value};
use towpath_report::nearest;

use super::{RawValue, SettingKind};

/// Why a value does not fit its declaration.
#[derive(Debug, PartialEq)]
pub(super) struct Misfit {
    /// The offending part, in bytes of the file; the whole value where it is absent.
    pub(super) span: Option<Range<usize>>,
    /// What must stand there, in words.
    pub(super) expected: String,
    /// What stands there, in words.
    pub(super) found: String,
    /// Whether it is an item of a list that does not fit.
    pub(super) is_item: bool,
    /// Whether the type is right and only the value is impossible.
    pub(super) right_type: bool,
    /// The nearest word of a choice.
    pub(super) nearest: Option<String>,
}

/// Reads a value as `kind`.
pub(super) fn read_value(kind: &SettingKind, item: &Item) -> Result<RawValue, Misfit> {
    if let SettingKind::Table = kind {
        return match item.as_table_like() {
            Some(table) => read_table(table),
            None => Err(wrong_type(kind, item)),
        };
    }
    match item.as_value() {
        Some(value) => read_plain(kind, value),
        None => Err(wrong_type(kind, item)),
    }
}

fn read_plain(kind: &SettingKind, value: &Value) -> Result<RawValue, Misfit> {
    match (kind, value) {
        (SettingKind::Boolean, Value::Boolean(flag)) => Ok(RawValue::Boolean(*flag.value())),
        (SettingKind::Integer { min, max }, Value::Integer(number)) => {
            let number = *number.value();
            let fits = (*min..=*max).contains(&number);
            if fits {
                Ok(RawValue::Integer(number))
            } else {
                Err(impossible(kind, value))
            }
        }
        (SettingKind::Number { min, max }, Value::Integer(number)) => {
            let fits = (*min..=*max).contains(&(*number.value() as f64));
            if fits {
                Ok(RawValue::Integer(*number.value()))
            } else {
                Err(impossible(kind, value))
            }
        }
        (SettingKind::Number { min, max }, Value::Float(number)) => {
            let fits = (*min..=*max).contains(number.value());
            if fits {
                Ok(RawValue::Number(*number.value()))
            } else {
                Err(impossible(kind, value))
            }
        }
        (SettingKind::Text, Value::String(text)) if text.value().trim().is_empty() => {
            Err(impossible(kind, value))
        }
        (SettingKind::Text, Value::String(text)) => Ok(RawValue::Text(text.value().clone())),
        (SettingKind::Choice(words), Value::String(text)) => {
            let text = text.value().as_str();
            if words.contains(&text) {
                return Ok(RawValue::Text(text.to_owned()));
            }
            let nearest = nearest(text, words.iter().copied()).map(str::to_owned);
            Err(Misfit {
                nearest,
                ..impossible(kind, value)
            })
        }
        (SettingKind::List(item), Value::Array(array)) => {
            read_list(array, |value| read_plain(item, value))
        }
        (SettingKind::Pythons, Value::Array(array)) => read_list(array, read_python),
        _ => Err(wrong_type(kind, &Item::Value(value.clone()))),
    }
}

fn read_list(
    array: &toml_edit::Array,
    read: impl Fn(&Value) -> Result<RawValue, Misfit>,
) -> Result<RawValue, Misfit> {
    let mut items = Vec::new();
    for value in array {
        let read = read(value).map_err(|misfit| Misfit {
            is_item: true,
            ..misfit
        })?;
        items.push(match read {
            RawValue::Text(text) => text,
            RawValue::Boolean(flag) => flag.to_string(),
            RawValue::Integer(number) => number.to_string(),
            RawValue::Number(number) => number.to_string(),
            RawValue::List(_) | RawValue::Table(_) => {
                return Err(wrong_type(&SettingKind::Text, &Item::Value(value.clone())));
            }
        });
    }
    Ok(RawValue::List(items))
}

fn read_python(value: &Value) -> Result<RawValue, Misfit> {
    let misfit = |right_type| Misfit {
        span: value.span(),
        expected: "a Python version such as \"3.12\"".to_owned(),
        found: in_words(value),
        is_item: true,
        right_type,
        nearest: None,
    };
    // `3.10` without quotes is the number 3.1 to TOML, so it is refused rather than guessed.
    let Value::String(text) = value else {
        return Err(misfit(false));
    };
    let is_number = |part: &str| {
        !part.is_empty() && part.len() < 3 && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    match text.value().split_once('.') {
        Some((major, minor)) if is_number(major) && is_number(minor) => {
            Ok(RawValue::Text(text.value().clone()))
        }
        _ => Err(misfit(true)),
    }
}

fn read_table(table: &dyn TableLike) -> Result<RawValue, Misfit> {
    let mut map = BTreeMap::new();
    for (name, item) in table.iter() {
        match item.as_str() {
            Some(text) => map.insert(name.to_owned(), text.to_owned()),
            None => return Err(wrong_type(&SettingKind::Text, item)),
        };
    }
    Ok(RawValue::Table(map))
}

fn impossible(kind: &SettingKind, value: &Value) -> Misfit {
    Misfit {
        span: value.span(),
        expected: kind.expected(),
        found: in_words(value),
        is_item: false,
        right_type: true,
        nearest: None,
    }
}

fn wrong_type(kind: &SettingKind, item: &Item) -> Misfit {
    let found = match item {
        Item::Value(value) => in_words(value),
        Item::ArrayOfTables(_) => "a list of tables".to_owned(),
        Item::Table(_) | Item::None => "a table".to_owned(),
    };
    Misfit {
        span: item.span(),
        expected: kind.expected(),
        found,
        is_item: false,
        right_type: false,
        nearest: None,
    }
}

/// Names a value: short ones as they are, with their type where the quotes do not show it.
fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) if text.value().is_empty() => "an empty text".to_owned(),
        Value::String(text) if text.value().chars().count() > 30 || text.value().contains('\n') => {
            "this text".to_owned()
        }
        Value::String(text) => format!("the text \"{}\"", text.value()),
        Value::Integer(number) => format!("the number {}", number.display_repr()),
        Value::Float(number) => format!("the number {}", number.display_repr()),
        Value::Boolean(flag) => format!("`{}`", flag.value()),
        Value::Datetime(_) => "a date".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::InlineTable(_) => "a table".to_owned(),
    }
}
