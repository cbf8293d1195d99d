use crate::automation::testing::{automation, check_ci};

fn workflow(jobs: &str) -> String {
    format!("on: [push, pull_request]\njobs:\n{jobs}")
}

#[track_caller]
fn check_steps(steps: &str, expected: &[&str]) {
    let text = workflow(&format!(
        "  t:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"
    ));
    check_ci(&[(".github/workflows/ci.yml", &text)], expected);
}

#[test]
fn reads_steps_of_workflows() {
    check_steps(
        "      - run: |\n          pip install ruff==0.5.0\n          ruff check .\n          black .\n",
        &[
            "ruff . ==0.5.0 @.github/workflows/ci.yml:8",
            "black . (cannot fail) @.github/workflows/ci.yml:9",
        ],
    );
    check_steps(
        "      - run: mypy\n        continue-on-error: true\n",
        &["mypy (cannot fail) @.github/workflows/ci.yml:6"],
    );
    check_steps(
        "      - run: mypy\n        if: false\n      - run: flake8\n        if: failure()\n",
        &[],
    );
    check_steps(
        "      - run: pytest -n auto tests/unit\n        working-directory: sub\n",
        &["pytest -n auto tests/unit in sub @.github/workflows/ci.yml:6"],
    );
    check_steps(
        "      - run: uvx ruff@0.5.0 check\n",
        &["ruff ==0.5.0 @.github/workflows/ci.yml:6"],
    );
    check_steps(
        "      - run: coverage run -m pytest -q && coverage report --fail-under=90\n",
        &[
            "pytest -q @.github/workflows/ci.yml:6",
            "coverage run -m pytest -q @.github/workflows/ci.yml:6",
            "coverage report --fail-under=90 @.github/workflows/ci.yml:6",
        ],
    );
    check_steps("      - run: import os\n        shell: python\n", &[]);
    check_steps(
        "      - run: echo X=src >> $GITHUB_ENV\n      - run: mypy $X\n",
        &["mypy src @.github/workflows/ci.yml:7"],
    );
    check_steps(
        "      - run: pytest | tee log\n      - run: mypy | tee log\n        shell: bash\n",
        &[
            "pytest (cannot fail) @.github/workflows/ci.yml:6",
            "mypy @.github/workflows/ci.yml:7",
        ],
    );
}

#[test]
fn knows_actions() {
    check_steps(
        "      - uses: astral-sh/ruff-action@v3\n        with: {args: 'format --check', version: '0.5.0'}\n",
        &["ruff format --check . ==0.5.0 @.github/workflows/ci.yml:6"],
    );
    check_steps(
        "      - uses: psf/black@stable\n",
        &["black --check --diff . @.github/workflows/ci.yml:6"],
    );
    check_steps(
        "      - uses: jakebailey/pyright-action@v2\n        with: {version: 1.1.300, extra-args: src}\n",
        &["pyright src ==1.1.300 @.github/workflows/ci.yml:6"],
    );
    check_steps(
        "      - uses: isort/isort-action@v1\n      - uses: py-actions/flake8@v2\n        with: {path: src}\n",
        &[
            "isort --check-only --diff . @.github/workflows/ci.yml:6",
            "flake8 src @.github/workflows/ci.yml:7",
        ],
    );
    check_steps(
        "      - uses: hynek/build-and-inspect-python-package@v2\n",
        &[
            "build . @.github/workflows/ci.yml:6",
            "twine check --strict dist/* @.github/workflows/ci.yml:6",
        ],
    );
    check_steps(
        "      - uses: nick-fields/retry@v3\n        with: {command: pytest -x}\n",
        &["pytest -x @.github/workflows/ci.yml:6"],
    );
}

