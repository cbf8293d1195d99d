//! The tools of Python automation: how they are called, which package brings them, and when a bad
//! verdict makes them fail. Knows nothing of where a command was found.

/// A tool as it was recognised in a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tool {
    /// Its name, such as `ruff format`.
    pub(super) name: String,
    /// What follows the name.
    pub(super) arguments: Vec<String>,
}

/// Tools whose work a check of towpath does.
#[rustfmt::skip]
const COVERED: &[&str] = &[
    "actionlint", "autopep8", "bandit", "basedpyright", "black", "build", "coverage",
    "coverage combine", "coverage erase", "coverage html", "coverage json", "coverage lcov",
    "coverage report", "coverage run", "coverage xml", "detect-secrets", "flake8", "isort",
    "manage.py test", "mkdocs", "mypy", "nosetests", "pycodestyle", "pylint", "pyright", "pytest",
    "ruff", "ruff format", "setup.py test", "sphinx-build", "trial", "twine", "ty", "unittest",
    "yapf",
];

/// Tools that are checks of their own wherever they appear; towpath has none like them.
#[rustfmt::skip]
const NAMED: &[&str] = &[
    "add-trailing-comma", "autoflake", "blacken-docs", "cffconvert", "check-manifest",
    "check-wheel-contents", "codespell", "cspell", "deptry", "diff-cover", "djlint", "docformatter", "doc8",
    "doctest", "eslint", "flynt", "gitlint", "interrogate", "import-linter", "lint-imports",
    "markdownlint", "markdownlint-cli2", "mdformat", "pip-audit", "pip-licenses", "prettier", "proselint",
    "pydoclint", "pydocstyle", "pyflakes", "pyproject-fmt", "pyre", "pyroma", "pytype", "pyupgrade", "radon",
    "refurb", "reuse", "rstcheck", "safety", "semgrep", "shellcheck", "slotscheck", "sphinx-lint",
    "stubtest", "taplo", "toml-sort", "towncrier", "tryceratops", "typos", "validate-pyproject",
    "vale", "vermin", "vulture", "xdoctest", "xenon", "yamllint", "zizmor",
];

/// Tools that run the project's tests.
const TEST_RUNNERS: &[&str] = &[
    "pytest",
    "unittest",
    "nosetests",
    "setup.py test",
    "manage.py test",
    "trial",
];

