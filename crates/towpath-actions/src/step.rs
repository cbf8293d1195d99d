//! What the actions of a job's steps share: their context, their inputs and the ways in which they end.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use towpath_host::Digest;
use towpath_host::process::Cancel;
use towpath_report::{CheckResult, Conclusion, Problem, Severity};
use towpath_runner::commands::Annotation;
use towpath_runner::{Effects, JobContext, Outcome, StepContext, StepInputs};

/// How an action's work went.
pub(crate) type Done = Result<Effects, Problem>;

/// Does an action's work where it has a workspace, and tells how it ended.
pub(crate) fn in_workspace(
    name: &str,
    context: &JobContext<'_>,
    work: impl FnOnce(&StepContext<'_>) -> Done,
) -> Outcome {
    let done = match context.step {
        Some(step) => work(step),
        None => Err(
            Problem::error(format!("`{name}` needs a job with a workspace"))
                .with_hint("use it in a workflow that `towpath run` runs"),
        ),
    };
    match done {
        Ok(effects) => Outcome {
            effects,
            ..Outcome::ended(Conclusion::Success, CheckResult::default())
        },
        Err(problem) => {
            context
                .progress
                .output(&format!("error: {}", problem.message));
            for hint in &problem.hints {
                context.progress.output(&format!("hint: {hint}"));
            }
            let result = CheckResult {
                summary: problem.message.clone(),
                errors: vec![problem],
                failed: true,
                ..CheckResult::default()
            };
            Outcome::ended(Conclusion::Failure, result)
        }
    }
}

/// Passes bytes on until the step is asked to end or has taken too long.
pub(crate) struct Passing<'a, T> {
    /// Where they come from or go to.
    pub(crate) inner: T,
    /// What ends it.
    pub(crate) cancel: &'a Cancel,
}

impl<T> Passing<'_, T> {
    fn check(&self) -> io::Result<()> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other(
                "the step was asked to end, or took longer than it may",
            ));
        }
        Ok(())
    }
}

impl<T: Read> Read for Passing<'_, T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.inner.read(bytes)
    }
}

impl<T: Write> Write for Passing<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Returns a problem with what to do about it.
pub(crate) fn problem(message: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem::error(message.into()).with_hint(hint)
}

/// Returns a problem made of an error, its causes, and what to do.
pub(crate) fn caused(
    error: &(dyn std::error::Error + 'static),
    hints: impl IntoIterator<Item = String>,
) -> Problem {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message.push_str(&format!(": {error}"));
        cause = error.source();
    }
    hints
        .into_iter()
        .fold(Problem::error(message), Problem::with_hint)
}

/// Returns whether an input says yes, as the toolkit reads it; `default` where it is not given.
pub(crate) fn is_true(inputs: &StepInputs, name: &str, default: bool) -> Result<bool, Problem> {
    match inputs.get(name).trim() {
        "" => Ok(default),
        "true" | "True" | "TRUE" => Ok(true),
        "false" | "False" | "FALSE" => Ok(false),
        other => Err(problem(
            format!("the input `{name}` is `{other}`, which is neither `true` nor `false`"),
            format!("write `{name}: true` or `{name}: false`"),
        )),
    }
}

/// Returns the lines of an input that hold something.
pub(crate) fn lines<'a>(inputs: &'a StepInputs, name: &str) -> Vec<&'a str> {
    let lines = inputs.get(name).lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).collect()
}

/// Returns a text of the `github` context, empty where it has none.
pub(crate) fn github(step: &StepContext<'_>, name: &str) -> String {
    step.github
        .get(name)
        .map(towpath_workflow::expression::Value::to_text)
        .unwrap_or_default()
}

/// Returns the folder in which a tool keeps what it fetches beyond the job: that of the ref alone, since
/// nothing that a pull request leaves there may reach the runs of other branches.
pub(crate) fn tool_folder(step: &StepContext<'_>, tool: &str) -> PathBuf {
    let scope = Digest::of(github(step, "ref").as_bytes());
    step.cache_folder.join(tool).join(&scope.as_str()[..32])
}

/// Returns a count with its noun: `1 file`, `2 files`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// Returns the home folder of the step's processes.
pub(crate) fn home(step: &StepContext<'_>) -> Option<PathBuf> {
    let home = step.environment.get("HOME").map(PathBuf::from);
    home.filter(|home| home.is_absolute())
}

/// Says something that deserves attention and fails nothing.
pub(crate) fn warn(context: &JobContext<'_>, effects: &mut Effects, message: String) {
    context.progress.output(&format!("warning: {message}"));
    effects
        .annotations
        .push(Annotation::new(Severity::Warning, message));
}
