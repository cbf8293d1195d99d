//! The folders of a job. What a job left in them is gone before the next one gets them.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fs_err as fs;
use towpath_workflow::expression::Value;

use super::files::CommandFiles;
use super::script_file::is_own;
use crate::assignment::Assignment;
use crate::event::RunContext;
use crate::request::Machine;
use crate::spares::Spares;

const TEMP: &str = "_temp";
const FILES: &str = "_runner_file_commands";
const EVENT_FOLDER: &str = "_github_workflow";
const EVENT: &str = "event.json";
const HOME: &str = "_home";
/// Nobody but its owner may look into such a folder.
const PRIVATE: u32 = 0o700;

/// The folders of a job. All are absolute and exist.
#[derive(Clone)]
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
        let spare = assignment.spares.take();
        let is_spare = spare.is_some();
        let root = spare.unwrap_or_else(|| machine.work.join(assignment.index.to_string()));
        let repository = context.github.get("repository").map(Value::to_text);
        let name = repository
            .as_deref()
            .and_then(|name| name.rsplit('/').next());
        let name = name
            .filter(|name| !name.is_empty() && !name.starts_with('.') && !name.contains('\0'))
            .unwrap_or("repository");
        let temp = root.join(TEMP);
        let places = Self {
            workspace: root.join(name).join(name),
            files: temp.join(FILES),
            event: temp.join(EVENT_FOLDER).join(EVENT),
            home: root.join(HOME),
            temp,
            root,
        };
        // Those that waited for a job are all there, but for the workspace where that has another name.
        if !is_spare || !places.workspace.is_dir() {
            let folders = [&places.workspace, &places.files, &places.home];
            for folder in folders
                .into_iter()
                .map(PathBuf::as_path)
                .chain(places.event.parent())
            {
                fs::create_dir_all(folder)?;
            }
        }
        // Scripts and command files may hold secrets.
        for folder in [&places.temp, &places.home] {
            if fs::metadata(folder)?.permissions().mode() & 0o777 != PRIVATE {
                fs::set_permissions(folder, Permissions::from_mode(PRIVATE))?;
            }
        }
        write_event(&places.event, &context.event_text)?;
        Ok(places)
    }

    /// Returns the folder that holds the others.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the folder of the event.
    pub(super) fn event_folder(&self) -> &Path {
        self.event.parent().unwrap_or(&self.root)
    }

    /// Removes all that a job left; the folders themselves wait for the next one, where they are as they were.
    pub(super) fn remove(&self, files: &CommandFiles, spares: &Spares) -> io::Result<()> {
        if let Err(error) = self.clear(files) {
            tracing::debug!(%error, "the folders of a job cannot be used again");
            return self.remove_all();
        }
        spares.put(self.root.clone());
        Ok(())
    }

    fn clear(&self, files: &CommandFiles) -> io::Result<()> {
        let files = files.spare();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let nothing = Path::new("");
        let outer = self.workspace.parent().unwrap_or(nothing);
        let name = self.workspace.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        clear(&self.root, &[name, TEMP, HOME])?;
        clear(outer, &[name])?;
        clear(&self.workspace, &[])?;
        clear(&self.temp, &[FILES, EVENT_FOLDER])?;
        clear(self.event_folder(), &[EVENT])?;
        clear(&self.files, &files)?;
        clear(&self.home, &[])
    }

    fn remove_all(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

/// Writes the event, where the job before did not have the same.
fn write_event(file: &Path, text: &str) -> io::Result<()> {
    if is_own(file) && fs::read(file).is_ok_and(|own| own == text.as_bytes()) {
        return Ok(());
    }
    let _ = fs::remove_file(file).or_else(|_| fs::remove_dir_all(file));
    fs::write(file, text)
}

/// Empties a folder of the job but for some folders in it. It is an error where a step put something else in
/// its place or closed it.
fn clear(folder: &Path, kept: &[&str]) -> io::Result<()> {
    let data = fs::symlink_metadata(folder)?;
    if !data.is_dir() || data.permissions().mode() & PRIVATE != PRIVATE {
        return Err(io::Error::other("it is no longer the job's folder"));
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_kept = entry
            .file_name()
            .to_str()
            .is_some_and(|name| kept.contains(&name));
        if is_kept {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
