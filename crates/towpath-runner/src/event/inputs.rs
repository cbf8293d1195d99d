//! The inputs of `workflow_dispatch`, and of `workflow_call` where a workflow that is meant to be called
//! is run alone: checked before anything starts.

use std::collections::BTreeMap;

use towpath_report::Problem;
use towpath_workflow::expression::{Object, Value};
use towpath_workflow::syntax::{Argument, Input, InputKind};

/// Inputs that were checked.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// With their types, for the `inputs` context.
    pub typed: Object,
    /// As text, for `github.event.inputs`.
    pub texts: BTreeMap<String, String>,
}

/// Returns the inputs that a workflow declares, from the values given by name or by default; every one
/// that is missing or of the wrong kind is a problem. Values that the workflow does not declare are left
/// out. `evaluate` answers defaults that are expressions.
pub fn resolve_inputs(
    declared: &[Input],
    given: &BTreeMap<String, String>,
    evaluate: &dyn Fn(&str) -> Result<Value, String>,
) -> Result<Inputs, Vec<Problem>> {
    let mut inputs = Inputs::default();
    let mut problems = Vec::new();
    for input in declared {
        let value = given
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&input.name))
            .map(|(_, value)| value.as_str());
        match resolve(input, value, evaluate) {
            Ok(value) => {
                inputs.texts.insert(input.name.clone(), value.to_text());
                inputs.typed.0.push((input.name.clone(), value));
            }
            Err(problem) => problems.push(*problem),
        }
    }
    if problems.is_empty() {
        Ok(inputs)
    } else {
        Err(problems)
    }
}

fn resolve(
    input: &Input,
    given: Option<&str>,
    evaluate: &dyn Fn(&str) -> Result<Value, String>,
) -> Result<Value, Box<Problem>> {
    // An empty value is what the form on GitHub sends for a field that was left alone.
    let is_given =
        given.is_some_and(|given| !given.is_empty()) || given.is_none() && input.default.is_some();
    if input.required && !is_given {
        return Err(missing(input));
    }
    let value = match (given, &input.default) {
        (Some(given), _) => Value::from(given),
        (None, Some(default)) => default_value(input, default, evaluate)?,
        (None, None) => return Ok(nothing(&input.kind)),
    };
    typed(input, &value)
}

fn default_value(
    input: &Input,
    default: &Argument,
    evaluate: &dyn Fn(&str) -> Result<Value, String>,
) -> Result<Value, Box<Problem>> {
    Ok(match default {
        Argument::Boolean(value) => Value::from(*value),
        Argument::Number(value) => Value::from(*value),
        Argument::Text(text) if text.has_expression() => {
            evaluate(&text.source).map_err(|error| {
                let message = format!(
                    "the default of input `{}` has no value: {error}",
                    input.name
                );
                Box::new(Problem::error(message).with_hint(give(input)))
            })?
        }
        Argument::Text(text) => Value::from(text.source.as_str()),
    })
}

/// The value of an input that is neither given nor has a default.
fn nothing(kind: &InputKind) -> Value {
    match kind {
        InputKind::Boolean => Value::from(false),
        InputKind::Number => Value::from(0.0),
        // The form on GitHub has the first choice chosen.
        InputKind::Choice(choices) => Value::from(choices.first().map_or("", String::as_str)),
        InputKind::String | InputKind::Environment => Value::from(""),
    }
}

fn typed(input: &Input, value: &Value) -> Result<Value, Box<Problem>> {
    let text = value.to_text();
    let typed = match &input.kind {
        InputKind::String | InputKind::Environment => Some(Value::from(text.as_str())),
        InputKind::Boolean => match text.as_str() {
            "true" => Some(Value::from(true)),
            "false" => Some(Value::from(false)),
            _ => None,
        },
        InputKind::Number => Some(value.to_number())
            .filter(|number| !number.is_nan() && !text.is_empty())
            .map(Value::from),
        InputKind::Choice(choices) => choices.contains(&text).then(|| Value::from(text.as_str())),
    };
    typed.ok_or_else(|| {
        let message = format!(
            "input `{}` is `{text}`, which is not {}",
            input.name,
            input_kind(&input.kind)
        );
        Box::new(Problem::error(message).with_hint(give(input)))
    })
}

fn missing(input: &Input) -> Box<Problem> {
    let message = format!("the input `{}` must be given", input.name);
    Box::new(Problem::error(message).with_hint(give(input)))
}

fn give(input: &Input) -> String {
    format!(
        "`--input {}={}`",
        input.name,
        match &input.kind {
            InputKind::Boolean => "true",
            InputKind::Number => "1",
            InputKind::Choice(choices) => choices.first().map_or("VALUE", String::as_str),
            InputKind::String | InputKind::Environment => "VALUE",
        }
    )
}

/// Returns what an input may be, in words.
pub fn input_kind(kind: &InputKind) -> String {
    match kind {
        InputKind::String => "text".to_owned(),
        InputKind::Environment => "an environment".to_owned(),
        InputKind::Boolean => "`true` or `false`".to_owned(),
        InputKind::Number => "a number".to_owned(),
        InputKind::Choice(choices) => {
            let choices: Vec<String> = choices.iter().map(|name| format!("`{name}`")).collect();
            format!("one of {}", choices.join(", "))
        }
    }
}
