//! The workflow files that are asked for: found, read and checked, all before anything runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use towpath_actions::ActionStore;
use towpath_host::disk::read_regular;
use towpath_report::{Problem, Severity, Source};
use towpath_workflow::syntax::{TriggerKind, Workflow};
use towpath_workflow::{Sources, parse_workflow};

use super::called;
use super::names::{FOLDER, file_name};
use crate::failure::Failure;
use crate::nearest;

/// More of a file is not read, in bytes; far less is refused as too long, with what to do.
const LONGEST: u64 = 16 << 20;

/// A workflow that may run.
#[derive(Debug)]
pub(super) struct WorkflowFile {
    /// What it is called on the command line: its name in `.github/workflows`, else its path.
    pub(super) label: String,
    /// Its path in the repository, `/` between its parts; elsewhere the path as given.
    pub(super) path: String,
    /// The workflow.
    pub(super) workflow: Workflow,
    /// The text of the file.
    pub(super) text: String,
}

impl WorkflowFile {
    /// Returns the name that other workflows know it by.
    pub(super) fn name(&self) -> &str {
        let name = self.workflow.name.as_deref();
        name.filter(|name| !name.is_empty()).unwrap_or(&self.path)
    }
}

/// The workflows of a command.
#[derive(Debug)]
pub(super) struct Files {
    /// Those that are asked for.
    pub(super) chosen: Vec<WorkflowFile>,
    /// Whether they were named; else they are all that there are.
    pub(super) are_named: bool,
    /// Ids of the jobs that are asked for; empty for all.
    pub(super) jobs: BTreeSet<String>,
    /// The workflows of the repository that start when others have ended.
    followers: Vec<WorkflowFile>,
    /// The texts of workflows that others may call.
    pub(super) sources: Sources,
    /// What is doubtful and stops nothing.
    pub(super) warnings: Vec<Problem>,
}

/// Where files are looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    /// The folder to work in.
    pub(super) folder: &'a Path,
    /// The top level of the repository.
    pub(super) root: &'a Path,
    /// Workflows of other repositories.
    pub(super) fetched: &'a ActionStore,
}

/// Reads the files that are named by `targets`, each with or without a job, else all of the repository.
pub(super) fn read(
    places: Places<'_>,
    targets: &[&str],
    jobs: &[String],
) -> Result<Files, Failure> {
    let there = listed(&places.root.join(FOLDER));
    let (own, foreign): (Vec<PathBuf>, Vec<PathBuf>) = there
        .iter()
        .cloned()
        .partition(|path| !leads_out(places.root, path));
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut wanted: Vec<String> = jobs.to_vec();
    let mut problems = Vec::new();
    for target in targets {
        match find(places, &there, target) {
            Ok((found, job)) => {
                paths.extend(found);
                wanted.extend(job);
            }
            Err(problem) => problems.push(*problem),
        }
    }
    if targets.is_empty() {
        if own.is_empty() && foreign.is_empty() {
            problems.push(no_workflow(places.root));
        }
        paths.clone_from(&own);
        problems.extend(foreign.iter().map(|path| leading_out(places, path)));
    }
    paths.dedup();
    paths.retain(|path| {
        let is_foreign = leads_out(places.root, path);
        if is_foreign {
            problems.push(leading_out(places, path));
        }
        !is_foreign
    });
    let mut files = Files {
        chosen: Vec::new(),
        are_named: !targets.is_empty(),
        followers: Vec::new(),
        jobs: wanted.into_iter().collect(),
        sources: called::sources(&own, &paths, places.fetched),
        warnings: Vec::new(),
    };
    for path in &paths {
        problems.extend(files.add(places, path));
    }
    let others = own.iter().filter(|path| !paths.contains(path));
    files.find_followers(places, &own, &others.collect::<Vec<_>>());
    problems.extend(files.unknown_jobs(problems.is_empty()));
    if problems.is_empty() {
        Ok(files)
    } else {
        Err(mistakes(problems))
    }
}

impl Files {
    /// Tells whether a file that may run, or one that it may call, names a secret.
    pub(super) fn name_secret(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let own = self.chosen.iter().map(|file| &file.text);
        let mut texts = own.chain(self.sources.values());
        texts.any(|text| text.to_ascii_lowercase().contains(&name))
    }

    /// Tells whether any workflow goes by the files that changed.
    pub(super) fn filter_paths(&self) -> bool {
        let triggers = self.chosen.iter().flat_map(|file| &file.workflow.on);
        triggers
            .into_iter()
            .any(|trigger| matches!(trigger.kind, TriggerKind::Event { paths: Some(_), .. }))
    }

