//! From a job that stands for others to those it stands for: the copies of its matrix, or the jobs of
//! the workflow that it calls. It ends when they have.

use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_host::secret::Secret;
use towpath_report::{ExpectedJob, Problem, RunEvent, Source};
use towpath_workflow::expression::{Object, Value};
use towpath_workflow::syntax::{
    Argument, CallJob, CallSecrets, Dynamic, Input, InputKind, JobWork, OutputValue, TriggerKind,
    Workflow,
};
use towpath_workflow::{MAX_CALL_DEPTH, Sources, parse_workflow};

use super::Run;
use super::ready::could_not_start;
use crate::evaluate::Values;
use crate::event::RunContext;
use crate::plan::{Error, Frame, PlannedJob, copies, jobs_of};
use crate::standing::{self, Standing, Status};

impl Run<'_, '_> {
    /// Puts in place of a job what it stands for; one that cannot be told fails.
    pub(super) fn expand(&mut self, index: usize) {
        match self.expanded(index) {
            Ok(jobs) => self.adopt(index, jobs),
            Err(problem) => {
                let outcome = could_not_start(problem);
                self.finish(index, self.record(index, outcome, None));
            }
        }
    }

    /// Returns the copies of a job, or the jobs of the workflow that a copy calls.
    fn expanded(&mut self, index: usize) -> Result<Vec<PlannedJob>, Problem> {
        let job = Arc::clone(&self.jobs[index]);
        let frame = Arc::clone(&self.frames[job.frame]);
        let above = standing::above(&self.jobs, &self.needs_of(index), &self.ended);
        let needs = standing::context(&frame, &above);
        let Some(copy) = &job.copy else {
            // The name of what stood for them is free for one of them.
            self.names.remove(&job.name);
            let mut copies = copies(&frame, job.frame, job.definition, &needs, &mut self.names)
                .map_err(|error| problem_of(&error))?;
            copies.retain(|copy| frame.wants(copy));
            return Ok(copies);
        };
        let JobWork::Call(call) = &self.definition(index).work else {
            return Ok(Vec::new());
        };
        let mut contexts = frame.contexts();
        contexts.0.push(("needs".to_owned(), needs.into()));
        contexts.0.extend(copy.contexts());
        let secrets = secrets_context(&frame.context);
        contexts.0.push(("secrets".to_owned(), secrets.into()));
        let called = called_frame(&frame, call, &job.name, contexts, self.request.sources)?;
        let position = self.frames.len();
        let jobs = jobs_of(&called, position, self.jobs.len(), &mut self.names)
            .map_err(|error| problem_of(&error))?;
        self.frames.push(Arc::new(called));
        Ok(jobs)
    }

    fn adopt(&mut self, parent: usize, jobs: Vec<PlannedJob>) {
        let name = self.job(parent).name.clone();
        self.schedule.expand(parent);
        let first = self.jobs.len();
        let mut expected = Vec::with_capacity(jobs.len());
        for job in jobs {
            let index = self.jobs.len();
            self.parents.insert(index, parent);
            self.add(job);
            expected.push(ExpectedJob {
                name: self.job(index).name.clone(),
                needs: Vec::new(),
            });
        }
        self.observer.event(&RunEvent::JobExpanded {
            job: name,
            into: expected,
        });
        self.children
            .insert(parent, (first..self.jobs.len()).collect());
        // A matrix may leave nothing that is wanted.
        self.end_parent(parent);
    }

    /// Ends a job that stands for others when all of them have ended.
    pub(super) fn end_parent(&mut self, parent: usize) {
        let Some(children) = self.children.get(&parent) else {
            return;
        };
        let ended: Vec<(usize, &Standing)> = self
            .ended
            .iter()
            .filter(|(index, _)| children.contains(index))
            .map(|(index, standing)| (*index, standing))
            .collect();
        if ended.len() < children.len() {
            return;
        }
        let above = standing::above(&self.jobs, &self.needs_of(parent), &self.ended);
        let together = if self.is_call(parent) {
            let mut jobs: BTreeMap<usize, Vec<&Standing>> = BTreeMap::new();
            let mut frame = self.job(parent).frame;
            for (index, standing) in ended {
                let job = self.job(index);
                frame = job.frame;
                jobs.entry(job.definition).or_default().push(standing);
            }
            let jobs = jobs
                .into_iter()
                .filter_map(|(job, copies)| Some((job, Standing::together(copies.into_iter())?)))
                .collect();
            Some(called_standing(&self.frames[frame], &jobs, &above))
        } else {
            Standing::together(ended.into_iter().map(|(_, standing)| standing))
        };
        let standing =
            together.unwrap_or_else(|| Standing::of(Status::Skipped, BTreeMap::new(), &above));
        self.schedule.end(parent);
        if standing.status == Status::Failure {
            self.fail_fast(parent);
        }
        self.stand(parent, standing);
    }

    /// Tells whether a job is one copy of a call.
    pub(super) fn is_call(&self, index: usize) -> bool {
        self.job(index).copy.is_some() && matches!(self.definition(index).work, JobWork::Call(_))
    }
}

/// Returns what a called workflow means to the jobs that need its caller.
fn called_standing(
    frame: &Frame,
    jobs: &BTreeMap<usize, Standing>,
    above: &BTreeMap<usize, Standing>,
) -> Standing {
    let status = jobs
        .values()
        .map(|job| job.status)
        .min()
        .unwrap_or(Status::Skipped);
    let mut contexts = frame.contexts();
    let jobs = standing::context(frame, jobs);
    contexts.0.push(("jobs".to_owned(), jobs.into()));
    let values = Values::of(contexts);
    let outputs = outputs_of(&frame.workflow).iter();
    let outputs = outputs.filter_map(|output| {
        // An output that has no value is empty, as on GitHub.
        Some((output.name.clone(), values.text(&output.value).ok()?))
    });
    Standing::of(status, outputs.collect(), above)
}

fn outputs_of(workflow: &Workflow) -> &[OutputValue] {
    let outputs = workflow.on.iter().find_map(|trigger| match &trigger.kind {
        TriggerKind::Call { outputs, .. } => Some(outputs.as_slice()),
        _ => None,
    });
    outputs.unwrap_or_default()
}

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
        .find(|problem| problem.severity == towpath_report::Severity::Error);
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

/// Returns the context `secrets`.
pub(crate) fn secrets_context(context: &RunContext) -> Object {
    let secrets = context.secrets.iter();
    Object(
        secrets
            .map(|(name, secret)| (name.clone(), Value::from(secret.expose())))
            .collect(),
    )
}

pub(crate) fn problem_of(error: &Error) -> Problem {
    let mut problem = Problem::error(error.to_string());
    problem.hints = error.hints();
    if let Error::Expression { problem: inner, .. } = error {
        problem.place.clone_from(&inner.place);
    }
    problem
}
