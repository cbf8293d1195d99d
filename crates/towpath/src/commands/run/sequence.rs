//! One workflow after another: those that an event starts, and those that start when others have ended.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use towpath_report::{CheckResult, Conclusion, JobRecord, Problem};
use towpath_runner::{
    Completed, EndedRun, Frame, Observer, Plan, PlannedJob, StartingEvent, superseded,
};

use super::files::WorkflowFile;
use super::planned::{Started, prefix};
use super::site::Site;
use crate::failure::Failure;
use crate::history::RunFrame;

/// How many runs may follow one another by `workflow_run`, as on GitHub.
const MAX_CHAIN: usize = 3;

impl Site<'_> {
    /// Runs what starts, one workflow after the other, each followed by what waits for it: artifacts and
    /// services of one workflow are none of another's. One whose place in a concurrency group a later one takes
    /// does not run.
    pub(super) fn all(
        &self,
        started: Vec<Started<'_>>,
        watcher: &mut dyn Observer,
    ) -> anyhow::Result<Completed> {
        let mut whole = Completed {
            jobs: Vec::new(),
            interrupted: false,
            warnings: Vec::new(),
        };
        let followers = self.asked.files.followers();
        let mut waiting = self.plans(started)?;
        let frames = waiting.iter().filter_map(|one| one.plan.frames.first());
        let frames: Vec<&Frame> = frames.map(AsRef::as_ref).collect();
        let mut superseded = VecDeque::from(superseded(&frames));
        let mut kept: Vec<RunFrame> = Vec::new();
        while let Some(planned) = waiting.pop_front() {
            kept.extend(planned.plan.frames.iter().map(|frame| RunFrame::of(frame)));
            match self.history.keep_frames(self.number, &kept) {
                Err(error) if whole.jobs.is_empty() => return Err(error),
                // What has run by now is told in any case.
                Err(error) => whole.warnings.push(error.to_string()),
                Ok(()) => {}
            }
            let offset = if whole.jobs.is_empty() {
                0
            } else {
                self.begun.elapsed().as_millis() as u64
            };
            let completed = match superseded.pop_front().flatten() {
                Some(reason) => cancelled(&planned.plan, &reason),
                None => self.one(&planned, watcher),
            };
            let conclusion = conclusion(&completed);
            whole.warnings.extend(completed.warnings);
            whole.jobs.extend(completed.jobs.into_iter().map(|mut job| {
                job.started_ms += offset;
                job
            }));
            if completed.interrupted {
                whole.interrupted = true;
                break;
            }
            if !self.asked.files.jobs.is_empty() {
                continue;
            }
            let following = self.following(&planned.started, conclusion, followers);
            let following = following.unwrap_or_else(|error| {
                let name = format!("what follows {}", planned.started.file.label);
                whole.jobs.push(not_run(&name, failure_of(error)));
                Vec::new()
            });
            for next in following {
                let (name, prefix) = (next.file.label.clone(), prefix(next.file));
                match self.plan(next, &prefix) {
                    Ok(planned) => waiting.push_back(planned),
                    Err(failure) => whole.jobs.push(not_run(&name, failure)),
                }
            }
        }
        Ok(whole)
    }

    /// Returns the workflows that start because another has ended.
    fn following<'b>(
        &self,
        ended: &Started<'_>,
        conclusion: &str,
        followers: &'b [WorkflowFile],
    ) -> anyhow::Result<Vec<Started<'b>>> {
        let mut following = Vec::new();
        if followers.is_empty() || ended.depth == MAX_CHAIN {
            return Ok(following);
        }
        let user = super::user(self.process);
        let run = EndedRun {
            workflow: ended.file.name(),
            path: &ended.file.path,
            conclusion,
            run: ended.number,
            event: &ended.event,
        };
        let event = StartingEvent::after_run(&run, &self.asked.ground(self.run, &user))
            .map_err(|problem| Failure::of(*problem))?;
        for file in followers {
            if let Ok(event) = event.for_workflow(&file.workflow.on) {
                following.push(Started {
                    file,
                    event,
                    number: self.history.next()?,
                    depth: ended.depth + 1,
                });
            }
        }
        Ok(following)
    }
}

