//! When a verdict may be used again: what it depended on, kept beside it and compared on the next run.
//!
//! A verdict is found in two steps. The key (tool, arguments, interpreter, environment, variables,
//! sandbox level, names of files …) selects a short list of stored verdicts; of these the one is taken
//! whose files all have the contents they had. Knows no check and never decides what an input is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use towpath_host::{Digest, Store, Tree, store};
use towpath_report::{CheckResult, Conclusion};

/// Why a verdict could not be kept or read.
#[derive(Debug, Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A value could not be written as JSON.
    #[error("cannot write a verdict as JSON")]
    Encode(#[from] serde_json::Error),
}

/// How many verdicts are kept for one key: switching between a few branches finds them all.
const KEPT_VERDICTS: usize = 4;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependencies {
    /// The key it is found by.
    pub key: Key,
    /// Files of the repository whose contents count, each with its digest when the result was made.
    /// `None` stands for a path that was not there.
    pub files: BTreeMap<String, Option<Digest>>,
    /// Commit, branch and tags, where the history was looked at.
    #[serde(default)]
    pub history: Option<String>,
}

/// A verdict as it lies in the store, beside others with the same key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredVerdict {
    /// Digest of the whole tree when it was made: the same tree needs no look at single files.
    pub tree: Digest,
    /// Blob that lists the files it depends on, a line each: digest (or `-` for absent), blank, path.
    pub files: Digest,
    /// Commit, branch and tags, where the history was looked at.
    #[serde(default)]
    pub history: Option<String>,
    /// How the step ended.
    pub conclusion: Conclusion,
    /// Why it was skipped; empty otherwise.
    pub reason: String,
    /// Blob that holds the [`CheckResult`] as JSON.
    pub result: Digest,
    /// Run that did the work.
    pub run: u64,
    /// When, in seconds since 1970 UTC.
    pub at: i64,
    /// Commit checked out then, shortened; empty without git.
    pub commit: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Commands that ran.
    pub commands: Vec<Vec<String>>,
}

/// The last verdict of a job and its recent durations, for estimates and for `towpath explain`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LastRun {
    /// What the last finished verdict depends on; `None` when it could not be stored.
    pub dependencies: Option<Dependencies>,
    /// How it ended.
    pub conclusion: Conclusion,
    /// When, in seconds since 1970 UTC.
    pub at: i64,
    /// Commit checked out then, shortened.
    pub commit: String,
    /// Durations of the last runs that did the work, in milliseconds, newest last, at most nine.
    pub durations_ms: Vec<u64>,
    /// Blob that holds its [`CheckResult`] as JSON, where it was stored.
    #[serde(default)]
    pub result: Option<Digest>,
    /// The last run that passed before this one, which did not.
    #[serde(default)]
    pub passed: Option<Box<LastRun>>,
}

impl LastRun {
    /// Returns the middle of the recorded durations, in milliseconds; 0 where none is known.
    pub fn median_ms(&self) -> u64 {
        let mut durations = self.durations_ms.clone();
        durations.sort_unstable();
        durations.get(durations.len() / 2).copied().unwrap_or(0)
    }

    /// Returns this run if it passed, else the last before it that did.
    pub fn last_pass(&self) -> Option<&Self> {
        if matches!(self.conclusion, Conclusion::Success | Conclusion::Neutral) {
            Some(self)
        } else {
            self.passed.as_deref()
        }
    }
}

/// Verdicts in a store, for one repository as it is now.
pub struct Ledger<'a> {
    /// Where they lie.
    pub store: &'a Store,
    /// Name of the repository's own records (estimates, last runs).
    pub repository: &'a str,
    /// The files of the repository.
    pub tree: &'a Tree,
    /// [`tree_digest`] of `tree`.
    pub tree_digest: Digest,
    /// Commit, branch and tags; empty without version control.
    pub history: String,
}

