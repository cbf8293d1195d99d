//! uv, the one program that resolves and installs: where it is, how it is fetched when it is not there
//! (`wheel`), from where it gets packages (`indexes`) and what of the user's environment it sees (`run`).
//!
//! What is resolved or installed is decided in `environments`.

mod emptiness;
mod error;
pub(crate) mod indexes;
mod memory;
mod run;
mod simple;
mod versions;
mod wheel;

use std::path::{Path, PathBuf};

use crate::Machine;

pub(crate) use emptiness::empty_index;
pub use error::Error;
pub(crate) use indexes::{Indexes, named_by, server};
pub use run::http_client;
pub(crate) use run::{Call, proxy_of};
pub(crate) use simple::without_password;
pub use versions::{VersionsError, index_versions};

/// The uv that is fetched when there is none: with one version, results are the same everywhere.
pub(crate) const PINNED: &str = "0.13.8";
/// The oldest uv whose options towpath uses.
const OLDEST: (u64, u64) = (0, 7);

/// The program uv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uv {
    /// Where it is.
    pub program: PathBuf,
    /// Its version, such as `0.13.8`.
    pub version: String,
}

/// Returns uv: the one on `PATH` if it is new enough, else the pinned one, which is fetched once from the
/// configured index, checked against the hash of its release, and kept in the cache.
pub fn find_uv(machine: &Machine<'_>) -> Result<Uv, Error> {
    for folder in machine.search_path() {
        let program = folder.join("uv");
        // A shim answers for whatever version is active; the programs it leads to are found elsewhere.
        if folder.ends_with("shims") || !program.is_file() {
            continue;
        }
        match memory::version(machine, &program) {
            Some(version) if is_new_enough(&version) => return Ok(Uv { program, version }),
            Some(version) => tracing::debug!(version, "the uv on `PATH` is too old"),
            None => tracing::debug!(program = %program.display(), "the uv on `PATH` does not work"),
        }
    }
    let program = kept(machine.cache);
    if !program.is_file() {
        wheel::fetch(machine, &program)?;
    }
    let version = PINNED.to_owned();
    Ok(Uv { program, version })
}

fn kept(cache: &Path) -> PathBuf {
    cache.join("uv").join(PINNED).join("uv")
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u64>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_passed_over() {
        for (version, expected) in [
            ("0.7.0", true),
            ("0.13.8", true),
            ("1.0.0-rc.1", true),
            ("0.6.17", false),
            ("", false),
            ("main", false),
        ] {
            assert_eq!(is_new_enough(version), expected, "{version}");
        }
    }
}
