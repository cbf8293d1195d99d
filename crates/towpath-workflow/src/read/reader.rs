//! What all readers of parts share: problems with places, texts, booleans, numbers, lists.

use std::collections::BTreeMap;
use std::ops::Range;

use towpath_report::{Place, Problem, Severity, Source};

use super::call::Call;
use crate::expression::Template;
use crate::legal::Legal;
use crate::number;
use crate::problem::{Lines, error_at};
use crate::syntax::{Dynamic, Origin, Text, Variables};
use crate::yaml::{Node, Value};

/// More problems than anybody reads; the file is something else then.
const MAX_PROBLEMS: usize = 500;

/// What a value is that may also be one expression.
pub(super) enum Whole {
    /// No expression, or text with more than one.
    WrittenOut,
    /// One expression.
    Expression(Text),
    /// An expression whose mistake is noted.
    Wrong,
}

/// Reads one file.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) calls: Vec<Call>,
    lines: Lines<'a>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Source<'a>) -> Self {
        Self {
            source,
            calls: Vec::new(),
            lines: Lines::new(source),
            problems: Vec::new(),
        }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub(super) fn problem_count(&self) -> usize {
        self.problems.len()
    }

    /// Notes a problem with something to do about it.
    pub(super) fn problem(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        label: &str,
        hint: impl Into<Option<String>>,
    ) {
        if self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        // A mark under many lines helps nobody: the first line of a block is its place.
        let first_line = self
            .source
            .text
            .get(span.clone())
            .and_then(|text| text.find('\n'));
        let end = first_line.map_or(span.end, |length| span.start + length);
        let mut problem = error_at(self.source, span.start..end, message.into(), label);
        problem.hints.extend(hint.into());
        self.problems.push(problem);
    }

    /// Notes something that GitHub takes and that is hardly meant.
    pub(super) fn warning(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        label: &str,
        hint: impl Into<Option<String>>,
    ) {
        let before = self.problems.len();
        self.problem(span, message, label, hint);
        for problem in self.problems.iter_mut().skip(before) {
            problem.severity = Severity::Warning;
        }
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        self.lines.place(span)
    }

    pub(super) fn origin(&self, node: &Node) -> Origin {
        Origin(Some(self.place(&node.span)))
    }

    /// Notes that a value is of the wrong kind.
    pub(super) fn wrong_kind(&mut self, node: &Node, what: &str, wanted: &str) {
        let (message, label) = match (&node.value, node.text()) {
            (Value::Null, _) => (
                format!("{what} is empty"),
                format!("{wanted} is needed here"),
            ),
            (_, Some(text)) if !text.contains('\n') && text.len() < 60 => (
                format!("{what} is {}, not {wanted}", quoted(node, text)),
                format!("not {wanted}"),
            ),
            _ => (
                format!("{what} is {}, not {wanted}", node.kind()),
                format!("not {wanted}"),
            ),
        };
        let hint = kind_hint(node, wanted);
        self.problem(node.span.clone(), message, &label, hint);
    }

    /// Returns a scalar as text, its expressions checked.
    pub(super) fn text(&mut self, node: &Node, what: &str, legal: &Legal) -> Option<Text> {
        let Some(source) = scalar_text(node) else {
            self.wrong_kind(node, what, "text");
            return None;
        };
        self.check_expressions(node, legal).then(|| Text {
            source,
            origin: self.origin(node),
        })
    }

    /// Returns a scalar as text that is not empty.
    pub(super) fn some_text(&mut self, node: &Node, what: &str, legal: &Legal) -> Option<Text> {
        if scalar_text(node).is_some_and(|text| text.is_empty()) {
            self.problem(
                node.span.clone(),
                format!("{what} is empty"),
                "text is needed here",
                "give it a value, or remove the key".to_owned(),
            );
            return None;
        }
        self.text(node, what, legal)
    }

    /// Returns a scalar as text that holds no expression and is not empty.
    pub(super) fn plain(&mut self, node: &Node, what: &str) -> Option<String> {
        self.some_text(node, what, &Legal::NOTHING)
            .map(|text| text.source)
    }

    /// Returns a scalar as text that holds no expression.
    pub(super) fn note(&mut self, node: &Node, what: &str) -> Option<String> {
        self.text(node, what, &Legal::NOTHING)
            .map(|text| text.source)
    }

    pub(super) fn boolean(
        &mut self,
        node: &Node,
        what: &str,
        legal: &Legal,
    ) -> Option<Dynamic<bool>> {
        self.dynamic(node, what, "`true` or `false`", legal, |node| {
            match node.value {
                Value::Boolean(value) => Some(value),
                _ => None,
            }
        })
    }

    /// Returns a boolean that cannot be an expression.
    pub(super) fn flag(&mut self, node: &Node, what: &str) -> bool {
        self.boolean(node, what, &Legal::NOTHING)
            .and_then(|value| value.value().copied())
            .unwrap_or(false)
    }

    pub(super) fn number(
        &mut self,
        node: &Node,
        what: &str,
        legal: &Legal,
    ) -> Option<Dynamic<f64>> {
        self.dynamic(node, what, "a number", legal, |node| match node.value {
            Value::Number(value) => Some(value),
            _ => None,
        })
    }

    /// Returns a value of one kind, or the one expression that gives it.
    pub(super) fn dynamic<T>(
        &mut self,
        node: &Node,
        what: &str,
        wanted: &str,
        legal: &Legal,
        read: impl FnOnce(&Node) -> Option<T>,
    ) -> Option<Dynamic<T>> {
        match self.whole(node, legal) {
            Whole::Expression(text) => return Some(Dynamic::Expression(text)),
            Whole::Wrong => return None,
            Whole::WrittenOut => {}
        }
        let value = read(node);
        if value.is_none() {
            self.wrong_kind(node, what, wanted);
        }
        value.map(Dynamic::Value)
    }

    /// Tells whether one expression stands in the place of the whole value.
    pub(super) fn whole(&mut self, node: &Node, legal: &Legal) -> Whole {
        let Some(text) = node
            .as_str()
            .filter(|text| text.trim_start().starts_with("${{"))
        else {
            return Whole::WrittenOut;
        };
        if !self.check_expressions(node, legal) {
            return Whole::Wrong;
        }
        match Template::parse(text.trim(), &legal.names()) {
            Ok(template) if template.is_lone_expression() => Whole::Expression(Text {
                source: text.to_owned(),
                origin: self.origin(node),
            }),
            _ => Whole::WrittenOut,
        }
    }

    /// Returns the items of a list of scalars; one scalar is a list of one.
    pub(super) fn texts(&mut self, node: &Node, what: &str, legal: &Legal) -> Vec<Text> {
        match node.as_sequence() {
            Some(items) => items
                .iter()
                .filter_map(|item| self.some_text(item, what, legal))
                .collect(),
            None => self.some_text(node, what, legal).into_iter().collect(),
        }
    }

    /// Returns the items of a list of scalars, which one expression may give as a whole.
    pub(super) fn listed_texts(&mut self, node: &Node, what: &str, legal: &Legal) -> Vec<Text> {
        if node.as_sequence().is_some() || node.has_expression() {
            return self.texts(node, what, legal);
        }
        self.wrong_kind(node, what, "a list");
        Vec::new()
    }

    /// Returns the items of a list of scalars without expressions; one scalar is a list of one.
    pub(super) fn plains(&mut self, node: &Node, what: &str) -> Vec<String> {
        self.texts(node, what, &Legal::NOTHING)
            .into_iter()
            .map(|text| text.source)
            .collect()
    }

    /// Returns a mapping of names to texts: `env`, `with`, `outputs`.
    pub(super) fn variables(&mut self, node: &Node, what: &str, legal: &Legal) -> Variables {
        self.variables_in(node, what, legal, legal)
    }

    /// The same where the mapping as a whole may use other contexts than its values.
    pub(super) fn variables_in(
        &mut self,
        node: &Node,
        what: &str,
        whole: &Legal,
        legal: &Legal,
    ) -> Variables {
        match self.whole(node, whole) {
            Whole::Expression(text) => return Dynamic::Expression(text),
            Whole::Wrong => return Variables::default(),
            Whole::WrittenOut => {}
        }
        let Some(entries) = node.as_mapping() else {
            self.wrong_kind(node, what, "a mapping");
            return Variables::default();
        };
        let mut variables = BTreeMap::new();
        for (key, value) in entries {
            let Some(name) = key.text() else { continue };
            if name.is_empty() {
                self.problem(
                    key.span.clone(),
                    format!("an empty name in {what}"),
                    "a name is needed here",
                    "name it, or remove the line".to_owned(),
                );
                continue;
            }
            self.check_expressions(key, whole);
            if let Some(text) = self.text(value, &format!("`{name}` in {what}"), legal) {
                variables.insert(name.to_owned(), text);
            }
        }
        Dynamic::Value(variables)
    }

    /// Returns a mapping's entries whose keys are free names.
    pub(super) fn entries<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
    ) -> Vec<(&'n str, &'n Node, &'n Node)> {
        let Some(entries) = node.as_mapping() else {
            self.wrong_kind(node, what, "a mapping");
            return Vec::new();
        };
        entries
            .iter()
            .filter_map(|(key, value)| Some((key.text()?, key, value)))
            .collect()
    }
}

