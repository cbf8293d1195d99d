//! Branches, and all names, read from the repository's files: a look at them costs far less than to start git, which is
//! asked where they do not say it plainly.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::Git;
use crate::disk::read_regular;

/// A file that names a commit or another name is no longer than this.
const LONGEST_NAME: u64 = 4096;
/// The list of all other names is not read beyond this many bytes.
const LONGEST_LIST: u64 = 64 << 20;

/// What the files of a repository say of a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// It stands for a commit.
    Commit(String),
    /// It stands for another name.
    Link(String),
    /// There is no such name.
    Absent,
    /// Only git can tell.
    Unclear,
}

impl Git {
    /// Reads what a branch stands for, here or at a remote, by its whole name.
    pub(super) fn read_branch(&self, name: &str) -> Named {
        let folder = &self.view.common_folder;
        if !is_branch(name) || folder.join("reftable").exists() {
            return Named::Unclear;
        }
        match read_name(&folder.join(name)) {
            // One that lies in the list may have an empty folder in its place.
            Named::Absent => find_listed(&folder.join("packed-refs"), name),
            named => named,
        }
    }

    /// Reads all names, each with what it stands for; `None` where only git can tell.
    pub(super) fn read_names(&self) -> Option<BTreeMap<String, String>> {
        let folder = &self.view.common_folder;
        if folder.join("reftable").exists() {
            return None;
        }
        let mut names = BTreeMap::new();
        match read_regular(&folder.join("packed-refs"), LONGEST_LIST) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let lines = text.lines().filter(|line| !line.starts_with(['#', '^']));
                let named = lines.filter_map(|line| line.split_once(' '));
                names.extend(named.map(|(id, name)| (name.to_owned(), id.to_owned())));
            }
            Err(error) if is_absent(&error) => {}
            Err(_) => return None,
        }
        read_files(&folder.join("refs"), "refs", &mut names)?;
        Some(names)
    }

    /// Reads the commit checked out, where the files tell it.
    pub(super) fn read_head(&self) -> Option<String> {
        let named = match read_name(&self.view.git_folder.join("HEAD")) {
            Named::Link(branch) => self.read_branch(&branch),
            named => named,
        };
        match named {
            Named::Commit(commit) => Some(commit),
            _ => None,
        }
    }
}

/// Tells whether a name is the whole name of a branch, which may lead nowhere but below its folder.
fn is_branch(name: &str) -> bool {
    let starts = ["refs/heads/", "refs/remotes/"];
    let is_plain = |c: char| c.is_alphanumeric() || "-._+=@#%,!".contains(c);
    starts.iter().any(|start| name.starts_with(start))
        && !name.contains("..")
        && name.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with('.')
                && !part.ends_with(".lock")
                && part.chars().all(is_plain)
        })
}

fn read_name(file: &Path) -> Named {
    match read_regular(file, LONGEST_NAME) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let text = text.trim_end();
            match text.strip_prefix("ref: ") {
                Some(name) => Named::Link(name.to_owned()),
                None => commit(text),
            }
        }
        Err(error) if is_absent(&error) || file.is_dir() => Named::Absent,
        Err(_) => Named::Unclear,
    }
}

/// Adds the names that have files of their own, which count before the list.
fn read_files(folder: &Path, prefix: &str, names: &mut BTreeMap<String, String>) -> Option<()> {
    for entry in fs_err::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let name = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().ok()?.is_dir() {
            read_files(&entry.path(), &name, names)?;
        } else if !name.ends_with(".lock") {
            let bytes = read_regular(&entry.path(), LONGEST_NAME).ok()?;
            let text = String::from_utf8_lossy(&bytes);
            names.insert(name, text.trim_end().to_owned());
        }
    }
    Some(())
}

/// Looks for a name in the list of those that have no file of their own.
fn find_listed(list: &Path, name: &str) -> Named {
    let bytes = match read_regular(list, LONGEST_LIST) {
        Ok(bytes) => bytes,
        Err(error) if is_absent(&error) => return Named::Absent,
        Err(_) => return Named::Unclear,
    };
    let text = String::from_utf8_lossy(&bytes);
    let listed = text.lines().find_map(|line| {
        let (id, listed) = line.split_once(' ')?;
        (listed == name).then(|| commit(id))
    });
    listed.unwrap_or(Named::Absent)
}

fn commit(text: &str) -> Named {
    let is_commit =
        matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit {
        Named::Commit(text.to_owned())
    } else {
        Named::Unclear
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_of_branches_are_looked_up() {
        for (name, expected) in [
            ("refs/heads/main", true),
            ("refs/heads/feature/ünï-1.2", true),
            ("refs/remotes/origin/x", true),
            ("refs/tags/v1", false),
            ("main", false),
            ("refs/heads/main^", false),
            ("refs/heads/main@{1}", false),
            ("refs/heads/", false),
            ("refs/heads/../../config", false),
            ("refs/heads/a..b", false),
            ("refs/heads/.hidden", false),
            ("refs/heads/a.lock", false),
            ("refs/heads/a\0b", false),
        ] {
            assert_eq!(is_branch(name), expected, "{name:?}");
        }
    }
}
