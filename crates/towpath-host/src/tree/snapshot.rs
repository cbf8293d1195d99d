//! Takes a snapshot: what git tracks, joined with what the walk found and what the stat index remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, OnceLock};

use crate::git::Git;
use crate::note::Note;

use super::index::{self, Entry, Index};
use super::stat::Stat;
use super::walk::{self, Found, WalkRules};
use super::{Error, Known, SnapshotOptions, Tree, TreeFile, names};

/// A path that git tracks, with the commit if it is a submodule.
type Tracked<'a> = (&'a str, Option<&'a str>);

/// Walks the repository and returns its files. Contents are hashed later, when a digest is asked for.
///
/// Where git cannot tell which files are tracked, the snapshot is taken without it, with a note.
pub fn snapshot(options: &SnapshotOptions<'_>) -> Result<Tree, Error> {
    let folder = |source| Error::Folder {
        path: options.root.to_owned(),
        source,
    };
    let root = fs_err::canonicalize(options.root).map_err(folder)?;
    fs_err::read_dir(&root).map_err(folder)?;

    let bytes = if options.verify {
        Vec::new()
    } else {
        index::read(options.index_file)
    };
    let index = index::parse(&bytes);
    let mut notes = Vec::new();
    let git = Git::discover(&root).ok().flatten();
    let git_stat = git.as_ref().and_then(|git| stat_of(&git.index_file()));
    let is_listed = git_stat == index.git;
    let listed = if is_listed {
        None
    } else {
        list_tracked(git.as_ref(), &root, &mut notes)
    };
    let tracked = tracked_paths(listed.as_ref(), &index, is_listed);

    // A folder of which the repository around it tracks nothing, such as an unpacked sdist in a home
    // folder under version control, is no part of that repository.
    let is_git = git.as_ref().is_some_and(|git| git.top_level() == root) || !tracked.is_empty();
    let submodules: Vec<Tracked<'_>> = tracked
        .iter()
        .copied()
        .filter(|(_, commit)| commit.is_some())
        .collect();
    let rules = WalkRules {
        is_git,
        submodules: &submodules,
    };
    let (mut found, walk_notes) = walk::walk(&root, rules);
    notes.extend(walk_notes);
    found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let absent = add_tracked(&root, &tracked, &mut found);

    let count = found.len() + absent.len() + submodules.len();
    let is_same_list = is_listed && index.entries.len() == count;
    let (files, is_known) = remember(found, &tracked, &index.entries);
    let submodules: BTreeMap<String, String> = submodules
        .iter()
        .map(|(path, commit)| ((*path).to_owned(), commit.unwrap_or_default().to_owned()))
        .collect();
    Ok(Tree {
        foreign: foreign(&submodules, &files),
        files,
        submodules,
        absent,
        // Without the list of tracked files, git is asked again the next time.
        git_stat: git_stat.filter(|_| is_listed || listed.is_some()),
        index_file: options.index_file.to_owned(),
        has_news: AtomicBool::new(!(is_same_list && is_known)),
        notes: Mutex::new(notes),
        root,
    })
}

fn foreign(
    submodules: &BTreeMap<String, String>,
    files: &BTreeMap<String, TreeFile>,
) -> BTreeSet<String> {
    let left = files.keys().filter_map(|path| path.strip_suffix("/.git"));
    let left = left.map(str::to_owned);
    submodules.keys().cloned().chain(left).collect()
}

fn stat_of(path: &Path) -> Option<Stat> {
    path.symlink_metadata()
        .ok()
        .map(|metadata| Stat::of(&metadata))
}

fn list_tracked(
    git: Option<&Git>,
    root: &Path,
    notes: &mut Vec<Note>,
) -> Option<BTreeMap<String, Option<String>>> {
    git?;
    let error = match Git::tracked(root) {
        Ok(tracked) => return Some(tracked),
        Err(error) => error,
    };
    notes.push(Note {
        message: format!("{error}; files that are tracked although they are ignored are not seen"),
        hints: error.hints(),
    });
    None
}

fn tracked_paths<'a>(
    listed: Option<&'a BTreeMap<String, Option<String>>>,
    index: &Index<'a>,
    is_listed: bool,
) -> Vec<Tracked<'a>> {
    match listed {
        Some(listed) => listed
            .iter()
            .map(|(path, commit)| (path.as_str(), commit.as_deref()))
            .collect(),
        None if is_listed => {
            let tracked = index.entries.iter().filter(|entry| entry.is_tracked);
            tracked.map(|entry| (entry.path, entry.commit)).collect()
        }
        None => Vec::new(),
    }
}

/// Adds the tracked files that the walk left out because they are ignored or look like a cache, and
/// returns the tracked paths that are not on disk.
fn add_tracked(root: &Path, tracked: &[Tracked<'_>], found: &mut Vec<Found>) -> Vec<String> {
    let mut extra = Vec::new();
    let mut absent = Vec::new();
    let mut walked = found.iter().map(|file| file.path.as_str()).peekable();
    for (path, commit) in tracked {
        while walked.next_if(|walked| walked < path).is_some() {}
        if walked.peek() == Some(path) || commit.is_some() {
            continue;
        }
        match find(root, path) {
            Some(file) => extra.push(file),
            None => absent.push((*path).to_owned()),
        }
    }
    if !extra.is_empty() {
        found.append(&mut extra);
        found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    }
    absent
}

/// Returns the file of a path, unless a folder on the way is a link, which leads elsewhere.
fn find(root: &Path, path: &str) -> Option<Found> {
    let relative = names::decode(path);
    let real = root.join(&relative);
    let metadata = real.symlink_metadata().ok()?;
    let mut folders = relative.ancestors().skip(1);
    if folders.any(|folder| root.join(folder).is_symlink() && folder != Path::new("")) {
        return None;
    }
    let kind = walk::kind_of(&real, &metadata)?;
    Some(Found {
        path: path.to_owned(),
        kind,
        stat: Stat::of(&metadata),
    })
}

/// Joins the files found with what is remembered of them; also returns whether nothing about them is new.
fn remember(
    found: Vec<Found>,
    tracked: &[Tracked<'_>],
    entries: &[Entry<'_>],
) -> (BTreeMap<String, TreeFile>, bool) {
    let mut is_known = true;
    let mut tracked = tracked.iter().map(|(path, _)| *path).peekable();
    let mut entries = entries.iter().peekable();
    let files = found.into_iter().map(|file| {
        let Found { path, kind, stat } = file;
        while tracked.next_if(|other| *other < path.as_str()).is_some() {}
        while entries
            .next_if(|entry| entry.path < path.as_str())
            .is_some()
        {}
        let is_tracked = tracked.peek() == Some(&path.as_str());
        let entry = entries
            .peek()
            .filter(|entry| entry.path == path && entry.stat == Some(stat));
        is_known &= entry.is_some_and(|entry| entry.is_tracked == is_tracked);
        let digest = OnceLock::new();
        if let Some(bytes) = entry.and_then(|entry| entry.digest) {
            let _ = digest.set(Known {
                bytes,
                is_lasting: true,
            });
        }
        let modified_ns = i128::from(stat.modified_ns);
        (
            path,
            TreeFile {
                kind,
                size: stat.size,
                modified_ns,
                stat,
                is_tracked,
                digest,
            },
        )
    });
    let files = files.collect();
    (files, is_known)
}
