//! An environment as far as it is known: what it holds, and once it is ready the folders that make it up.

use std::path::PathBuf;

use towpath_python::{Environment, Interpreter, Resolution};

/// What an environment holds, known without building it.
pub(crate) struct Resolved<'a> {
    pub(crate) interpreter: &'a Interpreter,
    pub(crate) resolution: Resolution,
    /// Identity of the project's own layer; empty where the project is not installed.
    pub(crate) layer_key: String,
    /// Other projects of the repository that are laid over it.
    pub(crate) members: Vec<Member>,
}

/// An environment that is ready.
pub(crate) struct Prepared<'a> {
    pub(crate) resolved: Resolved<'a>,
    pub(crate) environment: Environment,
    /// Folders laid over the environment, the first wins.
    pub(crate) over_environment: Vec<PathBuf>,
    /// Folders laid over the tree: files that building the project left in it.
    pub(crate) over_tree: Vec<PathBuf>,
}

impl Prepared<'_> {
    /// Returns the folders that make up the environment as jobs see it, the first wins.
    pub(crate) fn layers(&self) -> Vec<PathBuf> {
        let mut layers = self.over_environment.clone();
        layers.extend([
            self.environment.bytecode.clone(),
            self.environment.folder.clone(),
        ]);
        layers
    }
}

/// A project of the repository that another one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its folder.
    pub(crate) root: String,
    /// Identity of its layer.
    pub(crate) key: String,
}
