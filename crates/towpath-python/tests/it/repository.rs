//! Tiny repositories, written as text.

use std::path::Path;

use towpath_host::{SnapshotOptions, Tree, snapshot};
use towpath_python::{Project, TestNeeds, read_projects, test_needs};
use towpath_report::Problem;

/// A repository on disk and its tree.
pub(crate) struct Repository {
    pub(crate) tree: Tree,
    _folder: tempfile::TempDir,
}

/// Writes files given as `== path` lines followed by their content.
pub(crate) fn repository(text: &str) -> Repository {
    repository_with(text, |_| {})
}

pub(crate) fn repository_with(text: &str, change: impl FnOnce(&Path)) -> Repository {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("repository");
    std::fs::create_dir(&root).expect("a new folder");
    for file in format!("\n{text}")
        .split("\n== ")
        .filter(|file| !file.trim().is_empty())
    {
        let (path, content) = file.split_once('\n').unwrap_or((file, ""));
        let path = root.join(path.trim());
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, format!("{content}\n")).expect("a file");
    }
    change(&root);
    let index_file = folder.path().join("index");
    let tree = snapshot(&SnapshotOptions {
        root: &root,
        index_file: &index_file,
        verify: false,
    })
    .expect("a tree");
    Repository {
        tree,
        _folder: folder,
    }
}

pub(crate) fn read(text: &str) -> (Vec<Project>, Vec<Problem>) {
    read_projects(&repository(text).tree)
}

/// Reads a repository with one project and no problem.
pub(crate) fn one(text: &str) -> Project {
    let (mut projects, problems) = read(text);
    assert_eq!(problems, [], "{text}");
    assert_eq!(projects.len(), 1, "{text}");
    projects.remove(0)
}

/// What the tests of a project need, in one line.
pub(crate) fn needs(project: &Project) -> String {
    let TestNeeds {
        requirements,
        requirement_files,
        extras,
        groups,
        ..
    } = test_needs(project);
    let part = |kind: &str, names: Vec<String>| {
        names
            .into_iter()
            .map(move |name| format!("{kind}:{name}"))
            .collect::<Vec<_>>()
    };
    let all = [
        part("group", groups),
        part("extra", extras),
        part("file", requirement_files),
        part("requirement", requirements),
    ];
    all.concat().join(" ")
}
