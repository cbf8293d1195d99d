//! What a verdict depends on: its key, the files with their contents, and the history; how the files are
//! listed, and how two such sets differ. Stores nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use towpath_host::{Digest, Tree};

/// One thing a verdict depends on beside file contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPart {
    /// What it is, for people: `ruff`, `arguments`, `interpreter`, `date`.
    pub name: String,
    /// Its value, or a digest of it where it is long.
    pub value: String,
}

/// Everything a verdict depends on beside file contents, in a fixed order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The parts.
    pub parts: Vec<KeyPart>,
}

impl Key {
    /// Adds a part.
    pub fn add(&mut self, name: &str, value: impl Into<String>) {
        self.parts.push(KeyPart {
            name: name.to_owned(),
            value: value.into(),
        });
    }

    /// Returns the digest of all parts.
    pub fn digest(&self) -> Digest {
        let mut bytes = Vec::new();
        for part in &self.parts {
            for text in [&part.name, &part.value] {
                bytes.extend((text.len() as u64).to_le_bytes());
                bytes.extend(text.as_bytes());
            }
        }
        Digest::of(&bytes)
    }
}

/// All that a finished result depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependencies {
    /// The key it is found by.
    pub key: Key,
    /// Files of the repository whose contents count, each with its digest when the result was made.
    /// `None` stands for a path that was not there.
    pub files: BTreeMap<String, Option<Digest>>,
    /// Commit, branch and all names of git, where the history was looked at.
    pub history: Option<String>,
}

/// What a finished result depends on, as a store keeps it: the files, of which there may be many
/// thousands, are read only where they are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptDependencies {
    /// The key it is found by.
    pub key: Key,
    /// Blob that lists the files, a line each.
    pub files: Digest,
    /// Commit, branch and all names of git, where the history was looked at.
    #[serde(default)]
    pub history: Option<String>,
}

/// Stands in a file list for a path that was not there.
const ABSENT: &str = "-";

/// Writes a list of files, a line each: digest (or `-` for absent), blank, path.
pub(crate) fn write_files(files: &BTreeMap<String, Option<Digest>>) -> Vec<u8> {
    let mut text = String::new();
    for (path, digest) in files {
        text.push_str(digest.as_ref().map_or(ABSENT, Digest::as_str));
        text.push(' ');
        text.push_str(path);
        text.push('\n');
    }
    text.into_bytes()
}

/// Reads a list of files; `None` where it is none.
pub(crate) fn read_files(list: &str) -> Option<BTreeMap<String, Option<Digest>>> {
    let mut files = BTreeMap::new();
    for line in list.lines() {
        let (digest, path) = line.split_once(' ')?;
        let digest = match digest {
            ABSENT => None,
            digest => Some(digest.parse().ok()?),
        };
        files.insert(path.to_owned(), digest);
    }
    Some(files)
}

/// Returns whether the files of a list have the contents they had.
pub(crate) fn has_same_files(list: &str, tree: &Tree) -> bool {
    list.lines().all(|line| {
        let Some((digest, path)) = line.split_once(' ') else {
            return false;
        };
        match tree.digest(path) {
            Some(now) => now.as_str() == digest,
            None => digest == ABSENT,
        }
    })
}

/// What differs between the dependencies of an earlier verdict and today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Files with other contents.
    pub changed: Vec<String>,
    /// Files that are gone.
    pub removed: Vec<String>,
    /// Parts of the key with another value, by name.
    pub parts: Vec<String>,
    /// How many files are the same.
    pub same_files: usize,
    /// How many parts of the key are the same.
    pub same_parts: usize,
}

impl Difference {
    /// Returns whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.removed.is_empty() && self.parts.is_empty()
    }
}

/// Compares what a verdict depended on with today's key and repository.
pub fn compare(before: &Dependencies, key: &Key, tree: &Tree, history: &str) -> Difference {
    let mut difference = compare_files(before, tree);
    for part in &key.parts {
        let old = before.key.parts.iter().find(|old| old.name == part.name);
        if old.is_some_and(|old| old.value == part.value) {
            difference.same_parts += 1;
        } else {
            difference.parts.push(part.name.clone());
        }
    }
    match &before.history {
        Some(old) if old == history => difference.same_parts += 1,
        Some(_) => difference.parts.push("git history".to_owned()),
        None => {}
    }
    difference
}

/// Compares the files that a verdict depended on with today's; looks at no part of the key.
pub(crate) fn compare_files(before: &Dependencies, tree: &Tree) -> Difference {
    let mut difference = Difference::default();
    for (path, digest) in &before.files {
        match (digest, tree.digest(path)) {
            (before, now) if *before == now => difference.same_files += 1,
            (_, Some(_)) => difference.changed.push(path.clone()),
            (_, None) => difference.removed.push(path.clone()),
        }
    }
    difference
}
