//! What a repository's own automation runs: CI files, pre-commit, tox, nox, make and scripts, read
//! and never executed.
//!
//! The readers know their formats; `walk` goes from one to the other as a run would; `adoption` says
//! whose word counts. What follows from that (which check blocks) is decided by the standard.

mod adoption;
mod ci;
mod finish;
mod installs;
mod model;
mod notes;
mod options;
mod paths;
mod runners;
mod shell;
mod tables;
mod task_runners;
#[cfg(test)]
mod testing;
mod tools;
mod unknown;
mod walk;
mod yaml;

use towpath_host::Tree;

use crate::Project;

pub use adoption::adoption;
pub use model::{Automation, AutomationKind, AutomationSource, Install, Invocation, VersionPin};
pub use paths::with_folders;

/// Reads the automation of a repository. Starts nothing and changes nothing; what cannot be read
/// is listed with its place.
pub fn read_automation(tree: &Tree, projects: &[Project]) -> Automation {
    let mut walker = walk::Walker::new(tree, task_runners::TASK_RUNNERS);
    ci::read(&mut walker);
    let mut folders: Vec<&str> = vec![""];
    folders.extend(
        projects
            .iter()
            .map(|project| project.root.as_str())
            .filter(|root| !root.is_empty()),
    );
    for folder in folders {
        walker.read_folder(folder);
    }
    walker.finish()
}
