//! What a repository's own automation runs: CI files, pre-commit, tox, nox, make and scripts, read
//! and never executed.
//!
//! The readers know their formats; `walk` goes from one to the other as a run would; `adoption` says
//! whose word counts. What follows from that (which check blocks) is decided by the standard.

mod adoption;
mod installs;
mod model;
mod options;
mod paths;
mod runners;
mod shell;
mod tools;

use towpath_host::Tree;

use crate::Project;

pub use adoption::adoption;
pub use model::{
    Automation, AutomationKind, AutomationSource, Install, Invocation, VersionPin,
};

/// Reads the automation of a repository. Starts nothing and changes nothing; what cannot be read
/// is listed with its place.
pub fn read_automation(_tree: &Tree, _projects: &[Project]) -> Automation {
    Automation::default()
}
