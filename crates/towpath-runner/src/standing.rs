//! What ended jobs mean to those that need them: the `needs` context, and what `success()` and
//! `failure()` say. Pure.

use std::collections::BTreeMap;

use towpath_report::Conclusion;
use towpath_workflow::expression::{Object, Value};

use crate::plan::{Frame, PlannedJob};

/// How a job ended, in the words of `needs.ID.result`. Of several copies the first that holds counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Failure,
    Cancelled,
    Success,
    Skipped,
}

impl Status {
    /// Returns the word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Success => "success",
            Self::Skipped => "skipped",
        }
    }

    /// Returns what a conclusion means to other jobs; the failure of an advisory job is none.
    pub(crate) fn of(conclusion: Conclusion, is_advisory: bool) -> Self {
        match conclusion {
            Conclusion::Success | Conclusion::Neutral => Self::Success,
            Conclusion::Failure | Conclusion::Error if is_advisory => Self::Success,
            Conclusion::Failure | Conclusion::Error => Self::Failure,
            Conclusion::Cancelled => Self::Cancelled,
            Conclusion::Skipped => Self::Skipped,
        }
    }
}

/// What a job that ended, or all its copies, mean to the jobs that need it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    /// How it ended.
    pub(crate) status: Status,
    /// Its outputs.
    pub(crate) outputs: BTreeMap<String, String>,
    /// Whether it and all jobs above it succeeded.
    pub(crate) line_passed: bool,
    /// Whether it or any job above it failed.
    pub(crate) line_failed: bool,
}

impl Standing {
    /// Returns what a job means that ended so below `above`, the jobs that it needs.
    pub(crate) fn of(
        status: Status,
        outputs: BTreeMap<String, String>,
        above: &BTreeMap<usize, Self>,
    ) -> Self {
        Self {
            status,
            outputs,
            line_passed: status == Status::Success && above.values().all(|need| need.line_passed),
            line_failed: status == Status::Failure || above.values().any(|need| need.line_failed),
        }
    }

    /// Returns what several copies mean together, in the order in which they ended: of their outputs the
    /// last that is not empty counts.
    pub(crate) fn together<'a>(copies: impl Iterator<Item = &'a Self>) -> Option<Self> {
        copies.cloned().reduce(|mut all, copy| {
            // A copy that was skipped, such as one that cannot run on this machine, decides nothing.
            all.line_passed = match (all.status, copy.status) {
                (Status::Skipped, _) => copy.line_passed,
                (_, Status::Skipped) => all.line_passed,
                _ => all.line_passed && copy.line_passed,
            };
            all.line_failed |= copy.line_failed;
            all.status = all.status.min(copy.status);
            for (name, value) in copy.outputs {
                if !value.is_empty() || !all.outputs.contains_key(&name) {
                    all.outputs.insert(name, value);
                }
            }
            all
        })
    }
}

/// Returns what the jobs at `needs` mean, by their definition; `ended` gives the jobs in the order in
/// which they ended.
pub(crate) fn above(
    jobs: &[std::sync::Arc<PlannedJob>],
    needs: &[usize],
    ended: &[(usize, Standing)],
) -> BTreeMap<usize, Standing> {
    let mut groups: BTreeMap<usize, Vec<&Standing>> = BTreeMap::new();
    for (index, standing) in ended {
        if needs.contains(index) {
            groups
                .entry(jobs[*index].definition)
                .or_default()
                .push(standing);
        }
    }
    groups
        .into_iter()
        .filter_map(|(definition, copies)| {
            Some((definition, Standing::together(copies.into_iter())?))
        })
        .collect()
}

/// Returns the context `needs` (or `jobs`) of standings by definition.
pub(crate) fn context(frame: &Frame, standings: &BTreeMap<usize, Standing>) -> Object {
    let entries = standings.iter().map(|(definition, standing)| {
        let outputs = standing.outputs.iter();
        let outputs = outputs.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        let entry = Object(vec![
            ("result".to_owned(), Value::from(standing.status.as_str())),
            ("outputs".to_owned(), Object(outputs.collect()).into()),
        ]);
        let id = frame.workflow.jobs[*definition].id.to_string();
        (id, entry.into())
    });
    Object(entries.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: Status, outputs: &[(&str, &str)]) -> Standing {
        let outputs = outputs.iter();
        let outputs = outputs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Standing::of(status, outputs.collect(), &BTreeMap::new())
    }

    #[test]
    fn copies_count_together() {
        use Status::{Cancelled, Failure, Skipped, Success};
        for (copies, expected) in [
            (vec![Success, Success], Success),
            (vec![Success, Failure, Cancelled], Failure),
            (vec![Cancelled, Success], Cancelled),
            (vec![Skipped, Success], Success),
            (vec![Skipped, Skipped], Skipped),
        ] {
            let standings: Vec<Standing> =
                copies.iter().map(|status| ended(*status, &[])).collect();
            let together = Standing::together(standings.iter()).expect("there are copies");
            assert_eq!(together.status, expected, "{copies:?}");
            assert_eq!(together.line_passed, expected == Success, "{copies:?}");
        }
    }

    #[test]
    fn last_output_that_is_not_empty_counts() {
        let copies = [
            ended(Status::Success, &[("a", "1"), ("b", "1")]),
            ended(Status::Success, &[("a", "2"), ("b", "")]),
        ];
        let together = Standing::together(copies.iter()).expect("there are copies");
        assert_eq!(together.outputs["a"], "2");
        assert_eq!(together.outputs["b"], "1");
    }

    // An ancestor's failure is seen through one that was skipped for it.
    #[test]
    fn lines_are_followed_to_their_heads() {
        let failed = BTreeMap::from([(0, ended(Status::Failure, &[]))]);
        let skipped = Standing::of(Status::Skipped, BTreeMap::new(), &failed);
        assert!(skipped.line_failed && !skipped.line_passed);
        let always = Standing::of(Status::Success, BTreeMap::new(), &failed);
        assert!(always.line_failed && !always.line_passed);
    }
}
