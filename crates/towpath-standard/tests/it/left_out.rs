//! Tests that need what the archive of a release leaves out are told apart from tests that fail.

use towpath_report::{TestCase, TestOutcome};
use towpath_standard::Partial;

use crate::repository::verdict_of;

const MANIFEST: (&str, &str) = (
    "pyproject.toml",
    "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n",
);

const FILES: [(&str, &str); 4] = [
    MANIFEST,
    ("pkg/__init__.py", ""),
    ("tests/test_a.py", "def test_a(): pass\n"),
    ("tests/data/here.txt", ""),
];

/// A release holds what its builder wrote about it.
const RELEASE: (&str, &str) = ("PKG-INFO", "Name: pkg\n");

fn error(message: &str) -> TestCase {
    TestCase {
        id: "tests/test_a.py".to_owned(),
        path: "tests/test_a.py".to_owned(),
        line: 1,
        outcome: TestOutcome::Error,
        seconds: 0.0,
        message: message.to_owned(),
        failed_at: None,
        details: String::new(),
    }
}

/// Checks whether a test that ends with a message fails in a release; in a checkout each does.
#[track_caller]
fn check(message: &str, more: &[(&str, &str)], expected: &str) {
    for is_release in [true, false] {
        let mut files = FILES.to_vec();
        files.extend(more);
        files.extend(is_release.then_some(RELEASE));
        let found = Partial {
            tests: vec![error(message)],
            ..Partial::default()
        };
        let result = verdict_of("tests", &files, found);
        let said = if result.failed {
            "fails"
        } else {
            result.skipped.as_str()
        };
        assert_eq!(
            said,
            if is_release { expected } else { "fails" },
            "{message} {is_release} {result:?}"
        );
    }
}

#[test]
fn files_of_the_tests_that_a_release_leaves_out_are_no_fault() {
    for (message, file) in [
        (
            "ModuleNotFoundError: No module named 'tests.common'",
            "tests/common.py",
        ),
        (
            "ModuleNotFoundError: No module named 'tests'",
            "tests/__init__.py",
        ),
        (
            "ImportError: attempted relative import with no known parent package",
            "tests/__init__.py",
        ),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: 'tests/data/gone.txt'",
            "tests/data/gone.txt",
        ),
        ("fixture 'sample' not found", "tests/conftest.py"),
    ] {
        let said = format!("the tests need `{file}`, which the release leaves out");
        check(message, &[], &said);
    }
}

#[test]
fn what_a_release_holds_or_is_not_of_the_tests_fails() {
    for (message, more) in [
        (
            "ModuleNotFoundError: No module named 'tests.common'",
            [("tests/common/__init__.py", "")].as_slice(),
        ),
        ("ModuleNotFoundError: No module named 'pkg.common'", &[]),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: 'tests/data/here.txt'",
            &[],
        ),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: 'pkg/data.txt'",
            &[],
        ),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: '/tmp/tests/a.txt'",
            &[],
        ),
        ("fixture 'sample' not found", &[("tests/conftest.py", "")]),
        ("AssertionError: assert 1 == 2", &[]),
    ] {
        check(message, more, "fails");
    }
}

#[test]
fn other_tests_of_a_release_are_judged() {
    let mut passed = error("");
    passed.outcome = TestOutcome::Passed;
    let mut files = FILES.to_vec();
    files.push(RELEASE);
    let found = Partial {
        tests: vec![
            passed,
            error("ModuleNotFoundError: No module named 'tests.common'"),
        ],
        ..Partial::default()
    };
    let result = verdict_of("tests", &files, found);
    assert_eq!(
        (
            result.failed,
            result.summary.as_str(),
            result.notes.as_slice()
        ),
        (
            false,
            "1 passed, 1 not judged",
            &[
                "not all is judged: the tests need `tests/common.py`, which the release leaves out"
                    .to_owned()
            ][..]
        )
    );
}

#[test]
fn conftest_that_needs_a_file_left_out_is_no_fault() {
    let mut files = FILES.to_vec();
    files.extend([RELEASE, ("tests/conftest.py", "import tests.common\n")]);
    let found = Partial {
        facts: [("absent".to_owned(), "tests.common".to_owned())].into(),
        errors: vec![towpath_report::Problem::error(
            "pytest ended with exit code 4",
        )],
        ..Partial::default()
    };
    let result = verdict_of("tests", &files, found);
    assert_eq!(
        (result.errors.len(), result.skipped.as_str()),
        (
            0,
            "the tests need `tests/common.py`, which the release leaves out"
        )
    );
}