/// Programs that prepare, move, print or publish, and judge nothing.
#[rustfmt::skip]
const PREPARATION: &[&str] = &[
    "[", "7z", "cd", "echo", "exit", "export", "false", "printf", "set", "test", "true",
    "PyInstaller", "asdf", "mise", "nuitka", "pyinstaller", "sphinx_autobuild", "bump-my-version",
    "pixi", "doc2dash", "watchfiles", "gha-update", "msgfmt-compile", "add-apt-repository",
    "ansible-playbook", "apk", "apt-cache", "apt-key", "awk", "aws", "az", "base64", "bash",
    "basename", "brew", "bump2version", "bumpversion", "bunzip2", "bzip2", "cat", "ccache",
    "certutil", "chgrp", "chmod", "choco", "chown", "cibuildwheel", "clear", "cmake", "cmd",
    "codecov", "conda", "coveralls", "corepack", "cp", "curl", "cut", "date", "df", "dir",
    "dirname", "dmypy", "dnf", "do", "docker", "docker-compose", "du", "dpkg", "easy_install",
    "env", "eval", "exec", "expr", "file", "find", "flit", "free", "gcloud", "gh", "git", "gpg",
    "grep", "gunzip", "gzip", "head", "helm", "hostname", "id", "if", "initdb", "install", "ip",
    "jobs", "jq", "kill", "killall", "kubectl", "ldconfig", "less", "ln", "locale-gen", "locale",
    "ls", "lscpu", "make", "mamba", "md5sum", "micromamba", "mkdir", "mktemp", "mv", "mysql",
    "mysqladmin", "nc", "netstat", "node", "npm", "nproc", "nuget", "openssl", "patch", "pg_ctl",
    "pgrep", "ping", "pip", "pip-compile", "pip-sync", "pipx", "pkg", "pkg-config", "pkill",
    "pnpm", "powershell", "ps", "psql", "pwd", "pwsh", "pyenv", "python", "pypy", "rclone",
    "readlink", "realpath", "redis-cli", "redis-server", "rm", "rmdir", "rsync", "rustc",
    "rustup", "scp", "sdk", "sed", "semantic-release", "service", "setx", "sh", "sha256sum",
    "sleep", "sort", "source", "split", "ssh", "ssh-add", "ssh-keygen", "ssh-keyscan", "stat",
    "su", "sync", "sysctl", "systemctl", "tail", "tar", "tee", "tic", "time", "timeout", "touch",
    "tr", "trap", "tree", "ulimit", "uname", "uniq", "unset", "unxz", "unzip",
    "update-alternatives", "uv", "vcpkg", "virtualenv", "venv", "wc", "wget", "where", "which",
    "whoami", "xargs", "xcodebuild", "xcrun", "xz", "yarn", "yes", "yum", "zip", ".", "ar",
    "Write-Host", "setup-towpath", "sw_vers", "watch", "sphinx-autobuild", "sphinx-apidoc",
    "open", "xdg-open", "webbrowser", "cookiecutter", "copier", "command", "pip-tools",
    "compileall", "ensurepip", "site", "sysconfig", "platform", "http.server", "this",
    "zest.releaser", "fullrelease", "twine-upload", "gitchangelog", "git-cliff", "kcov", "lcov",
    "genhtml", "codecov.sh", "cc-test-reporter", "codacy", "ipython", "jupyter-lab", "poetry",
    "pdm", "pipenv", "hatch", "rye", "tox", "nox", "pre-commit",
];

/// Hooks of pre-commit that look after files, whatever is in them.
#[rustfmt::skip]
const FILE_HYGIENE: &[&str] = &[
    "check-added-large-files", "check-byte-order-marker", "check-case-conflict",
    "check-executables-have-shebangs", "check-illegal-windows-names", "check-json",
    "check-merge-conflict", "check-shebang-scripts-are-executable", "check-symlinks", "check-toml",
    "check-vcs-permalinks", "check-xml", "check-yaml", "destroyed-symlinks", "end-of-file-fixer",
    "file-contents-sorter", "fix-byte-order-marker", "fix-encoding-pragma",
    "forbid-new-submodules", "forbid-submodules", "mixed-line-ending", "no-commit-to-branch",
    "pretty-format-json", "remove-tabs", "requirements-txt-fixer", "sort-simple-yaml",
    "text-unicode-replacement-char", "trailing-whitespace",
];

/// Returns whether a check of towpath does this tool's work.
pub(super) fn is_covered(tool: &str) -> bool {
    COVERED.contains(&tool)
}

/// Returns whether the tool is a check known by name.
pub(super) fn is_named(tool: &str) -> bool {
    NAMED.contains(&tool)
}

/// Returns whether a hook only keeps files tidy.
pub(super) fn is_file_hygiene(hook: &str) -> bool {
    FILE_HYGIENE.contains(&hook)
}

/// Returns whether the tool runs tests.
pub(super) fn is_test_runner(tool: &str) -> bool {
    TEST_RUNNERS.contains(&tool)
}

/// Returns the package of the index that brings the tool.
pub(super) fn package(tool: &str) -> &str {
    match tool.split_once(' ').map_or(tool, |(name, _)| name) {
        "sphinx-build" => "sphinx",
        "nosetests" => "nose",
        "trial" => "twisted",
        "stubtest" => "mypy",
        "lint-imports" => "import-linter",
        name => name,
    }
}

