//! The tests of a project: what runs them, where they lie, how the runner is configured. Collects
//! nothing and runs nothing; reads test files only where no configuration names a runner.

mod called;
mod config;
mod django;
mod files;

use towpath_report::Problem;

use crate::files::{ProjectFiles, read_optional};
use crate::folder;
use crate::requirement::requirement_name;
use crate::{Layout, Project, TestRunner, TestSuite};

pub use called::add_called_tests;
use config::Config;

/// The most test files that are read to tell the runner.
const MOST_READ: usize = 60;

/// Returns the tests of a project whose dependencies and layout are known; `None` without tests.
pub(crate) fn read(
    project: &Project,
    files: &ProjectFiles<'_>,
    problems: &mut Vec<Problem>,
) -> Option<TestSuite> {
    let mut config = config::read(files, problems);
    let django =
        django::find(files).filter(|_| !config.is_explicit && !declares(project, "pytest"));
    if django.is_some() {
        config.patterns = vec![django::PATTERN.to_owned()];
    }
    let all = files::find(files, &config, &project.layout);
    let configured = files::expand(files, &config.test_paths);
    let inside = |path: &str| is_inside(&project.layout, path);
    let in_configured = |path: &&String| {
        configured
            .iter()
            .any(|folder| folder::is_within(folder, path))
    };
    let found: Vec<&String> = if configured.is_empty() {
        all.iter().collect()
    } else {
        all.iter().filter(in_configured).collect()
    };
    let runs_doctests = config
        .options
        .iter()
        .any(|option| option.starts_with("--doctest"));
    if found.is_empty() && !(runs_doctests || (!configured.is_empty() && config.file.is_some())) {
        return named_module(project, files, &config);
    }
    let paths_configured = !configured.is_empty();
    let paths = if paths_configured {
        configured
    } else if found.is_empty() {
        project.layout.packages.clone()
    } else {
        files::roots(files, &found, &project.layout)
    };
    if paths.is_empty() {
        return None;
    }
    let (runner, reason) = match &django {
        Some(_) => (TestRunner::Django, "`manage.py test` runs them".to_owned()),
        None => runner(project, files, &config, &found),
    };
    let inside_package = if found.is_empty() {
        paths.iter().all(|path| inside(path))
    } else {
        found.iter().all(|path| inside(path))
    };
    Some(TestSuite {
        runner,
        integration: integration_folders(&found),
        integration_marker: config.markers.iter().any(|marker| is_integration(marker)),
        inside_package,
        paths,
        paths_configured,
        config: config.file,
        add_options: config.options,
        django,
        reason,
    })
}

/// A single module of tests beside the sources that no pattern matches: `tests.py`, `test.py`.
fn named_module(project: &Project, files: &ProjectFiles<'_>, config: &Config) -> Option<TestSuite> {
    let candidates = files.relative_paths().filter(|path| {
        matches!(folder::file_name(path), "tests.py" | "test.py")
            && path.matches('/').count() <= 2
            && !crate::scope::holds_no_tests(path)
    });
    let module = candidates.map(|path| files.path(path)).find(|path| {
        let text = read_optional(files.tree, path).unwrap_or_default();
        text.contains("unittest") || text.contains("def test") || text.contains("doctest")
    })?;
    let found = [&module];
    let (runner, reason) = runner(project, files, config, &found);
    Some(TestSuite {
        runner,
        inside_package: is_inside(&project.layout, &module),
        paths: vec![module.clone()],
        paths_configured: false,
        integration: Vec::new(),
        integration_marker: false,
        config: config.file.clone(),
        add_options: config.options.clone(),
        django: None,
        reason,
    })
}

fn is_inside(layout: &Layout, path: &str) -> bool {
    let packages = layout
        .packages
        .iter()
        .filter(|package| !folder::has_suffix(package, "py"));
    packages
        .into_iter()
        .any(|package| folder::is_within(package, path))
}

