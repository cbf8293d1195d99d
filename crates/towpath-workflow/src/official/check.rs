//! Whether a value has the form that the table gives it, found as the official reader finds it.

use std::collections::{BTreeMap, HashSet};

use towpath_report::Source;

use super::Mistake;
use super::form::{Definition, Form, Mapping, Words};
use super::table;
use crate::expression::{Condition, Template, is_insert};
use crate::legal::Legal;
use crate::problem::Lines;
use crate::read::scalar_text;
use crate::yaml::{Node, Value};

const NO_EXPRESSION: &str = "A template expression is not allowed in this context";

/// Keys that only newer kinds of steps have; the official message does not propose them.
const NOT_PROPOSED: &[&str] = &["wait", "wait-all", "cancel"];

/// More mistakes than anybody reads; the file is something else then.
pub(super) const MAX_MISTAKES: usize = 500;

/// Notes the mistakes of one file.
pub(super) struct Checker<'a> {
    lines: Lines<'a>,
    mistakes: Vec<Mistake>,
}

/// What a scalar is once its expressions are read.
enum Read {
    /// The scalar as it stands, also where an expression in it is wrong.
    Literal,
    /// An expression that is nothing but a text in quotes.
    Quoted(String),
    Expression,
    /// What stands for the entries of another mapping.
    Insert,
}

impl<'a> Checker<'a> {
    pub(super) fn new(source: &Source<'a>) -> Self {
        Self {
            lines: Lines::new(source),
            mistakes: Vec::new(),
        }
    }

    /// Returns what was noted since this was asked last.
    pub(super) fn take(&mut self) -> Vec<Mistake> {
        std::mem::take(&mut self.mistakes)
    }

    pub(super) fn mistake(&mut self, node: &Node, message: impl Into<String>) {
        if self.mistakes.len() >= MAX_MISTAKES {
            return;
        }
        self.mistakes
            .push(Mistake::at(&self.lines, node, message.into()));
    }

    /// Notes a message that may grow long with what it lists.
    pub(super) fn long_mistake(&mut self, node: &Node, message: String, limit: usize) {
        if self.mistakes.len() >= MAX_MISTAKES {
            return;
        }
        let mut mistake = Mistake::at(&self.lines, node, message);
        let place = format!(
            "{} (Line: {}, Col: {}): ",
            mistake.file, mistake.line, mistake.column
        );
        let left = limit.saturating_sub(place.chars().count());
        if let Some((cut, _)) = mistake.message.char_indices().nth(left) {
            mistake.message.truncate(cut);
            mistake.message.push_str("[...]");
        }
        self.mistakes.push(mistake);
    }

    /// Checks a whole file.
    pub(super) fn value(&mut self, node: &Node, definition: &Definition) {
        self.value_within(node, definition, &Legal::NOTHING);
    }

    fn value_within(&mut self, node: &Node, definition: &Definition, around: &'static Legal) {
        let legal = definition.resolved().legal.unwrap_or(around);
        match &node.value {
            Value::Sequence(items) => match definition.items() {
                Some(form) => items
                    .iter()
                    .for_each(|item| self.value_within(item, form, legal)),
                None => self.mistake(node, "A sequence was not expected"),
            },
            Value::Mapping(entries) => {
                let mappings = definition.mappings();
                if mappings.is_empty() {
                    self.mistake(node, "A mapping was not expected");
                } else {
                    self.mapping(node, entries, mappings, legal);
                }
            }
            _ => self.scalar(node, definition, legal),
        }
    }

    fn scalar(&mut self, node: &Node, definition: &Definition, legal: &'static Legal) {
        let text = match self.read(node, legal) {
            Read::Expression if legal.contexts.is_empty() => {
                return self.mistake(node, NO_EXPRESSION);
            }
            Read::Expression => return,
            Read::Insert => return self.mistake(node, "Unexpected value '${{ insert }}'"),
            Read::Quoted(text) => text,
            Read::Literal => scalar_text(node).unwrap_or_default(),
        };
        let forms = definition.scalars();
        if !forms.iter().any(|form| fits(form, node, &text)) {
            self.mistake(node, format!("Unexpected value '{text}'"));
        }
    }

    /// Checks an `if`, which is an expression also without the braces.
    pub(super) fn condition(&mut self, node: &Node, legal: &'static Legal) {
        let text = scalar_text(node).unwrap_or_default();
        if text.contains("${{") {
            return;
        }
        if let Err(errors) = Condition::parse(&text, &legal.names()) {
            for error in errors {
                self.mistake(node, error.message);
            }
        }
    }