    /// Returns the texts of all workflows that may run.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let own = self.chosen.iter().chain(&self.followers);
        let own = own.map(|file| &file.text);
        own.chain(self.sources.values()).map(String::as_str)
    }

    /// Reads one file and returns the mistakes in it.
    fn add(&mut self, places: Places<'_>, path: &Path) -> Vec<Problem> {
        let shown = in_repository(places, path);
        let text = match read_regular(path, LONGEST).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                let message = format!("`{shown}` is no text in UTF-8");
                return vec![Problem::error(message).with_hint("save the file as UTF-8")];
            }
            Err(error) => {
                let message = format!("cannot read the workflow: {error}");
                return vec![Problem::error(message).with_hint("make it a readable file")];
            }
        };
        let source = Source {
            path: &shown,
            text: &text,
        };
        let (workflow, problems) = parse_workflow(&source, &self.sources);
        let (errors, warnings): (Vec<Problem>, Vec<Problem>) = problems
            .into_iter()
            .partition(|problem| problem.severity == Severity::Error);
        self.warnings.extend(warnings);
        if let Some(workflow) = workflow.filter(|_| errors.is_empty()) {
            let inside = shown
                .strip_prefix(FOLDER)
                .and_then(|name| name.strip_prefix('/'));
            self.chosen.push(WorkflowFile {
                label: inside.unwrap_or(&shown).to_owned(),
                path: shown,
                workflow,
                text,
            });
        }
        errors
    }

    /// Returns the workflows of the repository that start when others have ended.
    pub(super) fn followers(&self) -> &[WorkflowFile] {
        &self.followers
    }

    /// Reads the workflows that start when others have ended; one with mistakes starts after nothing.
    /// Mistakes in the files that are asked for are told already; those of the others are warnings.
    fn find_followers(&mut self, places: Places<'_>, own: &[PathBuf], untold: &[&PathBuf]) {
        let mut others = Self {
            chosen: Vec::new(),
            are_named: false,
            followers: Vec::new(),
            jobs: BTreeSet::new(),
            sources: self.sources.clone(),
            warnings: Vec::new(),
        };
        for path in own.iter().filter(|path| names_workflow_run(path)) {
            let mistakes = others.add(places, path);
            if untold.contains(&path) {
                let mistakes = mistakes.into_iter();
                self.warnings.extend(mistakes.map(|mistake| {
                    mistake
                        .as_warning()
                        .with_hint("until then the workflow starts after no other")
                }));
            }
        }
        let follows =
            |file: &WorkflowFile| file.workflow.on.iter().any(|on| on.event == "workflow_run");
        self.followers = others.chosen.into_iter().filter(follows).collect();
    }

    /// Returns a problem for each job that is asked for and is in no file, where all files were read.
    fn unknown_jobs(&self, are_read: bool) -> Vec<Problem> {
        let has = |id: &str| {
            let mut files = self.chosen.iter();
            files.any(|file| file.workflow.job(id).is_some())
        };
        let unknown = self.jobs.iter().filter(|id| are_read && !has(id));
        let known: Vec<&str> = self.chosen.iter().flat_map(job_ids).collect();
        unknown
            .map(|id| {
                Problem::error(format!("there is no job `{id}`")).with_hint(nearest::hint(
                    id,
                    &known,
                    "the jobs are",
                ))
            })
            .collect()
    }
}

fn job_ids(file: &WorkflowFile) -> impl Iterator<Item = &str> {
    file.workflow.jobs.iter().map(|job| job.id.as_str())
}

/// Finds what a target names: files, and the job behind the last colon.
fn find(
    places: Places<'_>,
    own: &[PathBuf],
    target: &str,
) -> Result<(Vec<PathBuf>, Option<String>), Box<Problem>> {
    if let Some(found) = files_named(places, own, target) {
        return Ok((found, None));
    }
    if let Some((file, job)) = target.rsplit_once(':')
        && let Some(found) = files_named(places, own, file).filter(|_| !job.is_empty())
    {
        return Ok((found, Some(job.to_owned())));
    }
    let named = target.rsplit_once(':').map_or(target, |(file, _)| file);
    let names: Vec<String> = own.iter().map(|path| file_name(path)).collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let problem = Problem::error(format!("there is no workflow `{named}`"));
    let job = own.iter().find(|path| has_job(path, target));
    Err(Box::new(match job {
        Some(path) => problem.with_hint(format!(
            "`{target}` is a job: `towpath run {}:{target}`",
            file_name(path)
        )),
        None if known.is_empty() => problem.with_hint("check the path"),
        None => problem.with_hint(nearest::hint(named, &known, "the workflows are")),
    }))
}

