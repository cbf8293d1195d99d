//! One step, of a job or of a composite action: its variables, its condition, its work, and what it
//! leaves to those after it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use towpath_host::glob::hash_files;
use towpath_host::process::Cancel;
use towpath_report::text::one_line;
use towpath_report::{Conclusion, Problem, StepRecord};
use towpath_workflow::expression::{Function, Value};
use towpath_workflow::syntax::{Step, StepWork, Text};

use super::RunningJob;
use super::level::Level;
use super::start::minutes_long;
use super::token;
use crate::action::Progress;
use crate::evaluate::Values;
use crate::refusals::control_step;
use crate::standing::Status;

/// A longer name of a step is cut, in bytes.
const LONGEST_NAME: usize = 500;

/// What a step did.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) outputs: BTreeMap<String, String>,
    /// What its own post part gets to see.
    pub(super) state: BTreeMap<String, String>,
    /// Why it failed; none where it succeeded.
    pub(super) failure: Option<Problem>,
    /// Whether what it found says why, so that nothing else need be told of it.
    pub(super) is_told: bool,
    /// Whether it was asked to end before it had.
    pub(super) cancelled: bool,
}

impl Done {
    /// Returns the end of a step that failed.
    pub(super) fn failed(problem: Problem) -> Self {
        Self {
            failure: Some(problem),
            ..Self::default()
        }
    }
}

/// How a step ended.
pub(super) struct Ended {
    pub(super) name: String,
    /// Before `continue-on-error`.
    pub(super) outcome: Status,
    /// After it.
    pub(super) conclusion: Status,
    /// Why it failed.
    reason: String,
    /// The last lines that it printed, where it failed.
    output: Vec<String>,
    pub(super) outputs: BTreeMap<String, String>,
    duration: Duration,
}

impl Ended {
    /// Returns the end of a step that did nothing.
    pub(super) fn without_work(name: String, status: Status) -> Self {
        Self {
            name,
            outcome: status,
            conclusion: status,
            reason: String::new(),
            output: Vec::new(),
            outputs: BTreeMap::new(),
            duration: Duration::ZERO,
        }
    }
}

/// A step whose variables, name and time are known.
pub(super) struct ReadyStep<'s> {
    pub(super) step: &'s Step,
    pub(super) name: String,
    /// Its own variables.
    pub(super) environment: BTreeMap<String, String>,
    pub(super) begun: Instant,
    /// How long it may take itself.
    pub(super) own: Option<Duration>,
    /// When what it belongs to has taken too long.
    pub(super) limit: Instant,
    /// When it has taken too long.
    pub(super) deadline: Instant,
    pub(super) cancel: Cancel,
}

impl ReadyStep<'_> {
    /// Returns the id by which it is known; none for a step without.
    pub(super) fn id(&self) -> Option<&str> {
        self.step.id.as_deref()
    }

    /// Lets its time begin.
    pub(super) fn begin(&mut self) {
        self.begun = Instant::now();
        let own = self.own.map(|own| self.begun + own);
        self.deadline = own.map_or(self.limit, |own| own.min(self.limit));
    }

    /// Returns how long it may still take.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

