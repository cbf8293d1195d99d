//! `actions/checkout`: fills the workspace from the user's own clone, with what is not committed where the
//! commit is the run's own. Uses no network, and never writes into the clone.

use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;
use towpath_host::git::{CheckOut, Depth, Frozen, Sparse};
use towpath_host::{Git, SnapshotOptions, Tree};
use towpath_report::Problem;
use towpath_runner::{Action, Effects, JobContext, Outcome, StepContext, StepInputs};

use crate::step::{Done, caused, count, github, in_workspace, is_true, lines, problem};
use crate::versions::{Versions, is_commit};

const NAME: &str = "actions/checkout";

/// Its versions.
pub(crate) const VERSIONS: Versions = Versions {
    majors: (1, 7),
    pins: &[
        ("b4ffde65f46336ab88eb53be808477a3936bae11", "v4.1.1"),
        ("11bd71901bbe5b1630ceea73d27597364c9af683", "v4.2.2"),
        ("34e114876b0b11c390a56381ad16ebd13914f8d5", "v4.3.1"),
        ("08c6903cd8c0fde910a37f88322edcfb5dd907a8", "v5.0.0"),
    ],
    branches: &["main", "master"],
};

const DEFAULTS: &[(&str, &str)] = &[
    ("repository", "${{ github.repository }}"),
    ("token", "${{ github.token }}"),
    ("persist-credentials", "true"),
    ("clean", "true"),
    ("sparse-checkout-cone-mode", "true"),
    ("fetch-depth", "1"),
    ("fetch-tags", "false"),
    ("show-progress", "true"),
    ("lfs", "false"),
    ("submodules", "false"),
    ("set-safe-directory", "true"),
];

/// The action. All jobs of a run see the same uncommitted changes: those of the first checkout.
#[derive(Debug, Default)]
pub struct Checkout {
    frozen: Mutex<Vec<(PathBuf, Arc<Kept>)>>,
}

#[derive(Debug)]
struct Kept {
    state: Option<Frozen>,
    _folder: TempDir,
}

impl Action for Checkout {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        VERSIONS.accept(NAME, version)
    }

    fn defaults(&self) -> &'static [(&'static str, &'static str)] {
        DEFAULTS
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        in_workspace(NAME, context, |step| self.fill(inputs, context, step))
    }
}

/// What is checked out, found out from the inputs.
struct Wanted {
    commit: String,
    /// The full name of the ref; empty for a commit.
    name: String,
}

impl Checkout {
    fn fill(&self, inputs: &StepInputs, context: &JobContext<'_>, step: &StepContext<'_>) -> Done {
        let target = target(inputs, step)?;
        clear(&target, step, is_true(inputs, "clean", true)?)?;
        let git = Git::discover(step.repository).map_err(|error| caused(&error, error.hints()))?;
        let Some(git) = git.filter(|git| git.head().is_some()) else {
            return copy_tree(inputs, context, step, &target);
        };
        let wanted = wanted(inputs, step, &git)?;
        let kept = self.state(&git, &wanted.commit, step)?;
        let changes = kept.as_ref().and_then(|kept| kept.state.as_ref());
        let patterns: Vec<String> = lines(inputs, "sparse-checkout")
            .into_iter()
            .map(str::to_owned)
            .collect();
        let is_cone = is_true(inputs, "sparse-checkout-cone-mode", true)?;
        let sparse = Sparse {
            patterns: &patterns,
            is_cone,
        };
        let url = remote_url(inputs, step);
        let request = CheckOut {
            folder: &target,
            commit: &wanted.commit,
            branch: wanted.name.strip_prefix("refs/heads/"),
            remote_url: &url,
            depth: depth(inputs)?,
            with_tags: is_true(inputs, "fetch-tags", false)?,
            changes,
            sparse: (!patterns.is_empty()).then_some(sparse),
            with_large_files: is_true(inputs, "lfs", false)?,
            cancel: context.cancel,
        };
        let failed = |error: towpath_host::git::Error| caused(&error, error.hints());
        git.check_out(&request).map_err(failed)?;
        tell(context, &wanted, changes, &git);
        match inputs.get("submodules").to_ascii_lowercase().as_str() {
            "" | "false" => {}
            "true" => self.submodules(&git, &request, false, step)?,
            "recursive" => self.submodules(&git, &request, true, step)?,
            other => {
                return Err(problem(
                    format!("the input `submodules` is `{other}`"),
                    "write `true`, `false` or `recursive`",
                ));
            }
        }
        let mut effects = Effects::default();
        effects.outputs.insert("ref".to_owned(), wanted.name);
        effects.outputs.insert("commit".to_owned(), wanted.commit);
        Ok(effects)
    }

