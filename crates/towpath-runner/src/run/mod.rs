//! Runs a plan: one loop owns all state and hears every event over one channel, one thread works for
//! each running job. Decides what to reuse, what to skip and when to stop; prints nothing.

mod expand;
mod groups;
mod keep;
mod ready;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use towpath_host::process::Cancel;
use towpath_report::{Conclusion, ExpectedJob, JobRecord, RunEvent};
use towpath_workflow::syntax::Job;

use crate::action::{NeededResult, Outcome};
use crate::ahead::{Ahead, make_ready};
use crate::assignment::Assignment;
use crate::past::reasons;
use crate::plan::{Frame, PlannedJob};
use crate::request::Request;
use crate::reuse::LastRun;
use crate::schedule::Schedule;
use crate::spares::Spares;
use crate::standing::{self, Standing};
use crate::work::{Message, Ways, work_on};
use groups::Groups;
pub use groups::superseded;
use keep::{Keepsake, keep_all};
use ready::could_not_start;

/// How long the loop sleeps while no job ends.
const TICK: Duration = Duration::from_millis(100);

/// Hears what happens, in order.
pub trait Observer {
    /// Takes one event.
    fn event(&mut self, event: &RunEvent);
    /// Is called when nothing has happened for a tenth of a second.
    fn tick(&mut self) {}
}

/// What a run came to.
pub struct Completed {
    /// The jobs, in the order they ended.
    pub jobs: Vec<JobRecord>,
    /// Whether a signal stopped the run.
    pub interrupted: bool,
    /// Warnings about the store: a verdict that could not be kept or read.
    pub warnings: Vec<String>,
}

/// Runs all jobs of a plan and returns their records.
pub fn run(request: &Request<'_>, observer: &mut dyn Observer) -> Completed {
    let (progress, told) = crossbeam_channel::unbounded();
    let (ended, messages) = crossbeam_channel::unbounded();
    let ways = Ways { progress, ended };
    let jobs = &request.plan.jobs;
    let started: Vec<AtomicBool> = jobs.iter().map(|_| AtomicBool::new(false)).collect();
    std::thread::scope(|scope| {
        let (ahead, waiting) = Ahead::new(&started);
        let (keepsakes, kept) = crossbeam_channel::unbounded();
        let keeping = scope.spawn(move || keep_all(request, &kept));
        let mut run = Run::new(request, observer, ahead, keepsakes);
        let cancel = run.cancel.clone();
        let started = &started;
        scope.spawn(move || {
            make_ready(request.plan, request.actions, started, &waiting, &cancel);
        });
        run.announce();
        let (assignments, assigned) = crossbeam_channel::unbounded();
        let mut workers = 0;
        loop {
            while let Some(job) = run.next_job() {
                // A thread whose job has ended takes the next one: a new one starts on a cold processor.
                if workers < run.schedule.running() {
                    workers += 1;
                    let (ways, assigned) = (ways.clone(), assigned.clone());
                    scope.spawn(move || work_on(request, &assigned, &ways));
                }
                // The channel is open as long as there are workers.
                let _ = assignments.send(run.assignment(job));
            }
            if run.schedule.running() == 0 && !run.groups.any_waits_outside() {
                break;
            }
            crossbeam_channel::select! {
                recv(messages) -> message => match message {
                    Ok(message) => {
                        told.try_iter().for_each(|message| run.hear(message));
                        run.hear(message);
                    }
                    Err(_) => break,
                },
                recv(request.signals) -> signal => if signal.is_ok() { run.stop() },
                default(TICK) => {
                    told.try_iter().for_each(|message| run.hear(message));
                    run.observer.tick();
                }
            }
        }
        drop(assignments);
        run.spares.remove();
        let mut completed = run.complete();
        // The channel is closed by now, so this ends with the last of them.
        completed
            .warnings
            .extend(keeping.join().unwrap_or_default());
        completed
    })
}

