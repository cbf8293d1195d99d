//! The description of a step's command, and how it ended.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommandEnd {
    /// By itself, with this exit code.
    Exited(i32),
    /// By a signal that towpath did not send.
    Signalled(i32),
    /// It took longer than it may and was ended.
    TimedOut,
    /// The caller asked to end it.
    Cancelled,
    /// It never ran; why, as one sentence for the user.
    NotStarted(String),
}

/// The variable that says which job a command belongs to.
pub(super) const TRACKING: &str = "RUNNER_TRACKING_ID";

/// A command of a step. Its standard input is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepCommand {
    /// The program, absolute or looked up in the `PATH` of `environment`, and its arguments.
    pub arguments: Vec<String>,
    /// The complete environment; nothing is inherited. `RUNNER_TRACKING_ID` says which job it belongs to.
    pub environment: BTreeMap<String, String>,
    /// The folder to run in.
    pub folder: PathBuf,
    /// Ends the command when it takes longer, as [`Cancel::cancel`](super::Cancel::cancel) does.
    pub timeout: Option<Duration>,
}

/// What a step's command did and cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEnd {
    /// How it ended.
    pub end: CommandEnd,
    /// The time from start to end of its main process.
    pub wall_ms: u64,
    /// The processor time of its main process and of all that this one awaited.
    pub cpu_ms: u64,
    /// Whether nothing was left then that anyone's ended command had started.
    pub(super) left_none: bool,
}
