//! Reads what a linter wrote, and tells one that found nothing from one that did not do its work.

use towpath_report::Severity;
use towpath_report::readers::Paths;

use crate::linters::linter;
use crate::work::{Output, Partial};

/// What the hint of a command starts with that no automation is known to run with success.
pub(crate) const UNPROVEN: &str = "unproven ";

/// Fact about a tool that could not do its work.
pub(crate) const COULD_NOT_RUN: &str = "could not run";

/// What the project relies on must run; of what is only configured or advised nobody knows that it can.
pub(crate) fn read_linter(output: &Output<'_>) -> Result<Partial, String> {
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
}
