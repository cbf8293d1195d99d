//! The workflow that a job calls: found, read, and given its inputs and secrets.

use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_host::secret::Secret;
use towpath_report::{Problem, Severity, Source};
use towpath_workflow::expression::{Object, Value};
use towpath_workflow::syntax::{
    Argument, CallJob, CallSecrets, Dynamic, Input, InputKind, TriggerKind, Workflow,
};
use towpath_workflow::{MAX_CALL_DEPTH, Sources, parse_workflow};

use super::Frame;
use crate::evaluate::Values;
use crate::event::RunContext;

/// Returns the workflow that a job calls, with the inputs and secrets that it is given.
pub(crate) fn called_frame(
    frame: &Frame,
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
    let workflow = called_workflow(call, sources)?;
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
        file: call.uses.clone(),
        workflow: Arc::new(workflow),
        context: Arc::new(context),
        prefix: format!("{name} / "),
        depth: frame.depth + 1,
        wanted: BTreeMap::new(),
    })
}

fn called_workflow(call: &CallJob, sources: &Sources) -> Result<Workflow, Problem> {
    let text = sources.get(&call.uses).ok_or_else(|| {
        Problem::error(format!("the called workflow `{}` is not here", call.uses))
            .with_hint("`towpath actions fetch` brings workflows and actions of other repositories")
    })?;
    let source = Source {
        path: &call.uses,
        text,
    };
    let (workflow, problems) = parse_workflow(&source, sources);
    let error = problems
        .into_iter()
        .find(|problem| problem.severity == Severity::Error);
    match (workflow, error) {
        (_, Some(problem)) => Err(problem),
        (Some(workflow), None) => Ok(workflow),
        (None, None) => Err(Problem::error(format!("`{}` is no workflow", call.uses))),
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
            (Some(value), _) => typed(value.clone(), &input.kind),
            (None, Some(Argument::Text(text))) => typed(defaults.value(text)?, &input.kind),
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

/// Text that stands for a boolean or a number becomes one where the input is declared so.
fn typed(value: Value, kind: &InputKind) -> Value {
    match (kind, &value) {
        (InputKind::Boolean, Value::String(text)) => match &**text {
            "true" => Value::from(true),
            "false" => Value::from(false),
            _ => value,
        },
        (InputKind::Number, Value::String(_)) => Value::from(value.to_number()),
        (InputKind::String, Value::Boolean(_) | Value::Number(_) | Value::Null) => {
            Value::from(value.to_text())
        }
        _ => value,
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
