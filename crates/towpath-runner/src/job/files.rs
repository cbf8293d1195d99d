//! The files through which a step speaks to the job: `GITHUB_ENV`, `GITHUB_OUTPUT`, `GITHUB_PATH`,
//! `GITHUB_STATE` and `GITHUB_STEP_SUMMARY`. Each step gets new ones.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fs_err as fs;

use towpath_host::disk::read_regular;
use towpath_report::Problem;

use crate::commands::{FileError, read_environment, read_paths, read_summary, read_variables};

/// The variables that name the files.
const VARIABLES: [&str; 5] = [
    "GITHUB_ENV",
    "GITHUB_OUTPUT",
    "GITHUB_PATH",
    "GITHUB_STATE",
    "GITHUB_STEP_SUMMARY",
];

/// A file of a step is not read beyond this many bytes.
const LONGEST: u64 = 64 << 20;

/// The files of one step, in the order of [`VARIABLES`].
pub(super) struct CommandFiles([PathBuf; 5]);

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
    /// Makes empty files with a number of their own.
    pub(super) fn make(folder: &Path, number: u64) -> Result<Self, Problem> {
        let files = VARIABLES.map(|name| folder.join(format!("{}_{number}", kind(name))));
        for file in &files {
            // To make a file costs far more than to rename one.
            if fs::rename(spare(file), file).is_err() {
                fs::File::create(file).map_err(|error| {
                    Problem::error(format!("cannot make the step's files: {error}"))
                        .with_hint("free space on the disk")
                })?;
            }
        }
        Ok(Self(files))
    }

    /// Returns the variables that name the files.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        let named = VARIABLES.iter().zip(&self.0);
        named.map(|(name, file)| ((*name).to_owned(), file.to_string_lossy().into_owned()))
    }

    /// Reads what was written and removes the files.
    pub(super) fn take(self) -> Written {
        let mut written = Written::default();
        let [environment, outputs, paths, state, summary] = &self.0;
        for (file, target, name) in [
            (outputs, &mut written.outputs, VARIABLES[1]),
            (state, &mut written.state, VARIABLES[3]),
        ] {
            match contents(file) {
                Ok(bytes) => {
                    let read = read_variables(&bytes);
                    *target = read.values;
                    let mistake = read.mistake.map(|error| broken(name, &error));
                    written.problems.extend(mistake);
                }
                Err(problem) => written.problems.push(problem),
            }
        }
        match contents(environment) {
            Ok(bytes) => {
                let read = read_environment(&bytes);
                written.environment = read.variables;
                written
                    .warnings
                    .extend(read.refused.iter().map(|name| refused(name)));
                let mistake = read.mistake.map(|error| broken(VARIABLES[0], &error));
                written.problems.extend(mistake);
            }
            Err(problem) => written.problems.push(problem),
        }
        match contents(paths) {
            Ok(bytes) => written.paths = read_paths(&bytes),
            Err(problem) => written.problems.push(problem),
        }
        let read = contents(summary)
            .and_then(|bytes| read_summary(&bytes).map_err(|error| broken(VARIABLES[4], &error)));
        match read {
            Ok(text) => written.summary = text,
            Err(problem) => written.warnings.push(problem),
        }
        for file in &self.0 {
            // A step may have removed a file itself.
            let _ = if is_untouched(file) {
                fs::rename(file, spare(file))
            } else {
                fs::remove_file(file)
            };
        }
        written
    }
}

/// Returns the bytes of a file; one that the step removed says nothing.
fn contents(file: &Path) -> Result<Vec<u8>, Problem> {
    if is_untouched(file) {
        return Ok(Vec::new());
    }
    match read_regular(file, LONGEST) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Problem::error(format!(
            "cannot read what the step wrote: {error}"
        ))),
    }
}

/// Tells whether a file is as it was made: the next step may get it under a new name.
fn is_untouched(file: &Path) -> bool {
    fs::symlink_metadata(file).is_ok_and(|data| {
        let is_own = data.is_file() && data.permissions().mode() & 0o600 == 0o600;
        is_own && data.len() == 0
    })
}

/// Returns the names of the files in a folder that wait for a step and hold nothing.
pub(super) fn spare_files(folder: &Path) -> Vec<String> {
    let kinds = VARIABLES.iter().map(|name| kind(name));
    kinds
        .filter(|kind| is_untouched(&folder.join(kind)))
        .collect()
}

fn kind(variable: &str) -> String {
    variable.trim_start_matches("GITHUB_").to_ascii_lowercase()
}

/// Returns where a file waits for the next step that needs one of its kind.
fn spare(file: &Path) -> PathBuf {
    let name = file.file_name().and_then(|name| name.to_str());
    let kind = name.and_then(|name| name.rsplit_once('_'));
    file.with_file_name(kind.map_or("spare", |(kind, _)| kind))
}

fn broken(name: &str, error: &FileError) -> Problem {
    Problem::error(format!("`${name}`: {error}")).with_hint(error.hint())
}

/// Tells of a variable that a step may not set for others.
fn refused(name: &str) -> Problem {
    Problem::error(format!("a step may not set `{name}` for those after it"))
        .with_hint("set it in the `env` of the step that needs it")
}
