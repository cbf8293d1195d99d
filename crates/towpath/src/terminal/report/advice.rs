//! What does not make a run red: findings that do not block, and what was not run at all.

use std::collections::BTreeMap;

use towpath_report::{Cause, CauseKind};
use unicode_width::UnicodeWidthStr;

use super::{FinalReport, short_place};
use crate::terminal::line::{Line, cut, sanitize, wrap};
use crate::terminal::style::Paint;

/// How many kinds of findings are named; where there are more, all are only counted, since a reader looks for
/// what to do and none of these has to be done.
const NAMED: usize = 4;

/// How many lines of what was not run are shown before the rest is only counted.
const NOT_RUN: usize = 8;

/// Returns the list of what does not block; no lines where there is nothing.
pub(super) fn advice(report: &FinalReport<'_>, causes: &[&Cause]) -> Vec<Line> {
    let list = List::new(report, "Do not block:");
    if report.is_verbose {
        let items = causes.iter().flat_map(|cause| whole(&list, cause));
        return list.lines(items.collect());
    }
    let kinds = kinds(causes);
    let all = &format!("`{} --verbose` lists all", report.command);
    if kinds.len() > NAMED {
        let words = format!("{}; {all}", by_check(causes));
        let parts = wrap(&words, list.room).into_iter();
        return list.lines(parts.map(|part| Line::new().plain(part)).collect());
    }
    let mut items = in_columns(&list, &kinds);
    if kinds.len() < causes.len() {
        items.extend(faint(&list, all));
    }
    list.lines(items)
}

/// Findings of one rule of one check together, in the order of the first of each.
fn kinds<'a>(causes: &[&'a Cause]) -> Vec<Vec<&'a Cause>> {
    let mut kinds: Vec<Vec<&Cause>> = Vec::new();
    for cause in causes {
        let known = kinds
            .iter_mut()
            .find(|kind| kind_of(kind[0]) == kind_of(cause));
        match known {
            Some(kind) => kind.push(cause),
            None => kinds.push(vec![cause]),
        }
    }
    kinds
}

fn kind_of(cause: &Cause) -> (&str, &str, &str) {
    let rule = match &cause.kind {
        CauseKind::Finding(finding) if !finding.rule.is_empty() => &finding.rule,
        _ => &cause.title,
    };
    (&cause.group, &cause.project, rule)
}

/// What is found, and where first.
fn in_columns(list: &List, kinds: &[Vec<&Cause>]) -> Vec<Line> {
    let texts: Vec<String> = kinds
        .iter()
        .map(|kind| format!("{} {}", kind[0].group, sanitize(&kind[0].title)))
        .collect();
    let places: Vec<String> = kinds.iter().map(|kind| places(kind)).collect();
    let lines = texts.iter().zip(&places);
    let widest = lines
        .clone()
        .map(|(text, place)| text.width() + 1 + place.width());
    let end = widest.max().unwrap_or(0).min(list.room);
    let line = |(text, place): (&String, &String)| {
        let room = end.saturating_sub(place.width() + usize::from(!place.is_empty()));
        let line = Line::new().plain(cut(text, room));
        if place.is_empty() {
            line
        } else {
            line.ending_at(end, Paint::Hint, place)
        }
    };
    lines.map(line).collect()
}

/// The first place of a kind and how many there are more: `_compat.py:70, 11 more`.
fn places(kind: &[&Cause]) -> String {
    let place = kind[0].place.as_ref().map(short_place).unwrap_or_default();
    match kind.len() - 1 {
        0 => place,
        more if place.is_empty() => format!("{more} more"),
        more => format!("{place}, {more} more"),
    }
}

/// A finding with nothing left out.
fn whole(list: &List, cause: &Cause) -> Vec<Line> {
    let words = format!("{} {}", cause.group, sanitize(&cause.title));
    let mut lines: Vec<Line> = wrap(&words, list.room)
        .into_iter()
        .map(|part| Line::new().plain(part))
        .collect();
    if let Some(place) = &cause.place {
        let place = place.to_string();
        let last = lines.pop().unwrap_or_default();
        if last.width() + 2 + place.width() <= list.room {
            lines.push(last.plain("  ").painted(Paint::Hint, place));
        } else {
            lines.extend([last, Line::new().plain("  ").painted(Paint::Hint, place)]);
        }
    }
    lines
}

