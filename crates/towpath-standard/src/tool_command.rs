//! Turns the way a project runs a linter into the way towpath runs it: the same paths and rules, with
//! fixes off, and the output in the form that the reader knows.

use std::collections::BTreeMap;

use towpath_report::readers::{
    Paths, black, flake8, isort, mypy, pycodestyle, pylint, pyright, ruff, ty,
};
use towpath_report::{Finding, Severity};

use crate::adoption::ToolRun;
use crate::tools::is_older;
use crate::work::{Command, Output, Partial};

/// A tool that reads code and prints findings.
pub(crate) struct Linter {
    /// The tool as automation names it.
    pub(crate) tool: &'static str,
    /// Program and subcommand.
    program: &'static [&'static str],
    /// What is always added.
    arguments: &'static [&'static str],
    /// Options of output, fixing and caching that are taken out; with `=` where a value follows.
    dropped: &'static [&'static str],
    /// Paths where the project names none; empty where the tool's own settings name them.
    paths: &'static [&'static str],
    /// What replaces `arguments` for versions below `(major, minor)`.
    old: Option<((u64, u64), &'static [&'static str])>,
    /// What replaces `arguments` to mend what can be mended; `None` where the tool mends nothing.
    fix: Option<&'static [&'static str]>,
    /// Exit codes that mean that the tool has done its work when it found nothing.
    done: &'static [i32],
    read: fn(&Output<'_>, &Paths<'_>) -> Result<Vec<Finding>, String>,
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
        fix: Some(&["--fix"]),
        done: &[0, 1],
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
        fix: Some(&[]),
        // A file that cannot be parsed ends it with 2, as does a configuration that cannot be read;
        // only the first leaves findings.
        done: &[0, 1],
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
        fix: Some(&["--quiet"]),
        done: &[0, 1, 123],
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
        fix: Some(&["--quiet"]),
        done: &[0, 1],
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
        done: &[0, 1],
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
        done: &[0, 1],
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
        done: &[0],
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
            "--python-executable=",
        ],
        paths: &[],
        old: Some(((1, 11), mypy::OLD_ARGUMENTS)),
        fix: None,
        done: &[0, 1],
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
        done: &[0, 1],
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
        done: &[0, 1],
        read: |output, paths| {
            pyright::read(output.stdout, paths).map_err(|error| error.to_string())
        },
    }
}

/// Returns the linter that automation knows by a name.
pub(crate) fn linter(tool: &str) -> Option<&'static Linter> {
    LINTERS.iter().find(|linter| linter.tool == tool)
}

/// Returns the command for a way in which a project runs a linter in the version that `requirement`
/// names. `extra` comes before the paths, `files` are the paths where the automation hands files over
/// one by one (a hook of pre-commit).
pub(crate) fn command(
    linter: &Linter,
    run: &ToolRun,
    requirement: &str,
    extra: &[String],
    files: &[String],
) -> Command {
    let forced = match linter.old {
        Some((than, arguments)) if is_older(requirement, than) => arguments,
        _ => linter.arguments,
    };
    command_with(linter, forced, run, extra, files)
}

/// Returns the command that mends what the tool can mend; `None` where it mends nothing.
pub(crate) fn fix_command(linter: &Linter, run: &ToolRun, extra: &[String]) -> Option<Command> {
    let mut command = command_with(linter, linter.fix?, run, extra, &[]);
    command.read = |_| Ok(Partial::default());
    Some(command)
}

fn command_with(
    linter: &Linter,
    forced: &[&str],
    run: &ToolRun,
    extra: &[String],
    files: &[String],
) -> Command {
    let given = run
        .invocation
        .as_ref()
        .map_or(&[][..], |invocation| &invocation.arguments);
    let mut own = kept(given, linter.dropped);
    let has_path = names_paths(&own);
    let mut arguments: Vec<String> = vec![format!("{{bin}}/{}", linter.program[0])];
    arguments.extend(linter.program[1..].iter().map(|text| (*text).to_owned()));
    arguments.extend(forced.iter().map(|text| (*text).to_owned()));
    arguments.extend(extra.iter().cloned());
    arguments.append(&mut own);
    if !files.is_empty() {
        arguments.extend(files.iter().cloned());
    } else if !has_path {
        arguments.extend(linter.paths.iter().map(|text| (*text).to_owned()));
    }
    Command {
        tool: linter.tool.to_owned(),
        arguments,
        environment: BTreeMap::new(),
        folder: run
            .invocation
            .as_ref()
            .map_or_else(String::new, |invocation| invocation.folder.clone()),
        reads_stdout: true,
        read: read_linter,
        hint: if run.blocks() && run.invocation.is_some() {
            linter.tool.to_owned()
        } else {
            format!("{UNPROVEN}{}", linter.tool)
        },
    }
}

