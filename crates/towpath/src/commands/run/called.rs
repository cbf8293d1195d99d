//! What workflow files use beside themselves: the workflows that their jobs call, and the texts of the
//! actions of their steps, both out of the store of what was fetched where they are of other repositories.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use towpath_actions::{ActionStore, Pins, Remote};
use towpath_report::Source;
use towpath_workflow::syntax::JobWork;
use towpath_workflow::{Sources, WorkflowPlace, parse_workflow};

use super::names::{FOLDER, file_name};

/// Returns the texts of the workflows that jobs may call: all of the repository, and of other repositories
/// what these and the files that are asked for call.
pub(super) fn sources(own: &[PathBuf], asked: &[PathBuf], store: &ActionStore) -> Sources {
    let text = |path: &PathBuf| fs_err::read_to_string(path).ok();
    let mut sources: Sources = own
        .iter()
        .filter_map(|path| Some((format!("./{FOLDER}/{}", file_name(path)), text(path)?)))
        .collect();
    let elsewhere = asked.iter().filter(|path| !own.contains(path));
    let mut files: Vec<(String, String)> = sources.clone().into_iter().collect();
    files.extend(elsewhere.filter_map(|path| Some((String::new(), text(path)?))));
    while let Some((file, text)) = files.pop() {
        for uses in calls(&text) {
            let uses = WorkflowPlace::of(&file).called(&uses);
            if sources.contains_key(&uses) {
                continue;
            }
            if let Some(called) = fetched(&uses, store) {
                sources.insert(uses.clone(), called.clone());
                files.push((uses, called));
            }
        }
    }
    sources
}

/// Returns the workflows that the jobs of one call.
fn calls(text: &str) -> Vec<String> {
    let source = Source { path: "", text };
    let workflow = parse_workflow(&source, &Sources::new()).0;
    let jobs = workflow.into_iter().flat_map(|workflow| workflow.jobs);
    let called = jobs.filter_map(|job| match job.work {
        JobWork::Call(call) => Some(call.uses),
        JobWork::Steps(_) => None,
    });
    called.collect()
}

/// Returns the text of a fetched workflow.
fn fetched(uses: &str, store: &ActionStore) -> Option<String> {
    let remote = Remote::parse(uses)?;
    let file = store.find(&remote)?.join(remote.path);
    fs_err::read_to_string(file).ok()
}

/// Returns what a line says behind `uses:`.
fn uses_of(line: &str) -> Option<&str> {
    let line = line.split(" #").next().unwrap_or(line);
    let value = line.split_once("uses:")?.1;
    let mut words = value.split(|c: char| c.is_whitespace() || "'\"{},[]".contains(c));
    words.find(|word| !word.is_empty())
}

/// Reads the versions of pinned actions behind which a comment tells them, in these texts of workflows and
/// in the actions that they use.
pub(super) fn pins<'a>(
    texts: impl Iterator<Item = &'a str>,
    root: &Path,
    store: &ActionStore,
) -> Pins {
    let mut pins = Pins::default();
    let mut seen = BTreeSet::new();
    let mut texts: Vec<String> = texts.map(str::to_owned).collect();
    while let Some(text) = texts.pop() {
        pins.read(&text);
        for uses in text.lines().filter_map(uses_of) {
            if seen.insert(uses.to_owned()) {
                texts.extend(action_text(uses, root, store));
            }
        }
    }
    pins
}

fn action_text(uses: &str, root: &Path, store: &ActionStore) -> Option<String> {
    let folder = if let Some(local) = uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/")) {
        root.join(local)
    } else {
        let remote = Remote::parse(uses)?;
        store.find(&remote)?.join(remote.path)
    };
    let mut files = ["action.yml", "action.yaml"]
        .iter()
        .map(|name| folder.join(name));
    files.find_map(|file| fs_err::read_to_string(file).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_testing::TestContext;

    #[test]
    fn workflows_of_other_repositories_are_called_from_the_store() {
        let (context, commit) = (TestContext::without_git(), "a".repeat(40));
        let called = |uses: &str| format!("on: workflow_call\njobs:\n  a:\n    uses: {uses}\n");
        let outer = format!("o/r/{FOLDER}/outer.yml@{commit}");
        let inner = format!("o/r/{FOLDER}/inner.yml@{commit}");
        context.write(".github/workflows/ci.yml", called(&outer));
        context.write(
            &format!("store/o/r/{commit}/{FOLDER}/outer.yml"),
            called(&format!("./{FOLDER}/inner.yml # beside it")),
        );
        context.write(
            &format!("store/o/r/{commit}/{FOLDER}/inner.yml"),
            called("x/y/z.yml@v1"),
        );
        let own = [context.root().join(".github/workflows/ci.yml")];
        let store = ActionStore::of(&context.root().join("store"));
        let sources = sources(&own, &own, &store);
        let names: Vec<&str> = sources.keys().map(String::as_str).collect();
        assert_eq!(names, ["./.github/workflows/ci.yml", &inner, &outer]);
    }

    #[test]
    fn pins_are_read_in_local_actions_too() {
        let (context, commit) = (TestContext::without_git(), "a".repeat(40));
        context.write(
            "tools/x/action.yml",
            format!("runs:\n  steps:\n  - uses: actions/checkout@{commit} # v4\n"),
        );
        let store = ActionStore::of(&context.root().join("store"));
        let pins = pins(["- uses: ./tools/x\n"].into_iter(), context.root(), &store);
        assert_eq!(
            pins.version(&format!("actions/checkout@{commit}")),
            Some("v4")
        );
    }
}
