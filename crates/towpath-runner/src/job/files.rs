//! The files through which a step speaks to the job: `GITHUB_ENV`, `GITHUB_OUTPUT`, `GITHUB_PATH`,
//! `GITHUB_STATE` and `GITHUB_STEP_SUMMARY`. Each step gets new ones.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fs_err as fs;

use towpath_host::disk::read_regular;
use towpath_report::Problem;

use crate::commands::{FileError, read_environment, read_paths, read_summary, read_variables};

/// The variables that name the files, and how the names of the files begin.
const KINDS: [(&str, &str); 5] = [
    ("GITHUB_ENV", "env"),
    ("GITHUB_OUTPUT", "output"),
    ("GITHUB_PATH", "path"),
    ("GITHUB_STATE", "state"),
    ("GITHUB_STEP_SUMMARY", "step_summary"),
];

/// A file of a step is not read beyond this many bytes.
const LONGEST: u64 = 64 << 20;

/// The name of the file that waits for the next script.
const SCRIPT: &str = "script";

/// The number of the files of a job's first step.
const FIRST: u64 = 1;

/// The files of a job's steps, those of one step after those of another.
pub(super) struct CommandFiles {
    folder: PathBuf,
    /// Tells them from those of steps that run at the same time; empty for those that run in turn.
    label: String,
    /// The number of the step that has them; 0 before the first one.
    number: u64,
}

/// What a step wrote into its files.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) environment: Vec<(String, String)>,
    pub(super) outputs: Vec<(String, String)>,
    pub(super) paths: Vec<String>,
    pub(super) state: Vec<(String, String)>,
    pub(super) summary: String,
    /// What could not be read; fails the step.
    pub(super) problems: Vec<Problem>,
    /// What is told without failing the step.
    pub(super) warnings: Vec<Problem>,
}

impl CommandFiles {
    /// Returns the files of the job that has this folder.
    pub(super) fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            label: String::new(),
            number: 0,
        }
    }

    /// Makes a folder for the files of a step that runs beside those that have these.
    pub(super) fn beside(&self, number: usize) -> io::Result<Self> {
        let label = format!("background{number}_");
        let folder = self.folder.join(&label);
        fs::create_dir(&folder)?;
        Ok(Self {
            folder,
            label,
            number: 0,
        })
    }

    /// Returns a name for what belongs to the step that has them.
    pub(super) fn name(&self) -> String {
        format!("{}{}", self.label, self.number)
    }

    /// Returns the name that the next step gets.
    pub(super) fn next_name(&self) -> String {
        format!("{}{}", self.label, self.next_number())
    }

    fn next_number(&self) -> u64 {
        self.number + 1
    }

    /// Returns where the files of the next step will be, by the names that the `github` context has for them.
    pub(super) fn next(&self) -> impl Iterator<Item = (&'static str, String)> {
        let next = self.next_number();
        KINDS.into_iter().map(move |(_, kind)| {
            let file = self.numbered(kind, next);
            (kind, file.to_string_lossy().into_owned())
        })
    }

    /// Makes empty files for the next step. To make a file costs far more than to rename one, so those
    /// that nobody wrote into get a new name.
    pub(super) fn renew(&mut self) -> Result<(), Problem> {
        let before = self.number.max(FIRST);
        self.number += 1;
        for (_, kind) in KINDS {
            let file = self.file(kind);
            if fs::rename(self.numbered(kind, before), &file).is_err() {
                fs::File::create(file).map_err(|error| {
                    Problem::error(format!("cannot make the step's files: {error}"))
                        .with_hint("free space on the disk")
                })?;
            }
        }
        Ok(())
    }

    /// Returns the variables that name the files.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        let value = |kind| self.file(kind).to_string_lossy().into_owned();
        KINDS
            .map(|(name, kind)| (name.to_owned(), value(kind)))
            .into_iter()
    }

    /// Takes what was written, with the files that it was written into.
    pub(super) fn take(&self) -> Written {
        let mut written = Written::default();
        let [environment, outputs, paths, state, summary] =
            KINDS.map(|(_, kind)| take(&self.file(kind)));
        for (read, target, name) in [
            (outputs, &mut written.outputs, KINDS[1].0),
            (state, &mut written.state, KINDS[3].0),
        ] {
            match read {
                Ok(bytes) => {
                    let read = read_variables(&bytes);
                    *target = read.values;
                    let mistake = read.mistake.map(|error| broken(name, &error));
                    written.problems.extend(mistake);
                }
                Err(problem) => written.problems.push(problem),
            }
        }
        match environment {
            Ok(bytes) => {
                let read = read_environment(&bytes);
                written.environment = read.variables;
                written
                    .warnings
                    .extend(read.refused.iter().map(|name| refused(name)));
                let mistake = read.mistake.map(|error| broken(KINDS[0].0, &error));
                written.problems.extend(mistake);
            }
            Err(problem) => written.problems.push(problem),
        }
        match paths {
            Ok(bytes) => written.paths = read_paths(&bytes),
            Err(problem) => written.problems.push(problem),
        }
        let read = summary
            .and_then(|bytes| read_summary(&bytes).map_err(|error| broken(KINDS[4].0, &error)));
        match read {
            Ok(text) => written.summary = text,
            Err(problem) => written.warnings.push(problem),
        }
        written
    }

    /// Gives the files that hold nothing the names that those of another job's first step have, and returns
    /// these names.
    pub(super) fn spare(&self) -> Vec<String> {
        let spare = |(_, kind)| {
            let file = self.file(kind);
            let is_spare = is_untouched(&file)
                && (self.number == FIRST || fs::rename(file, self.numbered(kind, FIRST)).is_ok());
            is_spare.then(|| numbered(kind, FIRST))
        };
        let files = KINDS.into_iter().filter_map(spare);
        files.chain([SCRIPT.to_owned()]).collect()
    }

    /// Returns where the file waits that holds the scripts of steps.
    pub(super) fn spare_script(&self) -> PathBuf {
        self.folder.join(SCRIPT)
    }

    fn file(&self, kind: &str) -> PathBuf {
        self.numbered(kind, self.number)
    }

    fn numbered(&self, kind: &str, number: u64) -> PathBuf {
        self.folder.join(numbered(kind, number))
    }
}

fn numbered(kind: &str, number: u64) -> String {
    format!("{kind}_{number}")
}

/// Takes a file that a step wrote into, and returns its bytes; one that the step removed says nothing.
fn take(file: &Path) -> Result<Vec<u8>, Problem> {
    if is_untouched(file) {
        return Ok(Vec::new());
    }
    let read = read_regular(file, LONGEST);
    // What a step put in its place is no file for the next one either.
    let _ = fs::remove_file(file).or_else(|_| fs::remove_dir_all(file));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read
            .map_err(|error| Problem::error(format!("cannot read what the step wrote: {error}"))),
    }
}

/// Tells whether a file is as it was made: the next step may get it under a new name.
fn is_untouched(file: &Path) -> bool {
    fs::symlink_metadata(file).is_ok_and(|data| {
        let is_own = data.is_file() && data.nlink() == 1 && data.mode() & 0o600 == 0o600;
        is_own && data.len() == 0
    })
}

fn broken(name: &str, error: &FileError) -> Problem {
    Problem::error(format!("`${name}`: {error}")).with_hint(error.hint())
}

/// Tells of a variable that a step may not set for others.
fn refused(name: &str) -> Problem {
    Problem::error(format!("a step may not set `{name}` for those after it"))
        .with_hint("set it in the `env` of the step that needs it")
}
