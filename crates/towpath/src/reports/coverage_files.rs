//! The coverage as files: kept with the run, and written where it is asked for.

use std::path::Path;

use towpath_report::{Coverage, JobRecord, Problem, RunRecord, writers};

use super::{Scope, write_file};
use crate::arguments::FileFormat;
use crate::failure::Failure;
use crate::history::History;
use crate::output;
use crate::terminal::Surroundings;

/// Where `towpath check coverage` leaves the coverage when it is not told otherwise.
const HERE: [(FileFormat, &str); 2] = [
    (FileFormat::CoverageXml, "coverage.xml"),
    (FileFormat::CoverageHtml, "htmlcov"),
];

/// Writes the coverage of a run, and says so where files were asked for and there is none.
pub(super) fn write(
    scope: &Scope<'_>,
    surroundings: &Surroundings<'_>,
    record: &RunRecord,
) -> anyhow::Result<()> {
    let targets = scope.report.reports.iter();
    let targets = targets.filter(|target| !matches!(target.format, FileFormat::Report(_)));
    // The run that computed a reused coverage keeps its files.
    let is_new = |job: &JobRecord| job.result.coverage.is_some() && job.reused.is_none();
    let is_computed = record.jobs.iter().any(is_new);
    let is_checked = scope.is_for_coverage;
    if !is_computed && !is_checked && targets.clone().next().is_none() {
        return Ok(());
    }
    let Some(coverage) = record.coverage() else {
        for target in targets {
            output::print_failure(&without_coverage(&target.file), surroundings);
        }
        return Ok(());
    };
    let files = Files {
        coverage,
        scope,
        record,
    };
    if is_computed {
        let kept = History::of(scope.state).folder(record.run);
        for (form, name) in HERE {
            files.write(form, &kept.join(name))?;
        }
    }
    for target in targets.clone() {
        files.write(target.format, &scope.folder.join(&target.file))?;
    }
    if is_checked {
        for (form, name) in HERE {
            if targets.clone().any(|target| target.format == form) {
                continue;
            }
            files.write(form, &scope.folder.join(name))?;
            if !scope.report.quiet {
                output::tell(&format!("wrote {name}\n"));
            }
        }
    }
    Ok(())
}

fn without_coverage(file: &Path) -> Failure {
    let problem = Problem::error(format!(
        "`{}` was not written: no job of this run computed coverage",
        file.display()
    ));
    Failure::of(
        problem
            .as_warning()
            .with_hint("`towpath explain coverage` says why"),
    )
}

/// The coverage and what its files are made from.
struct Files<'a> {
    coverage: Coverage,
    scope: &'a Scope<'a>,
    record: &'a RunRecord,
}

impl Files<'_> {
    fn write(&self, form: FileFormat, path: &Path) -> anyhow::Result<()> {
        if form == FileFormat::CoverageXml {
            let root = self.scope.root.to_string_lossy();
            let text = writers::cobertura::write(&self.coverage, self.record.started, &[&root]);
            return write_file(path, &text);
        }
        let paths = self.coverage.files.keys();
        let sources = paths
            .filter_map(|path| Some((path.clone(), (self.scope.source)(path)?)))
            .collect();
        let pages = writers::coverage_html::write(&self.record.title, &self.coverage, &sources);
        for (name, page) in pages {
            write_file(&path.join(name), &page)?;
        }
        // Pages in a checkout are no part of it.
        write_file(&path.join(".gitignore"), "*\n")
    }
}
