//! What became of a job of a workflow file in the last run that had it, and why.

use std::path::Path;

use towpath_report::{Conclusion, JobRecord, RunRecord, Source};
use towpath_workflow::expression::{Function, Names, Object, Scope, Template, Value};
use towpath_workflow::syntax::Job;
use towpath_workflow::{Sources, parse_workflow};

use crate::history::{History, RunFrame};
use crate::terminal::{Style, wrap};

/// What conditions of jobs may use.
const NAMES: Names<'static> = Names {
    contexts: &["github", "inputs", "vars", "needs"],
    functions: &Function::STATUS,
    status_takes_jobs: true,
};

/// Returns what became of a job, by its name or id, where the newest run that had it was one of workflow
/// files.
pub(super) fn told(
    state: &Path,
    root: &Path,
    topic: &str,
    style: Style,
) -> anyhow::Result<Option<String>> {
    let history = History::of(state);
    let is_meant = |job: &JobRecord| job.name == topic || job.group == topic;
    let Some(record) = history
        .records()?
        .find(|record| record.jobs.iter().any(is_meant))
    else {
        return Ok(None);
    };
    if record.workflows.is_empty() {
        return Ok(None);
    }
    let frames = history.frames(record.run);
    let told = record
        .jobs
        .iter()
        .filter(|job| is_meant(job))
        .map(|job| one(&record, job, &frames, root, style));
    Ok(Some(told.collect::<Vec<_>>().join("\n")))
}

fn one(
    record: &RunRecord,
    job: &JobRecord,
    frames: &[RunFrame],
    root: &Path,
    style: Style,
) -> String {
    let ended = match job.conclusion {
        Conclusion::Success | Conclusion::Neutral => "passed",
        Conclusion::Failure => "failed",
        Conclusion::Skipped => "was skipped",
        Conclusion::Cancelled => "was interrupted",
        Conclusion::Error => "could not be run",
    };
    let mut text = format!("{} {ended} in run {}\n\n", job.name, record.run);
    let frame = frames
        .iter()
        .filter(|frame| job.name.starts_with(&frame.prefix))
        .max_by_key(|frame| frame.prefix.len());
    let definition = frame.and_then(|frame| definition(frame, job, root));
    let is_by_condition = job.conclusion == Conclusion::Skipped && job.reason.contains("condition");
    match (frame, &definition) {
        (Some(frame), Some(definition)) if is_by_condition => {
            text.push_str(&condition(record, frame, definition));
        }
        _ if !job.reason.is_empty() => text.push_str(&labelled("because", &job.reason, style)),
        _ => {}
    }
    for step in &job.steps {
        let seconds = step.duration_ms as f64 / 1000.0;
        let ended = match step.conclusion {
            Conclusion::Success | Conclusion::Neutral => format!("{seconds:.1} s"),
            Conclusion::Skipped => "skipped".to_owned(),
            _ => format!("failed: {}", step.reason),
        };
        text.push_str(&labelled("step", &format!("{}: {ended}", step.name), style));
    }
    if let Some(place) = definition.and_then(|definition| definition.origin.0) {
        text.push_str(&labelled(
            "on",
            &format!("{}:{}", place.path, place.line),
            style,
        ));
    }
    text
}

fn definition(frame: &RunFrame, job: &JobRecord, root: &Path) -> Option<Job> {
    let text = fs_err::read_to_string(root.join(&frame.file)).ok()?;
    let source = Source {
        path: &frame.file,
        text: &text,
    };
    let workflow = parse_workflow(&source, &Sources::new()).0?;
    workflow.job(&job.group).cloned()
}

