//! What fills the cache besides the store, when it was used last, and the removal of what is old.
//!
//! Runs hold a lock that cleaning waits for, so nothing goes that a run uses. Knows where things lie and
//! what belongs together, not what they are for.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::clock;
use crate::lock::{self, Lock};

/// How long a run waits for another one that cleans.
const PATIENCE: Duration = Duration::from_mins(5);
const USERS: &str = "users";

/// Folders of the cache whose children are made, used and removed each as a whole.
const KINDS: [&str; 6] = [
    "environments",
    "layers",
    "editables",
    "pythons",
    "tools",
    "uv",
];

/// Parts of a repository's state that are made again when they are missing.
const REMADE: [&str; 2] = ["bytecode", "tree"];

/// Says that a run uses the cache, for as long as the answer lives; waits while it is cleaned.
pub fn in_use(cache: &Path) -> Result<Lock, lock::Error> {
    Lock::shared(&cache.join(USERS), PATIENCE)
}

/// Says that nobody uses the cache, so that something may be removed; fails at once while a run does.
pub fn unused(cache: &Path) -> Result<Lock, lock::Error> {
    Lock::exclusive(&cache.join(USERS), "cleans the cache", Duration::ZERO)
}

/// Notes that a file or folder of the cache was used now. Failure is harmless: it only goes sooner.
pub fn note_use(path: &Path) {
    crate::store::touch(path);
}

/// Returns the folders of the cache and of the state that may be filled, with a name for each.
pub fn places(cache: &Path, state: &Path) -> Vec<(String, PathBuf)> {
    let of_cache = ["interpreters", "scratch", "store"].iter().chain(&KINDS);
    let mut places: Vec<(String, PathBuf)> = of_cache
        .map(|name| ((*name).to_owned(), cache.join(name)))
        .collect();
    places.sort();
    places.push(("repositories".to_owned(), state.join("repositories")));
    places
}

/// Removes what was not used for some time, from the cache and from the state of repositories. What the
/// state tells of earlier runs stays. The caller holds [`unused`].
pub fn clean(cache: &Path, state: &Path, unused: Duration) -> io::Result<()> {
    let limit = clock::system_time().checked_sub(unused);
    let is_old = |used: SystemTime| limit.is_some_and(|limit| used < limit);
    for kind in KINDS {
        for folder in folders(&cache.join(kind))? {
            if is_old(last_use(&folder)?) {
                remove(&folder)?;
            }
        }
    }
    for folder in folders(&cache.join("scratch"))? {
        fs_err::remove_dir_all(folder)?;
    }
    for repository in folders(&state.join("repositories"))? {
        if is_old(last_use(&repository)?) {
            for part in REMADE.map(|part| repository.join(part)) {
                if part.is_dir() {
                    fs_err::remove_dir_all(part)?;
                }
            }
        }
    }
    Ok(())
}

/// Returns the folders in a folder; none where it is not there. Of an environment only the one that all
/// others belong to.
fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs_err::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_part = path.extension().is_some_and(|end| end == "bytecode");
        if path.is_dir() && !is_part {
            folders.push(path);
        }
    }
    Ok(folders)
}

/// Returns when a folder was used: the newest time of it, of what lies in it, and of its record.
fn last_use(folder: &Path) -> io::Result<SystemTime> {
    let mut used = fs_err::metadata(folder)?.modified()?;
    let record = folder.with_extension("json");
    let children = fs_err::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    for path in children.chain([record]) {
        if let Ok(data) = fs_err::symlink_metadata(path) {
            used = used.max(data.modified()?);
        }
    }
    Ok(used)
}

/// Removes a folder with its record and what else is named after it. The record goes first: what has
/// none is not taken for whole.
fn remove(folder: &Path) -> io::Result<()> {
    for end in ["json", "lock"] {
        match fs_err::remove_file(folder.with_extension(end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let bytecode = folder.with_extension("bytecode");
    if bytecode.is_dir() {
        fs_err::remove_dir_all(bytecode)?;
    }
    fs_err::remove_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn make(path: &Path, age: Duration) {
        fs_err::create_dir_all(path).unwrap();
        set_age(path, age);
    }

    fn set_age(path: &Path, age: Duration) {
        let time = clock::system_time().checked_sub(age).unwrap();
        std::fs::File::open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }

    #[test]
    fn only_what_was_not_used_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, state) = (folder.path().join("cache"), folder.path().join("state"));
        let old = 40 * DAY;
        for name in [
            "layers/old",
            "editables/old",
            "environments/old",
            "environments/used",
        ] {
            make(&cache.join(name), old);
            make(&cache.join(name).with_extension("bytecode"), old);
        }
        make(&cache.join("layers/new"), DAY);
        make(&state.join("repositories/old/runs"), old);
        make(&state.join("repositories/old/bytecode"), old);
        set_age(&state.join("repositories/old"), old);
        for (name, age) in [("old", old), ("used", DAY)] {
            let record = cache.join("environments").join(name).with_extension("json");
            fs_err::write(&record, "").unwrap();
            set_age(&record, age);
        }
        clean(&cache, &state, 30 * DAY).unwrap();
        for (name, stays) in [
            ("cache/layers/old", false),
            ("cache/layers/new", true),
            ("cache/editables/old", false),
            ("cache/environments/old", false),
            ("cache/environments/old.json", false),
            ("cache/environments/old.bytecode", false),
            ("cache/environments/used", true),
            ("cache/environments/used.bytecode", true),
            ("state/repositories/old/bytecode", false),
            ("state/repositories/old/runs", true),
        ] {
            assert_eq!(folder.path().join(name).exists(), stays, "{name}");
        }
    }

    #[test]
    fn nothing_goes_while_a_run_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let run = in_use(folder.path()).unwrap();
        in_use(folder.path()).unwrap();
        assert!(matches!(
            unused(folder.path()),
            Err(lock::Error::Held { .. })
        ));
        drop(run);
        unused(folder.path()).unwrap();
    }
}
