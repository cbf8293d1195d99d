//! Something that a user should know although it stopped nothing.

use serde::Serialize;

/// One note: what happened, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What happened: lower case, no final period.
    pub message: String,
    /// What to do, one thing each.
    pub hints: Vec<String>,
}
