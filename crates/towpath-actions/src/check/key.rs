//! What the verdict of a check depends on: the key beside file contents, and the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use towpath_host::Digest;
use towpath_host::sandbox::Observation;
use towpath_python::environments::wheel_identity;
use towpath_report::ArtifactRecord;
use towpath_runner::{Dependencies, Key};
use towpath_standard::{Command, Inputs, ProjectInstall, Scan, ToolWork};

use super::Subject;
use super::prepared::Resolved;
use super::session::Session;

/// The part of a key that stands for the names of all files that a job may see.
pub const FILE_NAMES: &str = "file names";

/// Kind of the entries that tell a wheel's identity by its digest.
const WHEEL: &str = "wheel";

impl Session<'_> {
    /// Returns the parts that every key has.
    pub(crate) fn base_key(&self, subject: &Subject<'_>) -> Key {
        let mut key = Key::default();
        key.add("towpath", self.build.as_str());
        key.add("check", subject.check.name());
        key.add("project", subject.facts.project.root.as_str());
        key.add(
            "python",
            subject
                .python
                .map(|python| python.to_string())
                .unwrap_or_default(),
        );
        key.add("checkout", self.root().to_string_lossy());
        // Which other Pythons a run has, says nothing of this job.
        let mut settings = subject.facts.settings.clone();
        settings.pythons = None;
        key.add("settings", short(&format!("{settings:?}")));
        key
    }

    /// Returns the key of tool work when the environment's contents are known without a process.
    pub(crate) fn known_key(&self, subject: &Subject<'_>, work: &ToolWork) -> Option<Key> {
        let work = self.completed(work);
        let resolved = self.looked_up(subject, &work.environment, None);
        Some(self.tool_key(subject, &work, &resolved.ok().flatten()?))
    }

    pub(crate) fn tool_key(
        &self,
        subject: &Subject<'_>,
        work: &ToolWork,
        resolved: &Resolved<'_>,
    ) -> Key {
        let mut key = self.base_key(subject);
        self.add_tools(&mut key, work, resolved);
        key.add("project layer", resolved.layer_key.as_str());
        for member in &resolved.members {
            key.add(&format!("layer of {}", member.root), member.key.as_str());
        }
        if let ProjectInstall::Wheel(wheel) = &work.environment.project {
            let identity = self.wheel_identity(wheel);
            key.add("wheel", identity.unwrap_or_else(|| wheel.sha256.clone()));
        }
        key.add("tree", work.tree.words());
        key.add("network", work.network.words());
        let artifacts: String = work
            .artifacts
            .iter()
            .map(|(name, artifact)| format!("{name} {}\n", artifact.sha256))
            .collect();
        key.add("artifacts", short(&artifacts));
        for (name, value) in &work.key {
            key.add(
                name,
                if value.len() > 64 {
                    short(value)
                } else {
                    value.clone()
                },
            );
        }
        if work.inputs.names {
            key.add(FILE_NAMES, self.names_digest(subject.facts).as_str());
        }
        let asks = work.advisories.is_some();
        if work.executes_project || asks || !resolved.resolution.locked {
            key.add("date", self.date.as_str());
        }
        key
    }

    /// Returns the identity of a wheel's contents; `None` where it cannot be read. What was unpacked once
    /// is known by the digest of the wheel.
    fn wheel_identity(&self, wheel: &ArtifactRecord) -> Option<String> {
        let known_by = format!("{} {}", self.build, wheel.sha256);
        let known = self.store.entry(WHEEL, &known_by).ok().flatten();
        if let Some(identity) = known.and_then(|bytes| String::from_utf8(bytes).ok()) {
            return Some(identity);
        }
        let bytes = self.artifact(wheel).ok()?;
        let identity = wheel_identity(&bytes).ok()?.to_string();
        if let Err(error) = self.store.put_entry(WHEEL, &known_by, identity.as_bytes()) {
            tracing::debug!("the identity of a wheel was not kept: {error}");
        }
        Some(identity)
    }

    /// Returns the key of the findings of single files, which policies and other files do not change.
    pub(crate) fn scan_key(
        &self,
        subject: &Subject<'_>,
        work: &ToolWork,
        scan: &Scan,
        resolved: &Resolved<'_>,
    ) -> Key {
        let mut key = Key::default();
        key.add("towpath", self.build.as_str());
        key.add("check", subject.check.name());
        key.add("checkout", self.root().to_string_lossy());
        self.add_tools(&mut key, work, resolved);
        key.add("scan", scan.key.join("\0"));
        if work.executes_project {
            key.add("date", self.date.as_str());
        }
        key
    }

    /// Adds which tools run, in what, and what they are told.
    fn add_tools(&self, key: &mut Key, work: &ToolWork, resolved: &Resolved<'_>) {
        key.add("sandbox", self.level.to_string());
        key.add("system", self.system.as_str());
        key.add(
            "interpreter",
            format!(
                "{} {} {}",
                resolved.interpreter.implementation,
                resolved.interpreter.version,
                resolved.interpreter.path.display()
            ),
        );
        // The same version installed anew in its place may be built with other modules.
        let program = resolved.interpreter.identity();
        key.add("interpreter program", program.as_str());
        key.add("packages", resolved.resolution.digest.as_str());
        key.add("commands", commands(&work.commands));
        let support: String = work
            .support_files
            .iter()
            .map(|(name, bytes)| format!("{name} {}\n", Digest::of(bytes)))
            .collect();
        key.add("drivers", short(&support));
    }

    /// Returns all that a verdict depends on. Without an observation, or with one that missed
    /// something, every file of the repository counts.
    pub(crate) fn dependencies(
        &self,
        work: &ToolWork,
        key: Key,
        observation: Option<&Observation>,
    ) -> Dependencies {
        let mut files = BTreeMap::new();
        let globs = globs(&work.inputs);
        let is_history = |path: &PathBuf| {
            let mut folders = self.version_control.iter();
            folders.any(|folder| path.starts_with(folder))
        };
        let reads_history = observation.is_some_and(|seen| seen.opened.iter().any(is_history));
        // Whether the tree differs from a commit is asked of every file.
        let everything =
            reads_history || work.inputs.observed && observation.is_none_or(|seen| !seen.complete);
        for path in self.tree.files().keys() {
            if everything || is_declared(&work.inputs, path) || globs.is_match(path) {
                files.insert(path.clone(), self.tree.digest(path));
            }
        }
        // A scan opens only the files that no earlier one covers.
        for path in work.scan.iter().flat_map(|scan| &scan.files) {
            files.insert(path.clone(), self.tree.digest(path));
        }
        for path in observation.iter().flat_map(|seen| self.opened(seen)) {
            let digest = self.tree.digest(&path);
            files.insert(path, digest);
        }
        Dependencies {
            key,
            files,
            history: reads_history.then(|| self.history.clone()),
        }
    }

    /// Returns the files of the repository that were seen to be opened.
    pub(crate) fn opened(&self, observation: &Observation) -> BTreeSet<String> {
        let opened = observation.opened.iter();
        opened.filter_map(|path| self.source_of(path)).collect()
    }

    /// Returns the file of the repository behind an opened path: itself, or the module that a compiled
    /// file belongs to.
    fn source_of(&self, opened: &Path) -> Option<String> {
        let relative = opened.strip_prefix(self.root()).ok()?.to_str()?;
        if self.tree.contains(relative) {
            return Some(relative.to_owned());
        }
        let (folder, file) = relative.rsplit_once('/')?;
        let module = file.strip_suffix(".pyc")?.split('.').next()?;
        let package = match folder.strip_suffix("__pycache__")? {
            "" => String::new(),
            package => package.to_owned(),
        };
        let source = format!("{package}{module}.py");
        self.tree.contains(&source).then_some(source)
    }
}

/// Returns the globs of inputs; one that cannot be read matches nothing, and opened files count anyway.
fn globs(inputs: &Inputs) -> globset::GlobSet {
    let mut set = globset::GlobSetBuilder::new();
    for glob in inputs
        .globs
        .iter()
        .filter_map(|glob| globset::Glob::new(glob).ok())
    {
        set.add(glob);
    }
    set.build().unwrap_or_default()
}

fn is_declared(inputs: &Inputs, path: &str) -> bool {
    inputs
        .endings
        .iter()
        .any(|ending| path.ends_with(ending.as_str()))
}

fn commands(commands: &[Command]) -> String {
    let text: Vec<String> = commands
        .iter()
        .map(|command| {
            format!(
                "{:?} {:?} {:?}",
                command.arguments, command.environment, command.folder
            )
        })
        .collect();
    short(&text.join("\n"))
}

/// Returns a digest that is long enough for a key and short enough to be read.
fn short(text: &str) -> String {
    Digest::of(text.as_bytes())
        .as_str()
        .chars()
        .take(32)
        .collect()
}
