//! The workflow that a job calls: found, read, and given its inputs and secrets.

use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_host::secret::Secret;
use towpath_report::{Problem, Severity, Source};
use towpath_workflow::expression::{Object, Value};
use towpath_workflow::syntax::{
    Argument, CallJob, CallSecrets, Dynamic, Input, InputKind, Job, TriggerKind, Workflow,
};
use towpath_workflow::{MAX_CALL_DEPTH, Sources, WorkflowPlace, parse_workflow};

use super::{Frame, granted};
use crate::evaluate::Values;
use crate::event::{RunContext, input_kind};

/// Returns the workflow that a job calls, with the inputs and secrets that it is given.
pub(crate) fn called_frame(
    frame: &Frame,
    job: &Job,
    call: &CallJob,
    name: &str,
    contexts: Object,
    sources: &Sources,
) -> Result<Frame, Problem> {
    if frame.depth >= MAX_CALL_DEPTH {
        return Err(Problem::error(format!(
            "workflows call one another more than {MAX_CALL_DEPTH} deep at `{}`",
            call.uses
        ))
        .with_hint("call fewer levels"));
    }
    let file = WorkflowPlace::of(&frame.file).called(&call.uses);
    let workflow = called_workflow(&file, sources)?;
    let values = Values::of(contexts);
    let given = match &call.with {
        Dynamic::Value(with) => values.arguments(with)?,
        Dynamic::Expression(text) => match values.value(text)? {
            Value::Object(object) => object.0.clone(),
            _ => Vec::new(),
        },
    };
    let context = RunContext {
        inputs: inputs(&workflow, given, frame)?,
        secrets: secrets(&call.secrets, &values, &frame.context)?,
        masked: frame.context.all_secrets(),
        ..(*frame.context).clone()
    };
    Ok(Frame {
        file,
        workflow: Arc::new(workflow),
        context: Arc::new(context),
        prefix: format!("{name} / "),
        depth: frame.depth + 1,
        wanted: BTreeMap::new(),
        granted: Some(granted(frame, job)),
    })
}

fn called_workflow(file: &str, sources: &Sources) -> Result<Workflow, Problem> {
    let text = sources.get(file).ok_or_else(|| {
        Problem::error(format!("the called workflow `{file}` is not here"))
            .with_hint("`towpath actions fetch` brings workflows and actions of other repositories")
    })?;
    let source = Source { path: file, text };
    let (workflow, problems) = parse_workflow(&source, sources);
    let error = problems
        .into_iter()
        .find(|problem| problem.severity == Severity::Error);
    match (workflow, error) {
        (_, Some(problem)) => Err(problem),
        (Some(workflow), None) => Ok(workflow),
        (None, None) => Err(Problem::error(format!("`{file}` is no workflow"))),
    }
}

/// Returns the inputs that a called workflow declares, each with its kind.
fn inputs(
    workflow: &Workflow,
    given: Vec<(String, Value)>,
    caller: &Frame,
) -> Result<Object, Problem> {
    let declared = workflow.on.iter().find_map(|trigger| match &trigger.kind {
        TriggerKind::Call { inputs, .. } => Some(inputs.as_slice()),
        _ => None,
    });
    let defaults = Values::of(caller.contexts());
    let given = Object(given);
    let value = |input: &Input| -> Result<(String, Value), Problem> {
        let value = match (given.get(&input.name), &input.default) {
            (Some(value), _) => typed(input, value.clone())?,
            (None, Some(Argument::Text(text))) => typed(input, defaults.value(text)?)?,
            (None, Some(Argument::Boolean(value))) => Value::from(*value),
            (None, Some(Argument::Number(value))) => Value::from(*value),
            (None, None) => match input.kind {
                InputKind::Boolean => Value::from(false),
                InputKind::Number => Value::from(0.0),
                _ => Value::from(""),
            },
        };
        Ok((input.name.clone(), value))
    };
    let values = declared.unwrap_or_default().iter().map(value);
    Ok(Object(values.collect::<Result<_, _>>()?))
}

/// Returns the value of an input as it is declared. As on GitHub a text is no boolean and no number, whatever
/// it says; what a job's output says becomes one by `fromJSON()`.
fn typed(input: &Input, value: Value) -> Result<Value, Problem> {
    match (&input.kind, &value) {
        (InputKind::Boolean, Value::Boolean(_)) | (InputKind::Number, Value::Number(_)) => {
            Ok(value)
        }
        (InputKind::Boolean | InputKind::Number, _)
        | (_, Value::Array(_) | Value::Filtered(_) | Value::Object(_)) => {
            let message = format!(
                "the input `{}` takes {}, and is given {}",
                input.name,
                input_kind(&input.kind),
                in_words(&value)
            );
            Err(Problem::error(message).with_hint(
                "a text, as outputs are, becomes what it stands for by `${{ fromJSON(…) }}`",
            ))
        }
        _ => Ok(Value::from(value.to_text())),
    }
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) if text.is_empty() => "an empty text".to_owned(),
        Value::String(text) => format!("the text `{text}`"),
        Value::Array(_) | Value::Filtered(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::Boolean(_) | Value::Number(_) => format!("`{}`", value.to_text()),
    }
}

fn secrets(
    given: &CallSecrets,
    values: &Values<'_>,
    caller: &RunContext,
) -> Result<BTreeMap<String, Secret>, Problem> {
    Ok(match given {
        CallSecrets::Inherit => caller.secrets.clone(),
        CallSecrets::None => own_token(caller),
        CallSecrets::Named(named) => {
            let named = values.arguments(named)?.into_iter();
            let named = named.map(|(name, value)| (name, Secret::new(value.to_text())));
            own_token(caller).into_iter().chain(named).collect()
        }
    })
}

/// The token of the run is handed to every called workflow.
fn own_token(caller: &RunContext) -> BTreeMap<String, Secret> {
    let is_token = |(name, _): &(&String, &Secret)| name.eq_ignore_ascii_case("GITHUB_TOKEN");
    let token = caller.secrets.iter().find(is_token);
    token
        .map(|(name, secret)| (name.clone(), secret.clone()))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_of_their_kind() {
        let (text, number, truth) = (Value::from("true"), Value::from(2.0), Value::from(true));
        let boolean = "`true` or `false`";
        for (kind, value, expected) in [
            (InputKind::Boolean, truth.clone(), Ok("true")),
            (InputKind::Boolean, text.clone(), Err(boolean)),
            (InputKind::Boolean, Value::from(""), Err(boolean)),
            (InputKind::Number, number.clone(), Ok("2")),
            (InputKind::Number, Value::from("2"), Err("a number")),
            (InputKind::Number, Value::Null, Err("a number")),
            (InputKind::String, number, Ok("2")),
            (InputKind::String, truth, Ok("true")),
            (InputKind::String, Value::Null, Ok("")),
            (InputKind::String, Object::default().into(), Err("text")),
        ] {
            let input = Input {
                name: "deep".to_owned(),
                description: None,
                required: false,
                kind,
                default: None,
            };
            match (typed(&input, value), expected) {
                (Ok(value), Ok(expected)) => assert_eq!(value.to_text(), expected),
                (Err(problem), Err(takes)) => {
                    let begins = format!("the input `deep` takes {takes}, and is given ");
                    assert!(problem.message.starts_with(&begins), "{}", problem.message);
                }
                (typed, _) => panic!("{expected:?} of {:?}: {typed:?}", input.kind),
            }
        }
    }
}
