//! Finds Docker or Podman, and removes the containers of runs that were killed: an engine goes on with them
//! after towpath's own processes are gone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use towpath_host::lock;
use towpath_runner::{Engine, label_option};

use super::surroundings::program;
use crate::process::Process;

/// Lies in the folder of a run that may have containers.
const NOTE: &str = "engine.json";

/// The engine of a run, looked for on first use.
pub(super) struct Engines<'a> {
    process: &'a Process,
    folder: PathBuf,
    label: String,
    found: OnceLock<Result<Engine, String>>,
}

/// What is needed to remove the containers of a run.
#[derive(Serialize, Deserialize)]
struct Note {
    program: PathBuf,
    label: String,
}

impl<'a> Engines<'a> {
    /// Prepares the search for a run whose jobs work below this folder.
    pub(super) fn of_run(process: &'a Process, folder: &Path, run: u64) -> Self {
        Self {
            process,
            folder: folder.to_owned(),
            label: format!("{run}-{}", lock::own_mark()),
            found: OnceLock::new(),
        }
    }

    /// Returns the engine; the error says why there is none.
    pub(super) fn get(&self) -> Result<Engine, String> {
        self.found.get_or_init(|| self.find()).clone()
    }

    fn find(&self) -> Result<Engine, String> {
        let engine = find(self.process, &self.label)?;
        let note = Note {
            program: engine.program.clone(),
            label: engine.label.clone(),
        };
        serde_json::to_vec(&note)
            .map_err(std::io::Error::from)
            .and_then(|text| fs_err::write(self.folder.join(NOTE), text))
            .map_err(|error| format!("the run cannot be noted: {error}"))?;
        Ok(engine)
    }
}

/// Finds Docker or Podman and asks whether it works.
fn find(process: &Process, label: &str) -> Result<Engine, String> {
    let mut reason = "neither Docker nor Podman is on `PATH`".to_owned();
    for (name, is_podman) in [("docker", false), ("podman", true)] {
        let Some(program) = program(process, name) else {
            continue;
        };
        match ask(&program, &process.environment, &["version"]) {
            Ok(answer) => {
                return Ok(Engine {
                    program,
                    // Podman may stand under Docker's name.
                    is_podman: is_podman || answer.starts_with("Client:       Podman"),
                    environment: process.environment.clone(),
                    label: label.to_owned(),
                });
            }
            Err(said) => reason = format!("{name} does not work: {said}"),
        }
    }
    Err(reason)
}

/// Removes the containers and networks that a run left in which jobs worked below this folder; the error
/// says why they are still there.
pub(super) fn remove_left(
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<(), String> {
    // Before a note is whole nothing is made.
    let note = fs_err::read(folder.join(NOTE)).ok();
    let note = note.and_then(|text| serde_json::from_slice::<Note>(&text).ok());
    let Some(note) = note.filter(|note| note.program.is_file()) else {
        return Ok(());
    };
    let filter = format!("label={}", label_option(&note.label));
    for (list, remove) in [
        (&["ps", "--all"][..], &["rm", "--force", "--volumes"][..]),
        (&["network", "ls"], &["network", "rm"]),
    ] {
        let list = [list, &["--quiet", "--filter", &filter]].concat();
        let left = ask(&note.program, environment, &list)?;
        let left: Vec<&str> = left.split_whitespace().collect();
        if !left.is_empty() {
            ask(&note.program, environment, &[remove, &left].concat())?;
        }
    }
    Ok(())
}

/// Empties the folder of a run but for what is needed to remove its containers later.
pub(super) fn keep_note(folder: &Path) {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            let _ = fs_err::remove_dir_all(path);
        } else if !path.ends_with(NOTE) {
            let _ = fs_err::remove_file(path);
        }
    }
}

/// Runs the engine and returns what it answers; the error is the last line of what it says instead.
fn ask(
    program: &Path,
    environment: &BTreeMap<String, String>,
    arguments: &[&str],
) -> Result<String, String> {
    let answer = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if answer.status.success() {
        return Ok(String::from_utf8_lossy(&answer.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&answer.stderr).into_owned();
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(last.unwrap_or("it says nothing").trim().to_owned())
}
