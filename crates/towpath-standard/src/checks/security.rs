//! `security`: bandit on the code, and known vulnerabilities of the locked dependencies from a local
//! copy of an advisory database or a service. Advice, until the project says that it blocks.

use std::collections::BTreeMap;

use towpath_python::{AutomationKind, PythonVersion};
use towpath_report::readers::{Paths, bandit};
use towpath_report::text::counted;
use towpath_report::{CheckResult, Finding};

use super::linted::{in_scope, policy};
use super::{Check, Scope, gathered, not_blocking};
use crate::adoption::{Adoption, ToolRun, adopted, handed_files};
use crate::advisories;
use crate::facts::{Facts, NeededCheck};
use crate::judge::judge;
use crate::linters::linter;
use crate::ratchet::BASELINE_FILE;
use crate::tool_command::{command, names_paths};
use crate::tools;
use crate::work::{
    Applies, Command, EnvironmentNeed, Inputs, Output, Partial, PythonChoice, Scan, ToolWork,
    TreeUse, Work,
};

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "security"
    }

    fn about(&self) -> &'static str {
        "runs bandit, and looks locked dependencies up in an advisory database"
    }

    fn scope(&self) -> Scope {
        Scope::Repository
    }

    fn matrix(&self, facts: &Facts<'_>) -> Vec<Option<PythonVersion>> {
        if facts.settings.security_matrix && !facts.pythons.run.is_empty() {
            return facts.pythons.run.iter().copied().map(Some).collect();
        }
        vec![None]
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        let runs = runs(facts);
        let calls = commands(facts, &runs);
        let files = code_files(facts);
        if calls.is_empty() && (!runs.is_empty() || files.is_empty()) {
            return Applies::Skip("no Python files".to_owned());
        }
        let chosen = tools::choose("bandit", facts.project, facts.automation);
        let mut requirements = vec![with_toml(&chosen.requirement)];
        for invocation in runs.iter().filter_map(|run| run.invocation.as_ref()) {
            requirements.extend(invocation.additional_dependencies.iter().cloned());
        }
        let environment = EnvironmentNeed::of(
            python.map_or(PythonChoice::ForTools, PythonChoice::Exactly),
            requirements,
        );
        let mut notes = vec![chosen.note];
        notes.extend(runs.iter().filter_map(ToolRun::note).map(str::to_owned));
        notes.retain(|note| !note.is_empty());
        let judged = ToolWork {
            advisories: advisories::question(facts),
            key: judged_by(facts, &runs),
            notes,
            ..ToolWork::of(environment, calls)
        };
        Applies::Work(Box::new(Work::Tool(if runs.is_empty() {
            scan(facts, judged, files, chosen.requirement)
        } else {
            ToolWork {
                // What lies there beside the repository's own files is no concern of it.
                tree: TreeUse::Private,
                inputs: Inputs {
                    endings: judged_files(facts),
                    ..Inputs::opened()
                },
                ..judged
            }
        })))
    }

    fn conclude(&self, facts: &Facts<'_>, mut found: Vec<Partial>) -> CheckResult {
        let told = found.iter_mut();
        let told = told.flat_map(|partial| std::mem::take(&mut partial.advisories));
        let told = told.collect();
        let runs = runs(facts);
        let mut result = gathered(in_scope(facts, &runs, found));
        advisories::look_up(facts, told, &mut result);
        let blocking =
            facts.settings.security_blocking || facts.settings.standard || is_adopted(&runs);
        let blocks = |_: &Finding| blocking;
        judge(facts, self.name(), &mut result, &blocks);
        result.summary = match result.findings.len() {
            0 => "nothing found".to_owned(),
            number if result.failed => counted(number, "finding"),
            _ => not_blocking(&result.findings, "finding"),
        };
        result
    }
}

/// Returns how the project runs bandit; none where it only configures it.
fn runs(facts: &Facts<'_>) -> Vec<ToolRun> {
    let mut runs = adopted(facts, &["bandit"]);
    runs.retain(|run| run.invocation.is_some());
    runs
}

fn is_adopted(runs: &[ToolRun]) -> bool {
    runs.iter().any(|run| run.adoption == Adoption::Adopted)
}

/// How many files a hook of pre-commit is handed at once.
const HANDED_AT_ONCE: usize = 1000;

