//! What workflows use of other repositories, and what of it is missing here.

use towpath_report::Problem;
use towpath_runner::{Actions, FetchedActions};
use towpath_workflow::syntax::{JobWork, Step, StepWork, Workflow};

use crate::store::Remote;

/// Calls `visit` for every step of a workflow that uses an action, those run side by side included.
pub fn each_use<'a>(workflow: &'a Workflow, visit: &mut dyn FnMut(&'a Step, &'a str)) {
    for job in &workflow.jobs {
        if let JobWork::Steps(job) = &job.work {
            uses_of(&job.steps, visit);
        }
    }
}

/// Calls `visit` for every step that uses an action.
pub fn uses_of<'a>(steps: &'a [Step], visit: &mut dyn FnMut(&'a Step, &'a str)) {
    for step in steps {
        match &step.work {
            StepWork::Uses { action, .. } => visit(step, action),
            StepWork::Parallel { steps } => uses_of(steps, visit),
            _ => {}
        }
    }
}

/// Returns a problem for every step that uses what is neither built in nor fetched.
pub fn missing_actions(
    workflow: &Workflow,
    actions: &Actions<'_>,
    fetched: &dyn FetchedActions,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    each_use(workflow, &mut |step, uses| {
        if let Some(mut problem) = missing(uses, actions, fetched) {
            problem.place.clone_from(&step.origin.0);
            problems.push(problem);
        }
    });
    problems
}

fn missing(uses: &str, actions: &Actions<'_>, fetched: &dyn FetchedActions) -> Option<Problem> {
    let remote = Remote::parse(uses)?;
    if let Some(action) = actions.find(uses) {
        let refused = action.accepts(remote.reference).err()?;
        return Some(
            Problem::error(refused).with_hint("`towpath help actions` lists the built-in actions"),
        );
    }
    if fetched.folder(uses).is_some() {
        return None;
    }
    Some(
        Problem::error(format!("the action `{uses}` is not on this machine"))
            .with_hint("`towpath actions fetch` brings the actions that the workflows use"),
    )
}
