//! `docs`: sphinx or mkdocs, with warnings as the project sets them.

use std::collections::BTreeMap;

use towpath_python::{DocsTool, PythonVersion};
use towpath_report::readers::{Paths, mkdocs, sphinx};
use towpath_report::{CheckResult, Finding, Severity};

use super::{Check, count, gathered, line_of, not_blocking};
use crate::adoption::{Adoption, ToolRun, adopted, has_automation};
use crate::facts::{Facts, NeededCheck};
use crate::test_environment::automated;
use crate::work::{
    Applies, Command, EnvironmentNeed, Inputs, Network, Output, Partial, ProjectInstall,
    PythonChoice, ToolWork, TreeUse, Work,
};

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "docs"
    }

    fn about(&self) -> &'static str {
        "builds the documentation"
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        _python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        let Some(docs) = &facts.project.docs else {
            return Applies::Skip("no sphinx or mkdocs configuration".to_owned());
        };
        let run = run(facts);
        if let (Some(why), None, false) = (run.note(), &run.invocation, facts.settings.standard) {
            return Applies::Skip(format!("{} is configured, {why}", docs.config));
        }
        let strict = is_strict(&run);
        let command = match docs.tool {
            DocsTool::Sphinx => sphinx_command(facts, &run, strict),
            DocsTool::Mkdocs => mkdocs_command(facts, strict),
        };
        Applies::Work(Box::new(Work::Tool(ToolWork {
            environment: environment(facts),
            tree: TreeUse::Private,
            network: Network::OnFailure,
            inputs: Inputs {
                globs: Vec::new(),
                endings: Vec::new(),
                observed: true,
                names: true,
            },
            executes_project: true,
            builds: false,
            commands: vec![command],
            scan: None,
            support_files: Vec::new(),
            artifacts: Vec::new(),
            key: vec![("blocks".to_owned(), run.blocks().to_string())],
            notes: Vec::new(),
        })))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        let run = run(facts);
        let blocks = (run.blocks() || facts.settings.standard) && is_strict(&run);
        let mut result = gathered(found);
        let lacks_inventories = result.findings.iter().any(is_unreachable);
        for finding in &mut result.findings {
            let broken = finding.severity == Severity::Error;
            let excused = is_unreachable(finding) || (lacks_inventories && is_reference(finding));
            finding.blocking = (blocks || (broken && run.blocks())) && !excused;
            locate(facts, finding);
        }
        let blocking = result
            .findings
            .iter()
            .filter(|finding| finding.blocking)
            .count();
        result.failed = blocking > 0;
        result.summary = match (blocking, result.findings.len()) {
            (0, 0) => "no warning".to_owned(),
            (0, all) => not_blocking(all, "warning"),
            (number, _) => count(number, "problem"),
        };
        result
    }
}

/// mkdocs names the page of a broken link and not its line.
fn locate(facts: &Facts<'_>, finding: &mut Finding) {
    let Some((_, rest)) = finding.message.split_once("contains a link '") else {
        return;
    };
    let Some((link, _)) = rest.split_once('\'') else {
        return;
    };
    if let Some(place) = finding.place.as_mut().filter(|place| place.line == 0) {
        *place = line_of(facts, &place.path, |line| line.contains(link));
    }
}

/// An inventory of another project that this machine cannot fetch is no fault of the documentation.
fn is_unreachable(finding: &Finding) -> bool {
    finding
        .message
        .contains("failed to reach any of the inventories")
        || finding.message.contains("intersphinx inventory")
}

/// Returns whether a finding is a reference that sphinx could not resolve: without the inventories of
/// other projects nobody can tell a wrong one from one that leads there.
fn is_reference(finding: &Finding) -> bool {
    finding.rule.starts_with("ref.") || finding.message.contains("reference target not found")
}

