//! The jobs of a run: in their groups, on a time line, and their logs.

use std::collections::BTreeMap;

use super::{SHORT, anchor, end_of, icon};
use crate::text::{duration, escaped, strip_ansi};
use crate::{JobRecord, RunRecord};

/// Longer logs keep their beginning and end.
const LOG_LINES: usize = 2_000;
const LOG_LINE: usize = 2_000;

/// Returns the card of jobs: a box for each check with the copies of its matrix, one for all others.
pub(super) fn groups(run: &RunRecord) -> String {
    let mut groups: Vec<(String, Vec<&JobRecord>)> = Vec::new();
    for job in &run.jobs {
        let title = match job.project.as_str() {
            "" => job.group.clone(),
            project => format!("{} · {project}", job.group),
        };
        match groups.iter_mut().find(|(known, _)| *known == title) {
            Some((_, jobs)) => jobs.push(job),
            None => groups.push((title, vec![job])),
        }
    }
    // Checks of one job share a box, which stands where the first of them would.
    let alone = |(_, jobs): &(String, Vec<&JobRecord>)| jobs.len() == 1;
    let first = groups.iter().position(alone);
    let (single, mut groups): (Vec<_>, Vec<_>) = groups.into_iter().partition(alone);
    if let Some(first) = first {
        let jobs = single.into_iter().flat_map(|(_, jobs)| jobs).collect();
        groups.insert(first, ("checks".to_owned(), jobs));
    }
    let boxes: Vec<String> = groups
        .iter()
        .map(|(title, jobs)| {
            let rows: String = jobs.iter().map(|job| row(run, job)).collect();
            format!(
                "<section class=\"grp\"><h3>{}</h3><ul>{rows}</ul></section>",
                escaped(title, SHORT)
            )
        })
        .collect();
    format!(
        "<section class=\"card\" aria-labelledby=\"jobs\"><header><h2 id=\"jobs\">Jobs</h2><span class=\"n\">{}</span>\n<div class=\"legend\"><span>{} reused result</span><span>{} not blocking</span><span>{} skipped</span></div></header>\n<div class=\"groups\">{}</div>\n</section>",
        counts(run),
        icon("cache"),
        icon("warn"),
        icon("skip"),
        boxes.join("\n")
    )
}

fn counts(run: &RunRecord) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for job in &run.jobs {
        let (_, word) = end_of(job);
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    counts
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect::<Vec<_>>()
        .join(" · ")
}

fn row(run: &RunRecord, job: &JobRecord) -> String {
    let (class, word) = end_of(job);
    let words = if job.reason.is_empty() {
        &job.result.summary
    } else {
        &job.reason
    };
    let reused = if job.reused.is_some() {
        format!(
            "<span title=\"Result reused: inputs unchanged\">{}<span class=\"sr\">reused</span></span>",
            icon("cache")
        )
    } else {
        String::new()
    };
    format!(
        "<li><a class=\"job {class}\" href=\"#{}\" title=\"{}\">{}<span class=\"sr\">{word}</span><span class=\"jn\">{}</span>{reused}<span class=\"jd\">{}</span></a></li>",
        anchor(run, &job.name),
        escaped(words, SHORT),
        icon(class),
        escaped(&job.name, SHORT),
        if class == "skip" {
            word.to_owned()
        } else {
            duration(job.duration_ms)
        }
    )
}

