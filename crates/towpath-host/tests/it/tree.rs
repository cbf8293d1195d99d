//! What belongs to a tree, and what is remembered of it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use towpath_host::{Digest, FileKind, SnapshotOptions, Tree, snapshot};
use towpath_testing::TestContext;

fn take(context: &TestContext) -> Tree {
    take_with(context.root(), &context.folder().join("state/index"), false)
}

fn take_with(root: &Path, index_file: &Path, verify: bool) -> Tree {
    snapshot(&SnapshotOptions {
        root,
        index_file,
        verify,
    })
    .unwrap()
}

fn names(tree: &Tree) -> Vec<&str> {
    tree.files().keys().map(String::as_str).collect()
}

/// Makes the files look older than any clock's resolution, as they are in daily work.
fn age(context: &TestContext, paths: &[&str]) {
    for path in paths {
        let file = std::fs::File::options()
            .append(true)
            .open(context.root().join(path))
            .unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
            .unwrap();
    }
    std::thread::sleep(Duration::from_millis(60));
}

#[test]
fn holds_what_is_tracked_or_not_ignored() {
    let context = TestContext::new();
    context
        .write(".gitignore", "*.log\nbuild/\n!keep.log\n")
        .write("a.py", "")
        .write("sub/.gitignore", "secret.txt\n")
        .write("sub/secret.txt", "")
        .write("sub/keep.log", "")
        .write("noise.log", "")
        .write("build/tracked.txt", "")
        .write("build/other.txt", "")
        .write(".hidden/b.py", "")
        .write(".git/info/exclude", "private/\n")
        .write("private/x", "");
    context.git(&["add", "--force", "build/tracked.txt"]);
    let tree = take(&context);
    assert_eq!(
        names(&tree),
        [
            ".gitignore",
            ".hidden/b.py",
            "a.py",
            "build/tracked.txt",
            "sub/.gitignore",
            "sub/keep.log"
        ]
    );
}

#[test]
fn caches_count_only_when_they_are_tracked() {
    let context = TestContext::new();
    context
        .write("a.py", "")
        .write("__pycache__/a.pyc", "")
        .write("env/pyvenv.cfg", "")
        .write("env/lib/x.py", "")
        .write(".tox/x", "")
        .write("node_modules/tracked.js", "")
        .write("pkg.egg-info/PKG-INFO", "");
    context.git(&["add", "node_modules"]);
    assert_eq!(
        names(&take(&context)),
        ["a.py", "node_modules/tracked.js", "pkg.egg-info/PKG-INFO"]
    );
}

#[test]
fn without_git_ignore_files_do_not_apply() {
    // An sdist holds generated files that the project's `.gitignore` names.
    let context = TestContext::without_git();
    context
        .write(".gitignore", "_version.py\n")
        .write("src/_version.py", "")
        .write(".hg/store", "")
        .write("src/__pycache__/x.pyc", "");
    assert_eq!(names(&take(&context)), [".gitignore", "src/_version.py"]);
}

#[test]
fn a_folder_unknown_to_the_repository_around_it_stands_alone() {
    let context = TestContext::new();
    context
        .write(".gitignore", "*\n")
        .write("unpacked/a.py", "")
        .write("unpacked/b.log", "");
    let tree = take_with(
        &context.root().join("unpacked"),
        &context.folder().join("index"),
        false,
    );
    assert_eq!(names(&tree), ["a.py", "b.log"]);
}

#[test]
fn submodule_that_came_in_an_archive_is_part_of_it() {
    let context = TestContext::without_git();
    context
        .write("data/.git", "gitdir: ../.git/modules/data\n")
        .write("data/case.toml", "")
        .write(
            "worktree/.git",
            format!("gitdir: {}\n", context.folder().display()),
        )
        .write("worktree/other.py", "");
    assert_eq!(names(&take(&context)), ["data/.git", "data/case.toml"]);
}

#[test]
fn nested_repositories_count_only_as_submodules() {
    let context = TestContext::new();
    let inner = TestContext::new();
    inner.write("inner.py", "");
    let commit = inner.commit("inner");
    let url = inner.root().display().to_string();
    context.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        &url,
        "module",
    ]);
    context.git(&["clone", "--quiet", &url, "stranger"]);
    for _ in 0..2 {
        let tree = take(&context);
        assert_eq!(names(&tree), [".gitmodules", "module/inner.py"]);
        assert_eq!(tree.submodules().get("module"), Some(&commit));
        tree.save_index().unwrap();
    }
}

