//! A repository as a command sees it: its files, projects, automation and settings, read once.

use std::path::{Path, PathBuf};

use towpath_host::folders::Folders;
use towpath_host::{Git, SnapshotOptions, Tree, snapshot};
use towpath_python::{
    Automation, Interpreter, Project, RawSettings, add_called_tests, parse_settings,
    read_automation, read_projects, read_settings,
};
use towpath_report::{Changes, Problem, Severity, Source};
use towpath_standard::{Facts, Settings, contradictions, python_matrix};

use crate::failure::Failure;
use crate::settings::DECLARATIONS;

/// The base of a change where none is named: the remote's default branch.
const DEFAULT_BASE: &str = "origin/HEAD";

/// A repository and all that is known of it before anything runs.
pub(crate) struct Repository {
    /// The files.
    pub tree: Tree,
    /// Git, where the folder lies in a repository.
    pub git: Option<Git>,
    /// The projects, the root's first.
    pub projects: Vec<Project>,
    /// What the repository's own automation runs.
    pub automation: Automation,
    /// What is written in each project's settings, in the order of `projects`.
    pub settings: Vec<RawSettings>,
    /// Where state of this repository is kept.
    pub state: PathBuf,
    /// Commit, branch, and all names of git with what they name: what builds take a version from, and what tests may look at. Empty
    /// without git.
    pub history: String,
    /// What is wrong but stops nothing.
    pub warnings: Vec<Problem>,
}

/// How a repository is read.
pub(crate) struct Reading<'a> {
    /// A folder in it.
    pub folder: &'a Path,
    /// Whether every file is read again, whatever its size and time.
    pub verify: bool,
    /// A file whose settings stand for those of every project; `None` for the projects' own.
    pub config: Option<&'a Path>,
}

/// Reads the repository around a folder.
pub(crate) fn open(reading: &Reading<'_>, folders: &Folders) -> Result<Repository, Failure> {
    let Reading { folder, verify, .. } = *reading;
    if !folder.is_dir() {
        return Err(Failure::of(
            Problem::error(format!("there is no folder `{}`", folder.display()))
                .with_hint("check the path that `-C` names"),
        ));
    }
    let git = git_around(folder)?;
    let root = git.as_ref().map_or(folder, Git::top_level).to_owned();
    let state = folders.repository(&root);
    let tree = snapshot(&SnapshotOptions {
        root: &root,
        index_file: &state.join("index"),
        verify,
    })
    .map_err(|error| Failure::from_error(&error, error.hints()))?;
    tree.compute_digests();
    let (mut projects, mut problems) = read_projects(&tree);
    let automation = read_automation(&tree, &projects);
    add_called_tests(&tree, &automation, &mut projects);
    let mut settings = Vec::new();
    let given = reading.config.map(read_config).transpose()?;
    if let Some((raw, wrong)) = &given {
        problems.extend(wrong.iter().cloned());
        problems.extend(contradictions(raw));
    }
    for project in &projects {
        if let Some((raw, _)) = &given {
            settings.push(raw.clone());
            continue;
        }
        let (raw, wrong) = read_settings(&tree, &project.root, DECLARATIONS);
        problems.extend(contradictions(&raw));
        settings.push(raw);
        for problem in wrong {
            // A manifest that cannot be read at all was already told.
            if !problems.iter().any(|known| known.place == problem.place) {
                problems.push(problem);
            }
        }
    }
    stop_at_errors(&problems)?;
    if let Err(error) = tree.save_index() {
        tracing::debug!("the stat index was not kept: {error}");
    }
    if projects.is_empty() {
        return Err(Failure::of(
            Problem::error(format!("there is no Python code in `{}`", root.display()))
                .with_hint("change to the folder of a Python project, or name it with `-C DIR`"),
        ));
    }
    Ok(Repository {
        tree,
        history: git.as_ref().map(history).transpose()?.unwrap_or_default(),
        git,
        projects,
        automation,
        settings,
        state,
        warnings: problems,
    })
}

/// Reads the settings in a file that `--config` names.
fn read_config(file: &Path) -> Result<(RawSettings, Vec<Problem>), Failure> {
    let path = file.display().to_string();
    let text = fs_err::read_to_string(file).map_err(|error| {
        Failure::of(
            Problem::error(format!("cannot read the settings: {error}"))
                .with_hint("name a file in the form of `towpath.toml` with `--config FILE`"),
        )
    })?;
    let source = Source {
        path: &path,
        text: &text,
    };
    Ok(parse_settings(&source, DECLARATIONS))
}

