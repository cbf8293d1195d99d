//! All that a check may know: the project, its automation, the settings, the Pythons.

use towpath_host::Tree;
use towpath_python::environments::reads_git;
use towpath_python::{Automation, Project};
use towpath_report::{Changes, CheckResult, Place, Problem};

use crate::matrix::Pythons;
use crate::ratchet::{BASELINE_FILE, Baseline};
use crate::settings::Settings;
use crate::work::PythonChoice;

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
    /// Lines that changed since the base of the change, none where no base is asked for; `None` where
    /// git does not know the base.
    pub changes: Option<Changes>,
    /// Commit, branch and all names of git of the checkout; empty without git.
    pub git_state: String,
}

impl Facts<'_> {
    /// Returns the first line of a file that is what is wanted, else the whole file.
    pub(crate) fn line_of(&self, path: &str, is_wanted: impl Fn(&str) -> bool) -> Place {
        let text = self.tree.read_text(path).unwrap_or_default();
        match text.lines().zip(1..).find(|(line, _)| is_wanted(line)) {
            Some((_, number)) => Place::at(path, number, 0),
            None => Place::file(path),
        }
    }

    /// Returns the baseline that the repository keeps for the ratchet; where it keeps none, nothing is
    /// tolerated.
    pub(crate) fn baseline(&self) -> Result<Baseline, Problem> {
        if !self.tree.contains(BASELINE_FILE) {
            return Ok(Baseline::default());
        }
        let read = self
            .tree
            .read(BASELINE_FILE)
            .map_err(|error| error.to_string());
        read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()))
            .map_err(|error| Problem {
                place: Some(Place::file(BASELINE_FILE)),
                ..Problem::error(format!("`{BASELINE_FILE}` is no baseline: {error}"))
                    .with_hint("mend the file, or remove it to start anew")
            })
    }

    /// Returns the newest Python that the project is run on.
    pub(crate) fn newest_python(&self) -> PythonChoice {
        let newest = self.pythons.run.last().copied();
        newest.map_or(PythonChoice::ForTools, PythonChoice::Exactly)
    }

    /// Returns whether a tool's own configuration names the files it reads.
    pub(crate) fn configures_files(&self, tool: &str) -> bool {
        let Some(configured) = self.project.tool(tool) else {
            return false;
        };
        let text = self.tree.read_text(&configured.file).unwrap_or_default();
        names_files(&text, tool)
    }

    /// Returns whether a line of the file that configures a tool sets an option.
    pub(crate) fn configures(&self, tool: &str, option: &str) -> bool {
        self.project
            .tool(tool)
            .and_then(|configured| self.tree.read_text(&configured.file).ok())
            .is_some_and(|text| {
                text.lines()
                    .any(|line| line.trim_start().starts_with(option))
            })
    }

    /// Returns whether the project is the archive of a release, which its builder has described: much
    /// that lies in the repository was left out of it.
    pub(crate) fn is_release(&self) -> bool {
        self.tree.contains(&self.project.path("PKG-INFO"))
    }

    /// Returns what building depends on beside files: the commit and tags, for backends that take the
    /// version from git; empty for the others.
    pub fn version_from_git(&self) -> String {
        if reads_git(self.project) {
            self.git_state.clone()
        } else {
            String::new()
        }
    }

    /// Returns the Python files of the repository that are the project's own: not in another
    /// project's folder.
    pub fn python_files(&self) -> Vec<&str> {
        let others: Vec<String> = self
            .projects
            .iter()
            .filter(|other| {
                other.root != self.project.root && is_below(&other.root, &self.project.root)
            })
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

/// Returns whether the table or section of a tool says which files it reads.
fn names_files(text: &str, tool: &str) -> bool {
    let mut is_about_tool = false;
    text.lines().map(str::trim).any(|line| {
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            is_about_tool = header.trim().trim_start_matches("tool.") == tool;
        }
        let key = line.split('=').next().unwrap_or("").trim();
        is_about_tool && line.contains('=') && ["files", "packages", "modules"].contains(&key)
    })
}

/// Returns whether a path is a folder or lies below it; everything lies below the empty folder.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// The result of a check that this one needs.
#[derive(Debug, Clone)]
pub struct NeededCheck<'a> {
    /// The check.
    pub check: &'a str,
    /// Folder of the project that it was about.
    pub project: &'a str,
    /// What it found.
    pub result: &'a CheckResult,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tools_own_table_names_its_files() {
        for (text, expected) in [
            ("[tool.mypy]\nfiles = ['src']\n", true),
            ("[mypy]\nstrict = True\npackages = a\n", true),
            (
                "[tool.mypy]\nstrict = true\n\n[tool.hatch.build]\npackages = ['src/a']\n",
                false,
            ),
            (
                "[tool.setuptools]\npackages = ['a']\n[tool.mypy]\nstrict = true\n",
                false,
            ),
        ] {
            assert_eq!(names_files(text, "mypy"), expected, "{text:?}");
        }
    }
}