/// Returns the card of times: when each job ran, in the order they started.
pub(super) fn timeline(run: &RunRecord) -> String {
    let mut jobs: Vec<&JobRecord> = run
        .jobs
        .iter()
        .filter(|job| job.reused.is_none() && job.duration_ms > 0)
        .collect();
    if jobs.is_empty() {
        return String::new();
    }
    jobs.sort_by_key(|job| (job.started_ms, job.duration_ms));
    let ends = jobs
        .iter()
        .map(|job| job.started_ms.saturating_add(job.duration_ms));
    let whole = ends.max().unwrap_or(1).max(run.duration_ms).max(1) as f64;
    let step = tick(whole);
    let ticks = (0..20_u8)
        .map(|index| f64::from(index) * step)
        .take_while(|at| *at < whole)
        .map(|at| {
            format!(
                "<span style=\"left:{:.2}%\">{}</span>",
                at * 100.0 / whole,
                duration(at as u64)
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let rows: Vec<String> = jobs
        .iter()
        .map(|job| {
            let (class, word) = end_of(job);
            format!(
                "<div class=\"tlr\"><span class=\"tln\">{}<span class=\"sr\">{word}</span>{}</span><div class=\"tlb\"><i class=\"{class}\" style=\"left:{:.2}%;width:{:.2}%\"></i></div><span class=\"tld\">{}</span></div>",
                icon(class),
                escaped(&job.name, SHORT),
                job.started_ms as f64 * 100.0 / whole,
                (job.duration_ms as f64 * 100.0 / whole).max(0.3),
                duration(job.duration_ms)
            )
        })
        .collect();
    format!(
        "<section class=\"card\" aria-labelledby=\"times\"><header><h2 id=\"times\">Timeline</h2><span class=\"n\">{} in all</span></header>\n<div class=\"tl\" style=\"--step:{:.3}%\">\n<div class=\"tlh\"><span></span><div class=\"ticks\">{ticks}</div><span></span></div>\n{}\n</div>\n</section>",
        duration(run.duration_ms),
        step * 100.0 / whole,
        rows.join("\n")
    )
}

/// Returns a round step that gives four to ten ticks.
fn tick(whole_ms: f64) -> f64 {
    let rough = whole_ms / 8.0;
    let power = 10_f64.powf(rough.max(1.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(rough)
}

/// Returns the card of logs, one fold for each job; the first that failed is open.
pub(super) fn logs(run: &RunRecord, logs: &BTreeMap<String, String>) -> String {
    let open = run
        .jobs
        .iter()
        .find(|job| end_of(job).0 == "fail")
        .map(|job| job.name.as_str());
    let folds: Vec<String> = run
        .jobs
        .iter()
        .map(|job| fold(run, job, logs.get(&job.name), open))
        .collect();
    format!(
        "<section class=\"card\" aria-labelledby=\"logs\"><header><h2 id=\"logs\">Logs</h2></header>\n{}\n</section>",
        folds.join("\n")
    )
}

fn fold(run: &RunRecord, job: &JobRecord, log: Option<&String>, open: Option<&str>) -> String {
    let (class, word) = end_of(job);
    let id = anchor(run, &job.name);
    let is_open = if open == Some(job.name.as_str()) {
        " open"
    } else {
        ""
    };
    let words = if job.reason.is_empty() {
        &job.result.summary
    } else {
        &job.reason
    };
    let mut lines: Vec<String> = job
        .commands
        .iter()
        .map(|command| line(&id, "", &format!("$ {}", command.join(" "))))
        .collect();
    lines.extend(job.result.notes.iter().map(|note| line(&id, "", note)));
    lines.extend(log.map(|log| log_lines(&id, log)).unwrap_or_default());
    let body = if lines.is_empty() {
        "<p class=\"pad\">No output was kept.</p>".to_owned()
    } else {
        format!(
            "<ol class=\"log\" tabindex=\"0\" aria-label=\"Log\">{}</ol>",
            lines.join("")
        )
    };
    format!(
        "<details id=\"{id}\"{is_open}><summary>{}<span class=\"sr\">{word}</span><h3>{}</h3><span class=\"n\">{}</span><span class=\"jd\">{}</span></summary>\n{body}</details>",
        icon(class),
        escaped(&job.name, SHORT),
        escaped(words, SHORT),
        duration(job.duration_ms)
    )
}

fn line(id: &str, class: &str, text: &str) -> String {
    let class = if class.is_empty() {
        String::new()
    } else {
        format!(" class=\"{class}\"")
    };
    format!(
        "<li{class}><a href=\"#{id}\" aria-hidden=\"true\">·</a><code>{}</code></li>",
        escaped(text, LOG_LINE)
    )
}

fn log_lines(id: &str, log: &str) -> Vec<String> {
    let plain = strip_ansi(log);
    let all: Vec<&str> = plain.lines().collect();
    let left_out = all.len().saturating_sub(LOG_LINES);
    let mut lines = Vec::new();
    for (index, text) in all.iter().enumerate() {
        if left_out > 0 && index == LOG_LINES / 2 {
            lines.push(line(id, "", &format!("… {left_out} lines are not shown …")));
        }
        if index >= LOG_LINES / 2 && index < LOG_LINES / 2 + left_out {
            continue;
        }
        let number = index + 1;
        let class = if is_error(text) { " class=\"err\"" } else { "" };
        lines.push(format!(
            "<li id=\"{id}-{number}\"{class}><a href=\"#{id}-{number}\">{number}</a><code>{}</code></li>",
            escaped(text, LOG_LINE)
        ));
    }
    lines
}

fn is_error(line: &str) -> bool {
    line.starts_with("E   ")
        || line.starts_with("FAILED ")
        || line.starts_with("ERROR ")
        || line.starts_with("error:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        for (whole, expected) in [
            (14_800.0, 2_000.0),
            (1_000.0, 200.0),
            (80.0, 10.0),
            (600_000.0, 100_000.0),
            (1.0, 1.0),
        ] {
            assert!(
                (tick(whole) - expected).abs() < 1e-6,
                "{whole}: {}",
                tick(whole)
            );
        }
    }
}
