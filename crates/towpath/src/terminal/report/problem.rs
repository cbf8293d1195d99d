//! One numbered problem of the last screen: what, where, and as much as helps to see why.

use towpath_report::writers::snippet;
use towpath_report::{Cause, CauseKind, Conclusion};
use towpath_report::{Comparison, Finding, LastPass, Place, Problem, TestCase, failing_line};
use unicode_width::UnicodeWidthStr;

use super::{FinalReport, short_place, with_commit};
use crate::arguments::as_argument;
use crate::terminal::layout::count;
use crate::terminal::line::{Line, cut, sanitize, wrap};
use crate::terminal::style::Paint;

/// Where a short remark at the right ends, and where a command does.
const REMARK_END: usize = 75;
const COMMAND_END: usize = 78;

/// Columns of the number before a problem.
const MARGIN: usize = 3;

/// How many lines of a test's own message are shown.
const MESSAGE_LINES: usize = 3;

/// Returns the lines of one problem, which stands below another. `in_full` adds the source around it.
pub(super) fn problem(
    report: &FinalReport<'_>,
    number: usize,
    cause: &Cause,
    before: Option<&Cause>,
    in_full: bool,
) -> Vec<Line> {
    let mut lines = title(report, number, cause);
    if let Some(place) = &cause.place {
        lines.extend(place_lines(report, cause, before, place));
    }
    if !in_full {
        return lines;
    }
    match &cause.kind {
        CauseKind::Finding(finding) if finding.tool == WORKFLOW => {
            lines.extend(finding.place.iter().flat_map(|place| around(report, place)));
            lines.extend(step(report, cause, finding));
        }
        CauseKind::Finding(Finding {
            place: Some(place), ..
        }) => lines.extend(around(report, place)),
        CauseKind::Tests {
            cases, comparison, ..
        } => lines.extend(test(report, cause, cases, comparison.as_ref())),
        CauseKind::Problem(problem) => lines.extend(own_problem(report, problem)),
        CauseKind::Finding(_) | CauseKind::Job => {
            lines.extend(logs_command(cause).map(|command| remark(report, Line::new(), &command)));
        }
    }
    lines
}

fn title(report: &FinalReport<'_>, number: usize, cause: &Cause) -> Vec<Line> {
    let group = match cause.project.as_str() {
        "" => cause.group.clone(),
        project => format!("{} ({project})", cause.group),
    };
    let mut words = format!("{group} · {}", sanitize(&cause.title));
    if !cause.extent.is_empty() {
        words = format!("{words}, {}", cause.extent);
    }
    let columns = report.style.text_columns();
    let tag = if cause.fixable { "fixable" } else { "" };
    let fits_beside = MARGIN + words.width() + 2 + tag.len() <= REMARK_END.min(columns);
    if !tag.is_empty() && !fits_beside {
        words = format!("{words} ({tag})");
    }
    let mut lines = Vec::new();
    for (index, part) in wrap(&words, columns.saturating_sub(MARGIN))
        .into_iter()
        .enumerate()
    {
        let margin = if index == 0 {
            format!("{number:<2} ")
        } else {
            " ".repeat(MARGIN)
        };
        lines.push(
            Line::new()
                .painted(Paint::Bad, margin)
                .painted(Paint::Strong, part),
        );
    }
    if !tag.is_empty()
        && fits_beside
        && let Some(line) = lines.pop()
    {
        lines.push(line.ending_at(REMARK_END.min(columns), Paint::Hint, tag));
    }
    lines
}

/// Where to look, and for a test where else it fails and when it passed last.
fn place_lines(
    report: &FinalReport<'_>,
    cause: &Cause,
    before: Option<&Cause>,
    place: &Place,
) -> Vec<Line> {
    let line = Line::new()
        .plain(" ".repeat(MARGIN))
        .painted(Paint::Hint, place.to_string());
    let CauseKind::Tests {
        cases, last_pass, ..
    } = &cause.kind
    else {
        return vec![line];
    };
    let mut remarks = Vec::new();
    let failed_at = cases.first().and_then(|case| case.failed_at.as_ref());
    if let Some(failed_at) = failed_at.filter(|failed_at| failed_at.path != place.path) {
        remarks.push(format!("fails in {failed_at}"));
    }
    // Tests that broke together need not say so each.
    let is_news = before.and_then(pass_of).map(|pass| since(report, pass))
        != last_pass.as_ref().map(|pass| since(report, pass));
    let pass = last_pass.as_ref().filter(|_| is_news);
    remarks.extend(pass.map(|pass| since(report, pass)));
    let mut lines = vec![line];
    let columns = report.style.text_columns();
    for remark in remarks {
        let last = lines.last().map_or(0, Line::width);
        if lines.len() == 1 && last + 3 + remark.width() <= columns {
            let line = lines.pop().unwrap_or_default();
            lines.push(line.plain("   ").plain(remark));
        } else {
            let parts = wrap(&remark, columns.saturating_sub(MARGIN)).into_iter();
            lines.extend(parts.map(|part| Line::new().plain(" ".repeat(MARGIN)).plain(part)));
        }
    }
    lines
}

