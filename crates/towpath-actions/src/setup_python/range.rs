//! Ranges of versions as `actions/setup-python` reads them: those of npm (`3.12`, `3.x`, `>=3.9 <3.13`,
//! `~3.11.2`, `3.13-dev`), and what of Python's own specifiers looks like them (`~=3.10`, `!=3.9.1`).

use std::cmp::Ordering;

/// A range: any of its parts, each of which is a list of conditions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Range {
    parts: Vec<Vec<Condition>>,
    /// Whether releases before the first final one count: `3.14-dev`.
    pub(super) is_for_prereleases: bool,
}

/// A version: three numbers, and whether it is a final release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    numbers: [u64; 3],
    is_final: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Condition {
    /// Compared with a version, one of these comes out.
    Compared(&'static [Ordering], Version),
    /// Not from the first version on up to before the second.
    Outside(Version, Version),
}

const LESS: &[Ordering] = &[Ordering::Less];
const FROM: &[Ordering] = &[Ordering::Equal, Ordering::Greater];
const NO_MORE: &[Ordering] = &[Ordering::Less, Ordering::Equal];

impl Version {
    /// Reads the version of an interpreter, such as `3.12.1` or `3.14.0rc2`.
    pub(super) fn of(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('+');
        let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        let end = text
            .bytes()
            .position(|byte| !is_digit(byte))
            .unwrap_or(text.len());
        let mut numbers = [0; 3];
        for (number, part) in numbers.iter_mut().zip(text[..end].split('.')) {
            *number = part.parse().ok()?;
        }
        Some(Self {
            numbers,
            is_final: end == text.len(),
        })
    }

    pub(super) fn is_final(self) -> bool {
        self.is_final
    }

    /// Returns the first version, before all of its own prereleases, in which the number at `index` is one
    /// higher.
    fn after(self, index: usize) -> Self {
        let mut numbers = [0; 3];
        numbers[..=index].copy_from_slice(&self.numbers[..=index]);
        numbers[index] += 1;
        Self {
            numbers,
            is_final: false,
        }
    }
}

impl Range {
    /// Reads a range; `None` for what is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut is_for_prereleases = false;
        let parts = text
            .split("||")
            .map(|part| conditions(part, &mut is_for_prereleases))
            .collect::<Option<_>>()?;
        Some(Self {
            parts,
            is_for_prereleases,
        })
    }

    /// Returns whether a version is in the range.
    pub(super) fn holds(&self, version: Version) -> bool {
        let fits = |condition: &Condition| match condition {
            Condition::Compared(allowed, bound) => allowed.contains(&version.cmp(bound)),
            Condition::Outside(first, next) => version < *first || version >= *next,
        };
        self.parts.iter().any(|part| part.iter().all(fits))
    }
}

fn conditions(part: &str, is_for_prereleases: &mut bool) -> Option<Vec<Condition>> {
    if let Some((first, last)) = part.split_once(" - ") {
        let mut conditions = condition(&format!(">={}", first.trim()), is_for_prereleases)?;
        conditions.extend(condition(
            &format!("<={}", last.trim()),
            is_for_prereleases,
        )?);
        return Some(conditions);
    }
    // `>= 3.9` and `>=3.9, <4` are as good as without blanks and commas.
    let mut text = String::new();
    for word in part.split([' ', ',', '\t']).filter(|word| !word.is_empty()) {
        if !text.is_empty() && !text.ends_with(['<', '>', '=', '~', '^']) {
            text.push(' ');
        }
        text.push_str(word);
    }
    let mut conditions = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        conditions.extend(condition(word, is_for_prereleases)?);
    }
    Some(conditions)
}

