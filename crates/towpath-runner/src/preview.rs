//! What a workflow would do, as far as that is known before anything runs. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use towpath_workflow::expression::Object;
use towpath_workflow::syntax::{
    Environment, Job, JobWork, MatrixCell, Step, StepWork, Text, Workflow,
};

use crate::evaluate::{Values, reads_any};
use crate::event::{Approval, RunContext};
use crate::known::{Needs, copy_contexts, job_holds, known_copies, known_labels};
use crate::plan::{Error, Frame, PlannedJob};
use crate::platforms::Platforms;

/// What one job would do.
#[derive(Debug, Clone, PartialEq)]
pub struct JobPreview {
    /// Its id.
    pub id: String,
    /// The jobs that it needs.
    pub needs: Vec<String>,
    /// The workflow that it calls.
    pub calls: Option<String>,
    /// What its condition says.
    pub condition: Option<ConditionPreview>,
    /// The deployment environments that its copies use.
    pub environments: Vec<EnvironmentPreview>,
    /// Its copies.
    pub copies: Copies,
}

/// The copies of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Copies {
    /// These; one for a job without a matrix.
    Known(Vec<CopyPreview>),
    /// What other jobs give decides.
    FromNeeds,
    /// The matrix has no combinations, and why.
    Wrong(String),
}

/// One copy of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct CopyPreview {
    /// Its name as GitHub shows it.
    pub name: String,
    /// Its combination of the matrix.
    pub matrix: MatrixCell,
    /// The labels of the runner that it asks for; empty for a called workflow.
    pub labels: Vec<String>,
    /// Those of them that this machine does not answer to.
    pub refused: Vec<String>,
    /// The names of its steps, as far as they are known.
    pub steps: Vec<String>,
}

/// The deployment environment of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentPreview {
    /// Its name, or the expression that gives it when the job starts.
    pub name: String,
    /// Whether its jobs may start.
    pub approval: Approval,
}

/// What the condition of a job says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionPreview {
    /// The condition as written.
    pub text: String,
    /// Whether it holds as long as every job succeeds; false only where it holds in no case, none where the
    /// results of other jobs decide.
    pub holds: Option<bool>,
}

/// What previews are made with.
#[derive(Debug, Clone, Copy)]
pub struct PreviewScope<'a> {
    /// What the run knows.
    pub context: &'a RunContext,
    /// Which runners this machine stands for.
    pub platforms: &'a Platforms,
}

/// Returns what each job of a workflow would do, in the order of the file.
pub fn preview(workflow: &Workflow, scope: PreviewScope<'_>) -> Vec<JobPreview> {
    let frame = Frame {
        context: Arc::new(scope.context.clone()),
        ..Frame::of(workflow)
    };
    let mut names = BTreeSet::new();
    (0..workflow.jobs.len())
        .map(|definition| of_job(&frame, definition, scope, &mut names))
        .collect()
}

/// Contexts that are known when a job starts, or later.
const LATE: [&str; 7] = ["needs", "secrets", "steps", "job", "runner", "env", "jobs"];

/// Those, and what differs between the copies of a job.
const OF_COPIES: [&str; 3] = ["needs", "matrix", "strategy"];

fn of_job(
    frame: &Frame,
    definition: usize,
    scope: PreviewScope<'_>,
    names: &mut BTreeSet<String>,
) -> JobPreview {
    let job = &frame.workflow.jobs[definition];
    let (calls, environment) = match &job.work {
        JobWork::Call(call) => (Some(call.uses.clone()), None),
        JobWork::Steps(work) => (None, work.environment.as_ref()),
    };
    let planned = known_copies(frame, 0, definition, &LATE[..1], names);
    let environments = match (&planned, environment) {
        (_, None) => Vec::new(),
        (Ok(Some(copies)), Some(environment)) => {
            let contexts = copies.iter().map(|copy| copy_contexts(frame, copy));
            environments(environment, contexts, &LATE[..1], scope)
        }
        (_, Some(environment)) => environments(
            environment,
            std::iter::once(frame.contexts()),
            &OF_COPIES,
            scope,
        ),
    };
    let copies = match planned {
        Ok(Some(copies)) => {
            let copies = copies.iter();
            Copies::Known(
                copies
                    .map(|copied| copy(frame, job, copied, scope))
                    .collect(),
            )
        }
        Ok(None) => Copies::FromNeeds,
        Err(Error::Matrix { source, .. }) => Copies::Wrong(source.to_string()),
        Err(Error::Expression { problem, .. }) => Copies::Wrong(problem.message),
        Err(error) => Copies::Wrong(error.to_string()),
    };
    let needs = if job.needs.is_empty() {
        Needs::None
    } else {
        Needs::Open
    };
    JobPreview {
        id: job.id.to_string(),
        needs: job.needs.iter().map(ToString::to_string).collect(),
        calls,
        condition: job.condition.as_ref().map(|text| ConditionPreview {
            text: text.source.trim().to_owned(),
            holds: job_holds(job, frame, &LATE[..1], needs),
        }),
        environments,
        copies,
    }
}

