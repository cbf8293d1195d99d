//! What git is asked, in repositories of every shape.

use towpath_host::Git;
use towpath_host::git::{ChangedLines, Error, Upstream};
use towpath_testing::TestContext;

fn open(context: &TestContext) -> Git {
    Git::discover(context.root()).unwrap().unwrap()
}

fn changes(context: &TestContext, revision: &str) -> Vec<(String, Vec<(u32, u32)>)> {
    let changes = open(context).changed_since(revision).unwrap();
    changes
        .into_iter()
        .map(|ChangedLines { path, added, .. }| (path, added))
        .collect()
}

fn change(path: &str, added: &[(u32, u32)]) -> (String, Vec<(u32, u32)>) {
    (path.to_owned(), added.to_vec())
}

#[test]
fn a_repository_without_commits_has_no_head() {
    let context = TestContext::new();
    let git = open(&context);
    assert_eq!((git.head(), git.branch().as_deref()), (None, Some("main")));
    assert_eq!(git.names().unwrap(), git.names().unwrap());
    assert!(matches!(
        git.changed_since("main"),
        Err(Error::UnknownRevision { .. })
    ));
    assert!(!git.is_dirty().unwrap());
}

#[test]
fn outside_of_a_repository_there_is_none() {
    let context = TestContext::without_git();
    assert!(Git::discover(context.root()).unwrap().is_none());
    context.write(".git", "gitdir: /nowhere\n");
    assert!(Git::discover(context.root()).unwrap().is_none());
}

#[test]
fn names_are_those_of_all_history() {
    let context = TestContext::new();
    context.write("a", "1");
    let first = context.commit("a");
    let mut seen = vec![open(&context).names().unwrap()];
    context.write("a", "2");
    context.commit("b");
    for change in [
        &["branch", "other"][..],
        &["reset", "--quiet", "--hard", &first],
        // A tag that does not lead to what is checked out.
        &["tag", "v2", "other"],
        &["tag", "--force", "v2", &first],
        &["tag", "--annotate", "--message", "words", "v3", &first],
        &["update-ref", "refs/remotes/origin/main", &first],
    ] {
        context.git(change);
        let now = open(&context).names().unwrap();
        assert!(!seen.contains(&now), "{change:?}");
        seen.push(now);
    }
    context.git(&["pack-refs", "--all"]);
    assert_eq!(open(&context).names().unwrap(), seen[seen.len() - 1]);
}

#[test]
fn tells_head_branch_and_remote() {
    let context = TestContext::new();
    context.write("a", "1");
    let commit = context.commit("a");
    context.git(&[
        "remote",
        "add",
        "origin",
        "https://me:secret@example.org/x.git",
    ]);
    let git = open(&context);
    assert_eq!(git.head(), Some(commit.clone()));
    assert_eq!(git.branch().as_deref(), Some("main"));
    assert_eq!(
        git.remote_url().as_deref(),
        Some("https://example.org/x.git")
    );
    context.git(&["pack-refs", "--all"]);
    assert_eq!(git.head(), Some(commit.clone()));
    context.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!((git.head(), git.branch()), (Some(commit), None));
}

#[test]
fn lists_added_lines_of_commits_working_tree_and_untracked_files() {
    let context = TestContext::new();
    context
        .write("changed.py", "1\n2\n3\n4\n")
        .write("gone.py", "x\n")
        .write("moved from.py", "a\nb\nc\nd\ne\n")
        .write("shortened.py", "1\n2\n")
        .commit("base");
    context.git(&["checkout", "--quiet", "-b", "topic"]);
    context
        .write("changed.py", "1\ntwo\n3\n4\n")
        .remove("gone.py")
        .commit("on the branch");
    context.git(&["checkout", "--quiet", "main"]);
    context
        .write("elsewhere.py", "not mine\n")
        .commit("on main");
    context.git(&["checkout", "--quiet", "topic"]);
    context.git(&["mv", "moved from.py", "moved\tto.py"]);
    context
        .write("changed.py", "1\ntwo\n3\n4\nfive\nsix")
        .write("shortened.py", "1\n")
        .write("untracked é.py", "a\nb\n")
        .write("empty.py", "")
        .write("binary.bin", [0, 1, 2, b'\n']);
    assert_eq!(
        changes(&context, "main"),
        [
            change("binary.bin", &[]),
            change("changed.py", &[(2, 2), (5, 6)]),
            change("empty.py", &[]),
            change("gone.py", &[]),
            change("moved\tto.py", &[]),
            change("moved from.py", &[]),
            change("shortened.py", &[]),
            change("untracked é.py", &[(1, 2)]),
        ]
    );
}

