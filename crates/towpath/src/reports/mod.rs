//! Writes a finished run: the report on standard output, the files that `--report` names, and what
//! GitHub Actions expects where the run happens there.

mod coverage_files;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use towpath_report::{Changes, RunRecord, writers};

use crate::arguments::{FileFormat, ReportFormat};
use crate::asked::Asked;
use crate::history::History;
use crate::output;
use crate::process::Process;
use crate::repository::Repository;
use crate::terminal::{FinalReport, Surroundings, final_report};

/// Writes everything that was asked for: first what a person waits for, then the files.
pub(crate) fn write(
    process: &Process,
    asked: &Asked<'_>,
    surroundings: &Surroundings<'_>,
    repository: &Repository,
    record: &RunRecord,
) -> anyhow::Result<()> {
    let changes = changes(process, asked, repository);
    let text = |format| text(format, surroundings, asked, repository, record, &changes);
    let shown = text(asked.report.format)?;
    let is_on_github = process.environment.get("GITHUB_ACTIONS");
    if is_on_github.is_some_and(|value| value == "true") {
        let logs = groups(&History::of(&repository.state), record);
        print_on_github(asked.report.format, &logs, &shown, record, &changes);
        write_summary(process, &markdown(repository, record, &changes))?;
    } else {
        output::print(&shown);
    }
    for target in &asked.report.reports {
        if let FileFormat::Report(format) = target.format {
            write_file(&asked.folder.join(&target.file), &text(format)?)?;
        }
    }
    coverage_files::write(asked, surroundings, repository, record)
}

/// What a program reads from standard output must stay whole, so commands to the runner then go to
/// standard error; it reads both.
fn print_on_github(
    format: ReportFormat,
    logs: &str,
    shown: &str,
    record: &RunRecord,
    changes: &Changes,
) {
    let annotations = || writers::github::annotations(record, changes);
    match format {
        ReportFormat::Text => output::print(&format!("{logs}{shown}{}", annotations())),
        ReportFormat::Github => output::print(&format!("{logs}{shown}")),
        _ => {
            output::print(shown);
            output::tell(&format!("{logs}{}", annotations()));
        }
    }
}

/// Appends to the summary of the step, which other commands may have begun.
fn write_summary(process: &Process, summary: &str) -> anyhow::Result<()> {
    let Some(path) = process.environment.get("GITHUB_STEP_SUMMARY") else {
        return Ok(());
    };
    let mut file = fs_err::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)?;
    Ok(file.write_all(summary.as_bytes())?)
}

/// The log of each job that ran, folded.
fn groups(history: &History, record: &RunRecord) -> String {
    let worked = record.jobs.iter().filter(|job| job.reused.is_none());
    worked
        .filter_map(|job| {
            let log = fs_err::read(history.log(record.run, &job.name)).ok()?;
            Some(writers::github::group(
                &job.name,
                &String::from_utf8_lossy(&log),
            ))
        })
        .collect()
}

/// Returns what changed since the base that is named, else since the base of the pull request that
/// GitHub runs for.
fn changes(process: &Process, asked: &Asked<'_>, repository: &Repository) -> Changes {
    let of_pull_request = process.environment.get("GITHUB_BASE_REF");
    let of_pull_request = of_pull_request
        .filter(|base| !base.is_empty())
        .map(|base| format!("origin/{base}"));
    let named = asked.changed_since.map(str::to_owned);
    named
        .or(of_pull_request)
        .and_then(|base| repository.changes(&base))
        .unwrap_or_default()
}

fn text(
    format: ReportFormat,
    surroundings: &Surroundings<'_>,
    asked: &Asked<'_>,
    repository: &Repository,
    record: &RunRecord,
    changes: &Changes,
) -> anyhow::Result<String> {
    Ok(match format {
        ReportFormat::Text => final_report(&FinalReport {
            record,
            command: &asked.check.map_or_else(
                || "towpath ci".to_owned(),
                |check| format!("towpath check {check}"),
            ),
            style: surroundings.report_style(),
            is_quiet: asked.report.quiet,
            is_verbose: asked.report.verbose,
            source: &|path| repository.tree.read_text(path).ok(),
            moment: &output::moment,
        }),
        ReportFormat::Json => writers::json::write(record)?,
        ReportFormat::Junit => writers::junit::write(record),
        ReportFormat::Sarif => writers::sarif::write(record),
        ReportFormat::Github => writers::github::annotations(record, changes),
        ReportFormat::Markdown => markdown(repository, record, changes),
        ReportFormat::Html => page(repository, record),
    })
}

fn markdown(repository: &Repository, record: &RunRecord, changes: &Changes) -> String {
    let links = writers::markdown::Links {
        files: &repository.web_address(),
    };
    writers::markdown::write(record, links, changes)
}

fn page(repository: &Repository, record: &RunRecord) -> String {
    let paths = record.jobs.iter().flat_map(|job| {
        let of_findings = job
            .result
            .findings
            .iter()
            .filter_map(|finding| finding.place.as_ref());
        let of_tests = job.result.tests.iter().filter(|case| case.is_failure());
        of_findings
            .map(|place| place.path.clone())
            .chain(of_tests.map(|case| case.path.clone()))
    });
    let sources: BTreeMap<String, String> = paths
        .filter_map(|path| Some((path.clone(), repository.tree.read_text(&path).ok()?)))
        .collect();
    let history = History::of(&repository.state);
    let logs: BTreeMap<String, String> = record
        .jobs
        .iter()
        .filter_map(|job| {
            let run = job.reused.as_ref().map_or(record.run, |reused| reused.run);
            let bytes = fs_err::read(history.log(run, &job.name)).ok()?;
            Some((
                job.name.clone(),
                String::from_utf8_lossy(&bytes).into_owned(),
            ))
        })
        .collect();
    writers::html::write(
        record,
        writers::html::Material {
            sources: &sources,
            logs: &logs,
        },
    )
}

/// Writes a text to a file, with the folders that it lies in.
pub(super) fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    fs_err::write(path, text).context("the report was not written")
}
