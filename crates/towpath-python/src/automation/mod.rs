//! What a repository's own automation runs: CI files, pre-commit, tox, nox, make and scripts, read
//! and never executed.
//!
//! The readers know their formats; `walk` goes from one to the other as a run would; `adoption` says
//! whose word counts. What follows from that (which check blocks) is decided by the standard.

mod adoption;
mod ci;
mod finish;
mod hatch;
mod ini;
mod installs;
mod just;
mod make;
mod model;
mod notes;
mod nox;
mod options;
mod paths;
mod pre_commit;
mod runners;
mod scripts;
mod shell;
mod tables;
#[cfg(test)]
mod testing;
mod tools;
mod tox;
mod unknown;
mod walk;

use towpath_host::Tree;

use crate::Project;

pub use adoption::adoption;
pub use model::{Automation, AutomationKind, AutomationSource, Install, Invocation, VersionPin};

/// Reads the automation of a repository. Starts nothing and changes nothing; what cannot be read
/// is listed with its place.
pub fn read_automation(tree: &Tree, projects: &[Project]) -> Automation {
    let mut walker = walk::Walker::new(tree);
    ci::read(&mut walker);
    walker.read_pre_commit();
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

impl walk::Walker<'_> {
    /// Reads what lies in the folder of a project and may be called by nothing.
    fn read_folder(&mut self, folder: &str) {
        self.read_tox(folder);
        self.read_nox(folder);
        self.read_make(folder);
        self.read_just(folder);
        self.read_hatch(folder);
        self.read_scripts(folder);
    }
}
