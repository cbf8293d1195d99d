//! The files of a repository that count: tracked, or untracked and not ignored.
//!
//! A [`Tree`] is a stat walk plus a memory of content digests (the stat index), so that a file is read
//! only when its stat says that it changed. Never follows a symbolic link, never writes into the tree,
//! and does not know what the files mean.

mod copy;
pub(crate) mod index;
mod names;
mod snapshot;
mod stat;
pub(crate) mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use rayon::prelude::*;
use rustix::fs::OFlags;

use crate::clock;
use crate::digest::{self, Digest};
use crate::note::Note;

use index::{Entry, Index};
pub(crate) use stat::Stat;

pub use names::{decode as decode_name, encode as encode_name};
pub use snapshot::snapshot;

/// What a name of the tree stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File {
        /// Whether its owner may execute it.
        executable: bool,
    },
    /// A symbolic link; what it points to is not followed and may not exist.
    Symlink {
        /// The target as written in the link, in the escape of [`encode_name`].
        target: String,
    },
}

/// One file of a tree.
#[derive(Debug, Clone)]
pub struct TreeFile {
    /// What it is.
    pub kind: FileKind,
    /// Size in bytes; of a link, the length of its target.
    pub size: u64,
    /// Time of the last change of the content, in nanoseconds since 1970.
    pub modified_ns: i128,
    pub(crate) stat: Stat,
    is_tracked: bool,
    digest: OnceLock<Known>,
}

/// The digest of a file's content.
#[derive(Debug, Clone, Copy)]
struct Known {
    bytes: [u8; 32],
    /// Whether the file's stat vouches for it at the next snapshot.
    is_lasting: bool,
}

/// The files of a repository at one moment. Cheap to share by reference.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    files: BTreeMap<String, TreeFile>,
    submodules: BTreeMap<String, String>,
    /// Folders that are submodules, or were when an archive was made from the checkout: such an archive
    /// keeps a file where the submodule's own data was.
    foreign: BTreeSet<String>,
    /// Tracked paths that are not on disk.
    absent: Vec<String>,
    /// Stat of git's index when the list of tracked files was read.
    git_stat: Option<Stat>,
    index_file: PathBuf,
    has_news: AtomicBool,
    notes: Mutex<Vec<Note>>,
}

/// What to take a snapshot of.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotOptions<'a> {
    /// Top folder of the repository.
    pub root: &'a Path,
    /// Where the stat index is kept between runs; a missing or broken one is only slower.
    pub index_file: &'a Path,
    /// Whether to read every file again, whatever the stat index says.
    pub verify: bool,
}

/// Why no snapshot could be taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The root is absent, no folder, or not readable.
    #[error("cannot read the folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Returns what to do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Folder { path, .. } => {
                vec![format!(
                    "check that `{}` exists and that you may read it",
                    path.display()
                )]
            }
        }
    }
}

impl Tree {
    /// Returns the top folder: absolute, with all links resolved.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the files by path relative to the root, with `/` between folders, in the escape of
    /// [`encode_name`].
    pub fn files(&self) -> &BTreeMap<String, TreeFile> {
        &self.files
    }

    /// Returns the submodules by path, each with the commit that the repository records for it.
    pub fn submodules(&self) -> &BTreeMap<String, String> {
        &self.submodules
    }

    /// Returns whether a path lies in a submodule, or in what was one when an archive was made.
    pub fn is_of_submodule(&self, path: &str) -> bool {
        let mut folder = path;
        while !self.foreign.is_empty()
            && let Some((parent, _)) = folder.rsplit_once('/')
        {
            folder = parent;
            if self.foreign.contains(folder) {
                return true;
            }
        }
        false
    }

    /// Returns what could not be read so far, and why.
    pub fn notes(&self) -> Vec<Note> {
        self.notes
            .lock()
            .map(|notes| notes.clone())
            .unwrap_or_default()
    }

    /// Returns whether the tree holds a file or link of this path.
    pub fn contains(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Returns the absolute path of a path of the tree.
    pub fn absolute(&self, path: &str) -> PathBuf {
        self.root.join(names::decode(path))
    }

    /// Reads a file. A path that is not of the tree is not found; a link is read only when it leads to
    /// another file of the tree.
    pub fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let file = self.files.get(path).ok_or_else(|| not_found(path))?;
        let real = self.absolute(path);
        if matches!(file.kind, FileKind::Symlink { .. }) {
            let target = fs_err::canonicalize(&real)?;
            let root = fs_err::canonicalize(&self.root)?;
            let inside = target.strip_prefix(&root).map(names::encode).ok();
            if !inside.is_some_and(|target| self.contains(&target)) {
                return Err(not_found(path));
            }
        }
        fs_err::read(real)
    }