#[test]
fn shows_files_of_revisions() {
    let context = TestContext::new();
    context.write("a b/é.txt", "old").commit("one");
    context.write("a b/é.txt", "new").commit("two");
    let git = open(&context);
    assert_eq!(
        git.show("HEAD~1", "a b/é.txt").unwrap().as_deref(),
        Some(&b"old"[..])
    );
    assert_eq!(git.show("HEAD", "absent").unwrap(), None);
    assert_eq!(git.show("no-such-branch", "a b/é.txt").unwrap(), None);
}

#[test]
fn a_revision_is_never_an_option() {
    let context = TestContext::new();
    context.write("a", "1").commit("a");
    let target = context.folder().join("written");
    let revision = format!("--output={}", target.display());
    let error = open(&context).changed_since(&revision).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the repository has no revision `{revision}`")
    );
    assert!(!target.exists());
}

#[test]
fn a_shallow_clone_is_named_as_the_reason() {
    let origin = TestContext::new();
    origin.write("a", "1").commit("one");
    origin.git(&["branch", "old"]);
    origin.write("a", "2").commit("two");
    let context = TestContext::without_git();
    let url = format!("file://{}", origin.root().display());
    context.git(&[
        "clone",
        "--quiet",
        "--depth=1",
        "--no-single-branch",
        &url,
        ".",
    ]);
    let error = open(&context).changed_since("origin/old").unwrap_err();
    assert!(
        matches!(
            error,
            Error::NoMergeBase {
                is_shallow: true,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error
            .hints()
            .iter()
            .any(|hint| hint.contains("--unshallow"))
    );
}

#[test]
fn nothing_in_the_repository_is_executed() {
    let context = TestContext::new();
    context
        .write("a.py", "1\n")
        .write("a.bin", "1\n")
        .commit("base");
    let evil = context.folder().join("evil");
    context.write_program(
        "../evil.sh",
        &format!("#!/bin/sh\ntouch {}\ncat\n", evil.display()),
    );
    let program = context.folder().join("evil.sh").display().to_string();
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.a=b.process",
        "filter.a=b.clean",
        "filter.lfs.clean",
    ] {
        context.git(&["config", key, &program]);
    }
    context.git(&["config", "filter.evil.required", "true"]);
    context.git(&[
        "config",
        "core.hooksPath",
        &context.folder().display().to_string(),
    ]);
    context
        .write(
            ".gitattributes",
            "*.py filter=evil diff=evil\n*.bin filter=a=b\n*.lfs filter=lfs\n",
        )
        .write("a.py", "1\n2\n")
        .write("a.bin", "1\n3\n")
        .write("new.lfs", "1\n");
    let git = open(&context);
    assert!(git.is_dirty().unwrap());
    let paths: Vec<String> = changes(&context, "HEAD")
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert_eq!(paths, [".gitattributes", "a.bin", "a.py", "new.lfs"]);
    git.show("HEAD", "a.py").unwrap();
    git.submodules().unwrap();
    assert!(!evil.exists());
}

#[test]
fn a_linked_working_tree_names_all_its_folders() {
    let context = TestContext::new();
    context.write("a", "1");
    let commit = context.commit("a");
    let linked = context.folder().join("linked");
    context.git(&[
        "worktree",
        "add",
        "--quiet",
        &linked.display().to_string(),
        "-b",
        "other",
    ]);
    let git = Git::discover(&linked).unwrap().unwrap();
    assert_eq!(
        (git.head(), git.branch().as_deref()),
        (Some(commit), Some("other"))
    );
    let git_folder = context.root().join(".git");
    let expected = vec![
        linked.join(".git"),
        git_folder.join("worktrees/linked"),
        git_folder,
    ];
    assert_eq!(git.view().folders(), expected);
    let ordinary = open(&context);
    assert_eq!(ordinary.view().folders(), [context.root().join(".git")]);
}

#[test]
fn tells_branches_and_what_they_are_compared_with() {
    let context = TestContext::new();
    context.write("a", "1");
    let first = context.commit("a");
    let git = open(&context);
    assert_eq!(git.default_branch().as_deref(), Some("main"));
    assert_eq!(git.upstream("main"), None);
    assert_eq!(git.last_tag(), None);

    context.git(&["remote", "add", "origin", "https://example.org/o/x.git"]);
    context.git(&["update-ref", "refs/remotes/origin/develop", "HEAD"]);
    let head = "refs/remotes/origin/HEAD";
    context.git(&["symbolic-ref", head, "refs/remotes/origin/develop"]);
    context.git(&["switch", "--quiet", "-c", "topic"]);
    context.git(&["branch", "--quiet", "--set-upstream-to=origin/develop"]);
    context.git(&["tag", "v1.0"]);
    context.write("a", "2");
    let second = context.commit("b");
    // Settings are read once.
    let git = open(&context);
    assert_eq!(git.default_branch().as_deref(), Some("develop"));
    let upstream = Upstream {
        tracking: "refs/remotes/origin/develop".to_owned(),
        branch: "develop".to_owned(),
    };
    assert_eq!(git.upstream("topic"), Some(upstream));
    assert_eq!(git.branch_commit("develop"), Some(first.clone()));
    assert_eq!(git.branch_commit("gone"), None);
    assert_eq!(git.common_ancestor("topic", "main"), Some(first.clone()));
    assert_eq!(git.commit_of("topic"), Some(second.clone()));
    assert_eq!(git.last_tag().as_deref(), Some("v1.0"));
    context.git(&["tag", "v1.1"]);
    assert_eq!(git.last_tag().as_deref(), Some("v1.1"));
}

// Branches are read without git, wherever it keeps them.
#[test]
fn finds_branches_in_files_and_in_the_list() {
    let context = TestContext::new();
    context.write("a", "1");
    let first = context.commit("a");
    context.git(&["branch", "dir/listed"]);
    context.git(&["update-ref", "refs/remotes/origin/far", "HEAD"]);
    context.git(&["pack-refs", "--all"]);
    let git = open(&context);
    assert_eq!(git.head(), Some(first.clone()));
    context.write("a", "2");
    let second = context.commit("b");
    context.git(&["symbolic-ref", "refs/heads/link", "refs/heads/main"]);
    let is_broken = context.root().join(".git/refs/heads/broken");
    std::fs::write(is_broken, "no commit\n").unwrap();
    for (name, expected) in [
        ("refs/heads/main", Some(&second)),
        ("refs/heads/dir/listed", Some(&first)),
        ("refs/remotes/origin/far", Some(&first)),
        ("refs/heads/link", Some(&second)),
        ("refs/heads/main^", Some(&first)),
        ("refs/heads/dir", None),
        ("refs/heads/gone", None),
        ("refs/heads/broken", None),
        ("refs/heads/../../HEAD", None),
    ] {
        assert_eq!(git.commit_of(name).as_ref(), expected, "{name}");
    }
    assert_eq!(git.head(), Some(second));
}

#[test]
fn lists_commits_and_the_files_they_changed() {
    let context = TestContext::new();
    context.write("a b", "1");
    let first = context.commit("one\n\nwith a body");
    context.write("c", "1");
    let second = context.commit("two");
    let git = open(&context);
    let all = git.commits(None, "HEAD").unwrap();
    let ids: Vec<&str> = all.iter().map(|commit| commit.id.as_str()).collect();
    assert_eq!(ids, [&first, &second]);
    assert_eq!(all[0].message, "one\n\nwith a body");
    assert_eq!(all[0].author.name, "Ada Author");
    assert_eq!(all[0].committer.email, "ada@example.org");
    assert!(all[0].time.starts_with("2026-01-02T03:04:05"));
    assert_eq!(git.commits(Some(&first), "HEAD").unwrap(), all[1..]);
    assert_eq!(git.commits(Some(&second), "HEAD").unwrap(), []);
    assert_eq!(git.commits_with(&first).unwrap(), all[..1]);
    assert_eq!(git.commits_with(&second).unwrap(), all[1..]);
    assert_eq!(all[0].parent, None);
    assert_eq!(all[1].parent.as_ref(), Some(&first));

    let changed = |from: Option<&str>, to: Option<&str>| git.changed_files(from, to).unwrap();
    assert_eq!(changed(Some(&first), Some(&second)), ["c"]);
    assert_eq!(changed(None, Some(&second)), ["a b", "c"]);
    context.write("c", "2");
    context.write("new", "1");
    context.git(&["mv", "a b", "moved"]);
    assert_eq!(changed(Some(&second), None), ["a b", "c", "moved", "new"]);
}