struct Run<'a, 'b> {
    request: &'a Request<'a>,
    observer: &'b mut dyn Observer,
    schedule: Schedule,
    /// The jobs by index: those of the plan, then those that became known since.
    jobs: Vec<Arc<PlannedJob>>,
    frames: Vec<Arc<Frame>>,
    /// Names that are taken.
    names: BTreeSet<String>,
    /// What stands for each job that became known since the plan was made.
    parents: BTreeMap<usize, usize>,
    children: BTreeMap<usize, Vec<usize>>,
    /// What ended jobs mean to others, in the order in which they ended.
    ended: Vec<(usize, Standing)>,
    groups: Groups,
    /// Jobs that will not start, and why.
    given_up: BTreeMap<usize, String>,
    cancel: Cancel,
    cancels: BTreeMap<usize, Cancel>,
    /// Tells the jobs that a signal ends the whole run.
    stopping: Arc<AtomicBool>,
    spares: Arc<Spares>,
    begun: Instant,
    started_ms: BTreeMap<usize, u64>,
    last: Vec<Option<LastRun>>,
    /// Those of jobs that are not known yet.
    last_runs: LastRuns,
    records: BTreeMap<usize, JobRecord>,
    order: Vec<usize>,
    examined: BTreeSet<usize>,
    has_told_reasons: bool,
    interrupted: bool,
    warnings: Vec<String>,
    ahead: Ahead<'a>,
    /// Takes what is to be kept of jobs that ended.
    keepsakes: Sender<Keepsake>,
    /// What waits for the end of the run to be kept.
    unsent: Vec<Keepsake>,
}

impl<'a, 'b> Run<'a, 'b> {
    fn new(
        request: &'a Request<'a>,
        observer: &'b mut dyn Observer,
        ahead: Ahead<'a>,
        keepsakes: Sender<Keepsake>,
    ) -> Self {
        let mut warnings = Vec::new();
        let mut last_runs = LastRuns::default();
        let mut last_run = |job: &PlannedJob| {
            let frame = &request.plan.frames[job.frame];
            last_runs.take(request, frame, job, &mut warnings)
        };
        let last: Vec<Option<LastRun>> = request.plan.jobs.iter().map(&mut last_run).collect();
        let estimates: Vec<u64> = last
            .iter()
            .map(|last| last.as_ref().map_or(0, LastRun::median_ms))
            .collect();
        Self {
            schedule: Schedule::new(&request.plan.jobs, &estimates),
            jobs: request.plan.jobs.iter().cloned().map(Arc::new).collect(),
            frames: request.plan.frames.clone(),
            names: request
                .plan
                .jobs
                .iter()
                .map(|job| job.name.clone())
                .collect(),
            parents: BTreeMap::new(),
            children: BTreeMap::new(),
            ended: Vec::new(),
            groups: Groups::of(&request.plan.frames),
            given_up: BTreeMap::new(),
            request,
            observer,
            cancel: Cancel::new(),
            cancels: BTreeMap::new(),
            stopping: Arc::new(AtomicBool::new(false)),
            spares: Arc::default(),
            begun: Instant::now(),
            started_ms: BTreeMap::new(),
            last,
            last_runs,
            records: BTreeMap::new(),
            order: Vec::new(),
            examined: BTreeSet::new(),
            has_told_reasons: false,
            interrupted: false,
            warnings,
            ahead,
            keepsakes,
            unsent: Vec::new(),
        }
    }

    fn announce(&mut self) {
        let jobs = &self.jobs;
        let expected = jobs.iter().map(|job| ExpectedJob {
            name: job.name.clone(),
            needs: job
                .needs
                .iter()
                .map(|need| jobs[*need].name.clone())
                .collect(),
        });
        self.observer.event(&RunEvent::RunStarted {
            jobs: expected.collect(),
        });
    }

