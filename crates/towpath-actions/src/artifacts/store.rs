//! The folder of a run's artifacts.
//!
//! A record with the artifact's name says that it is complete: it is written last, and whoever writes it
//! first has the name. Each artifact has a file of its own, so one that takes another's place does so at
//! once. Names come from workflows, so they never become paths as they are.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use tempfile::{NamedTempFile, PersistError};
use towpath_host::{Digest, digest_file};

/// Characters that no name may hold, since some file system refuses them.
const REFUSED: &[char] = &['"', ':', '<', '>', '|', '*', '?', '\r', '\n', '\\', '/'];

/// The artifacts of one run.
#[derive(Debug, Clone)]
pub struct ArtifactStore {
    folder: PathBuf,
}

/// One artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its number, unique in the run.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The file in the store's folder.
    pub file: String,
    /// Size of the file in bytes.
    pub size: u64,
    /// Digest of the file.
    pub digest: Digest,
    /// Seconds since 1970 UTC at which it was complete.
    pub created: i64,
    /// Whether the file is a zip archive of what was uploaded, rather than the one file itself.
    pub is_archive: bool,
    /// Whether it is of an earlier attempt of the run, so that its name is free for a job that runs again.
    #[serde(default)]
    pub is_earlier: bool,
}

/// Why an artifact could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that some file system refuses.
    #[error("`{name}` is no name of an artifact: it {reason}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The name is taken.
    #[error("this run has an artifact `{name}` already")]
    Exists {
        /// The name.
        name: String,
    },
    /// A file could not be written or read.
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
    /// Returns what to do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Name { .. } => vec![
                "use letters, digits, `-`, `_` and `.`, such as `dist-${{ matrix.python-version }}`"
                    .to_owned(),
            ],
            Self::Exists { .. } => vec![
                "give each copy of the job its own name, such as \
                 `name: coverage-${{ matrix.python-version }}`, or write `overwrite: true`"
                    .to_owned(),
            ],
            Self::Io { path, .. } => vec![format!(
                "check that there is space and that you may write `{}`",
                path.display()
            )],
        }
    }
}

/// An artifact that is being written; gone when it is dropped before it is finished.
#[derive(Debug)]
pub struct Pending {
    /// The file, open for writing.
    pub file: NamedTempFile,
    name: String,
    is_archive: bool,
    replaces: bool,
}

impl ArtifactStore {
    /// Returns the artifacts of the run whose files lie in `run_folder`; nothing is made yet.
    pub fn of(run_folder: &Path) -> Self {
        Self {
            folder: run_folder.join("artifacts"),
        }
    }

    /// Starts an artifact of a name that is free.
    pub fn start(&self, name: &str, is_archive: bool) -> Result<Pending, Error> {
        check_name(name)?;
        match self.find(name)? {
            None => self.begin(name, is_archive),
            Some(artifact) if artifact.is_earlier => self.start_over(name, is_archive),
            Some(_) => Err(Error::Exists {
                name: name.to_owned(),
            }),
        }
    }

    /// Starts an artifact that takes the place of the one of its name when it is complete.
    pub fn start_over(&self, name: &str, is_archive: bool) -> Result<Pending, Error> {
        check_name(name)?;
        let pending = self.begin(name, is_archive)?;
        Ok(Pending {
            replaces: true,
            ..pending
        })
    }

    fn begin(&self, name: &str, is_archive: bool) -> Result<Pending, Error> {
        std::fs::create_dir_all(&self.folder).map_err(|source| self.failed(source))?;
        let file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(&self.folder)
            .map_err(|source| self.failed(source))?;
        Ok(Pending {
            file,
            name: name.to_owned(),
            is_archive,
            replaces: false,
        })
    }

