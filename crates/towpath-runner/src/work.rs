//! A job's work on its own thread: its steps in order, up to the first that does not succeed. What
//! happens is told over a channel; nothing is decided here.

use crossbeam_channel::Sender;
use towpath_host::sandbox::Cancel;
use towpath_report::{CheckResult, Conclusion, Problem};

use crate::action::{Actions, JobContext, NeededResult, Outcome, Progress};
use crate::plan::PlannedStep;
use crate::request::Request;

/// What a working thread tells the loop of the run.
pub(crate) enum Message {
    Progress { job: usize, text: String },
    Output { job: usize, line: String },
    Ended { job: usize, outcome: Box<Outcome> },
}

struct Channel<'a> {
    job: usize,
    sender: &'a Sender<Message>,
}

impl Progress for Channel<'_> {
    fn doing(&self, text: &str) {
        // The receiver lives as long as the scope of the run; nothing is lost that anybody reads.
        let _ = self.sender.send(Message::Progress {
            job: self.job,
            text: text.to_owned(),
        });
    }

    fn output(&self, line: &str) {
        let _ = self.sender.send(Message::Output {
            job: self.job,
            line: line.to_owned(),
        });
    }
}

/// Does a job's work and tells how it ended.
pub(crate) fn work(
    request: &Request<'_>,
    index: usize,
    needs: &[NeededResult],
    cancel: &Cancel,
    sender: &Sender<Message>,
) {
    let job = &request.plan.jobs[index];
    let channel = Channel { job: index, sender };
    let folder = request.folder.join(folder_name(&job.name));
    let outcome = match fs_err::create_dir_all(&folder) {
        Ok(()) => {
            let context = JobContext {
                job: &job.name,
                needs,
                cancel,
                progress: &channel,
                folder: &folder,
            };
            // A fault of towpath's own ends one job, not the run that waits for it.
            let run = || run_steps(request.actions, &job.steps, &context);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(run))
                .unwrap_or_else(|_| broken(&job.name))
        }
        Err(error) => failed_to_start(
            Problem::error(format!(
                "cannot make the folder of job `{}`: {error}",
                job.name
            ))
            .with_hint("free space on the disk or set `TOWPATH_STATE_DIR` to a writable folder"),
        ),
    };
    let _ = sender.send(Message::Ended {
        job: index,
        outcome: Box::new(outcome),
    });
}

fn run_steps(actions: &Actions<'_>, steps: &[PlannedStep], context: &JobContext<'_>) -> Outcome {
    let mut whole = Outcome::ended(Conclusion::Success, CheckResult::default());
    for step in steps {
        let Some(action) = actions.find(&step.uses) else {
            return failed_to_start(
                Problem::error(format!(
                    "job `{}` uses `{}`, which is no built-in action",
                    context.job, step.uses
                ))
                .with_hint("`towpath help actions` lists the built-in actions"),
            );
        };
        let outcome = action.run(&step.inputs, context);
        let ended = !matches!(
            outcome.conclusion,
            Conclusion::Success | Conclusion::Neutral
        );
        whole = if steps.len() == 1 {
            outcome
        } else {
            joined(whole, outcome)
        };
        if ended {
            break;
        }
    }
    whole
}

fn joined(mut whole: Outcome, step: Outcome) -> Outcome {
    whole.conclusion = step.conclusion;
    whole.reason = step.reason;
    whole.cpu_ms += step.cpu_ms;
    whole.commands.extend(step.commands);
    whole.result.summary = step.result.summary;
    whole.result.findings.extend(step.result.findings);
    whole.result.tests.extend(step.result.tests);
    whole.result.notes.extend(step.result.notes);
    whole.result.errors.extend(step.result.errors);
    whole.result.artifacts.extend(step.result.artifacts);
    whole.result.coverage = step.result.coverage.or(whole.result.coverage);
    whole.result.failed |= step.result.failed;
    whole
}

fn broken(job: &str) -> Outcome {
    failed_to_start(
        Problem::error(format!("towpath itself failed while it ran job `{job}`"))
            .with_hint("what it said is above; the other jobs are not concerned"),
    )
}

fn failed_to_start(problem: Problem) -> Outcome {
    let result = CheckResult {
        summary: "could not be run".to_owned(),
        errors: vec![problem],
        ..CheckResult::default()
    };
    Outcome::ended(Conclusion::Error, result)
}

/// Returns a job's name as the name of its folder: letters, digits, `.`, `-` and `_` stay.
pub fn folder_name(job: &str) -> String {
    let keep = |c: char| {
        if c.is_alphanumeric() || ".-_".contains(c) {
            c
        } else {
            '_'
        }
    };
    job.chars().map(keep).collect()
}
