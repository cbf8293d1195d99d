//! Writes a finished run: the report on standard output, the files that `--report` names, and what
//! GitHub Actions expects where the run happens there.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use towpath_report::{Changes, Coverage, Problem, RunRecord, writers};

use crate::arguments::{FileFormat, ReportFormat};
use crate::asked::Asked;
use crate::failure::Failure;
use crate::history::History;
use crate::output;
use crate::process::Process;
use crate::repository::Repository;
use crate::terminal::{FinalReport, Surroundings, final_report};

/// Where `towpath check coverage` leaves the coverage when it is not told otherwise.
const COVERAGE_HERE: [(FileFormat, &str); 2] = [
    (FileFormat::CoverageXml, "coverage.xml"),
    (FileFormat::CoverageHtml, "htmlcov"),
];

/// Writes everything that was asked for.
pub(crate) fn write(
    process: &Process,
    asked: &Asked<'_>,
    surroundings: &Surroundings<'_>,
    repository: &Repository,
    record: &RunRecord,
) -> anyhow::Result<()> {
    let history = History::of(&repository.state);
    keep_coverage(&history.folder(record.run), repository, record)?;
    let changes = changes(process, asked, repository);
    let text = |format| text(format, surroundings, asked, repository, record, &changes);
    for target in &asked.report.reports {
        let path = asked.folder.join(&target.file);
        match target.format {
            FileFormat::Report(format) => write_file(&path, &text(format)?)?,
            form => write_coverage(form, &path, repository, record, surroundings)?,
        }
    }
    if asked.check == Some("coverage") && record.coverage().is_some() {
        for (form, name) in COVERAGE_HERE {
            let is_told = asked
                .report
                .reports
                .iter()
                .any(|target| target.format == form);
            if !is_told {
                write_coverage(
                    form,
                    &asked.folder.join(name),
                    repository,
                    record,
                    surroundings,
                )?;
                if !asked.report.quiet {
                    output::tell(&format!("wrote {name}\n"));
                }
            }
        }
    }
    let shown = text(asked.report.format)?;
    if process
        .environment
        .get("GITHUB_ACTIONS")
        .map(String::as_str)
        != Some("true")
    {
        output::print(&shown);
        return Ok(());
    }
    let annotations = writers::github::annotations(record, &changes);
    match asked.report.format {
        ReportFormat::Text => {
            output::print(&(groups(&history, record) + &shown + &annotations));
        }
        ReportFormat::Github => output::print(&(groups(&history, record) + &shown)),
        // What a program reads from standard output must stay whole; the runner reads both streams.
        _ => {
            output::print(&shown);
            output::tell(&(groups(&history, record) + &annotations));
        }
    }
    if let Some(path) = process.environment.get("GITHUB_STEP_SUMMARY") {
        let mut file = fs_err::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)?;
        file.write_all(markdown(repository, record, &changes).as_bytes())?;
    }
    Ok(())
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
        .map_or_else(Changes::default, |base| repository.changes(&base))
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

/// Keeps the coverage in the run's folder, never in the tree.
fn keep_coverage(folder: &Path, repository: &Repository, record: &RunRecord) -> anyhow::Result<()> {
    let Some(coverage) = record.coverage() else {
        return Ok(());
    };
    write_file(
        &folder.join("coverage.xml"),
        &cobertura(&coverage, repository, record),
    )?;
    write_pages(&folder.join("htmlcov"), &coverage, repository, record)
}

/// Writes the coverage to a place that was asked for; says so where there is none.
fn write_coverage(
    form: FileFormat,
    path: &Path,
    repository: &Repository,
    record: &RunRecord,
    surroundings: &Surroundings<'_>,
) -> anyhow::Result<()> {
    let Some(coverage) = record.coverage() else {
        let problem = Problem::error(format!(
            "`{}` was not written: no job of this run computed coverage",
            path.display()
        ))
        .as_warning()
        .with_hint("`towpath explain coverage` says why");
        output::print_failure(&Failure::of(problem), surroundings);
        return Ok(());
    };
    if form == FileFormat::CoverageXml {
        return write_file(path, &cobertura(&coverage, repository, record));
    }
    write_pages(path, &coverage, repository, record)?;
    // Pages in a checkout are no part of it.
    write_file(&path.join(".gitignore"), "*\n")
}

fn cobertura(coverage: &Coverage, repository: &Repository, record: &RunRecord) -> String {
    let root = repository.tree.root().to_string_lossy();
    writers::cobertura::write(coverage, record.started, &[&root])
}

fn write_pages(
    folder: &Path,
    coverage: &Coverage,
    repository: &Repository,
    record: &RunRecord,
) -> anyhow::Result<()> {
    let sources = coverage
        .files
        .keys()
        .filter_map(|path| Some((path.clone(), repository.tree.read_text(path).ok()?)))
        .collect();
    for (name, page) in writers::coverage_html::write(&record.title, coverage, &sources) {
        write_file(&folder.join(name), &page)?;
    }
    Ok(())
}

fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    fs_err::write(path, text).context("the report was not written")
}
