//! `towpath fix`: the project's linters and formatters with their fixes on. The one command that edits.

use std::collections::BTreeMap;

use towpath_host::Digest;
use towpath_report::{Finding, Problem};
use towpath_standard::{BASELINE_FILE, Baseline, CHECKS};

use crate::arguments::{FixArguments, GlobalArguments, ReportArguments, ReportFormat};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;
use crate::process::Process;
use crate::repository;
use crate::run::{Asked, Ground, perform};

pub(super) fn run(
    process: &Process,
    global: &GlobalArguments,
    fix: &FixArguments,
) -> anyhow::Result<ExitCode> {
    let folder = super::folder(process, global);
    let ground = Ground::prepare(process, &folder, &fix.execution)?;
    if let (true, Some(name)) = (fix.baseline, fix.name.as_deref()) {
        return write_baseline(process, global, fix, &ground, name);
    }
    let facts = ground.repository.facts(&ground.interpreters, &[], None);
    let session = ground.session(process, &facts, &fix.execution);
    let project = fix
        .project
        .as_deref()
        .map_or("", |project| project.trim_end_matches('/'));
    let Some(facts) = facts
        .iter()
        .find(|facts| project.is_empty() || facts.project.root == project)
    else {
        return Err(Failure::of(
            Problem::error(format!("`{project}` is no project of this repository"))
                .with_hint("`towpath explain` lists the projects"),
        )
        .into());
    };
    let mut mended = Vec::new();
    for check in CHECKS {
        if fix.name.as_deref().is_none_or(|name| name == check.name())
            && let Some(work) = check.fix(facts)
        {
            session
                .mend(*check, facts, &work)
                .map_err(|problems| Failure {
                    problems,
                    closing: String::new(),
                })?;
            mended.push(check.name());
        }
    }
    if mended.is_empty() {
        let name = fix.name.as_deref().unwrap_or_default();
        return Err(Failure::of(
            Problem::error(format!("`{name}` is no check that can be mended"))
                .with_hint("`towpath fix lint` and `towpath fix format` edit files"),
        )
        .into());
    }
    let after = repository::open(&folder, process.folders()?, false)?;
    let before = digests(&ground.repository);
    let after = digests(&after);
    let changed: Vec<&String> = after
        .iter()
        .filter(|(path, digest)| before.get(*path) != Some(digest))
        .map(|(path, _)| path)
        .collect();
    let mut text: String = changed
        .iter()
        .map(|path| format!("  mended {path}\n"))
        .collect();
    text.push_str(&match changed.len() {
        0 => "Nothing to mend\n".to_owned(),
        1 => "1 file mended\n".to_owned(),
        number => format!("{number} files mended\n"),
    });
    output::print(&text);
    Ok(ExitCode::Passed)
}

fn digests(repository: &repository::Repository) -> BTreeMap<String, Option<Digest>> {
    let tree = &repository.tree;
    tree.files()
        .keys()
        .map(|path| (path.clone(), tree.digest(path)))
        .collect()
}

/// Writes what a check finds today into the repository's baseline, in place of what it held for it.
fn write_baseline(
    process: &Process,
    global: &GlobalArguments,
    fix: &FixArguments,
    ground: &Ground<'_>,
    name: &str,
) -> anyhow::Result<ExitCode> {
    let report = ReportArguments {
        reports: Vec::new(),
        format: ReportFormat::Text,
        quiet: false,
        verbose: false,
    };
    let projects: Vec<String> = fix.project.iter().cloned().collect();
    let asked = Asked {
        folder: super::folder(process, global),
        color: global.color,
        execution: &fix.execution,
        report: &report,
        pythons: &[],
        projects: &projects,
        check: Some(name),
        failed: false,
        changed_since: None,
    };
    let record = perform(process, &asked, ground)?;
    let own = record.jobs.iter().filter(|job| job.group == name);
    let findings: Vec<Finding> = own.flat_map(|job| job.result.findings.clone()).collect();
    let path = ground.repository.tree.root().join(BASELINE_FILE);
    let before: Baseline = match fs_err::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            Failure::of(
                Problem::error(format!("`{BASELINE_FILE}` is no baseline: {error}"))
                    .with_hint("mend the file, or remove it to start anew"),
            )
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Baseline::default(),
        Err(error) => return Err(error.into()),
    };
    let text = serde_json::to_string_pretty(&before.with(name, &findings))? + "\n";
    fs_err::write(&path, text)?;
    output::print(&format!(
        "{BASELINE_FILE} holds {} findings of {name}; set `baseline = true` in `[tool.towpath.{name}]`\n",
        findings.len()
    ));
    Ok(ExitCode::Passed)
}
