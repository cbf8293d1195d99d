//! A clean copy of a repository's files, kept level with the tree, for jobs that may write.
//!
//! Only what changed is copied. Times of files are kept to the nanosecond, so that tools that compare
//! them see what they would see in the checkout. Version control's folder is not copied; callers mount
//! it (see [`crate::git::GitView`]). Never writes into the tree.

mod carry_out;
mod compare;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::lock::{self, Lock};
use crate::tree::Tree;

/// How many runs may hold copies that differ; more wait for none and fail.
const SLOTS: u32 = 16;
/// How long another run may take to copy files.
const PATIENCE: Duration = Duration::from_mins(10);

const FILES: &str = "files";
const MANIFEST: &str = "manifest";

/// Why there is no clean copy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be copied, removed or made.
    #[error("cannot bring the clean copy `{}` up to date", path.display())]
    Io {
        /// The file or folder of the copy.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file of the repository could not be read.
    #[error("cannot read `{}`", path.display())]
    Source {
        /// The file of the repository.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The copy's lock could not be used.
    #[error(transparent)]
    Lock(#[from] lock::Error),
    /// All copies are in use by other runs.
    #[error("{SLOTS} other runs use the clean copies in `{}`", folder.display())]
    Busy {
        /// The folder of the copies.
        folder: PathBuf,
    },
}

impl Error {
    /// Returns what to do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                vec![
                    "free space, or set `TOWPATH_STATE_DIR` to a folder on another disk".to_owned(),
                ]
            }
            Self::Io { path, .. } => {
                vec![format!(
                    "check that you may write `{}`, or remove it",
                    path.display()
                )]
            }
            Self::Source { path, .. } => {
                vec![format!(
                    "make `{}` readable, or ignore it in `.gitignore`",
                    path.display()
                )]
            }
            Self::Lock(error) => error.hints(),
            Self::Busy { .. } => vec!["wait for the other runs to end".to_owned()],
        }
    }
}

/// What was done, and the copy. It stays as it is for as long as this value lives, whatever other runs do.
#[derive(Debug)]
pub struct SyncReport {
    /// The folder that holds the copy.
    pub files: PathBuf,
    /// Number of files copied.
    pub copied: usize,
    /// Number of files and folders removed.
    pub removed: usize,
    /// Paths that changed after the snapshot was taken, so that the copy may not be what the tree says.
    pub changed_meanwhile: Vec<String>,
    _users: Lock,
}

/// Brings a copy of the tree in `folder` up to date and returns it.
///
/// Runs at once share a copy while they agree on its content, else each has its own. What a killed run
/// left half done is completed by the next one.
pub fn synchronise(tree: &Tree, folder: &Path) -> Result<SyncReport, Error> {
    for slot in 0..SLOTS {
        if let Some(report) = synchronise_slot(tree, &folder.join(slot.to_string()))? {
            return Ok(report);
        }
    }
    Err(Error::Busy {
        folder: folder.to_owned(),
    })
}

/// Uses one copy: alone to bring it up to date, or shared if it is already; `None` while other runs need
/// it as it is.
fn synchronise_slot(tree: &Tree, slot: &Path) -> Result<Option<SyncReport>, Error> {
    // Whoever takes or changes the lock of the users holds this one meanwhile.
    let _turn = Lock::exclusive(&slot.join("turn"), "copying files", PATIENCE)?;
    let users = Lock::open(&slot.join("users"))?;
    let is_alone = users.try_exclusive()?;
    if !is_alone && !users.try_shared()? {
        return Ok(None);
    }
    let work = compare::compare(tree, slot);
    if !is_alone && !work.is_level() {
        return Ok(None);
    }
    let changed_meanwhile = carry_out::carry_out(tree, slot, &work)?;
    if is_alone && !users.try_shared()? {
        return Ok(None);
    }
    Ok(Some(SyncReport {
        files: slot.join(FILES),
        copied: work.copy.len(),
        removed: work.remove.len(),
        changed_meanwhile,
        _users: users,
    }))
}
