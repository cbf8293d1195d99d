//! What all checks of one run share: the repository, the store, interpreters, the sandbox, and things
//! made once and only when needed (uv, the clean copy of the tree).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use towpath_host::clean_tree::{self, SyncReport};
use towpath_host::sandbox::Level;
use towpath_host::{Digest, Store, Tree};
use towpath_python::environments::{
    self, RustToolchain, build_variables, installer_settings, rust_toolchain,
};
use towpath_python::{Interpreter, Machine, Uv, find_uv};
use towpath_report::{Place, Problem};
use towpath_standard::{Check, Facts};

use super::Variables;
use super::bytecode::prune;

/// What the binary found out before a run.
pub struct Setup<'a> {
    /// Facts of every project of the repository.
    pub projects: &'a [Facts<'a>],
    /// The files of the repository.
    pub tree: &'a Tree,
    /// Where verdicts, findings and artifacts are kept.
    pub store: &'a Store,
    /// Environment, home and cache folder of the machine.
    pub machine: Machine<'a>,
    /// Interpreters that are here.
    pub interpreters: &'a [Interpreter],
    /// How jobs are isolated.
    pub level: Level,
    /// towpath's own program, which supervises sandboxes.
    pub program: PathBuf,
    /// Folder of the repository's own state.
    pub state: PathBuf,
    /// Folders of version control that builds may read.
    pub version_control: Vec<PathBuf>,
    /// Commit, branch and all names of git of the repository; empty without version control.
    pub history: String,
    /// Identity of this build of towpath: what another one made of a tool's output may differ.
    pub build: String,
    /// Date in UTC, `2026-11-21`.
    pub date: String,
    /// Digest of the system's own folders, as one coarse input.
    pub system: String,
    /// Checks of the projects' own, by project and name.
    pub custom: BTreeMap<(String, String), Box<dyn Check>>,
}

/// Everything that the checks of one run share.
pub struct Session<'a> {
    setup: Setup<'a>,
    uv: OnceLock<Result<Uv, Problem>>,
    clean: OnceLock<Result<SyncReport, Problem>>,
    locks: Mutex<BTreeMap<String, Arc<Mutex<()>>>>,
    names: Mutex<BTreeMap<String, Digest>>,
    installer_settings: Mutex<BTreeMap<PathBuf, Digest>>,
    /// Indexes that failed every question in this run, by the settings that name them.
    failing: Mutex<BTreeMap<String, Problem>>,
    /// Their servers.
    failing_servers: Mutex<Vec<String>>,
    rust: OnceLock<Option<RustToolchain>>,
    /// What builds see of the user's variables.
    pub(crate) build_variables: Variables,
}

impl<'a> std::ops::Deref for Session<'a> {
    type Target = Setup<'a>;

    fn deref(&self) -> &Setup<'a> {
        &self.setup
    }
}

impl<'a> Session<'a> {
    /// Returns the session of a run. Sweeps up after killed runs, makes nothing yet.
    pub fn new(setup: Setup<'a>) -> Self {
        sweep(&setup.machine.cache.join("scratch"));
        Self {
            build_variables: build_variables(&setup.machine),
            setup,
            uv: OnceLock::new(),
            clean: OnceLock::new(),
            locks: Mutex::default(),
            names: Mutex::default(),
            installer_settings: Mutex::default(),
            failing: Mutex::default(),
            failing_servers: Mutex::default(),
            rust: OnceLock::new(),
        }
    }

    /// Returns the repository's folder.
    pub(crate) fn root(&self) -> &Path {
        self.tree.root()
    }

    /// Returns whether what jobs found may be used again: only where all that they read is known.
    pub(crate) fn keeps_results(&self) -> bool {
        self.level == Level::Namespaces
    }

    /// Returns a check of the standard or of the project's own.
    pub(crate) fn check(&self, name: &str, facts: &Facts<'_>) -> Option<&dyn Check> {
        let own = self
            .custom
            .get(&(facts.project.root.clone(), name.to_owned()));
        own.map(AsRef::as_ref)
            .or_else(|| towpath_standard::check(name).map(|check| check as &dyn Check))
    }

