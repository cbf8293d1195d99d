//! The standard pipeline: a workflow whose jobs each run one check on one project.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use towpath_workflow::syntax::{Dynamic, Job, JobId, MatrixAxes, Step, Strategy, Text, Workflow};

use crate::checks::{CHECKS, Check, Scope};
use crate::facts::Facts;
use crate::settings::CustomCheck;
use crate::work::ToolWork;

/// The action that every step of the pipeline uses.
const CHECK_ACTION: &str = "towpath/check@v1";

/// Returns the standard pipeline of a repository, given the facts of each of its projects.
pub fn pipeline(projects: &[Facts<'_>]) -> Workflow {
    let mut workflow = Workflow {
        name: Some("towpath ci".to_owned()),
        ..Workflow::default()
    };
    let mut ids = Ids::default();
    let several = projects.len() > 1;
    for (index, facts) in projects.iter().enumerate() {
        for check in CHECKS {
            if is_of(*check, index) && !facts.settings.leaves_out(check.name()) {
                workflow.jobs.push(job(
                    &mut ids,
                    *check,
                    facts,
                    several && check.scope() == Scope::Project,
                ));
            }
        }
        for custom in &facts.settings.custom {
            workflow
                .jobs
                .push(custom_job(&mut ids, custom, facts, several));
        }
    }
    workflow
}

/// Returns whether a check has a job of its own for the project at `index`: one of the whole repository has
/// it for the first alone.
fn is_of(check: &dyn Check, index: usize) -> bool {
    match check.scope() {
        Scope::Repository => index == 0,
        Scope::Project => true,
    }
}

/// Returns the work of mending: that of the check with a `name`, else of all, for the project with a `root`,
/// else for each. What a check mends of the whole repository is mended once.
pub fn mending<'a, 'b>(
    projects: &'b [Facts<'a>],
    name: Option<&str>,
    root: Option<&str>,
) -> Vec<(&'static dyn Check, &'b Facts<'a>, ToolWork)> {
    let mut works = Vec::new();
    for (index, facts) in projects.iter().enumerate() {
        let is_asked = root.is_none_or(|root| facts.project.root == root);
        for check in CHECKS {
            let is_asked = is_asked || check.scope() == Scope::Repository;
            if is_asked
                && is_of(*check, index)
                && name.is_none_or(|name| name == check.name())
                && let Some(work) = check.fix(facts)
            {
                works.push((*check, facts, work));
            }
        }
    }
    works
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

fn job(ids: &mut Ids, check: &dyn Check, facts: &Facts<'_>, named: bool) -> Job {
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
    let mut job = Job::of_steps(&ids.of(check.name(), project), "ubuntu-latest", vec![step]);
    job.name = Some(Text::from(job_name(
        check.name(),
        python,
        named.then_some(project),
    )));
    job.needs = check
        .needs(facts)
        .iter()
        .filter(|need| !facts.settings.leaves_out(need))
        .map(|need| JobId::from(ids.of(need, project).as_str()))
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

fn custom_job(ids: &mut Ids, custom: &CustomCheck, facts: &Facts<'_>, named: bool) -> Job {
    let project = facts.project.root.as_str();
    let name = custom.name.as_str();
    let step = Step::uses(
        CHECK_ACTION,
        &[("check", name), ("project", project), ("python", "")],
    );
    let mut job = Job::of_steps(&ids.of(name, project), "ubuntu-latest", vec![step]);
    job.name = Some(Text::from(job_name(name, None, named.then_some(project))));
    if let towpath_workflow::syntax::JobWork::Steps(work) = &mut job.work {
        work.continue_on_error = Dynamic::Value(!custom.blocking);
    }
    job
}

/// The ids of the pipeline's jobs.
#[derive(Default)]
struct Ids {
    /// By check and project.
    given: BTreeMap<(String, String), String>,
    /// In lower case, since ids that differ by case alone are the same.
    taken: BTreeSet<String>,
}

impl Ids {
    /// Returns the id of a job: `python-tests`, `python-tests-packages-a`. Where another job has that
    /// already (`packages-a` beside `packages/a`), it is numbered.
    fn of(&mut self, check: &str, project: &str) -> String {
        let subject = (check.to_owned(), project.to_owned());
        if let Some(id) = self.given.get(&subject) {
            return id.clone();
        }
        let written = job_id(check, project);
        let mut id = written.clone();
        let mut number = 1;
        while !self.taken.insert(id.to_ascii_lowercase()) {
            number += 1;
            id = format!("{written}-{number}");
        }
        self.given.insert(subject, id.clone());
        id
    }
}

/// Writes a check and a project with the characters that ids may have.
fn job_id(check: &str, project: &str) -> String {
    let separator = if project.is_empty() { "" } else { "-" };
    format!("python-{check}{separator}{project}")
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect()
}
