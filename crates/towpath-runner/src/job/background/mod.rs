//! Steps in the background: they run beside those that follow, each on a thread of its own with a copy of what
//! the job has by then.
//!
//! As in GitHub's runner, what such a step gives and changes counts once a step waits for it or cancels it:
//! outputs, `outcome`, variables and `PATH`. `wait`, `wait-all` and `cancel` run always; a failure fails the
//! step that waits for it, and in the end the job, whatever that step says. At most ten run at a time, later
//! ones begin in their order. What nobody waited for is awaited before the post parts. `parallel` starts its
//! steps in the background and waits for them.

mod fork;
mod slots;

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, Scope, ScopedJoinHandle};

use towpath_host::process::Cancel;
use towpath_report::{Problem, StepRecord};
use towpath_workflow::syntax::{Step, StepWork};

use super::RunningJob;
use super::level::Level;
use super::step::{Done, Ended, ReadyStep, conclusion_of};
use crate::action::Progress;
use crate::standing::Status;
pub(super) use fork::Deferred;
use slots::Slots;

/// What a step that waits for all is called where towpath adds it.
const WAIT_FOR_ALL: &str = "Wait for all background steps";

/// The steps of a job that run in the background.
struct Background<'scope, 'env, 'a> {
    scope: &'scope Scope<'scope, 'env>,
    slots: Arc<Slots>,
    /// Those that nobody waited for yet, in the order of their start.
    running: Vec<Running<'scope, 'a>>,
    /// How those with an id ended that were waited for.
    ended: BTreeMap<String, (String, Status)>,
    /// How many were started.
    started: usize,
    has_failed: bool,
}

/// One that was started.
struct Running<'scope, 'a> {
    step: &'a Step,
    /// Where its record stands among those of the job.
    record: usize,
    cancel: Cancel,
    thread: ScopedJoinHandle<'scope, (Box<RunningJob<'a>>, Ended)>,
}

impl Running<'_, '_> {
    fn has_id(&self, id: &str) -> bool {
        let own = self.step.id.as_deref();
        own.is_some_and(|own| own.eq_ignore_ascii_case(id))
    }
}

impl<'a> RunningJob<'a> {
    /// Runs the steps of the job, and awaits those in the background.
    pub(super) fn run_steps(&mut self, level: &mut Level) {
        let steps = &self.work.steps;
        thread::scope(|scope| {
            let mut background = Background {
                scope,
                slots: Arc::default(),
                running: Vec::new(),
                ended: BTreeMap::new(),
                started: 0,
                has_failed: false,
            };
            for step in steps {
                self.step_of_job(level, step, &mut background);
            }
            self.await_rest(level, &mut background);
        });
    }