    /// Says which files make jobs work, before the first does.
    fn tell_reasons(&mut self) {
        if std::mem::replace(&mut self.has_told_reasons, true) {
            return;
        }
        let unfinished = self.schedule.unfinished();
        if let Some((files, jobs)) =
            reasons(&self.jobs, &unfinished, &self.last, self.request.ledger)
        {
            self.observer.event(&RunEvent::FilesChanged { files, jobs });
        }
    }

    /// Returns the wall time to be expected from now on; 0 where some job has never run.
    fn left_ms(&self) -> u64 {
        let unfinished = self.schedule.unfinished();
        if unfinished.iter().any(|index| self.last[*index].is_none()) {
            return 0;
        }
        let now = self.elapsed_ms();
        self.schedule.left_ms(self.request.slots, |index| {
            now - self.started_ms.get(&index).copied().unwrap_or(now)
        })
    }

    /// Returns the next job to work on, where a slot is free; ends those that need no work on the way.
    fn next_job(&mut self) -> Option<usize> {
        self.groups.look_again();
        self.settle();
        if self.schedule.running() >= self.request.slots {
            for index in self.schedule.ready() {
                self.ahead.waits(index);
            }
            return None;
        }
        let index = self.free_job()?;
        self.tell_reasons();
        self.started_ms.insert(index, self.elapsed_ms());
        self.schedule.start(index);
        self.ahead.start(index);
        let left_ms = self.left_ms();
        self.observer.event(&RunEvent::JobStarted {
            job: self.job(index).name.clone(),
            estimate_ms: self.last[index].as_ref().map_or(0, LastRun::median_ms),
            left_ms,
        });
        Some(index)
    }

    /// Returns the first of the ready jobs that need let no other go first.
    fn free_job(&mut self) -> Option<usize> {
        for index in self.schedule.ready() {
            if self.is_call(index) || self.is_held(index) {
                continue;
            }
            match self.take_locks(index) {
                Ok(true) => return Some(index),
                Ok(false) => {}
                Err(problem) => {
                    let record = self.record(index, could_not_start(problem), None);
                    self.finish(index, record);
                    // It may make others ready, or end them.
                    self.settle();
                    return self.free_job();
                }
            }
        }
        None
    }

