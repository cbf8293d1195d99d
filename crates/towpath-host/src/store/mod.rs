//! One folder of bytes that outlive a run: blobs by their digest, and small records by kind and key.
//!
//! Whatever is read is verified; what is not what it should be is moved aside and counts as absent.
//! Does not know what the bytes mean.

mod disk;
mod error;
mod usage;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::digest::Digest;

pub(crate) use disk::touch;
pub use error::Error;
pub use usage::{Cleaned, Keep, KindUsage, Usage};

/// Kind under which blobs are counted in [`Usage`].
pub const BLOBS: &str = "blobs";

/// A store. Safe to share between threads and between processes.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    warnings: Mutex<Vec<String>>,
}

impl Store {
    /// Opens the store in `folder`, which is made if absent.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        for name in [BLOBS, "entries", "bad", "tmp"] {
            disk::create_folder(&folder.join(name))?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            warnings: Mutex::new(Vec::new()),
        })
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stores bytes and returns their digest. They are whole on disk when this returns.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, Error> {
        let digest = Digest::of(bytes);
        let path = self.blob_path(&digest);
        if std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() == bytes.len() as u64)
            && self.get(&digest)?.is_some()
        {
            return Ok(digest);
        }
        disk::write(&self.folder.join("tmp"), &path, &[bytes])?;
        Ok(digest)
    }

    /// Returns the bytes of a digest, verified; `None` where they are absent or were found damaged.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        let path = self.blob_path(digest);
        let Some(bytes) = disk::read(&path)? else {
            return Ok(None);
        };
        if Digest::of(&bytes) == *digest {
            disk::touch(&path);
            return Ok(Some(bytes));
        }
        self.move_aside(&path, &format!("the stored file {digest} was damaged"));
        Ok(None)
    }

    /// Stores a record under a kind and a key, replacing an earlier one.
    pub fn put_entry(&self, kind: &str, key: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.entry_path(kind, key);
        disk::write(
            &self.folder.join("tmp"),
            &path,
            &[&disk::entry_header(key, bytes), bytes],
        )
    }

    /// Returns the record of a kind and a key; `None` where it is absent or was found damaged.
    pub fn entry(&self, kind: &str, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.entry_path(kind, key);
        let Some(bytes) = disk::read(&path)? else {
            return Ok(None);
        };
        if let Some(content) = disk::checked_entry(key, bytes) {
            disk::touch(&path);
            return Ok(Some(content));
        }
        self.move_aside(
            &path,
            &format!("the stored {kind} record `{key}` was damaged"),
        );
        Ok(None)
    }

    /// Removes the record of a kind and a key; an absent one is no error.
    pub fn remove_entry(&self, kind: &str, key: &str) -> Result<(), Error> {
        disk::remove(&self.entry_path(kind, key))
    }

    /// Returns the warnings gathered since the last call: damaged files that were moved aside.
    pub fn take_warnings(&self) -> Vec<String> {
        self.warnings
            .lock()
            .map(|mut warnings| std::mem::take(&mut *warnings))
            .unwrap_or_default()
    }

    /// Returns how many bytes and files the store holds, by kind.
    pub fn usage(&self) -> Result<Usage, Error> {
        usage::usage(&self.folder)
    }

    /// Removes what `keep` does not keep, and leftovers of interrupted writes.
    pub fn clean(&self, keep: &Keep<'_>) -> Result<Cleaned, Error> {
        usage::clean(&self.folder, keep)
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        let (start, rest) = digest.as_str().split_at(2);
        self.folder.join(BLOBS).join(start).join(rest)
    }

    fn entry_path(&self, kind: &str, key: &str) -> PathBuf {
        let name = Digest::of(key.as_bytes());
        self.folder
            .join("entries")
            .join(disk::folder_name(kind))
            .join(name.as_str())
    }

    fn move_aside(&self, path: &Path, what: &str) {
        let bad = self.folder.join("bad");
        let warning = match disk::move_aside(path, &bad) {
            Ok(()) => format!(
                "{what}; it was moved to `{}` and counts as absent",
                bad.display()
            ),
            Err(error) => format!("{what} and counts as absent; moving it aside failed: {error}"),
        };
        if let Ok(mut warnings) = self.warnings.lock() {
            warnings.push(warning);
        }
    }
}