/// Returns the commands by which the project runs bandit, with its own options and paths.
fn commands(facts: &Facts<'_>, runs: &[ToolRun]) -> Vec<Command> {
    let Some(linter) = linter("bandit") else {
        return Vec::new();
    };
    let of_run = |run: &ToolRun| -> Vec<Command> {
        let hook = run.invocation.as_ref().filter(|invocation| {
            invocation.kind == AutomationKind::PreCommit
                && !names_paths(linter, &invocation.arguments)
        });
        match hook {
            None => vec![command(linter, run, "", &[], &[])],
            Some(hook) => handed_files(facts, hook)
                .chunks(HANDED_AT_ONCE)
                .map(|files| command(linter, run, "", &[], files))
                .collect(),
        }
    };
    runs.iter().flat_map(of_run).collect()
}

/// Returns the work of looking file by file at a project that does not run bandit itself.
fn scan(facts: &Facts<'_>, work: ToolWork, files: Vec<String>, requirement: String) -> ToolWork {
    let arguments = bandit_arguments(facts);
    ToolWork {
        inputs: Inputs {
            endings: judged_files(facts),
            observed: false,
            ..Inputs::opened()
        },
        scan: Some(Scan {
            files,
            key: vec![requirement, configuration(facts), arguments.join("\0")],
        }),
        commands: vec![Command {
            tool: "bandit".to_owned(),
            arguments,
            environment: BTreeMap::new(),
            folder: String::new(),
            reads_stdout: true,
            read: read_bandit,
            hint: String::new(),
        }],
        ..work
    }
}

/// Returns what the judgement depends on beside the findings.
fn judged_by(facts: &Facts<'_>, runs: &[ToolRun]) -> Vec<(String, String)> {
    let advisories = facts.settings.advisories.clone().unwrap_or_default();
    let blocking = format!(
        "{} {}",
        facts.settings.security_blocking,
        policy(facts, runs)
    );
    vec![
        ("blocking".to_owned(), blocking),
        ("locked".to_owned(), advisories::locked_digest(facts)),
        ("advisories".to_owned(), advisories),
    ]
}

/// The code that is installed; tests assert, which bandit would report line by line.
fn code_files(facts: &Facts<'_>) -> Vec<String> {
    let is_code = |path: &&String| {
        let outside_tests = !path.split('/').any(|part| {
            matches!(
                part,
                "tests" | "test" | "testing" | "docs" | "examples" | "conftest.py"
            )
        });
        path.ends_with(".py") && outside_tests && !facts.tree.is_of_submodule(path)
    };
    facts.tree.files().keys().filter(is_code).cloned().collect()
}

fn bandit_arguments(facts: &Facts<'_>) -> Vec<String> {
    let mut arguments = vec!["{bin}/bandit".to_owned()];
    arguments.extend(bandit::ARGUMENTS.iter().map(|text| (*text).to_owned()));
    arguments.push("--exit-zero".to_owned());
    match facts.project.tool("bandit").map(|tool| tool.file.as_str()) {
        Some(file)
            if file.ends_with(".toml") || file.ends_with(".yaml") || file.ends_with(".yml") =>
        {
            arguments.extend(["--configfile".to_owned(), file.to_owned()]);
        }
        Some(file) => arguments.extend(["--ini".to_owned(), file.to_owned()]),
        None => {}
    }
    arguments
}

fn configuration(facts: &Facts<'_>) -> String {
    let file = facts.project.tool("bandit").map(|tool| tool.file.clone());
    file.and_then(|file| facts.tree.digest(&file))
        .map_or_else(String::new, |digest| digest.to_string())
}

fn with_toml(requirement: &str) -> String {
    requirement.replacen("bandit", "bandit[toml]", 1)
}

fn read_bandit(output: &Output<'_>) -> Result<Partial, String> {
    let paths = Paths {
        root: output.root,
        folder: output.folder,
        installed: &[],
    };
    let findings = bandit::read(output.stdout, &paths).map_err(|error| error.to_string())?;
    Ok(Partial {
        findings,
        ..Partial::default()
    })
}

/// Returns the files that count beside those that are scanned: bandit's configuration, and what the
/// judgement reads.
fn judged_files(facts: &Facts<'_>) -> Vec<String> {
    let mut files = advisories::files(facts);
    files.extend(facts.project.tool("bandit").map(|tool| tool.file.clone()));
    files.push(BASELINE_FILE.to_owned());
    files
}
