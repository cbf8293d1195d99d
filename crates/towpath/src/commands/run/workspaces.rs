//! The folder in which the jobs of a run work. It goes with the run; what a run left that was killed goes
//! with the next.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use towpath_host::lock::{self, Lock};

use super::engines;
use crate::failure::Failure;

/// The folder, until it is dropped.
pub(super) struct Workspaces {
    folder: PathBuf,
    _lock: Lock,
}

impl Workspaces {
    /// Makes the folder for a run below a repository's state folder, and removes those of runs that are
    /// no more, with their containers. Notes tell what stays.
    pub(super) fn make(
        state: &Path,
        run: u64,
        environment: &BTreeMap<String, String>,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<Self> {
        let all = state.join("work");
        fs_err::create_dir_all(&all)?;
        // Scripts and files of steps hold secrets.
        fs_err::set_permissions(&all, Permissions::from_mode(0o700))?;
        let lock = hold(&all, &run.to_string())
            .map_err(|error| Failure::from_error(&error, error.hints()))?;
        sweep(&all, run, environment, notes);
        let folder = all.join(run.to_string());
        fs_err::create_dir_all(&folder)?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Returns the folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Workspaces {
    fn drop(&mut self) {
        if let Err(error) = fs_err::remove_dir_all(&self.folder) {
            tracing::debug!("the workspaces were not removed: {error}");
        }
        let _ = fs_err::remove_file(self.folder.with_extension("lock"));
    }
}

fn hold(all: &Path, run: &str) -> Result<Lock, lock::Error> {
    let file = all.join(format!("{run}.lock"));
    Lock::exclusive(&file, "running workflows", Duration::ZERO)
}

fn sweep(all: &Path, own: u64, environment: &BTreeMap<String, String>, notes: &mut Vec<String>) {
    let entries = fs_err::read_dir(all).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_old = name.parse::<u64>().is_ok_and(|run| run != own);
        if !is_old || hold(all, &name).is_err() {
            continue;
        }
        if let Err(reason) = engines::remove_left(&entry.path(), environment) {
            engines::keep_note(&entry.path());
            notes.push(format!(
                "the containers of run {name}, which was killed, are left: {reason}"
            ));
        } else {
            let _ = fs_err::remove_dir_all(entry.path());
            let _ = fs_err::remove_file(all.join(format!("{name}.lock")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_goes_with_the_next() {
        let context = towpath_testing::TestContext::without_git();
        let state = context.root();
        let make = |run| {
            let mut notes = Vec::new();
            let made = Workspaces::make(state, run, &BTreeMap::new(), &mut notes).unwrap();
            (made, notes)
        };
        let (other, _) = make(1);
        context.write("work/7/_temp/secret.env", "TOKEN=1");
        context.write("work/8/1/_temp/secret.env", "TOKEN=1");
        let note = r#"{"program": "/bin/false", "label": "8-1"}"#;
        context.write("work/8/engine.json", note);
        let (own, notes) = make(2);
        assert!(other.folder().is_dir() && own.folder().is_dir());
        assert!(!state.join("work/7").exists());
        let mode = fs_err::metadata(state.join("work")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o700, "only the user looks into it");
        let [note] = &notes[..] else {
            panic!("{notes:?}")
        };
        assert!(note.starts_with("the containers of run 8, which"), "{note}");
        assert_eq!(fs_err::read_dir(state.join("work/8")).unwrap().count(), 1);
        context.write(
            "work/8/engine.json",
            r#"{"program": "/bin/true", "label": "8-1"}"#,
        );
        let (next, notes) = make(3);
        assert_eq!(notes, [""; 0]);
        drop((other, own, next));
        assert_eq!(fs_err::read_dir(state.join("work")).unwrap().count(), 0);
    }
}
