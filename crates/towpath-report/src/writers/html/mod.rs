//! The page of a run: one file that needs no script and no network. First the causes, then the jobs,
//! their times, their logs, and in the margin tests, coverage and artifacts.

mod cards;
mod jobs;
mod rail;

use std::collections::BTreeMap;

use crate::text::{counted, duration, escaped};
use crate::{CauseKind, Conclusion, JobRecord, RunRecord, Verdict, causes};

const CSS: &str = include_str!("page.css");
const ICONS: &str = include_str!("icons.svg");
/// Short text is cut to this many bytes.
const SHORT: usize = 2048;

/// What a page shows besides the record.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// Files of the repository that causes lie in, by path; a missing one has no snippet.
    pub sources: &'a BTreeMap<String, String>,
    /// Logs by job name; a missing one is not shown.
    pub logs: &'a BTreeMap<String, String>,
}

/// Returns the page of a run.
pub fn write(run: &RunRecord, material: Material<'_>) -> String {
    let causes = causes(run);
    let name = run.title.split(" · ").next().unwrap_or_default();
    let (word, _) = verdict(run.verdict);
    let mut parts = vec![format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <title>{word} · {} #{} · towpath</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n{ICONS}",
        escaped(name, SHORT),
        run.run
    )];
    parts.push(top(name));
    parts.push("<main>\n<section aria-label=\"Run\">".to_owned());
    parts.push(head(run));
    if !causes.is_empty() {
        parts.push(cards::causes(run, &causes, material.sources));
    }
    parts.push(jobs::groups(run));
    parts.push(jobs::timeline(run));
    parts.push("<div class=\"two\">".to_owned());
    parts.push(jobs::logs(run, material.logs));
    parts.push(rail::rail(run));
    parts.push("</div>".to_owned());
    parts.push(foot(run));
    parts.push("</section>\n</main>\n</body>\n</html>\n".to_owned());
    parts.join("\n")
}

/// Returns a moment (seconds since 1970 UTC) as date and time.
fn moment(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map(|time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
        .unwrap_or_default()
}

/// Returns the word and the class of a verdict.
fn verdict(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Passed => ("Passed", "ok"),
        Verdict::Failed => ("Failed", "fail"),
        Verdict::Error => ("Could not run", "fail"),
        Verdict::Interrupted => ("Interrupted", "skip"),
    }
}

/// Returns the class and the word of a job's end.
fn end_of(job: &JobRecord) -> (&'static str, &'static str) {
    match job.conclusion {
        Conclusion::Success => ("ok", "passed"),
        Conclusion::Failure | Conclusion::Error if job.advisory => ("warn", "failed, not blocking"),
        Conclusion::Failure => ("fail", "failed"),
        Conclusion::Error => ("fail", "could not run"),
        Conclusion::Neutral => ("warn", "warning, not blocking"),
        Conclusion::Skipped => ("skip", "skipped"),
        Conclusion::Cancelled => ("skip", "interrupted"),
    }
}

fn icon(name: &str) -> String {
    format!("<svg class=\"i {name}\" aria-hidden=\"true\"><use href=\"#i-{name}\"/></svg>")
}

/// Returns the id of the log of a job.
fn anchor(run: &RunRecord, job: &str) -> String {
    let index = run
        .jobs
        .iter()
        .position(|record| record.name == job)
        .unwrap_or_default();
    format!("job-{index}")
}

fn top(name: &str) -> String {
    let theme = |id: &str, icon_name: &str, words: &str, checked: &str| {
        format!(
            "<input type=\"radio\" name=\"theme\" id=\"t-{id}\"{checked}><label for=\"t-{id}\" title=\"{words}\">{}<span class=\"sr\">{words}</span></label>",
            icon(icon_name)
        )
    };
    format!(
        "<header class=\"top\"><div>\n<span class=\"brand\">towpath</span>\n\
         <span class=\"crumb\">/ {}</span>\n<span class=\"sp\"></span>\n\
         <div class=\"seg\" role=\"radiogroup\" aria-label=\"Theme\">{}{}{}</div>\n</div></header>\n",
        escaped(name, SHORT),
        theme("auto", "auto", "System theme", " checked"),
        theme("light", "sun", "Light theme", ""),
        theme("dark", "moon", "Dark theme", "")
    )
}

fn head(run: &RunRecord) -> String {
    let (word, class) = verdict(run.verdict);
    let reused = run.jobs.iter().filter(|job| job.reused.is_some()).count();
    let mut meta = vec![format!("<b>{}</b>", duration(run.duration_ms))];
    if let Some(commit) = run.commit.get(..7) {
        meta.insert(0, format!("<code>{}</code>", escaped(commit, SHORT)));
    }
    meta.push(moment(run.started));
    if reused > 0 {
        meta.push(format!(
            "{} {reused} of {} reused",
            icon("cache"),
            counted(run.jobs.len(), "job")
        ));
    }
    meta.push(format!("sandbox {}", escaped(&run.sandbox, SHORT)));
    meta.extend(run.notes.iter().map(|note| escaped(note, SHORT)));
    let meta = meta
        .iter()
        .map(|words| format!("<span>{words}</span>"))
        .collect::<Vec<_>>()
        .concat();
    format!(
        "<div class=\"hd\">\n<span class=\"pill {class}\">{}{word}</span>\n<div>\n\
         <h1>{} <span class=\"num\">#{}</span></h1>\n<div class=\"meta\">{meta}</div>\n</div>\n</div>",
        icon(class),
        escaped(&run.title, SHORT),
        run.run
    )
}

fn foot(run: &RunRecord) -> String {
    let rows: Vec<String> = run
        .not_run
        .iter()
        .map(|line| format!("<span>not run: {}</span>", escaped(line, SHORT)))
        .collect();
    format!(
        "<p class=\"foot\"><span>towpath {}</span>{}</p>",
        escaped(&run.towpath, SHORT),
        rows.join("")
    )
}

/// Returns how many reports of how many jobs a kind of cause stands for.
fn reports(kind: &CauseKind, jobs: usize) -> usize {
    match kind {
        CauseKind::Tests { cases, .. } => cases.len() * jobs,
        _ => jobs,
    }
}
