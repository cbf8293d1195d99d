//! Runs a plan: one loop owns all state and hears every event over one channel, one thread works for
//! each running job. Decides what to reuse, what to skip and when to stop; prints nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use towpath_host::sandbox::Cancel;
use towpath_report::{CheckResult, Conclusion, ExpectedJob, JobRecord, Reused, RunEvent};

use crate::action::{NeededResult, Outcome};
use crate::ahead::{Ahead, make_ready};
use crate::past::{last_pass, reasons};
use crate::plan::PlannedJob;
use crate::request::Request;
use crate::reuse::{Key, LastRun, StoredVerdict, job_history};
use crate::schedule::Schedule;
use crate::work::{Message, work};

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
    let (sender, messages) = crossbeam_channel::unbounded();
    let jobs = &request.plan.jobs;
    let started: Vec<AtomicBool> = jobs.iter().map(|_| AtomicBool::new(false)).collect();
    std::thread::scope(|scope| {
        let (ahead, waiting) = Ahead::new(&started);
        let mut run = Run::new(request, observer, ahead);
        let cancel = run.cancel.clone();
        let started = &started;
        scope.spawn(move || {
            make_ready(request.plan, request.actions, started, &waiting, &cancel);
        });
        run.announce();
        loop {
            while let Some(job) = run.next_job() {
                let (sender, cancel) = (sender.clone(), run.cancel.clone());
                let needs = run.needed_results(job);
                scope.spawn(move || work(request, job, &needs, &cancel, &sender));
            }
            if run.schedule.running() == 0 {
                break;
            }
            crossbeam_channel::select! {
                recv(messages) -> message => match message {
                    Ok(message) => run.hear(message),
                    Err(_) => break,
                },
                recv(request.signals) -> signal => if signal.is_ok() { run.stop() },
                default(Duration::from_millis(100)) => run.observer.tick(),
            }
        }
        run.complete()
    })
}

struct Run<'a, 'b> {
    request: &'a Request<'a>,
    observer: &'b mut dyn Observer,
    schedule: Schedule,
    cancel: Cancel,
    begun: Instant,
    started_ms: BTreeMap<usize, u64>,
    last: Vec<Option<LastRun>>,
    records: BTreeMap<usize, JobRecord>,
    order: Vec<usize>,
    examined: BTreeSet<usize>,
    has_told_reasons: bool,
    interrupted: bool,
    warnings: Vec<String>,
    ahead: Ahead<'a>,
}

impl<'a, 'b> Run<'a, 'b> {
    fn new(request: &'a Request<'a>, observer: &'b mut dyn Observer, ahead: Ahead<'a>) -> Self {
        let mut warnings = Vec::new();
        let last: Vec<Option<LastRun>> = request
            .plan
            .jobs
            .iter()
            .map(|job| {
                request.ledger.last(&job.name).unwrap_or_else(|error| {
                    warnings.push(error.to_string());
                    None
                })
            })
            .collect();
        let estimates: Vec<u64> = last
            .iter()
            .map(|last| last.as_ref().map_or(0, LastRun::median_ms))
            .collect();
        Self {
            schedule: Schedule::new(&request.plan.jobs, &estimates),
            request,
            observer,
            cancel: Cancel::new(),
            begun: Instant::now(),
            started_ms: BTreeMap::new(),
            last,
            records: BTreeMap::new(),
            order: Vec::new(),
            examined: BTreeSet::new(),
            has_told_reasons: false,
            interrupted: false,
            warnings,
            ahead,
        }
    }

