//! The stat walk: all files but ignored ones, caches and nested repositories, in no particular order.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ignore::{DirEntry, ParallelVisitor, ParallelVisitorBuilder, WalkBuilder, WalkState};

use crate::note::Note;

use super::FileKind;
use super::names;
use super::stat::Stat;

/// Folders that tools make beside the code; an untracked one never counts.
const CACHES: &[&str] = &[
    "__pycache__",
    "__pypackages__",
    ".eggs",
    ".hypothesis",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pdm-build",
    ".pyre",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".tox",
    "node_modules",
];

/// Folders in which version control keeps its data.
const VERSION_CONTROL: &[&str] = &[".git", ".hg", ".svn", ".bzr", "_darcs", "CVS"];

/// What lies on a branch that the walk may enter.
#[derive(Debug, Clone, Copy)]
pub(super) struct WalkRules<'a> {
    /// Whether git's ignore files apply.
    pub(super) is_git: bool,
    /// Paths of submodules, relative to the root, each with its commit.
    pub(super) submodules: &'a [(&'a str, Option<&'a str>)],
}

/// A file as the walk found it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: String,
    pub(super) kind: FileKind,
    pub(super) stat: Stat,
}

/// Walks the folder; what cannot be read is noted.
pub(super) fn walk(root: &Path, rules: WalkRules<'_>) -> (Vec<Found>, Vec<Note>) {
    let collected = Mutex::new((Vec::new(), Vec::new()));
    let submodules: Vec<PathBuf> = rules
        .submodules
        .iter()
        .map(|(path, _)| root.join(names::decode(path)))
        .collect();
    let threads = std::thread::available_parallelism().map_or(2, |count| count.get().min(8));
    let mut builder = WalkBuilder::new(root);
    builder
        .standard_filters(false)
        .parents(rules.is_git)
        .git_ignore(rules.is_git)
        .git_exclude(rules.is_git)
        .git_global(rules.is_git)
        .require_git(true)
        .threads(threads)
        .filter_entry(move |entry| may_enter(entry, &submodules));
    builder.build_parallel().visit(&mut Collectors {
        root,
        collected: &collected,
    });
    collected
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Returns the kind of a file or link; `None` for what is neither: folders, pipes, sockets, devices.
pub(crate) fn kind_of(path: &Path, metadata: &Metadata) -> Option<FileKind> {
    if metadata.is_symlink() {
        let target = std::fs::read_link(path).ok()?;
        Some(FileKind::Symlink {
            target: names::encode(&target),
        })
    } else {
        let executable = metadata.mode() & 0o100 != 0;
        metadata.is_file().then_some(FileKind::File { executable })
    }
}

fn may_enter(entry: &DirEntry, submodules: &[PathBuf]) -> bool {
    let name = entry.file_name();
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    if entry.depth() == 0 || (!is_folder && name != ".git") {
        return true;
    }
    if !is_folder {
        // A pointer that leads nowhere is an ordinary file, which says where a submodule was.
        return entry.path().parent().is_some_and(is_loose_submodule);
    }
    let is_in = |list: &[&str]| list.iter().any(|other| OsStr::new(other) == name);
    if is_in(VERSION_CONTROL) || is_in(CACHES) {
        return false;
    }
    let holds = |name: &str| entry.path().join(name).symlink_metadata().is_ok();
    if holds("pyvenv.cfg") || holds("conda-meta") {
        return false;
    }
    !holds(".git")
        || is_loose_submodule(entry.path())
        || submodules.iter().any(|path| path == entry.path())
}

/// Returns whether a folder was a submodule of the checkout that an archive was made from: its `.git`
/// points to data that did not come along, so that its files belong to the archive.
fn is_loose_submodule(folder: &Path) -> bool {
    let pointer = std::fs::read_to_string(folder.join(".git")).unwrap_or_default();
    let target = pointer.strip_prefix("gitdir:").map(str::trim);
    target.is_some_and(|target| !folder.join(target).exists())
}

struct Collectors<'a> {
    root: &'a Path,
    collected: &'a Mutex<(Vec<Found>, Vec<Note>)>,
}

impl<'s, 'a: 's> ParallelVisitorBuilder<'s> for Collectors<'a> {
    fn build(&mut self) -> Box<dyn ParallelVisitor + 's> {
        Box::new(Collector {
            root: self.root,
            found: Vec::new(),
            notes: Vec::new(),
            collected: self.collected,
        })
    }
}

/// What one thread of the walk found; handed over when the thread ends.
struct Collector<'a> {
    root: &'a Path,
    found: Vec<Found>,
    notes: Vec<Note>,
    collected: &'a Mutex<(Vec<Found>, Vec<Note>)>,
}

impl ParallelVisitor for Collector<'_> {
    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_dir()) => {}
            Ok(entry) => match entry.metadata() {
                Ok(metadata) => self.add(entry.path(), &metadata),
                Err(error) => self.note(&error),
            },
            Err(error) => self.note(&error),
        }
        WalkState::Continue
    }
}

impl Collector<'_> {
    fn add(&mut self, path: &Path, metadata: &Metadata) {
        let Some(kind) = kind_of(path, metadata) else {
            return;
        };
        // Cheaper than `strip_prefix`, which compares component by component.
        let bytes = path.as_os_str().as_bytes();
        let relative = bytes.get(self.root.as_os_str().len()..).unwrap_or_default();
        let relative = relative.strip_prefix(b"/").unwrap_or(relative);
        let path = names::encode(Path::new(OsStr::from_bytes(relative)));
        self.found.push(Found {
            path,
            kind,
            stat: Stat::of(metadata),
        });
    }

    fn note(&mut self, error: &ignore::Error) {
        // What went away during the walk is not there.
        if error
            .io_error()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
        {
            return;
        }
        self.notes.push(Note {
            message: format!("part of the repository cannot be read: {error}"),
            hints: vec!["make it readable, or ignore it in `.gitignore`".to_owned()],
        });
    }
}

impl Drop for Collector<'_> {
    fn drop(&mut self) {
        if let Ok(mut collected) = self.collected.lock() {
            collected.0.append(&mut self.found);
            collected.1.append(&mut self.notes);
        }
    }
}