fn pass_of(cause: &Cause) -> Option<&LastPass> {
    match &cause.kind {
        CauseKind::Tests { last_pass, .. } => last_pass.as_ref(),
        _ => None,
    }
}

/// When a test passed last and what changed since: `passed 09:41 (5b41c9e); since then lists.py:40
/// changed`.
fn since(report: &FinalReport<'_>, pass: &LastPass) -> String {
    let moment = with_commit(report, pass.at, &pass.commit);
    let changed = match pass.changed.as_slice() {
        [] => "no file that it reads changed since".to_owned(),
        [one] => format!("since then {} changed", short_place(one)),
        [one, rest @ ..] => format!(
            "since then {} and {} changed",
            short_place(one),
            count(rest.len(), "more file")
        ),
    };
    format!("passed {moment}; {changed}")
}

fn test(
    report: &FinalReport<'_>,
    cause: &Cause,
    cases: &[TestCase],
    comparison: Option<&Comparison>,
) -> Vec<Line> {
    let mut lines = match (comparison, cases.first()) {
        (Some(comparison), _) => {
            written(snippet::comparison(comparison, report.style.of_writers())).collect()
        }
        (None, Some(case)) => message(report, case, &cause.title),
        (None, None) => Vec::new(),
    };
    let others = other_cases(cases);
    match logs_command(cause) {
        Some(command) => lines.push(remark(
            report,
            Line::new().plain("     ").plain(others),
            &command,
        )),
        None if !others.is_empty() => lines.push(Line::new().plain("     ").plain(others)),
        None => {}
    }
    lines
}

/// Lines that a writer of reports has made, for this stream.
fn written(lines: Vec<String>) -> impl Iterator<Item = Line> {
    lines
        .into_iter()
        .map(|line| Line::new().painted(Paint::Painted, line))
}

/// The source around a place, where the file can be read.
fn around(report: &FinalReport<'_>, place: &Place) -> Vec<Line> {
    let Some(text) = (report.source)(&place.path) else {
        return Vec::new();
    };
    written(snippet::snippet(&text, place, report.style.of_writers())).collect()
}

/// The line that failed, where it is in the test's own file, and what is said of it, unless the title
/// says it already.
fn message(report: &FinalReport<'_>, case: &TestCase, title: &str) -> Vec<Line> {
    let is_own = case
        .failed_at
        .as_ref()
        .is_none_or(|place| place.path == case.path);
    let (source, said) = failing_line(&case.details)
        .filter(|(source, _)| is_own && !source.is_empty())
        .unwrap_or_else(|| ("", case.message.lines().collect()));
    let columns = report.style.text_columns().saturating_sub(7);
    let mut lines = Vec::new();
    if !source.is_empty() {
        lines.push(
            Line::new()
                .plain("     ")
                .plain(cut(&sanitize(source), columns + 2)),
        );
    } else if case.message.is_empty() || case.message == title {
        return lines;
    }
    let indent = if source.is_empty() {
        "     "
    } else {
        "       "
    };
    let parts = said
        .into_iter()
        .filter(|line| !line.trim().is_empty())
        .flat_map(|line| wrap(&sanitize(line), columns));
    lines.extend(
        parts
            .take(MESSAGE_LINES)
            .map(|part| Line::new().plain(indent).plain(part)),
    );
    lines
}

