//! What a job comes to whose needs have ended: skipped, reused, held back, expanded into its copies, or
//! started.

use towpath_report::{CheckResult, Conclusion, JobRecord, Problem, Reused};
use towpath_workflow::expression::Function;
use towpath_workflow::syntax::JobWork;

use super::Run;
use crate::action::{Examined, Outcome};
use crate::dependencies::Key;
use crate::evaluate::Values;
use crate::standing::{self, Standing, Status};

/// What a ready job comes to.
enum Decision {
    /// It waits for a slot, or for those that go first.
    Start,
    /// It has ended without any work.
    Ended(Box<JobRecord>),
    /// It stands for copies that are known now.
    Expand,
}

impl Run<'_, '_> {
    /// Settles every ready job that needs no slot. One that ends may make others ready.
    pub(super) fn settle(&mut self) {
        loop {
            let ready = self.schedule.ready();
            let fresh = |index: &usize| {
                self.interrupted
                    || !self.examined.contains(index)
                    || (self.is_call(*index)
                        && !self.is_held(*index)
                        && !self.groups.waits_outside(*index))
            };
            let ready: Vec<usize> = ready.into_iter().filter(fresh).collect();
            if ready.is_empty() {
                return;
            }
            for index in ready {
                self.examined.insert(index);
                self.started_ms.insert(index, self.elapsed_ms());
                match self.decide(index) {
                    Decision::Start => {}
                    Decision::Ended(record) => self.finish(index, *record),
                    Decision::Expand => self.expand(index),
                }
            }
        }
    }

    fn decide(&mut self, index: usize) -> Decision {
        if self.interrupted {
            let outcome = Outcome::ended(Conclusion::Cancelled, CheckResult::default());
            return self.without_work(index, outcome.because("not started"));
        }
        if let Some(reason) = self.given_up.get(&index) {
            let outcome = Outcome::ended(Conclusion::Cancelled, CheckResult::default());
            return self.without_work(index, outcome.because(reason.clone()));
        }
        if self.job(index).copy.is_none() {
            return match self.condition_holds(index) {
                Ok(None) => Decision::Expand,
                Ok(Some(reason)) => self.without_work(index, Outcome::skipped(reason)),
                Err(problem) => self.without_work(index, could_not_start(problem)),
            };
        }
        if let Some(reason) = self.blocked_by(index) {
            return self.without_work(index, Outcome::skipped(reason));
        }
        match self.not_here(index) {
            Ok(None) => {}
            Ok(Some(reason)) => return self.without_work(index, Outcome::skipped(reason)),
            Err(problem) => return self.without_work(index, could_not_start(problem)),
        }
        if let Some(record) = self.taken_over(index) {
            return Decision::Ended(Box::new(record));
        }
        // A call is looked at again and again while it is held.
        if !self.groups.has_entered(index) {
            match self.join_groups(index) {
                Ok(None) => {}
                Ok(Some(reason)) => {
                    self.tell_given_up(index, &reason);
                    let outcome = Outcome::ended(Conclusion::Cancelled, CheckResult::default());
                    return self.without_work(index, outcome.because(reason));
                }
                Err(problem) => {
                    let problem = self.frames[self.job(index).frame].context.masked(problem);
                    return self.without_work(index, could_not_start(problem));
                }
            }
        }
        if self.is_call(index) {
            if self.is_held(index) {
                return Decision::Start;
            }
            return match self.take_locks(index) {
                Ok(true) => Decision::Expand,
                Ok(false) => Decision::Start,
                Err(problem) => self.without_work(index, could_not_start(problem)),
            };
        }
        self.check_without_work(index)
            .map_or(Decision::Start, |record| Decision::Ended(Box::new(record)))
    }

    fn without_work(&self, index: usize, outcome: Outcome) -> Decision {
        Decision::Ended(Box::new(self.record(index, outcome, None)))
    }

