//! What workflows use.

use towpath_workflow::syntax::{JobWork, Step, StepWork, Workflow};

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
