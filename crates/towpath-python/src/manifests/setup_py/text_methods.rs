//! Methods of texts in `setup.py`, paths among them.

use super::calls::{format_positional, join};
use super::evaluate::Module;
use super::operators::LONGEST;
use super::value::Value;

impl Module<'_, '_> {
    /// Returns what a method of a text answers; `None` where that is unknown.
    pub(super) fn text_method(
        &mut self,
        text: &str,
        method: &str,
        arguments: &[Value],
    ) -> Option<Value> {
        let first = arguments.first().and_then(Value::text);
        Some(match (method, first) {
            ("strip", _) => trimmed(text, first, true, true),
            ("lstrip", _) => trimmed(text, first, true, false),
            ("rstrip", _) => trimmed(text, first, false, true),
            ("lower", _) => Value::Text(text.to_lowercase()),
            ("upper", _) => Value::Text(text.to_uppercase()),
            ("decode" | "encode" | "resolve" | "absolute" | "as_posix" | "expanduser", _) => {
                Value::Text(text.to_owned())
            }
            ("splitlines", _) => list(text.lines().collect()),
            ("split", None) => list(text.split_whitespace().collect()),
            ("split", Some(separator)) if !separator.is_empty() => match arguments.get(1) {
                Some(Value::Number(count)) => list(
                    text.splitn(usize::try_from(*count).ok()?.saturating_add(1), separator)
                        .collect(),
                ),
                _ => list(text.split(separator).collect()),
            },
            ("partition", Some(separator)) if !separator.is_empty() => {
                match text.split_once(separator) {
                    Some((before, after)) => list(vec![before, separator, after]),
                    None => list(vec![text, "", ""]),
                }
            }
            ("replace", Some(old)) if !old.is_empty() => {
                let new = arguments.get(1)?.text()?;
                let growth = text.matches(old).count().saturating_mul(new.len());
                (text.len() + growth <= LONGEST).then(|| Value::Text(text.replace(old, new)))?
            }
            ("startswith", Some(prefix)) => Value::Truth(text.starts_with(prefix)),
            ("endswith", Some(suffix)) => Value::Truth(text.ends_with(suffix)),
            ("startswith", None) => Value::Truth(starts_with_one(text, arguments.first()?)?),
            ("join", _) => joined(text, &self.items(arguments.first()?)?)?,
            ("joinpath", _) => {
                let mut parts = vec![Value::Text(text.to_owned())];
                parts.extend_from_slice(arguments);
                join(&parts)?
            }
            ("format", _) => format_positional(text, arguments)?,
            ("open", _) => Value::File(text.to_owned()),
            ("read_text" | "read_bytes", _) => Value::Text(self.read(text)?),
            ("exists" | "is_file", _) => Value::Truth(self.files.has(text)),
            _ => return None,
        })
    }
}

/// Returns a text without the characters of `set`, or white space, at its ends.
fn trimmed(text: &str, set: Option<&str>, start: bool, end: bool) -> Value {
    let is_cut = |character: char| {
        set.map_or_else(|| character.is_whitespace(), |set| set.contains(character))
    };
    let mut text = text;
    if start {
        text = text.trim_start_matches(is_cut);
    }
    if end {
        text = text.trim_end_matches(is_cut);
    }
    Value::Text(text.to_owned())
}

fn list(parts: Vec<&str>) -> Value {
    let texts = parts.into_iter().map(|part| Value::Text(part.to_owned()));
    Value::List(texts.collect())
}

fn starts_with_one(text: &str, prefixes: &Value) -> Option<bool> {
    let Value::List(prefixes) = prefixes else {
        return None;
    };
    let mut prefixes = prefixes.iter().filter_map(Value::text);
    Some(prefixes.any(|prefix| text.starts_with(prefix)))
}

fn joined(separator: &str, items: &[Value]) -> Option<Value> {
    let parts: Option<Vec<&str>> = items.iter().map(Value::text).collect();
    let parts = parts?;
    let length: usize = parts.iter().map(|part| part.len() + separator.len()).sum();
    (length <= LONGEST).then(|| Value::Text(parts.join(separator)))
}