fn tool_names(facts: &Facts<'_>) -> &'static [&'static str] {
    match facts.project.docs.as_ref().map(|docs| docs.tool) {
        Some(DocsTool::Mkdocs) => &["mkdocs"],
        _ => &["sphinx-build"],
    }
}

fn run(facts: &Facts<'_>) -> ToolRun {
    let none = ToolRun {
        tool: tool_names(facts)
            .first()
            .map_or_else(String::new, |tool| (*tool).to_owned()),
        adoption: if has_automation(facts.automation) {
            Adoption::Advice("run by none of the project's automation".to_owned())
        } else if facts.is_release() {
            Adoption::Advice("but how it is built was left out of the release".to_owned())
        } else {
            Adoption::Adopted
        },
        invocation: None,
    };
    adopted(facts, tool_names(facts))
        .into_iter()
        .find(|run| {
            run.invocation.as_ref().is_some_and(|invocation| {
                // Serving and publishing build too, but they are no checks.
                !invocation.arguments.iter().any(|argument| {
                    matches!(argument.as_str(), "serve" | "gh-deploy" | "linkcheck")
                })
            })
        })
        .unwrap_or(none)
}

fn is_strict(run: &ToolRun) -> bool {
    run.invocation.as_ref().is_some_and(|invocation| {
        invocation.arguments.iter().any(|argument| {
            matches!(
                argument.as_str(),
                "-W" | "--fail-on-warning" | "--strict" | "-s"
            ) || (argument.starts_with('-')
                && !argument.starts_with("--")
                && argument.contains('W'))
        })
    })
}

fn sphinx_command(facts: &Facts<'_>, run: &ToolRun, strict: bool) -> Command {
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

fn mkdocs_command(facts: &Facts<'_>, strict: bool) -> Command {
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

/// Returns what building the documentation needs: what the automation installs for it, else the
/// group, extra or requirements file that is named for it.
fn environment(facts: &Facts<'_>) -> EnvironmentNeed {
    let project = facts.project;
    let is_docs_tool = |tool: &str| {
        matches!(
            tool,
            "sphinx-build" | "mkdocs" | "sphinx" | "sphinx-autobuild"
        )
    };
    let mut need = EnvironmentNeed {
        python: facts
            .pythons
            .run
            .last()
            .map_or(PythonChoice::ForTools, |python| {
                PythonChoice::Exactly(*python)
            }),
        requirements: Vec::new(),
        requirement_files: Vec::new(),
        constraints: Vec::new(),
        locked: None,
        project: if project.is_package {
            ProjectInstall::Editable
        } else {
            ProjectInstall::No
        },
    };
    let found = automated(facts, is_docs_tool).unwrap_or_default();
    let mut groups = found.groups;
    let mut extras = found.extras;
    need.requirements = found.requirements;
    need.requirement_files = found.requirement_files;
    if groups.is_empty() && extras.is_empty() && need.requirement_files.is_empty() {
        let is_named = |name: &&String| matches!(name.as_str(), "docs" | "doc" | "documentation");
        groups = project.groups.keys().filter(is_named).cloned().collect();
        if groups.is_empty() {
            extras = project.extras.keys().filter(is_named).cloned().collect();
        }
        need.requirement_files.extend(
            project
                .docs
                .as_ref()
                .and_then(|docs| docs.requirements.clone()),
        );
    }
    if project.lock.is_some() {
        need.locked = Some((groups, extras));
    } else {
        let listed = |names: &[String], table: &BTreeMap<String, Vec<String>>| -> Vec<String> {
            names
                .iter()
                .filter_map(|name| table.get(name))
                .flatten()
                .cloned()
                .collect()
        };
        need.requirements
            .extend(project.dependencies.iter().cloned());
        need.requirements.extend(listed(&groups, &project.groups));
        need.requirements.extend(listed(&extras, &project.extras));
    }
    let holds_tool = need.locked.is_some()
        || !need.requirement_files.is_empty()
        || need
            .requirements
            .iter()
            .any(|text| crate::tools::names(text, "sphinx") || crate::tools::names(text, "mkdocs"));
    if !holds_tool {
        need.requirements
            .push(match project.docs.as_ref().map(|docs| docs.tool) {
                Some(DocsTool::Mkdocs) => "mkdocs".to_owned(),
                _ => "sphinx".to_owned(),
            });
    }
    need
}
