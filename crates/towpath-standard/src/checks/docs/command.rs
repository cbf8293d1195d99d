//! The commands that build the documentation, and what they say.

use std::collections::BTreeMap;

use towpath_report::readers::{Paths, mkdocs, sphinx};
use towpath_report::{Finding, Severity};

use crate::adoption::ToolRun;
use crate::facts::Facts;
use crate::work::{Command, Output, Partial};

pub(super) fn sphinx_command(facts: &Facts<'_>, run: &ToolRun, strict: bool) -> Command {
    let folder = facts
        .project
        .docs
        .as_ref()
        .map_or("docs", |docs| docs.folder.as_str());
    let given = run
        .invocation
        .as_ref()
        .map_or(&[][..], |invocation| &invocation.arguments);
    let mut arguments: Vec<String> = ["{python}", "-m", "sphinx"].map(str::to_owned).to_vec();
    arguments.extend(sphinx::ARGUMENTS.iter().map(|text| (*text).to_owned()));
    arguments.push("{out}/warnings.txt".to_owned());
    if strict {
        arguments.extend(["-W".to_owned(), "--keep-going".to_owned()]);
    }
    if given.iter().any(|argument| argument == "-n") {
        arguments.push("-n".to_owned());
    }
    arguments.extend([
        "-b".to_owned(),
        builder(given).to_owned(),
        "-d".to_owned(),
        "{out}/doctrees".to_owned(),
    ]);
    arguments.extend([format!("{{tree}}/{folder}"), "{out}/docs".to_owned()]);
    Command {
        tool: "sphinx".to_owned(),
        arguments,
        environment: BTreeMap::new(),
        folder: facts.project.root.clone(),
        reads_stdout: true,
        read: read_sphinx,
        hint: if strict { STRICT } else { "" }.to_owned(),
    }
}

fn builder(given: &[String]) -> &str {
    let at = given
        .iter()
        .position(|argument| argument == "-b" || argument == "--builder");
    at.and_then(|at| given.get(at + 1))
        .map_or("html", String::as_str)
}

pub(super) fn mkdocs_command(facts: &Facts<'_>, strict: bool) -> Command {
    let docs = facts.project.docs.as_ref();
    let mut arguments: Vec<String> = ["{python}", "-m", "mkdocs"].map(str::to_owned).to_vec();
    arguments.extend(mkdocs::ARGUMENTS.iter().map(|text| (*text).to_owned()));
    if strict {
        arguments.push("--strict".to_owned());
    }
    arguments.extend(["--site-dir".to_owned(), "{out}/docs".to_owned()]);
    arguments.extend(docs.map(|docs| format!("--config-file={{tree}}/{}", docs.config)));
    Command {
        tool: "mkdocs".to_owned(),
        arguments,
        environment: BTreeMap::new(),
        folder: facts.project.root.clone(),
        reads_stdout: true,
        read: read_mkdocs,
        hint: docs.map_or_else(String::new, |docs| docs.folder.clone()),
    }
}

/// What the hint of a command says whose warnings end it with 1.
const STRICT: &str = "strict";

fn read_sphinx(output: &Output<'_>) -> Result<Partial, String> {
    let paths = Paths {
        root: output.root,
        folder: output.folder,
        installed: &[],
    };
    let warnings = (output.file)("warnings.txt").unwrap_or_default();
    let findings = sphinx::read(&warnings, &paths);
    let is_explained = output.exit == 1 && output.hint == STRICT && !findings.is_empty();
    Ok(ended(output, findings, is_explained))
}

fn read_mkdocs(output: &Output<'_>) -> Result<Partial, String> {
    let findings = mkdocs::read(output.stderr.as_bytes(), output.hint);
    let stdout = String::from_utf8_lossy(output.stdout);
    let is_explained = stdout.contains("in strict mode")
        || findings
            .iter()
            .any(|finding| finding.severity == Severity::Error);
    Ok(ended(output, findings, is_explained))
}

/// A build that failed for another reason than its findings did not come to its end: an extension that is
/// missing or crashed, a bad setting.
fn ended(output: &Output<'_>, mut findings: Vec<Finding>, is_explained: bool) -> Partial {
    if output.exit != 0 && !is_explained {
        let why = exception(&output.said()).unwrap_or_else(|| output.last_lines(4));
        findings.push(Finding {
            tool: "docs".to_owned(),
            rule: "build-failed".to_owned(),
            rule_url: None,
            message: format!("it ended with exit code {}: {why}", output.exit),
            place: None,
            severity: Severity::Error,
            fixable: false,
            blocking: true,
        });
    }
    Partial {
        findings,
        ..Partial::default()
    }
}

/// Returns the last line that is an exception as Python writes it: `package.SomeError: text`.
fn exception(said: &str) -> Option<String> {
    let is_exception = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default();
        let class = name.rsplit('.').next().unwrap_or_default();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
        name.chars().all(is_name) && (class.ends_with("Error") || class.ends_with("Exception"))
    };
    said.lines()
        .map(str::trim)
        .rfind(is_exception)
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRASH: &str = "Traceback:\n  File \"conf.py\"\n    ValueError: no theme\nReport this.\n";

    fn messages(
        read: fn(&Output<'_>) -> Result<Partial, String>,
        hint: &str,
        exit: i32,
        [stdout, stderr]: [&str; 2],
    ) -> String {
        let output = Output {
            exit,
            stdout: stdout.as_bytes(),
            stderr,
            root: "/r",
            folder: "",
            hint,
            file: &|_| Some(b"a.rst:1: WARNING: x".to_vec()),
        };
        let found = read(&output).expect("it can be read").findings;
        let messages: Vec<String> = found.into_iter().map(|one| one.message).collect();
        messages.join("|")
    }

    #[test]
    fn end_of_sphinx_that_no_warning_explains_is_a_finding() {
        for (hint, exit, said, expected) in [
            ("", 0, "", "x"),
            (STRICT, 1, "", "x"),
            (
                STRICT,
                2,
                CRASH,
                "x|it ended with exit code 2: ValueError: no theme",
            ),
            (
                "",
                1,
                "doctest failed",
                "x|it ended with exit code 1: doctest failed",
            ),
        ] {
            assert_eq!(messages(read_sphinx, hint, exit, ["", said]), expected);
        }
    }

    #[test]
    fn end_of_mkdocs_that_no_warning_explains_is_a_finding() {
        let crash = format!("WARNING - y\n{CRASH}");
        for (exit, said, expected) in [
            (0, ["", "WARNING - y"], "y"),
            (
                1,
                ["Aborted with 1 warnings in strict mode!", "WARNING - y"],
                "y",
            ),
            (1, ["Aborted with a BuildError!", "ERROR - y"], "y"),
            (
                1,
                ["", &crash],
                "y|it ended with exit code 1: ValueError: no theme",
            ),
        ] {
            assert_eq!(messages(read_mkdocs, "", exit, said), expected);
        }
    }
}