    fn announce(&mut self) {
        let jobs = &self.request.plan.jobs;
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
        let jobs = &self.request.plan.jobs;
        if let Some((files, jobs)) =
            reasons(jobs, &unfinished, &self.last, self.request.ledger.tree)
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
        self.settle();
        if self.schedule.running() >= self.request.slots {
            for index in self.schedule.ready() {
                self.ahead.waits(index);
            }
            return None;
        }
        let index = *self.schedule.ready().first()?;
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

    /// Ends every ready job that needs no work. One that ends may make others ready.
    fn settle(&mut self) {
        loop {
            let ready = self.schedule.ready();
            let fresh = |index: &usize| self.interrupted || !self.examined.contains(index);
            let Some(index) = ready.into_iter().find(fresh) else {
                return;
            };
            self.examined.insert(index);
            self.started_ms.insert(index, self.elapsed_ms());
            if let Some(record) = self.without_work(index) {
                self.finish(index, record);
            }
        }
    }

    fn without_work(&mut self, index: usize) -> Option<JobRecord> {
        if self.interrupted {
            let outcome = Outcome::ended(Conclusion::Cancelled, CheckResult::default());
            return Some(self.record(index, outcome.because("not started"), None));
        }
        if let Some(reason) = self.blocked_by(index) {
            return Some(self.record(index, Outcome::skipped(reason), None));
        }
        let [step] = self.job(index).steps.as_slice() else {
            return None;
        };
        let action = self.request.actions.find(&step.uses)?;
        let needs = self.needed_results(index);
        if let Some(reason) = action.skip_reason(&step.inputs, &needs) {
            self.remember_skip(index);
            return Some(self.record(index, Outcome::skipped(reason), None));
        }
        self.reused(index, &action.reuse_key(&step.inputs, &needs)?)
    }

    fn blocked_by(&self, index: usize) -> Option<String> {
        let job = self.job(index);
        if job.always {
            return None;
        }
        let failed: Vec<&str> = job
            .needs
            .iter()
            .filter_map(|need| self.records.get(need))
            .filter(|record| {
                !matches!(record.conclusion, Conclusion::Success | Conclusion::Neutral)
                    && !record.advisory
            })
            .map(|record| record.name.as_str())
            .collect();
        (!failed.is_empty()).then(|| format!("needs {}, which did not pass", failed.join(", ")))
    }

    fn reused(&mut self, index: usize, key: &Key) -> Option<JobRecord> {
        if (self.request.force)(&self.job(index).name) {
            return None;
        }
        match self.request.ledger.find(key) {
            Ok(found) => {
                let (verdict, result) = found?;
                let reused = Reused {
                    run: verdict.run,
                    at: verdict.at,
                    commit: verdict.commit,
                };
                let mut outcome =
                    Outcome::ended(verdict.conclusion, result).because(verdict.reason);
                outcome.commands = verdict.commands;
                Some(self.record(index, outcome, Some(reused)))
            }
            Err(error) => {
                self.warnings.push(error.to_string());
                None
            }
        }
    }

    fn needed_results(&self, index: usize) -> Vec<NeededResult> {
        let needed = |need: &usize| {
            self.records.get(need).map(|record| NeededResult {
                job: record.name.clone(),
                group: record.group.clone(),
                project: record.project.clone(),
                conclusion: record.conclusion,
                result: record.result.clone(),
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
            Message::Ended { job, outcome } => self.ended(job, *outcome),
        }
    }

    fn ended(&mut self, index: usize, mut outcome: Outcome) {
        if self.interrupted && outcome.conclusion == Conclusion::Error {
            outcome.conclusion = Conclusion::Cancelled;
        }
        let duration_ms = self.elapsed_ms() - self.started_ms.get(&index).copied().unwrap_or(0);
        if !matches!(
            outcome.conclusion,
            Conclusion::Cancelled | Conclusion::Error
        ) {
            self.remember(index, &outcome, duration_ms);
        }
        let record = self.record(index, outcome, None);
        self.finish(index, record);
    }

    /// Keeps the verdict, where its dependencies are known, and the duration.
    fn remember(&mut self, index: usize, outcome: &Outcome, duration_ms: u64) {
        let (request, job) = (self.request, self.job(index));
        let ledger = request.ledger;
        let mut kept = Ok(None);
        if let Some(dependencies) = &outcome.dependencies {
            let stored = ledger.keep(dependencies, &outcome.result, |files, result| {
                StoredVerdict {
                    tree: ledger.tree_digest.clone(),
                    files,
                    history: dependencies.history.clone(),
                    conclusion: outcome.conclusion,
                    reason: outcome.reason.clone(),
                    result,
                    run: request.run,
                    at: request.started,
                    commit: request.commit.to_owned(),
                    duration_ms,
                    commands: outcome.commands.clone(),
                }
            });
            kept = stored.map(Some);
        }
        let kept = kept.and_then(|result| {
            let last = LastRun {
                dependencies: outcome.dependencies.clone(),
                conclusion: outcome.conclusion,
                at: request.started,
                commit: request.commit.to_owned(),
                durations_ms: job_history(self.last[index].as_ref(), duration_ms),
                result,
                passed: self.pass_before(index, outcome.conclusion),
            };
            ledger.keep_last(&job.name, &last)
        });
        if let Err(error) = kept {
            self.warnings.push(format!(
                "the verdict of `{}` was not kept: {error}",
                job.name
            ));
        }
    }

    /// Records that a job does not apply, so that the next run expects no more of it.
    fn remember_skip(&mut self, index: usize) {
        let before = self.last[index].as_ref();
        if before.is_some_and(|last| last.conclusion == Conclusion::Skipped) {
            return;
        }
        let last = LastRun {
            dependencies: None,
            conclusion: Conclusion::Skipped,
            at: self.request.started,
            commit: self.request.commit.to_owned(),
            durations_ms: Vec::new(),
            result: None,
            passed: self.pass_before(index, Conclusion::Skipped),
        };
        let name = &self.job(index).name;
        if let Err(error) = self.request.ledger.keep_last(name, &last) {
            self.warnings.push(error.to_string());
        }
    }

    /// Returns the last pass before a run that ended so; a run that passed stands for itself.
    fn pass_before(&self, index: usize, conclusion: Conclusion) -> Option<Box<LastRun>> {
        let is_pass = matches!(conclusion, Conclusion::Success | Conclusion::Neutral);
        let before = self.last[index].as_ref().filter(|_| !is_pass)?;
        before.last_pass().cloned().map(Box::new)
    }

    fn record(&self, index: usize, outcome: Outcome, reused: Option<Reused>) -> JobRecord {
        let job = self.job(index);
        let started_ms = self.started_ms.get(&index).copied().unwrap_or(0);
        let last = self.last[index].as_ref();
        JobRecord {
            last_pass: last
                .filter(|_| outcome.conclusion == Conclusion::Failure)
                .and_then(|last| last_pass(self.request.ledger, last, &outcome.result)),
            name: job.name.clone(),
            group: job.group.clone(),
            project: job.project.clone(),
            conclusion: outcome.conclusion,
            reason: outcome.reason,
            advisory: job.advisory,
            result: outcome.result,
            reused,
            started_ms,
            duration_ms: self.elapsed_ms() - started_ms,
            cpu_ms: outcome.cpu_ms,
            commands: outcome.commands,
        }
    }

    fn finish(&mut self, index: usize, record: JobRecord) {
        self.schedule.end(index);
        self.observer.event(&RunEvent::JobFinished {
            record: Box::new(record.clone()),
        });
        self.records.insert(index, record);
        self.order.push(index);
    }

    fn stop(&mut self) {
        if self.interrupted {
            self.cancel.kill_now();
            return;
        }
        self.interrupted = true;
        self.cancel.cancel();
        self.observer.event(&RunEvent::Stopping {
            running: self.schedule.running(),
        });
    }

    fn complete(mut self) -> Completed {
        let waiting = self.schedule.waiting();
        debug_assert!(
            waiting.is_empty(),
            "a plan has no circles, so every job was reached"
        );
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

    fn job(&self, index: usize) -> &'a PlannedJob {
        &self.request.plan.jobs[index]
    }

    fn elapsed_ms(&self) -> u64 {
        self.begun.elapsed().as_millis() as u64
    }
}
