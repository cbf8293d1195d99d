//! What towpath cannot run of a plan, told before anything runs: containers, actions that are not here,
//! steps in the background.

use std::collections::BTreeSet;
use std::path::Path;

use towpath_report::{Place, Problem};
use towpath_workflow::syntax::{Job, JobWork, Runs, Step, StepWork, StepsJob};

use crate::action::Actions;
use crate::action_folder::{is_local, read_metadata, repository_path};
use crate::plan::Plan;
use crate::platforms::Platforms;
use crate::request::FetchedActions;

/// How deep actions may use one another.
const MAX_DEPTH: usize = 10;

/// What is here to run a plan with.
pub struct Means<'a> {
    /// The user's checkout.
    pub repository: &'a Path,
    /// Built-in actions.
    pub actions: &'a Actions<'a>,
    /// Actions of other repositories.
    pub fetched: &'a dyn FetchedActions,
    /// The runners that this machine can stand for.
    pub platforms: &'a Platforms,
    /// Whether Node.js is there, for JavaScript actions.
    pub has_node: bool,
}

/// Returns everything in the jobs of a plan that cannot run here, each once, with its place. Jobs for
/// other machines are left out, since they are not run.
pub fn unsupported(plan: &Plan, means: &Means<'_>) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for job in &plan.jobs {
        let definition = plan.definition(job);
        if seen.insert((job.frame, job.definition)) {
            problems.extend(of_job(definition, means));
        }
    }
    let mut told = BTreeSet::new();
    problems.retain(|problem| told.insert((problem.message.clone(), problem.place.clone())));
    problems
}

fn of_job(job: &Job, means: &Means<'_>) -> Vec<Problem> {
    let JobWork::Steps(work) = &job.work else {
        return Vec::new();
    };
    let labels: Option<Vec<String>> = work
        .runs_on
        .labels
        .iter()
        .map(|label| (!label.has_expression()).then(|| label.source.clone()))
        .collect();
    if labels.is_some_and(|labels| !means.platforms.refused(&labels).is_empty()) {
        return Vec::new();
    }
    let place = job.origin.0.as_ref();
    let mut problems: Vec<Problem> = containers(work, place).into_iter().collect();
    for step in &work.steps {
        problems.extend(of_step(step, step.origin.0.as_ref(), means, 0));
    }
    problems
}

/// Returns the problem of a job that asks for containers.
pub(crate) fn containers(work: &StepsJob, place: Option<&Place>) -> Option<Problem> {
    let has_services = match &work.services {
        towpath_workflow::syntax::Dynamic::Value(services) => !services.is_empty(),
        towpath_workflow::syntax::Dynamic::Expression(_) => true,
    };
    let (what, place) = match &work.container {
        Some(container) => ("container", container.image.origin.0.as_ref().or(place)),
        None if has_services => ("services", place),
        None => return None,
    };
    let message = format!("the job has `{what}`, and towpath runs no containers");
    Some(placed(Problem::error(message), place).with_hint(
        "run the job on the forge, or remove the key where the machine has the service itself",
    ))
}

fn of_step(step: &Step, place: Option<&Place>, means: &Means<'_>, depth: usize) -> Vec<Problem> {
    let action = match &step.work {
        StepWork::Uses { action, .. } => action,
        StepWork::Run { .. } if !step.background => return Vec::new(),
        _ => return vec![placed(background(), place)],
    };
    let problems = of_action(action, place, means, depth);
    let problems = problems.into_iter();
    problems.map(|problem| placed(problem, place)).collect()
}

/// Returns the problem of a step that does not run in turn.
pub(crate) fn background() -> Problem {
    Problem::error("towpath does not run steps in the background or in parallel yet")
        .with_hint("write the steps one after the other")
}

fn of_action(action: &str, place: Option<&Place>, means: &Means<'_>, depth: usize) -> Vec<Problem> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    if let Some(built_in) = means.actions.find(action) {
        let version = action.split_once('@').map_or("", |(_, version)| version);
        let refused = built_in.accepts(version).err();
        return refused
            .map(|reason| Problem::error(format!("`{action}`: {reason}")))
            .into_iter()
            .collect();
    }
    if action.starts_with("docker://") {
        return vec![in_container(action)];
    }
    let folder = if is_local(action) {
        // One that is not in the repository may be made by an earlier step.
        let folder = means.repository.join(&action[2..]);
        if !folder.is_dir() {
            return Vec::new();
        }
        folder
    } else {
        match means.fetched.folder(action) {
            Some(folder) => repository_path(&folder, action),
            None => return vec![not_here(action)],
        }
    };
    match read_metadata(&folder, action) {
        Err(problem) => vec![problem],
        Ok(metadata) => match metadata.runs {
            Runs::Composite { steps } => steps
                .iter()
                .flat_map(|step| of_step(step, place, means, depth + 1))
                .collect(),
            Runs::JavaScript { .. } if means.has_node => Vec::new(),
            Runs::JavaScript { .. } => vec![no_node(action)],
            Runs::Docker { .. } => vec![in_container(action)],
        },
    }
}

/// Returns the problem of an action that was not fetched.
pub(crate) fn not_here(action: &str) -> Problem {
    Problem::error(format!("the action `{action}` is not on this machine"))
        .with_hint("`towpath actions fetch` brings the actions that the workflows use")
}

/// Returns the problem of an action that is a container.
pub(crate) fn in_container(action: &str) -> Problem {
    Problem::error(format!(
        "`{action}` runs in a container, and towpath runs none"
    ))
    .with_hint("use an action that runs on the machine itself, or run the job on the forge")
}

/// Returns the problem of a JavaScript action without Node.js.
pub(crate) fn no_node(action: &str) -> Problem {
    Problem::error(format!("`{action}` needs Node.js, which is not on `PATH`"))
        .with_hint("install Node.js, version 20 or newer")
}

fn placed(mut problem: Problem, place: Option<&Place>) -> Problem {
    if problem.place.is_none() {
        problem.place = place.cloned();
    }
    problem
}
