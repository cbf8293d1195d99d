//! The core schema of YAML 1.2: which value the text of a plain scalar is.

use super::Value;
use crate::number::is_decimal;

/// Returns the value of a plain scalar without a tag.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Boolean(true),
        "false" | "False" | "FALSE" => Value::Boolean(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

/// Returns the value of a plain scalar with a tag of the schema; none if the text is no such value.
pub(super) fn of_kind(kind: &str, text: &str) -> Option<Value> {
    let value = resolve(text);
    let fits = match (kind, &value) {
        ("null", Value::Null) | ("bool", Value::Boolean(_)) | ("float", Value::Number(_)) => true,
        ("int", Value::Number(_)) => is_integer(text),
        _ => false,
    };
    fits.then_some(value)
}

/// Tells whether a number is written as an integer.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    text.starts_with("0x")
        || text.starts_with("0o")
        || digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the number that `text` is, if it is one.
pub(super) fn number(text: &str) -> Option<f64> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let (negative, magnitude) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let value = match magnitude {
        ".inf" | ".Inf" | ".INF" => f64::INFINITY,
        ".nan" | ".NaN" | ".NAN" if magnitude.len() == text.len() => f64::NAN,
        _ if is_decimal(magnitude) => magnitude.parse().ok()?,
        _ => return None,
    };
    Some(if negative { -value } else { value })
}

fn radix(digits: &str, base: u32) -> Option<f64> {
    if digits.is_empty() {
        return None;
    }
    digits.chars().try_fold(0.0, |value, digit| {
        Some(value * f64::from(base) + f64::from(digit.to_digit(base)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_plain_scalars_by_the_core_schema() {
        let string = |text: &str| Value::String(text.to_owned());
        for (text, expected) in [
            ("", Value::Null),
            ("~", Value::Null),
            ("null", Value::Null),
            ("nUll", string("nUll")),
            ("true", Value::Boolean(true)),
            ("on", string("on")),
            ("yes", string("yes")),
            ("010", Value::Number(10.0)),
            ("0o10", Value::Number(8.0)),
            ("0x1F", Value::Number(31.0)),
            ("0x", string("0x")),
            ("1_000", string("1_000")),
            ("3.10", Value::Number(3.1)),
            (".5", Value::Number(0.5)),
            ("5.", Value::Number(5.0)),
            (".", string(".")),
            ("1e3", Value::Number(1000.0)),
            ("1e", string("1e")),
            ("e1", string("e1")),
            ("-.inf", Value::Number(f64::NEG_INFINITY)),
            ("+12", Value::Number(12.0)),
            ("-", string("-")),
            ("12:30:45", string("12:30:45")),
            ("inf", string("inf")),
            ("nan", string("nan")),
            ("-.nan", string("-.nan")),
        ] {
            assert_eq!(resolve(text), expected, "{text}");
        }
        assert!(matches!(resolve(".NaN"), Value::Number(value) if value.is_nan()));
    }

    #[test]
    fn tags_take_only_their_own_values() {
        for (kind, texts, others) in [
            ("null", &["", "~", "null"][..], &["0", "x"][..]),
            ("bool", &["true", "FALSE"], &["yes", "1", ""]),
            (
                "int",
                &["1", "-0", "+12", "0xF", "0o7"],
                &["1.0", "1e3", ".inf", "x"],
            ),
            ("float", &["1", "1.5", "1e3", ".nan"], &["x", "true"]),
        ] {
            for text in texts {
                assert!(of_kind(kind, text).is_some(), "{kind} {text}");
            }
            for text in others {
                assert_eq!(of_kind(kind, text), None, "{kind} {text}");
            }
        }
    }
}
