//! The kinds of mounts that a closed root is made of.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};

use super::build::{BuildError, step_at};
use super::mountinfo::MountTable;

const NOTHING: Option<&str> = None;

/// A new root under construction: a folder of the old root under which everything is mounted.
pub(super) struct NewRoot<'a> {
    folder: PathBuf,
    host: &'a MountTable,
}

impl<'a> NewRoot<'a> {
    /// Returns an empty root in memory, mounted at `folder`.
    pub(super) fn mount(folder: PathBuf, host: &'a MountTable) -> Result<Self, BuildError> {
        make_folder(&folder, 0o755)?;
        let root = Self { folder, host };
        root.memory(Path::new("/"), "mode=755")?;
        Ok(root)
    }

    /// Returns where `path` of the sandbox lies while it is built.
    pub(super) fn at(&self, path: &Path) -> PathBuf {
        self.folder.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Shows `source`, with all that is mounted below it, at `target`, to read only.
    pub(super) fn read_only(&self, source: &Path, target: &Path) -> Result<(), BuildError> {
        self.writable(source, target)?;
        let at = self.at(target);
        // Paths in the list of mounts are real ones.
        let real = fs::canonicalize(source).map_err(step_at("find", source))?;
        remount_read_only(&at, self.host.flags_of(&real))
            .map_err(step_at("protect from writing", target))?;
        for (relative, flags) in self.host.below(&real) {
            match remount_read_only(&at.join(relative), flags) {
                // Hidden below another mount: nobody can reach it.
                Ok(()) | Err(Errno::EINVAL | Errno::ENOENT | Errno::ENOTDIR) => {}
                Err(error) => {
                    return Err(step_at("protect from writing", &target.join(relative))(
                        error,
                    ));
                }
            }
        }
        Ok(())
    }

    /// Shows `source`, with all that is mounted below it, at `target`.
    pub(super) fn writable(&self, source: &Path, target: &Path) -> Result<(), BuildError> {
        let at = self.at(target);
        let is_folder = fs::metadata(source)
            .map_err(step_at("find", source))?
            .is_dir();
        if is_folder {
            make_folder(&at, 0o755)?;
        } else {
            make_file(&at)?;
        }
        mount(
            Some(source),
            &at,
            NOTHING,
            MsFlags::MS_BIND | MsFlags::MS_REC,
            NOTHING,
        )
        .map_err(step_at("mount", source))
    }

    /// Mounts an empty folder in memory.
    pub(super) fn memory(&self, target: &Path, options: &str) -> Result<(), BuildError> {
        let at = self.at(target);
        make_folder(&at, 0o755)?;
        mount(
            Some("tmpfs"),
            &at,
            Some("tmpfs"),
            MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
            Some(options),
        )
        .map_err(step_at("mount memory at", target))
    }

    /// Takes a file of an overlay away, for this sandbox alone.
    pub(super) fn hide(&self, target: &Path) -> Result<(), BuildError> {
        match fs::remove_file(self.at(target)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(step_at("hide", target)(error))
            }
            _ => Ok(()),
        }
    }

    /// Makes a folder of the root itself that stays writable when the root is protected.
    pub(super) fn private(&self, target: &Path, mode: u32) -> Result<(), BuildError> {
        let at = self.at(target);
        make_folder(&at, 0o755)?;
        fs::set_permissions(&at, std::os::unix::fs::PermissionsExt::from_mode(mode))
            .map_err(step_at("make", target))?;
        mount(Some(&at), &at, NOTHING, MsFlags::MS_BIND, NOTHING).map_err(step_at("mount", target))
    }

    /// Protects the root's own folders from writing.
    pub(super) fn protect(&self) -> Result<(), BuildError> {
        remount_read_only(&self.folder, MsFlags::MS_NOSUID | MsFlags::MS_NODEV)
            .map_err(step_at("protect from writing", Path::new("/")))
    }

    /// Returns the folder under which everything is mounted.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Makes a folder with those above it; one that is there stays as it is.
pub(super) fn make_folder(path: &Path, mode: u32) -> Result<(), BuildError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(step_at("make", path))
}

/// Makes an empty file to mount a file on; one that is there stays as it is.
fn make_file(path: &Path) -> Result<(), BuildError> {
    if let Some(folder) = path.parent() {
        make_folder(folder, 0o755)?;
    }
    match fs::File::create_new(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(step_at("make", path)(error))
        }
        _ => Ok(()),
    }
}

fn remount_read_only(at: &Path, flags: MsFlags) -> nix::Result<()> {
    let change = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mount(NOTHING, at, NOTHING, change | flags, NOTHING)
}
