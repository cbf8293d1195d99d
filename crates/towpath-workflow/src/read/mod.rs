//! From a file to the typed workflow or action, with every mistake placed.
//!
//! Reading never stops at a mistake: what was understood is returned beside the problems, and one
//! mistake gives one problem. What is right is what GitHub takes.

mod action;
mod call;
mod calls;
mod concurrency;
mod container;
mod expressions;
mod fields;
mod ids;
mod inputs;
mod job;
mod reader;
mod step;
mod strategy;
mod triggers;
mod workflow;

use std::collections::BTreeMap;

use towpath_report::{Problem, Source};

use crate::syntax::{Action, Workflow};
use crate::yaml::{self, Limits};
use reader::Reader;

pub use calls::MAX_DEPTH as MAX_CALL_DEPTH;
pub(crate) use calls::{MAX_JOBS as MAX_CALLED_JOBS, text_of};
pub(crate) use concurrency::{MAX_GROUP, is_long_group, is_queue_with_cancelling};
pub(crate) use job::{is_image_version, is_runner_group};
pub(crate) use reader::scalar_text;

/// Texts of the files that workflows call, by what follows `uses:`. Empty where nothing is known of
/// them; else a local workflow that is missing is an error.
pub type Sources = BTreeMap<String, String>;

/// Reads a workflow file and checks it together with the workflows that it calls.
///
/// The workflow is `None` only where the file is no mapping at all; it may be used only if no problem
/// is an error. Problems are in the order of the file.
pub fn parse_workflow(source: &Source<'_>, sources: &Sources) -> (Option<Workflow>, Vec<Problem>) {
    let (workflow, mut problems, calls) = read_workflow(source);
    if let Some(workflow) = &workflow {
        problems.extend(calls::check(source, workflow, &calls, sources));
    }
    sort(&mut problems, source.path);
    (workflow, problems)
}

/// Reads the metadata of an action, `action.yml`.
pub fn parse_action(source: &Source<'_>) -> (Option<Action>, Vec<Problem>) {
    let node = match yaml::parse(source, &Limits::WORKFLOW) {
        Ok(node) => node,
        Err(problems) => return (None, problems),
    };
    let mut reader = Reader::new(source);
    let action = reader.action(&node);
    let mut problems = reader.into_problems();
    sort(&mut problems, source.path);
    (action, problems)
}

/// Reads one file without looking at the workflows that it calls.
fn read_workflow(source: &Source<'_>) -> (Option<Workflow>, Vec<Problem>, Vec<call::Call>) {
    let node = match yaml::parse(source, &Limits::WORKFLOW) {
        Ok(node) => node,
        Err(problems) => return (None, problems, Vec::new()),
    };
    let mut reader = Reader::new(source);
    let workflow = reader.workflow(&node);
    let calls = std::mem::take(&mut reader.calls);
    (workflow, reader.into_problems(), calls)
}

/// Puts the problems of the file itself first, in its order.
fn sort(problems: &mut [Problem], path: &str) {
    problems.sort_by_key(|problem| {
        problem.place.as_ref().map(|place| {
            (
                place.path != path,
                place.path.clone(),
                place.line,
                place.column,
            )
        })
    });
}
