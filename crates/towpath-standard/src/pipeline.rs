//! The standard pipeline: a workflow whose jobs each run one check on one project.

use serde_json::Value;
use towpath_workflow::syntax::{Dynamic, Job, JobId, MatrixAxes, Step, Strategy, Text, Workflow};

use crate::checks::{CHECKS, Check, Scope};
use crate::facts::Facts;

/// The action that every step of the pipeline uses.
const CHECK_ACTION: &str = "towpath/check@v1";

/// Returns the standard pipeline of a repository, given the facts of each of its projects.
pub fn pipeline(projects: &[Facts<'_>]) -> Workflow {
    let mut workflow = Workflow {
        name: Some("towpath ci".to_owned()),
        ..Workflow::default()
    };
    let several = projects.len() > 1;
    for (index, facts) in projects.iter().enumerate() {
        for check in CHECKS {
            let belongs = match check.scope() {
                Scope::Repository => index == 0,
                Scope::Project => true,
            };
            if belongs && !facts.settings.skip.iter().any(|name| name == check.name()) {
                workflow.jobs.push(job(
                    *check,
                    facts,
                    several && check.scope() == Scope::Project,
                ));
            }
        }
        for custom in &facts.settings.custom {
            workflow
                .jobs
                .push(custom_job(&custom.name, custom.blocking, facts, several));
        }
    }
    workflow
}

/// Returns the display name of a job: `tests 3.12`, `tests 3.12 (packages/a)`.
pub fn job_name(check: &str, python: Option<&str>, project: Option<&str>) -> String {
    let mut name = check.to_owned();
    if let Some(python) = python {
        name = format!("{name} {python}");
    }
    if let Some(project) = project {
        name = format!(
            "{name} ({})",
            if project.is_empty() { "." } else { project }
        );
    }
    name
}

fn job(check: &dyn Check, facts: &Facts<'_>, named: bool) -> Job {
    let project = facts.project.root.as_str();
    let pythons: Vec<Value> = check
        .matrix(facts)
        .into_iter()
        .flatten()
        .map(|python| Value::String(python.to_string()))
        .collect();
    let python = (!pythons.is_empty()).then_some("${{ matrix.python-version }}");
    let step = Step::uses(
        CHECK_ACTION,
        &[
            ("check", check.name()),
            ("project", project),
            ("python", python.unwrap_or_default()),
        ],
    );
    let mut job = Job::of_steps(&job_id(check.name(), project), "ubuntu-latest", vec![step]);
    job.name = Some(Text::from(job_name(
        check.name(),
        python,
        named.then_some(project),
    )));
    let skipped = &facts.settings.skip;
    job.needs = check
        .needs(facts)
        .iter()
        .filter(|need| !skipped.iter().any(|name| name == *need))
        .map(|need| JobId::from(job_id(need, project).as_str()))
        .collect();
    if check.runs_after_failure() {
        job.condition = Some(Text::from("always()"));
    }
    if !pythons.is_empty() {
        job.strategy = Some(Dynamic::Value(Strategy {
            matrix: Some(MatrixAxes::of_axis("python-version", pythons).into()),
            fail_fast: Dynamic::Value(false),
            max_parallel: None,
        }));
    }
    job
}

fn custom_job(name: &str, blocking: bool, facts: &Facts<'_>, named: bool) -> Job {
    let project = facts.project.root.as_str();
    let step = Step::uses(
        CHECK_ACTION,
        &[("check", name), ("project", project), ("python", "")],
    );
    let mut job = Job::of_steps(&job_id(name, project), "ubuntu-latest", vec![step]);
    job.name = Some(Text::from(job_name(name, None, named.then_some(project))));
    if let towpath_workflow::syntax::JobWork::Steps(work) = &mut job.work {
        work.continue_on_error = Dynamic::Value(!blocking);
    }
    job
}

/// Returns the id of a job in generated workflows: `python-tests`, `python-tests-packages-a`.
fn job_id(check: &str, project: &str) -> String {
    let mut id = format!("python-{check}");
    if !project.is_empty() {
        id.push('-');
        id.extend(
            project
                .chars()
                .map(|c| if c.is_alphanumeric() { c } else { '-' }),
        );
    }
    id
}
