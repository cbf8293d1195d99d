//! Folders that wait for the next job.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fs_err as fs;

/// Folders of jobs that ended, emptied for those that follow: to make new ones costs more.
#[derive(Debug, Default)]
pub(crate) struct Spares(Mutex<Vec<PathBuf>>);

impl Spares {
    /// Takes one, where there is any.
    pub(crate) fn take(&self) -> Option<PathBuf> {
        self.all().pop()
    }

    /// Keeps one for the next job.
    pub(crate) fn put(&self, root: PathBuf) {
        self.all().push(root);
    }

    /// Removes those that no job needs any more.
    pub(crate) fn remove(&self) {
        for spare in self.all().drain(..) {
            if let Err(error) = fs::remove_dir_all(&spare) {
                tracing::debug!(%error, "folders of a job stay");
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