    fn read(&mut self, node: &Node, legal: &'static Legal) -> Read {
        let Some(text) = node.as_str().filter(|text| text.contains("${{")) else {
            return Read::Literal;
        };
        if is_insert(text) {
            return Read::Insert;
        }
        match Template::parse(text, &legal.names()) {
            Ok(template) => match template.quoted_text() {
                Some(text) => Read::Quoted(text.to_owned()),
                None => Read::Expression,
            },
            Err(errors) => {
                for error in errors {
                    self.mistake(node, error.message);
                }
                Read::Literal
            }
        }
    }

    fn mapping(
        &mut self,
        node: &Node,
        entries: &[(Node, Node)],
        mut mappings: Vec<&Mapping>,
        legal: &'static Legal,
    ) {
        let first = mappings.first().copied();
        let others = first.and_then(|mapping| mapping.others.as_deref());
        let mut seen = HashSet::new();
        let mut has_expression = false;
        for (key, value) in entries {
            let Some(name) = self.key(key, legal) else {
                has_expression = true;
                if !legal.contexts.is_empty() {
                    self.value_within(value, others.unwrap_or(table::anything()), legal);
                }
                continue;
            };
            if !name.is_empty() && !seen.insert(name.to_uppercase()) {
                self.mistake(key, format!("'{name}' is already defined"));
            } else if let Some(definition) = chosen(&mut mappings, &name) {
                self.value_within(value, definition, legal);
            } else if let Some(others) = others {
                if name.is_empty() && first.is_some_and(|mapping| !mapping.takes_empty_key) {
                    self.unexpected_key(key, &name);
                }
                self.value_within(value, others, legal);
            } else {
                self.unexpected_key(key, &name);
            }
        }
        match mappings.as_slice() {
            [mapping] if !has_expression => self.required(node, mapping, &seen),
            [] | [_] => {}
            several => self.undecided(node, several),
        }
    }

    fn unexpected_key(&mut self, key: &Node, name: &str) {
        let name = if key.is_null() { "null" } else { name };
        self.mistake(key, format!("Unexpected value '{name}'"));
    }

    /// Returns the name that a key is; none where it is an expression.
    fn key(&mut self, key: &Node, legal: &'static Legal) -> Option<String> {
        match self.read(key, legal) {
            Read::Literal => Some(scalar_text(key).unwrap_or_default()),
            Read::Quoted(text) => Some(text),
            Read::Expression | Read::Insert => {
                if legal.contexts.is_empty() {
                    self.mistake(key, NO_EXPRESSION);
                }
                None
            }
        }
    }

    fn required(&mut self, node: &Node, mapping: &Mapping, seen: &HashSet<String>) {
        let missing = mapping.properties.iter().filter(|property| {
            property.is_required && !seen.contains(&property.name.to_uppercase())
        });
        for property in missing {
            self.mistake(
                node,
                format!("Required property is missing: {}", property.name),
            );
        }
    }

    /// The keys fit several kinds of mapping.
    fn undecided(&mut self, node: &Node, mappings: &[&Mapping]) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for property in mappings.iter().flat_map(|mapping| &mapping.properties) {
            *counts.entry(property.name).or_default() += 1;
        }
        let telling: Vec<&str> = counts
            .into_iter()
            .filter(|(name, count)| *count == 1 && !NOT_PROPOSED.contains(name))
            .map(|(name, _)| name)
            .collect();
        self.mistake(
            node,
            format!(
                "There's not enough info to determine what you meant. Add one of these properties: {}",
                telling.join(", ")
            ),
        );
    }
}

/// Returns what a key takes, and leaves only the mappings that have it.
pub(super) fn chosen<'d>(mappings: &mut Vec<&'d Mapping>, name: &str) -> Option<&'d Definition> {
    let definition = mappings
        .iter()
        .rev()
        .find_map(|mapping| mapping.property(name))
        .map(|property| &property.definition)?;
    mappings.retain(|mapping| mapping.property(name).is_some());
    Some(definition)
}

fn fits(form: &Form, node: &Node, text: &str) -> bool {
    match (form, &node.value) {
        (Form::Null, value) => *value == Value::Null,
        (Form::Boolean, Value::Boolean(_)) | (Form::Number, Value::Number(_)) => true,
        (Form::Text(words), _) => match words {
            Words::Any => true,
            Words::NotEmpty => !text.is_empty(),
            Words::Exactly(word) => *word == text,
        },
        _ => false,
    }
}