/// Returns how a run ended, in the words of `workflow_run`.
fn conclusion(completed: &Completed) -> &'static str {
    let own = || completed.jobs.iter().filter(|job| !job.advisory);
    let any = |wanted: Conclusion| own().any(|job| job.conclusion == wanted);
    if completed.interrupted {
        "cancelled"
    } else if any(Conclusion::Failure) || any(Conclusion::Error) {
        // Copies that end because one failed are cancelled, and the run has failed all the same.
        "failure"
    } else if any(Conclusion::Cancelled) {
        "cancelled"
    } else if completed
        .jobs
        .iter()
        .all(|job| job.conclusion == Conclusion::Skipped)
    {
        "skipped"
    } else {
        "success"
    }
}

/// Returns what becomes of a workflow that is cancelled before it starts.
fn cancelled(plan: &Plan, reason: &str) -> Completed {
    let record = |job: &PlannedJob| JobRecord {
        conclusion: Conclusion::Cancelled,
        reason: reason.to_owned(),
        group: job.group.clone(),
        result: Arc::default(),
        ..not_run(&job.name, Failure::of(Problem::error(reason)))
    };
    let told = |job: &PlannedJob| format!("`{}` is cancelled: {reason}", job.name);
    Completed {
        jobs: plan.jobs.iter().map(record).collect(),
        interrupted: false,
        warnings: plan.jobs.iter().map(told).collect(),
    }
}

/// Returns the problems of an error.
fn failure_of(error: anyhow::Error) -> Failure {
    error
        .downcast::<Failure>()
        .unwrap_or_else(|error| Failure::of(Problem::error(format!("{error:#}"))))
}

/// Returns what stands in the report for a workflow that follows another and cannot run.
fn not_run(file: &str, failure: Failure) -> JobRecord {
    JobRecord {
        name: file.to_owned(),
        group: file.to_owned(),
        project: String::new(),
        conclusion: Conclusion::Error,
        reason: String::new(),
        advisory: false,
        result: Arc::new(CheckResult {
            summary: "could not be run".to_owned(),
            errors: failure.problems,
            ..CheckResult::default()
        }),
        reused: None,
        last_pass: None,
        started_ms: 0,
        duration_ms: 0,
        cpu_ms: 0,
        commands: Vec::new(),
        outputs: BTreeMap::new(),
        steps: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_with_a_failure_has_failed_whatever_was_cancelled() {
        use Conclusion::{Cancelled, Error, Failure as Failed, Skipped, Success};
        for (jobs, interrupted, expected) in [
            (&[Cancelled, Failed][..], false, "failure"),
            (&[Cancelled, Error], false, "failure"),
            (&[Failed, Success], true, "cancelled"),
            (&[Success, Cancelled], false, "cancelled"),
            (&[Skipped, Skipped], false, "skipped"),
            (&[Skipped, Success], false, "success"),
        ] {
            let record = |conclusion: &Conclusion| JobRecord {
                conclusion: *conclusion,
                ..not_run("a", Failure::of(Problem::error("x")))
            };
            let completed = Completed {
                jobs: jobs.iter().map(record).collect(),
                interrupted,
                warnings: Vec::new(),
            };
            assert_eq!(conclusion(&completed), expected, "{jobs:?}");
        }
        let allowed = JobRecord {
            conclusion: Failed,
            advisory: true,
            ..not_run("a", Failure::of(Problem::error("x")))
        };
        let completed = Completed {
            jobs: vec![allowed],
            interrupted: false,
            warnings: Vec::new(),
        };
        assert_eq!(conclusion(&completed), "success", "its failure is allowed");
    }
}