impl RunningJob<'_> {
    /// Runs a step, or passes it over.
    pub(super) fn step(&mut self, level: &mut Level, step: &Step) {
        let ended = match self.begin(level, step) {
            Ok(ready) => self.run_ready(level, &ready),
            Err(ended) => *ended,
        };
        self.note_end(level, step, ended);
    }

    /// Makes a step ready to run. The error is how one ended that does not run.
    pub(super) fn begin<'s>(
        &mut self,
        level: &Level,
        step: &'s Step,
    ) -> Result<ReadyStep<'s>, Box<Ended>> {
        self.begin_if(level, step, step.condition.as_ref())
    }

    /// Makes a step ready to run under a condition.
    pub(super) fn begin_if<'s>(
        &mut self,
        level: &Level,
        step: &'s Step,
        condition: Option<&Text>,
    ) -> Result<ReadyStep<'s>, Box<Ended>> {
        self.notice_cancel();
        self.sink.begin();
        let mut name = plain_name(step);
        match self.ready(level, step, condition, &mut name) {
            Ok(Some(ready)) => Ok(ready),
            Ok(None) => Err(Box::new(Ended::without_work(name, Status::Skipped))),
            Err(problem) => {
                self.sink.headline(&name);
                let reason = self.sink.masked(&problem.message);
                self.tell(level, step, problem);
                let ended = Ended::without_work(name, Status::Failure);
                Err(Box::new(Ended { reason, ..ended }))
            }
        }
    }

    /// Runs a step that is ready.
    pub(super) fn run_ready(&mut self, level: &mut Level, ready: &ReadyStep<'_>) -> Ended {
        self.sink.progress().doing(&ready.name);
        self.sink.headline(&ready.name);
        let done = self.perform(level, ready);
        let output = self.sink.tail();
        let mut ended = self.conclude(level, ready, done);
        if ended.outcome == Status::Failure {
            ended.output = output;
        }
        ended
    }

    /// Notes how a step ended, for those after it and for the record of the job.
    pub(super) fn note_end(&mut self, level: &mut Level, step: &Step, ended: Ended) {
        if ended.conclusion == Status::Failure {
            self.fall(level);
        }
        if let Some(record) = self.note_silently(level, step, ended) {
            self.records.push(record);
        }
    }

    /// Notes how a step ended, which is no failure of those around it yet. Returns the record of a step of
    /// the job itself.
    pub(super) fn note_silently(
        &mut self,
        level: &mut Level,
        step: &Step,
        ended: Ended,
    ) -> Option<StepRecord> {
        if let Some(id) = &step.id {
            level.note(id, &ended.outputs, ended.outcome, ended.conclusion);
        }
        (level.depth == 0).then(|| StepRecord {
            name: self.sink.masked(&ended.name),
            conclusion: conclusion_of(ended.outcome),
            reason: ended.reason,
            output: ended.output,
            duration_ms: ended.duration.as_millis() as u64,
        })
    }

    /// Evaluates what a step needs to start; none where its condition is false. Its variables come before
    /// its condition, which may use them.
    fn ready<'s>(
        &self,
        level: &Level,
        step: &'s Step,
        condition: Option<&Text>,
        name: &mut String,
    ) -> Result<Option<ReadyStep<'s>>, Problem> {
        let no_variables = BTreeMap::new();
        let id = step.id.as_deref();
        let environment = self.values(level, &no_variables, id).variables(&step.env)?;
        let values = self.values(level, &environment, id);
        if !values.condition(condition)? {
            return Ok(None);
        }
        if let Some(written) = &step.name {
            // Masked before it is cut: no part of a secret is left over.
            let written = self.sink.masked(&values.text(written)?);
            let written = one_line(&written, LONGEST_NAME);
            if !written.is_empty() {
                *name = written;
            }
        }
        let (limit, cancel) = match self.last_call {
            Some(last_call) => (last_call, self.late.clone()),
            None => (self.deadline, self.cancel.clone()),
        };
        let minutes = step.timeout_minutes.as_ref();
        let minutes = minutes.map(|minutes| values.number(minutes)).transpose()?;
        drop(values);
        let limit = level.deadline.map_or(limit, |own| own.min(limit));
        let mut ready = ReadyStep {
            step,
            name: name.clone(),
            environment,
            begun: Instant::now(),
            own: minutes.and_then(minutes_long),
            limit,
            deadline: limit,
            cancel,
        };
        ready.begin();
        Ok(Some(ready))
    }

    fn perform(&mut self, level: &mut Level, ready: &ReadyStep<'_>) -> Done {
        let done = match &ready.step.work {
            StepWork::Run {
                script,
                shell,
                working_directory,
            } => self.script(
                level,
                ready,
                script,
                shell.as_ref(),
                working_directory.as_ref(),
            ),
            StepWork::Uses { action, with } => self.uses(level, ready, action, with),
            StepWork::Wait { .. }
            | StepWork::WaitAll
            | StepWork::Parallel { .. }
            | StepWork::Cancel { .. } => Done::failed(control_step()),
        };
        self.sink.flush();
        done
    }

    /// Decides how a step ended by what it did.
    pub(super) fn conclude(&mut self, level: &Level, ready: &ReadyStep<'_>, done: Done) -> Ended {
        self.notice_cancel();
        let mut failure = done.failure;
        let advisory = {
            let values = self.values(level, &ready.environment, ready.id());
            values.boolean(&ready.step.continue_on_error)
        };
        let advisory = advisory.unwrap_or_else(|problem| {
            failure.get_or_insert(problem);
            false
        });
        let outcome = match (&failure, done.cancelled) {
            (None, false) => Status::Success,
            (_, true) => Status::Cancelled,
            (Some(_), false) => Status::Failure,
        };
        let mut reason = String::new();
        if let Some(problem) = failure {
            reason = self.sink.masked(&problem.message);
            if advisory || done.cancelled || done.is_told {
                self.sink.note(&format!("error: {}", problem.message));
            } else {
                self.tell(level, ready.step, problem);
            }
        }
        let conclusion = if advisory && outcome == Status::Failure {
            Status::Success
        } else {
            outcome
        };
        Ended {
            name: ready.name.clone(),
            outcome,
            conclusion,
            reason,
            output: Vec::new(),
            outputs: done.outputs,
            duration: ready.begun.elapsed(),
        }
    }

    /// Tells a failure of a step among the problems of the job. What fails within an action is told once,
    /// where it fails.
    pub(super) fn tell(&mut self, level: &Level, step: &Step, mut problem: Problem) {
        if problem.message.is_empty() {
            return;
        }
        self.sink.note(&format!("error: {}", problem.message));
        if let Some(advice) = token::advice(step, self.fixed_github()) {
            problem = problem.with_hint(advice);
        }
        if problem.place.is_none() && level.depth == 0 {
            problem.place.clone_from(&step.origin.0);
        }
        problem.message = self.sink.masked(&problem.message);
        self.problems.push(problem);
    }

    /// Notes that a step failed, for the conditions of those after it.
    pub(super) fn fall(&mut self, level: &mut Level) {
        match &mut level.action {
            Some(action) => action.status = Status::Failure,
            None if self.status != Status::Cancelled => self.status = Status::Failure,
            None => {}
        }
    }

    /// Returns the values for the expressions of a step whose own variables are `own`.
    pub(super) fn values<'v>(
        &'v self,
        level: &'v Level,
        own: &'v BTreeMap<String, String>,
        step: Option<&'v str>,
    ) -> Values<'v> {
        let status = self.status_at(level);
        let is_cancelled = self.status == Status::Cancelled;
        let workspace = &self.places.workspace;
        let action = level.action.as_ref().map(|action| &action.folder);
        Values::with(
            move || self.contexts(level, own, step),
            move |function, arguments| {
                Ok(match function {
                    Function::Always => Value::from(true),
                    Function::Success => Value::from(status == Status::Success),
                    Function::Failure => Value::from(status == Status::Failure),
                    Function::Cancelled => Value::from(is_cancelled),
                    Function::HashFiles => {
                        let patterns: Vec<String> = arguments.iter().map(Value::to_text).collect();
                        Value::from(hash_files(
                            workspace,
                            action.map(PathBuf::as_path),
                            &patterns,
                        )?)
                    }
                })
            },
        )
    }
}

/// Returns the name of a step that has none of its own, as GitHub shows it, on one line.
pub(super) fn plain_name(step: &Step) -> String {
    if let Some(name) = step.name.as_ref().filter(|name| !name.has_expression()) {
        return one_line(&name.source, LONGEST_NAME);
    }
    one_line(&default_name(step), LONGEST_NAME)
}

fn default_name(step: &Step) -> String {
    match &step.work {
        StepWork::Run { script, .. } => {
            let first = script.source.trim().lines().next().unwrap_or_default();
            format!("Run {first}")
        }
        StepWork::Uses { action, .. } => format!("Run {action}"),
        StepWork::Wait { steps } => format!("Wait for {}", steps.join(", ")),
        StepWork::WaitAll => "Wait for all".to_owned(),
        StepWork::Parallel { .. } => "Run in parallel".to_owned(),
        StepWork::Cancel { step } => format!("Cancel {step}"),
    }
}

pub(super) fn conclusion_of(status: Status) -> Conclusion {
    match status {
        Status::Success => Conclusion::Success,
        Status::Failure => Conclusion::Failure,
        Status::Cancelled => Conclusion::Cancelled,
        Status::Skipped => Conclusion::Skipped,
    }
}