    fn needed_results(&self, index: usize) -> Vec<NeededResult> {
        let needed = |need: &usize| {
            self.records.get(need).map(|record| NeededResult {
                job: record.name.clone(),
                group: record.group.clone(),
                project: record.project.clone(),
                conclusion: record.conclusion,
                result: Arc::clone(&record.result),
            })
        };
        self.job(index).needs.iter().filter_map(needed).collect()
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Progress { job, text } => {
                let job = self.job(job).name.clone();
                self.observer.event(&RunEvent::JobProgress { job, text });
            }
            Message::Output { job, line } => {
                let job = self.job(job).name.clone();
                self.observer.event(&RunEvent::JobOutput { job, line });
            }
            Message::Ended { job, outcome } => self.ended_with(job, *outcome),
        }
    }

    /// Returns what the thread of a job has to know.
    fn assignment(&mut self, index: usize) -> Assignment {
        let cancel = Cancel::new();
        self.cancels.insert(index, cancel.clone());
        let job = Arc::clone(&self.jobs[index]);
        let frame = Arc::clone(&self.frames[job.frame]);
        let above = standing::above(&self.jobs, &self.needs_of(index), &self.ended);
        Assignment {
            index,
            needs: self.needed_results(index),
            needs_context: standing::context(&frame, &above),
            job,
            frame,
            cancel,
            stopping: Arc::clone(&self.stopping),
            spares: Arc::clone(&self.spares),
        }
    }

    /// Adds a job that became known during the run.
    fn add(&mut self, job: PlannedJob) {
        let frame = &self.frames[job.frame];
        let last = self
            .last_runs
            .take(self.request, frame, &job, &mut self.warnings);
        let estimate_ms = last.as_ref().map_or(0, LastRun::median_ms);
        self.schedule.add(job.needs.clone(), estimate_ms);
        self.last.push(last);
        self.jobs.push(Arc::new(job));
    }

    /// Returns the other copies of a job.
    fn copies_beside(&self, index: usize) -> impl Iterator<Item = usize> {
        let job = &self.jobs[index];
        let is_copy = move |(other, beside): (usize, &Arc<PlannedJob>)| {
            let is_copy = other != index
                && beside.copy.is_some()
                && (beside.frame, beside.definition) == (job.frame, job.definition);
            is_copy.then_some(other)
        };
        self.jobs.iter().enumerate().filter_map(is_copy)
    }

    /// Ends the other copies of a job that failed, where its strategy says so.
    fn fail_fast(&mut self, index: usize) {
        let job = &self.jobs[index];
        if !job.copy.as_ref().is_some_and(|copy| copy.fail_fast) {
            return;
        }
        let reason = format!("`{}` failed, and `fail-fast` is on", job.name);
        let others = self.copies_beside(index);
        let others: Vec<usize> = others
            .filter(|other| !self.schedule.has_ended(*other))
            .collect();
        for other in others {
            self.give_up(other, &reason);
        }
    }

    /// Asks a running job to end, and lets one that waits never start.
    fn give_up(&mut self, index: usize, reason: &str) {
        if self.schedule.is_waiting(index) {
            self.examined.remove(&index);
        } else if let Some(cancel) = self.cancels.get(&index) {
            cancel.cancel();
        }
        self.given_up.insert(index, reason.to_owned());
        for child in self.children.get(&index).cloned().unwrap_or_default() {
            if !self.schedule.has_ended(child) {
                self.give_up(child, reason);
            }
        }
    }

    fn stop(&mut self) {
        if self.interrupted {
            self.cancel.kill_now();
            self.cancels.values().for_each(Cancel::kill_now);
            return;
        }
        self.interrupted = true;
        self.stopping.store(true, Ordering::Relaxed);
        self.cancel.cancel();
        for cancel in self.cancels.values() {
            if cancel.is_cancelled() {
                cancel.cancel_heirs();
            }
            cancel.cancel();
        }
        self.observer.event(&RunEvent::Stopping {
            running: self.schedule.running(),
        });
    }

    fn complete(mut self) -> Completed {
        // Only a job that waits for its own concurrency group is never reached.
        for index in self.schedule.waiting() {
            let reason = "waits for a job that waits for it, in one concurrency group";
            let outcome = Outcome::ended(
                Conclusion::Cancelled,
                towpath_report::CheckResult::default(),
            );
            let record = self.record(index, outcome.because(reason), None);
            self.finish(index, record);
        }
        for keepsake in std::mem::take(&mut self.unsent) {
            self.send(keepsake);
        }
        let records = &mut self.records;
        Completed {
            jobs: self
                .order
                .iter()
                .filter_map(|index| records.remove(index))
                .collect(),
            interrupted: self.interrupted,
            warnings: self.warnings,
        }
    }

    fn job(&self, index: usize) -> &PlannedJob {
        &self.jobs[index]
    }

    fn definition(&self, index: usize) -> &Job {
        let job = &self.jobs[index];
        &self.frames[job.frame].workflow.jobs[job.definition]
    }

    fn elapsed_ms(&self) -> u64 {
        self.begun.elapsed().as_millis() as u64
    }
}

/// What is known of the last runs of jobs, read once for each workflow.
#[derive(Default)]
struct LastRuns(BTreeMap<String, BTreeMap<String, LastRun>>);

impl LastRuns {
    /// Takes what is known of a job.
    fn take(
        &mut self,
        request: &Request<'_>,
        frame: &Frame,
        job: &PlannedJob,
        warnings: &mut Vec<String>,
    ) -> Option<LastRun> {
        let read = || {
            request
                .ledger
                .last_runs(&frame.file)
                .unwrap_or_else(|error| {
                    warnings.push(error.to_string());
                    BTreeMap::new()
                })
        };
        let runs = self.0.entry(frame.file.clone()).or_insert_with(read);
        runs.remove(&job.name)
    }
}
