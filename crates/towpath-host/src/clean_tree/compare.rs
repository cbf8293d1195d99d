//! What has to be done to make a copy level with the tree.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::digest;
use crate::lock;
use crate::tree::index::{self, Index};
use crate::tree::walk::kind_of;
use crate::tree::{FileKind, Stat, Tree, TreeFile, encode_name};

use super::{FILES, MANIFEST};

/// The work to be done on a copy.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Paths of the tree to be copied.
    pub(super) copy: Vec<String>,
    /// Files and folders of the copy to be removed, none within another.
    pub(super) remove: Vec<PathBuf>,
    /// Whether the manifest does not list all that is level.
    pub(super) is_unlisted: bool,
}

impl Work {
    /// Returns whether the copy is level with the tree.
    pub(super) fn is_level(&self) -> bool {
        self.copy.is_empty() && self.remove.is_empty()
    }
}

/// Returns where the manifest lies. It counts for one boot: after a power failure, contents of files that
/// were never synced may be lost although their names and times are not.
pub(super) fn manifest_file(slot: &Path) -> PathBuf {
    slot.join(format!("{MANIFEST}-{}", lock::boot_id()))
}

/// Compares a copy with the tree. A file is level if it has the size and time of the tree's, and either
/// was copied from a file with this very stat, or has the same content.
pub(super) fn compare(tree: &Tree, slot: &Path) -> Work {
    let root = slot.join(FILES);
    let bytes = index::read(&manifest_file(slot));
    let Index { entries, .. } = index::parse(&bytes);
    let listed: HashMap<&str, Stat> = entries
        .iter()
        .filter_map(|entry| Some((entry.path, entry.stat?)))
        .collect();
    let needed = needed_folders(tree);
    let mut present = BTreeMap::new();
    let mut work = Work::default();
    scan(&root, &root, &mut |path, metadata| {
        let is_wanted = if metadata.is_dir() {
            needed.contains(path)
        } else {
            tree.contains(path)
        };
        if is_wanted {
            present.insert(path.to_owned(), metadata.clone());
        } else {
            work.remove.push(root.join(crate::tree::decode_name(path)));
        }
        is_wanted
    });
    let files: Vec<(&String, &TreeFile)> = tree.files().iter().collect();
    let verdicts: Vec<Level> = files
        .par_iter()
        .map(|(path, file)| {
            let Some(metadata) = present.get(*path) else {
                return Level::Different;
            };
            let is_listed = listed.get(path.as_str()) == Some(&file.stat);
            level(tree, &root, (path, file), metadata, is_listed)
        })
        .collect();
    for ((path, _), verdict) in files.iter().zip(verdicts) {
        match verdict {
            Level::Listed => {}
            Level::Unlisted => work.is_unlisted = true,
            Level::Different => work.copy.push((*path).clone()),
        }
    }
    work
}

enum Level {
    Listed,
    Unlisted,
    Different,
}

fn level(
    tree: &Tree,
    root: &Path,
    (path, file): (&str, &TreeFile),
    metadata: &Metadata,
    is_listed: bool,
) -> Level {
    let copy = root.join(crate::tree::decode_name(path));
    if kind_of(&copy, metadata).as_ref() != Some(&file.kind) {
        return Level::Different;
    }
    if matches!(file.kind, FileKind::Symlink { .. }) {
        return if is_listed {
            Level::Listed
        } else {
            Level::Unlisted
        };
    }
    let stat = Stat::of(metadata);
    if (stat.size, stat.modified_ns) != (file.stat.size, file.stat.modified_ns) {
        return Level::Different;
    }
    if is_listed {
        return Level::Listed;
    }
    let content = digest::digest_file(&copy).ok();
    if content.is_some() && content == tree.digest(path) {
        Level::Unlisted
    } else {
        Level::Different
    }
}

fn needed_folders(tree: &Tree) -> HashSet<&str> {
    let mut folders = HashSet::new();
    for path in tree.files().keys() {
        let mut rest = path.as_str();
        while let Some((folder, _)) = rest.rsplit_once('/') {
            if !folders.insert(folder) {
                break;
            }
            rest = folder;
        }
    }
    folders
}

/// Calls `visit` for all that lies below a folder; a folder is entered when it answers yes. What cannot
/// be read is not there, and is found in the way when it is copied.
fn scan(root: &Path, folder: &Path, visit: &mut dyn FnMut(&str, &Metadata) -> bool) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else {
            continue;
        };
        let Ok(relative) = path.strip_prefix(root) else {
            continue;
        };
        if visit(&encode_name(relative), &metadata) && metadata.is_dir() {
            scan(root, &path, visit);
        }
    }
}
