//! The clean copy: level with the tree, whoever else runs, whatever was interrupted.

use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use towpath_host::clean_tree::{SyncReport, synchronise};
use towpath_host::{SnapshotOptions, Tree, snapshot};
use towpath_testing::TestContext;

fn take(context: &TestContext) -> Tree {
    let index_file = context.folder().join("state/index");
    snapshot(&SnapshotOptions {
        root: context.root(),
        index_file: &index_file,
        verify: false,
    })
    .unwrap()
}

fn copies(context: &TestContext) -> PathBuf {
    context.folder().join("state/clean")
}

fn bring_level(context: &TestContext) -> SyncReport {
    let tree = take(context);
    let report = synchronise(&tree, &copies(context)).unwrap();
    check_level(&tree, &report.files);
    report
}

fn check_level(tree: &Tree, files: &Path) {
    let index_file = files.join("no/index");
    let copy = snapshot(&SnapshotOptions {
        root: files,
        index_file: &index_file,
        verify: true,
    })
    .unwrap();
    let describe = |tree: &Tree| -> Vec<_> {
        let files = tree.files().iter();
        files
            .map(|(path, file)| {
                let is_link = matches!(file.kind, towpath_host::FileKind::Symlink { .. });
                let time = if is_link { 0 } else { file.modified_ns };
                (
                    path.clone(),
                    file.kind.clone(),
                    file.size,
                    time,
                    tree.digest(path),
                )
            })
            .collect()
    };
    assert_eq!(describe(&copy), describe(tree));
}

#[test]
fn copies_only_what_changed() {
    let context = TestContext::new();
    context
        .write("a", "1")
        .write("folder/b", "2")
        .write_program("c.sh", "3");
    symlink("a", context.root().join("link")).unwrap();
    let first = bring_level(&context);
    assert_eq!((first.copied, first.removed), (4, 0));
    let inode = |report: &SyncReport| report.files.join("folder/b").metadata().unwrap().ino();
    let before = inode(&first);
    drop(first);
    let second = bring_level(&context);
    assert_eq!(
        (second.copied, second.removed, inode(&second)),
        (0, 0, before)
    );
    drop(second);
    context
        .write("a", "one")
        .write("new/deep/d", "4")
        .remove("c.sh");
    let third = bring_level(&context);
    assert_eq!((third.copied, third.removed, inode(&third)), (2, 1, before));
    assert!(!third.files.join(".git").exists());
}

#[test]
fn files_folders_and_links_may_take_each_others_place() {
    let context = TestContext::new();
    context.write("x", "file").write("y/inner", "folder");
    symlink("x", context.root().join("z")).unwrap();
    drop(bring_level(&context));
    std::fs::remove_file(context.root().join("x")).unwrap();
    std::fs::remove_dir_all(context.root().join("y")).unwrap();
    std::fs::remove_file(context.root().join("z")).unwrap();
    context
        .write("x/inner", "now a folder")
        .write("z", "now a file");
    symlink("x", context.root().join("y")).unwrap();
    drop(bring_level(&context));
}

#[test]
fn a_change_that_keeps_size_and_time_is_seen() {
    let context = TestContext::new();
    context.write("a", "one");
    drop(bring_level(&context));
    let path = context.root().join("a");
    let time = path.metadata().unwrap().modified().unwrap();
    context.write("a", "two");
    std::fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(time)
        .unwrap();
    let report = bring_level(&context);
    assert_eq!(report.copied, 1);
}

#[test]
fn damage_to_the_copy_and_leftovers_are_repaired() {
    let context = TestContext::new();
    context
        .write("a", "1")
        .write("b", "2")
        .write("folder/c", "3");
    let files = bring_level(&context).files;
    std::fs::write(files.join("a"), "x").unwrap();
    std::fs::remove_file(files.join("b")).unwrap();
    std::fs::create_dir_all(files.join("left/over")).unwrap();
    std::fs::write(files.join("left/over/file"), "").unwrap();
    let report = bring_level(&context);
    assert_eq!((report.copied, report.removed), (2, 1));
}

#[test]
fn without_a_manifest_what_is_equal_is_kept() {
    let context = TestContext::new();
    context.write("a", "1").write("b", "2");
    let files = bring_level(&context).files;
    let slot = files.parent().unwrap();
    for entry in std::fs::read_dir(slot).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("manifest")
        {
            std::fs::write(path, "broken").unwrap();
        }
    }
    // The same size and time with another content, as after a power failure.
    let time = files.join("a").metadata().unwrap().modified().unwrap();
    std::fs::write(files.join("a"), "?").unwrap();
    std::fs::File::options()
        .append(true)
        .open(files.join("a"))
        .unwrap()
        .set_modified(time)
        .unwrap();
    assert_eq!(bring_level(&context).copied, 1);
    assert_eq!(bring_level(&context).copied, 0);
}

#[test]
fn runs_at_once_share_a_copy_only_while_they_agree() {
    let context = TestContext::new();
    context.write("a", "1");
    let first = bring_level(&context);
    let second = bring_level(&context);
    assert_eq!(first.files, second.files);
    context.write("a", "two");
    let third = bring_level(&context);
    assert_ne!(third.files, first.files);
    assert_eq!(std::fs::read(first.files.join("a")).unwrap(), b"1");
    drop((first, second));
    context.write("a", "three");
    let fourth = bring_level(&context);
    assert_ne!(fourth.files, third.files);
}

#[test]
fn many_runs_at_once_all_get_the_right_content() {
    let context = TestContext::new();
    for number in 0..50 {
        context.write(&format!("f{number}"), number.to_string());
    }
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| drop(bring_level(&context)));
        }
    });
}

#[test]
fn a_file_that_changes_after_the_snapshot_is_named() {
    let context = TestContext::new();
    context.write("a", "1").write("b", "2");
    let tree = take(&context);
    context.write("a", "later").remove("b");
    let report = synchronise(&tree, &copies(&context)).unwrap();
    assert_eq!(report.changed_meanwhile, ["a", "b"]);
    drop(report);
    drop(bring_level(&context));
}

/// Run by the next test as a process of its own, to be killed.
#[test]
fn endless_copying_for_another_test() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the caller of this process sets it"
    )]
    let Some(root) = std::env::var_os("TOWPATH_TEST_COPY_ROOT") else {
        return;
    };
    let root = PathBuf::from(root);
    let index_file = root.join("../state/index");
    loop {
        let tree = snapshot(&SnapshotOptions {
            root: &root,
            index_file: &index_file,
            verify: false,
        });
        drop(synchronise(&tree.unwrap(), &root.join("../state/clean")).unwrap());
        // So that there always is something to copy.
        std::fs::remove_dir_all(root.join("../state/clean/0/files/folder")).unwrap();
    }
}

#[test]
fn a_killed_run_leaves_nothing_that_the_next_cannot_repair() {
    let context = TestContext::new();
    for number in 0..300 {
        context.write(&format!("folder/{number}"), vec![b'x'; 10_000]);
    }
    let program = std::env::current_exe().unwrap();
    for round in 0..10 {
        let mut child = context
            .command(&program)
            .args(["--exact", "clean_tree::endless_copying_for_another_test"])
            .env("TOWPATH_TEST_COPY_ROOT", context.root())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(60 + round * 7));
        child.kill().unwrap();
        child.wait().unwrap();
        let report = bring_level(&context);
        assert!(
            report.files.ends_with("0/files"),
            "the lock outlived its owner"
        );
        assert!(!report.files.with_file_name("tmp").exists());
    }
}
