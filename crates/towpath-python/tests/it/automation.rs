//! What the automation of whole repositories runs, as a person would read it.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be written fails the test"
)]

use std::path::Path;

use towpath_host::{SnapshotOptions, snapshot};
use towpath_python::{Automation, adoption, read_automation};

fn automation_of(files: &[(&str, &str)]) -> Automation {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("repository");
    for (path, text) in files {
        let path = root.join(path);
        fs_err::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
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

const WORKFLOW: &str = r#"
name: CI
on:
  push: {branches: [main]}
  pull_request:
env: {FORCE_COLOR: "1"}
jobs:
  tests:
    runs-on: ${{ matrix.os }}
    strategy:
      matrix:
        os: [ubuntu-latest]
        python: ["3.11", "3.12"]
        include:
          - {python: "3.12", os: windows-latest}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "${{ matrix.python }}"}
      - run: sudo apt-get install -y gettext
      - run: python -m pip install tox
      - run: tox run -f py$(echo ${{ matrix.python }} | tr -d .)
        env: {DJANGO_SETTINGS_MODULE: tests.settings}
  lint:
    runs-on: ubuntu-latest
    steps:
      - uses: pre-commit/action@v3.0.1
      - run: uvx --from 'ruff==0.6.1' ruff format --check
      - run: mypy src || true
"#;

const TOX: &str = "
[tox]
env_list = py{311,312}-django{4,5}, docs
[testenv]
deps =
    pytest-django==4.8
    django4: django>=4,<5
    -r requirements/tests.txt
extras = testing
commands = pytest -n auto {posargs:tests/unit}
[testenv:docs]
commands = sphinx-build -W docs {envtmpdir}
";

const HOOKS: &str = "
repos:
  - repo: https://github.com/psf/black-pre-commit-mirror
    rev: 24.8.0
    hooks: [{id: black}]
  - repo: https://github.com/codespell-project/codespell
    rev: v2.3.0
    hooks: [{id: codespell}]
";

#[test]
fn reads_a_usual_repository() {
    let automation = automation_of(&[
        (".github/workflows/ci.yml", WORKFLOW),
        ("tox.ini", TOX),
        (".pre-commit-config.yaml", HOOKS),
        ("requirements/tests.txt", "-r base.txt\npytest==8.3.1\n"),
        ("requirements/base.txt", "x==1\n"),
    ]);
    assert!(automation.has_ci && automation.ci_is_whole);
    assert_eq!(automation.unreadable, Vec::<String>::new());
    assert_eq!(automation.apt_packages, ["gettext"]);

    let pytest = adoption(&automation, "pytest").unwrap();
    assert_eq!(pytest.command(), "pytest -n auto tests/unit");
    assert_eq!(pytest.version.as_ref().unwrap().version, "8.3.1");
    assert_eq!(
        pytest.version.as_ref().unwrap().source,
        "requirements/tests.txt:2"
    );
    assert_eq!(
        pytest.environment["DJANGO_SETTINGS_MODULE"],
        "tests.settings"
    );
    assert_eq!(
        pytest.via,
        ["ci.yml job `tests`", "tox env `py311-django4`"]
    );
    let pythons: Vec<String> = automation
        .pythons
        .iter()
        .map(|(python, _)| python.to_string())
        .collect();
    assert_eq!(pythons, ["3.11", "3.12"]);

    let format = adoption(&automation, "ruff format").unwrap();
    assert_eq!(
        (
            format.can_fail,
            format.version.as_ref().unwrap().version.as_str()
        ),
        (true, "0.6.1")
    );
    assert!(adoption(&automation, "black").unwrap().reached_from_ci);
    assert!(
        !adoption(&automation, "mypy").unwrap().can_fail,
        "`|| true`"
    );
    assert!(
        adoption(&automation, "sphinx-build").is_none(),
        "CI calls no docs environment"
    );
    let others: Vec<String> = automation
        .other_checks()
        .iter()
        .map(|other| other.command())
        .collect();
    assert_eq!(others, ["codespell"]);
}

#[test]
fn finds_nothing_where_nothing_is() {
    let automation = automation_of(&[("pkg/__init__.py", "")]);
    assert_eq!(automation, Automation::default());
}

#[test]
fn survives_broken_files() {
    let automation = automation_of(&[
        (".github/workflows/a.yml", "jobs: [\n"),
        (
            ".github/workflows/b.yml",
            "jobs:\n  x:\n    steps: 3\n    strategy: {matrix: 4}\n    uses: {}\n",
        ),
        (".gitlab-ci.yml", "- a\n- b\n"),
        (".travis.yml", "script: {a: b}\n"),
        (
            "tox.ini",
            "[testenv\ncommands = {[testenv]commands}\n[testenv]\ncommands = {[testenv]commands}\n",
        ),
        (
            "noxfile.py",
            "import nox\n@nox.session\ndef a(): return a(a)\n",
        ),
        ("Makefile", "a: a\n\t$(X) $($(Y)) $(\nX = $(X)\n"),
        (
            "pyproject.toml",
            "[tool.hatch.envs.a]\ntemplate = 'b'\n[tool.hatch.envs.b]\ntemplate = 'a'\nscripts.x = 'x'\n",
        ),
        (".pre-commit-config.yaml", "repos: {}\n"),
        ("justfile", "a: a\n  just a\n"),
    ]);
    assert!(automation.has_ci);
    assert_eq!(
        automation.unreadable.len(),
        1,
        "{:?}",
        automation.unreadable
    );
}
