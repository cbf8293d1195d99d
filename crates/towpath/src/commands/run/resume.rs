//! `--resume`: what a run keeps so that a later command can go on where it stopped, and how that finds it.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use towpath_actions::artifacts::ArtifactStore;
use towpath_host::{Digest, digest_file};
use towpath_report::{JobRecord, Problem, Reused, RunEvent, Verdict};
use towpath_runner::Observer;

use super::Asked;
use super::start::Candidate;
use crate::arguments::run::RunArguments;
use crate::failure::Failure;
use crate::history::History;

/// The file of a run that tells what it is a run of.
const ATTEMPT: &str = "attempt.json";
/// The file of a run to which every job adds its record as it ends.
const FINISHED: &str = "finished.jsonl";
/// How many changed files are named.
const NAMED: usize = 5;

/// What a workflow runs for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subject {
    file: String,
    event: String,
    /// Digest of the payload that was given, empty where none was.
    payload: String,
    reference: String,
    commit: String,
    /// Digest of the inputs that were given, in which secrets may be.
    inputs: String,
}

/// One attempt at a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Attempt {
    subjects: Vec<Subject>,
    /// The number of each workflow's run; that of the first is the number of the command's.
    pub(super) numbers: Vec<u64>,
    /// Which attempt it is, from 1.
    pub(super) number: u32,
    started: i64,
    /// Digests of files that are not committed, by path; empty for one that is gone.
    files: BTreeMap<String, String>,
}

impl Attempt {
    /// Returns the first attempt at a run of the workflows that start. Their numbers are not given out yet.
    pub(super) fn first(
        asked: &Asked,
        run: &RunArguments,
        candidates: &[Candidate<'_>],
        started: i64,
    ) -> anyhow::Result<Self> {
        let payload = match &run.event.event_file {
            Some(file) => digest_file(&asked.folder.join(file))?.to_string(),
            None => String::new(),
        };
        let inputs = run.event.inputs.iter();
        let inputs: BTreeMap<&str, &str> = inputs
            .map(|input| (input.name.as_str(), input.value.as_str()))
            .collect();
        let inputs = Digest::of(&serde_json::to_vec(&inputs)?).to_string();
        let starting = candidates
            .iter()
            .filter(|candidate| candidate.refused.is_none());
        let subjects = starting.map(|candidate| Subject {
            file: candidate.file.path.clone(),
            event: candidate.event.name.clone(),
            payload: payload.clone(),
            reference: candidate.event.reference.clone(),
            commit: candidate.event.sha.clone(),
            inputs: inputs.clone(),
        });
        Ok(Self {
            subjects: subjects.collect(),
            numbers: Vec::new(),
            number: 1,
            started,
            files: uncommitted(asked)?,
        })
    }

    /// Keeps it in the folder of the run.
    pub(super) fn keep(&self, folder: &Path) -> anyhow::Result<()> {
        Ok(fs_err::write(
            folder.join(ATTEMPT),
            serde_json::to_vec(self)?,
        )?)
    }

    fn of(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs_err::read(folder.join(ATTEMPT)).ok()?).ok()
    }

    fn files_of(&self) -> Vec<&str> {
        let subjects = self.subjects.iter();
        subjects.map(|subject| subject.file.as_str()).collect()
    }
}

/// Returns the digests of files that are not committed.
fn uncommitted(asked: &Asked) -> anyhow::Result<BTreeMap<String, String>> {
    let Some(git) = &asked.git else {
        return Ok(BTreeMap::new());
    };
    let paths = git
        .uncommitted()
        .map_err(|error| Failure::from_error(&error, error.hints()))?;
    let digests = paths.into_iter().map(|path| {
        let file = git.top_level().join(&path);
        let digest = match fs_err::read_link(&file) {
            Ok(target) => Some(Digest::of(target.as_os_str().as_encoded_bytes())),
            Err(_) => digest_file(&file).ok(),
        };
        let digest = digest.map_or_else(String::new, |digest| digest.to_string());
        (path.to_string_lossy().into_owned(), digest)
    });
    Ok(digests.collect())
}