#[test]
fn the_list_of_tracked_files_follows_git() {
    let context = TestContext::new();
    context
        .write(".gitignore", "*.log\n")
        .write("a.log", "")
        .write("b.log", "")
        .commit("none");
    let tree = take(&context);
    assert_eq!(names(&tree), [".gitignore"]);
    tree.save_index().unwrap();
    context.git(&["add", "--force", "a.log"]);
    let tree = take(&context);
    assert_eq!(names(&tree), [".gitignore", "a.log"]);
    tree.save_index().unwrap();
    assert_eq!(names(&take(&context)), [".gitignore", "a.log"]);
    context.git(&["rm", "--quiet", "--cached", "a.log"]);
    assert_eq!(names(&take(&context)), [".gitignore"]);
}

#[test]
fn deleted_tracked_files_are_not_there() {
    let context = TestContext::new();
    context.write("a", "").write("folder/b", "").commit("all");
    context.remove("a");
    std::fs::rename(
        context.root().join("folder"),
        context.root().join("elsewhere"),
    )
    .unwrap();
    symlink("elsewhere", context.root().join("folder")).unwrap();
    for _ in 0..2 {
        let tree = take(&context);
        assert_eq!(names(&tree), ["elsewhere/b", "folder"]);
        tree.save_index().unwrap();
    }
}

#[test]
fn odd_files_are_recorded_or_left_out_but_never_followed() {
    let context = TestContext::new();
    context
        .write("outside.txt", "x")
        .write_program("run.sh", "");
    std::fs::write(
        context.root().join(OsStr::from_bytes(b"bad\xff\\name")),
        "odd",
    )
    .unwrap();
    symlink("/etc/passwd", context.root().join("link")).unwrap();
    symlink("outside.txt", context.root().join("inside")).unwrap();
    symlink(".", context.root().join("loop")).unwrap();
    assert!(
        context
            .command(Path::new("mkfifo"))
            .arg("pipe")
            .status()
            .unwrap()
            .success()
    );
    let _socket = std::os::unix::net::UnixListener::bind(context.root().join("socket")).unwrap();
    let tree = take(&context);
    assert_eq!(
        names(&tree),
        [
            "bad\\xff\\\\name",
            "inside",
            "link",
            "loop",
            "outside.txt",
            "run.sh"
        ]
    );
    assert_eq!(
        tree.files()["link"].kind,
        FileKind::Symlink {
            target: "/etc/passwd".to_owned()
        }
    );
    assert_eq!(
        tree.files()["run.sh"].kind,
        FileKind::File { executable: true }
    );
    assert_eq!(tree.read("bad\\xff\\\\name").unwrap(), b"odd");
    assert_eq!(tree.read("inside").unwrap(), b"x");
    for path in [
        "link",
        "loop",
        "../repository/outside.txt",
        "socket",
        "absent",
    ] {
        assert_eq!(
            tree.read(path).unwrap_err().kind(),
            std::io::ErrorKind::NotFound,
            "{path}"
        );
    }
    assert_eq!(tree.digest("link"), Some(Digest::of(b"/etc/passwd")));
}

#[test]
fn text_is_read_without_its_mark() {
    let context = TestContext::new();
    context
        .write("bom.toml", "\u{feff}a = 1")
        .write("latin.txt", b"caf\xe9");
    let tree = take(&context);
    assert_eq!(tree.read_text("bom.toml").unwrap(), "a = 1");
    assert_eq!(tree.read_text("latin.txt").unwrap(), "caf\u{fffd}");
}

#[test]
fn digests_are_remembered_until_the_stat_changes() {
    let context = TestContext::new();
    context.write("a", "one").write("b", "two");
    age(&context, &["a", "b"]);
    let tree = take(&context);
    tree.compute_digests();
    tree.save_index().unwrap();
    // Reading is impossible now, so that what is still known was remembered.
    context.remove("a").write("a", "ONE");
    let again = take(&context);
    assert_eq!(again.digest("a"), Some(Digest::of(b"ONE")));
    std::fs::remove_file(context.root().join("b")).unwrap();
    assert_eq!(again.digest("b"), Some(Digest::of(b"two")));
    assert!(again.notes().is_empty());
}

