//! Poetry's version constraints, translated to PEP 440: `^1.2`, `~1.2`, `*`, `1.2.*`, `||`.

use crate::{PythonVersion, admitted_pythons};

/// Translates a constraint; the empty text admits every version. Alternatives (`||`) become the range
/// from the lowest to the highest, since PEP 440 has no "or".
pub(crate) fn translate(constraint: &str) -> String {
    let alternatives: Vec<Vec<String>> = constraint
        .split('|')
        .filter(|part| !part.trim().is_empty())
        .map(conjunction)
        .collect();
    match alternatives.as_slice() {
        [] => String::new(),
        [only] => only.join(","),
        [first, .., last] => hull(first, last).join(","),
    }
}

/// Translates a constraint on Python; the minor versions between alternatives are excluded one by one.
pub(crate) fn translate_python(constraint: &str) -> String {
    let alternatives: Vec<String> = constraint
        .split('|')
        .filter(|part| !part.trim().is_empty())
        .map(|part| conjunction(part).join(","))
        .collect();
    let whole = translate(constraint);
    if alternatives.len() < 2 {
        return whole;
    }
    let within = admitted_pythons(&whole, &PythonVersion::released());
    let excluded = within.iter().filter(|version| {
        !alternatives
            .iter()
            .any(|part| !admitted_pythons(part, &[**version]).is_empty())
    });
    let parts =
        std::iter::once(whole.clone()).chain(excluded.map(|version| format!("!={version}.*")));
    parts
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(",")
}

/// The lower bounds of the first and the upper bounds of the last alternative.
fn hull(first: &[String], last: &[String]) -> Vec<String> {
    let expand = |part: &String| match part.strip_prefix("==") {
        Some(version) => vec![
            format!(">={}", version.trim_end_matches(".*")),
            upper_of(version),
        ],
        None => vec![part.clone()],
    };
    let lower = first
        .iter()
        .flat_map(expand)
        .filter(|part| part.starts_with('>'));
    let upper = last
        .iter()
        .flat_map(expand)
        .filter(|part| part.starts_with('<'));
    let (lower, upper): (Vec<_>, Vec<_>) = (lower.collect(), upper.collect());
    lower.into_iter().chain(upper).collect()
}

fn upper_of(version: &str) -> String {
    match version.strip_suffix(".*") {
        Some(prefix) => format!(
            "<{}",
            bump(
                &numbers(prefix),
                prefix.split('.').count().saturating_sub(1)
            )
        ),
        None => format!("<={version}"),
    }
}

/// The parts that all must hold: separated by commas, or by spaces as poetry also reads them.
fn conjunction(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in text
        .split([',', ' '])
        .map(str::trim)
        .filter(|word| !word.is_empty())
    {
        match parts.last_mut() {
            Some(last) if last.ends_with(['<', '>', '=', '^', '~', '!']) => last.push_str(word),
            _ => parts.push(word.to_owned()),
        }
    }
    parts.iter().flat_map(|part| single(part)).collect()
}

fn single(part: &str) -> Vec<String> {
    if part == "*" {
        return Vec::new();
    }
    if let Some(version) = part.strip_prefix('^') {
        let numbers = numbers(version);
        let significant = numbers.iter().position(|number| *number != 0);
        let index = significant.unwrap_or_else(|| numbers.len().saturating_sub(1));
        return vec![
            format!(">={version}"),
            format!("<{}", bump(&numbers, index)),
        ];
    }
    if part.starts_with("~=") {
        return vec![part.to_owned()];
    }
    if let Some(version) = part.strip_prefix('~') {
        let numbers = numbers(version);
        let index = numbers.len().saturating_sub(1).min(1);
        return vec![
            format!(">={version}"),
            format!("<{}", bump(&numbers, index)),
        ];
    }
    if part.starts_with(['<', '>', '!']) || part.starts_with("==") {
        return vec![part.to_owned()];
    }
    vec![format!("=={}", part.trim_start_matches('='))]
}

/// The numbers of a version, up to what is no number: `1, 2` of `1.2rc1` is `1, 2`.
fn numbers(version: &str) -> Vec<u64> {
    let mut numbers = Vec::new();
    for part in version.split('.') {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        let Ok(number) = digits.parse() else { break };
        numbers.push(number);
        if digits.len() < part.len() {
            break;
        }
    }
    numbers
}

/// The version one above in one place, with as many places as before and zeros after it.
fn bump(numbers: &[u64], index: usize) -> String {
    let bumped: Vec<String> = numbers
        .iter()
        .enumerate()
        .map(|(place, number)| match place.cmp(&index) {
            std::cmp::Ordering::Less => number.to_string(),
            std::cmp::Ordering::Equal => number.saturating_add(1).to_string(),
            std::cmp::Ordering::Greater => "0".to_owned(),
        })
        .collect();
    if bumped.is_empty() {
        "0".to_owned()
    } else {
        bumped.join(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translates_constraints() {
        for (constraint, expected) in [
            ("*", ""),
            ("", ""),
            ("^1.2.3", ">=1.2.3,<2.0.0"),
            ("^1.2", ">=1.2,<2.0"),
            ("^1", ">=1,<2"),
            ("^0.2.3", ">=0.2.3,<0.3.0"),
            ("^0.0.3", ">=0.0.3,<0.0.4"),
            ("^0.0", ">=0.0,<0.1"),
            ("^0", ">=0,<1"),
            ("^2.0b1", ">=2.0b1,<3.0"),
            ("~1.2.3", ">=1.2.3,<1.3.0"),
            ("~1.2", ">=1.2,<1.3"),
            ("~1", ">=1,<2"),
            ("~=1.4.2", "~=1.4.2"),
            ("1.2.*", "==1.2.*"),
            ("1.2", "==1.2"),
            ("=1.2", "==1.2"),
            ("== 1.2", "==1.2"),
            (">= 1.0, < 2.0", ">=1.0,<2.0"),
            (">=1.0 <2.0", ">=1.0,<2.0"),
            ("!=1.5", "!=1.5"),
            ("^1.0 || ^2.0", ">=1.0,<3.0"),
            ("1.2.* | 1.4.*", ">=1.2,<1.5"),
        ] {
            assert_eq!(translate(constraint), expected, "{constraint}");
        }
    }

    #[test]
    fn excludes_the_pythons_between_alternatives() {
        assert_eq!(translate_python("^3.8"), ">=3.8,<4.0");
        assert_eq!(
            translate_python("~3.8 || ~3.11"),
            ">=3.8,<3.12,!=3.9.*,!=3.10.*"
        );
        assert_eq!(translate_python("*"), "");
    }
}
