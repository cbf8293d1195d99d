//! A job with steps of its own: its folders, its variables, its steps in order or in the background, the post
//! parts of its actions, its outputs. Everything that it made is gone afterwards but its log and its summary.

mod advice;
mod background;
mod composite;
mod container;
mod contexts;
mod files;
mod javascript;
mod level;
mod masking;
mod node_script;
mod places;
mod post;
mod pre;
mod script;
mod script_file;
mod sink;
mod start;
mod step;
mod token;
mod uses;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use towpath_host::process::Cancel;
use towpath_report::{CheckResult, Conclusion, Finding, Place, Problem, Severity, StepRecord};
use towpath_workflow::expression::Object;
use towpath_workflow::syntax::StepsJob;

use crate::action::{JobContext, Outcome};
use crate::assignment::Assignment;
use crate::commands::Matchers;
use crate::evaluate::Values;
use crate::plan::{Granted, granted};
use crate::request::{Machine, Request};
use crate::standing::Status;
use background::Deferred;
use container::Containers;
use files::CommandFiles;
use level::Level;
use places::Places;
use post::Post;
use sink::Sink;

/// Tells actions what the job may do with the cache, as GitHub's toolkit hears it.
pub const CACHE_MODE: &str = "ACTIONS_CACHE_MODE";
/// How long steps that run always may go on after their job was cancelled.
const AFTER_CANCEL: Duration = Duration::from_mins(5);
/// The time that they have in any case.
const LEAST_GRACE: Duration = Duration::from_secs(2);

/// Runs a job to its end.
pub(crate) fn run(
    request: &Request<'_>,
    machine: &Machine<'_>,
    assignment: &Assignment,
    context: &JobContext<'_>,
) -> Outcome {
    match RunningJob::start(request, machine, assignment, context) {
        Ok(mut job) => {
            job.run_all();
            job.finish()
        }
        Err(outcome) => *outcome,
    }
}

/// A job on its way.
struct RunningJob<'a> {
    request: &'a Request<'a>,
    machine: &'a Machine<'a>,
    assignment: &'a Assignment,
    context: &'a JobContext<'a>,
    work: &'a StepsJob,
    places: Places,
    containers: Option<Containers>,
    /// Marks its processes, wherever they go.
    tracking: String,
    /// Contexts that stay the same: all but `env`, `job`, `steps` and what a step adds to `github`.
    fixed: Object,
    /// The variables of workflow and job, then those that steps set.
    environment: BTreeMap<String, String>,
    /// Put in front of `PATH`, the first one first.
    paths: Vec<String>,
    /// What steps change, where that counts later: in the background.
    deferred: Option<Deferred>,
    /// How many of the job's steps have begun.
    begun: usize,
    /// Asks the steps to end.
    cancel: Cancel,
    status: Status,
    outputs: BTreeMap<String, String>,
    /// When the job has taken too long.
    deadline: Instant,
    /// When steps that run always must have ended, once the job was cancelled.
    last_call: Option<Instant>,
    /// Ends steps that run after the job was cancelled; hears only the wish to end at once.
    late: Cancel,
    sink: Sink<'a>,
    /// The problem matchers, while no step runs.
    matchers: Matchers,
    /// Whether there ever were any.
    has_matchers: bool,
    /// What the first parts of actions saved, by where the step stands.
    early_states: BTreeMap<Vec<usize>, BTreeMap<String, String>>,
    posts: Vec<Post<'a>>,
    records: Vec<StepRecord>,
    findings: Vec<Finding>,
    problems: Vec<Problem>,
    /// What checks among its steps found.
    checked: CheckResult,
    notes: Vec<String>,
    commands: Vec<Vec<String>>,
    cpu_ms: u64,
    files: CommandFiles,
}

impl<'a> RunningJob<'a> {
    fn run_all(&mut self) {
        let mut level = Level::of_job();
        if let Err(problem) = self.start_containers() {
            let problem = self.placed(problem);
            return self.fail(problem);
        }
        self.run_pre_parts();
        self.run_steps(&mut level);
        self.run_post_parts();
        self.give_outputs(&level);
    }

    /// Evaluates what the job gives to others.
    fn give_outputs(&mut self, level: &Level) {
        let outputs = self.evaluate_at_end(level, |values| values.variables(&self.work.outputs));
        let environment = self.work.environment.as_ref();
        let url = environment.and_then(|environment| environment.url.as_ref());
        let url = url.map(|url| self.evaluate_at_end(level, |values| values.text(url)));
        match outputs {
            Ok(outputs) => {
                for (name, value) in outputs {
                    if self.sink.hides(&value) {
                        let note = format!("output `{name}` holds a secret and was left out");
                        self.notes.push(note);
                    } else {
                        self.outputs.insert(name, value);
                    }
                }
            }
            Err(problem) => self.fail(problem),
        }
        match url {
            Some(Ok(url)) if !url.is_empty() => {
                let url = self.sink.masked(&url);
                self.notes.push(format!("deployed to {url}"));
            }
            Some(Err(problem)) => self.fail(problem),
            Some(Ok(_)) | None => {}
        }
    }

