//! An explanation in words: one line for each job, or one job at length.

use towpath_report::text::counted;

use super::job::{DependsOn, JobExplanation, Last, Needed, Next};
use crate::output;
use crate::terminal::wrap;

/// Where the words of a line begin.
const INDENT: usize = 15;

/// How many files are named before the rest is only counted.
const FILES: usize = 20;

/// Returns explanations for a terminal of some columns.
pub(super) fn written(told: &[JobExplanation], is_list: bool, columns: usize) -> String {
    if is_list {
        let longest = told.iter().map(|job| job.job.chars().count()).max();
        let indent = longest.unwrap_or(0) + 2;
        let line = |job: &JobExplanation| {
            let reason = match &job.skipped {
                Some(reason) => format!("skipped: {reason}"),
                None => job.reason.clone(),
            };
            labelled(&job.job, &reason, indent, columns)
        };
        return told.iter().map(line).collect();
    }
    let each: Vec<String> = told.iter().map(|job| at_length(job, columns)).collect();
    each.join("\n")
}

fn at_length(job: &JobExplanation, columns: usize) -> String {
    let line = |label: &str, words: &str| labelled(label, words, INDENT, columns);
    let mut text = title(job);
    if let Some(reason) = &job.skipped {
        text.push_str(&line("because", reason));
    } else {
        text.push_str(&line("runs because", &job.reason));
    }
    text.push_str(&line("waits for", &needs(&job.waits_for)));
    text.push_str(&line("needed by", &listed(&job.needed_by)));
    if job.skipped.is_some() {
        return text;
    }
    if !job.python.is_empty() {
        text.push_str(&line("Python", &job.python));
        text.push_str(&line("installs", &listed(&job.installs)));
    }
    for (index, command) in job.commands.iter().enumerate() {
        text.push_str(&line(if index == 0 { "command" } else { "" }, command));
    }
    let last = job.last.as_ref();
    let last = match last {
        Some(last) => last_result(last),
        None if matches!(job.next, Next::Reused) => "no run of it is kept here".to_owned(),
        None => "it has not run yet".to_owned(),
    };
    text.push_str(&line("last result", &last));
    for note in &job.notes {
        text.push_str(&line("note", note));
    }
    text.push_str(&next(job));
    if let Some(depends_on) = &job.depends_on {
        text.push_str(&inputs(depends_on, columns));
    }
    text
}

fn title(job: &JobExplanation) -> String {
    let is_skipped = job.skipped.is_some();
    match &job.last {
        Some(last) if is_skipped && last.result == "skipped" => {
            format!("{} was skipped in run {}\n\n", job.job, last.run)
        }
        _ if is_skipped => format!("{} is skipped\n\n", job.job),
        _ => format!(
            "{} of the standard pipeline (check `{}`)\n\n",
            job.job, job.check
        ),
    }
}

fn needs(needs: &[Needed]) -> String {
    let words: Vec<String> = needs
        .iter()
        .map(|need| match need.result {
            Some(result) => format!("{} ({result})", need.job),
            None => need.job.clone(),
        })
        .collect();
    listed(&words)
}

fn listed(items: &[String]) -> String {
    if items.is_empty() {
        "nothing".to_owned()
    } else {
        items.join(", ")
    }
}

fn last_result(last: &Last) -> String {
    let mut words = vec![last.result.to_owned()];
    if let Some(seconds) = last.seconds_ago {
        words[0] = format!("{} {} ago", last.result, age(seconds));
    }
    let seconds = |ms: u64| ms as f64 / 1000.0;
    if let Some(duration) = last.duration_ms {
        words.push(format!(
            "{:.1} s (median {:.1} s)",
            seconds(duration),
            seconds(last.median_ms)
        ));
    }
    match (last.reused_from, last.reused_at) {
        (Some(run), _) => words.push(format!("reused from run {run}")),
        (None, Some(at)) => words.push(format!(
            "reused from a run of {} that is not kept here",
            output::moment(at)
        )),
        (None, None) => {}
    }
    words.join(", ")
}

fn age(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{} s", seconds.max(0)),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn next(job: &JobExplanation) -> String {
    let (reason, changed) = match &job.next {
        Next::Reused if job.last.is_none() => {
            return "\nNext time it is reused: a run that is not kept here found all that it depends on the same\n"
                .to_owned();
        }
        Next::Reused => {
            return "\nNext time it is reused, because nothing it depends on changed\n".to_owned();
        }
        Next::Unprepared => {
            return "\nNext time it is reused, if its environment turns out the same\n".to_owned();
        }
        Next::Unknown if job.last.is_none() => return "\nNext time it runs\n".to_owned(),
        Next::Unknown
            if job
                .last
                .as_ref()
                .is_some_and(|last| last.reused_at.is_some()) =>
        {
            return "\nNext time it runs: something changed since the run that its verdict is of\n"
                .to_owned();
        }
        Next::Unknown => return "\nNext time it runs: its last verdict was not kept\n".to_owned(),
        Next::RunsAgain { changed } => ("its last run".to_owned(), changed),
        Next::RunsAgainSincePass {
            changed,
            at,
            commit,
        } => {
            let moment = output::moment(*at);
            let when = match commit.as_str() {
                "" => moment,
                commit => format!("{moment}, {commit}"),
            };
            (format!("the last passing run ({when})"), changed)
        }
    };
    let mut text = format!("\nNext time it runs again, because since {reason}\n");
    for (label, items) in [
        ("changed", &changed.changed),
        ("removed", &changed.removed),
        ("changed", &changed.parts),
    ] {
        for item in items.iter().take(FILES) {
            text.push_str(&format!("  {label}  {item}\n"));
        }
        if items.len() > FILES {
            text.push_str(&format!("  {label}  {} more\n", items.len() - FILES));
        }
    }
    text.push_str(&format!(
        "  same     {}",
        counted(changed.same_files, "file")
    ));
    if changed.same_parts > 0 {
        text.push_str(&format!(", {}", counted(changed.same_parts, "other input")));
    }
    text + "\n"
}

