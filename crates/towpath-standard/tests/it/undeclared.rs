//! What tests need and nothing declares becomes one problem.

use towpath_report::{TestCase, TestOutcome};
use towpath_standard::{Applies, Output, Partial, Work, check as check_of};

use crate::repository::{verdict_of, with_facts};

const FILES: [(&str, &str); 5] = [
    (
        "pyproject.toml",
        "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n",
    ),
    ("pkg/__init__.py", ""),
    ("tests/conftest.py", "import trio\n"),
    (
        "tests/test_a.py",
        "import os, pytest, yaml\nimport tests.common\n\ndef test_a(mocker): pass\n",
    ),
    ("tests/common.py", "import imp, certifi\n"),
];

fn failed(outcome: TestOutcome, message: &str) -> TestCase {
    TestCase {
        id: format!("tests/test_a.py::{message}"),
        path: "tests/test_a.py".to_owned(),
        line: 4,
        outcome,
        seconds: 0.0,
        message: message.to_owned(),
        failed_at: None,
        details: String::new(),
    }
}

/// Returns the messages of the findings, the names of the tests that are left, and the summary.
#[track_caller]
fn check(tests: Vec<TestCase>, facts: &[(&str, &str)], expected: &[&str]) {
    let found = Partial {
        tests,
        facts: facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..Partial::default()
    };
    let result = verdict_of("tests", &FILES, found);
    let findings = result
        .findings
        .iter()
        .map(|finding| finding.message.clone());
    let tests = result.tests.iter().map(|case| case.message.clone());
    let said: Vec<String> = findings.chain(tests).chain([result.summary]).collect();
    assert_eq!(said, expected);
}

#[test]
fn all_that_is_missing_is_one_problem() {
    let error = |message| failed(TestOutcome::Error, message);
    check(
        vec![
            error("ModuleNotFoundError: No module named 'trio'"),
            error("fixture 'mocker' not found"),
            error("fixture 'own' not found"),
        ],
        &[("importable", "certifi\npytest")],
        &[
            "the tests import `trio` and `yaml` and use the fixture `mocker`, which nothing declares; add \
             them where the tests' requirements are, or set `requirements = [\"pytest-mock\", \"pyyaml\", \
             \"trio\"]` in `[tool.towpath.tests]`",
            "fixture 'own' not found",
            "cannot import trio, yaml, pytest-mock",
        ],
    );
}

#[test]
fn start_that_failed_names_all_modules() {
    check(
        Vec::new(),
        &[("absent", "trio"), ("importable", "certifi\npytest\nyaml")],
        &[
            "the tests import `trio`, which nothing declares; add it where the tests' requirements are, \
             or set `requirements = [\"trio\"]` in `[tool.towpath.tests]`",
            "cannot import trio",
        ],
    );
}

#[test]
fn own_and_standard_modules_cannot_be_declared() {
    for module in ["tests", "imp"] {
        let message = format!("ModuleNotFoundError: No module named '{module}.x'");
        check(
            vec![failed(TestOutcome::Error, &message)],
            &[("importable", "pytest")],
            &[&message, "1 error"],
        );
    }
}

#[test]
fn own_module_off_the_path_is_one_problem() {
    let error = |module: &str| {
        let message = format!("ModuleNotFoundError: No module named '{module}'");
        failed(TestOutcome::Error, &message)
    };
    let files = [
        FILES[0],
        ("src/app.py", ""),
        ("pkg/a/__init__.py", ""),
        ("pkg/a/b.py", ""),
    ];
    let found = Partial {
        tests: vec![error("app"), error("app"), error("b")],
        ..Partial::default()
    };
    let result = verdict_of("tests", &files, found);
    let findings: Vec<&str> = result.findings.iter().map(|one| &*one.message).collect();
    assert_eq!(
        findings,
        [
            "the tests import `src/app.py`, which lies where Python does not look; set `pythonpath = \
             [\"src\"]` in `[tool.pytest.ini_options]`"
        ]
    );
    assert_eq!(
        result.tests.len(),
        1,
        "a module of a package belongs on no path"
    );
    assert!(result.failed);
}

#[test]
fn wheel_without_tests_is_skipped() {
    let found = Partial {
        facts: [("not_installed".to_owned(), String::new())].into(),
        ..Partial::default()
    };
    let result = verdict_of("wheel", &FILES, found);
    assert_eq!(
        (result.skipped.as_str(), result.failed),
        ("the wheel holds no tests", false)
    );
}

#[test]
fn what_environments_came_with_before_3_12_is_asked_for() {
    let files = [
        (
            "pyproject.toml",
            "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n",
        ),
        ("pkg/__init__.py", ""),
        ("tests/test_a.py", ""),
    ];
    let asked = |module: &str| {
        let said = format!("E   ModuleNotFoundError: No module named '{module}'");
        with_facts(&files, |facts| {
            let check = check_of("tests").expect("there is such a check");
            let of_python = |python| {
                let Applies::Work(work) = check.work(facts, python, &[]) else {
                    panic!("there are tests");
                };
                let Work::Tool(work) = *work else {
                    panic!("pytest runs them");
                };
                let command = work.commands.first().expect("there is a command");
                let output = Output {
                    exit: 1,
                    stdout: b"",
                    stderr: &said,
                    root: "/r",
                    folder: &command.folder,
                    hint: &command.hint,
                    file: &|_| None,
                };
                let found = (command.read)(&output).expect("it can be read");
                assert!(work.may_require || found.requires.is_empty());
                found.requires.join(" ")
            };
            let pythons = check.matrix(facts).into_iter();
            pythons.map(of_python).collect::<Vec<String>>()
        })
    };
    assert_eq!(asked("pkg_resources.extern"), ["setuptools<66", ""]);
    assert_eq!(asked("yaml"), ["", ""]);
}