/// The condition with each of its parts: what it was, and why.
fn condition(record: &RunRecord, frame: &RunFrame, job: &Job) -> String {
    let written = job
        .condition
        .as_ref()
        .map_or("success()", |text| text.source.trim());
    let inner = written
        .strip_prefix("${{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .map_or(written, str::trim);
    let needed: Vec<&JobRecord> = record
        .jobs
        .iter()
        .filter(|own| own.name.starts_with(&frame.prefix))
        .filter(|own| {
            job.needs
                .iter()
                .any(|need| need.as_str().eq_ignore_ascii_case(&own.group))
        })
        .collect();
    let contexts = contexts(frame, &needed);
    let mut text = format!("  if: {}\n", one_line(inner));
    let parts: Vec<String> = parts(inner).into_iter().map(one_line).collect();
    let longest = parts
        .iter()
        .map(|part| part.chars().count())
        .max()
        .unwrap_or(0);
    for part in &parts {
        let (value, why) = evaluated(part, &contexts, &needed);
        let line = format!("      {part:longest$}   {value:5}   {why}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn contexts(frame: &RunFrame, needed: &[&JobRecord]) -> Object {
    let result = |job: &JobRecord| match job.conclusion {
        Conclusion::Success | Conclusion::Neutral => "success",
        Conclusion::Skipped => "skipped",
        Conclusion::Cancelled => "cancelled",
        Conclusion::Failure | Conclusion::Error => "failure",
    };
    let needs = needed.iter().map(|job| {
        let result = ("result".to_owned(), Value::from(result(job)));
        (job.group.clone(), Value::from(Object(vec![result])))
    });
    let needs = Value::from(Object(needs.collect()));
    Object(vec![
        ("github".to_owned(), Value::from(&frame.github)),
        ("inputs".to_owned(), Value::from(&frame.inputs)),
        ("vars".to_owned(), Value::from(&frame.vars)),
        ("needs".to_owned(), needs),
    ])
}

/// Returns what a part was, and the values that it read.
fn evaluated(part: &str, contexts: &Object, needed: &[&JobRecord]) -> (String, String) {
    let failed = needed
        .iter()
        .filter(|job| matches!(job.conclusion, Conclusion::Failure | Conclusion::Error))
        .count();
    let succeeded = needed
        .iter()
        .all(|job| matches!(job.conclusion, Conclusion::Success | Conclusion::Neutral));
    let cancelled = needed
        .iter()
        .any(|job| job.conclusion == Conclusion::Cancelled);
    let call = |function: Function, _: &[Value]| {
        Ok(Value::from(match function {
            Function::Success => succeeded,
            Function::Failure => failed > 0,
            Function::Cancelled => cancelled,
            Function::Always => true,
            Function::HashFiles => return Err("it is no function of a job".to_owned()),
        }))
    };
    let scope = Scope {
        contexts,
        call: &call,
    };
    let Ok(template) = Template::parse(&format!("${{{{ {part} }}}}"), &NAMES) else {
        return ("?".to_owned(), String::new());
    };
    let value = template
        .evaluate(&scope)
        .map_or_else(|_| "?".to_owned(), |value| value.is_truthy().to_string());
    let mut why: Vec<String> = Vec::new();
    for expression in template.expressions() {
        if expression.calls(&[Function::Success, Function::Failure]) && !needed.is_empty() {
            why.push(format!("{failed} of {} needed jobs failed", needed.len()));
        }
        let paths = expression.paths();
        let is_alone = paths.len() == 1;
        for path in paths {
            let mut at = Value::from(contexts.clone());
            for name in &path {
                at = match &at {
                    Value::Object(object) => object.get(name).cloned().unwrap_or(Value::Null),
                    _ => Value::Null,
                };
            }
            let was = match at.to_text() {
                text if text.is_empty() => "empty".to_owned(),
                text => text,
            };
            why.push(if is_alone {
                format!("it was {was}")
            } else {
                format!("{} was {was}", path.join("."))
            });
        }
    }
    (value, why.join("; "))
}

/// Returns the operands of the outermost `||` of a condition, else those of its outermost `&&`.
fn parts(condition: &str) -> Vec<&str> {
    for sign in ["||", "&&"] {
        let parts = split(condition, sign);
        if parts.len() > 1 {
            return parts;
        }
    }
    vec![condition.trim()]
}

fn split<'a>(condition: &'a str, sign: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut depth, mut is_quoted, mut start) = (0_usize, false, 0);
    for (at, c) in condition.char_indices() {
        match c {
            '\'' => is_quoted = !is_quoted,
            '(' | '[' if !is_quoted => depth += 1,
            ')' | ']' if !is_quoted => depth = depth.saturating_sub(1),
            _ if depth == 0 && !is_quoted && at >= start && condition[at..].starts_with(sign) => {
                parts.push(condition[start..at].trim());
                start = at + sign.len();
            }
            _ => {}
        }
    }
    parts.push(condition[start..].trim());
    parts
}

fn labelled(label: &str, words: &str, style: Style) -> String {
    let columns = style.text_columns().saturating_sub(11).max(20);
    let mut text = String::new();
    for (index, line) in wrap(&one_line(words), columns).iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        text.push_str(&format!("  {label:8} {line}\n"));
    }
    text
}

fn one_line(text: &str) -> String {
    let clean = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = clean.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_fall_into_their_outermost_parts() {
        for (condition, expected) in [
            ("a", &["a"][..]),
            ("a && b", &["a", "b"]),
            (
                "a && (b || c) && d == '&&'",
                &["a", "(b || c)", "d == '&&'"],
            ),
            ("a && b || c", &["a && b", "c"]),
            (
                "contains(x, 'a || b') && y['p||q']",
                &["contains(x, 'a || b')", "y['p||q']"],
            ),
        ] {
            assert_eq!(parts(condition), expected, "{condition}");
        }
    }

    #[test]
    fn parts_are_told_with_what_they_read() {
        let frame = RunFrame {
            file: String::new(),
            prefix: String::new(),
            github: serde_json::json!({"ref": "refs/pull/348/merge", "event": {"a": "1"}}),
            inputs: serde_json::Value::Null,
            vars: serde_json::Value::Null,
        };
        let contexts = contexts(&frame, &[]);
        for (part, value, why) in [
            (
                "github.ref == 'refs/heads/main'",
                "false",
                "it was refs/pull/348/merge",
            ),
            ("github.event.b == ''", "true", "it was empty"),
            (
                "github.event.a == github.ref",
                "false",
                "github.event.a was 1; github.ref was refs/pull/348/merge",
            ),
            ("always()", "true", ""),
        ] {
            let told = evaluated(part, &contexts, &[]);
            assert_eq!((told.0.as_str(), told.1.as_str()), (value, why), "{part}");
        }
    }
}
