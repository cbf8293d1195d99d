//! The verdict in one line, and the commands that come next.

use std::collections::{BTreeMap, BTreeSet};

use towpath_report::Cause;
use towpath_report::{Conclusion, JobRecord, RunRecord, Verdict};

use super::{FinalReport, with_commit};
use crate::terminal::layout::{count, exact, roughly};
use crate::terminal::line::{Line, wrap};
use crate::terminal::progress::is_failed;
use crate::terminal::style::Paint;

/// Returns whether no job of the run did any work.
pub(super) fn is_all_reused(record: &RunRecord) -> bool {
    let mut worked = record
        .jobs
        .iter()
        .filter(|job| job.conclusion != Conclusion::Skipped)
        .peekable();
    worked.peek().is_some() && worked.all(|job| job.reused.is_some())
}

/// Returns the verdict and what can be done about it.
pub(super) fn footer(report: &FinalReport<'_>, blocking: &[&Cause]) -> Vec<Line> {
    let record = report.record;
    match record.verdict {
        Verdict::Passed => passed(report),
        Verdict::Failed => not_passed(report, "Failed:", blocking),
        Verdict::Error => not_passed(report, "Could not run:", blocking),
        Verdict::Interrupted => interrupted(report),
    }
}

fn passed(report: &FinalReport<'_>) -> Vec<Line> {
    let record = report.record;
    let time = exact(record.duration_ms);
    let skipped = record
        .jobs
        .iter()
        .filter(|job| job.conclusion == Conclusion::Skipped)
        .count();
    if record.jobs.is_empty() {
        return verdict(report, Paint::Good, "Passed:", "there was nothing to run");
    }
    let mut parts = vec![count(record.jobs.len() - skipped, "job")];
    let is_all_reused = is_all_reused(record);
    match reused(record) {
        0 => {}
        _ if is_all_reused => parts.push(format!("all reused from {}", origin(report))),
        number => parts.push(format!("{number} reused")),
    }
    if skipped > 0 {
        parts.push(format!("{skipped} skipped"));
    }
    parts.push(time);
    let mut lines = verdict(report, Paint::Good, "Passed:", &parts.join(", "));
    if is_all_reused {
        lines.extend(totals(report));
    }
    lines
}

/// The newest run that something was taken from: `09:41 (5b41c9e)`.
fn origin(report: &FinalReport<'_>) -> String {
    let newest = report
        .record
        .jobs
        .iter()
        .filter_map(|job| job.reused.as_ref())
        .max_by_key(|reused| reused.at);
    newest.map_or_else(String::new, |reused| {
        with_commit(report, reused.at, &reused.commit)
    })
}

/// What the reused verdicts rest on: `784 tests on 4 Pythons · coverage 98.5 %`.
fn totals(report: &FinalReport<'_>) -> Vec<Line> {
    let record = report.record;
    let mut parts = Vec::new();
    parts.extend(tests(record));
    let coverage = record.jobs.iter().filter(|job| job.group == "coverage");
    if let [coverage] = coverage
        .filter_map(|job| job.result.coverage.as_ref())
        .collect::<Vec<_>>()
        .as_slice()
    {
        parts.push(format!("coverage {:.1} %", coverage.percent()));
    }
    parts.push(format!("{} --force runs them again", report.command));
    let columns = report.style.text_columns().saturating_sub(2);
    let wrapped = wrap(&parts.join(" · "), columns).into_iter();
    wrapped
        .map(|part| Line::new().plain("  ").painted(Paint::Faint, part))
        .collect()
}

/// How many tests ran on each Python, a test of two projects counted twice: `784 tests on 4 Pythons`.
fn tests(record: &RunRecord) -> Option<String> {
    let mut pythons: BTreeMap<&str, usize> = BTreeMap::new();
    let tested = record.jobs.iter().filter(|job| job.group == "tests");
    for job in tested.filter(|job| !job.result.tests.is_empty()) {
        let python = job.name.split(' ').nth(1).unwrap_or_default();
        *pythons.entry(python).or_default() += job.result.tests.len();
    }
    let (least, most) = (pythons.values().min()?, pythons.values().max()?);
    let tests = if least == most {
        count(*most, "test")
    } else {
        format!("{least} to {most} tests")
    };
    if pythons.contains_key("") {
        return Some(tests);
    }
    Some(format!("{tests} on {}", count(pythons.len(), "Python")))
}

