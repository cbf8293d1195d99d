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
        hint: String::new(),
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

fn read_sphinx(output: &Output<'_>) -> Result<Partial, String> {
    let paths = Paths {
        root: output.root,
        folder: output.folder,
        installed: &[],
    };
    let warnings = (output.file)("warnings.txt").unwrap_or_default();
    let findings = sphinx::read(&warnings, &paths);
    ended(output, findings)
}

fn read_mkdocs(output: &Output<'_>) -> Result<Partial, String> {
    let findings = mkdocs::read(output.stderr.as_bytes(), output.hint);
    ended(output, findings)
}

/// A build that failed without a warning did not start: an extension that is missing, a bad setting.
fn ended(output: &Output<'_>, mut findings: Vec<Finding>) -> Result<Partial, String> {
    if output.exit != 0 && findings.is_empty() {
        let text = if output.stderr.trim().is_empty() {
            String::from_utf8_lossy(output.stdout).into_owned()
        } else {
            output.stderr.to_owned()
        };
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        findings.push(Finding {
            tool: "docs".to_owned(),
            rule: "build-failed".to_owned(),
            rule_url: None,
            message: lines[lines.len().saturating_sub(4)..].join("\n"),
            place: None,
            severity: Severity::Error,
            fixable: false,
            blocking: true,
        });
    }
    Ok(Partial {
        findings,
        ..Partial::default()
    })
}
