//! What can go wrong with a sandbox itself; a command that fails is an outcome and no error.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Why a sandbox could not be had or was lost.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The supervisor's program could not be started.
    #[error("cannot start the sandbox's supervisor `{}`", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The sandbox is described in a way that cannot be built.
    #[error("{0}")]
    Refused(Refusal),
    /// The system refused a step of building the sandbox.
    #[error("cannot build the sandbox: {step}: {reason}")]
    Setup {
        /// What was tried, for example "mount the overlay at `/home/u/project`".
        step: String,
        /// What the system says.
        reason: String,
    },
    /// The supervisor ended while it was needed.
    #[error("the sandbox's supervisor ended unexpectedly{}", said(.0))]
    Lost(String),
    /// The supervisor sent what cannot be understood.
    #[error("the sandbox's supervisor does not speak this version's protocol")]
    Protocol(#[source] io::Error),
}

/// Why a description of a sandbox cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refusal {
    /// A path is not absolute, has `..` in it, or is not UTF-8.
    #[error("`{}` is not an absolute path that a sandbox can hold", .0.display())]
    Path(PathBuf),
    /// Overlays need namespaces; hand a writable copy instead.
    #[error("an overlay at `{}` needs the level `namespaces`", .0.display())]
    Overlay(PathBuf),
    /// Without namespaces a file can be seen at its own path only.
    #[error("`{}` cannot be shown at another path without the level `namespaces`", .0.display())]
    Moved(PathBuf),
    /// The file system refused an overlay of these folders; hand a writable copy instead.
    #[error("the folders below `{}` cannot be laid over each other: {reason}", target.display())]
    OverlayRefused {
        /// Where the job would have seen them.
        target: PathBuf,
        /// What the system says.
        reason: String,
    },
}

impl Error {
    /// Returns what to do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Start { .. } | Self::Protocol(_) => {
                vec!["was `towpath` replaced while it ran? start it again".to_owned()]
            }
            Self::Refused(_) => Vec::new(),
            Self::Setup { .. } => vec![
                "`towpath explain env` tells which sandbox this machine allows".to_owned(),
                "in a container, allow user namespaces or run it with more rights".to_owned(),
            ],
            Self::Lost(_) => {
                vec!["look for the out-of-memory killer in the system's log".to_owned()]
            }
        }
    }
}

fn said(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!(": {words}")
    }
}