    /// Reads a text file: a byte order mark is removed, invalid UTF-8 is replaced.
    pub fn read_text(&self, path: &str) -> io::Result<String> {
        let bytes = self.read(path)?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// Returns the digest of a file's content or of a link's target; `None` for a path that is not of
    /// the tree and for a file that cannot be read (which is noted).
    pub fn digest(&self, path: &str) -> Option<Digest> {
        let file = self.files.get(path)?;
        self.known(path, file)
            .map(|known| Digest::from_bytes(&known.bytes))
    }

    /// Computes all digests that are not known yet, on all cores.
    pub fn compute_digests(&self) {
        let unknown: Vec<_> = self
            .files
            .iter()
            .filter(|(_, file)| file.digest.get().is_none())
            .collect();
        unknown.par_iter().for_each(|(path, file)| {
            self.known(path, file);
        });
    }

    /// Returns the digest of the paths that `keep` wants, with their kinds and link targets, without
    /// contents: it changes when a file comes, goes, or changes its kind.
    pub fn names_digest(&self, keep: &dyn Fn(&str) -> bool) -> Digest {
        let mut text = Vec::new();
        for (path, file) in self.files.iter().filter(|(path, _)| keep(path)) {
            put_name(&mut text, path, file);
        }
        Digest::of(&text)
    }

    /// Returns the digest of every path and every content: it changes when anything does.
    pub fn contents_digest(&self) -> Digest {
        let mut text = Vec::new();
        for (path, file) in &self.files {
            put_name(&mut text, path, file);
            let known = self.known(path, file);
            text.push(u8::from(known.is_some()));
            text.extend(known.iter().flat_map(|known| known.bytes));
        }
        Digest::of(&text)
    }

    /// Writes the stat index for the next snapshot, atomically, when something was learnt.
    pub fn save_index(&self) -> io::Result<()> {
        if !self.has_news.load(Ordering::Relaxed) {
            return Ok(());
        }
        let files = self.files.iter().map(|(path, file)| Entry {
            path,
            is_tracked: file.is_tracked,
            commit: None,
            stat: Some(file.stat),
            digest: file
                .digest
                .get()
                .filter(|known| known.is_lasting)
                .map(|known| known.bytes),
        });
        let tracked = |path, commit| Entry {
            path,
            is_tracked: true,
            commit,
            stat: None,
            digest: None,
        };
        let mut entries: Vec<Entry<'_>> = files.collect();
        entries.extend(self.absent.iter().map(|path| tracked(path.as_str(), None)));
        entries.extend(
            self.submodules
                .iter()
                .map(|(path, commit)| tracked(path, Some(commit.as_str()))),
        );
        entries.sort_by_key(|entry| entry.path);
        index::write(
            &self.index_file,
            &Index {
                git: self.git_stat,
                entries,
            },
        )?;
        self.has_news.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn known(&self, path: &str, file: &TreeFile) -> Option<Known> {
        if let Some(known) = file.digest.get() {
            return Some(*known);
        }
        let computed = match &file.kind {
            FileKind::File { .. } => self.hash(path, file.stat),
            FileKind::Symlink { target } => Ok(Known {
                bytes: digest::hash_bytes(target.as_bytes()),
                is_lasting: true,
            }),
        };
        match computed {
            Ok(known) => {
                if known.is_lasting {
                    self.has_news.store(true, Ordering::Relaxed);
                }
                Some(*file.digest.get_or_init(|| known))
            }
            Err(error) => {
                self.note_unreadable(path, &error);
                None
            }
        }
    }

    fn hash(&self, path: &str, expected: Stat) -> io::Result<Known> {
        let started = clock::system_time();
        let mut file = open(&self.absolute(path))?;
        let before = Stat::of(&file.metadata()?);
        let bytes = digest::hash_reader(&mut file)?;
        let after = Stat::of(&file.metadata()?);
        let is_lasting = before == expected && after == expected && expected.is_settled(started);
        Ok(Known { bytes, is_lasting })
    }

    fn note_unreadable(&self, path: &str, error: &io::Error) {
        let note = Note {
            message: format!("`{path}` cannot be read: {error}"),
            hints: vec!["make it readable, or ignore it in `.gitignore`".to_owned()],
        };
        if let Ok(mut notes) = self.notes.lock()
            && !notes.contains(&note)
        {
            notes.push(note);
        }
    }
}

fn put_name(text: &mut Vec<u8>, path: &str, file: &TreeFile) {
    let (kind, target) = match &file.kind {
        FileKind::File { executable: false } => (b'f', ""),
        FileKind::File { executable: true } => (b'x', ""),
        FileKind::Symlink { target } => (b'l', target.as_str()),
    };
    text.push(kind);
    text.extend_from_slice(path.as_bytes());
    text.push(0);
    text.extend_from_slice(target.as_bytes());
    text.push(0);
}

/// Opens a file that the walk saw; if it is a link or a pipe by now, that fails or ends at once.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let mut options = File::options();
    options.read(true).custom_flags(flags.cast_signed());
    options.open(path)
}

fn not_found(path: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("`{path}` is no file of the repository"),
    )
}
