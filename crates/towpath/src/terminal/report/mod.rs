//! The last screen of a run: what is wrong and what to do now.
//!
//! Made from the [`RunRecord`] alone, grouped by cause. Files are read through a function that is
//! handed in, for the lines around a problem. Returns text; writes nothing.

mod advice;
mod footer;
mod problem;

use towpath_report::{Cause, Place, RunRecord, Verdict, causes};

use super::layout::count;
use super::line::Line;
use super::style::{Paint, Style};

/// What the last screen is made from.
pub struct FinalReport<'a> {
    /// The run.
    pub record: &'a RunRecord,
    /// The command that made it, without options: `towpath ci`, `towpath check lint`.
    pub command: &'a str,
    /// How to write to standard output.
    pub style: Style,
    /// Whether the report starts at its problems, without a blank line before them.
    pub is_quiet: bool,
    /// Whether everything is listed, however long.
    pub is_verbose: bool,
    /// Returns the text of a file of the repository, `None` where it cannot be read.
    pub source: &'a dyn Fn(&str) -> Option<String>,
    /// Writes a moment (seconds since 1970 UTC) as the user's time of day, with the date if it is not today.
    pub moment: &'a dyn Fn(i64) -> String,
}

/// How many problems are explained before the rest is only counted.
const EXPLAINED: usize = 20;

/// Returns the last screen of a run, each line with its end.
pub fn final_report(report: &FinalReport<'_>) -> String {
    let causes = causes(report.record);
    let (blocking, advice): (Vec<&Cause>, Vec<&Cause>) =
        causes.iter().partition(|cause| cause.blocking);
    let mut lines = Vec::new();
    if !blocking.is_empty() {
        if !report.is_quiet {
            lines.push(Line::new());
        }
        lines.extend(problems(report, &blocking));
    }
    if has_lists(report, !blocking.is_empty()) {
        lines.extend(advice::advice(report, &advice));
        lines.extend(advice::not_run(report));
        lines.extend(advice::sandbox(report));
    }
    // What was interrupted stands between the jobs and the verdict.
    let is_interrupted = report.record.verdict == Verdict::Interrupted && !report.is_quiet;
    if !lines.is_empty() || is_interrupted {
        lines.push(Line::new());
    }
    lines.extend(footer::footer(report, &blocking));
    lines
        .iter()
        .map(|line| line.render(&report.style) + "\n")
        .collect()
}

/// Whether what does not block is listed: not when nothing was run, and not when the run was cut short.
fn has_lists(report: &FinalReport<'_>, has_problems: bool) -> bool {
    let is_whole = report.record.verdict != Verdict::Interrupted;
    let is_news = has_problems || !footer::is_all_reused(report.record);
    report.is_verbose || (is_whole && is_news)
}

fn problems(report: &FinalReport<'_>, blocking: &[&Cause]) -> Vec<Line> {
    let is_partial = report.record.verdict == Verdict::Interrupted;
    let so_far = if is_partial { " so far" } else { "" };
    let title = format!("{}{so_far}", count(blocking.len(), "problem"));
    let mut lines = vec![rule(&title, report.style)];
    let explained = if report.is_verbose {
        blocking.len()
    } else {
        EXPLAINED
    };
    for (index, cause) in blocking.iter().take(explained).enumerate() {
        if index > 0 || !is_partial {
            lines.push(Line::new());
        }
        let before = index.checked_sub(1).and_then(|before| blocking.get(before));
        let before = before.copied();
        lines.extend(problem::problem(
            report,
            index + 1,
            cause,
            before,
            !is_partial,
        ));
    }
    if blocking.len() > explained {
        lines.push(Line::new());
        lines.extend(advice::counted(report, &blocking[explained..]));
    }
    lines
}

/// A heading that fills the width: `── 2 problems ────`.
fn rule(title: &str, style: Style) -> Line {
    let line = Line::new()
        .painted(Paint::Faint, "── ")
        .painted(Paint::Strong, title)
        .plain(" ");
    let rest = style.text_columns().saturating_sub(line.width());
    line.painted(Paint::Faint, "─".repeat(rest))
}

/// The file's name and the line; the whole path would push what is wrong off the line.
fn short_place(place: &Place) -> String {
    let name = place.path.rsplit('/').next().unwrap_or(&place.path);
    if place.line == 0 {
        name.to_owned()
    } else {
        format!("{name}:{}", place.line)
    }
}

/// A moment and the commit that was checked out then: `09:41 (5b41c9e)`.
fn with_commit(report: &FinalReport<'_>, at: i64, commit: &str) -> String {
    let time = (report.moment)(at);
    if commit.is_empty() {
        time
    } else {
        format!("{time} ({commit})")
    }
}
