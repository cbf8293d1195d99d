//! Why there is no environment.

use std::io;
use std::path::{Path, PathBuf};

use towpath_host::{lock, store};

use super::failure::{Failure, FailureKind};
use crate::Machine;
use crate::child::ChildError;
use crate::uv::{named_by, proxy_of, server};

/// Why there is no environment.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// uv could not resolve, install or read a lock.
    #[error("cannot {doing}")]
    Uv {
        /// What it was doing: `resolve the requirements`.
        doing: String,
        /// What kind of failure it is.
        kind: FailureKind,
        /// What to do about it.
        hints: Vec<String>,
        /// What uv said, shortened.
        #[source]
        words: Words,
    },
    /// A file of requirements or a lock could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A lock is not understood, or lacks what is asked of it.
    #[error("`{}`{}: {what}", path.display(), line.map_or_else(String::new, |line| format!(" line {line}")))]
    Lock {
        /// The lock or file of requirements.
        path: PathBuf,
        /// The line, where one is to blame.
        line: Option<usize>,
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// The environment could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A wheel cannot be laid over an environment.
    #[error("cannot install `{name}`")]
    Wheel {
        /// Its file name.
        name: String,
        /// What is wrong with it, or what the system says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Somebody else holds the environment.
    #[error(transparent)]
    Locked(#[from] lock::Error),
    /// What is remembered could not be read or written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// uv did not run.
    #[error(transparent)]
    Child(#[from] ChildError),
}

/// The words of another program.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Words(pub String);

impl Error {
    /// Returns the failure of uv while `doing` something. Of an index that fails every question it says so,
    /// and nothing of what was to be done, so that it reads the same whatever needs the index.
    pub(super) fn uv(mut doing: String, failure: Failure, machine: &Machine<'_>) -> Self {
        let Failure {
            kind,
            words,
            mut hints,
        } = failure;
        if let Some(url) = kind.failing_index() {
            let server = server(url);
            let proxy = proxy_of(machine, url);
            let by_way = proxy.as_ref().map_or_else(String::new, |(_, proxy)| {
                format!(" by way of the proxy `{proxy}`")
            });
            doing = match kind {
                FailureKind::Untrusted(_) => {
                    format!("trust the certificate of the package index at `{server}`{by_way}")
                }
                FailureKind::Closed(_) => {
                    format!("ask the package index at `{server}`{by_way}")
                }
                FailureKind::NoIndex(_) => format!("find packages at `{url}`"),
                _ => format!("reach the package index at `{server}`{by_way}"),
            };
            hints.insert(0, named_by(machine, server));
            if let Some((variable, _)) = proxy {
                hints.insert(0, format!("`{variable}` names this proxy: check its address; `NO_PROXY` holds what is asked without it"));
            }
        }
        Self::Uv {
            doing,
            kind,
            hints,
            words: Words(words),
        }
    }

    /// Returns the error without a folder in its words that only the call knew, so that the same
    /// failure always reads the same.
    pub(super) fn without(mut self, folder: &Path) -> Self {
        if let Self::Uv { words, .. } = &mut self {
            words.0 = words.0.replace(&format!("{}/", folder.display()), "");
        }
        self
    }

    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    /// Returns the line of a file that is to blame, where there is one.
    pub fn place(&self) -> Option<(&Path, usize)> {
        match self {
            Self::Lock { path, line, .. } => Some((path, (*line)?)),
            _ => None,
        }
    }

    /// Returns the server of an index that fails every question alike, so that asking it again is of no
    /// use: `https://host:8080`.
    pub fn failing_server(&self) -> Option<&str> {
        match self {
            Self::Uv { kind, .. } => kind.failing_index().map(server),
            _ => None,
        }
    }

    /// Returns what to do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Uv { hints, .. } => hints.clone(),
            Self::Lock { hint, .. } => vec![hint.clone()],
            Self::Read { path, .. } => vec![format!(
                "check that `{}` exists and may be read",
                path.display()
            )],
            Self::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                vec!["free some space, for example with `towpath cache clean`".to_owned()]
            }
            Self::Write { path, .. } => {
                vec![format!("check that you may write `{}`", path.display())]
            }
            Self::Wheel { .. } => {
                vec!["`towpath check build --force` builds it again".to_owned()]
            }
            Self::Locked(error) => error.hints(),
            Self::Store(error) => error.hints(),
            Self::Child(_) => vec!["check that the program exists and may be executed".to_owned()],
        }
    }
}
