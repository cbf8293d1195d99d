//! What is kept of a job that ended: its record, its verdict in the ledger, and what it means to others.

use std::sync::Arc;

use towpath_report::{Conclusion, JobRecord, Reused, RunEvent};

use super::Run;
use super::keep::{Keepsake, Verdict};
use crate::action::Outcome;
use crate::dependencies::Dependencies;
use crate::past::last_pass;
use crate::reuse::{LastRun, job_history};
use crate::standing::{self, Standing, Status};

impl Run<'_, '_> {
    pub(super) fn ended_with(&mut self, index: usize, mut outcome: Outcome) {
        if self.interrupted && outcome.conclusion == Conclusion::Error {
            outcome.conclusion = Conclusion::Cancelled;
        }
        if outcome.conclusion == Conclusion::Cancelled
            && let Some(reason) = self.given_up.get(&index)
        {
            outcome.reason.clone_from(reason);
        }
        let duration_ms = self.elapsed_ms() - self.started_ms.get(&index).copied().unwrap_or(0);
        let dependencies = outcome.dependencies.take();
        let record = self.record(index, outcome, None);
        if !matches!(record.conclusion, Conclusion::Cancelled | Conclusion::Error) {
            self.remember(index, &record, dependencies, duration_ms);
        }
        self.finish(index, record);
    }

    /// Keeps the verdict, where its dependencies are known, and the duration.
    fn remember(
        &mut self,
        index: usize,
        record: &JobRecord,
        dependencies: Option<Dependencies>,
        duration_ms: u64,
    ) {
        let verdict = dependencies.map(|dependencies| Verdict {
            dependencies,
            reason: record.reason.clone(),
            commands: record.commands.clone(),
            result: Arc::clone(&record.result),
            duration_ms,
        });
        let durations_ms = job_history(self.last[index].as_ref(), duration_ms);
        self.keep(index, record.conclusion, durations_ms, verdict);
    }

    /// Records that a job does not apply, so that the next run expects no more of it.
    pub(super) fn remember_skip(&mut self, index: usize) {
        let before = self.last[index].as_ref();
        if before.is_none_or(|last| last.conclusion != Conclusion::Skipped) {
            self.keep(index, Conclusion::Skipped, Vec::new(), None);
        }
    }

    /// Has something kept. Whoever does it lives as long as the scope of the run.
    pub(super) fn send(&self, keepsake: Keepsake) {
        let _ = self.keepsakes.send(keepsake);
    }

    fn keep(
        &mut self,
        index: usize,
        conclusion: Conclusion,
        durations_ms: Vec<u64>,
        verdict: Option<Verdict>,
    ) {
        let job = self.job(index);
        let keepsake = Keepsake {
            workflow: self.frames[job.frame].file.clone(),
            job: job.name.clone(),
            last: LastRun {
                dependencies: None,
                conclusion,
                at: self.request.started,
                commit: self.request.commit.to_owned(),
                durations_ms,
                result: None,
                passed: self.pass_before(index, conclusion),
            },
            verdict,
        };
        if keepsake.verdict.is_some() {
            self.send(keepsake);
        } else {
            self.unsent.push(keepsake);
        }
    }

    /// Returns the last pass before a run that ended so; a run that passed stands for itself.
    fn pass_before(&self, index: usize, conclusion: Conclusion) -> Option<Box<LastRun>> {
        let is_pass = matches!(conclusion, Conclusion::Success | Conclusion::Neutral);
        let before = self.last[index].as_ref().filter(|_| !is_pass)?;
        before.last_pass().cloned().map(Box::new)
    }

    pub(super) fn record(
        &self,
        index: usize,
        outcome: Outcome,
        reused: Option<Reused>,
    ) -> JobRecord {
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
            result: Arc::new(outcome.result),
            reused,
            started_ms,
            duration_ms: self.elapsed_ms() - started_ms,
            cpu_ms: outcome.cpu_ms,
            commands: outcome.commands,
            outputs: outcome.effects.outputs,
            steps: outcome.steps,
        }
    }

    /// Ends a job, as its record says.
    pub(super) fn finish(&mut self, index: usize, record: JobRecord) {
        let outputs = record.outputs.clone();
        self.schedule.end(index);
        self.observer.event(&RunEvent::JobFinished {
            record: Box::new(record.clone()),
        });
        let above = standing::above(&self.jobs, &self.needs_of(index), &self.ended);
        let status = Status::of(record.conclusion, record.advisory);
        if status == Status::Failure {
            self.fail_fast(index);
        }
        self.records.insert(index, record);
        self.order.push(index);
        self.stand(index, Standing::of(status, outputs, &above));
    }

    /// Notes what a job means to those that need it; the last of several copies ends what stood for them.
    pub(super) fn stand(&mut self, index: usize, standing: Standing) {
        self.groups.leave(index);
        self.ended.push((index, standing));
        if let Some(parent) = self.parents.get(&index) {
            self.end_parent(*parent);
        }
    }
}
