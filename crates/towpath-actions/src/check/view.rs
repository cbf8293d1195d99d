//! How a job sees the tree and its environment: in place of the originals under namespaces, else as copies
//! of its own, with the layers in them. What it says of the copies is told of the originals, so that a
//! verdict does not depend on how the job was isolated.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use towpath_host::sandbox::Level;
use towpath_report::Problem;
use towpath_standard::{ToolWork, TreeUse};

use super::Subject;
use super::prepared::Prepared;
use super::session::Session;

/// Larger files of a layer hold no paths that lead to the tree.
const LARGEST_TEXT: u64 = 1024 * 1024;

/// Where a job finds things.
pub(crate) struct View {
    /// The repository.
    pub(crate) root: PathBuf,
    /// The environment.
    pub(crate) environment: PathBuf,
    /// The environment's interpreter.
    pub(crate) python: PathBuf,
    /// The environment's programs.
    pub(crate) bin: PathBuf,
    /// Copies, each with what it is a copy of.
    copies: Vec<(PathBuf, PathBuf)>,
}

impl View {
    /// Returns what a command wrote, with the originals in the place of the copies.
    pub(crate) fn told<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let mut told = Cow::Borrowed(bytes);
        for (copy, original) in &self.copies {
            if let Some(replaced) = replaced(&told, copy, original) {
                told = Cow::Owned(replaced);
            }
        }
        told
    }
}

impl Session<'_> {
    /// Returns how a job sees things; copies them below `scratch` where nothing can be mounted.
    pub(crate) fn view(
        &self,
        subject: &Subject<'_>,
        work: &ToolWork,
        prepared: &Prepared<'_>,
        scratch: &Path,
    ) -> Result<View, Problem> {
        let environment = &prepared.environment;
        let mut view = View {
            root: self.root().to_owned(),
            environment: environment.folder.clone(),
            python: environment.python.clone(),
            bin: environment.bin.clone(),
            copies: Vec::new(),
        };
        if self.level == Level::Namespaces {
            return Ok(view);
        }
        if work.tree != TreeUse::InPlace {
            view.root = scratch.join("copy");
            self.copy_tree(subject, work, prepared, &view.root)?;
            view.copies
                .push((view.root.clone(), self.root().to_owned()));
        }
        let folder = scratch.join("environment-copy");
        copy_environment(prepared, &folder, self.root(), &view.root)
            .map_err(|error| uncopied("an environment", &error))?;
        let moved = |path: &Path| match path.strip_prefix(&environment.folder) {
            Ok(below) => folder.join(below),
            Err(_) => path.to_owned(),
        };
        (view.python, view.bin) = (moved(&environment.python), moved(&environment.bin));
        view.copies
            .push((folder.clone(), environment.folder.clone()));
        view.environment = folder;
        Ok(view)
    }

    fn copy_tree(
        &self,
        subject: &Subject<'_>,
        work: &ToolWork,
        prepared: &Prepared<'_>,
        copy: &Path,
    ) -> Result<(), Problem> {
        let clean = self.clean_tree()?;
        let make = || -> io::Result<()> {
            copy_below(clean, copy, &mut |_| Ok(()))?;
            for layer in prepared.over_tree.iter().rev() {
                copy_below(layer, copy, &mut |_| Ok(()))?;
            }
            if work.tree == TreeUse::WithoutSources {
                for package in &subject.facts.project.layout.packages {
                    remove(&copy.join(package))?;
                }
            }
            for folder in &self.version_control {
                if let Ok(relative) = folder.strip_prefix(self.root()) {
                    copy_version_control(folder, &copy.join(relative))?;
                }
            }
            Ok(())
        };
        make().map_err(|error| uncopied("the project", &error))
    }
}

fn uncopied(what: &str, error: &io::Error) -> Problem {
    Problem::error(format!("cannot copy {what} for a job: {error}"))
        .with_hint("free space, or set `TOWPATH_CACHE_DIR` to a folder on another disk")
}