    /// Returns uv, found or fetched on first use.
    pub(crate) fn uv(&self) -> Result<&Uv, Problem> {
        self.uv
            .get_or_init(|| {
                find_uv(&self.machine).map_err(|error| {
                    self.note_failing(error.silent_servers());
                    problem(&error, error.hints())
                })
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Returns the user's Rust toolchain, looked for on first use; `None` where nothing here is written in
    /// Rust.
    pub(crate) fn rust(&self) -> Option<&RustToolchain> {
        let is_manifest = |path: &String| path == "Cargo.toml" || path.ends_with("/Cargo.toml");
        let find = || {
            let mut files = self.tree.files().keys();
            files
                .any(is_manifest)
                .then(|| rust_toolchain(&self.machine, self.root()))?
        };
        self.rust.get_or_init(find).as_ref()
    }

    /// Returns the clean copy of the tree, brought level on first use.
    pub(crate) fn clean_tree(&self) -> Result<&Path, Problem> {
        self.clean
            .get_or_init(|| {
                let report = clean_tree::synchronise(self.tree, &self.state.join("tree"))
                    .map_err(|error| problem(&error, error.hints()))?;
                if let Err(error) = prune(&self.state.join("bytecode"), &report.files) {
                    tracing::debug!("compiled modules were not sorted out: {error}");
                }
                match report.changed_meanwhile.first() {
                    None => Ok(report),
                    Some(path) => Err(Problem::error(format!(
                        "`{path}` changed while towpath started"
                    ))
                    .with_hint("run the command again when nothing writes into the project")),
                }
            })
            .as_ref()
            .map(|report| report.files.as_path())
            .map_err(Clone::clone)
    }

    /// Returns the lock of one thing that two jobs might make at once.
    pub(crate) fn lock(&self, name: &str) -> Arc<Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(name.to_owned()).or_default())
    }

    /// Returns the identity of what pip and uv are told in a folder beside the requirements of a project,
    /// computed once.
    pub(crate) fn installer_settings(&self, folder: &Path) -> Result<Digest, Problem> {
        let mut known = self
            .installer_settings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(digest) = known.get(folder) {
            return Ok(digest.clone());
        }
        let digest = installer_settings(&self.machine, folder)
            .map_err(|error| problem(&error, error.hints()))?;
        known.insert(folder.to_owned(), digest.clone());
        Ok(digest)
    }

    /// Returns the servers of indexes that failed every question so far.
    pub(crate) fn failing_servers(&self) -> Vec<String> {
        let servers = self.failing_servers.lock();
        servers.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_failing(&self, servers: impl IntoIterator<Item = String>) {
        let known = self.failing_servers.lock();
        known
            .unwrap_or_else(PoisonError::into_inner)
            .extend(servers);
    }

    /// Does what may ask an index as the settings of `folder` and `lines` of requirements files say. One that
    /// failed every question of the same settings is not asked again in this run.
    pub(crate) fn ask_index<T>(
        &self,
        folder: Option<&Path>,
        lines: &str,
        ask: impl FnOnce() -> Result<T, environments::Error>,
    ) -> Result<T, Problem> {
        let settings = self.installer_settings(folder.unwrap_or(self.root()))?;
        let settings = format!("{settings} {lines}");
        let failing = || self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = failing().get(&settings) {
            return Err(known.clone());
        }
        ask().map_err(|error| {
            let problem = self.told(&error);
            if let Some(server) = error.failing_server() {
                failing().insert(settings, problem.clone());
                self.note_failing([server.to_owned()]);
            }
            problem
        })
    }

    /// Returns what went wrong with an environment, with files of the repository by their paths in it.
    pub(crate) fn told(&self, error: &environments::Error) -> Problem {
        let mut problem = problem(error, error.hints());
        let root = format!("{}/", self.root().display());
        problem.message = problem.message.replace(&root, "");
        for hint in &mut problem.hints {
            *hint = hint.replace(&root, "");
        }
        problem.place = error.place().and_then(|(path, line)| {
            let path = path.strip_prefix(self.root()).ok()?.to_str()?;
            Some(Place::at(path, u32::try_from(line).ok()?, 0))
        });
        problem
    }

    /// Returns the digest of the names of all files that a project may see, computed once.
    pub(crate) fn names_digest(&self, facts: &Facts<'_>) -> Digest {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let root = &facts.project.root;
        names
            .entry(root.clone())
            .or_insert_with(|| self.tree.names_digest(&|path| is_in_scope(path, facts)))
            .clone()
    }
}

/// Removes what jobs of killed runs left behind: folders named after a process that is gone.
fn sweep(scratches: &Path) {
    let Ok(entries) = fs_err::read_dir(scratches) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix("job-")
            .and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        let is_alive = owner.is_some_and(|owner| Path::new(&format!("/proc/{owner}")).exists());
        if !is_alive && let Err(error) = fs_err::remove_dir_all(entry.path()) {
            tracing::debug!("a folder of a killed run stays: {error}");
        }
    }
}

/// Files of projects that this one neither is nor needs are out of its scope.
fn is_in_scope(path: &str, facts: &Facts<'_>) -> bool {
    let is_below = |root: &str| {
        root.is_empty()
            || path
                .strip_prefix(root)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    if facts.project.root.is_empty() {
        return true;
    }
    let owner = facts
        .projects
        .iter()
        .filter(|project| !project.root.is_empty() && is_below(&project.root))
        .max_by_key(|project| project.root.len());
    owner.is_none_or(|owner| {
        owner.root == facts.project.root || needs(facts, &facts.project.root, &owner.root, 0)
    })
}

/// Returns whether a project needs another, directly or through others.
fn needs(facts: &Facts<'_>, from: &str, to: &str, depth: usize) -> bool {
    let Some(project) = facts.projects.iter().find(|project| project.root == from) else {
        return false;
    };
    depth < facts.projects.len()
        && project
            .path_dependencies
            .iter()
            .any(|need| need == to || needs(facts, need, to, depth + 1))
}

/// Turns an error and its hints into a problem that a report can show.
pub(crate) fn problem(error: &dyn std::error::Error, hints: Vec<String>) -> Problem {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    let mut problem = Problem::error(message);
    problem.hints = hints;
    problem
}
