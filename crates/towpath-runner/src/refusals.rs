//! What towpath does not run, in words: the same before a run and in a step that meets it.

use towpath_report::{Place, Problem};
use towpath_workflow::syntax::{Dynamic, StepsJob};

use crate::request::FindEngine;

/// Returns the problem of a job that asks for containers where nothing runs them.
pub(crate) fn containers(
    work: &StepsJob,
    place: Option<&Place>,
    engine: &FindEngine<'_>,
) -> Option<Problem> {
    let has_services = match &work.services {
        Dynamic::Value(services) => !services.is_empty(),
        Dynamic::Expression(_) => true,
    };
    let (what, place) = match &work.container {
        Some(container) => ("container", container.image.origin.0.as_ref().or(place)),
        None if has_services => ("services", place),
        None => return None,
    };
    let reason = engine().err()?;
    let message = format!("the job has `{what}`, and {reason}");
    Some(placed(Problem::error(message), place).with_hint(
        "start or install Docker or Podman, run the job on the forge, or remove the key where the machine \
         has the service itself",
    ))
}

/// Returns the problem of a step that waits for others, or cancels or groups them, where it may not stand.
pub(crate) fn control_step() -> Problem {
    Problem::error(
        "`wait`, `wait-all`, `cancel` and `parallel` belong to the steps of a job itself",
    )
    .with_hint("write the step in the job, not in an action or in `parallel`")
}

/// Returns the problem of an action that was not fetched.
pub(crate) fn not_here(action: &str) -> Problem {
    Problem::error(format!("the action `{action}` is not on this machine"))
        .with_hint("`towpath actions fetch` brings the actions that the workflows use")
}

/// Returns the problem of an action that is a container where nothing runs it.
pub(crate) fn in_container(action: &str, engine: &FindEngine<'_>) -> Option<Problem> {
    let reason = engine().err()?;
    let message = format!("`{action}` runs in a container, and {reason}");
    Some(Problem::error(message).with_hint(
        "start or install Docker or Podman, or use an action that runs on the machine itself",
    ))
}

/// Returns the problem of an action that gives later steps a program of this machine.
pub(crate) fn outside(action: &str) -> Problem {
    Problem::error(format!(
        "`{action}` gives a program of this machine, which steps in a container do not see"
    ))
    .with_hint("name an `image` that has the program, or remove `container`")
}

/// Returns the problem of a JavaScript action without Node.js.
pub(crate) fn no_node(action: &str) -> Problem {
    Problem::error(format!("`{action}` needs Node.js, which is not on `PATH`"))
        .with_hint("install Node.js, version 20 or newer")
}

/// Puts a problem without a place of its own at a place.
pub(crate) fn placed(mut problem: Problem, place: Option<&Place>) -> Problem {
    if problem.place.is_none() {
        problem.place = place.cloned();
    }
    problem
}