    /// Makes an artifact complete; fails where somebody else had the name first.
    pub fn finish(&self, mut pending: Pending) -> Result<Artifact, Error> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let failed = |source| self.failed(source);
        pending.file.flush().map_err(failed)?;
        let digest = digest_file(pending.file.path()).map_err(failed)?;
        let size = pending.file.path().metadata().map_err(failed)?.len();
        let created = towpath_host::clock::now();
        // Unlike a count of the files, this differs also between jobs that finish at once.
        let id = u64::try_from(created).unwrap_or(0) * 1000 + NEXT.fetch_add(1, Ordering::Relaxed);
        let end = if pending.is_archive { "zip" } else { "file" };
        let artifact = Artifact {
            id,
            file: format!("{}.{id}.{end}", file_name(&pending.name)),
            name: pending.name,
            size,
            digest,
            created,
            is_archive: pending.is_archive,
            is_earlier: false,
        };
        let path = self.path(&artifact);
        pending
            .file
            .persist(&path)
            .map_err(|error| failed(error.error))?;
        let recorded = if pending.replaces {
            self.replace(&artifact)
        } else {
            self.write_record(&artifact, NamedTempFile::persist_noclobber)
        };
        match recorded {
            Ok(()) => Ok(artifact),
            Err(error) => {
                remove_file(&path);
                Err(error)
            }
        }
    }

    /// Writes a record over that of the artifact of the same name, whose file then goes.
    fn replace(&self, artifact: &Artifact) -> Result<(), Error> {
        let before = self.find(&artifact.name)?;
        self.write_record(artifact, NamedTempFile::persist)?;
        if let Some(before) = before {
            remove_file(&self.path(&before));
        }
        Ok(())
    }

    fn write_record(
        &self,
        artifact: &Artifact,
        persist: fn(NamedTempFile, PathBuf) -> Result<File, PersistError>,
    ) -> Result<(), Error> {
        let failed = |source| self.failed(source);
        let record =
            serde_json::to_vec(artifact).map_err(|error| failed(io::Error::other(error)))?;
        let mut written = NamedTempFile::new_in(&self.folder).map_err(failed)?;
        written.write_all(&record).map_err(failed)?;
        match persist(written, self.record(&artifact.name)) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::Exists {
                    name: artifact.name.clone(),
                })
            }
            Err(error) => Err(failed(error.error)),
        }
    }

    /// Lets jobs that run again upload under the names of all artifacts that there are.
    pub fn release_names(&self) -> Result<(), Error> {
        for mut artifact in self.list()? {
            artifact.is_earlier = true;
            self.write_record(&artifact, NamedTempFile::persist)?;
        }
        Ok(())
    }

    /// Removes an artifact; returns whether there was one.
    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        let Some(artifact) = self.find(name)? else {
            return Ok(false);
        };
        for path in [self.record(name), self.path(&artifact)] {
            std::fs::remove_file(&path).map_err(|source| Error::Io { path, source })?;
        }
        Ok(true)
    }

    /// Returns the artifact of a name.
    pub fn find(&self, name: &str) -> Result<Option<Artifact>, Error> {
        let path = self.record(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Io { path, source }),
        }
    }

    /// Returns all artifacts, by name.
    pub fn list(&self) -> Result<Vec<Artifact>, Error> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| self.failed(source))?,
        };
        let mut artifacts = Vec::new();
        for entry in entries {
            let path = entry.map_err(|source| self.failed(source))?.path();
            if path.extension().is_none_or(|end| end != "json") {
                continue;
            }
            let bytes = std::fs::read(&path).map_err(|source| Error::Io { path, source })?;
            artifacts.extend(serde_json::from_slice::<Artifact>(&bytes));
        }
        artifacts.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(artifacts)
    }

    /// Returns where the file of an artifact lies.
    pub fn path(&self, artifact: &Artifact) -> PathBuf {
        self.folder.join(&artifact.file)
    }

    /// Opens an artifact, after its bytes were compared with its digest.
    pub fn open(&self, artifact: &Artifact) -> Result<File, Error> {
        let path = self.path(artifact);
        let failed = |source| Error::Io {
            path: path.clone(),
            source,
        };
        if digest_file(&path).map_err(failed)? != artifact.digest {
            let source = io::Error::new(
                io::ErrorKind::InvalidData,
                "its bytes are not those that were uploaded",
            );
            return Err(failed(source));
        }
        File::open(&path).map_err(failed)
    }

    fn record(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{}.json", file_name(name)))
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Io {
            path: self.folder.clone(),
            source,
        }
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let refused = |reason: String| Error::Name {
        name: name.to_owned(),
        reason,
    };
    if name.is_empty() {
        return Err(refused("is empty".to_owned()));
    }
    if matches!(name, "." | "..") {
        return Err(refused("stands for a folder".to_owned()));
    }
    match name.chars().find(|character| REFUSED.contains(character)) {
        Some(character) => Err(refused(format!("holds `{}`", character.escape_default()))),
        None => Ok(()),
    }
}

