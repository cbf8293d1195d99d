//! Why git could not answer, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why git could not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `git` program.
    #[error("the folder `{}` is a git repository, but there is no `git` program on PATH", top_level.display())]
    NotInstalled {
        /// The repository.
        top_level: PathBuf,
    },
    /// The program could not be started.
    #[error("cannot start `git`")]
    NotStarted {
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The repository belongs to another user and git does not trust it.
    #[error("git refuses to work in `{}`, which belongs to another user", top_level.display())]
    NotTrusted {
        /// The repository.
        top_level: PathBuf,
    },
    /// A revision that the repository does not have.
    #[error("the repository has no revision `{revision}`")]
    UnknownRevision {
        /// As it was given.
        revision: String,
        /// Whether the history was cut by a shallow clone.
        is_shallow: bool,
    },
    /// Two revisions without a common ancestor.
    #[error("`{revision}` and the commit checked out have no common ancestor")]
    NoMergeBase {
        /// As it was given.
        revision: String,
        /// Whether the history was cut by a shallow clone.
        is_shallow: bool,
    },
    /// A file of the working tree that could not be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A folder that is to be filled could not be written.
    #[error("cannot write into `{}`", path.display())]
    Unwritable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Anything else that git says.
    #[error("`git {command}` failed in `{}`: {message}", top_level.display())]
    Failed {
        /// The subcommand.
        command: String,
        /// The repository.
        top_level: PathBuf,
        /// The last line that git wrote to its standard error.
        message: String,
    },
}

impl Error {
    /// Returns what to do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NotInstalled { .. } => vec!["install git".to_owned()],
            Self::NotStarted { .. } => {
                vec!["check that `git --version` works in this terminal".to_owned()]
            }
            Self::NotTrusted { top_level } => vec![format!(
                "if you trust it: `git config --global --add safe.directory {}`",
                top_level.display()
            )],
            Self::UnknownRevision {
                is_shallow: true, ..
            }
            | Self::NoMergeBase {
                is_shallow: true, ..
            } => vec![
                "the clone is shallow: `git fetch --unshallow` brings the whole history".to_owned(),
                "on GitHub, give `actions/checkout` the input `fetch-depth: 0`".to_owned(),
            ],
            Self::UnknownRevision { revision, .. } => vec![format!(
                "`git branch --all` lists the branches; `git fetch origin {revision}` brings a new one"
            )],
            Self::NoMergeBase { .. } => {
                vec!["name a revision that the current branch grew from".to_owned()]
            }
            Self::Unreadable { path, .. } => {
                vec![format!(
                    "make `{}` readable, or ignore it in `.gitignore`",
                    path.display()
                )]
            }
            Self::Unwritable { path, .. } => {
                vec![format!(
                    "check that there is space and that you may write `{}`",
                    path.display()
                )]
            }
            Self::Failed { top_level, .. } => {
                vec![format!(
                    "check the repository with `git -C {} fsck`",
                    top_level.display()
                )]
            }
        }
    }

    /// Returns the error for what git wrote to its standard error.
    pub(super) fn from_output(command: &str, top_level: &Path, output: &[u8]) -> Self {
        let text = String::from_utf8_lossy(output);
        let top_level = top_level.to_owned();
        if text.contains("dubious ownership") {
            return Self::NotTrusted { top_level };
        }
        let line = text
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("no message");
        let message = line.strip_prefix("fatal: ").unwrap_or(line).to_owned();
        Self::Failed {
            command: command.to_owned(),
            top_level,
            message,
        }
    }
}
