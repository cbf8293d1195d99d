//! The files that hold tests, and the few folders that stand for them.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::config::Config;
use crate::Layout;
use crate::files::{ProjectFiles, read_optional};
use crate::folder;
use crate::scope::{TEST_FOLDERS, holds_data, holds_no_tests};

/// Returns the test files of a project as pytest would collect them: by `python_files`, without the
/// folders of `norecursedirs` and of `--ignore`; relative to the repository, in order. Of folders that
/// do not look as if they held the project's tests only those inside a package, and all where there are
/// no others.
pub(super) fn find(files: &ProjectFiles<'_>, config: &Config, layout: &Layout) -> Vec<String> {
    let usual = find_where(files, config, &|path| {
        let whole = files.path(path);
        let mut packages = layout.packages.iter();
        let inside = packages.find_map(|package| folder::below(package, &whole));
        !holds_no_tests(inside.unwrap_or(path))
    });
    if usual.is_empty() {
        return find_where(files, config, &|path| !holds_data(path));
    }
    usual
}

fn find_where(
    files: &ProjectFiles<'_>,
    config: &Config,
    may_hold_tests: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let (set, not_entered) = (globs(&config.patterns), globs(&config.not_entered));
    let ignored: Vec<&str> = config
        .options
        .iter()
        .filter_map(|option| option.strip_prefix("--ignore="))
        .collect();
    let is_entered = |folder: &str| {
        !folder
            .split('/')
            .any(|part| !part.is_empty() && not_entered.is_match(part))
    };
    // Paths come folder by folder, so that each folder is judged once.
    let mut judged = ("", true);
    files
        .relative_paths()
        .filter(|path| folder::has_suffix(path, "py"))
        .filter(move |path| {
            let folder = folder::parent(path);
            if folder != judged.0 {
                judged = (folder, is_entered(folder) && may_hold_tests(path));
            }
            judged.1
        })
        .filter(|path| {
            !ignored
                .iter()
                .any(|ignored| folder::is_within(ignored.trim_end_matches('/'), path))
        })
        .filter(|path| set.is_match(folder::file_name(path)) || set.is_match(path))
        .map(|path| files.path(path))
        // The tests of a submodule are those of another project.
        .filter(|path| !files.tree.is_of_submodule(path))
        .collect()
}

fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for glob in patterns
        .iter()
        .filter_map(|pattern| Glob::new(pattern).ok())
    {
        set.add(glob);
    }
    set.build().unwrap_or_else(|_| GlobSet::empty())
}

/// Returns the folders and files that `testpaths` names and that exist, relative to the repository.
pub(super) fn expand(files: &ProjectFiles<'_>, test_paths: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for written in test_paths {
        let Some(path) = folder::resolve(files.root, written) else {
            continue;
        };
        let matches = if written.contains(['*', '?', '[']) {
            glob(files, &path)
        } else if files.tree.contains(&path) || crate::files::folder_exists(files.tree, &path) {
            vec![path]
        } else {
            Vec::new()
        };
        crate::requirement::append(&mut found, matches);
    }
    found
}

fn glob(files: &ProjectFiles<'_>, pattern: &str) -> Vec<String> {
    let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() else {
        return Vec::new();
    };
    let matcher = glob.compile_matcher();
    let mut found = BTreeSet::new();
    for path in &files.paths {
        // A folder matches as well as a file; its files then need not.
        let mut end = 0;
        while let Some(next) = path.get(end..).and_then(|rest| rest.find('/')) {
            end += next;
            let folder = path.get(..end).unwrap_or_default();
            if matcher.is_match(folder) {
                found.insert(folder.to_owned());
            }
            end += 1;
        }
        if folder::has_suffix(path, "py") && matcher.is_match(path) {
            found.insert((*path).to_owned());
        }
    }
    found.into_iter().collect()
}

/// Returns the topmost folders that stand for test files: the folder named `tests` or alike above
/// each, else the file itself, or its folder where several lie there. Several folders inside one
/// package become the package.
pub(super) fn roots(files: &ProjectFiles<'_>, found: &[&String], layout: &Layout) -> Vec<String> {
    let mut named = BTreeSet::new();
    let mut loose: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for path in found {
        match test_folder(files.root, path) {
            Some(folder) => {
                named.insert(folder);
            }
            None => loose.entry(folder::parent(path)).or_default().push(path),
        }
    }
    let in_package = |path: &str| {
        layout
            .packages
            .iter()
            .any(|package| folder::is_within(package, path))
    };
    let is_helper = named.iter().any(|path| !in_package(path));
    for (folder, mut paths) in loose {
        // Beside a folder of tests, `pkg/test_tools.py` is more often a helper for them than a test.
        if in_package(folder) {
            paths.retain(|path| !is_helper && holds_test_functions(files, path));
        }
        let is_project = folder == files.root;
        if paths.len() > 1 && !is_project {
            named.insert(folder.to_owned());
        } else {
            named.extend(paths.into_iter().cloned());
        }
    }
    for package in layout
        .packages
        .iter()
        .filter(|package| !folder::has_suffix(package, "py"))
    {
        let inside: Vec<String> = named
            .iter()
            .filter(|path| folder::is_within(package, path))
            .cloned()
            .collect();
        if inside.len() > 1 {
            named.retain(|path| !inside.contains(path));
            named.insert(package.clone());
        }
    }
    let all = named.clone();
    named.retain(|path| {
        !all.iter()
            .any(|other| other != path && folder::is_within(other, path))
    });
    named.into_iter().collect()
}

fn holds_test_functions(files: &ProjectFiles<'_>, path: &str) -> bool {
    let text = read_optional(files.tree, path).unwrap_or_default();
    ["def test", "class Test", "TestCase", ">>> "]
        .iter()
        .any(|word| text.contains(word))
}

/// The topmost folder with a name for tests above a file.
fn test_folder(root: &str, path: &str) -> Option<String> {
    let relative = folder::parent(folder::below(root, path)?);
    let mut parts = Vec::new();
    for part in relative.split('/') {
        parts.push(part);
        if TEST_FOLDERS.contains(&part) {
            return Some(folder::join(root, &parts.join("/")));
        }
    }
    None
}