#[test]
fn follows_matrices_actions_and_reusable_workflows() {
    let text = workflow(
        "  t:\n    runs-on: ${{ matrix.os }}\n    continue-on-error: ${{ matrix.python == '3.13' }}\n    strategy:\n      matrix: {python: ['3.11', '3.12', '3.13'], os: [ubuntu-latest, windows-latest]}\n    steps:\n      - uses: ./.github/actions/prepare\n        with: {python: '${{ matrix.python }}'}\n      - run: pytest\n      - run: mypy\n        if: matrix.python == '3.12'\n  docs:\n    uses: ./.github/workflows/docs.yml\n    with: {folder: doc}\n  far:\n    uses: other/repository/.github/workflows/x.yml@main\n",
    );
    let action = "inputs:\n  python: {default: '3.9'}\nruns:\n  using: composite\n  steps:\n    - uses: actions/setup-python@v5\n      with: {python-version: '${{ inputs.python }}'}\n    - run: ruff check\n      shell: bash\n";
    let docs = "on:\n  workflow_call:\n    inputs:\n      folder: {default: docs, type: string}\njobs:\n  d:\n    runs-on: x\n    steps:\n      - run: sphinx-build -W ${{ inputs.folder }} out\n";
    let files = [
        (".github/workflows/ci.yml", text.as_str()),
        (".github/actions/prepare/action.yml", action),
        (".github/workflows/docs.yml", docs),
    ];
    check_ci(
        &files,
        &[
            "ruff on 3.11 3.12 3.13 @.github/actions/prepare/action.yml:8",
            "pytest on 3.11 3.12 3.13 @.github/workflows/ci.yml:11",
            "mypy on 3.12 @.github/workflows/ci.yml:12",
            "sphinx-build -W doc out @.github/workflows/docs.yml:9",
        ],
    );
    let automation = automation(&files);
    assert!(!automation.ci_is_whole);
    assert_eq!(
        automation.unreadable,
        [
            ".github/workflows/ci.yml:18: the workflow `other/repository/.github/workflows/x.yml@main` lies in another repository"
        ]
    );
    let docs = &automation.chosen("sphinx-build")[0].via;
    assert_eq!(docs, &["ci.yml job `docs`", "docs.yml job `d`"]);
}

#[test]
fn finds_the_python_behind_a_clever_expression() {
    let text = workflow(
        "  t:\n    runs-on: x\n    strategy:\n      matrix: {python: ['3.11', '3.12', 'pypy-3.10']}\n    steps:\n      - uses: actions/setup-python@v5\n        with:\n          python-version: ${{ fromJSON(format('[\"{0}.0-alpha - {0}.X\", \"{0}\"]', matrix.python))[startsWith(matrix.python, 'pypy')] }}\n      - parallel:\n          - run: pytest\n          - run: mypy\n            if: matrix.python == '3.12'\n",
    );
    check_ci(
        &[(".github/workflows/ci.yml", &text)],
        &[
            "pytest on 3.11 3.12 @.github/workflows/ci.yml:12",
            "mypy on 3.12 @.github/workflows/ci.yml:13",
        ],
    );
}

#[test]
fn tells_changes_from_schedules_and_releases() {
    for (on, expected) in [
        ("push", true),
        ("{push: {branches: [main]}}", true),
        ("{push: {tags: ['v*']}}", false),
        ("{schedule: [{cron: '0 0 * * *'}]}", false),
        ("[workflow_dispatch, pull_request]", true),
    ] {
        let text =
            format!("on: {on}\njobs:\n  t:\n    runs-on: x\n    steps:\n      - run: pytest\n");
        assert_eq!(
            automation(&[(".github/workflows/ci.yml", &text)]).invocations[0].on_change,
            expected,
            "{on}"
        );
    }
    let text = "on: [push, schedule]\njobs:\n  t:\n    if: github.event_name == 'schedule'\n    runs-on: x\n    steps:\n      - run: pytest\n";
    assert!(!automation(&[(".github/workflows/ci.yml", text)]).invocations[0].on_change);
}

#[test]
fn reads_gitlab() {
    let text = "include:\n  - local: ci/lint.yml\nvariables: {A: '1'}\ndefault:\n  image: python:3.11\n.base:\n  before_script:\n    - pip install -e .[test]\ntest:\n  extends: .base\n  image: python:$V\n  parallel:\n    matrix:\n      - V: ['3.11', '3.12']\n  script:\n    - pytest\nloose:\n  allow_failure: true\n  script: [mypy]\n";
    let lint = "lint:\n  script:\n    - |\n      flake8\n      black --check .\n";
    check_ci(
        &[(".gitlab-ci.yml", text), ("ci/lint.yml", lint)],
        &[
            "pytest on 3.11 3.12 @.gitlab-ci.yml:16",
            "mypy (cannot fail) on 3.11 @.gitlab-ci.yml:19",
            "flake8 on 3.11 @ci/lint.yml:4",
            "black --check . on 3.11 @ci/lint.yml:5",
        ],
    );
}

