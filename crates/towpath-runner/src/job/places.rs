//! The folders of a job, which nothing outlives.

use std::io;
use std::path::PathBuf;

use fs_err as fs;
use towpath_workflow::expression::Value;

use crate::event::RunContext;
use crate::request::Machine;
use crate::work::Assignment;

/// The folders of a job. All are absolute and exist.
pub(super) struct Places {
    /// Holds the others.
    root: PathBuf,
    /// `GITHUB_WORKSPACE`; empty at first.
    pub(super) workspace: PathBuf,
    /// `RUNNER_TEMP`.
    pub(super) temp: PathBuf,
    /// Command files and scripts.
    pub(super) files: PathBuf,
    /// `HOME`.
    pub(super) home: PathBuf,
    /// `GITHUB_EVENT_PATH`.
    pub(super) event: PathBuf,
}

impl Places {
    /// Makes the folders. The workspace is named after the repository, twice, as on GitHub.
    pub(super) fn make(
        machine: &Machine<'_>,
        assignment: &Assignment,
        context: &RunContext,
    ) -> io::Result<Self> {
        let root = machine.work.join(assignment.index.to_string());
        let repository = context.github.get("repository").map(Value::to_text);
        let name = repository
            .as_deref()
            .and_then(|name| name.rsplit('/').next());
        let name = name
            .filter(|name| !name.is_empty() && !name.starts_with('.') && !name.contains('\0'))
            .unwrap_or("repository");
        let temp = root.join("_temp");
        let places = Self {
            workspace: root.join(name).join(name),
            files: temp.join("_runner_file_commands"),
            event: temp.join("_github_workflow").join("event.json"),
            home: root.join("_home"),
            temp,
            root,
        };
        for folder in [&places.workspace, &places.files, &places.home] {
            fs::create_dir_all(folder)?;
        }
        if let Some(folder) = places.event.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&places.event, &context.event_text)?;
        Ok(places)
    }

    /// Removes the folders.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}
