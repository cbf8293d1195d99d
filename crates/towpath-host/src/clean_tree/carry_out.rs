//! Carries out the work on a copy. Every file is whole at every moment: it is written under a temporary
//! name and renamed, so that a killed run leaves nothing that the next one cannot see.

use std::collections::HashSet;
use std::fs::{File, FileTimes};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::tree::index::{self, Entry, Index};
use crate::tree::{self, FileKind, Stat, Tree, TreeFile, decode_name};

use super::compare::{Work, manifest_file};
use super::{Error, FILES};

/// Removes and copies what the work names, and returns the paths that changed since the snapshot.
pub(super) fn carry_out(tree: &Tree, slot: &Path, work: &Work) -> Result<Vec<String>, Error> {
    let temporary = slot.join("tmp");
    if work.is_level() && !work.is_unlisted {
        // A run that was killed at the very end left it behind.
        remove(&temporary)?;
        return make_folder(&slot.join(FILES)).map(|()| Vec::new());
    }
    for path in work.remove.iter().chain([&temporary]) {
        remove(path)?;
    }
    let root = slot.join(FILES);
    for folder in [&root, &temporary] {
        make_folder(folder)?;
    }
    let folders: HashSet<PathBuf> = work
        .copy
        .iter()
        .filter_map(|path| root.join(decode_name(path)).parent().map(Path::to_owned))
        .collect();
    folders.iter().try_for_each(|folder| make_folder(folder))?;
    let jobs: Vec<(usize, &String, &TreeFile)> = work
        .copy
        .iter()
        .enumerate()
        .filter_map(|(number, path)| Some((number, path, tree.files().get(path)?)))
        .collect();
    let changed = jobs
        .par_iter()
        .map(|(number, path, file)| {
            let target = root.join(decode_name(path));
            let is_same = copy(
                tree,
                path,
                file,
                &temporary.join(number.to_string()),
                &target,
            )?;
            Ok((!is_same).then(|| (*path).clone()))
        })
        .collect::<Result<Vec<Option<String>>, Error>>()?;
    let changed: Vec<String> = changed.into_iter().flatten().collect();
    write_manifest(tree, slot, &changed)?;
    remove(&temporary)?;
    Ok(changed)
}

/// Copies one file; returns whether it still was the file of the snapshot.
fn copy(
    tree: &Tree,
    path: &str,
    file: &TreeFile,
    temporary: &Path,
    target: &Path,
) -> Result<bool, Error> {
    let source = tree.absolute(path);
    let unreadable = |error| Error::Source {
        path: source.clone(),
        source: error,
    };
    let unwritable = |error| Error::Io {
        path: target.to_owned(),
        source: error,
    };
    let executable = match &file.kind {
        FileKind::Symlink { target: link } => {
            std::os::unix::fs::symlink(decode_name(link), temporary).map_err(unwritable)?;
            std::fs::rename(temporary, target).map_err(unwritable)?;
            return Ok(true);
        }
        FileKind::File { executable } => *executable,
    };
    let mut from = match tree::open(&source) {
        Ok(from) => from,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unreadable(error)),
    };
    let before = from.metadata().map_err(unreadable)?;
    let mode = if executable { 0o755 } else { 0o644 };
    let mut to = File::options()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(temporary)
        .map_err(unwritable)?;
    copy_content(&mut from, &mut to).map_err(unwritable)?;
    let after = from.metadata().map_err(unreadable)?;
    let times = FileTimes::new().set_modified(before.modified().map_err(unreadable)?);
    to.set_times(times).map_err(unwritable)?;
    std::fs::rename(temporary, target).map_err(unwritable)?;
    Ok(Stat::of(&before) == file.stat && Stat::of(&after) == file.stat)
}

/// Shares the blocks where the file system can, else copies within the kernel.
fn copy_content(from: &mut File, to: &mut File) -> io::Result<()> {
    if rustix::fs::ioctl_ficlone(&*to, &*from).is_ok() {
        return Ok(());
    }
    io::copy(from, to).map(|_| ())
}

fn write_manifest(tree: &Tree, slot: &Path, changed: &[String]) -> Result<(), Error> {
    let path = manifest_file(slot);
    let changed: HashSet<&str> = changed.iter().map(String::as_str).collect();
    let entries = tree
        .files()
        .iter()
        .filter(|(path, _)| !changed.contains(path.as_str()));
    let entries = entries.map(|(path, file)| Entry {
        path,
        is_tracked: false,
        commit: None,
        stat: Some(file.stat),
        digest: None,
    });
    let index = Index {
        git: None,
        entries: entries.collect(),
    };
    index::write(&path, &index).map_err(|source| Error::Io { path, source })
}

fn make_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}

fn remove(path: &Path) -> Result<(), Error> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::Io {
            path: path.to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}
