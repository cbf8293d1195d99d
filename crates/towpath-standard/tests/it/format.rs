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
