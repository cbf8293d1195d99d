//! The linters, formatters and type checkers that towpath knows how to run: one entry each.

use towpath_report::Finding;
use towpath_report::readers::{
    Paths, black, flake8, isort, mypy, pycodestyle, pylint, pyright, ruff, ty,
};

use crate::work::Output;

/// A tool that reads code and prints findings.
pub(crate) struct Linter {
    /// The tool as automation names it.
    pub(crate) tool: &'static str,
    /// Program and subcommand.
    pub(crate) program: &'static [&'static str],
    /// What is always added.
    pub(crate) arguments: &'static [&'static str],
    /// Options of output, fixing and caching that are taken out; with `=` where a value follows.
    pub(crate) dropped: &'static [&'static str],
    /// Paths where the project names none; empty where the tool's own settings name them.
    pub(crate) paths: &'static [&'static str],
    /// What replaces `arguments` for versions below `(major, minor)`.
    pub(crate) old: Option<((u64, u64), &'static [&'static str])>,
    /// What replaces `arguments` to mend what can be mended, and the highest exit code that means that it
    /// did; `None` where the tool mends nothing.
    pub(crate) fix: Option<(&'static [&'static str], i32)>,
    /// Exit codes that mean that the tool has done its work.
    pub(crate) done: fn(i32) -> bool,
    /// Exit code that means that the tool stopped at an error, which it reports.
    pub(crate) stopped: Option<i32>,
    pub(crate) read: fn(&Output<'_>, &Paths<'_>) -> Result<Vec<Finding>, String>,
}

