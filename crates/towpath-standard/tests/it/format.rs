//! How formatters are asked.

use crate::repository::work_of;

#[test]
fn formatters_of_the_automation_are_asked_and_change_nothing() {
    for (run, expected) in [
        (
            "black --check src",
            "black --check --diff --quiet --no-color src",
        ),
        ("yapf -dr src tests", "yapf --diff --recursive src tests"),
        (
            "yapf --style google -i -r .",
            "yapf --diff --recursive --style google .",
        ),
        (
            "autopep8 -r --diff --exit-code -j 4 -a src",
            "autopep8 --diff --exit-code --recursive -a src",
        ),
    ] {
        let workflow = format!(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: {run}\n"
        );
        let work = work_of(
            "format",
            &[
                (
                    "pyproject.toml",
                    "[project]\nname = \"pkg\"\nversion = \"1\"\n",
                ),
                ("pkg/__init__.py", ""),
                (".github/workflows/ci.yml", &workflow),
            ],
        );
        assert!(
            work.ends_with(&format!("  $ {{bin}}/{expected}\n")),
            "{run} {work}"
        );
        assert!(!work.contains("ruff"), "{work}");
    }
}

#[test]
fn formatter_that_is_only_declared_is_not_asked_beside_one_that_is_run() {
    let workflow =
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: ruff format --check\n";
    let manifest =
        "[project]\nname = \"pkg\"\nversion = \"1\"\n[dependency-groups]\ndev = [\"black\"]\n";
    let files = [
        ("pyproject.toml", manifest),
        ("pkg/__init__.py", ""),
        (".github/workflows/ci.yml", workflow),
    ];
    let work = work_of("format", &files);
    assert!(
        work.contains("ruff format") && !work.contains("black"),
        "{work}"
    );
    let work = work_of("format", &files[..2]);
    assert!(work.contains("black"), "{work}");
}
