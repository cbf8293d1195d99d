//! A composite action: its steps run in the job of the step that uses it, with inputs of their own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use towpath_report::Problem;
use towpath_workflow::expression::{Object, Value};
use towpath_workflow::syntax::{Action, Step};

use super::RunningJob;
use super::level::{ActionLevel, Level};
use super::step::{Done, ReadyStep};
use crate::standing::Status;

/// Where an action comes from.
#[derive(Clone)]
pub(super) struct ActionFolder {
    pub(super) folder: PathBuf,
    /// `owner/name` and the version; empty for a local action.
    pub(super) repository: String,
    pub(super) version: String,
}

impl RunningJob<'_> {
    /// Runs the steps of a composite action.
    pub(super) fn composite(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        action: &Action,
        steps: &[Step],
        inputs: BTreeMap<String, String>,
        from: ActionFolder,
    ) -> Done {
        let variables = around(level, &ready.environment);
        let mut inner = inner_level(level, variables, inputs, from, ready.deadline);
        for (position, step) in steps.iter().enumerate() {
            inner.position = position;
            self.step(&mut inner, step);
        }
        let failed = inner
            .action
            .as_ref()
            .is_some_and(|action| action.status == Status::Failure);
        let mut done = Done {
            // What failed was told by the step that did.
            failure: failed.then(|| Problem::error(String::new())),
            cancelled: self.status == Status::Cancelled && !failed,
            ..Done::default()
        };
        // Outputs are there even where a step failed.
        let no_variables = BTreeMap::new();
        let values = self.values(&inner, &no_variables, None);
        for output in &action.outputs {
            let Some(value) = &output.value else {
                continue;
            };
            match values.text(value) {
                Ok(value) => {
                    done.outputs.insert(output.name.clone(), value);
                }
                Err(problem) => {
                    done.failure.get_or_insert(problem);
                }
            }
        }
        done
    }
}

/// Returns the level of the steps of an action that a step with these variables uses.
pub(super) fn inner_level(
    level: &Level,
    variables: BTreeMap<String, String>,
    inputs: BTreeMap<String, String>,
    from: ActionFolder,
    deadline: Instant,
) -> Level {
    let inputs = inputs.into_iter();
    let inputs = inputs.map(|(name, value)| (name, Value::from(value)));
    let action = ActionLevel {
        inputs: Object(inputs.collect()),
        environment: variables,
        folder: from.folder,
        repository: from.repository,
        version: from.version,
        status: Status::Success,
    };
    Level::of_action(action, level, deadline)
}

/// Returns the variables of a step with those of the actions around it.
pub(super) fn around(level: &Level, own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut variables = level.given();
    variables.extend(own.clone());
    variables
}