/// The verdict's word and what follows it, broken where the terminal is narrow.
fn verdict(report: &FinalReport<'_>, paint: Paint, word: &str, words: &str) -> Vec<Line> {
    let columns = report.style.text_columns();
    let mut parts = wrap(&format!("{word} {words}"), columns.saturating_sub(2)).into_iter();
    let first = parts.next().unwrap_or_default();
    let rest = first.strip_prefix(word).unwrap_or_default().to_owned();
    let mut lines = vec![Line::new().painted(paint, word).plain(rest)];
    lines.extend(parts.map(|part| Line::new().plain("  ").plain(part)));
    lines
}

fn not_passed(report: &FinalReport<'_>, word: &str, blocking: &[&Cause]) -> Vec<Line> {
    let record = report.record;
    let failed: Vec<&JobRecord> = record.jobs.iter().filter(|job| is_failed(job)).collect();
    let jobs = format!("{} of {}", failed.len(), count(record.jobs.len(), "job"));
    let reused = match reused(record) {
        0 => String::new(),
        _ if is_all_reused(record) => format!(", all reused from {}", origin(report)),
        number => format!(" ({} reused)", count(number, "job")),
    };
    let time = exact(record.duration_ms);
    let mut lines = if failed.is_empty() && blocking.is_empty() {
        // Such as one that waits for an approval, or whose group another job took over.
        let is_ended = |job: &&JobRecord| job.conclusion == Conclusion::Cancelled;
        let ended = record.jobs.iter().filter(is_ended).count();
        let all = count(record.jobs.len(), "job");
        let words = format!("{ended} of {all} did not run to the end, {time}");
        verdict(report, Paint::Bad, "Not passed:", &words)
    } else {
        let problems = count(blocking.len(), "problem");
        verdict(
            report,
            Paint::Bad,
            word,
            &format!("{problems}, {jobs}, {time}{reused}"),
        )
    };
    lines.extend(next_commands(report, &failed, blocking));
    lines
}

fn next_commands(
    report: &FinalReport<'_>,
    failed: &[&JobRecord],
    blocking: &[&Cause],
) -> Vec<Line> {
    let fixable: Vec<&&Cause> = blocking.iter().filter(|cause| cause.fixable).collect();
    let mut commands = Vec::new();
    if !fixable.is_empty() {
        let groups: BTreeSet<&str> = fixable.iter().map(|cause| cause.group.as_str()).collect();
        let command = match groups.iter().collect::<Vec<_>>().as_slice() {
            // A job of a workflow is named by its author, and no check.
            [group] if report.record.workflows.is_empty() => format!("towpath fix {group}"),
            _ => "towpath fix".to_owned(),
        };
        let all = blocking.len();
        let effect = match fixable.len() {
            1 if all == 1 => "fix it".to_owned(),
            number if number == all => format!("fix all {all}"),
            number => format!("fix {number} of the {all}"),
        };
        commands.push((command, effect));
    }
    let longest_ms = failed.iter().map(|job| job.duration_ms).max().unwrap_or(0);
    let about = if longest_ms >= 1_000 {
        format!(" (about {})", roughly(longest_ms))
    } else {
        String::new()
    };
    commands.push(if report.command == "towpath ci" {
        let command = "towpath ci --failed".to_owned();
        (command, format!("run again only what failed{about}"))
    } else {
        (report.command.to_owned(), format!("run it again{about}"))
    });
    let line = |(command, effect): (String, String)| {
        let line = Line::new().plain("  ").painted(Paint::Hint, command);
        if report.style.is_narrow() {
            line
        } else {
            line.filled_to(26).plain(effect)
        }
    };
    commands.into_iter().map(line).collect()
}

fn interrupted(report: &FinalReport<'_>) -> Vec<Line> {
    let record = report.record;
    let has_verdict =
        |job: &&JobRecord| !matches!(job.conclusion, Conclusion::Cancelled | Conclusion::Error);
    let done = record.jobs.iter().filter(has_verdict).count();
    let jobs = count(record.jobs.len(), "job");
    let command = report.command;
    // A job with steps of its own does its work whenever it is not asked to go on.
    let words = if record.jobs.iter().any(|job| !job.steps.is_empty()) {
        format!("{done} of {jobs} done. {command} --resume goes on with the others.")
    } else if record.sandbox != "namespaces" {
        format!("{done} of {jobs} done. {command} runs all of them again.")
    } else {
        format!("{done} of {jobs} done; they will be reused. {command} continues.")
    };
    verdict(report, Paint::Doubtful, "Interrupted:", &words)
}

fn reused(record: &RunRecord) -> usize {
    record
        .jobs
        .iter()
        .filter(|job| job.reused.is_some())
        .count()
}