    /// Returns the state of the working tree as this run sees it, where the commit is the one checked out.
    fn state(
        &self,
        git: &Git,
        commit: &str,
        step: &StepContext<'_>,
    ) -> Result<Option<Arc<Kept>>, Problem> {
        if git.head().as_deref() != Some(commit) {
            return Ok(None);
        }
        let mut all = self.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().find(|(root, _)| root == git.top_level());
        if let Some((_, kept)) = known {
            let is_same = kept
                .state
                .as_ref()
                .is_some_and(|state| state.commit == commit);
            return Ok(is_same.then(|| Arc::clone(kept)));
        }
        let folder = tempfile::Builder::new()
            .prefix("checkout-")
            .tempdir_in(step.run_folder)
            .map_err(|error| unwritable(step.run_folder, &error))?;
        let state = git
            .freeze(folder.path())
            .map_err(|error| caused(&error, error.hints()))?;
        let kept = Arc::new(Kept {
            state,
            _folder: folder,
        });
        all.push((git.top_level().to_owned(), Arc::clone(&kept)));
        Ok(Some(kept))
    }

    /// Fills the submodules from those of the clone.
    fn submodules(
        &self,
        git: &Git,
        outer: &CheckOut<'_>,
        is_recursive: bool,
        step: &StepContext<'_>,
    ) -> Result<(), Problem> {
        let inside = Git::discover(outer.folder).ok().flatten();
        let Some(inside) = inside else {
            return Ok(());
        };
        let recorded = inside.submodules();
        for (path, commit) in recorded.map_err(|error| caused(&error, error.hints()))? {
            let source = git.top_level().join(&path);
            let inner = Git::discover(&source).ok().flatten();
            let inner = inner.filter(|inner| inner.top_level() == source);
            let missing = || {
                problem(
                    format!("the submodule `{path}` is not in the clone at commit `{commit}`"),
                    format!("`git submodule update --init --recursive -- {path}` brings it"),
                )
            };
            let inner = inner.ok_or_else(missing)?;
            let url = inner.remote_url().unwrap_or_default();
            let kept = match outer.changes {
                Some(_) => self.state(&inner, &commit, step)?,
                None => None,
            };
            let request = CheckOut {
                folder: &outer.folder.join(&path),
                commit: &commit,
                branch: None,
                remote_url: &url,
                changes: kept.as_ref().and_then(|kept| kept.state.as_ref()),
                sparse: None,
                ..outer.clone()
            };
            inner
                .find_commit(&commit)
                .ok()
                .flatten()
                .ok_or_else(missing)?;
            inner
                .check_out(&request)
                .map_err(|error| caused(&error, error.hints()))?;
            if is_recursive {
                self.submodules(&inner, &request, true, step)?;
            }
        }
        Ok(())
    }
}

/// Returns the folder to be filled.
fn target(inputs: &StepInputs, step: &StepContext<'_>) -> Result<PathBuf, Problem> {
    let mut target = step.workspace.to_owned();
    for part in Path::new(inputs.get("path")).components() {
        match part {
            Component::Normal(name) => target.push(name),
            Component::CurDir => {}
            Component::ParentDir if target != step.workspace => {
                target.pop();
            }
            _ => {
                return Err(problem(
                    format!(
                        "the path `{}` is not under the workspace",
                        inputs.get("path")
                    ),
                    "write it relative to the workspace",
                ));
            }
        }
    }
    Ok(target)
}

