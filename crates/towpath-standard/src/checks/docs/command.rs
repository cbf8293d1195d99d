//! The commands that build the documentation, and what they report.

use std::collections::BTreeMap;

use towpath_python::{Docs, DocsTool, Invocation};
use towpath_report::readers::{Paths, exception, mkdocs, sphinx};
use towpath_report::{Finding, Severity};

use crate::adoption::ToolRun;
use crate::facts::Facts;
use crate::work::{Command, Output, Partial};

/// Options of sphinx-build whose value changes what is built.
const CARRIED: [&str; 3] = ["-t", "-D", "-A"];

/// Options of sphinx-build with a value that is of no concern here.
const DROPPED: [&str; 3] = ["-d", "-j", "-w"];

/// Returns the programs that build documentation of the project's kind.
pub(super) fn tool_names(facts: &Facts<'_>) -> &'static [&'static str] {
    match facts.project.docs.as_ref().map(|docs| docs.tool) {
        Some(DocsTool::Mkdocs) => &["mkdocs"],
        _ => &["sphinx-build"],
    }
}

/// Returns whether a command is a check: serving and publishing build too, and links of other sites
/// are no matter of this one.
pub(super) fn is_build(invocation: &Invocation) -> bool {
    const OTHERS: [&str; 5] = ["serve", "gh-deploy", "linkcheck", "gettext", "clean"];
    !invocation
        .arguments
        .iter()
        .any(|argument| OTHERS.contains(&argument.as_str()))
}

/// Returns the commands of all runs, each once.
pub(super) fn commands(facts: &Facts<'_>, docs: &Docs, runs: &[ToolRun]) -> Vec<Command> {
    if docs.tool == DocsTool::Mkdocs {
        let strict = runs.iter().any(|run| {
            arguments(run)
                .iter()
                .any(|argument| matches!(argument.as_str(), "-s" | "--strict"))
        });
        return vec![mkdocs_command(facts, docs, strict)];
    }
    let mut builds: Vec<Build> = Vec::new();
    for run in runs {
        let build = Build::of(facts, docs, run);
        if !builds.contains(&build) {
            builds.push(build);
        }
    }
    builds
        .iter()
        .enumerate()
        .map(|(index, build)| build.command(facts, index))
        .collect()
}

fn arguments(run: &ToolRun) -> &[String] {
    run.invocation
        .as_ref()
        .map_or(&[], |invocation| &invocation.arguments)
}

/// One call of sphinx-build, as far as it decides what is found.
#[derive(Debug, PartialEq)]
struct Build {
    builder: String,
    /// Relative to the repository.
    source: String,
    strict: bool,
    options: Vec<String>,
}

impl Build {
    fn of(facts: &Facts<'_>, docs: &Docs, run: &ToolRun) -> Self {
        let mut build = Self {
            builder: "html".to_owned(),
            source: docs.folder.clone(),
            strict: false,
            options: Vec::new(),
        };
        let folder = run
            .invocation
            .as_ref()
            .map_or("", |invocation| invocation.folder.as_str());
        let mut settings = None;
        let mut operands = Vec::new();
        let mut words = arguments(run).iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "-b" | "--builder" | "-M" => {
                    build.builder = words.next().cloned().unwrap_or_default();
                }
                "-c" => settings = words.next().map(|word| joined(folder, word)),
                option if CARRIED.contains(&option) => {
                    build.options.push(option.to_owned());
                    build.options.extend(words.next().cloned());
                }
                option if DROPPED.contains(&option) => {
                    words.next();
                }
                option if option.starts_with("--") => {
                    build.strict |= option == "--fail-on-warning";
                    let builder = option.strip_prefix("--builder=").map(str::to_owned);
                    build.builder = builder.unwrap_or(build.builder);
                    build.is_nitpicky(option == "--nitpicky");
                }
                option if option.starts_with("-b") => {
                    // argparse takes `-b=html` as `-bhtml`.
                    option[2..]
                        .trim_start_matches('=')
                        .clone_into(&mut build.builder);
                }
                option if DROPPED.iter().any(|dropped| option.starts_with(dropped)) => {}
                option if CARRIED.iter().any(|carried| option.starts_with(carried)) => {
                    build.options.push(option.to_owned());
                }
                option if option.starts_with('-') => {
                    build.strict |= option.contains('W');
                    build.is_nitpicky(option.contains('n'));
                }
                _ => operands.push(word),
            }
        }
        if build.builder == "latexpdf" {
            "latex".clone_into(&mut build.builder);
        }
        let named = operands.first().map(|word| joined(folder, word));
        let has_settings = |folder: &String| facts.tree.contains(&joined(folder, "conf.py"));
        if let Some(settings) = settings.filter(has_settings) {
            build.source = named.unwrap_or(build.source);
            let settings = format!("{{tree}}/{settings}");
            build.options.extend(["-c".to_owned(), settings]);
        } else {
            build.source = named.filter(has_settings).unwrap_or(build.source);
        }
        build
    }

    fn is_nitpicky(&mut self, nitpicky: bool) {
        if nitpicky && !self.options.iter().any(|option| option == "-n") {
            self.options.push("-n".to_owned());
        }
    }

    fn command(&self, facts: &Facts<'_>, index: usize) -> Command {
        let mut arguments: Vec<String> = ["{python}", "-m", "sphinx"].map(str::to_owned).to_vec();
        arguments.extend(sphinx::ARGUMENTS.iter().map(|text| (*text).to_owned()));
        arguments.push(format!("{{out}}/warnings-{index}.txt"));
        if self.strict {
            arguments.extend(["-W".to_owned(), "--keep-going".to_owned()]);
        }
        arguments.extend(self.options.iter().cloned());
        arguments.extend(["-b".to_owned(), self.builder.clone()]);
        arguments.extend(["-d".to_owned(), "{out}/doctrees".to_owned()]);
        arguments.push(format!("{{tree}}/{}", self.source));
        arguments.push(format!("{{out}}/docs-{index}"));
        Command {
            tool: "sphinx".to_owned(),
            arguments,
            environment: BTreeMap::new(),
            folder: facts.project.root.clone(),
            reads_stdout: true,
            read: if self.strict {
                read_strict_sphinx
            } else {
                read_sphinx
            },
            hint: format!("{index} {}", self.source),
        }
    }
}