impl Ledger<'_> {
    /// Returns the stored verdict whose key and files are those of today, with its result.
    /// A verdict whose file list or result cannot be read counts as absent.
    pub fn find(&self, key: &Key) -> Result<Option<(StoredVerdict, CheckResult)>, Error> {
        for verdict in self.verdicts(&key.digest())? {
            if verdict.tree != self.tree_digest && !self.has_same_files(&verdict.files)? {
                continue;
            }
            let history = verdict.history.as_ref();
            if history.is_some_and(|history| *history != self.history) {
                continue;
            }
            if let Some(result) = self.result(&verdict.result)? {
                return Ok(Some((verdict, result)));
            }
        }
        Ok(None)
    }

    /// Returns a stored result; `None` where it is gone or cannot be read.
    pub fn result(&self, blob: &Digest) -> Result<Option<CheckResult>, Error> {
        let bytes = self.store.get(blob)?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Stores what a job did under what it depends on; the newest of a key comes first. Returns the
    /// blob of the result.
    pub fn keep(
        &self,
        dependencies: &Dependencies,
        result: &CheckResult,
        describe: impl FnOnce(Digest, Digest) -> StoredVerdict,
    ) -> Result<Digest, Error> {
        let key = dependencies.key.digest();
        let files = self.store.put(&write_files(&dependencies.files))?;
        let result = self
            .store
            .put(&serde_json::to_vec(result).map_err(Error::from)?)?;
        let mut verdicts = self.verdicts(&key)?;
        verdicts.retain(|old| old.files != files || old.history != dependencies.history);
        verdicts.insert(0, describe(files, result.clone()));
        verdicts.truncate(KEPT_VERDICTS);
        let bytes = serde_json::to_vec(&verdicts).map_err(Error::from)?;
        self.store.put_entry("verdict", key.as_str(), &bytes)?;
        Ok(result)
    }

    /// Returns what is known of a job's last run.
    pub fn last(&self, job: &str) -> Result<Option<LastRun>, Error> {
        let bytes = self.store.entry("job", &self.job_key(job))?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Records a job's last run.
    pub fn keep_last(&self, job: &str, last: &LastRun) -> Result<(), Error> {
        let bytes = serde_json::to_vec(last).map_err(Error::from)?;
        Ok(self.store.put_entry("job", &self.job_key(job), &bytes)?)
    }

    fn job_key(&self, job: &str) -> String {
        Digest::of(format!("{}\0{job}", self.repository).as_bytes())
            .as_str()
            .to_owned()
    }

    fn verdicts(&self, key: &Digest) -> Result<Vec<StoredVerdict>, Error> {
        let bytes = self.store.entry("verdict", key.as_str())?;
        Ok(bytes
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default())
    }

    fn has_same_files(&self, list: &Digest) -> Result<bool, Error> {
        let Some(bytes) = self.store.get(list)? else {
            return Ok(false);
        };
        let Ok(text) = String::from_utf8(bytes) else {
            return Ok(false);
        };
        Ok(text.lines().all(|line| {
            let Some((digest, path)) = line.split_once(' ') else {
                return false;
            };
            match self.tree.digest(path) {
                Some(now) => now.as_str() == digest,
                None => digest == ABSENT,
            }
        }))
    }
}

/// Stands in a file list for a path that was not there.
const ABSENT: &str = "-";

fn write_files(files: &BTreeMap<String, Option<Digest>>) -> Vec<u8> {
    let mut text = String::new();
    for (path, digest) in files {
        text.push_str(digest.as_ref().map_or(ABSENT, Digest::as_str));
        text.push(' ');
        text.push_str(path);
        text.push('\n');
    }
    text.into_bytes()
}

/// Returns the digest of every path and every content of a tree.
pub fn tree_digest(tree: &Tree) -> Digest {
    let mut text = tree.names_digest(&|_| true).as_str().to_owned();
    for path in tree.files().keys() {
        if let Some(digest) = tree.digest(path) {
            text.push_str(digest.as_str());
        }
    }
    Digest::of(text.as_bytes())
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
pub fn compare(before: &Dependencies, key: &Key, ledger: &Ledger<'_>) -> Difference {
    let mut difference = compare_files(before, ledger.tree);
    for part in &key.parts {
        let old = before.key.parts.iter().find(|old| old.name == part.name);
        if old.is_some_and(|old| old.value == part.value) {
            difference.same_parts += 1;
        } else {
            difference.parts.push(part.name.clone());
        }
    }
    match &before.history {
        Some(old) if *old == ledger.history => difference.same_parts += 1,
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

/// Returns the recorded durations with one more, at most nine.
pub fn job_history(last: Option<&LastRun>, duration_ms: u64) -> Vec<u64> {
    let mut durations = last.map_or_else(Vec::new, |last| last.durations_ms.clone());
    durations.push(duration_ms);
    let surplus = durations.len().saturating_sub(9);
    durations.split_off(surplus)
}
