//! What starts a workflow: events with their filters, schedules, inputs of dispatch and call.

use serde::{Deserialize, Serialize};

use super::text::{Argument, Origin, Text};

/// One event that starts the workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trigger {
    /// Name of the event, such as `push`.
    pub event: String,
    /// What is said about it.
    #[serde(flatten)]
    pub kind: TriggerKind,
    /// Where it is written.
    #[serde(skip)]
    pub origin: Origin,
}

impl Trigger {
    /// Returns the trigger of an event without filters.
    pub fn event(name: &str) -> Self {
        let kind = match name {
            "workflow_dispatch" => TriggerKind::Dispatch { inputs: Vec::new() },
            "workflow_call" => TriggerKind::Call {
                inputs: Vec::new(),
                secrets: Vec::new(),
                outputs: Vec::new(),
            },
            "schedule" => TriggerKind::Schedule {
                schedules: Vec::new(),
            },
            _ => TriggerKind::Event {
                types: Vec::new(),
                branches: None,
                tags: None,
                paths: None,
                workflows: Vec::new(),
            },
        };
        Self {
            event: name.to_owned(),
            kind,
            origin: Origin::default(),
        }
    }
}

/// What is said about an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    tag = "kind"
)]
pub enum TriggerKind {
    /// An event of the repository.
    Event {
        /// Activity types; empty for the default ones of the event.
        types: Vec<String>,
        /// Branches that count.
        branches: Option<Filter>,
        /// Tags that count.
        tags: Option<Filter>,
        /// Changed files that count.
        paths: Option<Filter>,
        /// Names of the workflows that `workflow_run` follows.
        workflows: Vec<String>,
    },
    /// `schedule`: at these times.
    Schedule {
        /// The times.
        schedules: Vec<Schedule>,
    },
    /// `workflow_dispatch`: by hand.
    Dispatch {
        /// What is asked.
        inputs: Vec<Input>,
    },
    /// `workflow_call`: from another workflow.
    Call {
        /// What the caller gives.
        inputs: Vec<Input>,
        /// The secrets that the caller gives.
        secrets: Vec<SecretInput>,
        /// What the caller gets back.
        outputs: Vec<OutputValue>,
    },
}

/// Patterns for names of branches, tags or files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// `branches`, `tags`, `paths`: those that match; a leading `!` excludes again.
    Only(Vec<String>),
    /// `branches-ignore`, `tags-ignore`, `paths-ignore`: all but those that match.
    Ignore(Vec<String>),
}

/// One time table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Schedule {
    /// Five fields of cron.
    pub cron: String,
    /// Name of the time zone; UTC without one.
    pub timezone: Option<String>,
}

/// An input of `workflow_dispatch` or `workflow_call`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
    /// What it may be.
    #[serde(rename = "type")]
    pub kind: InputKind,
    /// Its value when not given.
    pub default: Option<Argument>,
}

/// What an input may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputKind {
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// One of these texts.
    Choice(Vec<String>),
    /// The name of a deployment environment.
    Environment,
}

/// A secret that the caller of a workflow gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretInput {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
}

/// What a called workflow gives back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OutputValue {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// The expression that gives it, which may use `jobs`.
    pub value: Text,
}
