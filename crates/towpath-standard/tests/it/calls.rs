//! How the tests are called.

use crate::repository::work_of;

#[track_caller]
fn check_call(options: &str, expected: &str) {
    let manifest = format!(
        "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.12\"\n\
         [tool.pytest.ini_options]\naddopts = \"{options}\"\n"
    );
    let files = [
        ("pyproject.toml", manifest.as_str()),
        ("pkg/__init__.py", ""),
        ("tests/test_a.py", "def test_a(): pass\n"),
    ];
    let work = work_of("tests", &files);
    let call = work.lines().last().unwrap_or_default();
    assert!(call.ends_with(expected), "{work}");
}

#[test]
fn folder_of_the_tests_is_named_unless_doctests_lie_elsewhere() {
    check_call("-ra", "module tests");
    check_call("--doctest-modules", "module");
}
