//! The copies of a job: its matrix, their names, and which of their steps are known before they run.

use std::collections::BTreeSet;

use towpath_host::secret::Masker;
use towpath_report::Problem;
use towpath_report::text::one_line;
use towpath_workflow::expression::{Object, Value};
use towpath_workflow::matrix::{self, MatrixValues, expand_matrix};
use towpath_workflow::syntax::{Dynamic, Job, JobWork, Step, StepWork};

use super::{Error, Frame, JobCopy, PlannedJob, PlannedStep};
use crate::action::StepInputs;
use crate::evaluate::{Values, reads_any};

/// A longer name is cut, in bytes.
const LONGEST_NAME: usize = 500;

/// Tells whether a job's copies are known before the run: it calls nothing, runs whenever its needs
/// passed or always, and no other job's outputs shape it.
pub(super) fn is_known(job: &Job) -> bool {
    let JobWork::Steps(work) = &job.work else {
        return false;
    };
    let late = |text| reads_any(text, &["needs"]);
    let strategy_known = match &job.strategy {
        None => true,
        Some(Dynamic::Expression(_)) => false,
        Some(Dynamic::Value(strategy)) => strategy
            .matrix
            .as_ref()
            .is_none_or(|matrix| matrix.value().and_then(MatrixValues::written).is_some()),
    };
    let advisory_known = match &work.continue_on_error {
        Dynamic::Value(_) => true,
        Dynamic::Expression(text) => !late(text),
    };
    strategy_known
        && advisory_known
        && !job.name.as_ref().is_some_and(late)
        && condition_of(job).is_some()
}

/// Returns whether a job runs always; `None` where only an evaluation of its condition tells.
fn condition_of(job: &Job) -> Option<bool> {
    match job.condition.as_ref().map(|text| text.source.trim()) {
        None | Some("success()" | "${{ success() }}") => Some(false),
        Some("always()" | "${{ always() }}") => Some(true),
        Some(_) => None,
    }
}

/// Returns the copies of a job, without needs. `needs` is the context of that name.
pub(crate) fn copies(
    frame: &Frame,
    position: usize,
    definition: usize,
    needs: &Object,
    names: &mut BTreeSet<String>,
) -> Result<Vec<PlannedJob>, Error> {
    let job = &frame.workflow.jobs[definition];
    let mut contexts = frame.contexts();
    contexts.0.push(("needs".to_owned(), needs.clone().into()));
    let failed = |problem: Problem| Error::Expression {
        job: job.id.to_string(),
        problem: Box::new(problem),
    };
    let copies = strategy_copies(job, &Values::of(contexts.clone()), &failed)?;
    let mut planned = Vec::with_capacity(copies.len());
    for copy in copies {
        let mut contexts = contexts.clone();
        contexts.0.extend(copy.contexts());
        let values = Values::of(contexts);
        planned.push(PlannedJob {
            steps: known_steps(job, &values),
            name: unique(
                &job_name(frame, job, &copy, &values).map_err(failed)?,
                names,
            ),
            advisory: match &job.work {
                JobWork::Steps(work) => values.boolean(&work.continue_on_error).map_err(failed)?,
                JobWork::Call(_) => false,
            },
            group: job.id.to_string(),
            project: String::new(),
            needs: Vec::new(),
            always: condition_of(job) == Some(true),
            frame: position,
            definition,
            copy: Some(copy),
        });
    }
    for job in &mut planned {
        if let [step] = job.steps.as_slice() {
            step.inputs.get("project").clone_into(&mut job.project);
            let check = step.inputs.get("check");
            if !check.is_empty() {
                check.clone_into(&mut job.group);
            }
        }
    }
    Ok(planned)
}

/// A strategy whose expressions are evaluated.
struct KnownStrategy {
    matrix: Option<MatrixValues>,
    fail_fast: bool,
    /// As many as there are copies without it.
    max_parallel: Option<f64>,
}

