//! The run as Markdown, for GitHub's job summary, merge requests and files.

use crate::text::{counted, cut, duration, one_line};
use crate::{Cause, Changes, Conclusion, JobRecord, Place, RunRecord, Verdict, causes};

/// A summary of GitHub may have 1 MiB; a reader has less patience.
const ROWS: usize = 50;

/// Where a report's places can be looked at.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a> {
    /// What stands before a path in the address of a file, such as
    /// `https://github.com/owner/name/blob/COMMIT`; empty for no links.
    pub files: &'a str,
}

/// Returns the run as Markdown, as in `towpath ci --report markdown=FILE` and GitHub's job summary.
pub fn write(run: &RunRecord, links: Links<'_>, changes: &Changes) -> String {
    let causes = causes(run);
    let (blocking, advice): (Vec<&Cause>, Vec<&Cause>) =
        causes.iter().partition(|cause| cause.blocking);
    let mut parts = vec![headline(run, blocking.len())];
    if !blocking.is_empty() {
        parts.push(table(&blocking, links, changes));
    }
    parts.push(String::new());
    parts.push(footer(run));
    if !advice.is_empty() {
        let title = format!("{} not block", advice_words(advice.len()));
        parts.push(details(&title, &table(&advice, links, changes)));
    }
    parts.push(details(
        &format!("All {}", counted(run.jobs.len(), "job")),
        &jobs(run),
    ));
    if !run.not_run.is_empty() {
        let rows: Vec<String> = run
            .not_run
            .iter()
            .map(|line| format!("- {}", escaped(line)))
            .collect();
        parts.push(details("Not run by towpath", &rows.join("\n")));
    }
    parts.join("\n") + "\n"
}

fn advice_words(count: usize) -> String {
    if count == 1 {
        "1 finding that does".to_owned()
    } else {
        format!("{count} findings that do")
    }
}

fn headline(run: &RunRecord, problems: usize) -> String {
    let red = run.jobs.iter().filter(|job| is_red(job)).count();
    let all = counted(run.jobs.len(), "job");
    match run.verdict {
        Verdict::Passed => format!("### ✓ towpath: passed, {all}"),
        Verdict::Failed => format!(
            "### ✗ towpath: {} in {red} of {all}",
            counted(problems, "problem")
        ),
        Verdict::Error => format!("### ✗ towpath: could not run everything, {red} of {all} red"),
        Verdict::Interrupted => format!(
            "### – towpath: interrupted, {} so far",
            counted(problems, "problem")
        ),
    }
}

fn is_red(job: &JobRecord) -> bool {
    !job.advisory && matches!(job.conclusion, Conclusion::Failure | Conclusion::Error)
}

fn table(causes: &[&Cause], links: Links<'_>, changes: &Changes) -> String {
    let has_changes = !changes.files.is_empty();
    let mut rows = vec![
        format!(
            "| problem | where |{}",
            if has_changes { " since |" } else { "" }
        ),
        format!("| --- | --- |{}", if has_changes { " --- |" } else { "" }),
    ];
    for cause in causes.iter().take(ROWS) {
        let place = cause
            .place
            .as_ref()
            .map(|place| link(place, links))
            .unwrap_or_default();
        let is_new = cause
            .place
            .as_ref()
            .is_some_and(|place| changes.touch(place));
        let since = match (has_changes, is_new) {
            (false, _) => "",
            (true, true) => " this pull request |",
            (true, false) => " |",
        };
        rows.push(format!("| {} | {place} |{since}", problem(cause)));
    }
    if causes.len() > ROWS {
        rows.push(format!("\nand {}", counted(causes.len() - ROWS, "other")));
    }
    rows.join("\n")
}

/// Writes the first word, which is the rule or the test, in bold.
fn problem(cause: &Cause) -> String {
    let title = one_line(&cause.title, 300);
    let (first, rest) = title.split_once(' ').unwrap_or((&title, ""));
    let mut words = format!("**{}**", escaped(first));
    for part in [rest, &cause.extent] {
        if !part.is_empty() {
            words = format!("{words} {}", escaped(part));
        }
    }
    if cause.fixable {
        words.push_str(" (fixable)");
    }
    words
}