/// Returns the tool that a command runs, or `None` for what judges nothing: preparation,
/// printing a version, uploading.
pub(super) fn recognise(words: &[String]) -> Option<Tool> {
    let (program, arguments) = words.split_first()?;
    let program = base_name(program);
    let asks_only =
        |argument: &String| matches!(argument.as_str(), "--version" | "--help" | "-V" | "-VV");
    if arguments.first().is_some_and(asks_only)
        || program.is_empty()
        || program.starts_with(['-', '#'])
    {
        return None;
    }
    match program.as_str() {
        "ruff" => ruff(arguments),
        "coverage" | "coverage3" => coverage(arguments),
        "py.test" | "pytest-3" => tool("pytest", arguments),
        "nose" | "nose2" | "nosetests3" => tool("nosetests", arguments),
        "sphinx" => tool("sphinx-build", arguments),
        "twisted.trial" => tool("trial", arguments),
        "mypy.stubtest" => tool("stubtest", arguments),
        "pyproject-build" => tool("build", arguments),
        "detect-secrets-hook" => tool("detect-secrets", arguments),
        "diff_cover.diff_cover_tool" => tool("diff-cover", arguments),
        "sphinxlint" => tool("sphinx-lint", arguments),
        "pip_audit" => tool("pip-audit", arguments),
        "setup.py" => setup_py(arguments),
        "manage.py" | "django-admin" => manage_py(arguments),
        "twine" => (arguments.first()? == "check").then(|| tool("twine", arguments))?,
        "mkdocs" => (arguments.first()? == "build").then(|| tool("mkdocs", arguments))?,
        "ty" => (arguments.first()? == "check").then(|| tool("ty", arguments.get(1..)?))?,
        "dmypy" => tool("mypy", after_dashes(arguments)),
        "detect-secrets" => matches!(arguments.first()?.as_str(), "scan" | "hook" | "audit")
            .then(|| tool("detect-secrets", arguments))?,
        "towncrier" => (arguments.first()? == "check").then(|| tool("towncrier", arguments))?,
        "poetry" | "uv" | "pdm" | "hatch" | "flit" | "rye" | "pipenv" => {
            project_manager(&program, arguments)
        }
        "cargo" | "npm" | "yarn" | "pnpm" => foreign(&program, arguments),
        "python" => script(arguments),
        _ if PREPARATION.contains(&program.as_str()) => None,
        // What is still a variable could be anything.
        _ if program.contains(['$', '{', '=', '%', '\\', '(', '@', '*', '"', '<']) => None,
        _ => tool(&program, arguments),
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "each arm of the tables above is an `Option`"
)]
fn tool(name: &str, arguments: &[String]) -> Option<Tool> {
    Some(Tool {
        name: name.to_owned(),
        arguments: arguments.to_vec(),
    })
}

/// Returns the last part of a program's path, without the endings of Windows.
pub(super) fn base_name(program: &str) -> String {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    // `${PREFIX}mypy` is `mypy` of an environment that a run chooses.
    let name = match name
        .strip_prefix("${")
        .and_then(|rest| rest.split_once('}'))
    {
        Some((_, tail)) if !tail.is_empty() => tail,
        _ => name,
    };
    let name = name
        .strip_suffix(".exe")
        .or_else(|| name.strip_suffix(".cmd"))
        .unwrap_or(name);
    match name {
        _ if is_python(name) => "python".to_owned(),
        "pip3" | "$(PIP)" | "$PIP" => "pip".to_owned(),
        _ => name.to_owned(),
    }
}

/// `python`, `python3`, `python3.12`, `py`, `pypy3`, and the usual variables that hold one.
fn is_python(name: &str) -> bool {
    let variable = name.trim_matches(['$', '(', ')', '{', '}', '"']);
    if name.starts_with('$') {
        return matches!(
            variable.to_ascii_lowercase().as_str(),
            "python" | "py" | "python3" | "python_exe"
        );
    }
    let version = |rest: &str| {
        rest.chars()
            .all(|c| c.is_ascii_digit() || c == '.' || c == 't')
    };
    name == "py"
        || ["python", "pypy"]
            .iter()
            .any(|prefix| name.strip_prefix(prefix).is_some_and(version))
}

