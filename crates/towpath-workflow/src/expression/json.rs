//! Values to and from JSON, as `toJSON` and `fromJSON` write and read it.

use std::collections::HashSet;

use super::value::{Object, Value, folded};
use crate::number;

impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Boolean(*value),
            serde_json::Value::Number(value) => Self::Number(value.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Self::from(text.as_str()),
            serde_json::Value::Array(items) => {
                Self::from(items.iter().map(Self::from).collect::<Vec<_>>())
            }
            serde_json::Value::Object(entries) => {
                // Names that differ only in case are one name, and the first one counts.
                let mut seen = HashSet::new();
                let own = entries
                    .iter()
                    .filter(|(name, _)| seen.insert(folded(name).collect::<String>()))
                    .map(|(name, value)| (name.clone(), Self::from(value)));
                Self::from(Object(own.collect()))
            }
        }
    }
}

impl From<&Value> for serde_json::Value {
    /// Numbers that JSON has not (`NaN`, `Infinity`) become their text; whole numbers stay whole.
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Bool(*value),
            Value::Number(value) => number_to_json(*value),
            Value::String(text) => Self::String(text.to_string()),
            Value::Array(items) | Value::Filtered(items) => {
                Self::Array(items.iter().map(Self::from).collect())
            }
            Value::Object(object) => Self::Object(
                object
                    .0
                    .iter()
                    .map(|(name, value)| (name.clone(), Self::from(value)))
                    .collect(),
            ),
        }
    }
}

fn number_to_json(value: f64) -> serde_json::Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return serde_json::Value::from(value as i64);
    }
    serde_json::Number::from_f64(value).map_or_else(
        || serde_json::Value::String(number::format(value)),
        serde_json::Value::Number,
    )
}

/// Returns the JSON text of a value, indented by two spaces; none once it is longer than `limit` bytes.
pub(super) fn write(value: &Value, limit: usize) -> Option<String> {
    let mut out = String::new();
    write_value(&mut out, value, 0, limit)?;
    Some(out)
}

fn write_value(out: &mut String, value: &Value, level: usize, limit: usize) -> Option<()> {
    if out.len() > limit {
        return None;
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::String(text) => write_string(out, text),
        Value::Boolean(_) | Value::Number(_) => out.push_str(&value.to_text()),
        Value::Array(items) | Value::Filtered(items) => {
            write_members(out, ['[', ']'], items.iter(), level, limit, |out, item| {
                write_value(out, item, level + 1, limit)
            })?;
        }
        Value::Object(object) => {
            write_members(
                out,
                ['{', '}'],
                object.0.iter(),
                level,
                limit,
                |out, (name, value)| {
                    write_string(out, name);
                    out.push_str(": ");
                    write_value(out, value, level + 1, limit)
                },
            )?;
        }
    }
    (out.len() <= limit).then_some(())
}

fn write_members<T>(
    out: &mut String,
    brackets: [char; 2],
    members: impl ExactSizeIterator<Item = T>,
    level: usize,
    limit: usize,
    write: impl Fn(&mut String, T) -> Option<()>,
) -> Option<()> {
    out.push(brackets[0]);
    let is_empty = members.len() == 0;
    for (index, member) in members.enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.extend(std::iter::repeat_n("  ", level + 1));
        write(out, member)?;
        if out.len() > limit {
            return None;
        }
    }
    if !is_empty {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", level));
    }
    out.push(brackets[1]);
    Some(())
}

/// As the runner's writer does it: the line ends of Unicode are escaped too.
fn write_string(out: &mut String, text: &str) {
    let quoted = serde_json::Value::from(text).to_string();
    for character in quoted.chars() {
        match character {
            '\u{85}' => out.push_str("\\u0085"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            _ => out.push(character),
        }
    }
}
