//! What can go wrong with the store's folder, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why the store could not do its work. A damaged file is no error but an absent one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No space, or a quota was reached.
    #[error("the disk is full: `{}` could not be written", path.display())]
    DiskFull {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The folder may not be written.
    #[error("`{}` may not be written", path.display())]
    ReadOnly {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Anything else that the system says.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Returns the error for a failed operation on `path`, sorted by what the user can do.
    pub fn new(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, source }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path, source }
            }
            _ => Self::Io { path, source },
        }
    }

    /// Returns what to do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::DiskFull { .. } => vec![
                "free space on the disk, for example with `towpath cache clean`".to_owned(),
                "or set `TOWPATH_CACHE_DIR` to a folder on another disk".to_owned(),
            ],
            Self::ReadOnly { .. } => {
                vec!["set `TOWPATH_CACHE_DIR` to a folder that you may write".to_owned()]
            }
            Self::Io { path, .. } => {
                vec![format!(
                    "check the folder `{}`, or remove it",
                    folder_of(path).display()
                )]
            }
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_full_from_read_only() {
        let error = |kind| Error::new(Path::new("/a/b"), io::Error::from(kind));
        assert!(matches!(
            error(io::ErrorKind::StorageFull),
            Error::DiskFull { .. }
        ));
        assert!(matches!(
            error(io::ErrorKind::QuotaExceeded),
            Error::DiskFull { .. }
        ));
        assert!(matches!(
            error(io::ErrorKind::ReadOnlyFilesystem),
            Error::ReadOnly { .. }
        ));
        assert!(matches!(
            error(io::ErrorKind::PermissionDenied),
            Error::ReadOnly { .. }
        ));
        assert!(matches!(
            error(io::ErrorKind::IsADirectory),
            Error::Io { .. }
        ));
    }
}