/// A path, a folder of workflows, or a name in `.github/workflows`, with or without its ending.
fn files_named(places: Places<'_>, own: &[PathBuf], name: &str) -> Option<Vec<PathBuf>> {
    let path = places.folder.join(name);
    if path.is_file() {
        return Some(vec![path]);
    }
    if path.is_dir() {
        return Some(listed(&path)).filter(|files| !files.is_empty());
    }
    let is_named = |path: &&PathBuf| {
        let own = file_name(path);
        own == name || own.rsplit_once('.').is_some_and(|(stem, _)| stem == name)
    };
    own.iter().find(is_named).map(|path| vec![path.clone()])
}

fn has_job(path: &Path, id: &str) -> bool {
    let text = fs_err::read_to_string(path).unwrap_or_default();
    let source = Source {
        path: "",
        text: &text,
    };
    let workflow = parse_workflow(&source, &Sources::new()).0;
    workflow.is_some_and(|workflow| workflow.job(id).is_some())
}

/// Tells whether a file names the event after other workflows; any other need not be parsed.
fn names_workflow_run(path: &Path) -> bool {
    fs_err::read_to_string(path).is_ok_and(|text| text.contains("workflow_run"))
}

/// Returns the workflow files of a folder by name.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("yml" | "yaml")) && path.is_file()
        })
        .collect();
    files.sort();
    files
}

fn in_repository(places: Places<'_>, path: &Path) -> String {
    let whole = fs_err::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let root = fs_err::canonicalize(places.root).unwrap_or_else(|_| places.root.to_owned());
    let inside = whole.strip_prefix(&root).unwrap_or(path);
    inside.to_string_lossy().into_owned()
}

/// Tells whether a file of the repository is a link to something outside, whose contents mistakes would
/// show. A file elsewhere that the user names is none.
fn leads_out(root: &Path, path: &Path) -> bool {
    let folder = path
        .parent()
        .and_then(|folder| fs_err::canonicalize(folder).ok());
    let (Some(folder), Ok(root), Ok(whole)) = (
        folder,
        fs_err::canonicalize(root),
        fs_err::canonicalize(path),
    ) else {
        return false;
    };
    folder.starts_with(&root) && !whole.starts_with(&root)
}

fn leading_out(places: Places<'_>, path: &Path) -> Problem {
    let root = places.root;
    let shown = path.strip_prefix(root).unwrap_or(path).display();
    Problem::error(format!(
        "`{shown}` is a link that leads out of the repository"
    ))
    .with_hint("put the workflow itself there, or run the file that it leads to by its own path")
}

fn no_workflow(root: &Path) -> Problem {
    let folder = root.join(FOLDER);
    Problem::error(format!("there is no workflow in `{}`", folder.display()))
        .with_hint("name a workflow that lies elsewhere: `towpath run FILE`")
        .with_hint("`towpath ci` checks a project without any workflow")
}

