//! Writes a finished run: the report on standard output, the files that `--report` names, and what
//! GitHub Actions expects where the run happens there.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use towpath_report::{Changes, RunRecord, writers};

use crate::arguments::ReportFormat;
use crate::history::History;
use crate::output;
use crate::process::Process;
use crate::repository::Repository;
use crate::run::Asked;
use crate::terminal::{FinalReport, Surroundings, final_report};

/// Writes everything that was asked for.
pub(crate) fn write(
    process: &Process,
    asked: &Asked<'_>,
    surroundings: &Surroundings<'_>,
    repository: &Repository,
    record: &RunRecord,
) -> anyhow::Result<()> {
    keep_results(
        &History::of(&repository.state).folder(record.run),
        repository,
        record,
    )?;
    for target in &asked.report.reports {
        let path = asked.folder.join(&target.file);
        let text = text(target.format, surroundings, asked, repository, record)?;
        write_file(&path, &text)?;
    }
    output::print(&text(
        asked.report.format,
        surroundings,
        asked,
        repository,
        record,
    )?);
    if process
        .environment
        .get("GITHUB_ACTIONS")
        .is_some_and(|value| value == "true")
    {
        on_github(process, asked, repository, record)?;
    }
    Ok(())
}

fn text(
    format: ReportFormat,
    surroundings: &Surroundings<'_>,
    asked: &Asked<'_>,
    repository: &Repository,
    record: &RunRecord,
) -> anyhow::Result<String> {
    Ok(match format {
        ReportFormat::Text => final_report(&FinalReport {
            record,
            style: surroundings.report_style(),
            is_quiet: asked.report.quiet,
            is_verbose: asked.report.verbose,
            source: &|path| repository.tree.read_text(path).ok(),
            moment: &output::moment,
        }),
        ReportFormat::Json => writers::json::write(record)?,
        ReportFormat::Junit => writers::junit::write(record),
        ReportFormat::Sarif => writers::sarif::write(record),
        ReportFormat::Github => writers::github::annotations(record, &changes(repository, asked)),
        ReportFormat::Markdown => markdown(repository, asked, record),
        ReportFormat::Html => page(repository, record),
    })
}

fn changes(repository: &Repository, asked: &Asked<'_>) -> Changes {
    asked
        .changed_since
        .map_or_else(Changes::default, |base| repository.changes(base))
}

fn markdown(repository: &Repository, asked: &Asked<'_>, record: &RunRecord) -> String {
    let links = writers::markdown::Links {
        files: &repository.web_address(),
    };
    writers::markdown::write(record, links, &changes(repository, asked))
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

/// Coverage and the page of the run lie in the run's folder, never in the tree.
fn keep_results(folder: &Path, repository: &Repository, record: &RunRecord) -> anyhow::Result<()> {
    let Some(coverage) = record
        .jobs
        .iter()
        .find_map(|job| job.result.coverage.as_ref())
    else {
        return Ok(());
    };
    let root = repository.tree.root().to_string_lossy();
    write_file(
        &folder.join("coverage.xml"),
        &writers::cobertura::write(coverage, record.started, &[&root]),
    )?;
    let sources = coverage
        .files
        .keys()
        .filter_map(|path| Some((path.clone(), repository.tree.read_text(path).ok()?)))
        .collect();
    for (name, page) in writers::coverage_html::write(&record.title, coverage, &sources) {
        write_file(&folder.join("htmlcov").join(name), &page)?;
    }
    Ok(())
}

fn on_github(
    process: &Process,
    asked: &Asked<'_>,
    repository: &Repository,
    record: &RunRecord,
) -> anyhow::Result<()> {
    if asked.report.format != ReportFormat::Github {
        output::print(&writers::github::annotations(
            record,
            &changes(repository, asked),
        ));
    }
    let Some(path) = process.environment.get("GITHUB_STEP_SUMMARY") else {
        return Ok(());
    };
    let mut file = fs_err::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)?;
    file.write_all(markdown(repository, asked, record).as_bytes())?;
    Ok(())
}

fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    fs_err::write(path, text).context("the report was not written")
}
