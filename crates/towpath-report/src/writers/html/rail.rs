//! The margin of the page: tests, coverage, artifacts.

use super::{SHORT, icon};
use crate::text::{counted, escaped, size};
use crate::{RunRecord, TestCase, TestOutcome, percent_covered};

/// Returns the margin.
pub(super) fn rail(run: &RunRecord) -> String {
    let cards = [tests(run), coverage(run), artifacts(run)];
    format!("<aside class=\"rail\">\n{}\n</aside>", cards.join("\n"))
}

fn card(title: &str, note: &str, body: &str) -> String {
    format!(
        "<section class=\"card\"><header><h2>{title}</h2><span class=\"n\">{note}</span></header><div class=\"pad\">{body}</div></section>"
    )
}

fn tests(run: &RunRecord) -> String {
    let jobs: Vec<&[TestCase]> = run
        .jobs
        .iter()
        .map(|job| job.result.tests.as_slice())
        .filter(|tests| !tests.is_empty())
        .collect();
    let counts = || jobs.iter().map(|tests| tests.len());
    let (Some(least), Some(most)) = (counts().min(), counts().max()) else {
        return String::new();
    };
    let number = if least == most {
        most.to_string()
    } else {
        format!("{least} to {most}")
    };
    let count = |wanted: &[TestOutcome]| {
        jobs.iter()
            .flat_map(|tests| tests.iter())
            .filter(|case| wanted.contains(&case.outcome))
            .count()
    };
    let failed = count(&[TestOutcome::Failed, TestOutcome::Error]);
    let passed = count(&[
        TestOutcome::Passed,
        TestOutcome::XPassed,
        TestOutcome::XFailed,
    ]);
    let skipped = count(&[TestOutcome::Skipped]);
    let bar = |flex: usize, ink: &str| {
        if flex == 0 {
            String::new()
        } else {
            format!("<i style=\"flex:{flex};background:var(--{ink})\"></i>")
        }
    };
    let mut slowest: Vec<&TestCase> = jobs
        .iter()
        .copied()
        .max_by_key(|tests| tests.len())
        .unwrap_or_default()
        .iter()
        .collect();
    slowest.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
    let rows = slowest
        .iter()
        .take(5)
        .map(|case| {
            format!(
                "<li><code title=\"{}\">{}</code><span>{:.2} s</span></li>",
                escaped(&case.id, SHORT),
                escaped(case.id.rsplit("::").next().unwrap_or_default(), SHORT),
                case.seconds
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let body = format!(
        "<div class=\"bars\">{}{}{}</div><dl class=\"kv\"><dt>passed</dt><dd>{passed}</dd><dt>failed</dt><dd>{failed}</dd><dt>skipped</dt><dd>{skipped}</dd></dl><ul class=\"slow\">{rows}</ul>",
        bar(passed, "ok"),
        bar(failed, "fail"),
        bar(skipped, "line2")
    );
    card(
        "Tests",
        &format!("{number} in each of {}", counted(jobs.len(), "job")),
        &body,
    )
}

fn coverage(run: &RunRecord) -> String {
    let Some(coverage) = run.coverage() else {
        return String::new();
    };
    let mut files: Vec<(&str, f64, usize)> = coverage
        .files
        .iter()
        .filter(|(_, file)| !file.missing.is_empty())
        .map(|(path, file)| {
            let all = file.executed.len() + file.missing.len();
            (
                path.as_str(),
                percent_covered(file.executed.len(), all),
                file.missing.len(),
            )
        })
        .collect();
    files.sort_by(|one, other| one.1.total_cmp(&other.1));
    let rows = files
        .iter()
        .take(8)
        .map(|(path, percent, _)| {
            format!(
                "<li><code title=\"{0}\">{0}</code><span>{percent:.0} %</span></li>",
                escaped(path, SHORT)
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let kind = if coverage.branches {
        "lines and branches"
    } else {
        "lines"
    };
    card(
        "Coverage",
        kind,
        &format!(
            "<p class=\"big\">{:.1} %</p><ul class=\"slow\">{rows}</ul>",
            coverage.percent()
        ),
    )
}

fn artifacts(run: &RunRecord) -> String {
    let rows = run
        .jobs
        .iter()
        .flat_map(|job| &job.result.artifacts)
        .map(|artifact| {
            format!(
                "<li>{}<span>{}</span><span class=\"sz\">{}</span><small>sha256 {}</small></li>",
                icon("file"),
                escaped(&artifact.name, SHORT),
                size(artifact.size),
                escaped(&short(&artifact.sha256), SHORT)
            )
        })
        .collect::<Vec<_>>()
        .concat();
    if rows.is_empty() {
        String::new()
    } else {
        card("Artifacts", "", &format!("<ul class=\"art\">{rows}</ul>"))
    }
}

fn short(sha256: &str) -> String {
    match (
        sha256.get(..6),
        sha256.len().checked_sub(4).and_then(|at| sha256.get(at..)),
    ) {
        (Some(start), Some(end)) => format!("{start}…{end}"),
        _ => sha256.to_owned(),
    }
}
