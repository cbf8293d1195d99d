//! The metadata of an action: `action.yml`.

use serde::{Deserialize, Serialize};

use super::step::Step;
use super::text::{Text, Variables};

/// An action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Action {
    /// Its name.
    pub name: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// What it asks.
    pub inputs: Vec<ActionInput>,
    /// What it gives back.
    pub outputs: Vec<ActionOutput>,
    /// How it runs.
    pub runs: Runs,
}

/// An input of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionInput {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it should be given; GitHub does not insist.
    pub required: bool,
    /// Its value when not given.
    pub default: Option<Text>,
    /// Shown when it is given.
    pub deprecation_message: Option<String>,
}

/// An output of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionOutput {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// The expression that gives it; composite actions only.
    pub value: Option<Text>,
}

/// How an action runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    tag = "kind"
)]
pub enum Runs {
    /// By steps.
    Composite {
        /// The steps.
        steps: Vec<Step>,
    },
    /// By Node.js.
    #[serde(rename = "javascript")]
    JavaScript {
        /// The runtime, such as `node20`.
        using: String,
        /// The file of the main part.
        main: String,
        /// The file that runs at the start of the job.
        pre: Option<String>,
        /// When `pre` runs; `always()` without.
        pre_if: Option<Text>,
        /// The file that runs at the end of the job.
        post: Option<String>,
        /// When `post` runs; `always()` without.
        post_if: Option<Text>,
    },
    /// In a container.
    Docker {
        /// The image or `Dockerfile`.
        image: String,
        /// Replaces the entry point.
        entrypoint: Option<String>,
        /// Entry point at the start of the job.
        pre_entrypoint: Option<String>,
        /// When it runs; `always()` without.
        pre_if: Option<Text>,
        /// Entry point at the end of the job.
        post_entrypoint: Option<String>,
        /// When it runs; `always()` without.
        post_if: Option<Text>,
        /// Arguments.
        args: Vec<Text>,
        /// Variables.
        env: Variables,
    },
}
