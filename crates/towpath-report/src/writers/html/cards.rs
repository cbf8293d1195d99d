//! The card of causes: what blocks with its source, what does not block in one line each.

use std::collections::{BTreeMap, BTreeSet};

use super::{SHORT, icon, moment, reports};
use crate::text::{counted, escaped};
use crate::{Cause, CauseKind, Comparison, LastPass, Place, RunRecord};

/// More causes than this are counted only: the page is for people.
const SHOWN: usize = 100;
const DETAILS: usize = 64 * 1024;
/// How many files are named that changed since a test passed.
const SINCE: usize = 3;

/// Returns the card of causes.
pub(super) fn causes(
    run: &RunRecord,
    causes: &[Cause],
    sources: &BTreeMap<String, String>,
) -> String {
    let (blocking, advice): (Vec<&Cause>, Vec<&Cause>) =
        causes.iter().partition(|cause| cause.blocking);
    let all: usize = blocking
        .iter()
        .map(|cause| reports(&cause.kind, cause.jobs.len()))
        .sum();
    let jobs = blocking
        .iter()
        .flat_map(|cause| &cause.jobs)
        .collect::<BTreeSet<_>>()
        .len();
    let (class, mark, words) = if blocking.is_empty() {
        ("card", "warn", "Nothing blocks".to_owned())
    } else {
        let verb = if blocking.len() == 1 { "makes" } else { "make" };
        (
            "card why",
            "fail",
            format!(
                "{} {verb} this run fail",
                counted(blocking.len(), "problem")
            ),
        )
    };
    let mut parts = vec![format!(
        "<section class=\"{class}\" aria-labelledby=\"why\">\n<header>{}<h2 id=\"why\">{words}</h2><span class=\"n\">{} from {}, grouped by cause</span></header>\n<div class=\"cols\">",
        icon(mark),
        counted(all, "report"),
        counted(jobs, "job")
    )];
    let is_standard = run.workflows.is_empty();
    parts.extend(
        blocking
            .iter()
            .take(SHOWN)
            .map(|cause| card(cause, sources, is_standard)),
    );
    parts.push("</div>".to_owned());
    if blocking.len() > SHOWN {
        parts.push(format!(
            "<p class=\"also\">and {}</p>",
            counted(blocking.len() - SHOWN, "other problem")
        ));
    }
    if !advice.is_empty() {
        parts.push(advice_list(&advice));
    }
    if !blocking.is_empty() {
        let only = if is_standard {
            format!(
                "<span class=\"n\">runs only what failed in run {}</span>",
                run.run
            )
        } else {
            String::new()
        };
        parts.push(format!(
            "<div class=\"rep\"><span>Reproduce it on your machine</span><code>{}</code>{only}</div>",
            escaped(&run.command_again(), SHORT)
        ));
    }
    parts.push("</section>".to_owned());
    parts.join("\n")
}

fn advice_list(advice: &[&Cause]) -> String {
    let rows: Vec<String> = advice
        .iter()
        .take(SHOWN)
        .map(|cause| {
            let place = cause
                .place
                .as_ref()
                .map(|place| format!(" · <code>{}</code>", escaped(&place.to_string(), SHORT)));
            format!(
                "<li>{} · {}{}</li>",
                escaped(&cause.group, SHORT),
                escaped(&cause.title, SHORT),
                place.unwrap_or_default()
            )
        })
        .collect();
    let verb = if advice.len() == 1 {
        "1 finding that does".to_owned()
    } else {
        format!("{} findings that do", advice.len())
    };
    format!(
        "<div class=\"also\">{} <b>{verb} not block</b><ul>{}</ul></div>",
        icon("warn"),
        rows.join("\n")
    )
}