/// Returns a path below a folder, without `.` and `..`.
fn joined(folder: &str, path: &str) -> String {
    let joined = format!("{folder}/{path}");
    Paths::at_root("").relative(joined.trim_start_matches('/'))
}

fn mkdocs_command(facts: &Facts<'_>, docs: &Docs, strict: bool) -> Command {
    let mut arguments: Vec<String> = ["{python}", "-m", "mkdocs"].map(str::to_owned).to_vec();
    arguments.extend(mkdocs::ARGUMENTS.iter().map(|text| (*text).to_owned()));
    if strict {
        arguments.push("--strict".to_owned());
    }
    arguments.extend(["--site-dir".to_owned(), "{out}/docs".to_owned()]);
    arguments.push(format!("--config-file={{tree}}/{}", docs.config));
    Command {
        tool: "mkdocs".to_owned(),
        arguments,
        environment: BTreeMap::new(),
        folder: facts.project.root.clone(),
        reads_stdout: true,
        read: read_mkdocs,
        hint: docs.folder.clone(),
    }
}

fn read_sphinx(output: &Output<'_>) -> Result<Partial, String> {
    Ok(sphinx_ended(output, false))
}

fn read_strict_sphinx(output: &Output<'_>) -> Result<Partial, String> {
    Ok(sphinx_ended(output, true))
}

/// Reads what one sphinx-build wrote, and says what of it made the command fail: warnings where they
/// are errors, failing doctests, or what ended it (exit code 2).
fn sphinx_ended(output: &Output<'_>, strict: bool) -> Partial {
    let paths = Paths {
        root: output.root,
        folder: output.folder,
        installed: &[],
    };
    let (index, source) = output.hint.split_once(' ').unwrap_or((output.hint, ""));
    let warnings = (output.file)(&format!("warnings-{index}.txt")).unwrap_or_default();
    let mut findings = sphinx::read(&warnings, &paths);
    let doctests = (output.file)(&format!("docs-{index}/output.txt")).unwrap_or_default();
    let failures = sphinx::read_doctests(&doctests, source);
    for finding in &mut findings {
        finding.blocking = output.exit != 0 && strict && finding.severity != Severity::Note;
    }
    findings.extend(failures.into_iter().map(|finding| Finding {
        blocking: true,
        ..finding
    }));
    let is_explained = output.exit == 1 && findings.iter().any(|finding| finding.blocking);
    ended(output, findings, is_explained)
}

fn read_mkdocs(output: &Output<'_>) -> Result<Partial, String> {
    let mut findings = mkdocs::read(output.stderr.as_bytes(), output.hint);
    // It logs to standard error, and says on standard output that the warnings ended it.
    let stdout = String::from_utf8_lossy(output.stdout);
    let counts_warnings = stdout.contains("in strict mode");
    for finding in &mut findings {
        let counts = counts_warnings || finding.severity == Severity::Error;
        finding.blocking = output.exit != 0 && counts;
    }
    let is_explained = findings.iter().any(|finding| finding.blocking);
    Ok(ended(output, findings, is_explained))
}

/// A build that failed for none of the reasons that it reports did not come to its end: an extension
/// that is missing, a bad setting. An error of the whole build that it logged last is its reason.
fn ended(output: &Output<'_>, mut findings: Vec<Finding>, is_explained: bool) -> Partial {
    if output.exit != 0 && !is_explained {
        let is_reason =
            |finding: &&mut Finding| finding.severity == Severity::Error && finding.place.is_none();
        match findings.last_mut().filter(is_reason) {
            Some(last) => {
                "build-failed".clone_into(&mut last.rule);
                last.blocking = true;
            }
            None => findings.push(Finding {
                tool: "docs".to_owned(),
                rule: "build-failed".to_owned(),
                rule_url: None,
                message: exception::cause(&output.said()),
                place: None,
                severity: Severity::Error,
                fixable: false,
                blocking: true,
            }),
        }
    }
    Partial {
        findings,
        ..Partial::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_mkdocs_blocks() {
        const CRASH: &str = "WARNING -  y\nTraceback (most recent call last):\n  File \"hook.py\", line 1, in f\nValueError: no theme";
        for (exit, stdout, stderr, expected) in [
            (0, "", "WARNING -  y", [("y", false)].as_slice()),
            (
                1,
                "Aborted with 1 warnings in strict mode!",
                "WARNING -  y",
                &[("y", true)],
            ),
            (
                1,
                "Aborted with a BuildError!",
                "ERROR   -  y",
                &[("y", true)],
            ),
            (
                1,
                "",
                CRASH,
                &[("y", false), ("ValueError: no theme", true)],
            ),
        ] {
            let output = Output {
                exit,
                stdout: stdout.as_bytes(),
                stderr,
                root: "/r",
                folder: "",
                hint: "docs",
                file: &|_| None,
            };
            let found = read_mkdocs(&output).expect("it can be read").findings;
            let found: Vec<(&str, bool)> = found
                .iter()
                .map(|finding| (finding.message.as_str(), finding.blocking))
                .collect();
            assert_eq!(found, expected, "{stderr}");
        }
    }
}