/// Returns the text that GitHub makes of a scalar: `3.10` without quotes is `3.1`.
pub(crate) fn scalar_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Null => Some(String::new()),
        Value::Boolean(value) => Some(value.to_string()),
        Value::Number(value) => Some(number::format(*value)),
        Value::String(text) => Some(text.clone()),
        Value::Sequence(_) | Value::Mapping(_) => None,
    }
}

fn quoted(node: &Node, text: &str) -> String {
    match node.value {
        Value::String(_) => format!("the text `{text}`"),
        _ => format!("`{text}`"),
    }
}

fn kind_hint(node: &Node, wanted: &str) -> String {
    let text = node.as_str().unwrap_or_default();
    let is_right_without_quotes = match wanted {
        "a number" => text.parse::<f64>().is_ok(),
        "`true` or `false`" => matches!(text, "true" | "false"),
        _ => false,
    };
    match wanted {
        _ if node.is_null() => "give it a value, or remove the key".to_owned(),
        _ if is_right_without_quotes => format!("write `{text}` without quotes"),
        "`true` or `false`" if is_old_boolean(text) => {
            "YAML 1.2 knows only `true` and `false`".to_owned()
        }
        "text" => "write one value; a block of lines begins with `|`".to_owned(),
        "a mapping" => "write `name: value` under it".to_owned(),
        _ if wanted.starts_with("a list") => {
            "write `- item` lines under it, or `[a, b]`".to_owned()
        }
        _ => format!("write {wanted}"),
    }
}

fn is_old_boolean(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "yes" | "no" | "on" | "off"
    )
}
