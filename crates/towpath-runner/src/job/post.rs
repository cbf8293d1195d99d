//! The parts of actions that run at the end of a job, those of the last step first.

use std::collections::BTreeMap;
use std::time::Instant;

use towpath_report::{Conclusion, Place, StepRecord};
use towpath_workflow::syntax::{Action as Metadata, Runs, Step, Text};

use super::RunningJob;
use super::composite::ActionFolder;
use super::container::Stage;
use super::level::Level;
use super::node_script::Script;
use super::step::{Done, ReadyStep};
use crate::action::{Action, StepInputs};
use crate::standing::Status;

/// A part to run at the end of the job.
pub(super) struct Post<'a> {
    /// The position of the step among those that began.
    pub(super) order: usize,
    /// Name of the step.
    pub(super) name: String,
    /// Where the step is written.
    pub(super) place: Option<Place>,
    /// The step's variables, and those that the actions around it are given.
    pub(super) environment: BTreeMap<String, String>,
    /// What the step saved.
    pub(super) state: BTreeMap<String, String>,
    pub(super) work: PostWork<'a>,
}

/// What the part is.
pub(super) enum PostWork<'a> {
    /// That of an action which towpath has itself, and which may have none.
    BuiltIn {
        action: &'a dyn Action,
        inputs: StepInputs,
    },
    /// That of a JavaScript action.
    JavaScript {
        script: Script,
        /// `always()` without.
        condition: Option<Text>,
    },
    /// That of an action that is a container.
    Image {
        metadata: Box<Metadata>,
        inputs: BTreeMap<String, String>,
        from: ActionFolder,
    },
}

impl RunningJob<'_> {
    /// Runs all parts; one that fails fails the job.
    pub(super) fn run_post_parts(&mut self) {
        // A step in the background is heard of later than those that began after it.
        self.posts.sort_by_key(|post| post.order);
        while let Some(post) = self.posts.pop() {
            let mut step = Step::run("");
            step.origin.0.clone_from(&post.place);
            let name = format!("Post {}", post.name);
            let level = Level::of_job();
            match post.work {
                PostWork::BuiltIn { action, inputs } => {
                    let Some(ready) = self.ready_part(&name, &step, post.environment) else {
                        continue;
                    };
                    let begun = Instant::now();
                    let called = self.call(&level, &ready, &post.state, |context| {
                        action.post(&inputs, context)
                    });
                    if let Some(outcome) = called {
                        let done = self.take_outcome(outcome);
                        self.note_part(&ready, done, begun);
                    }
                }
                PostWork::JavaScript { script, condition } => {
                    let state = post.state;
                    let condition = condition.as_ref();
                    self.part(&name, &step, condition, post.environment, |job, ready| {
                        job.node(&level, ready, &script, &state)
                    });
                }
                PostWork::Image {
                    metadata,
                    inputs,
                    from,
                } => {
                    let condition = match &metadata.runs {
                        Runs::Docker { post_if, .. } => post_if.as_ref(),
                        _ => None,
                    };
                    let stage = Stage::Post(post.state);
                    self.part(&name, &step, condition, post.environment, |job, ready| {
                        job.docker_part(&level, ready, &metadata, &inputs, &from, stage)
                    });
                }
            }
        }
    }

    /// Runs a part of an action where its condition holds, `always()` without one. Returns what it saved.
    pub(super) fn part(
        &mut self,
        name: &str,
        step: &Step,
        condition: Option<&Text>,
        environment: BTreeMap<String, String>,
        work: impl FnOnce(&mut Self, &ReadyStep<'_>) -> Done,
    ) -> Option<BTreeMap<String, String>> {
        let always = Text::from("always()");
        let holds = self
            .values(&Level::of_job(), &environment, None)
            .condition(Some(condition.unwrap_or(&always)));
        match holds {
            Ok(true) => {}
            Ok(false) => return None,
            Err(problem) => {
                self.fail(problem);
                return None;
            }
        }
        let ready = self.ready_part(name, step, environment)?;
        let begun = Instant::now();
        let done = work(self, &ready);
        let state = done.state.clone();
        self.note_part(&ready, done, begun);
        Some(state)
    }

    /// Returns a part that may run now; none where the job has no time left.
    fn ready_part<'s>(
        &mut self,
        name: &str,
        step: &'s Step,
        environment: BTreeMap<String, String>,
    ) -> Option<ReadyStep<'s>> {
        self.notice_cancel();
        self.sink.begin();
        let now = Instant::now();
        let (deadline, cancel) = match self.last_call {
            Some(last_call) => (last_call, self.late.clone()),
            None => (self.deadline, self.cancel.clone()),
        };
        if deadline <= now {
            return None;
        }
        Some(ReadyStep {
            step,
            name: name.to_owned(),
            environment,
            begun: now,
            own: None,
            limit: deadline,
            deadline,
            cancel,
        })
    }

    fn note_part(&mut self, ready: &ReadyStep<'_>, done: Done, begun: Instant) {
        let mut conclusion = Conclusion::Success;
        let mut reason = String::new();
        let mut output = Vec::new();
        if let Some(mut problem) = done.failure {
            conclusion = Conclusion::Failure;
            output = self.sink.tail();
            problem.message = self.sink.masked(&problem.message);
            reason.clone_from(&problem.message);
            if problem.place.is_none() {
                problem.place.clone_from(&ready.step.origin.0);
            }
            self.sink.note(&format!("error: {}", problem.message));
            self.problems.push(problem);
            if self.status != Status::Cancelled {
                self.status = Status::Failure;
            }
        }
        self.records.push(StepRecord {
            name: self.sink.masked(&ready.name),
            conclusion,
            reason,
            output,
            duration_ms: begun.elapsed().as_millis() as u64,
        });
    }
}
