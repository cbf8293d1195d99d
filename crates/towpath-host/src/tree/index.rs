//! The stat index: for each file the stat under which its digest was computed, and what git tracks.
//!
//! A file of its own form, since it is read at every start. Whatever is wrong with it, it counts as
//! absent: the next one is made from the tree.

use std::io::{self, Write};
use std::path::Path;

use crate::digest;

use super::stat::Stat;

const MAGIC: &[u8] = b"towpath tree index 2\n";
const CHECKSUM: usize = 32;

const TRACKED: u8 = 1;
const PRESENT: u8 = 2;
const DIGEST: u8 = 4;
const COMMIT: u8 = 8;

/// What is remembered of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) path: &'a str,
    /// Whether git tracks it.
    pub(crate) is_tracked: bool,
    /// The commit recorded for a submodule.
    pub(crate) commit: Option<&'a str>,
    /// The stat; absent for a tracked path that is not on disk.
    pub(crate) stat: Option<Stat>,
    /// The digest of the content that had this stat.
    pub(crate) digest: Option<[u8; 32]>,
}

/// A whole index; entries ascend by path.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Index<'a> {
    /// Stat of git's own index when the list of tracked files was read.
    pub(crate) git: Option<Stat>,
    pub(crate) entries: Vec<Entry<'a>>,
}

/// Reads the bytes of an index file; a missing one is empty.
pub(crate) fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}

/// Parses an index; anything unexpected makes it empty.
pub(crate) fn parse(bytes: &[u8]) -> Index<'_> {
    checked(bytes)
        .and_then(|content| Reader(content).index())
        .unwrap_or_default()
}

/// Writes an index under a temporary name and renames it.
pub(crate) fn write(path: &Path, index: &Index<'_>) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs_err::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serialise(index))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    let content_after_magic = content.strip_prefix(MAGIC)?;
    (digest::hash_bytes(content) == checksum).then_some(content_after_magic)
}

fn serialise(index: &Index<'_>) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(u8::from(index.git.is_some()));
    if let Some(stat) = &index.git {
        put_stat(&mut bytes, stat);
    }
    bytes.extend_from_slice(&(index.entries.len() as u32).to_le_bytes());
    for entry in &index.entries {
        put_entry(&mut bytes, entry);
    }
    let checksum = digest::hash_bytes(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

fn put_entry(bytes: &mut Vec<u8>, entry: &Entry<'_>) {
    let flag = |condition, flag| if condition { flag } else { 0 };
    bytes.push(
        flag(entry.is_tracked, TRACKED)
            | flag(entry.stat.is_some(), PRESENT)
            | flag(entry.digest.is_some(), DIGEST)
            | flag(entry.commit.is_some(), COMMIT),
    );
    put_text(bytes, entry.path);
    if let Some(commit) = entry.commit {
        put_text(bytes, commit);
    }
    if let Some(stat) = &entry.stat {
        put_stat(bytes, stat);
    }
    if let Some(digest) = &entry.digest {
        bytes.extend_from_slice(digest);
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

fn put_stat(bytes: &mut Vec<u8>, stat: &Stat) {
    bytes.extend_from_slice(&stat.size.to_le_bytes());
    bytes.extend_from_slice(&stat.modified_ns.to_le_bytes());
    bytes.extend_from_slice(&stat.changed_ns.to_le_bytes());
    bytes.extend_from_slice(&stat.inode.to_le_bytes());
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn index(mut self) -> Option<Index<'a>> {
        let git = if self.array::<1>()? == [1] {
            Some(self.stat()?)
        } else {
            None
        };
        let count = u32::from_le_bytes(self.array()?);
        let mut entries = Vec::with_capacity((count as usize).min(self.0.len()));
        for _ in 0..count {
            entries.push(self.entry()?);
        }
        self.0.is_empty().then_some(Index { git, entries })
    }

    fn entry(&mut self) -> Option<Entry<'a>> {
        let [flags] = self.array()?;
        let has = |flag| flags & flag != 0;
        let path = self.text()?;
        let commit = if has(COMMIT) {
            Some(self.text()?)
        } else {
            None
        };
        let stat = if has(PRESENT) {
            Some(self.stat()?)
        } else {
            None
        };
        let digest = if has(DIGEST) {
            Some(self.array()?)
        } else {
            None
        };
        Some(Entry {
            path,
            is_tracked: has(TRACKED),
            commit,
            stat,
            digest,
        })
    }

    fn stat(&mut self) -> Option<Stat> {
        Some(Stat {
            size: u64::from_le_bytes(self.array()?),
            modified_ns: i64::from_le_bytes(self.array()?),
            changed_ns: i64::from_le_bytes(self.array()?),
            inode: u64::from_le_bytes(self.array()?),
        })
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = u32::from_le_bytes(self.array()?);
        let (text, rest) = self.0.split_at_checked(length as usize)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Index<'static> {
        let stat = Stat {
            size: 1,
            modified_ns: -2,
            changed_ns: 3,
            inode: 4,
        };
        let entry = |path, is_tracked, commit, stat, digest| Entry {
            path,
            is_tracked,
            commit,
            stat,
            digest,
        };
        Index {
            git: Some(stat),
            entries: vec![
                entry("a", true, None, Some(stat), Some([7; 32])),
                entry("é/b", false, None, Some(stat), None),
                entry("gone", true, None, None, None),
                entry("sub", true, Some("abc"), None, None),
            ],
        }
    }

    #[test]
    fn reads_what_it_wrote() {
        assert_eq!(parse(&serialise(&example())), example());
        assert_eq!(parse(&serialise(&Index::default())), Index::default());
    }

    #[test]
    fn a_damaged_index_is_empty() {
        let bytes = serialise(&example());
        for length in 0..bytes.len() {
            assert_eq!(parse(&bytes[..length]), Index::default());
        }
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1;
            assert_eq!(parse(&damaged), Index::default());
        }
    }
}
