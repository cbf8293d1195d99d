use crate::automation::testing::{automation, check_all, check_ci};

const FILE: &str = r#"import nox
from pathlib import Path

nox.options.sessions = ["lint"]
PYTHONS = ["3.11", "3.12"]
PATHS = ["src", "tests"]
ROOT = Path(__file__).parent

def install(session, *extras):
    session.install("-e", f".[{','.join(extras)}]")

@nox.session(python=PYTHONS)
@nox.parametrize("django", ["4.2", "5.0"])
def tests(session, django):
    """Tests."""
    install(session, "test", "dev")
    session.install(f"django=={django}", "pytest==8.0")
    args = session.posargs or ["-n", "auto"]
    session.run("pytest", *args, env={"A": "1"})
    if session.python == "3.12":
        session.run("mypy")

@nox.session(venv_backend="none")
def lint(session):
    for path in PATHS:
        session.run("ruff", "check", path)
    session.run("black", "--check", *PATHS, success_codes=[0, 1])
    with session.chdir("docs"):
        session.run("sphinx-build", ".", "_build")
    session.notify("types")

@nox.session
def types(session):
    cmd = ["mypy"]
    cmd.append("src")
    cmd += ["--strict"]
    session.run(*cmd)
    session.run("python", "-m", "pytest", external=True)

@nox.session(default=False)
def release(session):
    if not session.posargs:
        session.error("version")
    session.run("flake8")
"#;

#[test]
fn reads_sessions() {
    check_all(
        &[("noxfile.py", FILE)],
        &[
            "pytest -n auto ==8.0 on 3.11 3.12 @noxfile.py:19",
            "mypy on 3.12 @noxfile.py:21",
            "ruff src @noxfile.py:26",
            "ruff tests @noxfile.py:26",
            "black --check src tests (cannot fail) @noxfile.py:27",
            "sphinx-build . _build in docs @noxfile.py:29",
            "mypy src --strict @noxfile.py:37",
            "pytest @noxfile.py:38",
        ],
    );
}

#[test]
fn follows_calls() {
    let reached = |command: &str| {
        let workflow =
            format!("on: push\njobs:\n  t:\n    runs-on: x\n    steps:\n      - run: {command}\n");
        let automation = automation(&[
            (".github/workflows/ci.yml", &workflow),
            ("noxfile.py", FILE),
        ]);
        let lines: Vec<String> = automation
            .invocations
            .iter()
            .filter(|one| one.reached_from_ci)
            .map(|one| {
                let pythons: Vec<String> = one.pythons.iter().map(ToString::to_string).collect();
                format!("{} {}", one.tool, pythons.join("+"))
                    .trim()
                    .to_owned()
            })
            .collect();
        lines.join(", ")
    };
    for (command, expected) in [
        ("nox", "ruff, ruff, black, sphinx-build, mypy, pytest"),
        ("nox -s types", "mypy, pytest"),
        ("nox -s tests-3.11", "pytest 3.11"),
        ("nox -s 'tests-3.12(django=5.0)'", "pytest 3.12, mypy 3.12"),
        ("nox --session=tests -p 3.11", "pytest 3.11"),
        ("nox -stypes -- -x", "mypy, pytest"),
        ("nox -k 'not tests and not lint'", "mypy, pytest"),
        (
            "python -m nox -f noxfile.py --sessions types release",
            "mypy, pytest",
        ),
        ("nox --list", ""),
    ] {
        assert_eq!(reached(command), expected, "{command}");
    }
}

#[test]
fn notes_installs_and_variables() {
    let automation = automation(&[("noxfile.py", FILE)]);
    let pytest = automation.chosen("pytest");
    assert_eq!(
        pytest[0].environment.get("A").map(String::as_str),
        Some("1")
    );
    let install = &automation.installs[0];
    assert_eq!(
        (install.extras.clone(), install.editable, install.project),
        (vec!["test".to_owned(), "dev".to_owned()], true, true)
    );
    assert_eq!(
        automation.installs[1].requirements,
        ["django==4.2", "pytest==8.0"]
    );
}

#[test]
fn reads_the_manifest_for_nox_project() {
    let noxfile = "import nox\nPYPROJECT = nox.project.load_toml('pyproject.toml')\n@nox.session(python=nox.project.python_versions(PYPROJECT))\ndef tests(session):\n    session.install(*nox.project.dependency_groups(PYPROJECT, 'test'))\n    session.run('pytest')\n";
    let manifest = "[project]\nclassifiers = ['Programming Language :: Python :: 3', 'Programming Language :: Python :: 3.12']\n[dependency-groups]\ntest = ['pytest==8.2', {include-group = 'more'}]\nmore = ['x']\n";
    check_all(
        &[("noxfile.py", noxfile), ("pyproject.toml", manifest)],
        &["pytest ==8.2 on 3.12 @noxfile.py:6"],
    );
}

#[test]
fn says_what_it_cannot_read() {
    let workflow = "on: push\njobs:\n  t:\n    runs-on: x\n    steps:\n      - run: nox\n";
    let found = automation(&[
        (".github/workflows/ci.yml", workflow),
        ("noxfile.py", "def (:\n"),
    ]);
    assert_eq!(
        found.unreadable,
        [
            ".github/workflows/ci.yml:6: `nox` is called, but `noxfile.py` is not here or is no Python"
        ]
    );
    check_ci(
        &[
            (".github/workflows/ci.yml", workflow),
            ("noxfile.py", "def (:\n"),
        ],
        &[],
    );
}

#[test]
fn paths_beside_the_noxfile_are_paths_in_the_repository() {
    let file = r#"from pathlib import Path
import nox

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / "pkg"

@nox.session
@nox.parametrize("installable", [nox.param(str(ROOT), id="plain"), nox.param(f"{ROOT}[extra]", id="full")])
def types(session, installable):
    session.install("mypy", installable)
    session.run("mypy", "--config", ROOT / "setup.cfg", PACKAGE, env={"DATA": str(ROOT / "data")})
    session.run("ruff", "check", ROOT, PACKAGE.name, PACKAGE.parent.parent)
"#;
    check_all(
        &[("noxfile.py", file)],
        &[
            "mypy --config setup.cfg pkg @noxfile.py:11",
            "ruff . pkg .. @noxfile.py:12",
        ],
    );
    let automation = automation(&[("noxfile.py", file)]);
    let mypy = automation.chosen("mypy");
    let data = mypy[0].environment.get("DATA").map(String::as_str);
    assert_eq!(data, Some("data"));
    let installs: Vec<(bool, Vec<String>)> = automation
        .installs
        .iter()
        .map(|install| (install.project, install.extras.clone()))
        .collect();
    assert_eq!(
        installs,
        [(true, Vec::new()), (true, vec!["extra".to_owned()])]
    );
}
