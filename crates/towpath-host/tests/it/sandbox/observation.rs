//! What is seen of the files that commands open.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use towpath_host::sandbox::{Level, Mount};

use super::support::{Bench, need_namespaces};

fn paths(folder: &Path, names: &[&str]) -> BTreeSet<PathBuf> {
    names
        .iter()
        .map(|name| {
            if name.is_empty() {
                folder.to_owned()
            } else {
                folder.join(name)
            }
        })
        .collect()
}

#[test]
fn lists_exactly_the_opened_files() {
    need_namespaces!();
    let mut bench = Bench::new(Level::Namespaces);
    for name in [
        "read",
        "unread",
        "sub/read",
        "sub/unread",
        "listed/x",
        "changed",
        "gone",
        "stat",
    ] {
        bench.file(&format!("project/{name}"), "text");
    }
    let project = bench.folder("project");
    bench.overlay(&project);
    bench.sandbox.observe = vec![project.clone()];
    let script = format!(
        "cd {}; cat read; (cat sub/read) | cat; ls listed; test -e stat; echo 1 > changed; rm gone; \
         mkdir made; echo 1 > made/x; echo 1 > new; cat new; head missing; mv new newer; cat newer",
        project.display()
    );
    let (_, _, observation) = bench.shell(&script);
    assert_eq!(
        observation.opened,
        paths(&project, &["read", "sub/read", "changed"])
    );
    assert_eq!(observation.listed, paths(&project, &["listed"]));
    assert_eq!(
        observation.written,
        paths(&project, &["changed", "gone", "made", "new", "newer"])
    );
    assert!(observation.complete);
}

#[test]
fn sees_single_folders_and_what_is_mounted_read_only() {
    let mut bench = Bench::new(super::support::level());
    for name in ["a", "sub/b", "sub/deep/c"] {
        bench.file(&format!("project/{name}"), "text");
    }
    let project = bench.folder("project");
    bench.sandbox.mounts.push(Mount::ReadOnly {
        source: project.clone(),
        target: project.clone(),
    });
    bench.sandbox.observe_folders = vec![project.clone(), project.join("sub")];
    let script = format!("cd {}; cat a sub/b sub/deep/c", project.display());
    let (_, output, observation) = bench.shell(&script);
    assert_eq!(output, "texttexttext");
    assert_eq!(observation.opened, paths(&project, &["a", "sub/b"]));
    assert!(observation.complete);
}

#[test]
fn a_missing_folder_is_no_gap_and_many_files_are_no_loss() {
    let mut bench = Bench::new(super::support::level());
    for number in 0..500 {
        bench.file(&format!("project/{}/{number}", number % 50), "text");
    }
    let project = bench.folder("project");
    bench.sandbox.mounts.push(Mount::ReadOnly {
        source: project.clone(),
        target: project.clone(),
    });
    bench.sandbox.observe = vec![project.clone(), PathBuf::from("/nowhere")];
    let script = format!(
        "cd {}; for i in 1 2 3 4 5 6 7 8 9 10; do cat */* > /dev/null; done",
        project.display()
    );
    let (_, _, observation) = bench.shell(&script);
    assert_eq!(observation.opened.len(), 500);
    assert_eq!(observation.listed.len(), 51);
    assert!(observation.complete);
}

#[test]
fn one_folder_at_two_places_is_not_told_apart() {
    need_namespaces!();
    let mut bench = Bench::new(Level::Namespaces);
    let source = bench.file("project/a", "text");
    let source = source.parent().unwrap().to_owned();
    let places = ["/first", "/second"].map(PathBuf::from);
    for target in places.clone() {
        bench.sandbox.mounts.push(Mount::ReadOnly {
            source: source.clone(),
            target,
        });
    }
    bench.sandbox.observe = places.to_vec();
    let (_, _, observation) = bench.shell("cat /first/a");
    assert!(!observation.complete);
}