fn ruff(arguments: &[String]) -> Option<Tool> {
    let at = arguments
        .iter()
        .position(|argument| !argument.starts_with('-'));
    let command = at
        .and_then(|at| arguments.get(at))
        .map_or("", String::as_str);
    let without = |at: Option<usize>| -> Vec<String> {
        let keep = |(index, _): &(usize, &String)| Some(*index) != at;
        arguments
            .iter()
            .enumerate()
            .filter(keep)
            .map(|(_, argument)| argument.clone())
            .collect()
    };
    match command {
        "check" => tool("ruff", &without(at)),
        "format" => tool("ruff format", &without(at)),
        "rule" | "config" | "linter" | "clean" | "server" | "version" | "help" => None,
        _ => tool("ruff", arguments),
    }
}

fn coverage(arguments: &[String]) -> Option<Tool> {
    let (command, rest) = arguments.split_first()?;
    match command.as_str() {
        "run" | "report" | "xml" | "html" | "combine" | "json" | "lcov" => {
            tool(&format!("coverage {command}"), rest)
        }
        _ => None,
    }
}

fn setup_py(arguments: &[String]) -> Option<Tool> {
    let command = arguments
        .iter()
        .find(|argument| !argument.starts_with('-'))?;
    match command.as_str() {
        "test" | "pytest" | "nosetests" => tool("setup.py test", arguments),
        "sdist" | "bdist_wheel" | "check" => tool("build", &[]),
        "build_sphinx" => tool("sphinx-build", &[]),
        _ => None,
    }
}

/// Django's commands: its tests are run by a check, the rest stays what it is.
fn manage_py(arguments: &[String]) -> Option<Tool> {
    match arguments.split_first()? {
        (command, rest) if command == "test" => tool("manage.py test", rest),
        _ => tool("manage.py", arguments),
    }
}

/// What the tools that manage projects judge by themselves.
fn project_manager(program: &str, arguments: &[String]) -> Option<Tool> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match (program, words.as_slice()) {
        (_, ["build", ..]) => tool("build", arguments.get(1..)?),
        ("poetry", ["check", ..]) => tool("poetry check", arguments.get(1..)?),
        ("poetry", ["lock", "--check", ..]) => tool("poetry check", &["--lock".to_owned()]),
        ("uv", ["lock", rest @ ..])
            if rest
                .iter()
                .any(|word| matches!(*word, "--check" | "--locked")) =>
        {
            tool("uv lock", arguments.get(1..)?)
        }
        ("pdm", ["lock", "--check", ..]) => tool("pdm lock", arguments.get(1..)?),
        ("pipenv", ["verify", ..]) => tool("pipenv verify", &[]),
        _ => None,
    }
}

/// Tests and lints of other languages are checks; their installs are not.
fn foreign(program: &str, arguments: &[String]) -> Option<Tool> {
    let (command, rest) = arguments.split_first()?;
    let judges = match (program, command.as_str()) {
        ("cargo", "clippy" | "check" | "deny" | "fmt" | "nextest" | "audit")
        | (_, "test" | "lint" | "t") => true,
        (_, "run") => rest.first().is_some_and(|name| {
            ["test", "lint", "check", "type", "format"]
                .iter()
                .any(|word| name.contains(word))
        }),
        _ => false,
    };
    judges.then(|| tool(&format!("{program} {command}"), rest))?
}

/// A Python script of the project; the caller has already followed `-m`.
fn script(arguments: &[String]) -> Option<Tool> {
    let (file, rest) = arguments.split_first()?;
    match base_name(file).as_str() {
        "setup.py" => return setup_py(rest),
        "manage.py" if rest.first().is_some_and(|word| word == "test") => return manage_py(rest),
        _ => {}
    }
    file.ends_with(".py").then(|| tool("python", arguments))?
}

fn after_dashes(arguments: &[String]) -> &[String] {
    let at = arguments.iter().position(|argument| argument == "--");
    at.and_then(|at| arguments.get(at + 1..))
        .unwrap_or_default()
}