#[test]
fn a_file_changed_within_the_resolution_of_the_clock_is_read_again() {
    let context = TestContext::new();
    for round in 0..30 {
        let text = format!("{round:04}");
        context.write("a", &text);
        let tree = take(&context);
        assert_eq!(tree.digest("a"), Some(Digest::of(text.as_bytes())));
        tree.save_index().unwrap();
    }
}

#[test]
fn verify_reads_what_a_forged_stat_hides() {
    let context = TestContext::new();
    let index_file = context.folder().join("index");
    context.write("a", "one");
    age(&context, &["a"]);
    let tree = take_with(context.root(), &index_file, false);
    assert_eq!(tree.digest("a"), Some(Digest::of(b"one")));
    tree.save_index().unwrap();
    let verified = take_with(context.root(), &index_file, true);
    std::fs::write(context.root().join("a"), "two").unwrap();
    assert_eq!(verified.digest("a"), Some(Digest::of(b"two")));
}

#[test]
fn a_broken_or_unwritable_index_counts_as_absent() {
    let context = TestContext::new();
    context.write("a", "one");
    let index_file = context.folder().join("state/index");
    take(&context).save_index().unwrap();
    for content in [&b""[..], b"towpath tree index 1\n", &[0xff; 300]] {
        std::fs::write(&index_file, content).unwrap();
        let tree = take(&context);
        assert_eq!(tree.digest("a"), Some(Digest::of(b"one")));
        tree.save_index().unwrap();
    }
    let in_the_way = context.root().join("a/index");
    let tree = take_with(context.root(), &in_the_way, false);
    assert!(tree.save_index().is_err());
    assert!(tree.contains("a"));
}

#[test]
fn what_cannot_be_read_is_told() {
    let context = TestContext::new();
    context.write("a", "one").write("closed/b", "two");
    let close = |path: &str, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(context.root().join(path), mode).unwrap();
    };
    close("a", 0);
    close("closed", 0);
    let tree = take(&context);
    let digest = tree.digest("a");
    let notes = tree.notes();
    close("closed", 0o755);
    // Root reads everything.
    if std::fs::read(context.root().join("a")).is_err() {
        assert_eq!(digest, None);
        assert_eq!(notes.len(), 2, "{notes:?}");
    } else {
        assert_eq!(digest, Some(Digest::of(b"one")));
    }
}

#[test]
fn a_missing_root_is_an_error_that_names_it() {
    let error = snapshot(&SnapshotOptions {
        root: Path::new("/no/such/folder"),
        index_file: Path::new("/no/index"),
        verify: false,
    });
    assert_eq!(
        error.unwrap_err().to_string(),
        "cannot read the folder `/no/such/folder`"
    );
}

#[test]
fn names_digest_sees_names_and_kinds_only() {
    let context = TestContext::new();
    context.write("a.py", "1").write("b.txt", "");
    let python = |tree: &Tree| tree.names_digest(&|path| path.ends_with(".py"));
    let before = python(&take(&context));
    context.write("a.py", "2").remove("b.txt");
    assert_eq!(python(&take(&context)), before);
    context.write_program("a.py", "2");
    let executable = python(&take(&context));
    assert_ne!(executable, before);
    context.write("c.py", "");
    assert_ne!(python(&take(&context)), executable);
}

#[test]
fn linked_working_trees_have_their_own_index() {
    let context = TestContext::new();
    context.write(".gitignore", "*.log\n").write("a.log", "");
    context.git(&["add", "--force", "a.log", ".gitignore"]);
    context.commit("all");
    let linked = context.folder().join("linked");
    context.git(&[
        "worktree",
        "add",
        "--quiet",
        &linked.display().to_string(),
        "-b",
        "other",
    ]);
    std::fs::write(linked.join("noise.log"), "").unwrap();
    let tree = take_with(&linked, &context.folder().join("index"), false);
    assert_eq!(names(&tree), [".gitignore", "a.log"]);
}
