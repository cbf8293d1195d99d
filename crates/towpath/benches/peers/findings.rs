//! What the tools alone and towpath found on the same project: cheaper work counts only where it finds
//! the same.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};

use serde_json::Value;
use towpath_report::{Coverage, RunRecord};

use crate::contestants::Ground;
use crate::work::{Project, is_scanned};

/// A figure: what it counts, for the tools alone, for towpath.
pub(crate) type Row = (String, String, String);

/// Returns the figures of the newest runs: tests that passed on each Python, coverage, findings of
/// bandit, secrets.
pub(crate) fn compare(project: &Project, ground: &Ground) -> Result<Vec<Row>, Box<dyn Error>> {
    let alone = ground.folder.join("serial/out");
    let record = newest_record(&ground.folder.join("towpath/state/repositories"))?;
    let job = |name: &str| {
        record
            .jobs
            .iter()
            .find(|job| job.name == name)
            .ok_or(format!("no job `{name}`"))
    };
    let mut rows = Vec::new();
    for environment in project
        .environments
        .iter()
        .filter(|environment| environment.is_for_tests())
    {
        let passed = passed(&std::fs::read_to_string(
            alone.join(format!("{}.log", environment.name)),
        )?);
        let name = format!("tests {}", environment.python);
        let summary = &job(&name)?.result.summary;
        rows.push((
            name,
            passed,
            summary
                .split(" passed")
                .next()
                .unwrap_or_default()
                .to_owned(),
        ));
    }
    let totals = json(&alone.join("coverage.json"))?;
    let percent = totals["totals"]["percent_covered"]
        .as_f64()
        .ok_or("coverage has no total")?;
    let covered = job("coverage")?
        .result
        .coverage
        .as_ref()
        .map_or(0.0, Coverage::percent);
    rows.push((
        "coverage %".to_owned(),
        format!("{percent:.3}"),
        format!("{covered:.3}"),
    ));
    let bandit = json(&alone.join("bandit.json"))?["results"]
        .as_array()
        .map_or(0, Vec::len);
    rows.push((
        "bandit".to_owned(),
        bandit.to_string(),
        job("security")?.result.findings.len().to_string(),
    ));
    rows.push((
        "secrets".to_owned(),
        lines_with_secrets(&json(&alone.join("secrets.json"))?)
            .len()
            .to_string(),
        job("secrets")?
            .result
            .findings
            .iter()
            .filter_map(|finding| finding.place.as_ref())
            .filter(|place| is_scanned(&place.path))
            .count()
            .to_string(),
    ));
    Ok(rows)
}

/// Returns where detect-secrets found something: of several kinds of secret on a line, one counts.
fn lines_with_secrets(scan: &Value) -> BTreeSet<(&str, Option<u64>)> {
    let files = scan["results"].as_object().into_iter().flatten();
    files
        .flat_map(|(file, found)| {
            let found = found.as_array().into_iter().flatten();
            found.map(|secret| (file.as_str(), secret["line_number"].as_u64()))
        })
        .collect()
}

/// Returns the number before `passed` in what pytest said last.
fn passed(log: &str) -> String {
    let last = log
        .lines()
        .rev()
        .find(|line| line.contains(" passed"))
        .unwrap_or_default();
    last.split(" passed")
        .next()
        .and_then(|text| text.rsplit([' ', ',']).next())
        .unwrap_or_default()
        .to_owned()
}

fn json(path: &Path) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

fn newest_record(repositories: &Path) -> Result<RunRecord, Box<dyn Error>> {
    let mut runs: Vec<(u64, PathBuf)> = Vec::new();
    for repository in std::fs::read_dir(repositories)? {
        for run in std::fs::read_dir(repository?.path().join("runs"))? {
            let run = run?;
            let number = run.file_name().to_string_lossy().parse();
            runs.extend(number.ok().map(|number| (number, run.path())));
        }
    }
    let (_, newest) = runs.into_iter().max().ok_or("towpath kept no run")?;
    Ok(serde_json::from_slice(&std::fs::read(
        newest.join("record.json"),
    )?)?)
}
