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

use crate::dependencies::{
    Dependencies, KeptDependencies, Key, has_same_files, read_files, write_files,
};

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

/// Stands for the file of the standard pipeline, which has none.
const STANDARD: &str = "";

/// How long the last run of a job is remembered that is no more.
const KEPT_SECONDS: i64 = 30 * 24 * 60 * 60;

/// A verdict as it lies in the store, beside others with the same key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredVerdict {
    /// Digest of the whole tree when it was made: the same tree needs no look at single files.
    pub tree: Digest,
    /// Blob that lists the files it depends on, a line each: digest (or `-` for absent), blank, path.
    pub files: Digest,
    /// Commit, branch and all names of git, where the history was looked at.
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
    pub dependencies: Option<KeptDependencies>,
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
    /// [`Tree::contents_digest`] of `tree`.
    pub tree_digest: Digest,
    /// Commit, branch and all names of git; empty without version control.
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

    /// Returns what a job depended on; `None` where the list of its files is gone or cannot be read.
    pub fn dependencies(&self, kept: &KeptDependencies) -> Result<Option<Dependencies>, Error> {
        let list = self.store.get(&kept.files)?;
        let list = list.and_then(|bytes| String::from_utf8(bytes).ok());
        let files = list.and_then(|list| read_files(&list));
        Ok(files.map(|files| Dependencies {
            key: kept.key.clone(),
            files,
            history: kept.history.clone(),
        }))
    }

    /// Stores what a job did under what it depends on; the newest of a key comes first. Returns the
    /// blobs of the list of files and of the result.
    pub fn keep(
        &self,
        dependencies: &Dependencies,
        result: &CheckResult,
        describe: impl FnOnce(Digest, Digest) -> StoredVerdict,
    ) -> Result<(Digest, Digest), Error> {
        let key = dependencies.key.digest();
        let files = self.store.put(&write_files(&dependencies.files))?;
        let result = self
            .store
            .put(&serde_json::to_vec(result).map_err(Error::from)?)?;
        let mut verdicts = self.verdicts(&key)?;
        verdicts.retain(|old| old.files != files || old.history != dependencies.history);
        verdicts.insert(0, describe(files.clone(), result.clone()));
        verdicts.truncate(KEPT_VERDICTS);
        let bytes = serde_json::to_vec(&verdicts).map_err(Error::from)?;
        self.store.put_entry("verdict", key.as_str(), &bytes)?;
        Ok((files, result))
    }

    /// Returns what is known of the last runs of a workflow's jobs, by name. The workflow goes by its file.
    pub fn last_runs(&self, workflow: &str) -> Result<BTreeMap<String, LastRun>, Error> {
        let bytes = self.store.entry("jobs", &self.jobs_key(workflow))?;
        Ok(bytes
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default())
    }

    /// Returns what is known of the last run of a job of the standard pipeline.
    pub fn last(&self, job: &str) -> Result<Option<LastRun>, Error> {
        Ok(self.last_runs(STANDARD)?.remove(job))
    }

    /// Records the last runs of some jobs of a workflow, beside those of the others. Those a month older go,
    /// but for jobs that there still are.
    pub fn keep_last_runs(
        &self,
        workflow: &str,
        runs: BTreeMap<String, LastRun>,
        is_there: impl Fn(&str) -> bool,
    ) -> Result<(), Error> {
        let newest = runs.values().map(|run| run.at).max().unwrap_or_default();
        let mut all = self.last_runs(workflow)?;
        all.retain(|job, run| run.at > newest - KEPT_SECONDS || is_there(job));
        all.extend(runs);
        let bytes = serde_json::to_vec(&all).map_err(Error::from)?;
        Ok(self
            .store
            .put_entry("jobs", &self.jobs_key(workflow), &bytes)?)
    }

    fn jobs_key(&self, workflow: &str) -> String {
        Digest::of(format!("{}\0{workflow}", self.repository).as_bytes())
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
        let list = self.store.get(list)?;
        let list = list.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(list.is_some_and(|list| has_same_files(&list, self.tree)))
    }
}

/// Returns the recorded durations with one more, at most nine.
pub fn job_history(last: Option<&LastRun>, duration_ms: u64) -> Vec<u64> {
    let mut durations = last.map_or_else(Vec::new, |last| last.durations_ms.clone());
    durations.push(duration_ms);
    let surplus = durations.len().saturating_sub(9);
    durations.split_off(surplus)
}
