//! Which files and folders belong to a project, and which only lie in it: examples, fixtures,
//! templates, vendored and generated code. Judges by names alone.

use crate::folder;

/// Folders whose manifests are no projects of the repository.
const NOT_PROJECTS: &[&str] = &[
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "tutorial",
    "tutorials",
    "fixture",
    "fixtures",
    "testdata",
    "test_data",
    "test-data",
    "data",
    "snapshots",
    "template",
    "templates",
    "cookiecutter",
    "test",
    "tests",
    "testing",
    "unittests",
    "integration-tests",
    "integration_tests",
    "e2e",
    "doc",
    "docs",
    "documentation",
    "benchmark",
    "benchmarks",
    "bench",
    "asv_bench",
    "scaffold",
    "skeleton",
    "playground",
];
/// Folders of code that others wrote or a program made.
const FOREIGN: &[&str] = &[
    "vendor",
    "vendors",
    "vendored",
    "_vendor",
    "_vendored",
    "third_party",
    "third-party",
    "thirdparty",
    "extern",
    "external",
    "externals",
    "_externals",
    "_extern",
    "node_modules",
    "site-packages",
    "__pycache__",
    "submodules",
    "__pypackages__",
];
/// Ends of names of generated modules.
const GENERATED: &[&str] = &["_pb2.py", "_pb2_grpc.py", "_pb2.pyi", "_pb2_grpc.pyi"];

/// Returns whether code of this path was written elsewhere or by a program, so that checks leave it
/// alone unless the project's automation names it.
pub fn is_foreign_code(path: &str) -> bool {
    GENERATED.iter().any(|end| path.ends_with(end))
        || folder::parent(path)
            .split('/')
            .any(|part| FOREIGN.contains(&part))
}

/// Returns whether a manifest in this folder, relative to the project around it, declares no project
/// of the repository.
pub(crate) fn is_no_project(folder: &str) -> bool {
    folder.split('/').any(|part| {
        let lower = part.to_ascii_lowercase();
        part.starts_with(['.', '{'])
            || part.contains("{{")
            || NOT_PROJECTS.contains(&lower.as_str())
            || FOREIGN.contains(&lower.as_str())
            || lower.starts_with("example")
            || lower.ends_with("tests")
            || lower.ends_with("-template")
            || lower.ends_with("_template")
    })
}

/// Returns whether a folder, relative to the repository, holds data of others' projects rather than
/// files of this one: examples, fixtures, templates, what a build left.
pub(crate) fn is_other_data(folder: &str) -> bool {
    folder.split('/').any(|part| {
        let is_named = matches!(
            part,
            "fixtures"
                | "fixture"
                | "testdata"
                | "test_data"
                | "test-data"
                | "data"
                | "templates"
                | "template"
                | "samples"
                | "demo"
                | "demos"
                | "benchmark"
                | "benchmarks"
                | "bench"
        );
        let is_hidden =
            part.starts_with('.') && part.len() > 1 && !matches!(part, ".requirements" | ".reqs");
        is_named
            || is_hidden
            || part.starts_with("example")
            || part.ends_with(".egg-info")
            || part.ends_with("_template")
            || part.contains('{')
            || FOREIGN.contains(&part)
    })
}

/// Names of folders that hold tests.
pub(crate) const TEST_FOLDERS: &[&str] = &["tests", "test", "testing", "unittests", "unit_tests"];

/// Returns whether tests in this folder, relative to the project, are data for other tests or belong
/// to something else than the project.
pub(crate) fn holds_no_tests(path: &str) -> bool {
    let is_beside = |part: &str| {
        matches!(
            part,
            "demo" | "demos" | "samples" | "scripts" | "tools" | "ci"
        )
    };
    holds_data(path) || folder::parent(path).split('/').any(is_beside)
}

/// As [`holds_no_tests`] for a project that has no other tests: those of its scripts and demos count.
pub(crate) fn holds_data(path: &str) -> bool {
    folder::parent(path).split('/').any(|part| {
        let is_data = matches!(
            part,
            "fixtures"
                | "testdata"
                | "test_data"
                | "examples"
                | "example"
                | "docs"
                | "doc"
                | "template"
                | "templates"
                | "benchmarks"
                | "benchmark"
                | "bench"
                | "snapshots"
                | "docs_src"
        );
        is_data || part.starts_with(['.', '{']) || FOREIGN.contains(&part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_by_names() {
        for (path, expected) in [
            ("pkg/_vendor/six.py", true),
            ("pkg/a_pb2.py", true),
            ("vendor.py", false),
            ("pkg/vendors.py", false),
            ("src/pkg/a.py", false),
        ] {
            assert_eq!(is_foreign_code(path), expected, "{path}");
        }
        for (folder, expected) in [
            ("packages/a", false),
            ("examples/a", true),
            ("docs", true),
            (".github/actions/x", true),
            ("{{cookiecutter.name}}", true),
            ("tests/data/pkg", true),
            ("functional_tests/support/plugin", true),
            ("libs/core", false),
        ] {
            assert_eq!(is_no_project(folder), expected, "{folder}");
        }
    }
}