fn faint(list: &List, words: &str) -> Vec<Line> {
    let parts = wrap(words, list.room).into_iter();
    parts
        .map(|part| Line::new().painted(Paint::Faint, part))
        .collect()
}

/// Returns the list of what the project's automation checks and this run did not.
pub(super) fn not_run(report: &FinalReport<'_>) -> Vec<Line> {
    let list = List::new(report, "Not run:");
    let entries = &report.record.not_run;
    let mut items = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        if items.len() >= NOT_RUN && !report.is_verbose {
            let words = format!(
                "and {} more; `{} --verbose` lists all",
                entries.len() - index,
                report.command
            );
            items.extend(faint(&list, &words));
            break;
        }
        let parts = wrap(&sanitize(entry), list.room).into_iter();
        items.extend(parts.map(|part| Line::new().plain(cut(&part, list.room))));
    }
    list.lines(items)
}

/// Returns how far jobs were isolated, where that is less than the machine could be hoped to give.
pub(super) fn sandbox(report: &FinalReport<'_>) -> Vec<Line> {
    let level = report.record.sandbox.as_str();
    let is_weak = !matches!(level, "" | "namespaces");
    if !is_weak && (!report.is_verbose || level.is_empty()) {
        return Vec::new();
    }
    let list = List::new(report, "Sandbox:");
    let parts = wrap(&told(level), list.room).into_iter();
    let lines = parts.map(|part| Line::new().plain(part)).collect();
    list.lines(lines)
}

/// Says what a level of isolation means for the verdicts.
fn told(level: &str) -> String {
    let missing = match level {
        "none" => "nothing kept the jobs from other files and the network",
        "landlock+seccomp" => "without namespaces nothing tells what the jobs read",
        _ => return level.to_owned(),
    };
    format!("{level}; {missing}, so no verdict is kept for later runs")
}

/// Returns one line that counts problems too many to be explained.
pub(super) fn counted(report: &FinalReport<'_>, causes: &[&Cause]) -> Vec<Line> {
    let words = format!(
        "{}; `{} --verbose` explains each",
        counts(causes),
        report.command
    );
    wrap(&words, report.style.text_columns().saturating_sub(3))
        .into_iter()
        .map(|part| Line::new().plain("   ").plain(part))
        .collect()
}

/// Counts by check: `and 132 more: lint 130, types 2`.
fn counts(causes: &[&Cause]) -> String {
    format!("and {} more: {}", causes.len(), by_check(causes))
}

/// `lint 130, types 2`.
fn by_check(causes: &[&Cause]) -> String {
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for cause in causes {
        *groups.entry(cause.group.as_str()).or_default() += 1;
    }
    let groups: Vec<String> = groups
        .iter()
        .map(|(group, number)| format!("{group} {number}"))
        .collect();
    groups.join(", ")
}

/// A list whose heading stands beside its first item, or above it on a narrow terminal.
struct List {
    heading: &'static str,
    indent: usize,
    is_beside: bool,
    room: usize,
}

impl List {
    fn new(report: &FinalReport<'_>, heading: &'static str) -> Self {
        let is_beside = !report.style.is_narrow();
        let indent = if is_beside { 3 + heading.len() + 1 } else { 5 };
        Self {
            heading,
            indent,
            is_beside,
            room: report.style.text_columns().saturating_sub(indent),
        }
    }

    /// A blank line, then the items.
    fn lines(&self, items: Vec<Line>) -> Vec<Line> {
        if items.is_empty() {
            return Vec::new();
        }
        let heading = Line::new()
            .plain("   ")
            .painted(Paint::Doubtful, self.heading);
        let mut lines = vec![Line::new()];
        if !self.is_beside {
            lines.push(heading.clone());
        }
        for (index, item) in items.into_iter().enumerate() {
            let start = if index == 0 && self.is_beside {
                heading.clone().plain(" ")
            } else {
                Line::new().plain(" ".repeat(self.indent))
            };
            lines.push(start.append(item));
        }
        lines
    }
}
