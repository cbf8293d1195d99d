//! Folders laid over each other, whose writes can be harvested on the host.
//!
//! Where the upper folder's file system cannot take an overlay's writes (it is an overlay itself, as the
//! root of a container), they are taken in memory and copied out at the end.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};

use super::super::error::Refusal;
use super::build::{BuildError, step_at};
use super::capabilities;
use super::mounts::{NewRoot, make_folder};

/// Writes that were taken in memory, to be copied to where the caller looks for them.
pub(super) struct Harvest {
    memory: File,
    host: File,
}

/// An overlay as the caller describes it.
pub(super) struct Overlay<'a> {
    pub(super) lower: &'a [PathBuf],
    pub(super) upper: &'a Path,
    pub(super) work: &'a Path,
    pub(super) target: &'a Path,
}

impl Overlay<'_> {
    /// Mounts the overlay in the new root. `memory` is a folder of the old root for what the host's file
    /// system refuses.
    pub(super) fn mount(
        &self,
        root: &NewRoot,
        memory: &Path,
    ) -> Result<Option<Harvest>, BuildError> {
        let at = root.at(self.target);
        make_folder(&at, 0o755)?;
        match self.mount_with(&at, self.upper, self.work) {
            Ok(()) => Ok(None),
            Err(Errno::EINVAL | Errno::EOPNOTSUPP) => self.mount_in_memory(&at, memory).map(Some),
            Err(error) => Err(self.refused(error)),
        }
    }

    fn mount_in_memory(&self, at: &Path, memory: &Path) -> Result<Harvest, BuildError> {
        make_folder(memory, 0o700)?;
        mount(
            Some("tmpfs"),
            memory,
            Some("tmpfs"),
            MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
            Some("mode=700"),
        )
        .map_err(step_at("mount memory at", memory))?;
        let (upper, work) = (memory.join("upper"), memory.join("work"));
        make_folder(&upper, 0o755)?;
        make_folder(&work, 0o755)?;
        self.mount_with(at, &upper, &work)
            .map_err(|error| self.refused(error))?;
        Ok(Harvest {
            memory: File::open(&upper).map_err(step_at("open", &upper))?,
            host: File::open(self.upper).map_err(step_at("open", self.upper))?,
        })
    }

    fn mount_with(&self, at: &Path, upper: &Path, work: &Path) -> nix::Result<()> {
        let lower: Vec<OsString> = self.lower.iter().map(|path| escaped(path, true)).collect();
        let mut options = OsString::from("lowerdir=");
        options.push(lower.join(OsStr::new(":")));
        options.push(",upperdir=");
        options.push(escaped(upper, false));
        options.push(",workdir=");
        options.push(escaped(work, false));
        if capabilities::is_in_user_namespace() {
            options.push(",userxattr");
        }
        mount(
            Some("overlay"),
            at,
            Some("overlay"),
            MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
            Some(options.as_os_str()),
        )
    }

    fn refused(&self, error: Errno) -> BuildError {
        BuildError::Refused(Refusal::OverlayRefused {
            target: self.target.to_owned(),
            reason: error.desc().to_owned(),
        })
    }
}

impl Harvest {
    /// Copies files, links and folders out; what was deleted is not told.
    pub(super) fn copy_out(&self) -> io::Result<()> {
        copy_tree(&path_of(&self.memory), &path_of(&self.host))
    }
}

/// Returns a path that leads to an open folder, wherever it is mounted.
fn path_of(folder: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()))
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            fs::create_dir_all(&target)?;
            copy_tree(&source, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target)?;
        }
    }
    Ok(())
}

/// Escapes what separates options (and, in a list, folders) in the system's own syntax.
fn escaped(path: &Path, in_list: bool) -> OsString {
    let mut escaped = Vec::with_capacity(path.as_os_str().len());
    for &byte in path.as_os_str().as_bytes() {
        if byte == b'\\' || byte == b',' || (in_list && byte == b':') {
            escaped.push(b'\\');
        }
        escaped.push(byte);
    }
    OsString::from_vec(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_separators() {
        let table = [
            ("/a b", false, "/a b"),
            ("/a,b:c", false, r"/a\,b:c"),
            ("/a,b:c", true, r"/a\,b\:c"),
            (r"/a\b", true, r"/a\\b"),
        ];
        for (path, in_list, expected) in table {
            assert_eq!(escaped(Path::new(path), in_list), expected, "{path}");
        }
    }
}
