//! The runs of a repository: each has a number and a folder below the state folder, which holds its
//! record and the logs of its jobs. Old runs are removed as new ones come.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use towpath_host::secret::{Masker, Secret};
use towpath_report::{JobRecord, Problem, RunRecord};
use towpath_runner::{Frame, PlannedJob};
use towpath_workflow::expression::Value;

use crate::failure::Failure;

/// How many runs are kept.
const KEPT_RUNS: u64 = 20;

/// What has a higher number is none of ours; all up to it are exact in JSON.
const LAST_RUN: u64 = 1 << 52;

/// The file of a run that tells what its workflows knew.
const FRAMES: &str = "frames.json";

/// What a workflow of a run knew, without its secrets.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunFrame {
    /// The workflow's file.
    pub(crate) file: String,
    /// What stands before the names of its jobs.
    pub(crate) prefix: String,
    /// The `github` context.
    pub(crate) github: Json,
    /// The `inputs` context.
    pub(crate) inputs: Json,
    /// The `vars` context.
    pub(crate) vars: Json,
}

impl RunFrame {
    /// Returns what a workflow of a plan knows. Inputs and variables may repeat a secret.
    pub(crate) fn of(frame: &Frame) -> Self {
        let mut github = frame.context.github.clone();
        github.0.retain(|(name, _)| name != "token");
        let secrets: Vec<Secret> = frame.context.secrets.values().cloned().collect();
        let masker = Masker::new(&secrets);
        Self {
            file: frame.file.clone(),
            prefix: frame.prefix.clone(),
            github: masked(Json::from(&Value::from(github)), &masker),
            inputs: masked(
                Json::from(&Value::from(frame.context.inputs.clone())),
                &masker,
            ),
            vars: masked(serde_json::json!(frame.context.variables), &masker),
        }
    }
}

/// Masks the texts within a value.
fn masked(value: Json, masker: &Masker) -> Json {
    match value {
        Json::String(text) => masker.mask_text(&text).into(),
        Json::Array(values) => values
            .into_iter()
            .map(|value| masked(value, masker))
            .collect(),
        Json::Object(values) => values
            .into_iter()
            .map(|(name, value)| (name, masked(value, masker)))
            .collect(),
        other => other,
    }
}

fn is_standard(record: &RunRecord) -> bool {
    record.workflows.is_empty()
}

/// The runs of one repository.
pub(crate) struct History {
    folder: PathBuf,
}

/// Returns the run that did a job's work, of runs by number with their starts; `None` where it is none of
/// them: an old one, or one of other state, whose numbers say nothing here.
pub(crate) fn worked_in(run: u64, job: &JobRecord, starts: &BTreeMap<u64, i64>) -> Option<u64> {
    match &job.reused {
        None => Some(run),
        Some(reused) => (starts.get(&reused.run) == Some(&reused.at)).then_some(reused.run),
    }
}

impl History {
    /// Returns the runs kept below a repository's state folder.
    pub(crate) fn of(state: &Path) -> Self {
        Self {
            folder: state.join("runs"),
        }
    }

    /// Returns the folder of a run.
    pub(crate) fn folder(&self, run: u64) -> PathBuf {
        self.folder.join(run.to_string())
    }

    /// Returns the log of a job of a run.
    pub(crate) fn log(&self, run: u64, job: &str) -> PathBuf {
        self.folder(run)
            .join("jobs")
            .join(towpath_runner::folder_name(job))
            .join("log.txt")
    }

    /// Returns when each of the kept runs started, by number.
    pub(crate) fn starts(&self) -> anyhow::Result<BTreeMap<u64, i64>> {
        Ok(self
            .records()?
            .map(|record| (record.run, record.started))
            .collect())
    }

    /// Takes the next number, by making its folder, which no other run can make too.
    pub(crate) fn next(&self) -> anyhow::Result<u64> {
        fs_err::create_dir_all(&self.folder)
            .map_err(|error| unwritable("the folder of the runs", &error))?;
        let mut number = self.numbers()?.last().copied().unwrap_or(0) + 1;
        while let Err(error) = fs_err::create_dir(self.folder(number)) {
            if error.kind() != std::io::ErrorKind::AlreadyExists {
                return Err(unwritable("the folder of the run", &error).into());
            }
            number += 1;
        }
        Ok(number)
    }