fn link(place: &Place, links: Links<'_>) -> String {
    let name = place.path.rsplit('/').next().unwrap_or(&place.path);
    let line = if place.line > 0 {
        format!(":{}", place.line)
    } else {
        String::new()
    };
    if links.files.is_empty() || place.path.starts_with('/') {
        return format!("{}{line}", escaped(&place.path));
    }
    let anchor = if place.line > 0 {
        format!("#L{}", place.line)
    } else {
        String::new()
    };
    let path = super::sarif::uri(&place.path);
    format!(
        "[{}{line}]({}/{path}{anchor})",
        escaped(name),
        links.files.trim_end_matches('/')
    )
}

fn footer(run: &RunRecord) -> String {
    let mut words = Vec::new();
    if let Some(coverage) = run.coverage() {
        let jobs: Vec<_> = run
            .jobs
            .iter()
            .filter(|job| job.group == "coverage" && job.result.coverage.is_some())
            .collect();
        words.push(match jobs.as_slice() {
            // It says what the change covers, too.
            [job] => format!("Coverage {}", escaped(&job.result.summary)),
            _ => format!("Coverage {:.1} %", coverage.percent()),
        });
    }
    let reused = run.jobs.iter().filter(|job| job.reused.is_some()).count();
    let time = duration(run.duration_ms);
    words.push(if reused > 0 {
        format!("{time}, {} reused", counted(reused, "job"))
    } else {
        time
    });
    if run.verdict != Verdict::Passed {
        words.push(format!("`{}` reproduces it", run.command_again()));
    }
    words.join(" · ")
}

fn jobs(run: &RunRecord) -> String {
    let mut rows = vec![
        "| | job | result | time |".to_owned(),
        "| --- | --- | --- | --- |".to_owned(),
    ];
    for job in &run.jobs {
        let words = if job.reason.is_empty() {
            &job.result.summary
        } else {
            &job.reason
        };
        let time = if job.reused.is_some() {
            "reused".to_owned()
        } else {
            duration(job.duration_ms)
        };
        rows.push(format!(
            "| {} | {} | {} | {time} |",
            mark(job.conclusion),
            escaped(&job.name),
            escaped(words)
        ));
    }
    rows.join("\n")
}

fn mark(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success => "✓",
        Conclusion::Failure | Conclusion::Error => "✗",
        Conclusion::Neutral => "!",
        Conclusion::Skipped | Conclusion::Cancelled => "–",
    }
}

fn details(summary: &str, body: &str) -> String {
    format!("<details><summary>{summary}</summary>\n\n{body}\n\n</details>")
}

/// Escapes what Markdown and HTML would read, except in balanced pairs of backticks.
fn escaped(text: &str) -> String {
    let text = one_line(text, 1000);
    let text = cut(&text, 1000);
    let is_balanced = text.matches('`').count().is_multiple_of(2) && !text.contains("``");
    let mut in_code = false;
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(character) = characters.next() {
        let is_in_word = before.is_alphanumeric()
            && characters.peek().is_some_and(|next| next.is_alphanumeric());
        before = character;
        match character {
            '`' if is_balanced => {
                in_code = !in_code;
                out.push('`');
            }
            // A table ends its cell at a bar even within code.
            '|' => out.push_str("\\|"),
            other if in_code => out.push(other),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '_' if is_in_word => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_outside_of_code() {
        for (text, expected) in [
            (
                "`collections.abc.Iterable` imported",
                "`collections.abc.Iterable` imported",
            ),
            (
                "a `b|*c*` <script> d_e _f_",
                "a `b\\|*c*` &lt;script> d_e \\_f\\_",
            ),
            ("``<b>``", "\\`\\`&lt;b>\\`\\`"),
            ("odd ` *tick*", "odd \\` \\*tick\\*"),
            ("two\nlines", "two lines"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