    fn evaluate_at_end<T>(&self, level: &Level, evaluate: impl FnOnce(&Values<'_>) -> T) -> T {
        let no_variables = BTreeMap::new();
        evaluate(&Values::made_by(|| {
            self.contexts(level, &no_variables, None)
        }))
    }

    /// Notes what went wrong with the job itself, which fails it.
    fn fail(&mut self, problem: Problem) {
        self.status = Status::Failure;
        self.sink.note(&format!("error: {}", problem.message));
        self.problems.push(problem);
    }

    /// Notes that the job was asked to end, or took too long.
    fn notice_cancel(&mut self) {
        let now = Instant::now();
        if let Some(last_call) = self.last_call {
            // A signal leaves less time than a job has that was cancelled for another's sake.
            if self.assignment.stopping.load(Ordering::Relaxed) {
                self.last_call = Some(last_call.min(now + self.machine.grace));
            }
            return;
        }
        let took_too_long = now >= self.deadline;
        let asked = self.cancel.since();
        if !took_too_long && asked.is_none() {
            return;
        }
        // A person who waits at a terminal waits no longer than this, a job on its own may clean up.
        // Nor does who cancels a step in the background.
        let is_awaited =
            self.deferred.is_some() || self.assignment.stopping.load(Ordering::Relaxed);
        let last_call = if is_awaited {
            let asked = asked.unwrap_or(now);
            (asked + self.machine.grace).max(now + LEAST_GRACE)
        } else {
            now + AFTER_CANCEL
        };
        self.last_call = Some(last_call);
        self.status = Status::Cancelled;
        if took_too_long && self.deferred.is_none() {
            let problem = Problem::error("the job took longer than its `timeout-minutes`")
                .with_hint("give it more minutes, or a step that takes long a `timeout-minutes` of its own");
            self.sink.note(&format!("error: {}", problem.message));
            self.problems.push(self.placed(problem));
        }
    }

    fn placed(&self, mut problem: Problem) -> Problem {
        if problem.place.is_none() {
            problem.place.clone_from(&self.definition().origin.0);
        }
        problem
    }

    /// Returns what the job may do with the services around it.
    fn granted(&self) -> Granted {
        granted(&self.assignment.frame, self.definition())
    }

    /// Returns the variable that tells actions what the job may do with the cache.
    fn cache_variable(&self) -> (String, String) {
        let mode = self.granted().cache.as_str();
        (CACHE_MODE.to_owned(), mode.to_owned())
    }

    fn definition(&self) -> &'a towpath_workflow::syntax::Job {
        &self.assignment.frame.workflow.jobs[self.assignment.job.definition]
    }

    /// Ends what still runs of the job, removes its folders and returns what it did.
    fn finish(mut self) -> Outcome {
        self.end_containers();
        match self.machine.keeper.end_job(&self.tracking) {
            Ok(0) => {}
            Ok(left) => self.notes.push(format!(
                "left {left} process{} running, which towpath ended",
                if left == 1 { "" } else { "es" }
            )),
            Err(error) => self.fail(Problem::error(error.to_string())),
        }
        if let Err(error) = self.places.remove(&self.files, &self.assignment.spares) {
            self.notes
                .push(format!("its workspace could not be removed: {error}"));
        }
        if let Err(problem) = self.sink.close() {
            self.fail(problem);
        }
        self.mask_record();
        let conclusion = match self.status {
            Status::Success => Conclusion::Success,
            Status::Cancelled if self.context.cancel.is_cancelled() => Conclusion::Cancelled,
            Status::Skipped => Conclusion::Skipped,
            Status::Failure | Status::Cancelled => Conclusion::Failure,
        };
        let has_failed = conclusion == Conclusion::Failure;
        self.findings.extend(self.problems.iter().map(as_finding));
        for finding in &mut self.findings {
            finding.blocking = has_failed && finding.severity == Severity::Error;
        }
        let summary = self.summary(conclusion);
        for mut finding in self.checked.findings {
            finding.blocking &= has_failed;
            self.findings.push(finding);
        }
        let result = CheckResult {
            summary,
            findings: self.findings,
            notes: self.notes,
            failed: has_failed,
            ..self.checked
        };
        let mut outcome = Outcome::ended(conclusion, result);
        outcome.cpu_ms = self.cpu_ms;
        outcome.commands = self.commands;
        outcome.steps = self.records;
        outcome.effects.outputs = self.outputs;
        outcome
    }

    fn summary(&self, conclusion: Conclusion) -> String {
        let failed = |step: &&StepRecord| step.conclusion == Conclusion::Failure;
        match self.records.iter().find(failed) {
            Some(step) if conclusion == Conclusion::Failure => format!("{} failed", step.name),
            _ => {
                let ran = |step: &&StepRecord| step.conclusion != Conclusion::Skipped;
                let ran = self.records.iter().filter(ran).count();
                format!("{ran} step{}", if ran == 1 { "" } else { "s" })
            }
        }
    }
}

/// Tells a problem of a step as one of the findings of its job.
fn as_finding(problem: &Problem) -> Finding {
    let message = problem
        .hints
        .iter()
        .fold(problem.message.clone(), |message, hint| {
            format!("{message}\n{hint}")
        });
    finding(message, problem.place.clone(), Severity::Error)
}

fn finding(message: String, place: Option<Place>, severity: Severity) -> Finding {
    Finding {
        tool: "workflow".to_owned(),
        rule: String::new(),
        rule_url: None,
        message,
        place,
        severity,
        fixable: false,
        blocking: false,
    }
}
