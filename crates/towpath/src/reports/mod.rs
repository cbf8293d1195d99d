//! Writes a finished run: the report on standard output, the files that `--report` names, and what
//! GitHub Actions expects where the run happens there.

mod coverage_files;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use towpath_report::{Changes, RunRecord, writers};

use crate::arguments::{FileFormat, ReportArguments, ReportFormat};
use crate::history::{History, worked_in};
use crate::output;
use crate::process::Process;
use crate::terminal::{FinalReport, Surroundings, final_report};

/// What reports are asked for, and what they are made from beside the record of the run.
pub(crate) struct Scope<'a> {
    /// The folder to work in.
    pub folder: &'a Path,
    /// The top level of the repository.
    pub root: &'a Path,
    /// Where state of the repository is kept.
    pub state: &'a Path,
    /// What is told.
    pub report: &'a ReportArguments,
    /// The command that ran, for advice: `towpath ci`.
    pub command: &'a str,
    /// Whether the coverage alone was asked for, so that its files come to the folder to work in.
    pub is_for_coverage: bool,
    /// What changed since the base of the change.
    pub changes: Changes,
    /// What stands before a path in the web address of a file; empty where there is none.
    pub web_address: String,
    /// Returns the text of a file of the repository.
    pub source: &'a dyn Fn(&str) -> Option<String>,
}

/// Writes everything that was asked for: first what a person waits for, then the files.
pub(crate) fn write(
    process: &Process,
    scope: &Scope<'_>,
    surroundings: &Surroundings<'_>,
    record: &RunRecord,
) -> anyhow::Result<()> {
    let text = |format| text(format, surroundings, scope, record);
    let shown = text(scope.report.format)?;
    let is_on_github = process.environment.get("GITHUB_ACTIONS");
    let printed = if is_on_github.is_some_and(|value| value == "true") {
        let logs = groups(&History::of(scope.state), record);
        let format = scope.report.format;
        let printed = print_on_github(format, &logs, &shown, record, &scope.changes);
        write_summary(process, &markdown(scope, record))?;
        printed
    } else {
        output::print(&shown)
    };
    for target in &scope.report.reports {
        if let FileFormat::Report(format) = target.format {
            write_file(&scope.folder.join(&target.file), &text(format)?)?;
        }
    }
    coverage_files::write(scope, surroundings, record)?;
    // What cannot be shown is still kept in files.
    printed
}

/// What a program reads from standard output must stay whole, so commands to the runner then go to
/// standard error; it reads both.
fn print_on_github(
    format: ReportFormat,
    logs: &str,
    shown: &str,
    record: &RunRecord,
    changes: &Changes,
) -> anyhow::Result<()> {
    let annotations = || writers::github::annotations(record, changes);
    match format {
        ReportFormat::Text => {
            // It quotes what jobs printed.
            let shown = writers::github::quoted(shown);
            output::print(&format!("{logs}{shown}{}", annotations()))
        }
        ReportFormat::Github => output::print(&format!("{logs}{shown}")),
        _ => {
            output::tell(&format!("{logs}{}", annotations()));
            output::print(shown)
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

fn text(
    format: ReportFormat,
    surroundings: &Surroundings<'_>,
    scope: &Scope<'_>,
    record: &RunRecord,
) -> anyhow::Result<String> {
    Ok(match format {
        ReportFormat::Text => final_report(&FinalReport {
            record,
            command: scope.command,
            style: surroundings.report_style(),
            is_quiet: scope.report.quiet,
            is_verbose: scope.report.verbose,
            source: scope.source,
            moment: &output::moment,
        }),
        ReportFormat::Json => writers::json::write(record)?,
        ReportFormat::Junit => writers::junit::write(record),
        ReportFormat::Sarif => writers::sarif::write(record),
        ReportFormat::Github => writers::github::annotations(record, &scope.changes),
        ReportFormat::Markdown => markdown(scope, record),
        ReportFormat::Html => page(scope, record),
    })
}

fn markdown(scope: &Scope<'_>, record: &RunRecord) -> String {
    let links = writers::markdown::Links {
        files: &scope.web_address,
    };
    writers::markdown::write(record, links, &scope.changes)
}

fn page(scope: &Scope<'_>, record: &RunRecord) -> String {
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
        .filter_map(|path| Some((path.clone(), (scope.source)(&path)?)))
        .collect();
    let history = History::of(scope.state);
    let starts = history.starts().unwrap_or_default();
    let logs: BTreeMap<String, String> = record
        .jobs
        .iter()
        .filter_map(|job| {
            let run = worked_in(record.run, job, &starts)?;
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
