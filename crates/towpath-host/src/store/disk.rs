//! Files that are whole or absent: written under a temporary name, synced, renamed.
//! Knows nothing of digests of blobs.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use crate::clock;
use crate::digest::Digest;

use super::Error;

const ENTRY_MAGIC: &str = "towpath entry 1";
/// How stale a last-use time may be; a finer one would write at every read.
const TOUCH_AFTER: Duration = Duration::from_hours(1);

pub(super) fn create_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|source| Error::new(path, source))
}

/// Writes `parts` to `path` by way of the folder `temporary`, which lies on the same file system.
pub(super) fn write(temporary: &Path, path: &Path, parts: &[&[u8]]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(temporary);
    create_folder(folder)?;
    let attempt = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(temporary)?;
        for part in parts {
            file.write_all(part)?;
        }
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    attempt().map_err(|source| Error::new(path, source))
}

/// Reads a file; an absent one is `None`.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(source) => Err(Error::new(path, source)),
    }
}

/// Removes a file; an absent one is no error.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if !is_absent(&error) => Err(Error::new(path, error)),
        _ => Ok(()),
    }
}

/// Notes that a file was used. Failure is harmless: the file is only cleaned sooner.
pub(crate) fn touch(path: &Path) {
    let now = clock::system_time();
    let is_stale = std::fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .is_ok_and(|used| now.duration_since(used).is_ok_and(|age| age > TOUCH_AFTER));
    if is_stale {
        let touched = std::fs::File::open(path).and_then(|file| file.set_modified(now));
        if let Err(error) = touched {
            tracing::debug!(path = %path.display(), %error, "cannot note the use");
        }
    }
}

/// Moves a damaged file into the folder `bad`, where at most one of its name is kept.
pub(super) fn move_aside(path: &Path, bad: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default();
    std::fs::rename(path, bad.join(name)).or_else(|_| std::fs::remove_file(path))
}

/// Returns what precedes the content of an entry: form, key, and the digest of both.
pub(super) fn entry_header(key: &str, content: &[u8]) -> Vec<u8> {
    let digest = Digest::of_parts([key.as_bytes(), content]);
    format!("{ENTRY_MAGIC}\n{digest}\n").into_bytes()
}

/// Returns the content of an entry if it is whole and belongs to `key`.
pub(super) fn checked_entry(key: &str, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let length = ENTRY_MAGIC.len() + 1 + 64 + 1;
    if bytes.len() < length {
        return None;
    }
    let content = bytes.split_off(length);
    (bytes == entry_header(key, &content)).then_some(content)
}

/// Returns the folder name of a kind: letters, digits, `-` and `_` stay, all else becomes `_`.
pub(super) fn folder_name(kind: &str) -> String {
    kind.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                c
            } else {
                '_'
            }
        })
        .collect()
}

pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
