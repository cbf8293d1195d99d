//! Why there is no uv.

use std::io;
use std::path::PathBuf;

use towpath_host::http;

/// Why there is no uv.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not on `PATH`, not in the cache, and must not be fetched.
    #[error("uv is neither on `PATH` nor in the cache, and towpath works offline")]
    Offline,
    /// The machine is one that uv has no wheel for.
    #[error("there is no wheel of uv for {0}")]
    Platform(String),
    /// No index gave it.
    #[error("cannot fetch uv {version} from {}", in_words(indexes))]
    Index {
        /// The version wanted.
        version: &'static str,
        /// The indexes that were asked, without passwords.
        indexes: Vec<String>,
        /// Which setting names each of them.
        named: Vec<String>,
        /// What each of them, and pip after them, answered.
        #[source]
        source: Box<Refusals>,
    },
    /// The wheel is not the one that was published.
    #[error("`{file}` is damaged: its SHA-256 is {found} instead of {expected}")]
    Hash {
        /// The file.
        file: String,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The wheel holds no program.
    #[error("`{file}` is no wheel of uv")]
    Wheel {
        /// The file.
        file: String,
    },
    /// The program could not be kept in the cache.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// What each source answered.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct Refusals(pub Vec<Refusal>);

impl Refusals {
    /// Whether there was no answer in time, whoever was asked.
    pub(super) fn is_silent(&self) -> bool {
        let is_timeout =
            |refusal: &Refusal| matches!(refusal, Refusal::Http(error) if error.is_timeout());
        !self.0.is_empty() && self.0.iter().all(is_timeout)
    }
}

/// What one source answered.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A download failed.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// The index has no such file.
    #[error("`{index}` has no `{file}`")]
    Absent {
        /// The index, without password.
        index: String,
        /// The file wanted.
        file: String,
    },
    /// pip did not get it either.
    #[error("pip: {0}")]
    Pip(String),
}

impl Error {
    /// Returns what to do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Offline => vec![
                "run once with the network, or install uv (`pip install uv`) and put it on `PATH`"
                    .to_owned(),
            ],
            Self::Platform(_) => vec!["install uv and put it on `PATH`".to_owned()],
            Self::Index { source, named, .. } => {
                let mut hints: Vec<String> = Vec::new();
                let answers = source.0.iter().flat_map(Refusal::hints);
                for hint in named.iter().cloned().chain(answers) {
                    if !hints.contains(&hint) {
                        hints.push(hint);
                    }
                }
                hints.push("or install uv (`pip install uv`) and put it on `PATH`".to_owned());
                hints
            }
            Self::Hash { .. } | Self::Wheel { .. } => {
                vec![
                    "check what stands between you and the index: a proxy or a broken mirror"
                        .to_owned(),
                ]
            }
            Self::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => vec![
                "free some space, or set `TOWPATH_CACHE_DIR` to a folder on another disk"
                    .to_owned(),
            ],
            Self::Write { path, .. } => {
                vec![format!("check that you may write `{}`", path.display())]
            }
        }
    }
}

impl Error {
    /// Returns the servers of the indexes where none of them answered in time.
    pub fn silent_servers(&self) -> Vec<String> {
        match self {
            Self::Index {
                indexes, source, ..
            } if source.is_silent() => indexes
                .iter()
                .map(|index| super::server(index).to_owned())
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl Refusal {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Http(error) => error.hints(),
            Self::Absent { .. } => {
                vec!["name another index with `UV_DEFAULT_INDEX` or `PIP_INDEX_URL`".to_owned()]
            }
            Self::Pip(_) => Vec::new(),
        }
    }
}

fn in_words(indexes: &[String]) -> String {
    match indexes {
        [] => "anywhere, since no index may be asked (`no-index`)".to_owned(),
        _ => format!("`{}`", indexes.join("`, `")),
    }
}
