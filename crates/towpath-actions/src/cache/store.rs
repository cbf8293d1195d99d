//! The folder of a repository's caches, which all of its runs share.
//!
//! An entry is a file with a record, written last; it never changes. Who may read what is decided by the
//! ref that wrote it. A damaged entry counts as absent
//! and is moved into the folder `bad`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use towpath_host::disk::read_regular;
use towpath_host::{Digest, clock, digest_file};

/// The most bytes that the caches of one repository take; what was used longest ago goes first.
const LIMIT: u64 = 10 << 30;
/// No record of a cache is longer, in bytes.
const LONGEST_RECORD: u64 = 1 << 20;
/// What nobody asked for in this time goes too.
const UNUSED: Duration = Duration::from_hours(7 * 24);

/// A file that a run began and did not end is left alone this long: another run may be writing it.
const ABANDONED: Duration = Duration::from_hours(24);
/// How the names of files begin that are not whole yet.
const NEW: &str = ".new-";

/// The caches of one repository.
#[derive(Debug, Clone)]
pub struct CacheStore {
    folder: PathBuf,
}

/// One cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// What it was made of: paths and the kind of archive. Only the same is found again.
    pub version: String,
    /// The ref that wrote it.
    pub scope: String,
    /// Nanoseconds since 1970 UTC at which it was complete.
    pub created_ns: u128,
    /// Size of the archive in bytes.
    pub size: u64,
    /// Digest of the archive.
    pub digest: Digest,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// The key, then what is taken instead; each but the exact one stands for all that begin with it.
    pub keys: &'a [String],
    /// What it must be made of.
    pub version: &'a str,
    /// The refs whose caches may be read, the own one first.
    pub scopes: &'a [String],
}

/// Why a cache could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is one already, and it never changes.
    #[error("there is a cache with the key `{key}` already")]
    Exists {
        /// The key.
        key: String,
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
            Self::Exists { .. } => vec![
                "let the key tell what the cache is made of, such as \
                 `${{ hashFiles('**/requirements*.txt') }}`"
                    .to_owned(),
            ],
            Self::Io { path, .. } => vec![format!(
                "check that there is space and that you may write `{}`",
                path.display()
            )],
        }
    }
}