/// Returns the git repository that a folder belongs to, not one that merely ignores it.
pub(crate) fn git_around(folder: &Path) -> Result<Option<Git>, Failure> {
    let git = Git::discover(folder).map_err(|error| Failure::from_error(&error, error.hints()))?;
    Ok(git.filter(|git| git.top_level() == folder || !git.ignores(folder)))
}

/// Returns what stands before a path in the web address of a file at the commit checked out; empty where
/// the remote is none that is known to have one.
pub(crate) fn web_address(git: Option<&Git>) -> String {
    let Some((remote, head)) = git.and_then(|git| git.remote_url().zip(git.head())) else {
        return String::new();
    };
    let remote = remote
        .trim_end_matches(".git")
        .replace("git@github.com:", "https://github.com/");
    if remote.starts_with("https://github.com/") {
        format!("{remote}/blob/{head}")
    } else {
        String::new()
    }
}

fn history(git: &Git) -> Result<String, Failure> {
    let names = git.names();
    let names = names.map_err(|error| Failure::from_error(&error, error.hints()))?;
    let head = git.head().unwrap_or_default();
    let branch = git.branch().unwrap_or_default();
    Ok(format!("{head} {branch} {names}"))
}

fn stop_at_errors(problems: &[Problem]) -> Result<(), Failure> {
    let errors: Vec<Problem> = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .cloned()
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    let count = if errors.len() == 1 {
        "1 error".to_owned()
    } else {
        format!("{} errors", errors.len())
    };
    Err(Failure {
        problems: errors,
        closing: format!("{count}, nothing was run"),
    })
}

impl Repository {
    /// Returns the facts of each project, given the interpreters that are here and the Pythons that
    /// the command line asks for.
    pub(crate) fn facts(
        &self,
        interpreters: &[Interpreter],
        pythons: &[String],
        base: Option<&str>,
    ) -> Vec<Facts<'_>> {
        let here: Vec<_> = {
            let mut here: Vec<_> = interpreters
                .iter()
                .filter(|interpreter| interpreter.is_plain())
                .map(|interpreter| interpreter.python)
                .collect();
            here.sort_unstable();
            here.dedup();
            here
        };
        let asked: Vec<_> = pythons
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect();
        self.projects
            .iter()
            .zip(&self.settings)
            .map(|(project, raw)| {
                let mut settings = Settings::read(raw);
                if !asked.is_empty() {
                    settings.pythons = Some(asked.clone());
                }
                // Only a gate for changed lines makes git compare when no base is named.
                let base = base.or(settings.changed_lines_gate().and(Some(DEFAULT_BASE)));
                Facts {
                    changes: base
                        .map_or_else(|| Some(Changes::default()), |base| self.changes(base)),
                    tree: &self.tree,
                    project,
                    projects: &self.projects,
                    automation: &self.automation,
                    pythons: python_matrix(project, &self.automation, &settings, &here),
                    settings,
                    git_state: self.history.clone(),
                }
            })
            .collect()
    }

    /// Returns whether a file says which jobs there are, what they install, or what they run.
    pub(crate) fn decides(&self, path: &str) -> bool {
        let is_of_project = |project: &Project| {
            let manifests = ["pyproject.toml", "setup.py", "setup.cfg", "towpath.toml"];
            let named = |name: &&str| project.path(name) == path;
            let locks = project.lock.iter().map(|lock| &lock.path);
            let requirements = project.requirements_files.iter().map(|file| &file.path);
            let tools = project.tools.iter().map(|tool| &tool.file);
            project.manifest.path == path
                || manifests.iter().any(named)
                || locks
                    .chain(requirements)
                    .chain(tools)
                    .any(|file| file == path)
        };
        let mut sources = self.automation.sources.iter();
        self.projects.iter().any(is_of_project) || sources.any(|source| source.path == path)
    }

    /// Returns the lines that changed since a commit, none without git; `None` where it is not known.
    pub(crate) fn changes(&self, base: &str) -> Option<Changes> {
        let Some(git) = &self.git else {
            return Some(Changes::default());
        };
        let changed = git
            .changed_since(base)
            .map_err(|error| tracing::debug!("nothing is known of `{base}`: {error}"))
            .ok()?;
        let ranges = changed
            .into_iter()
            .map(|change| (change.path, change.added));
        Some(Changes {
            files: ranges.collect(),
        })
    }

    /// Returns what stands before a path in the web address of a file at this commit.
    pub(crate) fn web_address(&self) -> String {
        web_address(self.git.as_ref())
    }

    /// Returns the commit checked out, shortened; empty without git.
    pub(crate) fn short_commit(&self) -> String {
        let head = self.git.as_ref().and_then(Git::head).unwrap_or_default();
        head.chars().take(7).collect()
    }
}