fn condition(word: &str, is_for_prereleases: &mut bool) -> Option<Vec<Condition>> {
    let operators = [
        ">=", "<=", "==", "!=", "~=", "~>", ">", "<", "=", "~", "^", "",
    ];
    let operator = operators
        .into_iter()
        .find(|start| word.starts_with(start))?;
    let mut text = word[operator.len()..].trim_start_matches(['v', '=']);
    let mut operator = operator;
    let is_dev = text.ends_with("-dev");
    if let Some(released) = text
        .strip_suffix("-dev")
        .or_else(|| text.strip_suffix("-0"))
    {
        *is_for_prereleases = true;
        text = released;
        if is_dev && operator.is_empty() {
            operator = "~";
        }
    }
    let mut numbers = [0; 3];
    let mut given = 0;
    let mut is_open = false;
    for part in text.split('.') {
        if matches!(part, "x" | "X" | "*" | "") {
            is_open = true;
        } else if is_open || given == 3 {
            return None;
        } else {
            numbers[given] = part.parse().ok()?;
            given += 1;
        }
    }
    let version = Version {
        numbers,
        is_final: !*is_for_prereleases,
    };
    Some(bounds(operator, version, given))
}

/// Returns the conditions of an operator and a version of which only the first numbers are `given`.
fn bounds(operator: &str, version: Version, given: usize) -> Vec<Condition> {
    let from = |version| Condition::Compared(FROM, version);
    let below = |version| Condition::Compared(LESS, version);
    if given == 0 {
        return Vec::new();
    }
    let last = given - 1;
    match operator {
        ">=" => vec![from(version)],
        "<" => vec![below(version)],
        ">" if given == 3 => vec![Condition::Compared(&[Ordering::Greater], version)],
        ">" => vec![from(version.after(last))],
        "<=" if given == 3 => vec![Condition::Compared(NO_MORE, version)],
        "<=" => vec![below(version.after(last))],
        "!=" => vec![Condition::Outside(version, version.after(last))],
        "~" | "~=" | "~>" => vec![from(version), below(version.after(last.min(1)))],
        "^" => vec![from(version), below(version.after(0))],
        _ if given == 3 => vec![Condition::Compared(&[Ordering::Equal], version)],
        _ => vec![from(version), below(version.after(last))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_hold_on_a_runner() {
        for (range, inside, outside) in [
            ("3.12", "3.12.0 3.12.11", "3.13.0 3.1.2 3.12.0rc1"),
            ("3.1", "3.1.4", "3.10.0"),
            ("3.x", "3.6.0 3.13.2", "2.7.18 4.0.0"),
            ("3", "3.6.0", "2.7.18"),
            ("3.12.1", "3.12.1", "3.12.2"),
            ("3.12.x", "3.12.1", "3.13.0"),
            ("x", "3.12.1 2.7.18", ""),
            (">=3.9 <3.13", "3.9.0 3.12.9", "3.8.9 3.13.0"),
            (">= 3.9, < 3.13", "3.9.0 3.12.9", "3.8.9 3.13.0"),
            (">3.9", "3.10.0", "3.9.9"),
            ("<=3.9", "3.9.9", "3.10.0"),
            ("~3.11.2", "3.11.2 3.11.9", "3.12.0 3.11.1"),
            ("~=3.10", "3.10.4", "3.11.0"),
            ("^3.10", "3.10.4 3.13.0", "3.9.0 4.0.0"),
            ("3.9 - 3.11", "3.9.0 3.11.9", "3.12.0"),
            ("3.9 || 3.11", "3.9.1 3.11.1", "3.10.0"),
            ("==3.11.*", "3.11.1", "3.12.0"),
            (">=3.8, !=3.9.1", "3.8.0 3.9.2", "3.9.1"),
            (">=3.8, !=3.9.*", "3.8.0 3.10.0", "3.9.1"),
            ("3.13-dev", "3.13.0rc1 3.13.2", "3.12.9 3.14.0a1"),
            ("~3.14.0-0", "3.14.0a3", "3.13.1"),
        ] {
            let parsed = Range::parse(range).unwrap();
            let holds = |version: &str| parsed.holds(Version::of(version).unwrap());
            assert!(inside.split(' ').all(holds), "{range}: {inside}");
            let mut outside = outside.split(' ').filter(|text| !text.is_empty());
            assert!(!outside.any(holds), "{range}");
        }
    }

    #[test]
    fn what_is_no_range_is_told() {
        for text in ["three", "3.x.1", "3.12.1.4", "pypy3.10", "3.12 or 3.13"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}
