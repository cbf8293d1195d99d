//! What stands beside the linters.

use crate::repository::work_of;

/// Returns what a lint job installs where a workflow's step holds some lines.
fn needs_of(run: &str, more: &[(&str, &str)]) -> String {
    let run = run.replace('\n', "\n          ");
    let workflow = format!(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          {run}\n"
    );
    let manifest = "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [\"attrs\"]\n\
                    [project.optional-dependencies]\ncli = [\"rich\"]\n";
    let files = [
        ("pyproject.toml", manifest),
        ("pkg/__init__.py", ""),
        (".github/workflows/ci.yml", &workflow),
    ];
    let more: Vec<_> = more
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .copied()
        .collect();
    let work = work_of("lint", &[&files, more.as_slice()].concat());
    let (first, _) = work.split_once('\n').unwrap_or_default();
    let (_, needs) = first.split_once("needs ").unwrap_or_default();
    needs.to_owned()
}

#[test]
fn linters_get_what_the_automation_gives_them() {
    let tox = |env: &str| format!("[testenv:lint]\n{env}");
    for (run, tox, expected) in [
        (
            "pip install -e .[cli] pylint==4.0.0 requests\npylint pkg",
            String::new(),
            "pylint==4.0.0 requests attrs rich",
        ),
        (
            "tox -e lint",
            tox("deps =\n  pylint==4.0.0\n  requests\ncommands = pylint pkg\n"),
            "pylint==4.0.0 requests attrs",
        ),
        (
            "tox -e lint",
            tox(
                "deps =\n  flake8==7.0.0\n  flake8-bugbear>=24\n  requests\ncommands = flake8 pkg\n",
            ),
            "flake8-bugbear>=24 flake8==7.0.0",
        ),
        (
            "pip install flake8==7.0.0 pep8-naming\nflake8 pkg",
            String::new(),
            "flake8==7.0.0 pep8-naming",
        ),
    ] {
        assert_eq!(needs_of(run, &[("tox.ini", &tox)]), expected, "{run} {tox}");
    }
}

#[test]
fn version_of_a_tool_is_the_one_that_is_run_best() {
    const HOOK: &str = "repos:\n  - repo: https://github.com/astral-sh/ruff-pre-commit\n    rev: v0.5.1\n    hooks:\n      - id: ruff\n";
    const DEV: &str = "ruff==0.4.0\n";
    for (run, hook, dev, expected) in [
        ("pip install ruff\nruff check", HOOK, "", "ruff==0.5.1"),
        (
            "pip install ruff==0.6.0\nruff check",
            HOOK,
            "",
            "ruff==0.6.0",
        ),
        ("pip install ruff\nruff check", HOOK, DEV, "ruff==0.5.1"),
        (
            "pip install -r requirements-dev.txt\nruff check",
            HOOK,
            DEV,
            "ruff==0.4.0",
        ),
        ("pip install ruff\nruff check", "", DEV, "ruff==0.4.0"),
    ] {
        let found = needs_of(
            run,
            &[
                (".pre-commit-config.yaml", hook),
                ("requirements-dev.txt", dev),
            ],
        );
        assert_eq!(found, expected, "{run} {hook} {dev}");
    }
}
