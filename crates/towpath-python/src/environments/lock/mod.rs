//! Locks, translated to exact packages for one interpreter. `uv.lock` is exported by uv itself; the locks of
//! poetry, pdm and pipenv are read here. Nothing is resolved: what a lock lacks is an error.

mod graph;
mod pdm;
mod pipfile;
mod poetry;
mod uv;

use std::path::Path;
use std::str::FromStr;

use pep508_rs::{Requirement, VerbatimUrl};
use toml::{Table, Value};

use super::context::Context;
use super::markers::Target;
use super::wanted::Wanted;
use super::{Error, LocalProject, LockedInstall, Package};
use crate::LockKind;
use crate::locks::lock_command;

/// What a lock gives.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Locked {
    pub(super) packages: Vec<Package>,
    pub(super) local: Vec<LocalProject>,
    /// Options about indexes, as pip writes them.
    pub(super) options: Vec<String>,
}

/// Adds what the lock gives to what is wanted.
pub(super) fn add(
    context: &Context<'_>,
    install: &LockedInstall,
    target: &Target,
    wanted: &mut Wanted,
) -> Result<(), Error> {
    if install.kind == LockKind::Uv {
        let file = uv::export(context, install)?;
        return wanted.add_locked_file(&install.path, file, target);
    }
    let bytes = fs_err::read(&install.path).map_err(|source| Error::Read {
        path: install.path.clone(),
        source,
    })?;
    let text = String::from_utf8_lossy(&bytes);
    let locked = match install.kind {
        LockKind::Poetry => poetry::read(&text, install, target),
        LockKind::Pdm => pdm::read(&text, install, target),
        LockKind::Pipfile | LockKind::Uv => pipfile::read(&text, install, target),
    };
    let locked = locked.map_err(|what| Error::Lock {
        path: install.path.clone(),
        line: None,
        what,
        hint: format!("run `{}`", lock_command(install.kind)),
    })?;
    wanted.add_exact(locked.packages);
    wanted.local.extend(locked.local);
    wanted.options.extend(locked.options);
    Ok(())
}

fn requirement(text: &str) -> Result<Requirement<VerbatimUrl>, String> {
    Requirement::from_str(text).map_err(|_| format!("`{text}` is no requirement"))
}

/// Returns what the project asks for.
fn roots(install: &LockedInstall) -> Result<Vec<Requirement<VerbatimUrl>>, String> {
    install.roots.iter().map(|root| requirement(root)).collect()
}

/// Returns the SHA-256 among hashes as locks write them, `sha256:…`, sorted.
fn sha256<'a>(hashes: impl Iterator<Item = &'a str>) -> Vec<String> {
    let digests = hashes.filter_map(|hash| hash.strip_prefix("sha256:"));
    let mut digests: Vec<String> = digests.map(str::to_owned).collect();
    digests.sort();
    digests.dedup();
    digests
}

/// Returns the text under a key of a table.
fn text<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Value::as_str)
}

fn is_public_index(url: &str) -> bool {
    url.contains("://pypi.org/") || url.contains("://pypi.python.org/")
}

/// Returns a path of the lock as an absolute one.
fn beside(lock: &Path, path: &str) -> std::path::PathBuf {
    let folder = lock.parent().unwrap_or(Path::new("/"));
    super::pip_file::normal(&folder.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sha256_counts() {
        let hashes = ["sha256:b", "md5:x", "sha256:a", "sha256:b"];
        assert_eq!(sha256(hashes.into_iter()), ["a", "b"]);
    }
}
