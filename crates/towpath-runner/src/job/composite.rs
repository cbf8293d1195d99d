//! A composite action: its steps run in the job of the step that uses it, with inputs of their own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use towpath_report::Problem;
use towpath_workflow::expression::{Object, Value};
use towpath_workflow::syntax::{Action, Step};

use super::RunningJob;
use super::level::{ActionLevel, Level};
use super::step::{Done, ReadyStep};
use crate::standing::Status;

/// Where an action comes from.
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
        let inputs = inputs.into_iter();
        let inputs = inputs.map(|(name, value)| (name, Value::from(value)));
        let mut inner = Level::of_action(
            ActionLevel {
                inputs: Object(inputs.collect()),
                environment: action_variables(level, ready),
                folder: from.folder,
                repository: from.repository,
                version: from.version,
                status: Status::Success,
            },
            level.depth + 1,
            ready.deadline,
        );
        for step in steps {
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

/// Returns the variables that the steps of an action see of the step that uses it.
fn action_variables(level: &Level, ready: &ReadyStep<'_>) -> BTreeMap<String, String> {
    let outer = level.action.as_ref();
    let mut variables = outer.map_or_else(BTreeMap::new, |action| action.environment.clone());
    variables.extend(ready.environment.clone());
    variables
}
