//! Why building a sandbox failed, in the words that go to the parent.

use std::fmt::Display;
use std::path::Path;

use super::super::error::Refusal;
use super::super::protocol::Event;

/// Why the sandbox cannot be built.
#[derive(Debug)]
pub(super) enum BuildError {
    /// It is described in a way that cannot be built here.
    Refused(Refusal),
    /// The system refused a step.
    Failed { step: String, reason: String },
}

impl From<BuildError> for Event {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Refused(refusal) => Self::Refused(refusal),
            BuildError::Failed { step, reason } => Self::Failed { step, reason },
        }
    }
}

/// Names the step in which a system call failed.
pub(super) fn step<E: Display>(step: &str) -> impl FnOnce(E) -> BuildError {
    move |error| BuildError::Failed {
        step: step.to_owned(),
        reason: error.to_string(),
    }
}

/// Names the step and the path at which a system call failed.
pub(super) fn step_at<E: Display>(step: &str, path: &Path) -> impl FnOnce(E) -> BuildError {
    move |error| BuildError::Failed {
        step: format!("{step} `{}`", path.display()),
        reason: error.to_string(),
    }
}
