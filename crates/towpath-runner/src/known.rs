//! What is known of jobs before any of them runs: their copies, their runners, and whether their
//! conditions hold. The plan, the preview and the look for what cannot run here ask the same. Pure.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use towpath_workflow::expression::{Condition, Function, Names, Object, Value};
use towpath_workflow::syntax::{Dynamic, Job, JobWork, RunsOn, Text};

use crate::evaluate::{Values, reads_any};
use crate::plan::{Error, Frame, PlannedJob, copies};

/// How the jobs that a job needs may have ended: what `success()`, `failure()` and `cancelled()` say.
const ENDS: [(bool, bool, bool); 4] = [
    (true, false, false),
    (false, true, false),
    (false, false, true),
    (false, false, false),
];

/// What the jobs that a job needs are known to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// There are none.
    None,
    /// They may end in any way.
    Open,
    /// One of them is skipped.
    Skipped,
}

impl Needs {
    fn ends(self) -> &'static [(bool, bool, bool)] {
        match self {
            Self::None => &ENDS[..1],
            Self::Open => &ENDS,
            Self::Skipped => &ENDS[1..],
        }
    }
}

/// Returns the copies of a job; none where a context that is not known yet shapes them.
pub(crate) fn known_copies(
    frame: &Frame,
    position: usize,
    definition: usize,
    late: &[&str],
    names: &mut BTreeSet<String>,
) -> Result<Option<Vec<PlannedJob>>, Error> {
    let job = &frame.workflow.jobs[definition];
    let strategy_late = match &job.strategy {
        None => false,
        Some(Dynamic::Expression(text)) => reads_any(text, late),
        Some(Dynamic::Value(strategy)) => {
            let is_late = |value: &Dynamic<f64>| matches!(value, Dynamic::Expression(text) if reads_any(text, late));
            let matrix = serde_json::to_value(&strategy.matrix).unwrap_or_default();
            mentions(&matrix, late)
                || matches!(&strategy.fail_fast, Dynamic::Expression(text) if reads_any(text, late))
                || strategy.max_parallel.as_ref().is_some_and(is_late)
        }
    };
    let advisory_late = match &job.work {
        JobWork::Steps(work) => {
            matches!(&work.continue_on_error, Dynamic::Expression(text) if reads_any(text, late))
        }
        JobWork::Call(_) => false,
    };
    let name_late = job.name.as_ref().is_some_and(|name| reads_any(name, late));
    if strategy_late || advisory_late || name_late {
        return Ok(None);
    }
    copies(frame, position, definition, &Object::default(), names).map(Some)
}

fn mentions(written: &Json, late: &[&str]) -> bool {
    match written {
        Json::String(text) => reads_any(&Text::from(text.as_str()), late),
        Json::Array(items) => items.iter().any(|item| mentions(item, late)),
        Json::Object(entries) => entries.values().any(|entry| mentions(entry, late)),
        _ => false,
    }
}

/// Returns whether a condition holds as long as every job succeeds; `Some(false)` only if it holds in no
/// case, none where that is known later.
pub(crate) fn holds(
    condition: Option<&Text>,
    contexts: &Object,
    late: &[&str],
    needs: Needs,
) -> Option<bool> {
    if condition.is_some_and(|text| condition_reads(text, late)) {
        // Without a status function it means `success() && …`.
        return (needs == Needs::Skipped && !condition.is_some_and(asks_status)).then_some(false);
    }
    let in_case = |(success, failure, cancelled): (bool, bool, bool)| {
        let values = Values::with(
            || contexts.clone(),
            move |function, _: &[Value]| {
                match function {
                    Function::Success => Ok(success),
                    Function::Failure => Ok(failure),
                    Function::Cancelled => Ok(cancelled),
                    Function::Always => Ok(true),
                    Function::HashFiles => Err(format!(
                        "`{}` has no answer before the run",
                        function.name()
                    )),
                }
                .map(Value::from)
            },
        );
        values.condition(condition).ok()
    };
    let mut cases = needs.ends().iter().map(|end| in_case(*end));
    let first = cases.next()??;
    if first {
        return (needs != Needs::Skipped).then_some(true);
    }
    cases.all(|case| case == Some(false)).then_some(false)
}

fn condition_reads(text: &Text, late: &[&str]) -> bool {
    let source = &text.source;
    if source.trim().is_empty() {
        return false;
    }
    let whole = if source.contains("${{") {
        source.clone()
    } else {
        format!("${{{{ {source} }}}}")
    };
    reads_any(&Text::from(whole.as_str()), late)
}

fn asks_status(text: &Text) -> bool {
    Condition::parse(&text.source, &Names::ALL).is_ok_and(|condition| condition.asks_status())
}

/// Returns whether the condition of a job holds.
pub(crate) fn job_holds(job: &Job, frame: &Frame, late: &[&str], needs: Needs) -> Option<bool> {
    holds(job.condition.as_ref(), &frame.contexts(), late, needs)
}

/// Returns what the expressions of a copy are evaluated with, as far as it is known.
pub(crate) fn copy_contexts(frame: &Frame, copy: &PlannedJob) -> Object {
    let mut contexts = frame.contexts();
    if let Some(copy) = &copy.copy {
        contexts.0.extend(copy.contexts());
    }
    contexts
}

/// Returns the labels of the runner that a copy asks for; none where they are known later.
pub(crate) fn known_labels(
    runs_on: &RunsOn,
    contexts: &Object,
    late: &[&str],
) -> Option<Vec<String>> {
    if runs_on.labels.iter().any(|label| reads_any(label, late)) {
        return None;
    }
    Values::of(contexts.clone()).labels(runs_on).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_false_only_if_it_is_in_every_case() {
        for (condition, needs, expected) in [
            ("", Needs::Open, Some(true)),
            ("", Needs::Skipped, Some(false)),
            ("always()", Needs::Skipped, None),
            ("failure()", Needs::None, Some(false)),
            ("failure()", Needs::Open, None),
            ("!cancelled()", Needs::Open, Some(true)),
            ("github.ref == 'b'", Needs::Open, Some(false)),
            ("always() && github.ref == 'b'", Needs::Open, Some(false)),
            ("github.ref == 'a'", Needs::Open, Some(true)),
            ("needs.x.result == 'success'", Needs::Open, None),
            ("needs.x.result == 'success'", Needs::Skipped, Some(false)),
            ("always() && needs.x.outputs.y", Needs::Skipped, None),
            (
                "needs.x.outputs.y == 'always()'",
                Needs::Skipped,
                Some(false),
            ),
        ] {
            let github = Object(vec![("ref".to_owned(), Value::from("a"))]);
            let contexts = Object(vec![("github".to_owned(), github.into())]);
            let text = Text::from(condition);
            assert_eq!(
                holds(Some(&text), &contexts, &["needs"], needs),
                expected,
                "{condition} {needs:?}"
            );
        }
    }
}