/// What the last verdict depends on: the parts of its key that say something, then the files.
fn inputs(depends_on: &DependsOn, columns: usize) -> String {
    let parts = depends_on
        .parts
        .iter()
        .filter(|part| !part.value.is_empty());
    let longest = parts.clone().map(|part| part.name.len()).max().unwrap_or(0);
    let indent = longest.max("files".len()) + 4;
    let mut text = "\nIts last verdict depends on\n".to_owned();
    for part in parts {
        let label = format!("  {}", part.name);
        text.push_str(&labelled(&label, shown(&part.value), indent, columns));
    }
    let named: Vec<&str> = depends_on.files.iter().map(String::as_str).collect();
    let (named, rest) = named.split_at(named.len().min(FILES));
    let mut files = format!("{}: {}", depends_on.files.len(), named.join(", "));
    if !rest.is_empty() {
        files = format!("{files} and {} more (--format json lists all)", rest.len());
    }
    text + &labelled("  files", &files, indent, columns)
}

/// A digest is cut to what a person can compare.
fn shown(value: &str) -> &str {
    let is_digest = value.len() >= 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { &value[..12] } else { value }
}

/// A label and words that are broken to stay in their column.
fn labelled(label: &str, words: &str, indent: usize, columns: usize) -> String {
    let mut text = String::new();
    let room = columns.saturating_sub(indent).max(20);
    for (index, part) in wrap(words, room).into_iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        let line = format!("{label:<indent$}{part}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage() -> JobExplanation {
        JobExplanation {
            job: "coverage".to_owned(),
            check: "coverage".to_owned(),
            project: String::new(),
            reason: "it combines the coverage of all Pythons".to_owned(),
            skipped: None,
            waits_for: vec![
                Needed {
                    job: "tests 3.12".to_owned(),
                    result: Some("failed"),
                },
                Needed {
                    job: "tests 3.13".to_owned(),
                    result: None,
                },
            ],
            needed_by: Vec::new(),
            python: "3.12.1 (pyenv)".to_owned(),
            installs: vec!["coverage>=7".to_owned()],
            commands: vec!["{python} combine.py".to_owned()],
            last: Some(Last {
                run: 7,
                result: "passed",
                seconds_ago: Some(130),
                commit: "5b41c9e".to_owned(),
                duration_ms: Some(600),
                median_ms: 3_300,
                reused_from: Some(5),
                reused_at: Some(0),
            }),
            notes: Vec::new(),
            next: Next::Reused,
            depends_on: Some(DependsOn {
                parts: Vec::new(),
                files: (0..22).map(|number| format!("src/{number}.py")).collect(),
            }),
        }
    }

    #[test]
    fn a_job_that_ran_is_told_at_length() {
        insta::assert_snapshot!(written(&[coverage()], false, 80));
    }

    #[test]
    fn a_verdict_of_a_run_that_is_not_kept_here_is_told_as_such() {
        let line = |job: &JobExplanation, start: &str| {
            let text = written(std::slice::from_ref(job), false, 200);
            let line = text.lines().find(|line| line.starts_with(start));
            line.expect("it is told").to_owned()
        };
        let mut job = coverage();
        job.last = job.last.map(|last| Last {
            seconds_ago: None,
            duration_ms: None,
            reused_from: None,
            ..last
        });
        let at = output::moment(0);
        assert_eq!(
            line(&job, "last result"),
            format!("last result    passed, reused from a run of {at} that is not kept here")
        );
        job.last = None;
        assert_eq!(
            [line(&job, "last result"), line(&job, "Next time")],
            [
                "last result    no run of it is kept here",
                "Next time it is reused: a run that is not kept here found all that it depends on the same"
            ]
        );
    }

    #[test]
    fn a_skipped_job_says_why_and_what_became_of_its_needs() {
        let mut job = coverage();
        job.skipped = Some("no test measured coverage".to_owned());
        job.last = job.last.map(|last| Last {
            result: "skipped",
            ..last
        });
        let expected = "\
coverage was skipped in run 7

because        no test measured coverage
waits for      tests 3.12 (failed), tests 3.13
needed by      nothing
";
        assert_eq!(written(&[job], false, 80), expected);
    }

    #[test]
    fn the_list_has_a_line_for_each_job_and_stays_in_its_columns() {
        let mut skipped = coverage();
        skipped.job = "wheel 3.13".to_owned();
        skipped.skipped = Some("no wheel was built".to_owned());
        let expected = "\
coverage    it combines the coverage of
            all Pythons
wheel 3.13  skipped: no wheel was built
";
        assert_eq!(written(&[coverage(), skipped], true, 40), expected);
    }
}
