//! `security`: bandit on the code, and known vulnerabilities of the locked dependencies from a local
//! copy of an advisory database. Advice, until the project says that it blocks.

use std::collections::BTreeMap;

use pep440_rs::Version;
use towpath_host::Digest;
use towpath_python::PythonVersion;
use towpath_report::readers::{Paths, bandit, osv};
use towpath_report::{CheckResult, Finding, Place, Severity};

use super::{Check, Scope, count, gathered, line_of, not_blocking};
use crate::adoption::{Adoption, adopted};
use crate::facts::{Facts, NeededCheck, is_below};
use crate::ignored::is_of_submodule;
use crate::judge::{BASELINE_FILE, judge};
use crate::tools::{self, names};
use crate::work::{
    Applies, Command, EnvironmentNeed, Inputs, Network, Output, Partial, ProjectInstall,
    PythonChoice, Scan, ToolWork, TreeUse, Work,
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
        Applies::Work(Box::new(Work::Tool(ToolWork {
            environment: EnvironmentNeed {
                python: python.map_or(PythonChoice::ForTools, PythonChoice::Exactly),
                requirements,
                requirement_files: Vec::new(),
                constraints: Vec::new(),
                locked: None,
                project: ProjectInstall::No,
            },
            tree: TreeUse::ReadOnly,
            network: Network::Closed,
            inputs: Inputs {
                globs: Vec::new(),
                endings: judged_files(facts),
                observed: false,
                names: true,
            },
            executes_project: false,
            builds: false,
            commands: vec![Command {
                tool: "bandit".to_owned(),
                arguments: arguments.clone(),
                environment: BTreeMap::new(),
                folder: String::new(),
                reads_stdout: true,
                read: read_bandit,
                hint: String::new(),
            }],
            scan: Some(Scan {
                files,
                key: vec![
                    chosen.requirement,
                    configuration(facts),
                    arguments.join("\0"),
                ],
            }),
            support_files: Vec::new(),
            artifacts: Vec::new(),
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
                (
                    "locked".to_owned(),
                    Digest::of(format!("{:?}", facts.project.locked).as_bytes()).to_string(),
                ),
                (
                    "advisories".to_owned(),
                    facts.settings.advisories.clone().unwrap_or_default(),
                ),
            ],
            notes: Some(chosen.note)
                .into_iter()
                .filter(|note| !note.is_empty())
                .collect(),
        })))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        let mut result = gathered(found);
        result
            .findings
            .extend(vulnerabilities(facts, &mut result.notes));
        let blocking =
            facts.settings.security_blocking || facts.settings.standard || is_adopted(facts);
        let baseline = facts.baseline();
        let ratchet = facts.settings.ratchet(self.name());
        let blocks = |_: &Finding| blocking || ratchet.baseline;
        let said = judge(
            self.name(),
            &mut result.findings,
            &ratchet,
            baseline.as_ref(),
            &blocks,
        );
        result.notes.extend(said);
        result.failed = result.findings.iter().any(|finding| finding.blocking);
        result.summary = match result.findings.len() {
            0 => "nothing found".to_owned(),
            number if result.failed => count(number, "finding"),
            number => not_blocking(number, "finding"),
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
        path.ends_with(".py") && outside_tests && !is_of_submodule(facts.tree, path)
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

/// Looks the locked versions up in the advisories that the settings name.
fn vulnerabilities(facts: &Facts<'_>, notes: &mut Vec<String>) -> Vec<Finding> {
    if facts.project.locked.is_empty() {
        return Vec::new();
    }
    let Some(path) = &facts.settings.advisories else {
        notes.push(
            "locked dependencies were not looked up: set `advisories` in `[tool.towpath.security]` to a \
             file or folder of OSV advisories"
                .to_owned(),
        );
        return Vec::new();
    };
    let mut findings = Vec::new();
    let mut read = 0;
    for file in advisory_files(facts) {
        match facts
            .tree
            .read(file)
            .map_err(|error| error.to_string())
            .and_then(|bytes| osv::read(&bytes).map_err(|error| error.to_string()))
        {
            Ok(advisories) => {
                read += 1;
                findings.extend(affected(facts, &advisories));
            }
            Err(error) => notes.push(format!("`{file}` was not read: {error}")),
        }
    }
    if read == 0 {
        notes.push(format!("`{path}` holds no advisories in JSON"));
    }
    findings
}

/// Returns the files of advisories that the settings name.
fn advisory_files<'a>(facts: &'a Facts<'_>) -> Vec<&'a String> {
    let Some(path) = &facts.settings.advisories else {
        return Vec::new();
    };
    let is_named =
        |file: &&String| file.ends_with(".json") && is_below(file, path.trim_end_matches('/'));
    facts.tree.files().keys().filter(is_named).collect()
}

/// Returns the files that count beside those that are scanned: bandit's configuration, and what the
/// judgement reads.
fn judged_files(facts: &Facts<'_>) -> Vec<String> {
    let mut files: Vec<String> = advisory_files(facts).into_iter().cloned().collect();
    files.extend(facts.project.tool("bandit").map(|tool| tool.file.clone()));
    files.extend(lock_files(facts));
    files.push(BASELINE_FILE.to_owned());
    files
}

/// Returns the files that versions may be locked in.
fn lock_files(facts: &Facts<'_>) -> Vec<String> {
    let lock = facts.project.lock.iter().map(|lock| lock.path.clone());
    lock.chain(
        facts
            .project
            .requirements_files
            .iter()
            .map(|file| file.path.clone()),
    )
    .collect()
}

/// Returns where a version is locked: the line that names the package, in a file that names both.
fn locked_at(facts: &Facts<'_>, package: &str, version: &str) -> Place {
    let names = |line: &str| {
        let line = line
            .trim_start()
            .trim_start_matches("name = ")
            .trim_start_matches('"');
        line.split(['"', '=', ' ', ';', '['])
            .next()
            .is_some_and(|name| names(name, package))
    };
    let holds = |path: &String| {
        facts
            .tree
            .read_text(path)
            .is_ok_and(|text| text.contains(version))
    };
    let places = lock_files(facts)
        .into_iter()
        .filter(holds)
        .map(|path| line_of(facts, &path, names));
    places
        .into_iter()
        .find(|place| place.line > 0)
        .unwrap_or_else(|| Place::file(&facts.project.manifest.path))
}

/// Returns a finding for each locked version that an advisory names.
fn affected(facts: &Facts<'_>, advisories: &[osv::Advisory]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for advisory in advisories {
        let package = advisory
            .package
            .to_ascii_lowercase()
            .replace(['_', '.'], "-");
        for version in facts.project.locked.get(&package).into_iter().flatten() {
            if is_affected(advisory, version) {
                findings.push(Finding {
                    tool: "advisories".to_owned(),
                    rule: advisory.id.clone(),
                    rule_url: Some(format!("https://osv.dev/vulnerability/{}", advisory.id)),
                    message: advisory.message(version),
                    place: Some(locked_at(facts, &package, version)),
                    severity: Severity::Error,
                    fixable: false,
                    blocking: false,
                });
            }
        }
    }
    findings
}

/// Compares a version with an advisory's list and ranges, by PEP 440.
fn is_affected(advisory: &osv::Advisory, version: &str) -> bool {
    if advisory.versions.iter().any(|listed| listed == version) {
        return true;
    }
    let Ok(version) = version.parse::<Version>() else {
        return false;
    };
    let parsed = |text: &str| text.parse::<Version>().ok();
    advisory.ranges.iter().any(|range| {
        let from = range.introduced == "0"
            || parsed(&range.introduced).is_some_and(|introduced| version >= introduced);
        let before_fix = range
            .fixed
            .as_deref()
            .and_then(parsed)
            .is_none_or(|fixed| version < fixed);
        let up_to = range
            .last_affected
            .as_deref()
            .and_then(parsed)
            .is_none_or(|last| version <= last);
        from && before_fix && up_to
    })
}