fn copy(frame: &Frame, job: &Job, planned: &PlannedJob, scope: PreviewScope<'_>) -> CopyPreview {
    let contexts = copy_contexts(frame, planned);
    let known = match &job.work {
        JobWork::Call(_) => Some(Vec::new()),
        JobWork::Steps(work) => known_labels(&work.runs_on, &contexts, &LATE),
    };
    let refused = scope
        .platforms
        .refused(known.as_deref().unwrap_or_default());
    let refused = refused.into_iter().map(str::to_owned).collect();
    let written = || match &job.work {
        JobWork::Call(_) => Vec::new(),
        JobWork::Steps(work) => {
            let labels = work.runs_on.labels.iter();
            labels.map(|label| label.source.clone()).collect()
        }
    };
    let values = Values::of(contexts);
    CopyPreview {
        name: planned.name.clone(),
        matrix: planned
            .copy
            .as_ref()
            .map_or_else(MatrixCell::default, |copy| copy.cell.clone()),
        refused,
        labels: known.unwrap_or_else(written),
        steps: job
            .steps()
            .iter()
            .map(|step| {
                let name = step_name(step, &values);
                let is_beside = step.background;
                if is_beside {
                    format!("{name}, in the background")
                } else {
                    name
                }
            })
            .collect(),
    }
}

/// Returns a text with what is known filled in; as it is written where more is needed.
fn filled(text: &Text, values: &Values<'_>, late: &[&str]) -> String {
    if reads_any(text, late) {
        return text.source.clone();
    }
    values.text(text).unwrap_or_else(|_| text.source.clone())
}

/// Returns what a step is called: its name, or what it does.
fn step_name(step: &Step, values: &Values<'_>) -> String {
    if let Some(name) = &step.name {
        return filled(name, values, &LATE);
    }
    match &step.work {
        StepWork::Uses { action, .. } => action.clone(),
        StepWork::Run { script, .. } => {
            let script = filled(script, values, &LATE);
            format!("Run {}", script.lines().next().unwrap_or_default())
        }
        StepWork::Wait { steps } => format!("Wait for {}", steps.join(", ")),
        StepWork::WaitAll => "Wait for all".to_owned(),
        StepWork::Parallel { steps } => {
            let steps: Vec<String> = steps.iter().map(|step| step_name(step, values)).collect();
            format!("At once: {}", steps.join("; "))
        }
        StepWork::Cancel { step } => format!("Cancel {step}"),
    }
}

