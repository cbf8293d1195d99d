//! Inputs, secrets and outputs of workflows that are started by hand or called.

use towpath_report::nearest;

use super::fields::{Fields, Form, list};
use super::reader::Reader;
use crate::legal::Legal;
use crate::syntax::{Argument, Input, InputKind, OutputValue, SecretInput};
use crate::yaml::{Node, Value};

const INPUT_TYPES: &[&str] = &["string", "boolean", "number", "choice", "environment"];
const CALL_KEYS: &[&str] = &[
    "description",
    "type",
    "required",
    "default",
    "deprecationMessage",
];
const DISPATCH_KEYS: &[&str] = &[
    "description",
    "type",
    "required",
    "default",
    "options",
    "deprecationMessage",
];

impl Reader<'_> {
    pub(super) fn inputs(&mut self, node: &Node, is_call: bool) -> Vec<Input> {
        if node.is_null() {
            return Vec::new();
        }
        let entries = self.entries(node, "`inputs`");
        entries
            .into_iter()
            .filter_map(|(name, key, value)| self.input(name, key, value, is_call))
            .collect()
    }

    fn input(&mut self, name: &str, key: &Node, value: &Node, is_call: bool) -> Option<Input> {
        let mut input = Input {
            name: name.to_owned(),
            description: None,
            required: false,
            kind: InputKind::String,
            default: None,
        };
        if value.is_null() && !is_call {
            return Some(input);
        }
        let form = Form {
            keys: if is_call { CALL_KEYS } else { DISPATCH_KEYS },
            which: &format!("input `{name}`"),
            kind: "an input",
        };
        let fields = if is_call {
            self.fields(value, &form)?
        } else {
            self.fields_with_others(value, &form)?
        };
        input.description = fields
            .get("description")
            .and_then(|node| self.note(node, "`description`"));
        input.required = fields
            .get("required")
            .is_some_and(|node| self.flag(node, "`required`"));
        match fields.get("type") {
            Some(node) => input.kind = self.input_kind(node, &fields, is_call)?,
            None if is_call => {
                let hint = "add `type: string`, `type: boolean` or `type: number`".to_owned();
                let message = format!("input `{name}` of a called workflow has no `type`");
                self.problem(key.span.clone(), message, "needs a `type`", hint);
            }
            None => {}
        }
        let legal = if is_call {
            Legal::CALL_DEFAULT
        } else {
            Legal::NOTHING
        };
        input.default = fields
            .get("default")
            .and_then(|node| self.argument(node, "`default`", &legal));
        self.check_default(&input, fields.get("default"));
        if let Some(key) = fields.key("options")
            && !matches!(input.kind, InputKind::Choice(_))
        {
            let message = format!("input `{name}` has `options` and is no `choice`");
            let hint = "add `type: choice`, or remove the options".to_owned();
            self.problem(key.span.clone(), message, "only for `type: choice`", hint);
        }
        Some(input)
    }

    fn input_kind(&mut self, node: &Node, fields: &Fields<'_>, is_call: bool) -> Option<InputKind> {
        let name = self.plain(node, "`type`")?;
        let known: &[&str] = if is_call {
            &INPUT_TYPES[..3]
        } else {
            INPUT_TYPES
        };
        match name.as_str() {
            "string" => Some(InputKind::String),
            "boolean" => Some(InputKind::Boolean),
            "number" => Some(InputKind::Number),
            "environment" if !is_call => Some(InputKind::Environment),
            "choice" if !is_call => {
                let options = fields
                    .get("options")
                    .map(|node| self.listed_texts(node, "`options`", &Legal::NOTHING))
                    .unwrap_or_default()
                    .into_iter()
                    .map(|option| option.source)
                    .collect::<Vec<_>>();
                if options.is_empty() {
                    self.problem(
                        node.span.clone(),
                        "a `choice` without options",
                        "nothing to choose from",
                        "list the choices under `options`".to_owned(),
                    );
                }
                Some(InputKind::Choice(options))
            }
            _ => {
                let hint = nearest(&name, known.iter().copied()).map_or_else(
                    || format!("the types are {}", list(known.iter().copied())),
                    |meant| format!("did you mean `{meant}`?"),
                );
                self.problem(
                    node.span.clone(),
                    format!("unknown input type `{name}`"),
                    "not a type of an input",
                    hint,
                );
                None
            }
        }
    }

    fn check_default(&mut self, input: &Input, node: Option<&Node>) {
        let (Some(default), Some(node)) = (&input.default, node) else {
            return;
        };
        let text = match default {
            Argument::Text(text) if text.has_expression() => return,
            Argument::Text(text) => text.source.as_str(),
            Argument::Boolean(true) => "true",
            Argument::Boolean(false) => "false",
            Argument::Number(_) => "0",
        };
        let wanted = match &input.kind {
            InputKind::Boolean if !matches!(text, "true" | "false" | "") => "`true` or `false`",
            InputKind::Number if !text.is_empty() && text.trim().parse::<f64>().is_err() => {
                "a number"
            }
            InputKind::Choice(options)
                if matches!(default, Argument::Text(_))
                    && !text.is_empty()
                    && !options.iter().any(|option| option == text) =>
            {
                "one of its options"
            }
            _ => return,
        };
        self.wrong_kind(
            node,
            &format!("the default of input `{}`", input.name),
            wanted,
        );
    }

    pub(super) fn secret_inputs(&mut self, node: &Node) -> Vec<SecretInput> {
        if node.is_null() {
            return Vec::new();
        }
        let entries = self.entries(node, "`secrets`");
        let mut secrets = Vec::new();
        for (name, _, value) in entries {
            let mut secret = SecretInput {
                name: name.to_owned(),
                description: None,
                required: false,
            };
            let form = Form {
                keys: &["description", "required"],
                which: &format!("secret `{name}`"),
                kind: "a secret",
            };
            if !value.is_null()
                && let Some(fields) = self.fields(value, &form)
            {
                secret.description = fields
                    .get("description")
                    .and_then(|node| self.note(node, "`description`"));
                secret.required = fields
                    .get("required")
                    .is_some_and(|node| self.flag(node, "`required`"));
            }
            secrets.push(secret);
        }
        secrets
    }

    pub(super) fn call_outputs(&mut self, node: &Node) -> Vec<OutputValue> {
        if node.is_null() {
            return Vec::new();
        }
        let entries = self.entries(node, "`outputs`");
        let mut outputs = Vec::new();
        for (name, key, value) in entries {
            let form = Form {
                keys: &["description", "value"],
                which: &format!("output `{name}`"),
                kind: "an output",
            };
            let Some(fields) = self.fields(value, &form) else {
                continue;
            };
            let description = fields
                .get("description")
                .and_then(|node| self.note(node, "`description`"));
            let Some(node) = fields.get("value") else {
                let hint = "add `value: ${{ jobs.JOB.outputs.NAME }}`".to_owned();
                self.problem(
                    key.span.clone(),
                    format!("output `{name}` has no `value`"),
                    "needs a `value`",
                    hint,
                );
                continue;
            };
            let Some(value) = self.text(node, "`value`", &Legal::CALL_OUTPUT) else {
                continue;
            };
            outputs.push(OutputValue {
                name: name.to_owned(),
                description,
                value,
            });
        }
        outputs
    }

    /// Returns a scalar that keeps its kind.
    pub(super) fn argument(&mut self, node: &Node, what: &str, legal: &Legal) -> Option<Argument> {
        match node.value {
            Value::Boolean(value) => Some(Argument::Boolean(value)),
            Value::Number(value) => Some(Argument::Number(value)),
            _ => self.text(node, what, legal).map(Argument::Text),
        }
    }
}