/// Tells the runner: by its configuration, by the dependencies, then by what test files import.
fn runner(
    project: &Project,
    files: &ProjectFiles<'_>,
    config: &Config,
    found: &[&String],
) -> (TestRunner, String) {
    if let Some(file) = config.file.as_ref().filter(|_| config.is_explicit) {
        return (
            TestRunner::Pytest,
            format!("pytest is configured in {file}"),
        );
    }
    if declares(project, "pytest") {
        return (
            TestRunner::Pytest,
            "pytest is a development dependency".to_owned(),
        );
    }
    let imports = Imports::of(files, found);
    let nose_configured = files
        .setup_cfg
        .as_ref()
        .is_some_and(|ini| ini.section("nosetests").is_some());
    if imports.nose
        || ((nose_configured || declares(project, "nose"))
            && !imports.pytest
            && !imports.all_unittest)
    {
        let reason = if imports.nose {
            "the tests import nose"
        } else {
            "nose is declared and configured"
        };
        return (TestRunner::Nose, reason.to_owned());
    }
    if imports.pytest {
        return (TestRunner::Pytest, "the tests import pytest".to_owned());
    }
    if imports.all_unittest {
        return (
            TestRunner::Unittest,
            "the tests are unittest's and nothing declares another runner".to_owned(),
        );
    }
    (
        TestRunner::Pytest,
        "test files are there and nothing declares a runner".to_owned(),
    )
}

/// Whether anything that the project declares has this name, or is a plugin of it.
fn declares(project: &Project, runner: &str) -> bool {
    let plugin = format!("{runner}-");
    let groups = project
        .groups
        .values()
        .chain(project.extras.values())
        .chain(project.hatch_environments.values());
    let files = project
        .requirements_files
        .iter()
        .map(|file| &file.requirements);
    groups
        .chain(files)
        .flatten()
        .filter_map(|requirement| requirement_name(requirement))
        .any(|name| name == runner || name.starts_with(&plugin))
}

/// What the first test files import, by the beginnings of their lines.
struct Imports {
    pytest: bool,
    nose: bool,
    all_unittest: bool,
}

impl Imports {
    fn of(files: &ProjectFiles<'_>, found: &[&String]) -> Self {
        let mut imports = Self {
            pytest: false,
            nose: false,
            all_unittest: !found.is_empty(),
        };
        for path in found.iter().take(MOST_READ) {
            let text = read_optional(files.tree, path).unwrap_or_default();
            let has = |module: &str| imports_module(&text, module);
            imports.pytest |= has("pytest");
            imports.nose |= has("nose");
            imports.all_unittest &= has("unittest")
                || has("unittest2")
                || text.contains("TestCase")
                || !text.contains("def test");
        }
        imports
    }
}

fn imports_module(text: &str, module: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| {
        let rest = line
            .strip_prefix("import ")
            .or_else(|| line.strip_prefix("from "));
        rest.is_some_and(|rest| {
            rest.split([',', ' ']).any(|name| {
                name == module
                    || name
                        .strip_prefix(module)
                        .is_some_and(|rest| rest.starts_with('.'))
            })
        })
    })
}

fn is_integration(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    matches!(
        name.as_str(),
        "integration"
            | "integrations"
            | "integration_test"
            | "integration_tests"
            | "tests_integration"
            | "test_integration"
    )
}

/// The folders of integration tests among the test files, sorted.
fn integration_folders(found: &[&String]) -> Vec<String> {
    let mut folders: Vec<String> = found
        .iter()
        .filter_map(|path| {
            let mut end = 0;
            folder::parent(path).split('/').find_map(|part| {
                end += part.len() + 1;
                is_integration(part).then(|| path.get(..end - 1).unwrap_or_default().to_owned())
            })
        })
        .collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_imports() {
        for (text, expected) in [
            ("import nose\n", true),
            ("from nose.tools import eq_\n", true),
            ("    import os, nose\n", true),
            ("import nosey\n", false),
            ("# import nose\n", false),
        ] {
            assert_eq!(imports_module(text, "nose"), expected, "{text}");
        }
    }

    #[test]
    fn finds_integration_folders() {
        let paths = [
            "tests/integration/test_a.py",
            "tests/test_integration.py",
            "tests/integration/x/test_b.py",
        ]
        .map(str::to_owned);
        assert_eq!(
            integration_folders(&paths.iter().collect::<Vec<_>>()),
            ["tests/integration"]
        );
    }
}
