//! What GitHub Actions reads from standard output: annotations and groups. Its job summary is
//! [`super::markdown`].

use super::sarif::fingerprint;
use crate::text::{counted, cut, one_line, strip_ansi};
use crate::{Cause, CauseKind, Changes, RunRecord, causes};

/// GitHub shows this many errors of a step and drops the others silently.
const ERRORS: usize = 10;

/// Returns workflow commands: at most ten errors, those on changed lines first, and a notice that
/// counts what was left out. Empty for a run without causes.
pub fn annotations(run: &RunRecord, changes: &Changes) -> String {
    let causes = causes(run);
    let mut blocking: Vec<&Cause> = causes.iter().filter(|cause| cause.blocking).collect();
    blocking.sort_by_key(|cause| {
        !cause
            .place
            .as_ref()
            .is_some_and(|place| changes.touch(place))
    });
    let mut lines: Vec<String> = blocking
        .iter()
        .take(ERRORS)
        .map(|cause| error(cause))
        .collect();
    let others = blocking.len().saturating_sub(ERRORS);
    let advice = causes.len() - blocking.len();
    let mut rest = Vec::new();
    if others > 0 {
        rest.push(counted(others, "more problem"));
    }
    if advice > 0 {
        rest.push(format!("{} not block", verb(advice)));
    }
    if !rest.is_empty() {
        let words = format!("{}: see the job summary", rest.join(" and "));
        lines.push(format!("::notice title=towpath::{}", data(&words)));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn verb(count: usize) -> String {
    if count == 1 {
        "1 finding that does".to_owned()
    } else {
        format!("{count} findings that do")
    }
}

fn error(cause: &Cause) -> String {
    let mut properties = Vec::new();
    if let Some(place) = &cause.place {
        properties.push(format!("file={}", property(&place.path)));
        if place.line > 0 {
            properties.push(format!("line={}", place.line));
            properties.push(format!("endLine={}", place.end_line.max(place.line)));
        }
        // Columns are refused where the lines differ.
        if place.column > 0 && place.end_line <= place.line {
            properties.push(format!("col={}", place.column));
            if place.end_column > place.column {
                properties.push(format!("endColumn={}", place.end_column));
            }
        }
    }
    properties.push(format!("title={}", property(&title(cause))));
    format!(
        "::error {}::{}",
        properties.join(","),
        data(&message(cause))
    )
}

fn title(cause: &Cause) -> String {
    let project = if cause.project.is_empty() {
        String::new()
    } else {
        format!(" ({})", cause.project)
    };
    let rule = match &cause.kind {
        CauseKind::Finding(finding) if !finding.rule.is_empty() => format!(" · {}", finding.rule),
        _ => String::new(),
    };
    format!("{}{project}{rule}", cause.group)
}

fn message(cause: &Cause) -> String {
    let first = match &cause.kind {
        CauseKind::Finding(finding) => finding.message.clone(),
        _ => cause.title.clone(),
    };
    let head: Vec<&str> = [first.as_str(), &cause.extent]
        .into_iter()
        .filter(|words| !words.is_empty())
        .collect();
    let mut message = head.join(", ");
    match &cause.kind {
        CauseKind::Tests { cases, .. } => {
            if let Some(case) = cases
                .first()
                .filter(|case| case.message != first && !case.message.is_empty())
            {
                message = format!("{message}\n{}", case.message);
            }
        }
        CauseKind::Problem(problem) => {
            for hint in &problem.hints {
                message = format!("{message}\nhint: {hint}");
            }
        }
        CauseKind::Finding(_) | CauseKind::Job => {}
    }
    message
}

/// Returns a job's log as a group that is folded in GitHub's log. Workflow commands in the log are not
/// obeyed: a test that prints `::error::` is no annotation.
pub fn group(name: &str, log: &str) -> String {
    let name = data(&one_line(name, 200));
    format!("::group::{name}\n{}::endgroup::\n", quoted(log))
}

/// Returns a text in which GitHub obeys no workflow commands.
pub fn quoted(text: &str) -> String {
    let mut token = fingerprint(text);
    while text.contains(&token) {
        token = fingerprint(&token);
    }
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("::stop-commands::towpath-{token}\n{text}{end}::towpath-{token}::\n")
}

/// Escapes the text of a workflow command, cut to what GitHub shows.
fn data(text: &str) -> String {
    let plain = strip_ansi(text);
    cut(&plain, 4096)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace('\0', "\u{fffd}")
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_as_the_runner_unescapes() {
        assert_eq!(data("50%\r\n::error::x"), "50%25%0D%0A::error::x");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
    }

    #[test]
    fn a_log_gives_no_commands() {
        let text = group("tests 3.12", "::error::no\nlast");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "::group::tests 3.12");
        let token = lines[1].strip_prefix("::stop-commands::").expect("stopped");
        assert_eq!(
            lines[2..],
            [
                "::error::no",
                "last",
                &format!("::{token}::"),
                "::endgroup::"
            ]
        );
    }
}
