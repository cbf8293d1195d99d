//! Something that is wrong with what towpath was given: a workflow, a configuration, a manifest.
//! Knows what happened, where, and what to do; does not know how it is shown.

use serde::{Deserialize, Serialize};

use crate::{Place, Severity};

/// Lines of a file, as they were when the problem was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// Number of the first line, from 1.
    pub first_line: u32,
    /// The lines, in order, without line ends.
    pub lines: Vec<String>,
}

/// One problem: what happened, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Whether the problem stops the command.
    pub severity: Severity,
    /// What happened: lower case, no final period, values in backticks.
    pub message: String,
    /// Where, if it has a place.
    pub place: Option<Place>,
    /// What is written under the marked text; empty for none.
    pub label: String,
    /// The lines around the place.
    pub excerpt: Option<Excerpt>,
    /// What to do, one thing each: a command, a key or a line to change.
    pub hints: Vec<String>,
}

impl Problem {
    /// Returns an error without a place.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            place: None,
            label: String::new(),
            excerpt: None,
            hints: Vec::new(),
        }
    }

    /// Returns the problem as a warning.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Returns the problem with one more hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}
