//! The store under faults: damage, two at once, read-only and full disks, cleaning.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use towpath_host::store::{Keep, KindUsage};
use towpath_host::{Digest, Store, clock, store};

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[test]
fn returns_what_was_put() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a/b")).unwrap();
    let digest = store.put(b"bytes").unwrap();
    assert_eq!(digest, Digest::of(b"bytes"));
    assert_eq!(store.put(b"bytes").unwrap(), digest);
    assert_eq!(store.get(&digest).unwrap().as_deref(), Some(&b"bytes"[..]));
    assert_eq!(store.get(&Digest::of(b"other")).unwrap(), None);
    store.put_entry("verdicts", "../../key", b"one").unwrap();
    store.put_entry("verdicts", "../../key", b"two").unwrap();
    assert_eq!(
        store.entry("verdicts", "../../key").unwrap().as_deref(),
        Some(&b"two"[..])
    );
    assert_eq!(store.entry("other", "../../key").unwrap(), None);
    store.remove_entry("verdicts", "../../key").unwrap();
    store.remove_entry("verdicts", "../../key").unwrap();
    assert_eq!(store.entry("verdicts", "../../key").unwrap(), None);
    assert!(
        files_below(folder.path())
            .iter()
            .all(|path| path.starts_with(folder.path().join("a/b")))
    );
}

#[test]
fn damage_is_a_miss_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let digest = store.put(b"bytes").unwrap();
    store.put_entry("verdicts", "key", b"one").unwrap();
    for path in files_below(folder.path()) {
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.pop();
        bytes.push(b'?');
        std::fs::write(&path, bytes).unwrap();
    }
    assert_eq!(store.get(&digest).unwrap(), None);
    assert_eq!(store.entry("verdicts", "key").unwrap(), None);
    let warnings = store.take_warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings
            .iter()
            .all(|warning| warning.contains("was damaged"))
    );
    assert_eq!(store.take_warnings(), Vec::<String>::new());
    assert_eq!(files_below(&folder.path().join("bad")).len(), 2);
    store.put(b"bytes").unwrap();
    assert!(store.get(&digest).unwrap().is_some());
}

#[test]
fn an_entry_in_the_place_of_another_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.put_entry("verdicts", "a", b"one").unwrap();
    let path = files_below(&folder.path().join("entries")).remove(0);
    std::fs::rename(&path, path.with_file_name(Digest::of(b"b").as_str())).unwrap();
    assert_eq!(store.entry("verdicts", "b").unwrap(), None);
}

#[test]
fn many_writers_of_one_entry_leave_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<Vec<u8>> = (0..8).map(|byte| vec![byte; 100_000]).collect();
    std::thread::scope(|scope| {
        for text in &texts {
            scope.spawn(|| {
                let store = Store::open(folder.path()).unwrap();
                for _ in 0..5 {
                    store.put_entry("kind", "key", text).unwrap();
                    assert!(texts.contains(&store.entry("kind", "key").unwrap().unwrap()));
                }
                assert_eq!(store.take_warnings(), Vec::<String>::new());
            });
        }
    });
}

#[test]
fn cleans_by_age_and_kind() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.put(b"12345").unwrap();
    store.put_entry("old", "a", b"").unwrap();
    store.put_entry("new", "a", b"").unwrap();
    let ago = clock::system_time() - Duration::from_hours(240);
    for path in files_below(&folder.path().join("entries/old")) {
        File::options()
            .append(true)
            .open(path)
            .unwrap()
            .set_modified(ago)
            .unwrap();
    }
    let usage = store.usage().unwrap();
    assert_eq!(usage.kinds["blobs"], KindUsage { files: 1, bytes: 5 });
    assert_eq!(usage.total().files, 3);
    let week = Duration::from_hours(168);
    assert_eq!(store.clean(&Keep::UsedWithin(week)).unwrap().files, 1);
    assert_eq!(store.entry("old", "a").unwrap(), None);
    assert_eq!(store.clean(&Keep::OtherKindsThan("new")).unwrap().files, 1);
    assert_eq!(store.usage().unwrap().total().files, 1);
    assert_eq!(store.clean(&Keep::Nothing).unwrap().bytes, 5);
    assert_eq!(store.usage().unwrap().total().files, 0);
}

#[test]
fn reading_notes_the_use() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let digest = store.put(b"1").unwrap();
    let ago = clock::system_time() - Duration::from_hours(240);
    let path = files_below(&folder.path().join("blobs")).remove(0);
    File::options()
        .append(true)
        .open(path)
        .unwrap()
        .set_modified(ago)
        .unwrap();
    store.get(&digest).unwrap();
    assert_eq!(
        store
            .clean(&Keep::UsedWithin(Duration::from_hours(1)))
            .unwrap()
            .files,
        0
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, Permissions::from_mode(0o500)).unwrap();
    match Store::open(&closed) {
        Err(error) => assert!(error.hints()[0].contains("TOWPATH_CACHE_DIR")),
        // Root writes everywhere.
        Ok(store) => drop(store.put(b"1").unwrap()),
    }
}

/// Run by the next test as a process of its own, in a file system of one mebibyte.
#[test]
fn filling_a_disk_for_another_test() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the caller of this process sets it"
    )]
    let Some(folder) = std::env::var_os("TOWPATH_TEST_SMALL_DISK") else {
        return;
    };
    let store = Store::open(Path::new(&folder)).unwrap();
    store.put_entry("kind", "key", b"before").unwrap();
    let error = store
        .put_entry("kind", "key", &vec![1; 2 << 20])
        .unwrap_err();
    assert!(matches!(error, store::Error::DiskFull { .. }), "{error}");
    assert!(error.hints()[0].contains("towpath cache clean"));
    assert!(store.put(&vec![2; 2 << 20]).is_err());
    assert_eq!(
        store.entry("kind", "key").unwrap().as_deref(),
        Some(&b"before"[..])
    );
    assert_eq!(store.usage().unwrap().total().files, 1);
    assert_eq!(
        std::fs::read_dir(store.folder().join("tmp"))
            .unwrap()
            .count(),
        0
    );
    println!("the disk was full");
}

#[test]
fn a_full_disk_leaves_no_part_of_an_entry() {
    let folder = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let script =
        "mount -t tmpfs -o size=1m none \"$TOWPATH_TEST_SMALL_DISK\" || exit 77; exec \"$@\"";
    let output = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
        ])
        .arg(program)
        .args([
            "--exact",
            "--nocapture",
            "store::filling_a_disk_for_another_test",
        ])
        .env("TOWPATH_TEST_SMALL_DISK", folder.path())
        .output();
    let Ok(output) = output else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    // Where namespaces are closed there is no small disk to be had.
    let is_closed = output.status.code() == Some(77) || text.is_empty();
    assert!(is_closed || text.contains("the disk was full"), "{text}");
}
