//! Which extras the tests get where nothing tells what CI installs.

use crate::repository::work_of;

const MANIFEST: &str = "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.12\"\n\
     [project.optional-dependencies]\ntoken = [\"PyJWT>=2\", \"cryptography\"]\n\
     signals = [\"blinker\"]\ndocs = [\"sphinx\"]\nother = [\"orjson\"]\ndb = [\"mysqlclient\"]\n";

const FILES: [(&str, &str); 3] = [
    ("pyproject.toml", MANIFEST),
    (
        "pkg/__init__.py",
        "try:\n    from blinker import Namespace\nexcept ImportError:\n    import orjsonlib\n",
    ),
    (
        "tests/test_a.py",
        "def test_a():\n    import jwt.api\n    import MySQLdb\n    import sphinx\n",
    ),
];

/// Checks what is installed for the tests beside pytest and coverage.
#[track_caller]
fn check(more: &[(&str, &str)], expected: &str) {
    let work = work_of("tests", &[&FILES, more].concat());
    let (_, needs) = work.split_once("needs ").expect("something is needed");
    let needs = needs.lines().next().unwrap_or_default();
    let extras: Vec<&str> = needs
        .split(' ')
        .filter(|need| !need.starts_with("pytest") && !need.starts_with("coverage"))
        .collect();
    assert_eq!(extras.join(" "), expected, "{work}");
}

#[test]
fn extras_that_are_imported_are_installed() {
    check(&[], "blinker PyJWT>=2 cryptography");
}

#[test]
fn automation_tells_which_extras_are_tested() {
    let tox =
        "[tox]\nenvlist = py312\n[testenv]\ndeps = pytest\nextras = other\ncommands = pytest\n";
    check(&[("tox.ini", tox)], "orjson");
}

#[test]
fn environment_that_adds_extras_to_the_same_tests_is_taken() {
    let tox = |deps: &str| {
        format!(
            "[tox]\nenvlist = py312-tests{{,-{deps}}}\n[testenv]\ndeps =\n  pytest\n  old: attrs==1\n\
             extras =\n  token\n  all: other\n  old: other\ncommands = pytest\n"
        )
    };
    check(&[("tox.ini", &tox("all"))], "orjson PyJWT>=2 cryptography");
    check(&[("tox.ini", &tox("old"))], "PyJWT>=2 cryptography");
}

#[test]
fn each_python_gets_what_its_own_environment_installs() {
    let tox = "[tox]\nenvlist = py27, py311, py312\n[testenv]\ndeps = -r new.txt\ncommands = pytest\n\
               [testenv:py27]\ndeps = -r old.txt\n[testenv:py311]\ndeps = -r middle.txt\n";
    let files = [
        (
            "pyproject.toml",
            "[project]\nname = \"pkg\"\nversion = \"1\"\n",
        ),
        ("pkg/__init__.py", ""),
        ("tests/test_a.py", "def test_a(): pass\n"),
        ("tox.ini", tox),
        ("old.txt", "pytest<5\n"),
        ("middle.txt", "pytest<8\n"),
        ("new.txt", "pytest\n"),
    ];
    let work = work_of("tests", &files);
    let files: Vec<&str> = work
        .lines()
        .filter(|line| line.contains("needs "))
        .filter_map(|line| line.split(' ').next_back())
        .collect();
    assert_eq!(files, ["middle.txt", "new.txt"], "{work}");
}

#[test]
fn what_a_job_installs_is_there_for_the_targets_that_it_calls() {
    const WORKFLOW: &str = "on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n      \
        - run: uv sync --extra token --extra other\n      - run: make test\n";
    const TARGETS: &str = "test:\n\tuv run coverage run -m pytest\n";
    check(
        &[
            (".github/workflows/ci.yml", WORKFLOW),
            ("Makefile", TARGETS),
        ],
        "orjson PyJWT>=2 cryptography",
    );
}