    fn step_of_job<'scope>(
        &mut self,
        level: &mut Level,
        step: &'a Step,
        background: &mut Background<'scope, '_, 'a>,
    ) where
        'a: 'scope,
    {
        self.begun += 1;
        level.position = self.position_of(step);
        match &step.work {
            StepWork::Wait { steps } => self.wait_for(level, step, background, &|running| {
                steps.iter().any(|id| running.has_id(id))
            }),
            StepWork::WaitAll => self.wait_for(level, step, background, &|_| true),
            StepWork::Cancel { step: id } => self.cancel_step(level, step, background, id),
            StepWork::Parallel { steps } => self.parallel(level, step, steps, background),
            _ if step.background => self.start_in_background(level, step, background),
            _ => self.step(level, step),
        }
    }

    /// Returns the position of a step among those of the job.
    fn position_of(&self, step: &Step) -> usize {
        let mut steps = self.work.each_step();
        steps
            .position(|own| std::ptr::eq(own, step))
            .unwrap_or(usize::MAX)
    }

    /// Starts a step in the background where its condition holds.
    fn start_in_background<'scope>(
        &mut self,
        level: &mut Level,
        step: &'a Step,
        background: &mut Background<'scope, '_, 'a>,
    ) where
        'a: 'scope,
    {
        let ready = match self.begin(level, step) {
            Ok(ready) => ready,
            Err(ended) => return self.note_end(level, step, *ended),
        };
        background.started += 1;
        let cancel = ready.cancel.child();
        let fork = match self.fork(background.started, &ready.name, cancel.clone()) {
            Ok(fork) => fork,
            Err(problem) => {
                self.tell(level, step, problem);
                let ended = Ended::without_work(ready.name, Status::Failure);
                return self.note_end(level, step, ended);
            }
        };
        self.sink.progress().doing(&ready.name);
        let record = self.records.len();
        // It is replaced when the step has ended.
        self.records.push(StepRecord {
            name: ready.name.clone(),
            conclusion: conclusion_of(Status::Cancelled),
            reason: String::new(),
            output: Vec::new(),
            duration_ms: 0,
        });
        let ready = ReadyStep {
            cancel: cancel.clone(),
            ..ready
        };
        let ticket = background.slots.ticket();
        let (slots, level) = (Arc::clone(&background.slots), level.clone());
        let thread = background
            .scope
            .spawn(move || run_beside(fork, level, ready, ticket, &slots));
        background.running.push(Running {
            step,
            record,
            cancel,
            thread,
        });
    }

    /// Starts steps at the same time and waits for them.
    fn parallel<'scope>(
        &mut self,
        level: &mut Level,
        step: &'a Step,
        steps: &'a [Step],
        background: &mut Background<'scope, '_, 'a>,
    ) where
        'a: 'scope,
    {
        if step.condition.is_some()
            && let Err(ended) = self.begin(level, step)
        {
            return self.note_end(level, step, *ended);
        }
        let before = background.started;
        for step in steps {
            self.begun += 1;
            level.position = self.position_of(step);
            self.start_in_background(level, step, background);
        }
        if background.started == before {
            let name = super::step::plain_name(step);
            let ended = Ended::without_work(name, Status::Skipped);
            return self.note_end(level, step, ended);
        }
        let is_own = |running: &Running<'_, '_>| {
            let mut own = steps.iter();
            own.any(|step| std::ptr::eq(step, running.step))
        };
        self.wait_for(level, step, background, &is_own);
    }

    /// Runs a step that waits for some of those in the background.
    fn wait_for(
        &mut self,
        level: &mut Level,
        step: &Step,
        background: &mut Background<'_, '_, 'a>,
        is_awaited: &dyn Fn(&Running<'_, 'a>) -> bool,
    ) {
        let ready = match self.ready_to_control(level, step) {
            Ok(ready) => ready,
            Err(ended) => return self.note_end(level, step, *ended),
        };
        self.sink.progress().doing(&ready.name);
        let mut results = self.await_some(level, background, is_awaited);
        if let StepWork::Wait { steps } = &step.work {
            // Who waits again hears the same again.
            let known = steps.iter().map(|id| id.to_ascii_lowercase());
            let known = known.filter_map(|id| background.ended.get(&id).cloned());
            let missing: Vec<(String, Status)> =
                known.filter(|known| !results.contains(known)).collect();
            results.extend(missing);
        }
        self.conclude_control(level, &ready, &results, true);
    }

    /// Cancels a step in the background and waits for its end.
    fn cancel_step(
        &mut self,
        level: &mut Level,
        step: &Step,
        background: &mut Background<'_, '_, 'a>,
        id: &str,
    ) {
        let ready = match self.ready_to_control(level, step) {
            Ok(ready) => ready,
            Err(ended) => return self.note_end(level, step, *ended),
        };
        self.sink.progress().doing(&ready.name);
        for running in background.running.iter().filter(|own| own.has_id(id)) {
            running.cancel.cancel();
        }
        let results = self.await_some(level, background, &|running| running.has_id(id));
        self.conclude_control(level, &ready, &results, false);
    }

    /// Awaits what runs after the last step.
    fn await_rest(&mut self, level: &mut Level, background: &mut Background<'_, '_, 'a>) {
        if !background.running.is_empty() {
            let mut step = Step::run("");
            step.work = StepWork::WaitAll;
            step.name = Some(WAIT_FOR_ALL.into());
            self.wait_for(level, &step, background, &|_| true);
        }
        if background.has_failed {
            self.fall(level);
        }
    }

    /// Waits for the end of some steps and takes over what they did.
    fn await_some(
        &mut self,
        level: &mut Level,
        background: &mut Background<'_, '_, 'a>,
        is_awaited: &dyn Fn(&Running<'_, 'a>) -> bool,
    ) -> Vec<(String, Status)> {
        let mut results = Vec::new();
        while let Some(next) = background.running.iter().position(is_awaited) {
            let running = background.running.remove(next);
            let ended = running.thread.join();
            let (fork, ended) = ended.unwrap_or_else(|fault| resume_unwind(fault));
            self.take_over(*fork);
            background.has_failed |= ended.conclusion == Status::Failure;
            let result = (ended.name.clone(), ended.conclusion);
            if let Some(id) = &running.step.id {
                let id = id.to_ascii_lowercase();
                background.ended.insert(id, result.clone());
            }
            results.push(result);
            let record = self.note_silently(level, running.step, ended);
            if let (Some(record), Some(place)) = (record, self.records.get_mut(running.record)) {
                *place = record;
            }
        }
        self.notice_cancel();
        results
    }

    /// Makes a step ready that waits or cancels, which it does in any case.
    fn ready_to_control<'s>(
        &mut self,
        level: &Level,
        step: &'s Step,
    ) -> Result<ReadyStep<'s>, Box<Ended>> {
        self.begin_if(level, step, Some(&"always()".into()))
    }

    /// Notes what came of the steps that were waited for.
    fn conclude_control(
        &mut self,
        level: &mut Level,
        ready: &ReadyStep<'_>,
        results: &[(String, Status)],
        fails: bool,
    ) {
        self.sink.headline(&ready.name);
        for (name, result) in results {
            self.sink.note(&format!("  {name}: {}", result.as_str()));
        }
        let failed: Vec<&str> = results
            .iter()
            .filter(|(_, result)| *result == Status::Failure)
            .map(|(name, _)| name.as_str())
            .collect();
        let mut done = Done::default();
        if fails && !failed.is_empty() {
            let message = format!("`{}` failed in the background", failed.join("`, `"));
            done.failure = Some(Problem::error(message));
            done.is_told = true;
        } else if fails {
            done.cancelled = results.iter().any(|(_, own)| *own == Status::Cancelled);
        }
        let ended = self.conclude(level, ready, done);
        self.note_end(level, ready.step, ended);
    }
}

/// Runs a step on its thread, when its turn has come.
fn run_beside<'a>(
    mut fork: Box<RunningJob<'a>>,
    mut level: Level,
    mut ready: ReadyStep<'a>,
    ticket: usize,
    slots: &Slots,
) -> (Box<RunningJob<'a>>, Ended) {
    let Some(_slot) = slots.take(ticket, &ready.cancel, ready.limit) else {
        let ended = Ended::without_work(ready.name, Status::Cancelled);
        return (fork, ended);
    };
    ready.begin();
    let ended = fork.run_ready(&mut level, &ready);
    (fork, ended)
}
