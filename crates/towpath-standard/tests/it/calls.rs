//! How the tests are called.

use towpath_standard::{Applies, Work, check, other_test_calls};

use crate::repository::{with_facts, work_of};

#[track_caller]
fn check_call(options: &str, expected: &str) {
    let manifest = format!(
        "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.12\"\n\
         [tool.pytest.ini_options]\naddopts = \"{options}\"\n"
    );
    let files = [
        ("pyproject.toml", manifest.as_str()),
        ("pkg/__init__.py", ""),
        ("tests/test_a.py", "def test_a(): pass\n"),
    ];
    let work = work_of("tests", &files);
    let call = work.lines().last().unwrap_or_default();
    assert!(call.ends_with(expected), "{work}");
}

#[test]
fn folder_of_the_tests_is_named_unless_doctests_lie_elsewhere() {
    check_call("-ra", "module tests");
    check_call("--doctest-modules", "module");
}

#[test]
fn call_of_the_tests_is_made_before_one_of_documents() {
    let command = |commands: &str| {
        let tox = format!("[tox]\nenvlist = py312\n[testenv]\ncommands =\n{commands}");
        let files = [
            (
                "pyproject.toml",
                "[project]\nname = \"pkg\"\nversion = \"1\"\n",
            ),
            ("pkg/__init__.py", ""),
            ("README.rst", ""),
            ("tests/unit/test_a.py", "def test_a(): pass\n"),
            ("tox.ini", tox.as_str()),
        ];
        let work = work_of("tests", &files);
        let call = work.lines().last().unwrap_or_default();
        let (_, arguments) = call.split_once(" module").unwrap_or_default();
        arguments.trim().to_owned()
    };
    for (commands, expected) in [
        ("  pytest README.rst\n  pytest --strict\n", "--strict"),
        (
            "  pytest README.rst\n  pytest --doctest-modules {envsitepackagesdir}/pkg\n  pytest tests/unit\n",
            "tests/unit",
        ),
        ("  pytest README.rst\n", "README.rst"),
    ] {
        assert_eq!(command(commands), expected, "{commands}");
    }
}

/// Returns the variables that matter of the command that runs the tests, as a step of CI calls them.
fn path_of(step: &str) -> Option<String> {
    let workflow = format!(
        "on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/setup-python@v5\n        \
         with: {{python-version: '3.12'}}\n      - {step}\n"
    );
    let files = [
        (".github/workflows/ci.yml", workflow.as_str()),
        (
            "pyproject.toml",
            "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.12\"\n",
        ),
        ("src/helper.py", ""),
        ("tests/test_a.py", "def test_a(): pass\n"),
    ];
    with_facts(&files, |facts| {
        let check = check("tests").expect("there is such a check");
        let python = check.matrix(facts).into_iter().next().flatten();
        let Applies::Work(work) = check.work(facts, python, &[]) else {
            panic!("there are tests");
        };
        let Work::Tool(work) = *work else {
            panic!("pytest runs them");
        };
        let command = work.commands.first().expect("a command");
        command.environment.get("PYTHONPATH").cloned()
    })
}

#[test]
fn folders_that_the_automation_puts_on_the_path_are_on_it() {
    for (step, expected) in [
        ("run: pytest", None),
        ("{run: pytest, env: {PYTHONPATH: src}}", Some("src")),
        (
            "{run: pytest, env: {PYTHONPATH: '${{ github.workspace }}/src'}}",
            Some("{tree}/src"),
        ),
        ("run: PYTHONPATH=$PWD/src pytest", Some("{tree}/src")),
        (
            "run: cd tests && PYTHONPATH=$(pwd)/../src pytest",
            Some("./../src"),
        ),
        (
            "run: 'export PYTHONPATH=src:$HOME/lib:${PYTHONPATH:+:$PYTHONPATH}; pytest'",
            Some("src"),
        ),
        (
            "run: PYTHONPATH=$GITHUB_WORKSPACE/src python -m unittest discover tests",
            Some("{tree}/tests:{tree}/src"),
        ),
    ] {
        assert_eq!(path_of(step).as_deref(), expected, "{step}");
    }
}

#[test]
fn calls_that_select_other_tests_are_named() {
    for (calls, expected) in [
        (&["pytest tests", "pytest -x tests/unit"][..], &[][..]),
        (
            &["pytest tests", "pytest --doctest-modules src"],
            &["pytest --doctest-modules src"],
        ),
        (&["pytest", "pytest --cov=pkg tests"], &[]),
        (
            &[
                "pytest -m 'not slow'",
                "pytest -m slow",
                "pytest -v -m slow",
            ],
            &["pytest -m slow"],
        ),
        (&["pytest", "pytest docs || true"], &[]),
        (
            &["pytest", "pytest tests/a", "pytest docs"],
            &["pytest docs"],
        ),
    ] {
        let steps: String = calls
            .iter()
            .map(|call| format!("      - run: {call}\n"))
            .collect();
        let workflow = format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}");
        let files = [
            (
                "pyproject.toml",
                "[project]\nname = \"pkg\"\nversion = \"1\"\n\
                 [tool.pytest.ini_options]\ntestpaths = [\"tests\"]\n",
            ),
            ("tests/test_a.py", "def test_a(): pass\n"),
            (".github/workflows/ci.yml", &workflow),
        ];
        let found = with_facts(&files, |facts| {
            let others = other_test_calls(facts);
            others.iter().map(|one| one.command()).collect::<Vec<_>>()
        });
        assert_eq!(found, expected, "{calls:?}");
    }
}
