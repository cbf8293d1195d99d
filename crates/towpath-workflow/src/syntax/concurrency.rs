//! Groups of runs or of jobs of which one runs at a time.

use serde::{Deserialize, Serialize};

use super::text::{Dynamic, Text};

/// A group of runs or jobs of which one runs at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Concurrency {
    /// Name of the group, compared without regard to case.
    pub group: Text,
    /// Whether a newer one cancels the one that runs.
    pub cancel_in_progress: Dynamic<bool>,
    /// How many may wait.
    pub queue: Queue,
}

/// How many runs or jobs of a group may wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Queue {
    /// One; a newer one replaces it.
    #[default]
    Single,
    /// As many as GitHub keeps.
    Max,
}
