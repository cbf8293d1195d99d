//! Workspaces filled with the state of a repository.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use towpath_host::Git;
use towpath_host::git::{CheckOut, Depth, Frozen};
use towpath_host::process::Cancel;
use towpath_testing::TestContext;

/// Nobody asks to end.
static CANCEL: LazyLock<Cancel> = LazyLock::new(Cancel::new);

fn request<'a>(folder: &'a Path, commit: &'a str) -> CheckOut<'a> {
    CheckOut {
        folder,
        commit,
        branch: Some("main"),
        remote_url: "https://example.org/me/project",
        depth: Depth::Commits(1),
        with_tags: false,
        changes: None,
        sparse: None,
        with_large_files: false,
        cancel: &CANCEL,
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

fn freeze(context: &TestContext, name: &str) -> (Git, Frozen) {
    let git = Git::discover(context.root()).unwrap().unwrap();
    let frozen = git.freeze(&context.folder().join(name)).unwrap().unwrap();
    (git, frozen)
}

#[test]
fn a_workspace_has_what_is_not_committed_as_it_was_at_one_moment() {
    let context = TestContext::new();
    for (path, text) in [
        ("a", "1"),
        ("b/c", "2"),
        ("gone", "3"),
        (".gitignore", "out\n"),
    ] {
        context.write(path, text);
    }
    let commit = context.commit("first");
    context.write("a", "changed");
    context.write("new", "4");
    context.write("out/x", "ignored");
    std::fs::remove_file(context.root().join("gone")).unwrap();
    let before = git(context.root(), &["count-objects", "-v"]);
    let (repository, frozen) = freeze(&context, "frozen");
    assert!(frozen.has_changes);
    context.write("a", "changed again");
    let folder = context.folder().join("workspace");
    let mut wanted = request(&folder, &commit);
    wanted.changes = Some(&frozen);
    repository.check_out(&wanted).unwrap();
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).ok();
    assert_eq!(read("a").as_deref(), Some("changed"));
    assert_eq!(read("new").as_deref(), Some("4"));
    assert_eq!((read("gone"), read("out/x")), (None, None));
    assert_eq!(
        git(&folder, &["status", "--porcelain"]),
        " M a\n D gone\n?? new"
    );
    assert_eq!(git(&folder, &["rev-parse", "HEAD"]), commit);
    assert_eq!(git(&folder, &["branch", "--show-current"]), "main");
    assert_eq!(git(context.root(), &["count-objects", "-v"]), before);
}

#[test]
fn a_workspace_of_a_clean_tree_is_clean_and_shares_no_file() {
    let context = TestContext::new();
    context.write("a", "1");
    let commit = context.commit("first");
    let (repository, frozen) = freeze(&context, "frozen");
    assert!(!frozen.has_changes);
    let folder = context.folder().join("workspace");
    let mut wanted = request(&folder, &commit);
    wanted.changes = Some(&frozen);
    repository.check_out(&wanted).unwrap();
    assert_eq!(git(&folder, &["status", "--porcelain"]), "");
    assert_eq!(git(&folder, &["fsck"]), "");
    let objects = folder.join(".git/objects");
    let entries: Vec<_> = std::fs::read_dir(objects).unwrap().flatten().collect();
    assert_eq!(entries.len(), 2, "only `info` and `pack`: {entries:?}");
}

#[test]
fn history_branches_and_tags_are_those_of_the_depth() {
    let context = TestContext::new();
    let mut commit = String::new();
    for text in ["1", "2", "3"] {
        context.write("a", text);
        commit = context.commit(text);
    }
    context.git(&["tag", "v1", "HEAD~1"]);
    context.git(&["branch", "other", "HEAD~2"]);
    let repository = Git::discover(context.root()).unwrap().unwrap();
    for (name, depth, with_tags, count, refs) in [
        (
            "one",
            Depth::Commits(1),
            false,
            "1",
            "heads/main remotes/origin/main",
        ),
        (
            "two",
            Depth::Commits(2),
            true,
            "2",
            "heads/main remotes/origin/main tags/v1",
        ),
        (
            "whole",
            Depth::Whole,
            false,
            "3",
            "heads/main remotes/origin/main remotes/origin/other tags/v1",
        ),
    ] {
        let folder = context.folder().join(name);
        let mut wanted = request(&folder, &commit);
        (wanted.depth, wanted.with_tags) = (depth, with_tags);
        repository.check_out(&wanted).unwrap();
        assert_eq!(
            git(&folder, &["rev-list", "--count", "HEAD"]),
            count,
            "{name}"
        );
        let listed = git(&folder, &["for-each-ref", "--format=%(refname)"]);
        assert_eq!(
            listed.replace("refs/", "").replace('\n', " "),
            refs,
            "{name}"
        );
    }
}
