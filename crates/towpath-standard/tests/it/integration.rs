//! Which tests are integration tests, and who runs them.

use crate::repository::work_of;

const PROJECT: (&str, &str) = (
    "pyproject.toml",
    "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n",
);
const FILES: [(&str, &str); 4] = [
    PROJECT,
    ("pkg/__init__.py", ""),
    ("tests/test_a.py", "def test_a(): pass\n"),
    ("tests/integration/test_b.py", "def test_b(): pass\n"),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let replaced = |file: &&(&str, &str)| !more.iter().any(|(path, _)| *path == file.0);
    let mut files: Vec<_> = FILES.iter().filter(replaced).copied().collect();
    files.extend(more);
    files
}

#[test]
fn call_of_the_folder_alone_adopts_them() {
    let workflow = "on: push\njobs:\n  unit:\n    runs-on: ubuntu-latest\n    steps:\n      - run: pytest --ignore=tests/integration\n  services:\n    runs-on: ubuntu-latest\n    steps:\n      - run: pip install pytest requests\n      - run: pytest tests/integration\n";
    let files = with(&[(".github/workflows/ci.yml", workflow)]);
    assert_eq!(
        work_of("integration", &files),
        "integration 3.12 network open, needs pytest requests\n  \
         $ {python} module tests/integration\n"
    );
    let unit = work_of("tests", &files);
    assert!(unit.contains("--ignore=tests/integration"), "{unit}");
}

#[test]
fn call_of_the_marker_alone_adopts_them() {
    let tox = "[testenv]\ndeps = pytest\ncommands =\n    pytest -m \"not integration\"\n\n[testenv:services]\ndeps = pytest\ncommands = pytest -m integration tests\n";
    let files = with(&[("tox.ini", tox)]);
    let integration = work_of("integration", &files);
    assert!(
        integration.contains("-m integration tests"),
        "{integration}"
    );
    let unit = work_of("tests", &files);
    assert!(unit.contains("-m not integration"), "{unit}");
}

#[test]
fn without_a_call_of_their_own_they_belong_to_the_tests() {
    assert_eq!(
        work_of("integration", &FILES),
        "integration skipped: the integration tests run with the others; nothing in the project's \
         automation keeps them apart\n"
    );
    assert_eq!(
        work_of("integration", &FILES[..3]),
        "integration skipped: no integration tests\n"
    );
}

#[test]
fn those_that_the_configuration_leaves_out_run_when_asked_for() {
    let configured = "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n[tool.pytest.ini_options]\nmarkers = [\"integration: needs a database\"]\naddopts = \"-m 'not integration'\"\n";
    assert_eq!(
        work_of("integration", &with(&[("pyproject.toml", configured)])),
        "integration skipped: left out by pytest's own settings, and nothing in the project's automation \
         runs them (`integration = true` in `[tool.towpath.tests]` does)\n"
    );
    let asked = format!("{configured}[tool.towpath.tests]\nintegration = true\n");
    let asked = work_of("integration", &with(&[("pyproject.toml", &asked)]));
    assert!(asked.contains("-m integration"), "{asked}");
}