/// Copies an environment with all that is laid over it. Scripts name the interpreter of their environment,
/// and layers of projects that are installed for editing lead to the tree.
fn copy_environment(
    prepared: &Prepared<'_>,
    copy: &Path,
    root: &Path,
    tree: &Path,
) -> io::Result<()> {
    let environment = &prepared.environment;
    copy_below(&environment.folder, copy, &mut |_| Ok(()))?;
    copy_below(&environment.bytecode, copy, &mut |_| Ok(()))?;
    for layer in prepared.over_environment.iter().rev() {
        copy_below(layer, copy, &mut |path| rewrite(path, root, tree))?;
    }
    let Ok(bin) = environment.bin.strip_prefix(&environment.folder) else {
        return Ok(());
    };
    for entry in fs_err::read_dir(copy.join(bin))? {
        rewrite(&entry?.path(), &environment.folder, copy)?;
    }
    Ok(())
}

/// Puts one path in the place of another in a file of text.
fn rewrite(path: &Path, from: &Path, to: &Path) -> io::Result<()> {
    let data = fs_err::symlink_metadata(path)?;
    if !data.is_file() || data.len() > LARGEST_TEXT {
        return Ok(());
    }
    match replaced(&fs_err::read(path)?, from, to) {
        Some(bytes) => fs_err::write(path, bytes),
        None => Ok(()),
    }
}

/// Returns a text with one path in the place of another; `None` where it does not hold it, or is none.
fn replaced(bytes: &[u8], from: &Path, to: &Path) -> Option<Vec<u8>> {
    let (text, from) = (std::str::from_utf8(bytes).ok()?, from.to_str()?);
    let holds = text.contains(from);
    holds.then(|| text.replace(from, &to.to_string_lossy()).into_bytes())
}

/// Copies a git folder; its objects, which are never changed and may be many, are borrowed.
fn copy_version_control(folder: &Path, copy: &Path) -> io::Result<()> {
    if !folder.is_dir() {
        return fs_err::copy(folder, copy).map(drop);
    }
    fs_err::create_dir_all(copy.join("objects/info"))?;
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let to = copy.join(entry.file_name());
        if entry.file_name() == "objects" || entry.file_name() == "lfs" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_below(&entry.path(), &to, &mut |_| Ok(()))?;
        } else if entry.file_type()?.is_file() {
            copy_file(&entry.path(), &to)?;
        }
    }
    let objects = folder.join("objects");
    let alternates = format!("{}\n", objects.display());
    fs_err::write(copy.join("objects/info/alternates"), alternates)
}

/// Copies what lies in a folder over what is there, with its times; `done` sees each new file.
fn copy_below(
    source: &Path,
    target: &Path,
    done: &mut dyn FnMut(&Path) -> io::Result<()>,
) -> io::Result<()> {
    fs_err::create_dir_all(target)?;
    for entry in fs_err::read_dir(source)? {
        let entry = entry?;
        let (kind, to) = (entry.file_type()?, target.join(entry.file_name()));
        if kind.is_dir() {
            copy_below(&entry.path(), &to, done)?;
        } else if kind.is_symlink() {
            remove(&to)?;
            fs_err::os::unix::fs::symlink(fs_err::read_link(entry.path())?, to)?;
        } else if kind.is_file() {
            remove(&to)?;
            copy_file(&entry.path(), &to)?;
            done(&to)?;
        }
    }
    Ok(())
}

/// Copies a file with its time, by which compiled modules know their sources.
fn copy_file(source: &Path, target: &Path) -> io::Result<()> {
    fs_err::copy(source, target)?;
    let modified = fs_err::metadata(source)?.modified()?;
    fs_err::OpenOptions::new()
        .append(true)
        .open(target)?
        .file()
        .set_modified(modified)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs_err::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs_err::remove_dir_all(path),
        Ok(_) => fs_err::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_copies_win_and_links_stay_links() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (below, above, copy) = (
            folder.path().join("below"),
            folder.path().join("above"),
            folder.path().join("copy"),
        );
        for (layer, text) in [(&below, "old"), (&above, "new")] {
            fs_err::create_dir_all(layer.join("pkg")).expect("a folder");
            fs_err::write(layer.join("pkg/a.py"), text).expect("a file");
        }
        fs_err::os::unix::fs::symlink("pkg", below.join("link")).expect("a link");
        copy_below(&below, &copy, &mut |_| Ok(())).expect("the lower layer is copied");
        copy_below(&above, &copy, &mut |_| Ok(())).expect("the upper layer is copied");
        assert_eq!(
            fs_err::read_to_string(copy.join("pkg/a.py")).expect("it is there"),
            "new"
        );
        assert_eq!(
            fs_err::read_link(copy.join("link")).expect("it is a link"),
            Path::new("pkg")
        );
    }
}
