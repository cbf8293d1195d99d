//! How much the store holds, and what is removed from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::clock;

use super::disk::is_absent;
use super::{BLOBS, Error, disk};

/// A temporary file older than this belongs to no running process.
const LEFTOVER_AFTER: Duration = Duration::from_hours(24);

/// Bytes and files of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct KindUsage {
    /// Number of files.
    pub files: u64,
    /// Sum of their sizes in bytes.
    pub bytes: u64,
}

/// What a store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// By kind of record; blobs are `blobs`, damaged files `bad`.
    pub kinds: BTreeMap<String, KindUsage>,
}

impl Usage {
    /// Returns the sum over all kinds.
    pub fn total(&self) -> KindUsage {
        self.kinds
            .values()
            .fold(KindUsage::default(), |sum, kind| KindUsage {
                files: sum.files + kind.files,
                bytes: sum.bytes + kind.bytes,
            })
    }
}

/// What stays when a store is cleaned.
#[derive(Debug, Clone, Copy)]
pub enum Keep<'a> {
    /// Nothing stays.
    Nothing,
    /// What was used within this time stays.
    UsedWithin(Duration),
    /// All other kinds stay.
    OtherKindsThan(&'a str),
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cleaned {
    /// Number of files.
    pub files: u64,
    /// Sum of their sizes in bytes.
    pub bytes: u64,
}

struct StoredFile {
    path: PathBuf,
    kind: String,
    bytes: u64,
    used: SystemTime,
}

pub(super) fn usage(folder: &Path) -> Result<Usage, Error> {
    let mut usage = Usage::default();
    for file in stored_files(folder)? {
        let kind = usage.kinds.entry(file.kind).or_default();
        kind.files += 1;
        kind.bytes += file.bytes;
    }
    Ok(usage)
}

pub(super) fn clean(folder: &Path, keep: &Keep<'_>) -> Result<Cleaned, Error> {
    let now = clock::system_time();
    let older = |used: SystemTime, limit| now.duration_since(used).is_ok_and(|age| age > limit);
    let mut cleaned = Cleaned::default();
    for file in stored_files(folder)? {
        let goes = match keep {
            Keep::Nothing => true,
            Keep::UsedWithin(limit) => older(file.used, *limit),
            Keep::OtherKindsThan(kind) => file.kind == disk::folder_name(kind),
        };
        if goes {
            disk::remove(&file.path)?;
            cleaned.files += 1;
            cleaned.bytes += file.bytes;
        }
    }
    for file in files_below(&folder.join("tmp"), "tmp")? {
        if older(file.used, LEFTOVER_AFTER) {
            disk::remove(&file.path)?;
        }
    }
    Ok(cleaned)
}

fn stored_files(folder: &Path) -> Result<Vec<StoredFile>, Error> {
    let mut files = files_below(&folder.join(BLOBS), BLOBS)?;
    files.extend(files_below(&folder.join("bad"), "bad")?);
    for (path, _) in children(&folder.join("entries"))? {
        let kind = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        files.extend(files_below(&path, &kind)?);
    }
    Ok(files)
}

fn files_below(folder: &Path, kind: &str) -> Result<Vec<StoredFile>, Error> {
    let mut files = Vec::new();
    for (path, metadata) in children(folder)? {
        if metadata.is_dir() {
            files.extend(files_below(&path, kind)?);
        } else {
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            files.push(StoredFile {
                path,
                kind: kind.to_owned(),
                bytes: metadata.len(),
                used,
            });
        }
    }
    Ok(files)
}

/// Returns what lies in a folder; what another process removes meanwhile is left out.
fn children(folder: &Path) -> Result<Vec<(PathBuf, std::fs::Metadata)>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(source) => return Err(Error::new(folder, source)),
    };
    let mut children = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| Error::new(folder, source))?;
        match entry.metadata() {
            Ok(metadata) => children.push((entry.path(), metadata)),
            Err(error) if is_absent(&error) => {}
            Err(source) => return Err(Error::new(&entry.path(), source)),
        }
    }
    Ok(children)
}
