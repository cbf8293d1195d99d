//! A repository of a few files, and its automation as lines, for the tables of tests.

use towpath_host::{SnapshotOptions, snapshot};

use super::{Automation, Invocation, read_automation};

/// Reads the automation of a repository that holds these files.
pub(super) fn automation(files: &[(&str, &str)]) -> Automation {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("repository");
    for (path, text) in files {
        let path = root.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
    let index_file = folder.path().join("index");
    let tree = snapshot(&SnapshotOptions {
        root: &root,
        index_file: &index_file,
        verify: false,
    })
    .unwrap();
    read_automation(&tree, &[])
}

/// One line for a command: what runs, what is special about it, where it is written.
pub(super) fn line(invocation: &Invocation) -> String {
    let mut line = invocation.command();
    if let Some(pin) = &invocation.version {
        line.push_str(&format!(" =={}", pin.version));
    }
    if !invocation.folder.is_empty() {
        line.push_str(&format!(" in {}", invocation.folder));
    }
    if !invocation.can_fail {
        line.push_str(" (cannot fail)");
    }
    if !invocation.pythons.is_empty() {
        let pythons: Vec<String> = invocation.pythons.iter().map(ToString::to_string).collect();
        line.push_str(&format!(" on {}", pythons.join(" ")));
    }
    format!("{line} @{}", invocation.place)
}

/// Compares the commands that CI reaches.
#[track_caller]
pub(super) fn check_ci(files: &[(&str, &str)], expected: &[&str]) {
    let automation = automation(files);
    let reached = automation
        .invocations
        .iter()
        .filter(|invocation| invocation.reached_from_ci);
    let lines: Vec<String> = reached.map(line).collect();
    assert_eq!(lines, expected, "unreadable: {:?}", automation.unreadable);
}

/// Compares all commands.
#[track_caller]
pub(super) fn check_all(files: &[(&str, &str)], expected: &[&str]) {
    let automation = automation(files);
    let lines: Vec<String> = automation.invocations.iter().map(line).collect();
    assert_eq!(lines, expected, "unreadable: {:?}", automation.unreadable);
}