impl CacheStore {
    /// Returns the caches that lie in a folder; nothing is made yet.
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Finds the cache that fits best: of the own ref before others, an exact key before those that begin
    /// with it, an earlier key before a later, the newest first.
    ///
    /// What is damaged counts as absent and is moved aside; `tell` gets a sentence about it.
    pub fn find(
        &self,
        lookup: &Lookup<'_>,
        tell: &mut dyn FnMut(String),
    ) -> Result<Option<Entry>, Error> {
        let mut entries = self.list(tell)?;
        entries.retain(|entry| entry.version == lookup.version);
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.created_ns));
        for scope in lookup.scopes {
            while let Some(place) = best(&entries, lookup.keys, scope) {
                let entry = entries.remove(place);
                if self.is_whole(&entry, tell) {
                    towpath_host::cache::note_use(&self.record(&entry));
                    return Ok(Some(entry));
                }
            }
        }
        Ok(None)
    }

    /// Returns whether a cache of exactly this key, make and ref is there.
    pub fn has(&self, key: &str, version: &str, scope: &str) -> bool {
        self.folder.join(record_name(key, version, scope)).exists()
    }

    /// Returns a file to write an archive into.
    pub fn start(&self) -> Result<NamedTempFile, Error> {
        let start = || {
            std::fs::create_dir_all(&self.folder)?;
            tempfile::Builder::new()
                .prefix(NEW)
                .tempfile_in(&self.folder)
        };
        start().map_err(|source| self.failed(source))
    }

    /// Keeps an archive; fails where there is one already.
    pub fn keep(
        &self,
        mut archive: NamedTempFile,
        key: &str,
        version: &str,
        scope: &str,
    ) -> Result<Entry, Error> {
        let failed = |source| self.failed(source);
        archive.flush().map_err(failed)?;
        archive.as_file().sync_all().map_err(failed)?;
        let entry = Entry {
            key: key.to_owned(),
            version: version.to_owned(),
            scope: scope.to_owned(),
            created_ns: clock::system_time()
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |time| time.as_nanos()),
            size: archive.path().metadata().map_err(failed)?.len(),
            digest: digest_file(archive.path()).map_err(failed)?,
        };
        if self.has(key, version, scope) {
            return Err(Error::Exists {
                key: key.to_owned(),
            });
        }
        let record = serde_json::to_vec(&entry).map_err(|error| failed(io::Error::other(error)))?;
        let mut written = self.start()?;
        written.write_all(&record).map_err(failed)?;
        written.as_file().sync_all().map_err(failed)?;
        // The archive first: a record without one would be damage.
        let path = self.path(&entry);
        archive
            .persist(&path)
            .map_err(|error| failed(error.error))?;
        match written.persist_noclobber(self.record(&entry)) {
            Ok(_) => {
                if let Err(error) = self.make_room() {
                    tracing::warn!(%error, "old caches stay");
                }
                Ok(entry)
            }
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                let _ = std::fs::remove_file(path);
                Err(Error::Exists { key: entry.key })
            }
            Err(error) => Err(failed(error.error)),
        }
    }

    /// Returns where the archive of a cache lies.
    pub fn path(&self, entry: &Entry) -> PathBuf {
        // Its own time keeps two that are written at once apart.
        self.record(entry)
            .with_extension(format!("{}.archive", entry.created_ns))
    }

    /// Opens the archive of a cache.
    pub fn open(&self, entry: &Entry) -> Result<File, Error> {
        let path = self.path(entry);
        File::open(&path).map_err(|source| Error::Io { path, source })
    }

    fn list(&self, tell: &mut dyn FnMut(String)) -> Result<Vec<Entry>, Error> {
        let files = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files.map_err(|source| self.failed(source))?,
        };
        let mut entries = Vec::new();
        for file in files {
            let path = file.map_err(|source| self.failed(source))?.path();
            if path.extension().is_some_and(|end| end == "json") {
                let read = read_regular(&path, LONGEST_RECORD);
                let entry = read.and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
                match entry {
                    Ok(entry) => entries.push(entry),
                    // One that another run removes meanwhile is not there.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => {
                        tell(format!(
                            "the record of a cache is damaged and counts as absent: {error}"
                        ));
                        self.set_aside(&path, path.file_name().unwrap_or_default());
                    }
                }
            }
        }
        Ok(entries)
    }

    /// Compares an archive with its record; what is damaged is moved aside.
    fn is_whole(&self, entry: &Entry, tell: &mut dyn FnMut(String)) -> bool {
        let key = &entry.key;
        match digest_file(&self.path(entry)) {
            Ok(digest) if digest == entry.digest => return true,
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tell(format!(
                    "the cache `{key}` cannot be read and counts as absent: {error}"
                ));
            }
            _ => {
                tell(format!("the cache `{key}` is damaged and counts as absent"));
                self.move_aside(entry);
            }
        }
        false
    }

    /// Moves a cache into the folder `bad`, where at most one of its name is kept.
    fn move_aside(&self, entry: &Entry) {
        let name = record_name(&entry.key, &entry.version, &entry.scope);
        self.set_aside(&self.record(entry), name.as_ref());
        let archive = Path::new(&name).with_extension("archive");
        self.set_aside(&self.path(entry), archive.as_os_str());
    }

    fn set_aside(&self, path: &Path, name: &OsStr) {
        let bad = self.bad();
        if let Err(error) = std::fs::create_dir_all(&bad) {
            tracing::warn!(%error, path = %bad.display(), "a damaged cache cannot be moved aside");
            return;
        }
        note(&std::fs::rename(path, bad.join(name)), path);
    }

    fn remove(&self, entry: &Entry) {
        for path in [self.record(entry), self.path(entry)] {
            note(&std::fs::remove_file(&path), &path);
        }
    }

    /// Removes what was not used for long, and what is too much.
    fn make_room(&self) -> Result<(), Error> {
        let now = clock::system_time();
        let mut tell = |what: String| tracing::warn!("{what}");
        let mut entries: Vec<(SystemTime, Entry)> = self
            .list(&mut tell)?
            .into_iter()
            .map(|entry| {
                let used = self
                    .record(&entry)
                    .metadata()
                    .and_then(|data| data.modified());
                (used.unwrap_or(SystemTime::UNIX_EPOCH), entry)
            })
            .collect();
        entries.sort_by_key(|(used, _)| std::cmp::Reverse(*used));
        let mut total = 0;
        for (used, entry) in entries {
            total += entry.size;
            let age = now.duration_since(used).unwrap_or_default();
            if total > LIMIT || age > UNUSED {
                self.remove(&entry);
            }
        }
        // What was moved aside.
        self.sweep(&self.bad(), now, UNUSED, &|_| true)?;
        // What runs began that were killed: files without a name yet, and archives without a record.
        let whole: BTreeSet<PathBuf> = self
            .list(&mut |_| {})?
            .iter()
            .map(|entry| self.path(entry))
            .collect();
        self.sweep(&self.folder, now, ABANDONED, &|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_archive = path.extension().is_some_and(|end| end == "archive");
            name.starts_with(NEW) || is_archive && !whole.contains(path)
        })
    }

    /// Removes the files of a folder that were not touched for long.
    fn sweep(
        &self,
        folder: &Path,
        now: SystemTime,
        long: Duration,
        is_wanted: &dyn Fn(&Path) -> bool,
    ) -> Result<(), Error> {
        let files = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            files => files.map_err(|source| self.failed(source))?,
        };
        for file in files.flatten() {
            let used = file.metadata().and_then(|data| data.modified());
            let age = used.map(|used| now.duration_since(used).unwrap_or_default());
            if is_wanted(&file.path()) && age.is_ok_and(|age| age > long) {
                note(&std::fs::remove_file(file.path()), &file.path());
            }
        }
        Ok(())
    }

    fn bad(&self) -> PathBuf {
        self.folder.join("bad")
    }

    fn record(&self, entry: &Entry) -> PathBuf {
        self.folder
            .join(record_name(&entry.key, &entry.version, &entry.scope))
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Io {
            path: self.folder.clone(),
            source,
        }
    }
}

