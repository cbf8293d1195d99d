//! What does not make a run red: findings that do not block, and what was not run at all.

use std::collections::BTreeMap;

use towpath_report::Cause;
use unicode_width::UnicodeWidthStr;

use super::FinalReport;
use crate::terminal::line::{Line, cut, sanitize, wrap};
use crate::terminal::style::Paint;

/// How many findings are named before the rest is only counted.
const NAMED: usize = 8;

/// Returns the list of what does not block; no lines where there is nothing.
pub(super) fn advice(report: &FinalReport<'_>, causes: &[&Cause]) -> Vec<Line> {
    if causes.is_empty() {
        return Vec::new();
    }
    let named = if report.is_verbose {
        causes.len()
    } else {
        NAMED
    };
    let (named, rest) = causes.split_at(named.min(causes.len()));
    let list = List::new(report, "Do not block:");
    let texts: Vec<String> = named
        .iter()
        .map(|cause| format!("{} {}", cause.group, sanitize(&cause.title)))
        .collect();
    let places: Vec<String> = named.iter().map(|cause| short_place(cause)).collect();
    let place_columns = places
        .iter()
        .map(|place| place.width() + 1)
        .max()
        .unwrap_or(0);
    let room = list.room.saturating_sub(place_columns);
    let text_columns = texts
        .iter()
        .map(|text| text.width())
        .max()
        .unwrap_or(0)
        .min(room);
    let mut items = Vec::new();
    for (text, place) in texts.iter().zip(&places) {
        let line = Line::new().plain(cut(text, text_columns));
        items.push(if place.is_empty() {
            line
        } else {
            line.filled_to(text_columns + 1).painted(Paint::Hint, place)
        });
    }
    if !rest.is_empty() {
        items.push(Line::new().painted(Paint::Faint, counts(rest)));
    }
    list.lines(items)
}

/// Returns the list of what the project's automation checks and this run did not.
pub(super) fn not_run(report: &FinalReport<'_>) -> Vec<Line> {
    let list = List::new(report, "Not run:");
    let mut items = Vec::new();
    for entry in &report.record.not_run {
        items.extend(
            wrap(&sanitize(entry), list.room)
                .into_iter()
                .map(|part| Line::new().plain(part)),
        );
    }
    list.lines(items)
}

/// Returns how far jobs were isolated, where that is less than the machine could be hoped to give.
pub(super) fn sandbox(report: &FinalReport<'_>) -> Vec<Line> {
    let level = report.record.sandbox.as_str();
    let is_weak = !matches!(level, "" | "namespaces");
    if is_weak || (report.is_verbose && !level.is_empty()) {
        return List::new(report, "Sandbox:").lines(vec![Line::new().plain(level)]);
    }
    Vec::new()
}

/// Returns one line that counts problems too many to be explained.
pub(super) fn counted(report: &FinalReport<'_>, causes: &[&Cause]) -> Vec<Line> {
    let words = format!("{}; `towpath ci --verbose` explains each", counts(causes));
    wrap(&words, report.style.text_columns().saturating_sub(3))
        .into_iter()
        .map(|part| Line::new().plain("   ").plain(part))
        .collect()
}

/// Counts by check: `and 132 more: lint 130, types 2`.
fn counts(causes: &[&Cause]) -> String {
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for cause in causes {
        *groups.entry(cause.group.as_str()).or_default() += 1;
    }
    let groups: Vec<String> = groups
        .iter()
        .map(|(group, number)| format!("{group} {number}"))
        .collect();
    format!("and {} more: {}", causes.len(), groups.join(", "))
}

/// The file's name and the line; the whole path would push what is wrong off the line.
fn short_place(cause: &Cause) -> String {
    let Some(place) = &cause.place else {
        return String::new();
    };
    let name = place.path.rsplit('/').next().unwrap_or(&place.path);
    if place.line == 0 {
        name.to_owned()
    } else {
        format!("{name}:{}", place.line)
    }
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
