//! Locks between processes. The system gives a lock up when its owner ends, however it ends; the file
//! says who holds it, so that a waiting user can be told.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::clock::Stopwatch;

const POLL: Duration = Duration::from_millis(50);

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// When it started, in the system's own ticks since the boot; another process of the same id started at
    /// another time.
    #[serde(default)]
    pub started: Option<u64>,
    /// Identity of the boot in which the process ran; empty where the system has none.
    pub boot: String,
    /// What it is doing, for the user.
    pub what: String,
}

/// Why a lock was not obtained.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds it.
    #[error("`{}` is locked{}", path.display(), of(owner.as_ref()))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, where that could be read.
        owner: Option<Owner>,
    },
    /// The lock file could not be made or locked.
    #[error("cannot lock `{}`", path.display())]
    Io {
        /// The lock file.
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
            Self::Held {
                owner: Some(owner), ..
            } => {
                vec![format!("wait for process {} to end, or end it", owner.pid)]
            }
            Self::Held { .. } => vec!["wait for the other run to end".to_owned()],
            Self::Io { path, .. } => vec![format!("check that you may write `{}`", path.display())],
        }
    }
}

fn of(owner: Option<&Owner>) -> String {
    owner.map_or_else(String::new, |owner| {
        format!(" by process {} ({})", owner.pid, owner.what)
    })
}

/// A lock that is held until this value is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
    is_signed: bool,
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.is_signed {
            // Those who share the lock next do not sign; a name that stays would be taken for theirs, were
            // its process still there.
            let _ = self.file.set_len(0);
        }
    }
}

impl Lock {
    /// Waits up to `patience` for the lock that is the file `path`, which is made if absent.
    pub fn exclusive(path: &Path, what: &str, patience: Duration) -> Result<Self, Error> {
        let mut lock = Self::open(path)?;
        let waited = Stopwatch::start();
        while !lock.try_exclusive()? {
            if waited.elapsed() >= patience {
                return Err(Error::Held {
                    path: path.to_owned(),
                    owner: lock.owner(),
                });
            }
            std::thread::sleep(POLL);
        }
        lock.sign(what)?;
        Ok(lock)
    }

    /// Waits up to `patience` for a lock that others may share.
    pub fn shared(path: &Path, patience: Duration) -> Result<Self, Error> {
        let mut lock = Self::open(path)?;
        let waited = Stopwatch::start();
        while !lock.try_shared()? {
            if waited.elapsed() >= patience {
                return Err(Error::Held {
                    path: path.to_owned(),
                    owner: lock.owner(),
                });
            }
            std::thread::sleep(POLL);
        }
        Ok(lock)
    }

    /// Opens a lock file without locking it.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder).map_err(failed)?;
        }
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        Ok(Self {
            file: options.open(path).map_err(failed)?,
            path: path.to_owned(),
            is_signed: false,
        })
    }

    /// Takes or turns the lock into one that others may share; false while somebody holds it alone.
    pub(crate) fn try_shared(&self) -> Result<bool, Error> {
        self.attempt(FlockOperation::NonBlockingLockShared)
    }

    /// Takes or turns the lock into one held alone; false while others hold it.
    pub(crate) fn try_exclusive(&self) -> Result<bool, Error> {
        self.attempt(FlockOperation::NonBlockingLockExclusive)
    }

    fn attempt(&self, operation: FlockOperation) -> Result<bool, Error> {
        match flock(&self.file, operation) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(Error::Io {
                path: self.path.clone(),
                source: error.into(),
            }),
        }
    }

    fn sign(&mut self, what: &str) -> Result<(), Error> {
        let owner = Owner {
            pid: std::process::id(),
            started: start_of(std::process::id()),
            boot: boot_id(),
            what: what.to_owned(),
        };
        let mut write = || -> io::Result<()> {
            self.file.set_len(0)?;
            self.file.rewind()?;
            self.file.write_all(&serde_json::to_vec(&owner)?)
        };
        write().map_err(|source| Error::Io {
            path: self.path.clone(),
            source,
        })?;
        self.is_signed = true;
        Ok(())
    }

    fn owner(&mut self) -> Option<Owner> {
        let mut text = String::new();
        self.file.rewind().ok()?;
        self.file.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text)
            .ok()
            .filter(|owner: &Owner| owner.boot == boot_id() && start_of(owner.pid) == owner.started)
    }
}

/// Returns the identity of this boot of the machine; empty where the system has none.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

/// Returns what names this process among all that ever run here, and on other machines.
pub fn own_mark() -> String {
    let pid = std::process::id();
    let started = start_of(pid).unwrap_or_default();
    format!("{pid}-{started}-{}", boot_id())
}

/// Returns when a process started, the 22nd field of its `/proc/PID/stat`; `None` where it is gone or the
/// system has no such file.
fn start_of(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field, a name in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_names_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/lock");
        let lock = Lock::exclusive(&path, "deploys", Duration::ZERO).unwrap();
        let error = Lock::exclusive(&path, "deploys too", Duration::ZERO).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with(&format!("by process {} (deploys)", std::process::id()))
        );
        drop(lock);
        Lock::exclusive(&path, "deploys", Duration::ZERO).unwrap();
    }

    #[test]
    fn nobody_is_named_who_does_not_hold_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        drop(Lock::exclusive(&path, "cleans", Duration::ZERO).unwrap());
        let own = std::process::id();
        let boot = boot_id();
        // One that ended, and one that ended without a word, whose id a stranger has now.
        for left in [
            String::new(),
            format!(r#"{{"pid": {own}, "started": 1, "boot": "{boot}", "what": "cleans"}}"#),
        ] {
            if !left.is_empty() {
                std::fs::write(&path, left).unwrap();
            }
            let shared = Lock::shared(&path, Duration::ZERO).unwrap();
            let error = Lock::exclusive(&path, "cleans", Duration::ZERO).unwrap_err();
            assert!(matches!(error, Error::Held { owner: None, .. }), "{error}");
            drop(shared);
        }
    }

    #[test]
    fn a_stale_or_broken_lock_file_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        for content in ["", "{", r#"{"pid": 1, "boot": "another", "what": "x"}"#] {
            std::fs::write(&path, content).unwrap();
            Lock::exclusive(&path, "works", Duration::ZERO).unwrap();
        }
    }

    #[test]
    fn shared_locks_exclude_exclusive_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let [first, second] = [(); 2].map(|()| Lock::open(&path).unwrap());
        assert!(first.try_shared().unwrap());
        assert!(second.try_shared().unwrap());
        assert!(Lock::exclusive(&path, "writes", Duration::ZERO).is_err());
        drop(first);
        assert!(second.try_exclusive().unwrap());
        assert!(!Lock::open(&path).unwrap().try_shared().unwrap());
    }
}
