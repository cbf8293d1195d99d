//! Actions and workflows of other repositories, kept by commit. Only [`ActionStore::fetch`] uses the
//! network.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use towpath_host::git;
use towpath_runner::FetchedActions;

use crate::versions::is_commit;

/// Which commit each tag and branch was when it was fetched.
const VERSIONS: &str = "versions.json";

/// Where fetched actions lie: `OWNER/REPOSITORY/COMMIT`.
#[derive(Debug, Clone)]
pub struct ActionStore {
    folder: PathBuf,
}

/// What `uses` names in another repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote<'a> {
    /// `owner/repository`.
    pub repository: &'a str,
    /// The folder or file in it; empty for its top folder.
    pub path: &'a str,
    /// The tag, branch or commit.
    pub reference: &'a str,
}

/// Why an action could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What `uses` says is no action of another repository.
    #[error("`{uses}` is no action of another repository")]
    Name {
        /// What it says.
        uses: String,
    },
    /// Git could not fetch it.
    #[error("cannot fetch `{repository}` at `{reference}` from {server}")]
    Git {
        /// `owner/repository`.
        repository: String,
        /// The tag, branch or commit.
        reference: String,
        /// Where it was looked for.
        server: String,
        /// What git says.
        #[source]
        source: git::Error,
    },
    /// The store could not be written.
    #[error("cannot keep actions in `{}`", path.display())]
    Io {
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
            Self::Name { .. } => {
                vec![
                    "write it such as `owner/repository@v1` or `owner/repository/folder@v1`"
                        .to_owned(),
                ]
            }
            Self::Git {
                repository, server, ..
            } => vec![format!(
                "check the network, and that `git ls-remote {server}/{repository}` lists the version"
            )],
            Self::Io { path, .. } => vec![format!(
                "check that there is space and that you may write `{}`",
                path.display()
            )],
        }
    }
}

impl<'a> Remote<'a> {
    /// Reads what follows `uses:`; `None` for a local one, a container and what is nothing at all.
    pub fn parse(uses: &'a str) -> Option<Self> {
        let (name, reference) = uses.split_once('@')?;
        let mut parts = name.splitn(3, '/');
        let (owner, repository) = (parts.next()?, parts.next()?);
        let path = parts.next().unwrap_or_default();
        let is_name = |name: &str| {
            let is_known = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !name.is_empty() && !name.starts_with('.') && name.chars().all(is_known)
        };
        let is_inside = !path.split('/').any(|part| part == "..") && !path.starts_with('/');
        // Git takes a leading `-` for an option.
        let is_reference = !reference.is_empty() && !reference.starts_with('-');
        (is_name(owner) && is_name(repository) && is_inside && is_reference).then(|| Self {
            repository: &name[..owner.len() + 1 + repository.len()],
            path,
            reference,
        })
    }
}

impl ActionStore {
    /// Returns the store in a folder; nothing is made yet.
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Returns the folder of a repository at a version, if it was fetched.
    pub fn find(&self, remote: &Remote<'_>) -> Option<PathBuf> {
        let own = self.repository(remote);
        let commit = if is_commit(remote.reference) {
            remote.reference.to_ascii_lowercase()
        } else {
            versions(&own).remove(remote.reference)?
        };
        let folder = own.join(commit);
        folder.is_dir().then_some(folder)
    }

    /// Fetches a repository at a version from `server`, such as `https://github.com`, and returns the
    /// commit. A tag or branch is looked up again, a commit is fetched once.
    pub fn fetch(&self, remote: &Remote<'_>, server: &str) -> Result<String, Error> {
        if is_commit(remote.reference) && self.find(remote).is_some() {
            return Ok(remote.reference.to_owned());
        }
        let own = self.repository(remote);
        let failed = |source| Error::Io {
            path: self.folder.clone(),
            source,
        };
        std::fs::create_dir_all(&own).map_err(failed)?;
        let (scratch, files) = (
            TempDir::new_in(&own).map_err(failed)?,
            TempDir::new_in(&own).map_err(failed)?,
        );
        let url = format!("{}/{}", server.trim_end_matches('/'), remote.repository);
        let commit = git::fetch_files(&url, remote.reference, scratch.path(), files.path())
            .map_err(|source| Error::Git {
                repository: remote.repository.to_owned(),
                reference: remote.reference.to_owned(),
                server: server.to_owned(),
                source,
            })?;
        let target = own.join(&commit);
        if !target.is_dir() {
            match std::fs::rename(files.keep(), &target) {
                // Another run fetched the same.
                Err(_) if target.is_dir() => {}
                renamed => renamed.map_err(failed)?,
            }
        }
        if !is_commit(remote.reference) {
            let mut known = versions(&own);
            known.insert(remote.reference.to_owned(), commit.clone());
            let text =
                serde_json::to_vec(&known).map_err(|error| failed(io::Error::other(error)))?;
            let written = tempfile::NamedTempFile::new_in(&own).map_err(failed)?;
            std::fs::write(written.path(), text).map_err(failed)?;
            written
                .persist(own.join(VERSIONS))
                .map_err(|error| failed(error.error))?;
        }
        Ok(commit)
    }

    /// Names of repositories are compared without regard to case.
    fn repository(&self, remote: &Remote<'_>) -> PathBuf {
        self.folder.join(remote.repository.to_ascii_lowercase())
    }
}

impl FetchedActions for ActionStore {
    fn folder(&self, uses: &str) -> Option<PathBuf> {
        self.find(&Remote::parse(uses)?)
    }

    fn root(&self) -> Option<&Path> {
        Some(&self.folder)
    }
}

fn versions(repository: &Path) -> BTreeMap<String, String> {
    let bytes = std::fs::read(repository.join(VERSIONS)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_uses_names() {
        for (uses, expected) in [
            ("a/b@v1", Some(("a/b", "", "v1"))),
            ("a/b/c/d@main", Some(("a/b", "c/d", "main"))),
            (
                "a/b/.github/workflows/x.yml@v1",
                Some(("a/b", ".github/workflows/x.yml", "v1")),
            ),
            ("./a/b", None),
            ("docker://a/b@v1", None),
            ("a/../b@v1", None),
            ("a/b/../../c@v1", None),
            ("a/b@", None),
            ("a/b@--upload-pack=x", None),
            ("a@v1", None),
        ] {
            let parsed = Remote::parse(uses);
            let parsed = parsed.map(|remote| (remote.repository, remote.path, remote.reference));
            assert_eq!(parsed, expected, "{uses}");
        }
    }
}
