//! The archive of a cache: files and folders by their paths in the job.
//!
//! Paths are kept by what they begin with (workspace, temporary folder, home), since jobs lie in folders
//! of their own and the toolkit's relative paths would lead elsewhere.

use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// A folder of the job, and how it is called in archives.
pub(super) type Root<'a> = (&'static str, &'a Path);

/// Returns a path as it is called in an archive; `None` outside of the job.
pub(super) fn name_of(path: &Path, roots: &[Root<'_>]) -> Option<PathBuf> {
    roots.iter().find_map(|(name, root)| {
        let below = path.strip_prefix(root).ok()?;
        Some(Path::new(name).join(below))
    })
}

/// Writes files and folders, those with all that is in them.
pub(super) fn write(to: &mut dyn Write, paths: &[PathBuf], roots: &[Root<'_>]) -> io::Result<()> {
    let encoder = GzEncoder::new(to, Compression::fast());
    let mut archive = tar::Builder::new(encoder);
    archive.follow_symlinks(false);
    for path in paths {
        let Some(name) = name_of(path, roots) else {
            continue;
        };
        if path.symlink_metadata()?.is_dir() {
            archive.append_dir_all(name, path)?;
        } else {
            archive.append_path_with_name(path, name)?;
        }
    }
    archive.into_inner()?.finish()?;
    Ok(())
}

/// Brings back what was written, over what is there.
pub(super) fn read(from: &mut dyn Read, roots: &[Root<'_>]) -> io::Result<()> {
    let mut archive = tar::Archive::new(GzDecoder::new(from));
    archive.set_preserve_permissions(true);
    archive.set_preserve_mtime(true);
    archive.set_overwrite(true);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.into_owned();
        let mut parts = name.components();
        let first = parts.next();
        let root = roots
            .iter()
            .find(|(root, _)| first == Some(Component::Normal(std::ffi::OsStr::new(root))));
        let Some((_, root)) = root else {
            continue;
        };
        let below = parts.as_path();
        if below.as_os_str().is_empty() {
            continue;
        }
        if below
            .components()
            .any(|part| !matches!(part, Component::Normal(_)))
        {
            let error = format!("`{}` leads out of the cache", name.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        let target = root.join(below);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        entry.unpack(&target)?;
    }
    Ok(())
}