fn strategy_copies(
    job: &Job,
    values: &Values<'_>,
    failed: &dyn Fn(Problem) -> Error,
) -> Result<Vec<JobCopy>, Error> {
    let of_matrix = |source| Error::Matrix {
        job: job.id.to_string(),
        source,
    };
    let strategy = match &job.strategy {
        None => return Ok(vec![JobCopy::only()]),
        Some(Dynamic::Value(written)) => KnownStrategy {
            matrix: written
                .matrix
                .as_ref()
                .map(|matrix| MatrixValues::evaluated(matrix, &values.scope()))
                .transpose()
                .map_err(of_matrix)?,
            fail_fast: values.boolean(&written.fail_fast).map_err(failed)?,
            max_parallel: written
                .max_parallel
                .as_ref()
                .map(|number| values.number(number))
                .transpose()
                .map_err(failed)?,
        },
        Some(Dynamic::Expression(text)) => {
            strategy_from(&values.value(text).map_err(failed)?).map_err(of_matrix)?
        }
    };
    let Some(matrix) = &strategy.matrix else {
        return Ok(vec![JobCopy::only()]);
    };
    let cells = expand_matrix(matrix).map_err(of_matrix)?;
    let total = cells.len();
    let copies = cells.into_iter().enumerate().map(|(index, cell)| JobCopy {
        cell,
        index,
        total,
        fail_fast: strategy.fail_fast,
        max_parallel: strategy
            .max_parallel
            .map_or(total, |number| number.max(1.0) as usize),
    });
    Ok(copies.collect())
}

/// Reads a strategy that one expression gave as a whole.
fn strategy_from(value: &Value) -> Result<KnownStrategy, matrix::Error> {
    let json = serde_json::Value::from(value);
    let entry = |name: &str| {
        let entries = json.as_object()?.iter();
        let mut own = entries.filter(|(own, _)| own.eq_ignore_ascii_case(name));
        own.next().map(|(_, value)| value)
    };
    Ok(KnownStrategy {
        matrix: entry("matrix").map(MatrixValues::from_value).transpose()?,
        fail_fast: entry("fail-fast").and_then(serde_json::Value::as_bool) != Some(false),
        max_parallel: entry("max-parallel").and_then(serde_json::Value::as_f64),
    })
}

/// Returns the display name of a copy: the values of its matrix stand behind a name that has no
/// expression of its own, as on GitHub.
fn job_name(
    frame: &Frame,
    job: &Job,
    copy: &JobCopy,
    values: &Values<'_>,
) -> Result<String, Problem> {
    let name = match &job.name {
        Some(name) if name.has_expression() => values.text(name)?,
        Some(name) => name.source.clone() + &copy.suffix(),
        None => job.id.to_string() + &copy.suffix(),
    };
    // Inputs and variables may repeat a secret, and a name is told everywhere.
    let secrets = frame.context.all_secrets();
    let holds_secret = secrets.iter().any(|secret| name.contains(secret.expose()));
    let name = if holds_secret {
        Masker::new(&secrets).mask_text(&name)
    } else {
        name
    };
    let mut name = one_line(&name, LONGEST_NAME);
    if name.is_empty() {
        name = job.id.to_string();
    }
    Ok(format!("{}{name}", frame.prefix))
}

/// Returns the name, told apart from those that are taken by a number.
pub(super) fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut told_apart = name.to_owned();
    let mut number = 1;
    while !taken.insert(told_apart.clone()) {
        number += 1;
        told_apart = format!("{name} {number}");
    }
    told_apart
}

/// Contexts that are not known before a job runs.
const LATE: [&str; 6] = ["secrets", "steps", "job", "runner", "env", "needs"];

/// Returns the steps where every one of them uses an action whose inputs are known by now; else none.
fn known_steps(job: &Job, values: &Values<'_>) -> Vec<PlannedStep> {
    let known = |step: &Step| {
        let StepWork::Uses {
            action,
            with: Dynamic::Value(with),
        } = &step.work
        else {
            return None;
        };
        let is_late = with.values().any(|text| reads_any(text, &LATE));
        if is_late || step.condition.is_some() {
            return None;
        }
        let inputs = with
            .iter()
            .map(|(name, text)| Some((name.clone(), values.text(text).ok()?)));
        Some(PlannedStep {
            uses: action.clone(),
            inputs: StepInputs(inputs.collect::<Option<_>>()?),
        })
    };
    let steps: Option<Vec<PlannedStep>> = job.steps().iter().map(known).collect();
    steps.unwrap_or_default()
}