/// Options of linters, formatters and type checkers whose value follows as a word of its own.
const WITH_VALUE: [&str; 30] = [
    "--config",
    "--config-file",
    "--disable",
    "--enable",
    "--exclude",
    "--extend-exclude",
    "--extend-ignore",
    "--extend-select",
    "--fail-under",
    "--force-exclude",
    "--ignore",
    "--include",
    "--line-ending",
    "--line-length",
    "--max-complexity",
    "--max-line-length",
    "--per-file-ignores",
    "--platform",
    "--preview-features",
    "--profile",
    "--project",
    "--python-version",
    "--rcfile",
    "--required-version",
    "--select",
    "--settings-file",
    "--settings-path",
    "--skip",
    "--target-version",
    "-l",
];

/// Returns whether arguments name something to look at.
pub(crate) fn names_paths(arguments: &[String]) -> bool {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if WITH_VALUE.contains(&argument.as_str()) {
            rest.next();
        } else if !argument.starts_with('-') {
            return true;
        }
    }
    false
}

/// Takes out options, with their values; what only a run could know goes with its option.
fn kept(arguments: &[String], dropped: &[&str]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument.split('=').next().unwrap_or(argument);
        let with_value = dropped
            .iter()
            .any(|option| option.strip_suffix('=') == Some(name));
        if with_value {
            if !argument.contains('=') {
                rest.next();
            }
        } else if !dropped.contains(&name) && !argument.contains(['$', '{', '`']) {
            kept.push(argument.clone());
        }
    }
    kept
}

/// What the hint of a command starts with that no automation is known to run with success.
const UNPROVEN: &str = "unproven ";

/// Fact about a tool that could not do its work.
pub(crate) const COULD_NOT_RUN: &str = "could not run";

/// What the project relies on must run; of what is only configured or advised nobody knows that it can.
fn read_linter(output: &Output<'_>) -> Result<Partial, String> {
    let Some(tool) = output.hint.strip_prefix(UNPROVEN) else {
        return read_findings(output, output.hint);
    };
    Ok(read_findings(output, tool).unwrap_or_else(|why| Partial {
        notes: vec![format!(
            "{tool}, which no automation runs so that it can fail, did not do its work: {why}"
        )],
        facts: [(COULD_NOT_RUN.to_owned(), tool.to_owned())].into(),
        ..Partial::default()
    }))
}

fn read_findings(output: &Output<'_>, tool: &str) -> Result<Partial, String> {
    let linter = linter(tool).ok_or_else(|| format!("`{tool}` has no reader"))?;
    let paths = Paths {
        root: output.root,
        folder: output.folder,
        installed: &[],
    };
    let mut findings = (linter.read)(output, &paths)?;
    if output.exit == 0 {
        // What a tool itself lets pass (warnings, a score that is good enough) fails nobody's CI.
        for finding in &mut findings {
            finding.severity = Severity::Note;
        }
    }
    // pylint's exit code is a sum of what it found; the others end otherwise only where they crash.
    let is_code = linter.done.len() > 1;
    let has_error = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    if (findings.is_empty() || (is_code && !has_error)) && !linter.done.contains(&output.exit) {
        return Err(format!(
            "it ended with exit code {}\n{}",
            output.exit,
            last_lines(output)
        ));
    }
    if findings.is_empty() && output.exit != 0 && !output.stderr.trim().is_empty() {
        return Err(last_lines(output));
    }
    Ok(Partial {
        findings,
        ..Partial::default()
    })
}

/// Returns the last lines that a tool said on standard error, or else on standard output.
fn last_lines(output: &Output<'_>) -> String {
    let text = if output.stderr.trim().is_empty() {
        String::from_utf8_lossy(output.stdout).into_owned()
    } else {
        output.stderr.to_owned()
    };
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_means_no_finding_only_where_the_tool_ended_well() {
        let silent = |tool: &str, exit: i32| {
            let output = Output {
                exit,
                stdout: b"",
                stderr: "Traceback (most recent call last):",
                root: "/r",
                folder: "",
                hint: tool,
                file: &|_| None,
            };
            read_findings(&output, tool).is_ok()
        };
        assert!(silent("pylint", 0) && silent("flake8", 0));
        for tool in ["pylint", "flake8", "mypy", "black"] {
            assert!(!silent(tool, 1), "{tool}");
        }
    }

    #[test]
    fn value_of_an_option_is_no_path() {
        for (given, expected) in [
            ("--line-length 88", false),
            ("--profile black src", true),
            ("--config-file=x -p pkg", true),
            ("--strict", false),
        ] {
            let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
            assert_eq!(names_paths(&given), expected, "{given:?}");
        }
    }

    #[test]
    fn fixing_and_output_options_are_taken_out() {
        let given =
            "--fix --output-format github src --select=E,F --config ruff.toml --cache-dir $DIR";
        let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
        let linter = linter("ruff").expect("ruff is in the table");
        assert_eq!(
            kept(&given, linter.dropped),
            ["src", "--select=E,F", "--config", "ruff.toml"]
        );
    }
}
