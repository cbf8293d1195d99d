//! Type checkers.

use towpath_report::readers::{mypy, pyright, ty};

use super::Linter;

pub(super) const TOOLS: &[Linter] = &[
    Linter {
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
        valued: &[
            "--always-false",
            "--always-true",
            "-c",
            "--command",
            "--config-file",
            "--custom-typeshed-dir",
            "--custom-typing-module",
            "--deprecated-calls-exclude",
            "--disable-error-code",
            "--enable-error-code",
            "--exclude",
            "--follow-imports",
            "-m",
            "--module",
            "-p",
            "--package",
            "--platform",
            "--python-version",
            "--untyped-calls-exclude",
        ],
        old: Some(((1, 11), mypy::OLD_ARGUMENTS)),
        // A file that it cannot parse keeps it from looking at any other.
        stopped: Some(2),
        ..Linter::plain("mypy", &["mypy"], mypy::ARGUMENTS, |output, paths| {
            Ok(mypy::read(output.stdout, paths))
        })
    },
    Linter {
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
        valued: &[
            "--baseline",
            "-c",
            "--config",
            "--config-file",
            "--error",
            "--exclude",
            "--extra-search-path",
            "--ignore",
            "--platform",
            "--project",
            "--python-platform",
            "--python-version",
            "--target-version",
            "--typeshed",
            "--warn",
        ],
        ..Linter::plain("ty", &["ty", "check"], ty::ARGUMENTS, |output, paths| {
            ty::read(output.stdout, paths).map_err(|error| error.to_string())
        })
    },
    pyright_like("pyright", &["pyright"]),
    pyright_like("basedpyright", &["basedpyright"]),
];

/// pyright and what was made of it take the same options and print the same.
const fn pyright_like(tool: &'static str, program: &'static [&'static str]) -> Linter {
    Linter {
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
        valued: &[
            "--baseline-file",
            "--baselinefile",
            "--level",
            "-p",
            "--project",
            "--pythonplatform",
            "--pythonversion",
            "-t",
            "--typeshed-path",
            "--typeshedpath",
        ],
        ..Linter::plain(tool, program, pyright::ARGUMENTS, |output, paths| {
            pyright::read(output.stdout, paths).map_err(|error| error.to_string())
        })
    }
}