/// Returns the environments that a job's copies name, each once.
fn environments(
    environment: &Environment,
    contexts: impl Iterator<Item = Object>,
    late: &[&str],
    scope: PreviewScope<'_>,
) -> Vec<EnvironmentPreview> {
    let mut all: Vec<EnvironmentPreview> = Vec::new();
    for contexts in contexts {
        let name = filled(&environment.name, &Values::of(contexts), late);
        let is_known = all
            .iter()
            .any(|known| known.name.eq_ignore_ascii_case(&name));
        if !is_known && !name.is_empty() {
            let approval = scope.context.environment(&name).approval;
            all.push(EnvironmentPreview { name, approval });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use towpath_report::Source;
    use towpath_workflow::expression::Value;
    use towpath_workflow::{Sources, parse_workflow};

    use super::*;

    fn jobs(text: &str) -> Vec<JobPreview> {
        let text = format!("on: push\njobs:\n{text}");
        let source = Source {
            path: "x.yml",
            text: &text,
        };
        let (workflow, problems) = parse_workflow(&source, &Sources::new());
        assert_eq!(problems, [], "{text}");
        let github = Object(vec![("ref".to_owned(), Value::from("refs/heads/topic"))]);
        let context = RunContext {
            github,
            ..RunContext::default()
        };
        let platforms = Platforms::new("linux", "x86_64", []);
        let scope = PreviewScope {
            context: &context,
            platforms: &platforms,
        };
        preview(&workflow.unwrap(), scope)
    }

    #[test]
    fn copies_are_named_and_matched_with_this_machine() {
        let jobs = jobs(
            "  a:\n    strategy: {matrix: {os: [ubuntu-latest, windows-latest], python: ['3.12', 3.9]}}\n    \
             runs-on: ${{ matrix.os }}\n    steps: [{run: x}]\n  \
             b:\n    name: Tests on ${{ matrix.python }}\n    strategy: {matrix: {python: ['3.12']}}\n    \
             runs-on: [self-hosted, gpu]\n    steps: [{run: x}]\n",
        );
        let told = |job: &JobPreview| match &job.copies {
            Copies::Known(copies) => copies
                .iter()
                .map(|copy| format!("{} {}", copy.name, copy.refused.join(",")))
                .collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        assert_eq!(
            told(&jobs[0]),
            [
                "a (ubuntu-latest, 3.12) ",
                "a (ubuntu-latest, 3.9) ",
                "a (windows-latest, 3.12) windows-latest",
                "a (windows-latest, 3.9) windows-latest",
            ]
        );
        assert_eq!(told(&jobs[1]), ["Tests on 3.12 gpu"]);
    }

    #[test]
    fn what_other_jobs_give_is_not_known() {
        let jobs = jobs(
            "  a: {runs-on: x, outputs: {m: '1'}, steps: [{run: x}]}\n  \
             b: {needs: a, runs-on: x, strategy: {matrix: {x: '${{ fromJSON(needs.a.outputs.m) }}'}}, steps: [{run: x}]}\n  \
             c: {runs-on: x, strategy: {matrix: {x: '${{ fromJSON(''[1, 2]'') }}'}}, steps: [{run: x}]}\n",
        );
        assert_eq!(jobs[1].copies, Copies::FromNeeds);
        let Copies::Known(copies) = &jobs[2].copies else {
            panic!("the matrix is known")
        };
        assert_eq!(copies[1].name, "c (2)");
    }

    #[test]
    fn conditions_hold_as_long_as_all_is_well() {
        for (condition, holds) in [
            ("github.ref == 'refs/heads/topic'", Some(true)),
            ("${{ github.ref == 'refs/heads/main' }}", Some(false)),
            ("always() && github.ref == 'x'", Some(false)),
            ("failure()", None),
            ("failure() && github.ref == 'x'", Some(false)),
            ("success() || needs.x.result == 'skipped'", None),
            ("${{ needs.x.outputs.go == 'true' }}", None),
        ] {
            let jobs = jobs(&format!(
                "  x: {{runs-on: x, steps: [{{run: x}}]}}\n  a:\n    needs: x\n    if: {condition}\n    runs-on: x\n    steps: [{{run: x}}]\n"
            ));
            let told = jobs[1].condition.as_ref().unwrap();
            assert_eq!((told.text.as_str(), told.holds), (condition, holds));
        }
    }

    #[test]
    fn environments_are_named_with_their_approval() {
        let jobs = jobs(
            "  a: {runs-on: x, environment: testpypi, steps: [{run: x}]}\n  \
             b: {runs-on: x, environment: {name: \"${{ github.ref == 'x' && 'test' || 'prod' }}\"}, steps: [{run: x}]}\n  \
             c: {runs-on: x, strategy: {matrix: {e: [staging, live]}}, environment: '${{ matrix.e }}', steps: [{run: x}]}\n",
        );
        let told: Vec<(&str, Approval)> = jobs
            .iter()
            .flat_map(|job| &job.environments)
            .map(|environment| (environment.name.as_str(), environment.approval))
            .collect();
        assert_eq!(
            told,
            [
                ("testpypi", Approval::NotNeeded),
                ("prod", Approval::Needed),
                ("staging", Approval::NotNeeded),
                ("live", Approval::Needed),
            ]
        );
    }

    #[test]
    fn names_are_those_of_the_run() {
        let jobs = jobs(
            "  t:\n    name: t ${{ strategy.job-index }} of ${{ strategy.job-total }}\n    \
             strategy: {matrix: {v: [a]}}\n    runs-on: {group: x, labels: [linux, gpu]}\n    \
             steps:\n      - {name: 'with ${{ matrix.v }}', run: x}\n      - {run: 'echo ${{ matrix.v }}'}\n      \
             - {run: 'echo ${{ env.X }}'}\n",
        );
        let Copies::Known(copies) = &jobs[0].copies else {
            panic!("the matrix is known")
        };
        assert_eq!(copies[0].name, "t 0 of 1");
        assert_eq!(copies[0].labels, ["linux", "gpu"]);
        assert_eq!(
            copies[0].steps,
            ["with a", "Run echo a", "Run echo ${{ env.X }}"]
        );
    }
}