    /// Keeps the record of a run.
    pub(crate) fn keep(&self, record: &RunRecord) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec(record)?;
        let folder = self.folder(record.run);
        let temporary = folder.join("record.json.new");
        fs_err::write(&temporary, bytes)
            .and_then(|()| fs_err::rename(&temporary, folder.join("record.json")))
            .map_err(|error| unwritable("the record of the run", &error))?;
        Ok(())
    }

    /// Removes runs that are too old beside the newest, until told to stop: nobody waits for what may be
    /// thousands of files, and a later run removes the rest.
    pub(crate) fn prune(&self, newest: u64, stop: &AtomicBool) {
        let numbers = self.numbers().unwrap_or_default().into_iter();
        for old in numbers.filter(|number| number + KEPT_RUNS < newest + 1) {
            let removed = remove_file(&self.folder(old).join("record.json"))
                .and_then(|()| remove(&self.folder(old), stop));
            match removed {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::debug!("an old run was not removed: {error}"),
            }
        }
    }

    /// Keeps what the workflows of a run knew.
    pub(crate) fn keep_frames(&self, run: u64, frames: &[RunFrame]) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec(frames)?;
        fs_err::write(self.folder(run).join(FRAMES), bytes)
            .map_err(|error| unwritable("what the workflows knew", &error).into())
    }

    /// Returns what the workflows of a run knew; nothing where that was not kept.
    pub(crate) fn frames(&self, run: u64) -> Vec<RunFrame> {
        let bytes = fs_err::read(self.folder(run).join(FRAMES)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Returns the records of the runs that ended, the newest first, each read when it is asked for.
    pub(crate) fn records(&self) -> anyhow::Result<impl Iterator<Item = RunRecord>> {
        let numbers = self.numbers()?;
        Ok(numbers
            .into_iter()
            .rev()
            .filter_map(|number| self.record(number)))
    }

    /// Returns for each job the newest record that counts, with the number of that run.
    pub(crate) fn newest_records(
        &self,
        jobs: &[PlannedJob],
        counts: impl Fn(&JobRecord) -> bool,
    ) -> anyhow::Result<BTreeMap<String, (u64, JobRecord)>> {
        let mut newest = BTreeMap::new();
        for record in self.records()?.filter(is_standard) {
            for job in record.jobs {
                if counts(&job) {
                    newest.entry(job.name.clone()).or_insert((record.run, job));
                }
            }
            if jobs.iter().all(|job| newest.contains_key(&job.name)) {
                break;
            }
        }
        Ok(newest)
    }

    /// Returns the record of a run; `None` where it has none or one of another version.
    pub(crate) fn record(&self, number: u64) -> Option<RunRecord> {
        let bytes = fs_err::read(self.folder(number).join("record.json")).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Returns the numbers of the runs, ascending.
    pub(crate) fn numbers(&self) -> anyhow::Result<Vec<u64>> {
        let entries = match fs_err::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut numbers: Vec<u64> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|number| *number <= LAST_RUN)
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// Removes a folder, until told to stop; returns whether it is gone.
fn remove(folder: &Path, stop: &AtomicBool) -> std::io::Result<bool> {
    for entry in fs_err::read_dir(folder)? {
        if stop.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            remove_file(&entry.path())?;
        } else if !remove(&entry.path(), stop)? {
            return Ok(false);
        }
    }
    fs_err::remove_dir(folder)?;
    Ok(true)
}

/// Removes a file that may be gone already: another run may prune too.
fn remove_file(file: &Path) -> std::io::Result<()> {
    match fs_err::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn unwritable(what: &str, error: &std::io::Error) -> Failure {
    Failure::of(
        Problem::error(format!("cannot write {what}: {error}")).with_hint(
            "free space on the disk, or set `TOWPATH_STATE_DIR` to a folder that can be written",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_run_takes_no_number() {
        let context = towpath_testing::TestContext::without_git();
        let runs = History::of(context.folder());
        assert_eq!(runs.next().unwrap(), 1);
        for name in ["abc", "-1", "18446744073709551615", "99999999999999999"] {
            fs_err::create_dir(context.folder().join("runs").join(name)).expect("a folder");
        }
        assert_eq!(runs.next().unwrap(), 2);
        runs.prune(2, &AtomicBool::new(false));
        assert_eq!(runs.numbers().unwrap(), [1, 2]);
    }

    #[test]
    fn old_runs_go_until_told_to_stop() {
        let context = towpath_testing::TestContext::without_git();
        let runs = History::of(context.folder());
        for number in 1..=KEPT_RUNS + 2 {
            let pages = runs.folder(number).join("htmlcov");
            fs_err::create_dir_all(&pages).expect("a folder");
            fs_err::write(pages.join("index.html"), "").expect("a file");
            fs_err::write(runs.folder(number).join("record.json"), "{}").expect("a file");
        }
        let newest = KEPT_RUNS + 2;
        runs.prune(newest, &AtomicBool::new(true));
        assert!(runs.folder(1).join("htmlcov/index.html").exists());
        assert!(
            !runs.folder(1).join("record.json").exists(),
            "it is no run any more"
        );
        runs.prune(newest, &AtomicBool::new(false));
        let kept: Vec<u64> = (3..=newest).collect();
        assert_eq!(runs.numbers().expect("a folder"), kept);
    }
}
