//! Where towpath keeps what outlives a run: the cache, which may be removed at any time, and the state.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::digest::Digest;
use crate::note::Note;
use crate::tree::encode_name;

/// The folders of one user. Both exist and may be written.
#[derive(Debug)]
pub struct Folders {
    /// What can be made again: environments, downloads, verdicts.
    pub cache: PathBuf,
    /// What belongs to repositories: runs, logs, clean copies.
    pub state: PathBuf,
    /// Why a folder is not where it should be.
    pub notes: Vec<Note>,
    /// Removed when this value is dropped.
    temporary: Option<TempDir>,
}

/// Neither the folders nor a temporary one could be made.
#[derive(Debug, thiserror::Error)]
#[error("there is no folder that towpath may write: neither its own nor a temporary one")]
pub struct Error {
    /// What the system says of the temporary folder.
    #[source]
    source: io::Error,
}

impl Error {
    /// Returns what to do about it.
    pub fn hints(&self) -> Vec<String> {
        vec![
            "set `TOWPATH_CACHE_DIR` and `TOWPATH_STATE_DIR` to folders that you may write"
                .to_owned(),
        ]
    }
}

impl Folders {
    /// Finds the folders by the variables `TOWPATH_CACHE_DIR` and `TOWPATH_STATE_DIR`, else
    /// `XDG_CACHE_HOME` and `XDG_STATE_HOME`, else `HOME`. One that cannot be written is replaced by a
    /// temporary one, with a note. Relative paths of towpath's own variables begin at `current`.
    pub fn find(environment: &BTreeMap<String, String>, current: &Path) -> Result<Self, Error> {
        let mut folders = Self {
            cache: PathBuf::new(),
            state: PathBuf::new(),
            notes: Vec::new(),
            temporary: None,
        };
        folders.cache = folders.usable("cache", wanted(environment, current, &CACHE))?;
        folders.state = folders.usable("state", wanted(environment, current, &STATE))?;
        Ok(folders)
    }

    /// Returns the same cache beside another folder for the state.
    #[must_use]
    pub fn with_state(&self, state: PathBuf) -> Self {
        Self {
            cache: self.cache.clone(),
            state,
            notes: Vec::new(),
            temporary: None,
        }
    }

    /// Returns whether anything is kept after this run.
    pub fn are_lasting(&self) -> bool {
        self.temporary.is_none()
    }

    /// Returns the state folder of one repository, which is made when first written: a readable name and
    /// a digest of where it lies.
    pub fn repository(&self, root: &Path) -> PathBuf {
        let root = fs_err::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let digest = Digest::of(root.as_os_str().as_encoded_bytes());
        let short: String = digest.as_str().chars().take(16).collect();
        let name = root
            .file_name()
            .map(|name| encode_name(Path::new(name)))
            .unwrap_or_default();
        let name: String = name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "._-".contains(c) {
                    c
                } else {
                    '_'
                }
            })
            .take(40)
            .collect();
        self.state
            .join("repositories")
            .join(format!("{name}-{short}"))
    }

    fn usable(&mut self, name: &str, wanted: Option<PathBuf>) -> Result<PathBuf, Error> {
        let note = match wanted {
            None => Note {
                message: format!("there is no `HOME`, so nothing in the {name} outlives this run"),
                hints: vec![format!(
                    "set `TOWPATH_{}_DIR` to a folder",
                    name.to_uppercase()
                )],
            },
            Some(folder) => match try_writing(&folder) {
                Ok(()) => return Ok(folder),
                Err(error) => Note {
                    message: format!(
                        "the {name} folder `{}` cannot be written ({error}), so nothing in it outlives \
                         this run",
                        folder.display()
                    ),
                    hints: vec![format!(
                        "set `TOWPATH_{}_DIR` to a folder that you may write",
                        name.to_uppercase()
                    )],
                },
            },
        };
        self.notes.push(note);
        let folder = self.temporary()?.join(name);
        std::fs::create_dir(&folder).map_err(|source| Error { source })?;
        Ok(folder)
    }

    fn temporary(&mut self) -> Result<&Path, Error> {
        if self.temporary.is_none() {
            let made = tempfile::Builder::new().prefix("towpath-").tempdir();
            self.temporary = Some(made.map_err(|source| Error { source })?);
        }
        Ok(self.temporary.as_ref().map_or(Path::new(""), TempDir::path))
    }
}

struct Names {
    own: &'static str,
    xdg: &'static str,
    in_home: &'static str,
}

const CACHE: Names = Names {
    own: "TOWPATH_CACHE_DIR",
    xdg: "XDG_CACHE_HOME",
    in_home: ".cache",
};
const STATE: Names = Names {
    own: "TOWPATH_STATE_DIR",
    xdg: "XDG_STATE_HOME",
    in_home: ".local/state",
};

fn wanted(
    environment: &BTreeMap<String, String>,
    current: &Path,
    names: &Names,
) -> Option<PathBuf> {
    let set = |name| {
        environment
            .get(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    // The XDG specification has relative paths ignored.
    let absolute = |name| set(name).filter(|path| path.is_absolute());
    set(names.own)
        .map(|path| current.join(path))
        .or_else(|| Some(absolute(names.xdg)?.join("towpath")))
        .or_else(|| Some(absolute("HOME")?.join(names.in_home).join("towpath")))
}

fn try_writing(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    tempfile::tempfile_in(folder).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_variables_win_over_xdg_over_home() {
        type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);
        let cases: [Case<'_>; 6] = [
            (
                &[
                    ("TOWPATH_CACHE_DIR", "/t"),
                    ("XDG_CACHE_HOME", "/x"),
                    ("HOME", "/h"),
                ],
                Some("/t"),
            ),
            (
                &[("TOWPATH_CACHE_DIR", "t"), ("HOME", "/h")],
                Some("/now/t"),
            ),
            (
                &[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")],
                Some("/x/towpath"),
            ),
            (
                &[("XDG_CACHE_HOME", "x"), ("HOME", "/h")],
                Some("/h/.cache/towpath"),
            ),
            (
                &[("TOWPATH_CACHE_DIR", ""), ("HOME", "/h")],
                Some("/h/.cache/towpath"),
            ),
            (&[], None),
        ];
        for (variables, expected) in cases {
            let environment = variables
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect();
            let folder = wanted(&environment, Path::new("/now"), &CACHE);
            assert_eq!(folder, expected.map(PathBuf::from), "{variables:?}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_replaced_with_a_note() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let environment = BTreeMap::from([
            (
                "TOWPATH_CACHE_DIR".to_owned(),
                file.join("cache").display().to_string(),
            ),
            (
                "TOWPATH_STATE_DIR".to_owned(),
                folder.path().join("state").display().to_string(),
            ),
        ]);
        let folders = Folders::find(&environment, folder.path()).unwrap();
        assert_eq!(folders.state, folder.path().join("state"));
        assert!(folders.cache.is_dir() && !folders.are_lasting());
        assert_eq!(folders.notes.len(), 1);
        let temporary = folders.cache.clone();
        drop(folders);
        assert!(!temporary.exists());
    }

    #[test]
    fn repositories_have_readable_and_distinct_folders() {
        let folder = tempfile::tempdir().unwrap();
        let environment =
            BTreeMap::from([("HOME".to_owned(), folder.path().display().to_string())]);
        let folders = Folders::find(&environment, folder.path()).unwrap();
        let [a, b] =
            ["/a/my project", "/b/my project"].map(|root| folders.repository(Path::new(root)));
        assert_ne!(a, b);
        let name = a.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with("my_project-") && name.len() == "my_project-".len() + 16);
    }
}
