//! What the process was started with: the one place where environment, folder and streams are read.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Context;
use towpath_host::folders::Folders;

use crate::failure::Failure;

/// Environment, folder and program of this process.
pub(crate) struct Process {
    /// Arguments, the program's name first.
    pub arguments: Vec<OsString>,
    /// Environment variables; those that are not UTF-8 are left out.
    pub environment: BTreeMap<String, String>,
    /// The current folder.
    pub folder: PathBuf,
    /// towpath's own program.
    pub program: PathBuf,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    folders: OnceLock<Folders>,
}

impl Process {
    /// Reads them.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that reads the environment"
    )]
    pub(crate) fn read() -> anyhow::Result<Self> {
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let home = environment
            .get("HOME")
            .filter(|home| !home.is_empty())
            .map(PathBuf::from);
        Ok(Self {
            arguments: std::env::args_os().collect(),
            environment,
            folder: std::env::current_dir().context("cannot tell the current folder")?,
            program: std::env::current_exe().context("cannot tell where towpath itself lies")?,
            home,
            folders: OnceLock::new(),
        })
    }

    /// Returns this process as it would be in another folder, with other variables and places.
    pub(crate) fn within(
        &self,
        folder: &Path,
        environment: BTreeMap<String, String>,
        folders: Folders,
    ) -> Self {
        Self {
            arguments: self.arguments.clone(),
            environment,
            folder: folder.to_owned(),
            program: self.program.clone(),
            home: self.home.clone(),
            folders: OnceLock::from(folders),
        }
    }

    /// Returns where cache and state are kept, found on first use.
    pub(crate) fn folders(&self) -> Result<&Folders, Failure> {
        if let Some(folders) = self.folders.get() {
            return Ok(folders);
        }
        let found = Folders::find(&self.environment, &self.folder)
            .map_err(|error| Failure::from_error(&error, error.hints()))?;
        Ok(self.folders.get_or_init(|| found))
    }
}