/// Finds the last attempt at the same and makes `own` the next one; returns the records of its jobs.
pub(super) fn resume(
    own: &mut Attempt,
    history: &History,
    has_git: bool,
) -> anyhow::Result<BTreeMap<String, JobRecord>> {
    let again = "leave `--resume` out to run all jobs";
    let refuse = |message: String| Failure::of(Problem::error(message).with_hint(again));
    if !has_git {
        return Err(
            refuse("`--resume` needs a git repository to tell what changed".to_owned()).into(),
        );
    }
    let earlier: Vec<(u64, Attempt)> = history
        .numbers()?
        .into_iter()
        .rev()
        .filter_map(|number| Some((number, Attempt::of(&history.folder(number))?)))
        .filter(|(_, attempt)| attempt.files_of() == own.files_of())
        .collect();
    let same = |(_, attempt): &&(u64, Attempt)| attempt.subjects == own.subjects;
    let Some((number, last)) = earlier.iter().find(same) else {
        let message = match earlier.first() {
            Some((number, other)) => differs(own, *number, other),
            None => format!("there is no run of {} to resume", own.files_of().join(", ")),
        };
        return Err(refuse(message).into());
    };
    let record = history.record(*number);
    if record.is_some_and(|record| record.verdict == Verdict::Passed) {
        return Err(refuse(format!(
            "run {number} passed, so there is nothing to resume"
        ))
        .into());
    }
    let changed = changed(&last.files, &own.files);
    if !changed.is_empty() {
        let message = format!("the files changed since run {number}: {changed}");
        return Err(refuse(message).into());
    }
    own.number = last.number + 1;
    own.numbers.clone_from(&last.numbers);
    for number in &own.numbers {
        let artifacts = ArtifactStore::of(&history.folder(*number));
        artifacts
            .release_names()
            .map_err(|error| Failure::from_error(&error, error.hints()))?;
    }
    Ok(finished(&history.folder(*number), *number, last))
}

/// Says how an earlier run of the same workflows was another one.
fn differs(own: &Attempt, number: u64, other: &Attempt) -> String {
    let pairs = own.subjects.iter().zip(&other.subjects);
    let mut different = pairs.filter(|(own, other)| own != other);
    let Some((own, other)) = different.next() else {
        return format!("run {number} was another one");
    };
    let short = |commit: &str| commit.chars().take(7).collect::<String>();
    let file = &own.file;
    if own.event != other.event {
        format!(
            "run {number} of {file} was for `{}`, not `{}`",
            other.event, own.event
        )
    } else if own.commit != other.commit {
        let (before, now) = (short(&other.commit), short(&own.commit));
        format!("run {number} of {file} was at commit {before}, and this is {now}")
    } else if own.reference != other.reference {
        let (before, now) = (&other.reference, &own.reference);
        format!("run {number} of {file} was for `{before}`, not `{now}`")
    } else {
        format!("run {number} of {file} had another payload or other inputs")
    }
}

/// Names the files that differ; empty where none does.
fn changed(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> String {
    let mut paths: Vec<&str> = before
        .keys()
        .chain(now.keys())
        .filter(|path| before.get(*path) != now.get(*path))
        .map(String::as_str)
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let more = paths.len().saturating_sub(NAMED);
    let mut named = paths[..paths.len() - more].join(", ");
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    named
}

/// Returns the records of the jobs that ended, also of a run that was killed.
fn finished(folder: &Path, run: u64, attempt: &Attempt) -> BTreeMap<String, JobRecord> {
    let text = fs_err::read_to_string(folder.join(FINISHED)).unwrap_or_default();
    let commit = attempt.subjects.first().map(|subject| &subject.commit);
    let commit: String = commit.map_or_else(String::new, |commit| commit.chars().take(7).collect());
    // The last line of a run that was killed may be cut, and then its job runs again.
    let records = text
        .lines()
        .filter_map(|line| serde_json::from_str::<JobRecord>(line).ok());
    records
        .map(|mut record| {
            record.reused.get_or_insert_with(|| Reused {
                run,
                at: attempt.started,
                commit: commit.clone(),
            });
            (record.name.clone(), record)
        })
        .collect()
}

/// Notes every job that ends, for a later attempt.
pub(super) struct Journal<'a> {
    observer: &'a mut dyn Observer,
    file: fs_err::File,
    /// Why it is not whole.
    pub(super) failed: Option<io::Error>,
}

impl<'a> Journal<'a> {
    /// Opens the journal of a run before an observer.
    pub(super) fn open(folder: &Path, observer: &'a mut dyn Observer) -> anyhow::Result<Self> {
        let mut options = fs_err::OpenOptions::new();
        let file = options
            .create(true)
            .append(true)
            .open(folder.join(FINISHED))?;
        Ok(Self {
            observer,
            file,
            failed: None,
        })
    }

    fn note(&mut self, record: &JobRecord) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

impl Observer for Journal<'_> {
    fn event(&mut self, event: &RunEvent) {
        if let RunEvent::JobFinished { record } = event
            && let Err(error) = self.note(record)
        {
            self.failed = Some(error);
        }
        self.observer.event(event);
    }

    fn tick(&mut self) {
        self.observer.tick();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_files_are_named() {
        let files = |named: &[(&str, &str)]| -> BTreeMap<String, String> {
            let named = named.iter();
            named
                .map(|(path, digest)| ((*path).to_owned(), (*digest).to_owned()))
                .collect()
        };
        let before = files(&[("a", "1"), ("b", "1"), ("c", "")]);
        for (now, expected) in [
            (before.clone(), ""),
            (files(&[("a", "2"), ("b", "1"), ("d", "1")]), "a, c, d"),
            (
                files(&[("1", ""), ("2", ""), ("3", ""), ("4", ""), ("5", "")]),
                "1, 2, 3, 4, 5 and 3 more",
            ),
        ] {
            assert_eq!(changed(&before, &now), expected);
        }
    }
}