/// Removes the file of an artifact that nobody finds any more.
fn remove_file(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, path = %path.display(), "the file of an artifact stays");
    }
}

/// Returns a name as that of a file; long ones end with their digest.
fn file_name(name: &str) -> String {
    let safe: String = name
        .chars()
        .map(|character| {
            if REFUSED.contains(&character) || character.is_control() {
                '_'
            } else {
                character
            }
        })
        .collect();
    if safe == name && name.len() <= 200 && !name.starts_with('.') {
        return safe;
    }
    let start: String = safe.trim_start_matches('.').chars().take(40).collect();
    let digest = Digest::of(name.as_bytes());
    format!("{start}-{}", &digest.as_str()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(store: &ArtifactStore, name: &str, text: &str) -> Result<Artifact, Error> {
        let mut pending = store.start(name, false)?;
        pending.file.write_all(text.as_bytes()).unwrap();
        store.finish(pending)
    }

    #[test]
    fn a_name_is_used_once_and_the_bytes_are_compared() {
        let folder = tempfile::tempdir().unwrap();
        let store = ArtifactStore::of(folder.path());
        assert_eq!(store.list().unwrap(), []);
        let kept = keep(&store, "dist", "1").unwrap();
        assert!(matches!(
            keep(&store, "dist", "2"),
            Err(Error::Exists { .. })
        ));
        assert_eq!(store.list().unwrap(), std::slice::from_ref(&kept));
        store.open(&kept).unwrap();
        std::fs::write(store.path(&kept), "3").unwrap();
        assert!(store.open(&kept).is_err());
        assert!(store.remove("dist").unwrap());
        assert!(!store.remove("dist").unwrap());
        let next = keep(&store, "dist", "2").unwrap();
        assert_ne!(next.id, kept.id);
    }

    #[test]
    fn the_one_before_is_there_until_another_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let store = ArtifactStore::of(folder.path());
        let first = keep(&store, "dist", "1").unwrap();
        drop(store.start_over("dist", false).unwrap());
        store.open(&first).unwrap();
        let mut pending = store.start_over("dist", false).unwrap();
        pending.file.write_all(b"2").unwrap();
        store.open(&first).unwrap();
        let second = store.finish(pending).unwrap();
        assert_eq!(store.list().unwrap(), std::slice::from_ref(&second));
        store.open(&second).unwrap();
        assert!(!store.path(&first).exists());
    }

    #[test]
    fn of_two_that_have_started_one_gets_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let store = ArtifactStore::of(folder.path());
        let (first, second) = (
            store.start("x", true).unwrap(),
            store.start("x", true).unwrap(),
        );
        store.finish(first).unwrap();
        assert!(matches!(store.finish(second), Err(Error::Exists { .. })));
        let left: Vec<_> = std::fs::read_dir(folder.path().join("artifacts"))
            .unwrap()
            .collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[test]
    fn names_are_names_and_no_paths() {
        let folder = tempfile::tempdir().unwrap();
        let store = ArtifactStore::of(folder.path());
        for (name, expected) in [
            ("a b-1.x", true),
            ("...", true),
            (".", false),
            ("..", false),
            (&*"n".repeat(250), true),
            ("a/b", false),
            ("", false),
            ("a:b", false),
            ("a\nb", false),
        ] {
            assert_eq!(keep(&store, name, "x").is_ok(), expected, "{name}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