/// Returns whether a bad verdict gives a bad exit code, with these arguments.
pub(super) fn can_fail(tool: &str, arguments: &[String]) -> bool {
    let has = |names: &[&str]| {
        arguments
            .iter()
            .any(|argument| names.contains(&argument.as_str()))
    };
    let starts = |prefix: &str| {
        arguments
            .iter()
            .any(|argument| argument.starts_with(prefix))
    };
    if has(&["--exit-zero"]) {
        return false;
    }
    match tool {
        "ruff" => {
            !has(&["-e", "--fix-only", "--show-files", "--show-settings"])
                || has(&["--exit-non-zero-on-fix"])
        }
        "ruff format" => has(&["--check", "--diff", "--exit-non-zero-on-format"]),
        "black" | "blue" => has(&["--check"]),
        "isort" => has(&["-c", "--check", "--check-only"]),
        "yapf" => {
            has(&["-d", "--diff", "-dr", "-rd", "-q", "--quiet"]) && !has(&["-i", "--in-place"])
        }
        "autopep8" => has(&["--exit-code"]),
        "autoflake" | "docformatter" => has(&["--check", "-c", "--check-diff", "-cd"]),
        "mdformat" | "taplo" | "toml-sort" | "pyproject-fmt" => has(&["--check", "lint", "check"]),
        "prettier" => has(&["--check", "-c", "-l", "--list-different"]),
        "pylint" => !starts("--fail-under=-"),
        "radon" | "pip-licenses" => false,
        "detect-secrets" => !has(&["audit"]),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn recognises_tools() {
        for (command, expected) in [
            ("ruff check src --fix", Some("ruff|src --fix")),
            ("ruff src", Some("ruff|src")),
            (
                "ruff --quiet format --check .",
                Some("ruff format|--quiet --check ."),
            ),
            ("ruff --version", None),
            (".venv/bin/ruff check", Some("ruff|")),
            ("py.test -x", Some("pytest|-x")),
            ("coverage report -m", Some("coverage report|-m")),
            ("coverage erase", None),
            ("twine check dist/*", Some("twine|check dist/*")),
            ("twine upload dist/*", None),
            (
                "python scripts/check.py --all",
                Some("python|scripts/check.py --all"),
            ),
            ("python setup.py test", Some("setup.py test|test")),
            ("python manage.py test app", Some("manage.py test|app")),
            ("./manage.py test", Some("manage.py test|")),
            ("python setup.py sdist bdist_wheel", Some("build|")),
            ("poetry build", Some("build|")),
            ("poetry install", None),
            ("npm ci", None),
            ("npm run lint:js", Some("npm run|lint:js")),
            ("echo hello", None),
            ("ty check src", Some("ty|src")),
            ("$LINTER src", None),
            ("${PREFIX}mypy src", Some("mypy|src")),
            ("git diff --exit-code", None),
        ] {
            let tool = recognise(&words(command))
                .map(|tool| format!("{}|{}", tool.name, tool.arguments.join(" ")));
            assert_eq!(tool.as_deref(), expected, "{command}");
        }
    }

    #[test]
    fn knows_what_cannot_fail() {
        for (tool, arguments, expected) in [
            ("ruff", ".", true),
            ("ruff", "--fix .", true),
            ("ruff", "--exit-zero .", false),
            ("ruff format", ".", false),
            ("ruff format", "--check .", true),
            ("ruff format", "--diff", true),
            ("black", ".", false),
            ("black", "--check src", true),
            ("black", "--diff src", false),
            ("isort", "NAME", false),
            ("isort", "-c .", true),
            ("isort", "--check-only --diff .", true),
            ("flake8", "--exit-zero --max-line-length=127", false),
            ("pytest", "", true),
            ("mypy", "src", true),
        ] {
            assert_eq!(
                can_fail(tool, &words(arguments)),
                expected,
                "{tool} {arguments}"
            );
        }
    }
}
