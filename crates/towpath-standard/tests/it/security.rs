//! How bandit is run, and what of it counts.

use crate::repository::work_of;

const PROJECT: (&str, &str) = (
    "pyproject.toml",
    "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n",
);

/// Returns the commands for a repository with a module, a script and a test.
fn commands(more: &[(&str, &str)]) -> String {
    let files = [
        PROJECT,
        ("src/pkg/__init__.py", ""),
        ("scripts/release.py", ""),
        ("tests/test_a.py", ""),
    ];
    let work = work_of("security", &[&files, more].concat());
    let (_, commands) = work.split_once('\n').unwrap_or_default();
    commands.to_owned()
}

#[test]
fn bandit_runs_as_the_project_runs_it() {
    let ci = |run: &str| {
        let workflow = format!(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: {run}\n"
        );
        commands(&[(".github/workflows/ci.yml", &workflow)])
    };
    let always = "  $ {bin}/bandit --quiet --format json";
    for (run, expected) in [
        (
            "bandit -q -r src -ll -s B101 -f txt -o out.txt",
            format!("{always} -r src -ll -s B101\n"),
        ),
        (
            "bandit -r . -x ./tests -c pyproject.toml || true",
            format!("{always} -r . -x ./tests -c pyproject.toml\n"),
        ),
        ("ruff check", format!("{always} --exit-zero\n")),
    ] {
        assert_eq!(ci(run), expected, "{run}");
    }
}

#[test]
fn hook_of_bandit_is_handed_the_files_of_its_patterns() {
    for (patterns, expected) in [
        ("exclude: ^(tests|scripts)/", "src/pkg/__init__.py"),
        ("exclude: ^(?!src/)", "src/pkg/__init__.py"),
        ("files: ^scripts/", "scripts/release.py"),
    ] {
        let hook = format!(
            "repos:\n  - repo: https://github.com/PyCQA/bandit\n    rev: 1.7.5\n    hooks:\n      - id: bandit\n        \
             args: [-ll]\n        {patterns}\n"
        );
        assert_eq!(
            commands(&[(".pre-commit-config.yaml", &hook)]),
            format!("  $ {{bin}}/bandit --quiet --format json -ll {expected}\n")
        );
    }
}