/// Empties the folder as the action does before it fetches; a repository that is not to be cleaned keeps
/// its files.
fn clear(target: &Path, step: &StepContext<'_>, is_cleaned: bool) -> Result<(), Problem> {
    let unwritable = |error: std::io::Error| unwritable(target, &error);
    std::fs::create_dir_all(target).map_err(unwritable)?;
    let keeps = !is_cleaned && target.join(".git").exists();
    for entry in std::fs::read_dir(target).map_err(unwritable)? {
        let path = entry.map_err(unwritable)?.path();
        if keeps && path.file_name().is_some_and(|name| name != ".git") || path == step.temp {
            continue;
        }
        let removed = if path.symlink_metadata().map_err(unwritable)?.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.map_err(unwritable)?;
    }
    Ok(())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Problem {
    problem(
        format!("cannot write into `{}`: {error}", path.display()),
        "check that there is space on the disk and that you may write there",
    )
}

fn depth(inputs: &StepInputs) -> Result<Depth, Problem> {
    match inputs.get("fetch-depth").trim() {
        "" => Ok(Depth::Commits(1)),
        text => match text.parse::<i64>() {
            Ok(depth) if depth <= 0 => Ok(Depth::Whole),
            Ok(depth) => Ok(Depth::Commits(u32::try_from(depth).unwrap_or(u32::MAX))),
            Err(_) => Err(problem(
                format!("the input `fetch-depth` is `{text}`, which is no number"),
                "write a number of commits, or 0 for the whole history",
            )),
        },
    }
}

fn remote_url(inputs: &StepInputs, step: &StepContext<'_>) -> String {
    let server = match inputs.get("github-server-url") {
        "" => github(step, "server_url"),
        url => url.to_owned(),
    };
    let repository = repository(inputs, step);
    if server.is_empty() || repository.is_empty() {
        return String::new();
    }
    format!("{}/{repository}", server.trim_end_matches('/'))
}

fn repository(inputs: &StepInputs, step: &StepContext<'_>) -> String {
    match inputs.get("repository") {
        "" => github(step, "repository"),
        name => name.to_owned(),
    }
}

/// Finds out what is to be checked out.
fn wanted(inputs: &StepInputs, step: &StepContext<'_>, git: &Git) -> Result<Wanted, Problem> {
    let repository = repository(inputs, step);
    if !repository.eq_ignore_ascii_case(&github(step, "repository")) {
        return wanted_of_other(inputs, &repository, git);
    }
    let (run_ref, run_commit) = (github(step, "ref"), github(step, "sha"));
    let name = inputs.get("ref").trim();
    let is_of_run = name.is_empty() || name == run_ref || name == run_commit;
    if is_of_run && !run_commit.is_empty() {
        let is_here = find(git, &run_commit)?.is_some();
        let name = if name == run_commit {
            String::new()
        } else {
            run_ref
        };
        return if is_here {
            Ok(Wanted {
                commit: run_commit,
                name,
            })
        } else {
            Err(absent(&run_commit, "origin"))
        };
    }
    let tries: Vec<(String, String)> = if let Some(branch) = name.strip_prefix("refs/heads/") {
        vec![
            (name.to_owned(), name.to_owned()),
            (format!("refs/remotes/origin/{branch}"), name.to_owned()),
        ]
    } else if name.starts_with("refs/") {
        vec![(name.to_owned(), name.to_owned())]
    } else if is_commit(name) {
        vec![(name.to_owned(), String::new())]
    } else {
        let branch = format!("refs/heads/{name}");
        let tag = format!("refs/tags/{name}");
        vec![
            (branch.clone(), branch.clone()),
            (format!("refs/remotes/origin/{name}"), branch),
            (tag.clone(), tag),
        ]
    };
    first_found(git, tries)?.ok_or_else(|| absent(name, "origin"))
}

/// Another repository is here only as a remote of the clone.
fn wanted_of_other(inputs: &StepInputs, repository: &str, git: &Git) -> Result<Wanted, Problem> {
    let lower = repository.to_ascii_lowercase();
    let remote = git.remotes().into_iter().find(|(_, url)| {
        let url = url.trim_end_matches('/').trim_end_matches(".git");
        let url = url.to_ascii_lowercase();
        url.ends_with(&format!("/{lower}")) || url.ends_with(&format!(":{lower}"))
    });
    let Some((remote, _)) = remote else {
        return Err(problem(
            format!(
                "`{NAME}` wants the repository `{repository}`, which is not here, and the network is not used"
            ),
            format!(
                "bring it into the clone: `git remote add NAME https://github.com/{repository}` and \
                 `git fetch NAME`"
            ),
        ));
    };
    let name = match inputs.get("ref").trim() {
        "" => "HEAD",
        name => name,
    };
    let short = name.strip_prefix("refs/heads/").unwrap_or(name);
    let branch = format!("refs/heads/{short}");
    let mut tries = vec![(format!("refs/remotes/{remote}/{short}"), branch)];
    if is_commit(name) {
        tries = vec![(name.to_owned(), String::new())];
    } else if name == "HEAD" {
        for branch in ["main", "master"] {
            let full = format!("refs/heads/{branch}");
            tries.push((format!("refs/remotes/{remote}/{branch}"), full));
        }
        tries[0].1 = String::new();
    }
    first_found(git, tries)?.ok_or_else(|| absent(name, &remote))
}

fn first_found(git: &Git, tries: Vec<(String, String)>) -> Result<Option<Wanted>, Problem> {
    for (revision, name) in tries {
        if let Some(commit) = find(git, &revision)? {
            return Ok(Some(Wanted { commit, name }));
        }
    }
    Ok(None)
}

fn find(git: &Git, revision: &str) -> Result<Option<String>, Problem> {
    git.find_commit(revision)
        .map_err(|error| caused(&error, error.hints()))
}

fn absent(name: &str, remote: &str) -> Problem {
    problem(
        format!("the clone has no `{name}`, and the network is not used"),
        format!("`git fetch {remote} {name}` brings it"),
    )
}

fn tell(context: &JobContext<'_>, wanted: &Wanted, changes: Option<&Frozen>, git: &Git) {
    let short: String = wanted.commit.chars().take(7).collect();
    let with = match changes {
        Some(state) if state.has_changes => ", with what is not committed",
        _ => "",
    };
    let name = match wanted.name.as_str() {
        "" => String::new(),
        name => format!("{name} at "),
    };
    context.progress.output(&format!(
        "Checked out {name}{short} of {}{with}",
        git.top_level().display()
    ));
}

/// Without git, or before the first commit: a copy of the files.
fn copy_tree(
    inputs: &StepInputs,
    context: &JobContext<'_>,
    step: &StepContext<'_>,
    target: &Path,
) -> Done {
    let repository = repository(inputs, step);
    if !repository.eq_ignore_ascii_case(&github(step, "repository")) {
        return Err(problem(
            format!("`{NAME}` wants the repository `{repository}`, which is not here"),
            "clone it with git; the network is not used",
        ));
    }
    let options = SnapshotOptions {
        root: step.repository,
        index_file: &step.temp.join("checkout-index"),
        verify: false,
    };
    let tree = towpath_host::snapshot(&options).map_err(|error| caused(&error, error.hints()))?;
    tree.copy_to(target)
        .map_err(|error| unwritable(target, &error))?;
    context.progress.output(&format!(
        "Copied {} of {}, which has no commit",
        count(Tree::files(&tree).len(), "file"),
        step.repository.display()
    ));
    let mut effects = Effects::default();
    effects
        .outputs
        .insert("ref".to_owned(), github(step, "ref"));
    effects
        .outputs
        .insert("commit".to_owned(), github(step, "sha"));
    Ok(effects)
}
