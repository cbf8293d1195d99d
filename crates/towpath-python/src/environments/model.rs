//! What is asked of an environment and what comes out: plain values.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use towpath_host::Digest;

use crate::LockKind;

/// What an environment must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirements {
    /// Requirements as PEP 508. What the lock holds wins over these.
    pub requirements: Vec<String>,
    /// Absolute paths of files in pip's format. Hashes in them are enforced, and then the file is taken as
    /// a lock.
    pub requirement_files: Vec<PathBuf>,
    /// Limits of versions, as PEP 508.
    pub constraints: Vec<String>,
    /// What is installed from a lock.
    pub locked: Option<LockedInstall>,
    /// A date; what the index got later does not count.
    pub exclude_newer: Option<String>,
    /// The folder whose uv settings (`[tool.uv]`, `uv.toml`) name indexes and limits.
    pub settings_folder: Option<PathBuf>,
    /// Names of packages that are left out though others depend on them: the project that is laid over
    /// the environment, which a copy from the index would hide.
    pub without: Vec<String>,
}

impl Requirements {
    /// Returns requirements that are looked up on the index, without files, lock or limits.
    pub fn of(requirements: &[&str]) -> Self {
        Self {
            requirements: requirements.iter().map(|&text| text.to_owned()).collect(),
            requirement_files: Vec::new(),
            constraints: Vec::new(),
            locked: None,
            exclude_newer: None,
            settings_folder: None,
            without: Vec::new(),
        }
    }
}

/// What is installed from a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LockedInstall {
    /// The tool that wrote the lock.
    pub kind: LockKind,
    /// The lock, absolute.
    pub path: PathBuf,
    /// The folder of the project whose requirements are wanted, absolute.
    pub project: PathBuf,
    /// What is wanted, as PEP 508: the run-time dependencies and those of the groups and extras below. The
    /// locks of poetry and pdm are walked from here; the others need only the names.
    pub roots: Vec<String>,
    /// Dependency groups; the run-time dependencies come always.
    pub groups: Vec<String>,
    /// Extras of the project.
    pub extras: Vec<String>,
    /// Whether the requirements of all members of the workspace are wanted.
    pub all_members: bool,
}

/// One package, exactly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// Its normalised name.
    pub name: String,
    /// Its version; empty where only the source says it.
    pub version: String,
    /// Digests of its files, any of which may be installed; empty where the source has none.
    pub sha256: Vec<String>,
    /// Where it comes from, if not from the index: a URL as PEP 508 writes it behind `@`.
    pub source: Option<String>,
}

impl Package {
    /// Returns the line that installs exactly this package, with its hashes.
    pub(crate) fn line(&self) -> String {
        let mut line = self.pin();
        for digest in &self.sha256 {
            line.push_str(" --hash=sha256:");
            line.push_str(digest);
        }
        line
    }

    /// Returns the requirement that only this package fulfils, without hashes.
    pub(crate) fn pin(&self) -> String {
        match &self.source {
            Some(source) => format!("{} @ {source}", self.name),
            None => format!("{}=={}", self.name, self.version),
        }
    }
}

/// The exact contents of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The packages by name; each name once.
    pub packages: Vec<Package>,
    /// Projects of the repository that the requirements name by path (`-e .`, `./lib`). Not installed.
    pub editables: Vec<LocalProject>,
    /// Whether every package comes from a lock, so that another day gives the same.
    pub locked: bool,
    /// Options about indexes from files of requirements and locks, as pip writes them.
    pub options: Vec<String>,
    /// The folder whose uv settings apply.
    pub settings_folder: Option<PathBuf>,
    /// Identity of the packages.
    pub digest: Digest,
}

/// A project that a file of requirements or a lock names by its path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LocalProject {
    /// Its folder or archive, absolute.
    pub path: PathBuf,
    /// The extras asked for.
    pub extras: Vec<String>,
    /// Whether it is installed for editing.
    pub editable: bool,
}

/// A virtual environment that is complete and is never changed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its folder. Its scripts hold this path, so it must be mounted there.
    pub folder: PathBuf,
    /// Its interpreter.
    pub python: PathBuf,
    /// The folder of its scripts.
    pub bin: PathBuf,
    /// The folder of its packages.
    pub site_packages: PathBuf,
    /// Identity of interpreter and packages.
    pub digest: Digest,
    /// A folder beside it for the `__pycache__` folders that jobs leave, laid out like the environment.
    pub bytecode: PathBuf,
    /// What is installed in it.
    pub packages: Vec<Package>,
}

impl Environment {
    /// Returns the version of an installed package; the name is normalised.
    pub fn version_of(&self, name: &str) -> Option<&str> {
        let package = self.packages.iter().find(|package| package.name == name)?;
        Some(&package.version)
    }
}
