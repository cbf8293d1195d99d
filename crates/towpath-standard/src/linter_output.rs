//! Reads what a linter wrote, and tells one that found nothing from one that did not do its work.

use towpath_report::readers::Paths;
use towpath_report::{Finding, Severity};

use crate::linters::{Linter, linter};
use crate::work::{Output, Partial};

/// What the hint of a command starts with that no automation is known to run with success.
pub(crate) const UNPROVEN: &str = "unproven ";

/// Fact about a tool that could not do its work.
pub(crate) const COULD_NOT_RUN: &str = "could not run";

/// Fact about a tool that stopped at an error that it reports: its hint.
pub(crate) const STOPPED: &str = "stopped";

/// What the project relies on must run; of what is only configured or advised nobody knows that it can.
pub(crate) fn read_linter(output: &Output<'_>) -> Result<Partial, String> {
    let Some(tool) = output.hint.strip_prefix(UNPROVEN) else {
        return read_findings(output, output.hint);
    };
    Ok(read_findings(output, tool).unwrap_or_else(|why| Partial {
        findings: vec![not_done(tool, why.lines().last().unwrap_or_default())],
        notes: vec![format!(
            "{tool}, which no automation runs so that it can fail, did not do its work: {why}"
        )],
        facts: [(COULD_NOT_RUN.to_owned(), tool.to_owned())].into(),
        ..Partial::default()
    }))
}

/// Returns that a tool did not do its work, as something to look at that blocks nobody.
pub(crate) fn not_done(tool: &str, why: &str) -> Finding {
    Finding {
        tool: tool.to_owned(),
        rule: "no-verdict".to_owned(),
        rule_url: None,
        message: format!("{tool} did not do its work: {}", why.trim()),
        place: None,
        severity: Severity::Note,
        fixable: false,
        blocking: false,
    }
}

fn read_findings(output: &Output<'_>, tool: &str) -> Result<Partial, String> {
    let linter = linter(tool).ok_or_else(|| format!("`{tool}` has no reader"))?;
    let mut partial = Partial {
        findings: findings(linter, output)?,
        ..Partial::default()
    };
    let has_error = partial.findings.iter().any(is_error);
    if has_error && linter.stopped == Some(output.exit) {
        let hint = output.hint.to_owned();
        partial.facts.insert(STOPPED.to_owned(), hint);
    } else if !(linter.done)(output.exit) || (output.exit != 0 && partial.findings.is_empty()) {
        return Err(ended(output));
    }
    if output.exit == 0 {
        // What a tool itself lets pass (warnings, a score that is good enough) fails nobody's CI.
        for finding in &mut partial.findings {
            finding.severity = Severity::Note;
        }
    }
    Ok(partial)
}

fn findings(linter: &Linter, output: &Output<'_>) -> Result<Vec<Finding>, String> {
    let paths = Paths {
        root: output.root,
        folder: output.folder,
        installed: &[],
    };
    (linter.read)(output, &paths)
}

/// Tells whether a linter mended what it could.
pub(crate) fn read_mended(output: &Output<'_>) -> Result<Partial, String> {
    let tool = output.hint.trim_start_matches(UNPROVEN);
    let fix = linter(tool).and_then(|linter| linter.fix);
    match fix {
        Some((_, done)) if output.exit <= done => Ok(Partial::default()),
        _ => Err(ended(output)),
    }
}

pub(crate) fn is_error(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}

fn ended(output: &Output<'_>) -> String {
    format!(
        "it ended with exit code {}\n{}",
        output.exit,
        output.last_lines(5)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output<'a>(hint: &'a str, exit: i32, stdout: &'a str, stderr: &'a str) -> Output<'a> {
        Output {
            exit,
            stdout: stdout.as_bytes(),
            stderr,
            root: "/r",
            folder: "",
            hint,
            file: &|_| None,
        }
    }

    #[test]
    fn end_that_findings_do_not_explain_is_no_verdict() {
        const CRASH: &str = "Traceback (most recent call last):";
        const UNUSED: &str = "towpath\ta.py\t1\t1\tF401\tx\n";
        const ERROR: &str = "a.py:1: error: x  [syntax]\n";
        for (tool, exit, stdout, stderr, expected) in [
            ("pylint", 0, "", "", true),
            ("flake8", 0, "", CRASH, true),
            ("pylint", 1, "", CRASH, false),
            ("flake8", 1, "", CRASH, false),
            ("mypy", 1, "", CRASH, false),
            ("black", 1, "", CRASH, false),
            ("isort", 1, "", "", false),
            ("flake8", 1, UNUSED, "", true),
            ("flake8", 139, UNUSED, "", false),
            ("mypy", 1, ERROR, "", true),
            ("mypy", 2, ERROR, "", true),
            ("mypy", 2, "a.py:1: note: x\n", CRASH, false),
            ("mypy", 139, ERROR, "", false),
            ("pylint", 32, "", "usage", false),
            (
                "ruff format",
                2,
                "",
                "error: Failed to parse a.py:1:2: x",
                true,
            ),
            ("ruff format", 2, "", "ruff failed", false),
        ] {
            let read = read_findings(&output(tool, exit, stdout, stderr), tool);
            assert_eq!(read.is_ok(), expected, "{tool} {exit} {stdout}{stderr}");
        }
    }

    #[test]
    fn tool_that_gave_no_verdict_is_something_to_look_at() {
        let output = output("unproven mypy", 2, "", "usage: mypy\nmypy: error: bad");
        let read = read_linter(&output).expect("nothing relies on it");
        let said: Vec<&str> = read.findings.iter().map(|one| &*one.message).collect();
        assert_eq!(said, ["mypy did not do its work: mypy: error: bad"]);
    }

    #[test]
    fn wish_to_end_is_led_by_what_was_said() {
        let output = output("", 1, "", "building\n\nerror: no `x.c` here\n");
        for (message, expected) in [
            (
                "SystemExit: 1",
                "building\nerror: no `x.c` here\nSystemExit: 1",
            ),
            ("ValueError: y", "ValueError: y"),
        ] {
            assert_eq!(output.reason(message), expected);
        }
    }

    #[test]
    fn tool_that_failed_mended_nothing() {
        for (hint, exit, expected) in [
            ("ruff", 0, true),
            ("unproven ruff", 1, true),
            ("ruff", 2, false),
            ("ruff format", 2, false),
            ("black", 1, false),
            ("black", 123, false),
            ("unproven isort", 139, false),
        ] {
            let read = read_mended(&output(hint, exit, "", "error: cannot format a.py"));
            assert_eq!(read.is_ok(), expected, "{hint} {exit}");
        }
    }
}
