//! The steps of a job, or those of one composite action in it: what they see of one another.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use towpath_workflow::expression::{Object, Value};

use crate::standing::Status;

/// What the steps of a job, or of one composite action, share.
#[derive(Clone)]
pub(super) struct Level {
    /// The context `steps`.
    steps: Vec<(String, Value)>,
    /// Of a composite action.
    pub(super) action: Option<ActionLevel>,
    /// How many actions stand around the steps.
    pub(super) depth: usize,
    /// When the steps have taken too long together.
    pub(super) deadline: Option<Instant>,
    /// The positions of the steps that use the actions around these, the outermost first.
    around: Vec<usize>,
    /// The position of the step that runs.
    pub(super) position: usize,
}

/// What the steps of a composite action have besides.
#[derive(Clone)]
pub(super) struct ActionLevel {
    /// The context `inputs`.
    pub(super) inputs: Object,
    /// The variables of the step that uses the action.
    pub(super) environment: BTreeMap<String, String>,
    /// The folder of the action.
    pub(super) folder: PathBuf,
    /// Its repository and version, `owner/name` and `v1`; empty for a local action.
    pub(super) repository: String,
    pub(super) version: String,
    /// What `success()` and `failure()` go by.
    pub(super) status: Status,
}

impl Level {
    /// Returns the level of a job's own steps.
    pub(super) fn of_job() -> Self {
        Self {
            steps: Vec::new(),
            action: None,
            depth: 0,
            deadline: None,
            around: Vec::new(),
            position: 0,
        }
    }

    /// Returns the level of a composite action's steps.
    pub(super) fn of_action(action: ActionLevel, outer: &Self, deadline: Instant) -> Self {
        Self {
            steps: Vec::new(),
            action: Some(action),
            depth: outer.depth + 1,
            deadline: Some(deadline),
            around: outer.here(),
            position: 0,
        }
    }

    /// Returns where the step that runs stands.
    pub(super) fn here(&self) -> Vec<usize> {
        let own = std::iter::once(self.position);
        self.around.iter().copied().chain(own).collect()
    }

    /// Returns the variables that the actions around the steps are given.
    pub(super) fn given(&self) -> BTreeMap<String, String> {
        let action = self.action.as_ref();
        action.map_or_else(BTreeMap::new, |action| action.environment.clone())
    }

    /// Returns the context `steps`.
    pub(super) fn steps(&self) -> Object {
        Object(self.steps.clone())
    }

    /// Notes how a step with an id ended.
    pub(super) fn note(
        &mut self,
        id: &str,
        outputs: &BTreeMap<String, String>,
        outcome: Status,
        conclusion: Status,
    ) {
        let outputs = outputs.iter();
        let outputs = outputs.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        let entry = Object(vec![
            ("outputs".to_owned(), Object(outputs.collect()).into()),
            ("outcome".to_owned(), Value::from(outcome.as_str())),
            ("conclusion".to_owned(), Value::from(conclusion.as_str())),
        ]);
        self.steps.push((id.to_owned(), entry.into()));
    }
}
