use crate::automation::testing::{automation, check_all, check_ci};

const CI: &str = "on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        include:\n          - {python: '3.11', tox: py311}\n          - {python: '3.12', tox: 'py312,lint'}\n    steps:\n      - uses: actions/setup-python@v5\n        with: {python-version: '${{ matrix.python }}'}\n      - run: pip install tox\n      - run: tox -e ${{ matrix.tox }} -- -x\n";

const INI: &str = "[tox]\nenv_list = py{311,312}, lint\n\n[base]\nopts = -q\n\n[testenv]\ndeps =\n  pytest==8.1\n  py311: old\nextras = tests\nset_env = A = 1\ncommands =\n  pytest {[base]opts} {posargs:tests} {toxinidir}/more\n  - coverage report\n\n[testenv:lint]\nskip_install = true\ndeps = ruff==0.5.0\ncommands =\n  ruff check \\\n    src\n  ruff format .\n";

#[test]
fn follows_environments_from_a_matrix() {
    check_ci(
        &[(".github/workflows/ci.yml", CI), ("tox.ini", INI)],
        &[
            "pytest -q -x more ==8.1 on 3.11 3.12 @tox.ini:14",
            "coverage report (cannot fail) on 3.11 3.12 @tox.ini:15",
            "ruff src ==0.5.0 on 3.12 @tox.ini:21",
            "ruff format . ==0.5.0 (cannot fail) on 3.12 @tox.ini:23",
        ],
    );
}

#[test]
fn tells_how_it_came_there_and_what_is_installed() {
    let automation = automation(&[(".github/workflows/ci.yml", CI), ("tox.ini", INI)]);
    let pytest = automation.chosen("pytest");
    assert_eq!(pytest[0].via, ["ci.yml job `t`", "tox env `py311`"]);
    assert_eq!(
        pytest[0].environment.get("A").map(String::as_str),
        Some("1")
    );
    let install = automation
        .installs
        .iter()
        .find(|install| install.for_tools.contains(&"pytest".to_owned()))
        .unwrap();
    assert_eq!(
        (
            install.requirements.clone(),
            install.extras.clone(),
            install.project
        ),
        (
            vec!["pytest==8.1".to_owned(), "old".to_owned()],
            vec!["tests".to_owned()],
            true
        )
    );
    let pythons: Vec<String> = automation
        .pythons
        .iter()
        .map(|(python, _)| python.to_string())
        .collect();
    assert_eq!(pythons, ["3.11", "3.12"]);
}

#[test]
fn reads_what_nothing_calls() {
    check_all(
        &[(
            "tox.ini",
            "[testenv:a]\nchangedir = docs\ncommands =\n  sphinx-build {toxinidir}/x . \n  {envbindir}/pytest {env:T:t}\n[testenv:b]\nignore_outcome = true\ncommands = mypy {[testenv:c]x}\n[testenv:c]\nx = src \\\n  tests\n",
        )],
        &[
            "sphinx-build ../x . in docs @tox.ini:4",
            "pytest t in docs @tox.ini:5",
            "mypy src tests (cannot fail) @tox.ini:8",
        ],
    );
}

#[test]
fn takes_lines_by_their_factors() {
    check_all(
        &[(
            "tox.ini",
            "[tox]\nenvlist = py311-{a,b}\n[testenv]\ncommands =\n  a: pytest a\n  b: pytest b\n  !a: mypy\n  c: flake8\n",
        )],
        &[
            "pytest a on 3.11 @tox.ini:5",
            "pytest b on 3.11 @tox.ini:6",
            "mypy on 3.11 @tox.ini:7",
        ],
    );
}

#[test]
fn takes_only_exact_pins_for_versions() {
    for (requirement, expected) in [
        ("pytest==8.1", "pytest ==8.1 @tox.ini:4"),
        (
            "PyTest [x] == 8.1 ; python_version < '3.9'",
            "pytest ==8.1 @tox.ini:4",
        ),
        ("pytest>=7; python_version == '3.9'", "pytest @tox.ini:4"),
        ("pytest==8.*", "pytest @tox.ini:4"),
        ("pytest-cov==5", "pytest @tox.ini:4"),
    ] {
        let tox = format!("[testenv:a]\ndeps =\n  {requirement}\ncommands = pytest\n");
        check_all(&[("tox.ini", &tox)], &[expected]);
    }
}