#[test]
fn reads_other_services() {
    let circle = "version: 2.1\ncommands:\n  check:\n    parameters: {tool: {type: string}}\n    steps:\n      - run: << parameters.tool >> src\njobs:\n  test:\n    parameters: {python: {type: string}}\n    docker: [{image: 'cimg/python:<< parameters.python >>'}]\n    steps:\n      - checkout\n      - run: {name: x, command: pytest}\n      - check: {tool: mypy}\nworkflows:\n  all:\n    jobs:\n      - test:\n          matrix: {parameters: {python: ['3.11', '3.12']}}\n";
    check_ci(
        &[(".circleci/config.yml", circle)],
        &[
            "pytest on 3.11 3.12 @.circleci/config.yml:13",
            "mypy src on 3.11 3.12 @.circleci/config.yml:6",
        ],
    );
    let travis = "python: ['3.11', '3.12']\nenv: [T=unit]\ninstall: pip install .\nscript:\n  - pytest tests/$T\njobs:\n  include:\n    - python: '3.12'\n      env: TOXENV=lint\n      script: flake8\n";
    check_ci(
        &[(".travis.yml", travis)],
        &[
            "pytest tests/unit on 3.11 3.12 @.travis.yml:5",
            "flake8 on 3.12 @.travis.yml:10",
        ],
    );
    let azure = "jobs:\n- job: t\n  strategy:\n    matrix:\n      a: {v: '3.11'}\n      b: {v: '3.12'}\n  steps:\n  - task: UsePythonVersion@0\n    inputs: {versionSpec: '$(v)'}\n  - script: pytest\n  - template: more.yml\n";
    check_ci(
        &[
            ("azure-pipelines.yml", azure),
            (
                "more.yml",
                "steps:\n- bash: mypy\n  continueOnError: true\n",
            ),
        ],
        &[
            "pytest on 3.11 3.12 @azure-pipelines.yml:10",
            "mypy (cannot fail) on 3.11 3.12 @more.yml:2",
        ],
    );
    check_ci(
        &[(
            ".cirrus.yml",
            "task:\n  container: {image: 'python:3.12'}\n  test_script: pytest\n",
        )],
        &["pytest on 3.12 @.cirrus.yml:3"],
    );
    check_ci(
        &[(
            "appveyor.yml",
            "environment:\n  matrix:\n    - PYTHON: C:\\Python312\ntest_script:\n  - '%PYTHON%\\python.exe -m pytest'\n",
        )],
        &["pytest @appveyor.yml:5"],
    );
}

#[test]
fn reads_docs_builds_without_calling_them_ci() {
    let files = [(
        ".readthedocs.yaml",
        "build: {tools: {python: '3.12'}}\nsphinx:\n  configuration: docs/conf.py\n  fail_on_warning: true\npython:\n  install:\n    - path: .\n      extra_requirements: [docs]\n",
    )];
    check_ci(
        &files,
        &["sphinx-build -T -b html -W --keep-going docs _build/html on 3.12 @.readthedocs.yaml:3"],
    );
    let automation = automation(&files);
    assert!(!automation.has_ci && !automation.ci_is_whole);
    assert_eq!(automation.installs[0].extras, ["docs"]);
}

#[test]
fn notes_ci_that_it_does_not_read() {
    let automation = automation(&[
        ("Jenkinsfile", "pipeline {}"),
        ("tox.ini", "[testenv]\ncommands = pytest\n"),
    ]);
    assert!(automation.has_ci && !automation.ci_is_whole);
    assert_eq!(
        automation.unreadable,
        ["Jenkinsfile: files of jenkins are not read"]
    );
    assert_eq!(automation.chosen("pytest").len(), 1);
}
