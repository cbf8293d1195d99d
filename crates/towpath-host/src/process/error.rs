//! What can go wrong with the keeper itself; a command that fails is an end and no error.

use std::io;
use std::path::PathBuf;

/// Why processes could not be kept together or were lost.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The keeper's program could not be started.
    #[error("cannot start the keeper of processes `{}`", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The system refused what the keeper needs.
    #[error("cannot keep the processes of steps together: {0}")]
    Setup(String),
    /// The keeper ended while it was needed.
    #[error("the keeper of the steps' processes ended unexpectedly{}", said(.0))]
    Lost(String),
    /// The keeper sent what cannot be understood.
    #[error("the keeper of processes does not speak this version's protocol")]
    Protocol(#[source] io::Error),
    /// The system has no pipe or socket to give.
    #[error("cannot open a pipe to a step's processes")]
    Pipe(#[source] io::Error),
}

impl Error {
    /// Returns what to do about it.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Start { .. } | Self::Protocol(_) => {
                "was `towpath` replaced while it ran? start it again"
            }
            Self::Setup(_) => "in a container, run it with more rights",
            Self::Lost(_) => "look for the out-of-memory killer in the system's log",
            Self::Pipe(_) => "run fewer jobs at once with `--jobs`, or raise `ulimit -n`",
        };
        vec![hint.to_owned()]
    }
}

fn said(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!(": {words}")
    }
}
