//! Editable wheels that were built, with what their builds wrote into the repository: a folder each, named
//! after all that they depend on, complete when it is there.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use towpath_host::Digest;
use towpath_host::cache::note_use;

use super::{EditableRequest, Error};
use crate::environments::Environment;
use crate::environments::wheel::{Wheel, lay_wheel, put};

/// What a build left.
#[derive(Clone, Copy)]
pub struct EditableOutput<'a> {
    /// The wheel.
    pub wheel: &'a Path,
    /// What it wrote into the repository, laid out like it, if anything.
    pub written: Option<&'a Path>,
}

/// A project that was built for editing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editable {
    folder: PathBuf,
    wheel: String,
    /// Files that the build wrote into the repository (`_version.py`, extension modules), laid out like it:
    /// a lower folder above the repository's own. Absent where it wrote none.
    pub tree: Option<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    wheel: String,
    has_tree: bool,
}

impl Editable {
    /// Returns whether it serves every Python, not only the one that built it.
    pub fn is_pure(&self) -> bool {
        self.wheel.ends_with("-none-any.whl")
    }

    /// Returns the layer of the project for an environment: a lower folder above the environment's own.
    pub fn lay(
        &self,
        cache: &Path,
        request: &EditableRequest<'_>,
        environment: &Environment,
    ) -> Result<PathBuf, Error> {
        let path = self.folder.join(&self.wheel);
        let bytes = fs_err::read(&path).map_err(|source| Error::Read { path, source })?;
        let wheel = Wheel {
            name: &self.wheel,
            bytes: &bytes,
            edits: Some(&request.source.join(&request.project.root)),
        };
        lay_wheel(cache, &wheel, environment)
    }
}

/// Returns what was built under a key.
pub fn kept_editable(cache: &Path, key: &Digest) -> Option<Editable> {
    let folder = folder(cache, key);
    let record = std::fs::read(folder.join("record.json")).ok()?;
    let Record { wheel, has_tree } = serde_json::from_slice(&record).ok()?;
    let tree = has_tree.then(|| folder.join("tree"));
    note_use(&folder);
    Some(Editable {
        folder,
        wheel,
        tree,
    })
}

/// Keeps what a build left under a key.
pub fn keep_editable(
    cache: &Path,
    key: &Digest,
    request: &EditableRequest<'_>,
    output: &EditableOutput<'_>,
) -> Result<Editable, Error> {
    let folder = folder(cache, key);
    let keep = || -> io::Result<()> {
        let parent = cache.join("editables");
        fs_err::create_dir_all(&parent)?;
        let made = tempfile::Builder::new()
            .prefix("new-")
            .tempdir_in(&parent)?;
        let wheel = output.wheel.file_name().unwrap_or_default();
        fs_err::copy(output.wheel, made.path().join(wheel))?;
        let has_tree = match output.written {
            Some(written) => {
                let scrap = Scrap::of(&written.join(&request.project.root));
                harvest(written, &made.path().join("tree"), &scrap)?
            }
            None => false,
        };
        let wheel = wheel.to_string_lossy().into_owned();
        let record = serde_json::to_vec(&Record { wheel, has_tree })?;
        fs_err::write(made.path().join("record.json"), record)?;
        put(made, &folder)
    };
    keep().map_err(|source| Error::write(&folder, source))?;
    kept_editable(cache, key).ok_or_else(|| {
        let lost = io::Error::other("what was written is not there");
        Error::write(&folder, lost)
    })
}

fn folder(cache: &Path, key: &Digest) -> PathBuf {
    let name: String = key.as_str().chars().take(20).collect();
    cache.join("editables").join(name)
}

/// What is only of use to a build itself.
struct Scrap {
    dist: PathBuf,
    build: PathBuf,
}

impl Scrap {
    fn of(project: &Path) -> Self {
        Self {
            dist: project.join("dist"),
            build: project.join("build"),
        }
    }

    fn holds(&self, path: &Path, name: &str) -> bool {
        // A backend that builds again at import needs its own folder in `build`, such as `build/cp312`.
        let is_of_setuptools = path.parent() == Some(&self.build)
            && ["bdist", "lib", "temp"]
                .iter()
                .any(|start| name.starts_with(start));
        path == self.dist
            || is_of_setuptools
            || matches!(name, "__pycache__" | ".eggs" | ".git")
            || name.ends_with(".egg-info")
            || is_of_cargo(path)
    }
}

/// Whether a folder is cargo's own, mostly `target`: what it made is in the wheel by then, or was copied.
fn is_of_cargo(folder: &Path) -> bool {
    folder.join(".rustc_info.json").is_file()
}

/// Copies what a build wrote into the repository, without its scrap. Returns whether anything was left.
fn harvest(written: &Path, target: &Path, scrap: &Scrap) -> io::Result<bool> {
    let mut found = false;
    for entry in fs_err::read_dir(written)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && !scrap.holds(&path, &name) {
            found |= harvest(&path, &target.join(&name), scrap)?;
        } else if kind.is_file() {
            fs_err::create_dir_all(target)?;
            fs_err::copy(path, target.join(&name))?;
            found = true;
        } else if kind.is_symlink() {
            fs_err::create_dir_all(target)?;
            fs_err::os::unix::fs::symlink(fs_err::read_link(path)?, target.join(&name))?;
            found = true;
        } else if kind.is_char_device() {
            tracing::debug!(name, "the build removed a file of the repository");
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_wrote_is_kept_without_its_scrap() {
        let folder = tempfile::tempdir().unwrap();
        let written = folder.path().join("written");
        let kept = folder.path().join("kept");
        let scrap = Scrap::of(&written.join("lib"));
        let paths = [
            ("lib/src/pkg/_version.py", true),
            ("lib/src/build/_version.py", true),
            ("lib/build/cp312/fast.so", true),
            ("lib/build/lib.linux/pkg/a.py", false),
            ("lib/build/bdist.linux/a", false),
            ("lib/dist/pkg.whl", false),
            ("lib/rust/target/.rustc_info.json", false),
            ("lib/rust/target/release/libfast.so", false),
            ("lib/src/target/data.txt", true),
            ("lib/src/pkg.egg-info/PKG-INFO", false),
            ("lib/src/pkg/__pycache__/a.pyc", false),
        ];
        for (path, _) in paths {
            let path = written.join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, "").unwrap();
        }
        assert!(harvest(&written, &kept, &scrap).unwrap());
        for (path, expected) in paths {
            assert_eq!(kept.join(path).is_file(), expected, "{path}");
        }
    }

    #[test]
    fn only_scrap_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let written = folder.path().join("written");
        fs_err::create_dir_all(written.join("pkg.egg-info")).unwrap();
        let scrap = Scrap::of(&written);
        assert!(!harvest(&written, &folder.path().join("kept"), &scrap).unwrap());
    }
}