/// `is_standard` says whether the group of a cause is a check, which `towpath fix` knows.
fn card(cause: &Cause, sources: &BTreeMap<String, String>, is_standard: bool) -> String {
    let project = if cause.project.is_empty() {
        String::new()
    } else {
        format!(" · {}", cause.project)
    };
    let mut parts = vec![format!(
        "<article class=\"fx\">\n<h3>{}{} <code>{}</code></h3>",
        icon("fail"),
        escaped(&cause.title, SHORT),
        escaped(&format!("{}{project}", cause.group), SHORT)
    )];
    let place = cause
        .place
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let words: Vec<String> = [place.as_str(), &cause.extent]
        .iter()
        .filter(|words| !words.is_empty())
        .map(|words| escaped(words, SHORT))
        .collect();
    parts.push(format!("<p class=\"sub\">{}</p>", words.join(" · ")));
    match &cause.kind {
        CauseKind::Tests {
            cases,
            comparison,
            last_pass,
            ..
        } => {
            if let Some(comparison) = comparison {
                parts.push(difference(comparison));
            } else if let Some(case) = cases.first() {
                parts.push(snippet(
                    case.failed_at.as_ref().or(cause.place.as_ref()),
                    sources,
                ));
                parts.push(format!(
                    "<p class=\"say\">{}</p>",
                    escaped(&case.message, SHORT)
                ));
            }
            parts.extend(last_pass.as_ref().map(since));
            if let Some(case) = cases.first().filter(|case| !case.details.is_empty()) {
                parts.push(format!(
                    "<details><summary>The failure at length</summary><div class=\"snip\"><div>{}</div></div></details>",
                    escaped(&case.details, DETAILS)
                ));
            }
        }
        CauseKind::Problem(problem) => {
            parts.extend(
                problem
                    .hints
                    .iter()
                    .map(|hint| format!("<p class=\"say\">hint: {}</p>", escaped(hint, SHORT))),
            );
        }
        CauseKind::Finding(_) | CauseKind::Job => {
            parts.push(snippet(cause.place.as_ref(), sources));
        }
    }
    if cause.fixable {
        let check = if is_standard { &cause.group } else { "" };
        let command = format!("towpath fix {check}");
        parts.push(format!(
            "<p class=\"say\">Fixable: <code>{}</code></p>",
            escaped(command.trim_end(), SHORT)
        ));
    }
    parts.push(format!(
        "<p class=\"say\">Found by {}</p>\n</article>",
        escaped(&cause.jobs.join(", "), SHORT)
    ));
    parts.join("\n")
}

/// When a test passed last and what changed since.
fn since(pass: &LastPass) -> String {
    let commit = match pass.commit.as_str() {
        "" => String::new(),
        commit => format!(" (<code>{}</code>)", escaped(commit, SHORT)),
    };
    let places: Vec<String> = pass
        .changed
        .iter()
        .take(SINCE)
        .map(|place| format!("<code>{}</code>", escaped(&place.to_string(), SHORT)))
        .collect();
    let changed = match pass.changed.len().saturating_sub(SINCE) {
        _ if places.is_empty() => "no file that it reads".to_owned(),
        0 => places.join(", "),
        more => format!("{} and {}", places.join(", "), counted(more, "more file")),
    };
    format!(
        "<p class=\"say\">Passed {}{commit}; changed since: {changed}</p>",
        moment(pass.at)
    )
}

fn difference(comparison: &Comparison) -> String {
    let split = |text: &str| {
        let at = text
            .char_indices()
            .nth(comparison.differs_at)
            .map_or(text.len(), |(index, _)| index);
        let (same, other) = text.split_at(at);
        format!(
            "{}<mark>{}</mark>",
            escaped(same, SHORT),
            escaped(other, SHORT)
        )
    };
    format!(
        "<div class=\"snip diff\" tabindex=\"0\"><div><span class=\"ln\"> </span>{}</div><div class=\"add\"><span class=\"ln\">want</span>{}</div><div class=\"del\"><span class=\"ln\">got</span>{}</div></div>",
        escaped(&comparison.source, SHORT),
        escaped(&comparison.want, SHORT),
        split(&comparison.got)
    )
}

fn snippet(place: Option<&Place>, sources: &BTreeMap<String, String>) -> String {
    let Some((place, source)) = place.and_then(|place| Some((place, sources.get(&place.path)?)))
    else {
        return String::new();
    };
    let first = place.line.saturating_sub(1).max(1);
    let lines = source.lines().zip(1_u32..).skip(first as usize - 1);
    let rows: Vec<String> = lines
        .take_while(|(_, number)| place.line > 0 && *number <= place.line.saturating_add(1))
        .map(|(line, number)| {
            let (class, text) = if number == place.line {
                (" class=\"del\"", marked(line, place))
            } else {
                ("", escaped(line, SHORT))
            };
            format!("<div{class}><span class=\"ln\">{number}</span>{text}</div>")
        })
        .collect();
    if rows.is_empty() {
        String::new()
    } else {
        format!("<div class=\"snip\" tabindex=\"0\">{}</div>", rows.join(""))
    }
}

fn marked(line: &str, place: &Place) -> String {
    if place.column == 0 {
        return escaped(line, SHORT);
    }
    let start = place.column as usize - 1;
    let end = match place.end_column as usize {
        end if place.end_line <= place.line && end > place.column as usize => end - 1,
        _ => usize::MAX,
    };
    let part = |from: usize, to: usize| {
        escaped(
            &line
                .chars()
                .skip(from)
                .take(to.saturating_sub(from))
                .collect::<String>(),
            SHORT,
        )
    };
    format!(
        "{}<mark>{}</mark>{}",
        part(0, start),
        part(start, end),
        part(end, usize::MAX)
    )
}