/// All mistakes with what is said after them: `4 errors in .github/workflows/ci.yml, nothing was run`.
pub(super) fn mistakes(problems: Vec<Problem>) -> Failure {
    let paths: BTreeSet<&str> = problems
        .iter()
        .filter_map(|problem| problem.place.as_ref().map(|place| place.path.as_str()))
        .collect();
    let count = match problems.len() {
        1 => "1 error".to_owned(),
        many => format!("{many} errors"),
    };
    let place = match paths.iter().collect::<Vec<_>>().as_slice() {
        [] => String::new(),
        [path] => format!(" in {path}"),
        many => format!(" in {} files", many.len()),
    };
    Failure {
        closing: format!("{count}{place}, nothing was run"),
        problems,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_testing::TestContext;

    const ONE: &str = "on: push\njobs: {lint: {runs-on: x, steps: [{run: a}]}}\n";

    fn context() -> TestContext {
        let context = TestContext::without_git();
        context.write(".github/workflows/ci.yml", ONE);
        context.write(".github/workflows/docs.yaml", ONE.replace("lint", "docs"));
        context.write(".github/workflows/notes.txt", "");
        context.write("sub/other:x.yml", ONE);
        context
    }

    fn found(context: &TestContext, folder: &str, targets: &[&str]) -> Result<String, Failure> {
        let folder = context.root().join(folder);
        let places = Places {
            folder: &folder,
            root: context.root(),
            fetched: &ActionStore::of(&context.root().join("store")),
        };
        let files = read(places, targets, &[])?;
        let labels: Vec<&str> = files
            .chosen
            .iter()
            .map(|file| file.label.as_str())
            .collect();
        let jobs: Vec<&str> = files.jobs.iter().map(String::as_str).collect();
        Ok(format!("{} {}", labels.join(" "), jobs.join(" "))
            .trim()
            .to_owned())
    }

    #[test]
    fn files_are_found_by_path_and_by_name() {
        let context = context();
        for (folder, targets, expected) in [
            ("", &[][..], "ci.yml docs.yaml"),
            ("sub", &[], "ci.yml docs.yaml"),
            ("sub", &["ci"], "ci.yml"),
            ("sub", &["docs.yaml:docs"], "docs.yaml docs"),
            ("", &[".github/workflows/ci.yml:lint"], "ci.yml lint"),
            ("sub", &["../.github/workflows"], "ci.yml docs.yaml"),
            ("", &["sub/other:x.yml"], "sub/other:x.yml"),
            (
                "sub",
                &["other:x.yml:lint", "docs"],
                "sub/other:x.yml docs.yaml lint",
            ),
        ] {
            assert_eq!(
                found(&context, folder, targets).unwrap(),
                expected,
                "{targets:?}"
            );
        }
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let context = context();
        for (target, message, hint) in [
            ("c", "there is no workflow `c`", "did you mean `ci.yml`?"),
            (
                "lint",
                "there is no workflow `lint`",
                "`lint` is a job: `towpath run ci.yml:lint`",
            ),
            (
                "ci.yml:lnt",
                "there is no job `lnt`",
                "did you mean `lint`?",
            ),
        ] {
            let failure = found(&context, "", &[target]).unwrap_err();
            assert_eq!(failure.problems[0].message, message);
            let told = &failure.problems[0].hints[0];
            assert!(target == "c" || told.starts_with(hint), "{told}");
        }
        let empty = TestContext::without_git();
        let failure = found(&empty, "", &[]).unwrap_err();
        assert!(
            failure.problems[0]
                .message
                .starts_with("there is no workflow in")
        );
    }

    #[test]
    fn link_out_of_the_repository_is_not_read() {
        let context = context();
        context.write("../private", "hunter2: x\n");
        let folder = context.root().join(FOLDER);
        let link =
            |to: &str, name: &str| std::os::unix::fs::symlink(to, folder.join(name)).unwrap();
        link("../../../private", "out.yml");
        link("ci.yml", "in.yml");
        for targets in [&[][..], &["out"], &[".github/workflows/out.yml"]] {
            let failure = found(&context, "", targets).unwrap_err();
            let told: Vec<&str> = failure
                .problems
                .iter()
                .map(|p| p.message.as_str())
                .collect();
            let expected = "`.github/workflows/out.yml` is a link that leads out of the repository";
            assert_eq!(told, [expected], "{targets:?}");
        }
        for target in ["ci", "in.yml", "../private"] {
            let told = found(&context, "", &[target]).map_err(|failure| failure.to_string());
            assert_eq!(told.is_ok(), target != "../private", "{told:?}");
            assert!(!format!("{told:?}").contains("leads out"), "{told:?}");
        }
    }

    #[test]
    fn mistake_in_a_workflow_that_would_follow_is_a_warning() {
        let context = context();
        context.write(
            ".github/workflows/after.yml",
            "on: {workflow_run: {workflows: [ci]}}\njobs: {a: {runs-on: x}}\n",
        );
        let places = Places {
            folder: context.root(),
            root: context.root(),
            fetched: &ActionStore::of(&context.root().join("store")),
        };
        let files = read(places, &["ci"], &[]).unwrap();
        assert_eq!(files.warnings.len(), 1, "{:?}", files.warnings);
        assert_eq!(files.warnings[0].severity, Severity::Warning);
        assert!(files.followers().is_empty());
    }

    #[test]
    fn mistakes_of_all_files_come_at_once() {
        let context = context();
        context.write(
            ".github/workflows/a.yml",
            "on: push\njobs: {a: {runs-on: x}}\n",
        );
        context.write(
            ".github/workflows/b.yml",
            "on: pus\njobs: {a: {runs-on: x, steps: [{run: a}]}}\n",
        );
        let failure = found(&context, "", &[]).unwrap_err();
        assert_eq!(failure.problems.len(), 2);
        assert_eq!(failure.closing, "2 errors in 2 files, nothing was run");
        let failure = found(&context, "", &["b"]).unwrap_err();
        assert_eq!(
            failure.closing,
            "1 error in .github/workflows/b.yml, nothing was run"
        );
    }
}