    /// Ends a job of one check that does not apply or whose verdict is known.
    fn check_without_work(&mut self, index: usize) -> Option<JobRecord> {
        let job = self.job(index);
        let [step] = job.steps.as_slice() else {
            return None;
        };
        let action = self.request.actions.find(&step.uses)?;
        if !action.is_self_contained() {
            return None;
        }
        let needs = self.needed_results(index);
        match action.examine(&step.inputs, &needs) {
            Examined::Skipped(reason) => {
                self.remember_skip(index);
                Some(self.record(index, Outcome::skipped(reason), None))
            }
            Examined::Keyed(key) => self.reused(index, &key),
            Examined::Unknown => None,
        }
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

    /// Returns the record of a job that succeeded in an earlier attempt, as all did that it needs.
    fn taken_over(&self, index: usize) -> Option<JobRecord> {
        let earlier = self.request.earlier.get(&self.job(index).name)?;
        let has_passed = matches!(
            earlier.conclusion,
            Conclusion::Success | Conclusion::Neutral
        );
        if !has_passed {
            return None;
        }
        let mut below = Some(index);
        while let Some(job) = below {
            if !self
                .needs_of(job)
                .iter()
                .all(|need| self.is_as_before(*need))
            {
                return None;
            }
            below = self.parents.get(&job).copied();
        }
        let started_ms = self.started_ms.get(&index).copied().unwrap_or(0);
        Some(JobRecord {
            started_ms,
            ..earlier.clone()
        })
    }

    /// Tells whether a job that ended came to what it came to in an earlier attempt.
    fn is_as_before(&self, index: usize) -> bool {
        if let Some(children) = self.children.get(&index).filter(|own| !own.is_empty()) {
            return children.iter().all(|child| self.is_as_before(*child));
        }
        let Some(record) = self.records.get(&index) else {
            return false;
        };
        let earlier = self.request.earlier.get(&record.name);
        let did_no_work = record.reused.is_some() || record.conclusion == Conclusion::Skipped;
        did_no_work && earlier.is_some_and(|earlier| earlier.conclusion == record.conclusion)
    }

    /// Returns why a job does not run whose needs, or what is above them, did not succeed.
    fn blocked_by(&self, index: usize) -> Option<String> {
        let job = self.job(index);
        let above = standing::above(&self.jobs, &job.needs, &self.ended);
        if job.always || above.values().all(|need| need.line_passed) {
            return None;
        }
        let names = |is_to_blame: &dyn Fn(&Standing) -> bool| {
            let to_blame = job.needs.iter().filter(|need| {
                let standing = self.ended.iter().find(|(ended, _)| ended == *need);
                standing.is_some_and(|(_, standing)| is_to_blame(standing))
            });
            let names: Vec<&str> = to_blame.map(|need| &*self.job(*need).name).collect();
            names.join(", ")
        };
        let red = names(&|need| !matches!(need.status, Status::Success | Status::Skipped));
        let skipped = names(&|need| need.status == Status::Skipped);
        Some(match (red.as_str(), skipped.as_str()) {
            ("", "") => format!(
                "needs {}, before which a job did not pass",
                names(&|need| !need.line_passed)
            ),
            ("", skipped) => format!("needs {skipped}, which did not run"),
            (red, _) => format!("needs {red}, which did not pass"),
        })
    }

    /// Evaluates the condition of a job; returns why it does not run, if it does not.
    fn condition_holds(&self, index: usize) -> Result<Option<String>, Problem> {
        let job = self.job(index);
        let definition = self.definition(index);
        if definition.condition.is_none() {
            return Ok(self.blocked_by(index));
        }
        let above = standing::above(&self.jobs, &job.needs, &self.ended);
        let frame = &self.frames[job.frame];
        let mut contexts = frame.contexts();
        let needs = standing::context(frame, &above);
        contexts.0.push(("needs".to_owned(), needs.into()));
        let values = Values::with(
            || contexts,
            |function, ids| {
                let asked = || {
                    above.iter().filter(|(definition, _)| {
                        let id = frame.workflow.jobs[**definition].id.as_str();
                        ids.is_empty()
                            || ids
                                .iter()
                                .any(|asked| asked.to_text().eq_ignore_ascii_case(id))
                    })
                };
                Ok(match function {
                    Function::Always => true,
                    Function::Success => asked().all(|(_, need)| need.line_passed),
                    Function::Failure => asked().any(|(_, need)| need.line_failed),
                    Function::Cancelled => self.interrupted,
                    Function::HashFiles => {
                        return Err("`hashFiles()` cannot be used here".to_owned());
                    }
                }
                .into())
            },
        );
        if values.condition(definition.condition.as_ref())? {
            return Ok(None);
        }
        let written = definition
            .condition
            .as_ref()
            .map_or("", |text| text.source.trim());
        Ok(Some(self.blocked_by(index).unwrap_or_else(|| {
            format!("its condition is false: {written}")
        })))
    }

    /// Returns why a job cannot run on this machine.
    fn not_here(&self, index: usize) -> Result<Option<String>, Problem> {
        let Some(machine) = self.request.machine else {
            return Ok(None);
        };
        let JobWork::Steps(work) = &self.definition(index).work else {
            return Ok(None);
        };
        let values = self.job_values(index);
        let labels = values.labels(&work.runs_on)?;
        let refused = machine.platforms.refused(&labels);
        let reason = || format!("not run: this machine is no `{}`", refused.join("`, `"));
        Ok((!refused.is_empty()).then(reason))
    }

    /// Tells whether a ready job has to let others go first: those of its concurrency group, or copies
    /// beyond `max-parallel`.
    pub(super) fn is_held(&self, index: usize) -> bool {
        if self.is_behind_in_group(index) {
            return true;
        }
        let job = self.job(index);
        let limited = job.copy.as_ref();
        let Some(copy) = limited.filter(|copy| copy.max_parallel < copy.total) else {
            return false;
        };
        let beside = || self.copies_beside(index);
        let under_way = beside().filter(|other| self.schedule.is_under_way(*other));
        // Copies start in their order.
        let mut before = beside().filter(|other| {
            let other_copy = self.job(*other).copy.as_ref();
            self.schedule.is_waiting(*other)
                && other_copy.is_some_and(|other_copy| other_copy.index < copy.index)
        });
        under_way.count() >= copy.max_parallel || before.next().is_some()
    }

    /// Returns the values for expressions of a copy of a job.
    pub(super) fn job_values(&self, index: usize) -> Values<'static> {
        let job = self.job(index);
        let frame = &self.frames[job.frame];
        let above = standing::above(&self.jobs, &self.needs_of(index), &self.ended);
        let mut contexts = frame.contexts();
        let needs = standing::context(frame, &above);
        contexts.0.push(("needs".to_owned(), needs.into()));
        if let Some(copy) = &job.copy {
            contexts.0.extend(copy.contexts());
        }
        Values::of(contexts)
    }

    /// Returns the jobs that a job needs; a copy that became known late needs what stands for it needs.
    pub(super) fn needs_of(&self, index: usize) -> Vec<usize> {
        match self.parents.get(&index) {
            Some(parent) if self.job(*parent).frame == self.job(index).frame => {
                self.job(*parent).needs.clone()
            }
            _ => self.job(index).needs.clone(),
        }
    }
}

/// Returns the outcome of a job that towpath cannot start.
pub(super) fn could_not_start(problem: Problem) -> Outcome {
    let result = CheckResult {
        summary: "could not be started".to_owned(),
        errors: vec![problem],
        failed: true,
        ..CheckResult::default()
    };
    Outcome::ended(Conclusion::Failure, result)
}
