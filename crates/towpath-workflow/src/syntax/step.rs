//! A step of a job or of a composite action, and the defaults that a workflow or a job gives to its steps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::text::{Dynamic, Origin, Text, Variables};

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// Name by which other steps see its outputs.
    pub id: Option<String>,
    /// Name shown for it.
    pub name: Option<Text>,
    /// Condition, with or without `${{ }}`; `None` is `success()`.
    #[serde(rename = "if")]
    pub condition: Option<Text>,
    /// Its variables, evaluated before its condition.
    pub env: Variables,
    /// Whether its failure leaves the job a success.
    pub continue_on_error: Dynamic<bool>,
    /// Minutes after which it fails.
    pub timeout_minutes: Option<Dynamic<f64>>,
    /// Whether the next step starts without waiting for this one.
    pub background: bool,
    /// What it does.
    pub work: StepWork,
    /// Where it is written.
    #[serde(skip)]
    pub origin: Origin,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum StepWork {
    /// Runs a script.
    Run {
        /// The script.
        script: Text,
        /// The shell that runs it.
        shell: Option<Text>,
        /// The folder, relative to the workspace.
        working_directory: Option<Text>,
    },
    /// Runs an action.
    Uses {
        /// The action: `owner/repo@ref`, `./folder`, `$/folder` (of the repository of this file at its
        /// commit) or `docker://image`.
        action: String,
        /// Its inputs.
        with: Variables,
    },
    /// Waits for background steps.
    Wait {
        /// Their ids.
        steps: Vec<String>,
    },
    /// Waits for all background steps.
    WaitAll,
    /// Runs steps at the same time and waits for them.
    Parallel {
        /// The steps.
        steps: Vec<Step>,
    },
    /// Cancels a background step.
    Cancel {
        /// Its id.
        step: String,
    },
}

impl Step {
    /// Returns a step that runs a script, without conditions.
    pub fn run(script: &str) -> Self {
        Self::of(StepWork::Run {
            script: Text::from(script),
            shell: None,
            working_directory: None,
        })
    }

    /// Returns a step that runs an action with inputs, without conditions.
    pub fn uses(action: &str, with: &[(&str, &str)]) -> Self {
        let with: BTreeMap<String, Text> = with
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Text::from(*value)))
            .collect();
        Self::of(StepWork::Uses {
            action: action.to_owned(),
            with: Dynamic::Value(with),
        })
    }

    fn of(work: StepWork) -> Self {
        Self {
            id: None,
            name: None,
            condition: None,
            env: Variables::default(),
            continue_on_error: Dynamic::default(),
            timeout_minutes: None,
            background: false,
            work,
            origin: Origin::default(),
        }
    }
}

/// Defaults of `run` steps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Defaults {
    /// The shell.
    pub shell: Option<Text>,
    /// The folder, relative to the workspace.
    pub working_directory: Option<Text>,
}
