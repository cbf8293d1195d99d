//! The project itself, installed for editing: its metadata, entry points and import path as a wheel that
//! is laid over environments, and files that its build wrote into the repository.
//!
//! Building runs the project's code, so the caller does that in its sandbox: [`editable_build`] tells what
//! to run and in which environment, [`keep_editable`] takes what came of it under [`editable_key`].

mod kept;
mod key;

use std::collections::BTreeMap;
use std::path::Path;

use towpath_host::Tree;

use super::Error;
use crate::{BuildSystem, Machine, Project};

pub use kept::{Editable, EditableOutput, keep_editable, kept_editable};
pub use key::{editable_key, is_prose, reads_git};

/// The module that drivers of builds import, as a file of this name beside them.
pub const BUILD_HOOKS: (&str, &str) = ("build_hooks.py", include_str!("build_hooks.py"));
const DRIVER: (&str, &str) = ("editable_driver.py", include_str!("editable_driver.py"));
const LEGACY_BACKEND: &str = "setuptools.build_meta:__legacy__";

/// What is to be installed for editing.
#[derive(Clone, Copy)]
pub struct EditableRequest<'a> {
    /// The root of the repository as jobs see it, where the build runs as well.
    pub source: &'a Path,
    /// The files of the repository.
    pub tree: &'a Tree,
    /// The project.
    pub project: &'a Project,
    /// What git says about the repository, for the projects of [`reads_git`]: commit, tags, whether it is
    /// changed. Any text that differs when a version made from git would.
    pub git: &'a str,
    /// The variables that the build sees, as [`build_variables`] has them.
    pub variables: &'a BTreeMap<String, String>,
}

/// A build that the caller runs in its sandbox, without network, with the repository writable by way of an
/// overlay at its own path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditableBuild {
    /// What its environment holds.
    pub requirements: Vec<String>,
    /// The command, started in the project's folder. `{python}` stands for the environment's interpreter,
    /// `{tree}` for the repository as the command sees it, and `{out}` for a writable folder that holds the
    /// files below. There it writes `editable.json`, and the wheel into `dist`.
    pub arguments: Vec<String>,
    /// Files that it needs, by name.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Returns how the editable wheel of a project is built.
pub fn editable_build(request: &EditableRequest<'_>) -> EditableBuild {
    let project = request.project;
    let system = build_system(project);
    let mut requirements = system.requires;
    // It asks for this at every editable build; known before, the question is spared.
    if system.backend == "hatchling.build" {
        requirements.push("editables~=0.3".to_owned());
    }
    let roots = project.layout.import_roots.iter();
    let roots: Vec<String> = roots
        .map(|root| request.source.join(root).display().to_string())
        .collect();
    let driver = format!("{{out}}/{}", DRIVER.0);
    let source = request.source.display().to_string();
    let mut arguments = ["{python}", &driver, "{out}", "{tree}", &source]
        .map(str::to_owned)
        .to_vec();
    let kind = if project.has_native_sources {
        "compiled"
    } else {
        "pure"
    };
    arguments.extend([system.backend, roots.join(":"), kind.to_owned()]);
    arguments.extend(system.backend_path);
    EditableBuild {
        requirements,
        arguments,
        files: [BUILD_HOOKS, DRIVER]
            .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
            .to_vec(),
    }
}

/// Returns what builds a project; without a declaration, setuptools as pip calls it. What a `setup.py` lists
/// as `setup_requires` is among the requirements.
pub fn build_system(project: &Project) -> BuildSystem {
    let mut system = project.build_system.clone().unwrap_or_else(|| BuildSystem {
        requires: vec!["setuptools".to_owned()],
        backend: LEGACY_BACKEND.to_owned(),
        backend_path: Vec::new(),
    });
    let listed = project.groups.get("setup_requires");
    system
        .requires
        .extend(listed.into_iter().flatten().cloned());
    system
}

/// Returns the variables of the user that builds may see: compilers, and versions given from outside.
pub fn build_variables(machine: &Machine<'_>) -> BTreeMap<String, String> {
    const NAMES: &[&str] = &[
        "ARCHFLAGS",
        "CC",
        "CFLAGS",
        "CPPFLAGS",
        "CXX",
        "CXXFLAGS",
        "LDFLAGS",
        "PBR_VERSION",
        "PKG_CONFIG_PATH",
    ];
    let passes =
        |name: &str| NAMES.contains(&name) || name.starts_with("SETUPTOOLS_SCM_PRETEND_VERSION");
    let passed = machine.environment.iter().filter(|(name, _)| passes(name));
    passed
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