/// Names the cases beside the first: `and 2 more cases: a, b`.
fn other_cases(cases: &[TestCase]) -> String {
    let others = cases.get(1..).unwrap_or_default();
    if others.is_empty() {
        return String::new();
    }
    let is_one_test = cases
        .iter()
        .all(|case| case.function() == cases[0].function());
    let noun = if is_one_test { "case" } else { "test" };
    let plural = if others.len() == 1 { "" } else { "s" };
    let names: Vec<String> = others
        .iter()
        .map(|case| sanitize(short_name(case, is_one_test)))
        .collect();
    format!(
        "and {} more {noun}{plural}: {}",
        others.len(),
        names.join(", ")
    )
}

fn short_name(case: &TestCase, is_one_test: bool) -> &str {
    if is_one_test && let Some((_, parameters)) = case.id.split_once('[') {
        return parameters.strip_suffix(']').unwrap_or(parameters);
    }
    case.id
        .rsplit_once("::")
        .map_or(case.id.as_str(), |(_, name)| name)
}

/// The log of the job that found it last, among those of the check itself.
fn logs_command(cause: &Cause) -> Option<String> {
    let of_check = cause
        .jobs
        .iter()
        .rev()
        .find(|job| job.starts_with(&cause.group));
    let job = of_check.or_else(|| cause.jobs.last())?;
    Some(format!("towpath logs {}", as_argument(job)))
}

/// A command at the right of a line that is cut for it; alone at the left on a narrow terminal.
fn remark(report: &FinalReport<'_>, line: Line, command: &str) -> Line {
    let end = COMMAND_END.min(report.style.text_columns());
    if report.style.is_narrow() || line.width() == 0 {
        return Line::new().plain("     ").painted(Paint::Hint, command);
    }
    line.cut(end.saturating_sub(command.width() + 2))
        .ending_at(end, Paint::Hint, command)
}

/// How many lines of a program's own words are shown; its log holds the rest.
const LONGEST_QUOTATION: usize = 8;

/// Stands for the tool in what is found about the steps of a workflow.
const WORKFLOW: &str = "workflow";

/// What a step that failed printed at last, what to do about it, and where the rest is.
fn step(report: &FinalReport<'_>, cause: &Cause, finding: &Finding) -> Vec<Line> {
    let columns = report.style.text_columns().saturating_sub(MARGIN + 2);
    let indented = |part: String| Line::new().plain(" ".repeat(MARGIN + 2)).plain(part);
    let message = sanitize(finding.message.lines().next().unwrap_or(""));
    let job = report
        .record
        .jobs
        .iter()
        .find(|job| cause.jobs.contains(&job.name));
    let failed = job.into_iter().flat_map(|job| &job.steps);
    let failed = failed.filter(|step| step.conclusion == Conclusion::Failure);
    let said = failed
        .clone()
        .find(|step| step.reason == message)
        .or_else(|| failed.clone().find(|step| step.reason.is_empty()));
    let said = said.into_iter().flat_map(|step| &step.output);
    let said: Vec<String> = said
        .flat_map(|line| wrap(&sanitize(line), columns))
        .collect();
    let last = &said[said.len().saturating_sub(LONGEST_QUOTATION)..];
    let mut lines: Vec<Line> = last.iter().cloned().map(indented).collect();
    for hint in finding.message.lines().skip(1) {
        lines.extend(wrap(&sanitize(hint), columns).into_iter().map(indented));
    }
    if !said.is_empty() {
        let command = logs_command(cause);
        lines.extend(command.map(|command| remark(report, Line::new(), &command)));
    }
    lines
}

/// Why towpath itself could not do the work, below the title: what a program said, the place, the hints.
fn own_problem(report: &FinalReport<'_>, problem: &Problem) -> Vec<Line> {
    let place = problem.place.as_ref();
    let columns = report.style.text_columns().saturating_sub(MARGIN + 6);
    // The first line is the title.
    let said = problem.message.lines().skip(1).take(LONGEST_QUOTATION);
    let mut lines: Vec<Line> = said
        .flat_map(|line| wrap(&sanitize(line), columns))
        .map(|part| Line::new().plain(" ".repeat(MARGIN + 2)).plain(part))
        .collect();
    lines.extend(place.into_iter().flat_map(|place| around(report, place)));
    for hint in &problem.hints {
        for (index, part) in wrap(hint, columns).into_iter().enumerate() {
            let head = if index == 0 { "hint: " } else { "      " };
            lines.push(
                Line::new()
                    .plain(" ".repeat(MARGIN))
                    .painted(Paint::Hint, head)
                    .plain(part),
            );
        }
    }
    lines
}