/// Returns the place of the cache of a ref that fits best, of those that are sorted from the newest on.
fn best(entries: &[Entry], keys: &[String], scope: &str) -> Option<usize> {
    let place = |fits: &dyn Fn(&str) -> bool| {
        let is_one = |entry: &Entry| entry.scope == scope && fits(&entry.key);
        entries.iter().position(is_one)
    };
    let exact = place(&|own| keys.first().is_some_and(|key| key == own));
    let start = |key: &String| place(&|own| own.starts_with(key.as_str()));
    exact.or_else(|| keys.iter().find_map(start))
}

/// Tells that a file could not be removed or moved; one that another run took meanwhile is no matter.
fn note(done: &io::Result<()>, path: &Path) {
    if let Err(error) = done
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %path.display(), "a file of a cache stays");
    }
}

fn record_name(key: &str, version: &str, scope: &str) -> String {
    let digest = Digest::of_parts([key.as_bytes(), version.as_bytes(), scope.as_bytes()]);
    format!("{}.json", &digest.as_str()[..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(store: &CacheStore, key: &str, scope: &str) -> Result<Entry, Error> {
        let mut archive = store.start()?;
        archive
            .write_all(format!("{key} {scope}").as_bytes())
            .unwrap();
        store.keep(archive, key, "v", scope)
    }

    fn find(store: &CacheStore, keys: &str, scopes: &str) -> Option<String> {
        let split = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (keys, scopes) = (split(keys), split(scopes));
        let lookup = Lookup {
            keys: &keys,
            version: "v",
            scopes: &scopes,
        };
        let entry = store.find(&lookup, &mut |_| {}).unwrap()?;
        Some(format!("{} {}", entry.key, entry.scope))
    }

    #[test]
    fn the_best_one_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let store = CacheStore::of(folder.path());
        assert_eq!(find(&store, "pip-1", "topic main"), None);
        for (key, scope) in [
            ("pip-1", "main"),
            ("pip-12", "main"),
            ("pip-1-old", "topic"),
            ("pip-1-new", "topic"),
            ("other", "topic"),
            ("secret", "fork"),
        ] {
            keep(&store, key, scope).unwrap();
        }
        for (keys, scopes, expected) in [
            ("pip-1", "main", Some("pip-1 main")),
            ("pip-1", "topic main", Some("pip-1-new topic")),
            ("pip-1-old", "topic main", Some("pip-1-old topic")),
            ("absent other pip-", "topic main", Some("other topic")),
            ("absent pip- other", "topic main", Some("pip-1-new topic")),
            ("absent pip-", "main", Some("pip-12 main")),
            ("secret", "topic main", None),
        ] {
            let found = find(&store, keys, scopes);
            assert_eq!(found.as_deref(), expected, "{keys} in {scopes}");
        }
    }

    #[test]
    fn a_cache_never_changes_and_damage_is_a_miss() {
        let folder = tempfile::tempdir().unwrap();
        let store = CacheStore::of(folder.path());
        let older = keep(&store, "a-1", "main").unwrap();
        let newer = keep(&store, "a-2", "main").unwrap();
        assert!(matches!(
            keep(&store, "a-1", "main"),
            Err(Error::Exists { .. })
        ));
        assert!(store.has("a-1", "v", "main") && !store.has("a-1", "w", "main"));
        std::fs::write(store.path(&newer), "damaged").unwrap();
        assert_eq!(find(&store, "a-", "main").as_deref(), Some("a-1 main"));
        assert!(!store.path(&newer).exists() && store.path(&older).exists());
        let aside = std::fs::read_dir(store.bad()).unwrap().count();
        assert_eq!(aside, 2, "the record and the archive");
    }

    #[test]
    fn a_damaged_cache_that_stays_where_it_is_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let store = CacheStore::of(folder.path());
        keep(&store, "a-1", "main").unwrap();
        let newer = keep(&store, "a-2", "main").unwrap();
        std::fs::write(store.path(&newer), "damaged").unwrap();
        // A record that cannot be moved, since it does not lie where its name says.
        std::fs::rename(store.record(&newer), folder.path().join("x.json")).unwrap();
        for _ in 0..2 {
            assert_eq!(find(&store, "a-", "main").as_deref(), Some("a-1 main"));
        }
    }

    #[test]
    fn what_killed_runs_began_goes_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let store = CacheStore::of(folder.path());
        let entry = keep(&store, "a-1", "main").unwrap();
        let old = clock::system_time() - ABANDONED - Duration::from_mins(1);
        for (name, is_old) in [
            (".new-1", true),
            (".new-2", false),
            ("gone.1.archive", true),
        ] {
            let file = File::create(folder.path().join(name)).unwrap();
            if is_old {
                file.set_modified(old).unwrap();
            }
        }
        File::open(store.path(&entry))
            .unwrap()
            .set_modified(old)
            .unwrap();
        store.make_room().unwrap();
        let stays = |name: &str| folder.path().join(name).exists();
        assert_eq!(
            [".new-1", ".new-2", "gone.1.archive"].map(stays),
            [false, true, false]
        );
        assert_eq!(find(&store, "a-", "main").as_deref(), Some("a-1 main"));
    }

    #[test]
    fn damage_is_told_and_kept_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = CacheStore::of(folder.path());
        let keys = ["a".to_owned()];
        let lookup = Lookup {
            keys: &keys,
            version: "v",
            scopes: &["main".to_owned()],
        };
        for damage in ["record", "archive", "pipe"] {
            let entry = keep(&store, "a", "main").unwrap();
            match damage {
                "record" => std::fs::write(store.record(&entry), "{").unwrap(),
                "archive" => std::fs::write(store.path(&entry), "damaged").unwrap(),
                _ => {
                    std::fs::remove_file(store.record(&entry)).unwrap();
                    std::os::unix::fs::symlink("/dev/zero", store.record(&entry)).unwrap();
                }
            }
            let mut told = Vec::new();
            let found = store.find(&lookup, &mut |what| told.push(what)).unwrap();
            assert_eq!(found, None, "{damage}");
            assert!(
                told.len() == 1 && told[0].contains("damaged and counts as absent"),
                "{told:?}"
            );
            assert!(!store.has("a", "v", "main"), "{damage}");
        }
    }
}
