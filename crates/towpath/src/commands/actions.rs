//! `towpath actions`: brings the actions of other repositories that workflows use, so that runs need no
//! network for them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use towpath_actions::{ActionStore, BUILT_IN, Remote, each_use, uses_of};
use towpath_host::Git;
use towpath_report::{Problem, Source};
use towpath_workflow::syntax::{JobWork, Runs};
use towpath_workflow::{Sources, parse_action, parse_workflow};

use crate::arguments::{ActionsArguments, ActionsCommand, GlobalArguments};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;
use crate::process::Process;

const FOLDER: &str = ".github/workflows";

/// Returns where fetched actions lie.
pub(crate) fn store(cache: &Path) -> ActionStore {
    ActionStore::of(&cache.join("actions"))
}

pub(super) fn run(
    process: &Process,
    global: &GlobalArguments,
    actions: &ActionsArguments,
) -> anyhow::Result<ExitCode> {
    let ActionsCommand::Fetch { files, server } = &actions.command;
    let folder = super::folder(process, global);
    let git = crate::repository::git_around(&folder)?;
    let root = git.as_ref().map_or(folder.as_path(), Git::top_level);
    let files: Vec<PathBuf> = if files.is_empty() {
        workflows(root)?
    } else {
        files.iter().map(|file| folder.join(file)).collect()
    };
    let store = store(&process.folders()?.cache);
    let mut fetching = Fetching {
        root,
        store: &store,
        server,
        seen: BTreeSet::new(),
        problems: Vec::new(),
        said: String::new(),
    };
    for file in files {
        fetching.workflow(root, &file);
    }
    if fetching.said.is_empty() && fetching.problems.is_empty() {
        fetching
            .said
            .push_str("There is nothing to fetch: all actions are built in or local.\n");
    }
    output::print(&fetching.said)?;
    if fetching.problems.is_empty() {
        return Ok(ExitCode::Passed);
    }
    let failure = Failure {
        problems: fetching.problems,
        closing: String::new(),
    };
    Err(failure.into())
}

/// Returns the workflow files of the repository, and an error where it has none.
fn workflows(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs_err::read_dir(root.join(FOLDER))
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|end| end == "yml" || end == "yaml")
        })
        .collect();
    files.sort();
    if files.is_empty() {
        let problem = Problem::error(format!(
            "there is no workflow in `{}`",
            root.join(FOLDER).display()
        ));
        return Err(Failure::of(
            problem.with_hint("name one: `towpath actions fetch FILE`"),
        ));
    }
    Ok(files)
}

struct Fetching<'a> {
    root: &'a Path,
    store: &'a ActionStore,
    server: &'a str,
    /// What was looked at already.
    seen: BTreeSet<String>,
    problems: Vec<Problem>,
    said: String,
}

impl Fetching<'_> {
    /// Fetches what a workflow uses; those beside it, which it calls, lie in the folder `repository`.
    fn workflow(&mut self, repository: &Path, file: &Path) {
        let Some(text) = self.read(file) else {
            return;
        };
        let path = file.to_string_lossy();
        let source = Source {
            path: &path,
            text: &text,
        };
        // What is wrong with the rest of a file is told when it is run.
        let (Some(workflow), _) = parse_workflow(&source, &Sources::new()) else {
            return;
        };
        let mut found = Vec::new();
        each_use(&workflow, &mut |_, uses| found.push(uses.to_owned()));
        for uses in found {
            self.uses(&uses);
        }
        for job in &workflow.jobs {
            if let JobWork::Call(call) = &job.work {
                self.called(repository, &call.uses);
            }
        }
    }

    fn called(&mut self, repository: &Path, uses: &str) {
        let local = uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/"));
        let Some(path) = local else {
            self.uses(uses);
            return;
        };
        let file = repository.join(path);
        if self.seen.insert(file.to_string_lossy().into_owned()) && file.is_file() {
            self.workflow(repository, &file);
        }
    }

    /// Fetches what `uses` names, and what that uses in turn.
    fn uses(&mut self, uses: &str) {
        if !self.seen.insert(uses.to_owned()) || uses.starts_with("docker://") {
            return;
        }
        let local = uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/"));
        if let Some(path) = local {
            self.look_into(self.root, &self.root.join(path));
            return;
        }
        let name = uses.split('@').next().unwrap_or(uses);
        if BUILT_IN.iter().any(|built_in| built_in.name == name) {
            return;
        }
        let Some(remote) = Remote::parse(uses) else {
            return;
        };
        match self.store.fetch(&remote, self.server) {
            Ok(commit) => {
                let short: String = commit.chars().take(12).collect();
                self.said.push_str(&format!("fetched {uses} ({short})\n"));
                if let Some(folder) = self.store.find(&remote) {
                    self.look_into(&folder, &folder.join(remote.path));
                }
            }
            Err(error) => {
                let failure = Failure::from_error(&error, error.hints());
                self.problems.extend(failure.problems);
            }
        }
    }

    fn look_into(&mut self, repository: &Path, path: &Path) {
        if path.is_file() {
            self.workflow(repository, path);
            return;
        }
        let metadata = ["action.yml", "action.yaml"].map(|name| path.join(name));
        let Some(file) = metadata.iter().find(|file| file.is_file()) else {
            return;
        };
        let Some(text) = self.read(file) else {
            return;
        };
        let name = file.to_string_lossy();
        let source = Source {
            path: &name,
            text: &text,
        };
        let Some(Runs::Composite { steps }) = parse_action(&source).0.map(|action| action.runs)
        else {
            return;
        };
        let mut found = Vec::new();
        uses_of(&steps, &mut |_, uses| found.push(uses.to_owned()));
        for uses in found {
            self.uses(&uses);
        }
    }

    fn read(&mut self, file: &Path) -> Option<String> {
        match fs_err::read_to_string(file) {
            Ok(text) => Some(text),
            Err(error) => {
                let problem = Problem::error(error.to_string());
                self.problems
                    .push(problem.with_hint("check the name of the file"));
                None
            }
        }
    }
}
