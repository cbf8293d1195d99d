//! All that a check may know: the project, its automation, the settings, the Pythons.

use towpath_host::Tree;
use towpath_python::{Automation, Project};
use towpath_report::{Changes, CheckResult, Conclusion};

use crate::judge::{BASELINE_FILE, Baseline};
use crate::matrix::Pythons;
use crate::settings::Settings;

/// What is known of one project and the repository around it.
pub struct Facts<'a> {
    /// The files of the repository.
    pub tree: &'a Tree,
    /// The project.
    pub project: &'a Project,
    /// All projects of the repository.
    pub projects: &'a [Project],
    /// What the repository's own automation runs.
    pub automation: &'a Automation,
    /// Settings of the project.
    pub settings: Settings,
    /// The Python matrix.
    pub pythons: Pythons,
    /// Lines that changed since the base of the change; empty where no base is known.
    pub changes: Changes,
    /// Commit and description of the checkout; empty without git.
    pub git_state: String,
}

impl Facts<'_> {
    /// Returns the baseline that the repository keeps for the ratchet, if it has one that can be read.
    pub(crate) fn baseline(&self) -> Option<Baseline> {
        serde_json::from_str(&self.tree.read_text(BASELINE_FILE).ok()?).ok()
    }

    /// Returns whether a tool's own configuration names the files it reads.
    pub(crate) fn configures_files(&self, tool: &str) -> bool {
        let Some(configured) = self.project.tool(tool) else { return false };
        let text = self.tree.read_text(&configured.file).unwrap_or_default();
        let keys = ["files", "packages", "modules"];
        text.lines().any(|line| {
            let key = line.split('=').next().unwrap_or("").trim();
            line.contains('=') && keys.contains(&key)
        })
    }

    /// Returns what building depends on beside files: the commit and tags, for backends that take the
    /// version from git; empty for the others.
    pub fn version_from_git(&self) -> String {
        let requires = self.project.build_system.iter().flat_map(|system| &system.requires);
        let reads_git = requires.into_iter().any(|requirement| {
            ["setuptools-scm", "setuptools_scm", "hatch-vcs", "versioneer", "pbr", "poetry-dynamic-versioning", "versioningit", "setuptools-git-versioning"]
                .iter()
                .any(|backend| requirement.to_ascii_lowercase().starts_with(backend))
        });
        if reads_git { self.git_state.clone() } else { String::new() }
    }

    /// Returns the Python files of the repository that are the project's own: not in another
    /// project's folder.
    pub fn python_files(&self) -> Vec<&str> {
        let others: Vec<String> = self
            .projects
            .iter()
            .filter(|other| other.root != self.project.root && is_below(&other.root, &self.project.root))
            .map(|other| format!("{}/", other.root))
            .collect();
        self.tree
            .files()
            .keys()
            .map(String::as_str)
            .filter(|path| path.ends_with(".py") && is_below(path, &self.project.root))
            .filter(|path| !others.iter().any(|other| path.starts_with(other.as_str())))
            .collect()
    }
}

/// Returns whether a path is a folder or lies below it; everything lies below the empty folder.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path == folder
        || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// The result of a check that this one needs.
#[derive(Debug, Clone)]
pub struct NeededCheck<'a> {
    /// Display name of its job.
    pub job: &'a str,
    /// The check.
    pub check: &'a str,
    /// How it ended.
    pub conclusion: Conclusion,
    /// What it found.
    pub result: &'a CheckResult,
}
