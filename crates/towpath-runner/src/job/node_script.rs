//! A part of a JavaScript action, with what it is started with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::composite::ActionFolder;
use crate::commands::input_variable;

/// A part of a JavaScript action that can be started.
#[derive(Clone)]
pub(super) struct Script {
    /// The file, absolute.
    pub(super) file: String,
    /// The inputs as `INPUT_…`.
    pub(super) inputs: BTreeMap<String, String>,
    /// What stands in the `github` context.
    pub(super) folder: PathBuf,
    pub(super) repository: String,
    pub(super) version: String,
}

impl Script {
    /// Returns the part in a file of the action's folder.
    pub(super) fn new(file: &str, inputs: &BTreeMap<String, String>, from: &ActionFolder) -> Self {
        let inputs = inputs.iter();
        Self {
            file: from.folder.join(file).to_string_lossy().into_owned(),
            inputs: inputs
                .map(|(name, value)| (input_variable(name), value.clone()))
                .collect(),
            folder: from.folder.clone(),
            repository: from.repository.clone(),
            version: from.version.clone(),
        }
    }
}
