//! The state of a repository at one moment, kept so that any number of workspaces can be filled with it,
//! whatever its owner changes meanwhile.
//!
//! Nothing is written into the repository: what is not committed becomes objects in a folder of its own.
//! Workspaces read the repository's objects as alternates and never share a file with it, so that no
//! `chown -R` or `git gc` in a workspace reaches it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Error, Git, command, first_line};

/// Settings for a git that writes objects which nobody keeps.
const FREEZE: &[&str] = &[
    "core.safecrlf=false",
    "core.compression=0",
    "core.fsync=none",
    "advice.addEmbeddedRepo=false",
    "index.threads=1",
];

/// The state of a repository at one moment.
#[derive(Debug)]
pub struct Frozen {
    /// The commit checked out.
    pub commit: String,
    /// Whether the working tree differed from it, untracked files included.
    pub has_changes: bool,
    /// The tree object of the working tree: tracked, and untracked but not ignored.
    pub(super) tree: String,
    /// The objects of the repository, then those of its working tree.
    pub(super) objects: [PathBuf; 2],
}

impl Git {
    /// Keeps the state of the working tree in `folder`, which is made; `None` before the first commit.
    pub fn freeze(&self, folder: &Path) -> Result<Option<Frozen>, Error> {
        if self.head().is_none() {
            return Ok(None);
        }
        let own = folder.join("objects");
        let objects = [self.view.common_folder.join("objects"), own.clone()];
        let unwritable = |source| Error::Unwritable {
            path: folder.to_owned(),
            source,
        };
        std::fs::create_dir_all(own.join("info")).map_err(unwritable)?;
        write_alternates(&own, &objects[..1]).map_err(unwritable)?;
        let index = folder.join("index");
        if self.index_file().exists() {
            std::fs::copy(self.index_file(), &index).map_err(unwritable)?;
        }
        let freezing = |arguments: &[&str]| -> Result<Vec<u8>, Error> {
            let mut command = self.freezing_command(&own, &index)?;
            command.args(arguments);
            command::finished(command, arguments[0], &self.view.top_level)
        };
        freezing(&["add", "--all", "--", "."])?;
        let tree = first_line(&freezing(&["write-tree"])?);
        let output = self.run(&["rev-parse", "HEAD^{commit}", "HEAD^{tree}"])?;
        let text = String::from_utf8_lossy(&output);
        let mut lines = text.lines();
        let commit = lines.next().unwrap_or_default().to_owned();
        let has_changes = lines.next() != Some(tree.as_str());
        Ok(Some(Frozen {
            commit,
            has_changes,
            tree,
            objects,
        }))
    }

    fn freezing_command(&self, objects: &Path, index: &Path) -> Result<Command, Error> {
        let filters = &self.configuration()?.filters;
        let mut command = command::command(&self.view.top_level, filters);
        command
            .env("GIT_OBJECT_DIRECTORY", objects)
            .env("GIT_INDEX_FILE", index);
        for setting in FREEZE {
            command.arg("-c").arg(setting);
        }
        Ok(command)
    }
}

/// Lets a folder of objects borrow from others.
pub(super) fn write_alternates(objects: &Path, others: &[PathBuf]) -> std::io::Result<()> {
    let mut text = OsString::new();
    for other in others {
        text.push(other);
        text.push("\n");
    }
    std::fs::create_dir_all(objects.join("info"))?;
    std::fs::create_dir_all(objects.join("pack"))?;
    std::fs::write(
        objects.join("info/alternates"),
        std::os::unix::ffi::OsStrExt::as_bytes(text.as_os_str()),
    )
}
