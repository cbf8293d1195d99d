//! The start of a job: whether it may run here, its folders, its variables, its time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use towpath_report::{CheckResult, Conclusion, Problem};
use towpath_workflow::syntax::{JobWork, StepsJob};

use super::files::CommandFiles;
use super::places::Places;
use super::sink::Sink;
use super::{RunningJob, contexts, token};
use crate::action::{JobContext, Outcome};
use crate::assignment::Assignment;
use crate::commands::Matchers;
use crate::evaluate::Values;
use crate::event::{Approval, RunContext};
use crate::refusals::containers;
use crate::request::{Machine, Request};
use crate::standing::Status;

/// A job that says nothing else is cancelled after this time.
const DEFAULT_TIMEOUT: Duration = Duration::from_hours(6);
/// No job takes longer than this many minutes, whatever it says.
const LONGEST_MINUTES: f64 = 60.0 * 24.0 * 35.0;

impl<'a> RunningJob<'a> {
    /// Starts a job; the error is what it came to instead.
    pub(super) fn start(
        request: &'a Request<'a>,
        machine: &'a Machine<'a>,
        assignment: &'a Assignment,
        context: &'a JobContext<'a>,
    ) -> Result<Self, Box<Outcome>> {
        let frame = &assignment.frame;
        let refuse = |problem: Problem| Box::new(refused(&frame.context.masked(problem)));
        let definition = &assignment.frame.workflow.jobs[assignment.job.definition];
        let JobWork::Steps(work) = &definition.work else {
            let message = format!(
                "job `{}` calls a workflow and was not expanded",
                context.job
            );
            return Err(refuse(Problem::error(message)));
        };
        if let Some(problem) = containers(work, definition.origin.0.as_ref(), machine.engine) {
            return Err(refuse(problem));
        }
        let run_context = environment_context(assignment, work)?;
        let refuse = |problem: Problem| Box::new(refused(&run_context.masked(problem)));
        let cannot_make = |error: std::io::Error| {
            let message = format!("cannot make the folders of job `{}`: {error}", context.job);
            refuse(Problem::error(message).with_hint(
                "free space on the disk or set `TOWPATH_STATE_DIR` to a writable folder",
            ))
        };
        let places = Places::make(machine, assignment, &run_context).map_err(cannot_make)?;
        let fixed = contexts::fixed(assignment, &run_context, machine, &places);
        let values = Values::of(fixed.clone());
        let mut environment = run_context.extra_environment.clone();
        let workflow = &assignment.frame.workflow;
        for variables in [&workflow.env, &work.env] {
            environment.extend(values.variables(variables).map_err(refuse)?);
        }
        let minutes = work.timeout_minutes.as_ref();
        let minutes = minutes.map(|minutes| values.number(minutes)).transpose();
        let minutes = minutes.map_err(refuse)?.and_then(minutes_long);
        let token = token::note_of(workflow, definition, work, contexts::github_of(&fixed));
        let secrets = run_context.all_secrets();
        let sink = Sink::new(context.folder, &secrets, context.progress).map_err(cannot_make)?;
        Ok(Self {
            tracking: format!(
                "github_{:x}_{}_{}",
                std::process::id(),
                request.run,
                assignment.index
            ),
            deadline: Instant::now() + minutes.unwrap_or(DEFAULT_TIMEOUT),
            late: assignment.cancel.heir(),
            cancel: context.cancel.clone(),
            deferred: None,
            begun: 0,
            request,
            machine,
            assignment,
            context,
            work,
            files: CommandFiles::of(&places.files),
            places,
            containers: None,
            fixed,
            environment,
            paths: Vec::new(),
            status: Status::Success,
            outputs: BTreeMap::new(),
            last_call: None,
            sink,
            matchers: Matchers::default(),
            has_matchers: false,
            early_states: BTreeMap::new(),
            posts: Vec::new(),
            records: Vec::new(),
            findings: Vec::new(),
            problems: Vec::new(),
            checked: CheckResult::default(),
            notes: token.into_iter().collect(),
            commands: Vec::new(),
            cpu_ms: 0,
        })
    }
}

/// Returns a time in minutes, bounded so that it can be added to any moment; what is not above 0 is no
/// limit.
pub(super) fn minutes_long(minutes: f64) -> Option<Duration> {
    (minutes > 0.0).then(|| Duration::from_secs_f64(minutes.min(LONGEST_MINUTES) * 60.0))
}

/// Returns the run's context with what the job's deployment environment adds, once it is approved.
fn environment_context<'a>(
    assignment: &'a Assignment,
    work: &StepsJob,
) -> Result<Cow<'a, RunContext>, Box<Outcome>> {
    let context: &RunContext = &assignment.frame.context;
    let Some(environment) = &work.environment else {
        return Ok(Cow::Borrowed(context));
    };
    let values = Values::of(contexts::of_job(assignment, context));
    let name = values
        .text(&environment.name)
        .map_err(|problem| Box::new(refused(&context.masked(problem))))?;
    if name.is_empty() {
        return Ok(Cow::Borrowed(context));
    }
    let known = context.environment(&name);
    if known.approval == Approval::Needed {
        let reason =
            format!("environment `{name}` waits for an approval: towpath run --approve {name}");
        let outcome = Outcome::ended(Conclusion::Cancelled, CheckResult::default());
        return Err(Box::new(outcome.because(reason)));
    }
    let mut context = context.clone();
    context.variables.extend(known.variables);
    context.secrets.extend(known.secrets);
    Ok(Cow::Owned(context))
}

/// Returns the outcome of a job that cannot start.
fn refused(problem: &Problem) -> Outcome {
    let result = CheckResult {
        summary: "could not be started".to_owned(),
        findings: vec![super::as_finding(problem)],
        failed: true,
        ..CheckResult::default()
    };
    let mut outcome = Outcome::ended(Conclusion::Failure, result);
    for finding in &mut outcome.result.findings {
        finding.blocking = true;
    }
    outcome
}
