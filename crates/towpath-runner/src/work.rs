//! A job's work on its own thread: its steps in order, up to the first that does not succeed. What
//! happens is told over a channel; nothing is decided here.

use crossbeam_channel::{Receiver, Sender};
use towpath_host::Digest;
use towpath_report::{CheckResult, Conclusion, Problem};

use crate::action::{Actions, JobContext, Outcome, Progress};
use crate::assignment::Assignment;
use crate::job;
use crate::plan::PlannedStep;
use crate::request::Request;

/// What a working thread tells the loop of the run.
pub(crate) enum Message {
    Progress { job: usize, text: String },
    Output { job: usize, line: String },
    Ended { job: usize, outcome: Box<Outcome> },
}

/// The ways to the loop. What is told on the first wakes nobody: it is heard before the next that comes on
/// the second, or soon.
#[derive(Clone)]
pub(crate) struct Ways {
    pub(crate) progress: Sender<Message>,
    pub(crate) ended: Sender<Message>,
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

/// Works on one job after another, as long as there may be one.
pub(crate) fn work_on(request: &Request<'_>, assigned: &Receiver<Assignment>, ways: &Ways) {
    for assignment in assigned {
        work(request, &assignment, ways);
    }
}

/// Does a job's work and tells how it ended.
fn work(request: &Request<'_>, assignment: &Assignment, ways: &Ways) {
    let Assignment { index, job, .. } = assignment;
    let channel = Channel {
        job: *index,
        sender: &ways.progress,
    };
    let folder = request.folder.join(folder_name(&job.name));
    let outcome = match fs_err::create_dir_all(&folder) {
        Ok(()) => {
            let context = JobContext {
                job: &job.name,
                needs: &assignment.needs,
                cancel: &assignment.cancel,
                progress: &channel,
                folder: &folder,
                step: None,
            };
            // A fault of towpath's own ends one job, not the run that waits for it.
            let run = || run_job(request, assignment, &context);
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
    let _ = ways.ended.send(Message::Ended {
        job: *index,
        outcome: Box::new(outcome),
    });
}

/// Jobs of nothing but checks work on the repository itself; every other one has a workspace of its own.
fn run_job(request: &Request<'_>, assignment: &Assignment, context: &JobContext<'_>) -> Outcome {
    let steps = &assignment.job.steps;
    let is_check = |step: &PlannedStep| {
        let action = request.actions.find(&step.uses);
        // One that is not built in may lie in the workspace or have been fetched.
        action.map_or(request.machine.is_none(), |action| {
            action.is_self_contained()
        })
    };
    if !steps.is_empty() && steps.iter().all(is_check) {
        return run_steps(request.actions, steps, context);
    }
    match request.machine {
        Some(machine) => job::run(request, machine, assignment, context),
        None => failed_to_start(Problem::error(format!(
            "job `{}` has steps of its own, which only `towpath run` runs",
            context.job
        ))),
    }
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

/// The most bytes of a job's name that the name of its folder keeps.
const LONGEST_FOLDER: usize = 100;

/// Returns a job's name as the name of its folder, one for each: letters, digits, `.` and `-` stay, and
/// spaces become `_`. A name with anything else is told from others by the beginning of its digest.
pub fn folder_name(job: &str) -> String {
    let stays = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let kept: String = job
        .chars()
        .map(|c| if stays(c) { c } else { '_' })
        .take(LONGEST_FOLDER)
        .collect();
    let is_plain = job.chars().all(|c| stays(c) || c == ' ');
    if is_plain && kept.len() == job.len() && !job.is_empty() && !job.starts_with('.') {
        return kept;
    }
    let digest = Digest::of(job.as_bytes());
    let (start, _) = digest.as_str().split_at(12);
    format!("{}~{start}", kept.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_have_a_folder_each() {
        for name in ["lint", "tests 3.12", "my-check"] {
            assert_eq!(folder_name(name), name.replace(' ', "_"), "{name}");
        }
        let mut jobs: Vec<String> = [
            "a (b/c)", "a (b-c)", "a (b_c)", "a b", "a_b", "", ".", "..", "é", "ü",
        ]
        .map(str::to_owned)
        .to_vec();
        jobs.extend(["x", "y"].map(|end| "long".repeat(100) + end));
        let mut folders: Vec<String> = jobs.iter().map(|job| folder_name(job)).collect();
        folders.sort();
        folders.dedup();
        assert_eq!(folders.len(), jobs.len(), "{folders:?}");
        let is_safe =
            |name: &String| !name.contains('/') && !name.starts_with('.') && name.len() < 255;
        assert!(folders.iter().all(is_safe), "{folders:?}");
    }
}