#[test]
fn asks_conditions_before_it_joins_lines() {
    check_all(
        &[(
            "tox.ini",
            "[tox]\nenvlist = py311-cover\n[testenv]\ncommands =\n  pytest \\\n  other: -x \\\n  cover: --cov \\\n    {posargs:tests}\n",
        )],
        &["pytest --cov tests on 3.11 @tox.ini:5"],
    );
}

#[test]
fn includes_commands_of_other_sections() {
    check_all(
        &[(
            "tox.ini",
            "[testenv:all]\ncommands =\n  {[testenv:lint]commands}\n[testenv:lint]\ncommands =\n  flake8\n  mypy\n",
        )],
        &["flake8 @tox.ini:6", "mypy @tox.ini:7"],
    );
}

#[test]
fn reads_native_toml() {
    let toml = "[tool.tox]\nenv_list = ['3.12', 'style']\n[tool.tox.env_run_base]\ndependency_groups = ['tests']\ncommands = [\n  ['pytest', '-v', { replace = 'posargs', default = ['tests'], extend = true }],\n]\n[tool.tox.env.style]\nskip_install = true\ndeps = ['black==24.1']\ncommands = [['black', '--check', '.'], { replace = 'ref', of = ['env', 'more', 'commands'], extend = true }]\n[tool.tox.env.more]\ncommands = [['mypy']]\n";
    check_all(
        &[("pyproject.toml", toml)],
        &[
            "pytest -v tests on 3.12 @pyproject.toml:6",
            "black --check . ==24.1 @pyproject.toml:11",
            "mypy @pyproject.toml:13",
        ],
    );
}

#[test]
fn reads_ini_within_toml_and_setup_cfg() {
    check_all(
        &[(
            "pyproject.toml",
            "[tool.tox]\nlegacy_tox_ini = '''\n[testenv]\ncommands = pytest\n'''\n",
        )],
        &["pytest @pyproject.toml:4"],
    );
    check_all(
        &[(
            "setup.cfg",
            "[tox:tox]\nenvlist = py310\n[testenv]\ncommands = pytest\n",
        )],
        &["pytest on 3.10 @setup.cfg:4"],
    );
}

#[test]
fn chooses_environments() {
    let ini = "[tox]\nenvlist = py{311,312}-{a,b},lint\nlabels =\n  fast = lint\n[gh-actions]\npython =\n  3.11: py311\n  3.12: py312, lint\n[testenv]\ncommands = run-it {envname}\n";
    let reached = |steps: &str| {
        let workflow = format!("on: push\njobs:\n  t:\n    runs-on: x\n    steps:\n{steps}");
        let automation = automation(&[(".github/workflows/ci.yml", &workflow), ("tox.ini", ini)]);
        let lines: Vec<String> = automation
            .invocations
            .iter()
            .filter(|one| one.reached_from_ci)
            .map(|one| one.arguments.join(" "))
            .collect();
        lines.join(" ")
    };
    for (step, expected) in [
        ("      - run: tox\n", "py311-a py311-b py312-a py312-b lint"),
        ("      - run: tox run -e lint,py311-a\n", "lint py311-a"),
        ("      - run: tox -f py312\n", "py312-a py312-b"),
        ("      - run: tox -m fast\n", "lint"),
        ("      - run: tox -p auto -e lint\n", "lint"),
        ("      - run: tox list\n", ""),
        ("      - run: tox\n        env: {TOXENV: lint}\n", "lint"),
        (
            "      - run: tox --skip-env py311\n",
            "py312-a py312-b lint",
        ),
        (
            "      - uses: actions/setup-python@v5\n        with: {python-version: '3.12'}\n      - run: tox\n",
            "py312-a py312-b lint",
        ),
    ] {
        assert_eq!(reached(step), expected, "{step}");
    }
}