/// Every linter, formatter and type checker with a command line of this kind.
pub(crate) const LINTERS: &[Linter] = &[
    Linter {
        tool: "ruff",
        program: &["ruff", "check"],
        arguments: ruff::CHECK_ARGUMENTS,
        dropped: &[
            "--fix",
            "--fix-only",
            "--unsafe-fixes",
            "--no-unsafe-fixes",
            "--show-fixes",
            "--no-show-fixes",
            "--diff",
            "--watch",
            "-w",
            "--exit-zero",
            "-e",
            "--exit-non-zero-on-fix",
            "--statistics",
            "--quiet",
            "-q",
            "--verbose",
            "-v",
            "--silent",
            "-s",
            "--output-format=",
            "--format=",
            "--output-file=",
            "-o=",
            "--show-source",
            "--no-cache",
            "-n",
            "--cache-dir=",
            "--add-noqa",
            "--no-fix",
        ],
        paths: &["."],
        old: None,
        // 1 means that something is left.
        fix: Some((&["--fix"], 1)),
        done: |exit| matches!(exit, 0 | 1),
        stopped: None,
        read: |output, paths| {
            ruff::read_check(output.stdout, paths).map_err(|error| error.to_string())
        },
    },
    Linter {
        tool: "ruff format",
        program: &["ruff", "format"],
        arguments: ruff::FORMAT_ARGUMENTS,
        dropped: &[
            "--check",
            "--diff",
            "--quiet",
            "-q",
            "--verbose",
            "-v",
            "--silent",
            "-s",
            "--no-cache",
            "-n",
            "--cache-dir=",
            "--exit-non-zero-on-format",
            "--output-format=",
        ],
        paths: &["."],
        old: None,
        fix: Some((&[], 0)),
        // A file that cannot be parsed ends it with 2, as does a configuration that cannot be read;
        // only the first leaves findings.
        done: |exit| matches!(exit, 0..=2),
        stopped: None,
        read: |output, paths| {
            let mut findings = ruff::read_format(output.stdout, paths);
            findings.extend(ruff::read_format_errors(output.stderr.as_bytes(), paths));
            Ok(findings)
        },
    },
    Linter {
        tool: "black",
        program: &["black"],
        arguments: black::ARGUMENTS,
        dropped: &[
            "--check",
            "--diff",
            "--color",
            "--no-color",
            "--quiet",
            "-q",
            "--verbose",
            "-v",
            "--safe",
            "--fast",
        ],
        paths: &["."],
        old: None,
        fix: Some((&["--quiet"], 0)),
        done: |exit| matches!(exit, 0 | 1 | 123),
        stopped: None,
        read: |output, paths| {
            let mut findings = black::read(output.stdout, paths);
            findings.extend(black::read_errors(output.stderr.as_bytes(), paths));
            Ok(findings)
        },
    },
    Linter {
        tool: "isort",
        program: &["isort"],
        arguments: isort::ARGUMENTS,
        dropped: &[
            "--check",
            "--check-only",
            "-c",
            "--diff",
            "-d",
            "--df",
            "--quiet",
            "-q",
            "--verbose",
            "-v",
            "--overwrite-in-place",
            "--atomic",
            "--color",
            "--apply",
            "-y",
            "-rc",
            "--recursive",
        ],
        paths: &["."],
        old: None,
        fix: Some((&["--quiet"], 0)),
        done: |exit| matches!(exit, 0 | 1),
        stopped: None,
        read: |output, paths| Ok(isort::read(output.stdout, paths)),
    },
    Linter {
        tool: "flake8",
        program: &["flake8"],
        arguments: flake8::ARGUMENTS,
        dropped: &[
            "--format=",
            "--output-file=",
            "--tee",
            "--exit-zero",
            "--quiet",
            "-q",
            "--verbose",
            "-v",
            "--show-source",
            "--statistics",
            "--count",
            "--color=",
            "--benchmark",
            "-j=",
            "--jobs=",
        ],
        paths: &[],
        old: None,
        fix: None,
        done: |exit| matches!(exit, 0 | 1),
        stopped: None,
        read: |output, paths| Ok(flake8::read(output.stdout, paths)),
    },
    Linter {
        tool: "pycodestyle",
        program: &["pycodestyle"],
        arguments: pycodestyle::ARGUMENTS,
        dropped: &[
            "--format=",
            "--statistics",
            "--count",
            "--quiet",
            "-q",
            "--verbose",
            "-v",
            "--show-source",
            "--show-pep8",
        ],
        paths: &["."],
        old: None,
        fix: None,
        done: |exit| matches!(exit, 0 | 1),
        stopped: None,
        read: |output, paths| Ok(pycodestyle::read(output.stdout, paths)),
    },
    Linter {
        tool: "pylint",
        program: &["pylint"],
        arguments: pylint::ARGUMENTS,
        dropped: &[
            "--output-format=",
            "-f=",
            "--reports=",
            "-r=",
            "--score=",
            "-s=",
            "--exit-zero",
            "-j=",
            "--jobs=",
            "--output=",
        ],
        paths: &[],
        old: None,
        fix: None,
        // A sum of what it found; 32 means that it was called wrongly.
        done: |exit| (0..32).contains(&exit),
        stopped: None,
        read: |output, paths| pylint::read(output.stdout, paths).map_err(|error| error.to_string()),
    },
    Linter {
        tool: "mypy",
        program: &["mypy"],
        arguments: mypy::ARGUMENTS,
        dropped: &[
            "--output=",
            "-O=",
            "--pretty",
            "--no-pretty",
            "--show-error-codes",
            "--no-color-output",
            "--no-error-summary",
            "--error-summary",
            "--show-column-numbers",
            "--show-error-context",
            "--junit-xml=",
            "--html-report=",
            "--txt-report=",
            "--xml-report=",
            "--cobertura-xml-report=",
            "--linecount-report=",
            "--cache-dir=",
            "--install-types",
            "--non-interactive",
            "-v",
            "--verbose",
            "--no-incremental",
            "--num-workers=",
            "-n=",
            "--python-executable=",
        ],
        paths: &[],
        old: Some(((1, 11), mypy::OLD_ARGUMENTS)),
        fix: None,
        done: |exit| matches!(exit, 0 | 1),
        // A file that it cannot parse keeps it from looking at any other.
        stopped: Some(2),
        read: |output, paths| Ok(mypy::read(output.stdout, paths)),
    },
    Linter {
        tool: "ty",
        program: &["ty", "check"],
        arguments: ty::ARGUMENTS,
        dropped: &[
            "--output-format=",
            "--color=",
            "--no-progress",
            "--quiet",
            "-q",
            "--verbose",
            "-v",
            "--watch",
            "-W",
            "--exit-zero",
            "--python=",
        ],
        paths: &[],
        old: None,
        fix: None,
        done: |exit| matches!(exit, 0 | 1),
        stopped: None,
        read: |output, paths| ty::read(output.stdout, paths).map_err(|error| error.to_string()),
    },
    pyright_like("pyright", &["pyright"]),
    pyright_like("basedpyright", &["basedpyright"]),
];

/// pyright and what was made of it take the same options and print the same.
const fn pyright_like(tool: &'static str, program: &'static [&'static str]) -> Linter {
    Linter {
        tool,
        program,
        arguments: pyright::ARGUMENTS,
        dropped: &[
            "--outputjson",
            "--stats",
            "--verbose",
            "--watch",
            "-w",
            "--threads",
            "--pythonpath=",
            "--venvpath=",
            "--venv-path=",
            "-v=",
            "--writebaseline",
        ],
        paths: &[],
        old: None,
        fix: None,
        done: |exit| matches!(exit, 0 | 1),
        stopped: None,
        read: |output, paths| {
            pyright::read(output.stdout, paths).map_err(|error| error.to_string())
        },
    }
}

/// Returns the linter that automation knows by a name.
pub(crate) fn linter(tool: &str) -> Option<&'static Linter> {
    LINTERS.iter().find(|linter| linter.tool == tool)
}
