//! `towpath fix`: the project's linters and formatters with their fixes on. The one command that edits.

use std::collections::BTreeMap;

use towpath_host::Digest;
use towpath_report::text::counted;
use towpath_report::{Finding, Problem, Verdict};
use towpath_standard::{BASELINE_FILE, Baseline, mending};

use crate::arguments::{FixArguments, GlobalArguments, ReportArguments, ReportFormat};
use crate::asked::Asked;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::history::History;
use crate::nearest;
use crate::output;
use crate::process::Process;
use crate::repository::{self, Reading};
use crate::run::{Ground, perform};
use crate::selection::{project_root, refuse_unknown_projects};

/// The checks whose problems can be mended.
const MENDED: [&str; 2] = ["lint", "format"];

/// The checks whose findings a baseline can tolerate.
const WITH_BASELINE: [&str; 4] = ["lint", "types", "security", "secrets"];

pub(super) fn run(
    process: &Process,
    global: &GlobalArguments,
    fix: &FixArguments,
) -> anyhow::Result<ExitCode> {
    let name = fix.name.as_deref();
    let possible: &[&str] = if fix.baseline {
        &WITH_BASELINE
    } else {
        &MENDED
    };
    if let Some(name) = name.filter(|name| !possible.contains(name)) {
        return Err(not_possible(name, possible, fix.baseline).into());
    }
    let folder = super::folder(process, global);
    let ground = Ground::prepare(process, &folder, &fix.execution)?;
    let projects: Vec<String> = fix.project.iter().cloned().collect();
    refuse_unknown_projects(&ground.repository, &projects)?;
    if let (true, Some(name)) = (fix.baseline, name) {
        return write_baseline(process, global, fix, &ground, name);
    }
    let all = ground.repository.facts(&ground.interpreters, &[], None);
    let session = ground.session(process, &all, &fix.execution);
    let root = fix.project.as_deref().map(project_root);
    let mut problems = Vec::new();
    for (check, facts, work) in mending(&all, name, root) {
        let mended = session.mend(check, facts, &work);
        problems.extend(mended.err().into_iter().flatten());
    }
    let reading = Reading {
        folder: &folder,
        verify: false,
        config: None,
    };
    let after = digests(&repository::open(&reading, process.folders()?)?);
    let before = digests(&ground.repository);
    let changed = after
        .iter()
        .filter(|(path, digest)| before.get(*path) != Some(digest));
    let lines: Vec<String> = changed
        .map(|(path, _)| format!("  mended {path}\n"))
        .collect();
    let closing = match lines.len() {
        0 => "Nothing to mend\n".to_owned(),
        1 => "1 file mended\n".to_owned(),
        number => format!("{number} files mended\n"),
    };
    if problems.is_empty() {
        output::print(&(lines.concat() + &closing))?;
        return Ok(ExitCode::Passed);
    }
    output::print(&lines.concat())?;
    let closing = match lines.len() {
        0 => "nothing was mended".to_owned(),
        _ => closing.trim_end().to_owned(),
    };
    Err(Failure { problems, closing }.into())
}

fn not_possible(name: &str, possible: &[&str], baseline: bool) -> Failure {
    let (what, lead) = if baseline {
        (
            "whose findings a baseline can tolerate",
            "a baseline can be kept for",
        )
    } else {
        ("that can be mended", "the checks that can be mended are")
    };
    Failure::of(
        Problem::error(format!("`{name}` is no check {what}"))
            .with_hint(nearest::hint(name, possible, lead)),
    )
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
    History::of(&ground.repository.state).keep(&record)?;
    let own = || record.jobs.iter().filter(|job| job.group == name);
    let errors: Vec<Problem> = own().flat_map(|job| job.result.errors.clone()).collect();
    if !errors.is_empty() {
        return Err(Failure {
            problems: errors,
            closing: format!("{BASELINE_FILE} was not written"),
        }
        .into());
    }
    if record.verdict == Verdict::Interrupted {
        return Ok(ExitCode::Interrupted);
    }
    let findings: Vec<Finding> = own().flat_map(|job| job.result.findings.clone()).collect();
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
        "{BASELINE_FILE} holds {} of {name}; set `baseline = true` in `[tool.towpath.{name}]`\n",
        counted(findings.len(), "finding")
    ))?;
    Ok(ExitCode::Passed)
}
