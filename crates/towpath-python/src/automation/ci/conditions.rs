//! Expressions of GitHub's workflows with only part of the contexts known: a value, a truth, or
//! neither. Far less than the language; what it does not know is unknown, never wrong.

use std::collections::BTreeMap;

/// Values by their full names, `matrix.python-version`.
pub(super) type Known = BTreeMap<String, String>;

/// Replaces each `${{ … }}` whose value is known; others stay as they are written.
pub(super) fn substitute(text: &str, known: &Known) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${{") {
        result.push_str(before);
        let Some((expression, after)) = from.split_once("}}") else {
            result.push_str("${{");
            result.push_str(from);
            return result;
        };
        if let Some(value) = value(expression, known) {
            result.push_str(&value);
        } else {
            result.extend(["${{", expression, "}}"]);
        }
        rest = after;
    }
    result.push_str(rest);
    result
}

/// Returns the value of an expression.
pub(super) fn value(expression: &str, known: &Known) -> Option<String> {
    match (Reader {
        rest: expression,
        known,
        depth: 0,
    })
    .either()
    {
        Operand::Value(value) => Some(value),
        Operand::Unknown => None,
    }
}

/// Returns whether a condition holds; `None` where that is not known.
pub(super) fn truth(condition: &str, known: &Known) -> Option<bool> {
    let condition = condition.trim();
    let inner = condition
        .strip_prefix("${{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .unwrap_or(condition);
    value(inner, known).map(|value| is_true(&value))
}

fn is_true(value: &str) -> bool {
    !matches!(value, "" | "false" | "0" | "null")
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operand {
    Value(String),
    Unknown,
}

impl Operand {
    fn truth(&self) -> Option<bool> {
        match self {
            Self::Value(value) => Some(is_true(value)),
            Self::Unknown => None,
        }
    }

    fn of(truth: bool) -> Self {
        Self::Value(truth.to_string())
    }
}

struct Reader<'a> {
    rest: &'a str,
    known: &'a Known,
    depth: u32,
}

const DEEPEST: u32 = 40;

impl Reader<'_> {
    fn accept(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn either(&mut self) -> Operand {
        let mut left = self.both();
        while self.accept("||") {
            let right = self.both();
            left = match (left.truth(), right.truth()) {
                (Some(true), _) => left,
                (Some(false), _) => right,
                // Whatever the left is, a true right makes the whole true, but not its value.
                (None, _) => Operand::Unknown,
            };
        }
        left
    }

    fn both(&mut self) -> Operand {
        let mut left = self.comparison();
        while self.accept("&&") {
            let right = self.comparison();
            left = match (left.truth(), right.truth()) {
                (Some(false), _) => left,
                (Some(true), _) | (None, Some(false)) => right,
                (None, _) => Operand::Unknown,
            };
        }
        left
    }

    fn comparison(&mut self) -> Operand {
        let left = self.unary();
        for (token, equal) in [("==", true), ("!=", false)] {
            if self.accept(token) {
                return match (left, self.unary()) {
                    (Operand::Value(left), Operand::Value(right)) => {
                        Operand::of(left.eq_ignore_ascii_case(&right) == equal)
                    }
                    _ => Operand::Unknown,
                };
            }
        }
        for token in ["<=", ">=", "<", ">"] {
            if self.accept(token) {
                self.unary();
                return Operand::Unknown;
            }
        }
        left
    }

    fn unary(&mut self) -> Operand {
        self.depth += 1;
        if self.depth > DEEPEST {
            self.rest = "";
            return Operand::Unknown;
        }
        let operand = self.primary();
        self.depth -= 1;
        operand
    }

    fn primary(&mut self) -> Operand {
        self.rest = self.rest.trim_start();
        if !self.rest.starts_with("!=") && self.accept("!") {
            return self
                .unary()
                .truth()
                .map_or(Operand::Unknown, |truth| Operand::of(!truth));
        }
        if self.accept("(") {
            let inner = self.either();
            self.accept(")");
            return inner;
        }
        if self.accept("'") {
            return self.text();
        }
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || "._-*".contains(c)))
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        if name.is_empty() {
            self.rest = "";
            return Operand::Unknown;
        }
        if self.accept("(") {
            return self.function(name);
        }
        let mut name = name.to_owned();
        while self.accept("[") {
            let Operand::Value(key) = self.either() else {
                self.accept("]");
                return Operand::Unknown;
            };
            self.accept("]");
            name = format!("{name}.{key}");
            let end = self
                .rest
                .find(|c: char| !(c.is_alphanumeric() || "._-".contains(c)))
                .unwrap_or(self.rest.len());
            let (tail, rest) = self.rest.split_at(end);
            name.push_str(tail);
            self.rest = rest;
        }
        self.named(&name)
    }

    fn text(&mut self) -> Operand {
        let mut text = String::new();
        while let Some((part, rest)) = self.rest.split_once('\'') {
            text.push_str(part);
            self.rest = rest;
            if !self.accept_doubled() {
                return Operand::Value(text);
            }
            text.push('\'');
        }
        self.rest = "";
        Operand::Unknown
    }

    fn accept_doubled(&mut self) -> bool {
        let rest = self.rest.strip_prefix('\'');
        if let Some(rest) = rest {
            self.rest = rest;
        }
        rest.is_some()
    }

    fn named(&self, name: &str) -> Operand {
        if let Some(value) = self.known.get(name) {
            return Operand::Value(value.clone());
        }
        let is_literal = matches!(name, "true" | "false" | "null") || name.parse::<f64>().is_ok();
        if is_literal {
            return Operand::Value(name.to_owned());
        }
        // A workflow that nothing calls has no inputs.
        if name.starts_with("inputs.") && !self.known.contains_key("inputs.*") {
            return Operand::Value(String::new());
        }
        // A cell of the matrix has no other keys than its own: a missing one is empty.
        if name.starts_with("matrix.") && !self.known.contains_key("matrix.*") {
            return Operand::Value(String::new());
        }
        Operand::Unknown
    }

    fn function(&mut self, name: &str) -> Operand {
        let mut arguments = Vec::new();
        while !self.accept(")") && !self.rest.is_empty() {
            arguments.push(self.either());
            self.accept(",");
        }
        let texts: Option<Vec<&str>> = arguments
            .iter()
            .map(|argument| match argument {
                Operand::Value(value) => Some(value.as_str()),
                Operand::Unknown => None,
            })
            .collect();
        let Some(texts) = texts else {
            return Operand::Unknown;
        };
        match (name.to_ascii_lowercase().as_str(), texts.as_slice()) {
            ("always" | "success", []) => Operand::of(true),
            ("failure" | "cancelled", []) => Operand::of(false),
            ("contains", [text, part]) => Operand::of(lower(text).contains(&lower(part))),
            ("startswith", [text, part]) => Operand::of(lower(text).starts_with(&lower(part))),
            ("endswith", [text, part]) => Operand::of(lower(text).ends_with(&lower(part))),
            ("format", [text, values @ ..]) => {
                let mut text = (*text).to_owned();
                for (at, value) in values.iter().enumerate() {
                    text = text.replace(&format!("{{{at}}}"), value);
                }
                Operand::Value(text)
            }
            ("fromjson", [text]) => Operand::Value((*text).to_owned()),
            _ => Operand::Unknown,
        }
    }
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        [
            ("matrix.os", "ubuntu-latest"),
            ("matrix.python", "3.12"),
            ("env.A", "x"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    #[test]
    fn substitutes_what_is_known() {
        for (text, expected) in [
            ("tox -e py${{ matrix.python }}", "tox -e py3.12"),
            (
                "${{ matrix['python'] }} ${{ github.sha }}",
                "3.12 ${{ github.sha }}",
            ),
            ("${{ matrix.tox || matrix.python }}", "3.12"),
            (
                "${{ matrix.os == 'ubuntu-latest' && 'yes' || 'no' }}",
                "yes",
            ),
            ("${{ format('{0}-{1}', env.A, 'b') }}", "x-b"),
            ("${{ open", "${{ open"),
        ] {
            assert_eq!(substitute(text, &known()), expected, "{text}");
        }
    }

    #[test]
    fn judges_conditions() {
        for (condition, expected) in [
            ("false", Some(false)),
            ("${{ false }}", Some(false)),
            ("matrix.os == 'windows-latest'", Some(false)),
            ("matrix.os != 'windows-latest' && github.ref == 'x'", None),
            (
                "matrix.os == 'windows-latest' && github.ref == 'x'",
                Some(false),
            ),
            ("github.ref == 'x' && false", Some(false)),
            ("startsWith(matrix.os, 'ubuntu')", Some(true)),
            ("!contains(matrix.os, 'ubuntu')", Some(false)),
            ("failure()", Some(false)),
            ("always() && (env.A == 'X')", Some(true)),
            ("github.event_name == 'push' || true", None),
            ("matrix.nothing", Some(false)),
            ("((((", None),
        ] {
            assert_eq!(truth(condition, &known()), expected, "{condition}");
        }
    }
}
