//! `security`: bandit on the code, and known vulnerabilities of the locked dependencies from a local
//! copy of an advisory database. Advice, until the project says that it blocks.

use std::collections::BTreeMap;

use towpath_python::PythonVersion;
use towpath_report::readers::{Paths, bandit};
use towpath_report::text::counted;
use towpath_report::{CheckResult, Finding};

use super::{Check, Scope, gathered, not_blocking};
use crate::adoption::{Adoption, adopted};
use crate::advisories;
use crate::facts::{Facts, NeededCheck};
use crate::judge::judge;
use crate::ratchet::BASELINE_FILE;
use crate::tools;
use crate::work::{
    Applies, Command, EnvironmentNeed, Inputs, Output, Partial, PythonChoice, Scan, ToolWork, Work,
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
        let files = code_files(facts);
        if files.is_empty() {
            return Applies::Skip("no Python files".to_owned());
        }
        let chosen = tools::choose("bandit", facts.project, facts.automation);
        let arguments = bandit_arguments(facts);
        let requirements = vec![with_toml(&chosen.requirement)];
        let environment = EnvironmentNeed::of(
            python.map_or(PythonChoice::ForTools, PythonChoice::Exactly),
            requirements,
        );
        let command = Command {
            tool: "bandit".to_owned(),
            arguments: arguments.clone(),
            environment: BTreeMap::new(),
            folder: String::new(),
            reads_stdout: true,
            read: read_bandit,
            hint: String::new(),
        };
        Applies::Work(Box::new(Work::Tool(ToolWork {
            inputs: Inputs {
                endings: judged_files(facts),
                observed: false,
                ..Inputs::opened()
            },
            scan: Some(Scan {
                files,
                key: vec![
                    chosen.requirement,
                    configuration(facts),
                    arguments.join("\0"),
                ],
            }),
            key: vec![
                (
                    "blocking".to_owned(),
                    format!(
                        "{} standard={} adopted={}",
                        facts.settings.security_blocking,
                        facts.settings.standard,
                        is_adopted(facts)
                    ),
                ),
                ("locked".to_owned(), advisories::locked_digest(facts)),
                (
                    "advisories".to_owned(),
                    facts.settings.advisories.clone().unwrap_or_default(),
                ),
            ],
            notes: Some(chosen.note)
                .into_iter()
                .filter(|note| !note.is_empty())
                .collect(),
            ..ToolWork::of(environment, vec![command])
        })))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        let mut result = gathered(found);
        advisories::look_up(facts, &mut result);
        let blocking =
            facts.settings.security_blocking || facts.settings.standard || is_adopted(facts);
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

fn is_adopted(facts: &Facts<'_>) -> bool {
    adopted(facts, &["bandit"])
        .iter()
        .any(|run| run.invocation.is_some() && run.adoption == Adoption::Adopted)
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
