//! From a job that stands for others to those it stands for: the copies of its matrix, or the jobs of
//! the workflow that it calls. It ends when they have.

use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_report::{ExpectedJob, Problem, RunEvent};
use towpath_workflow::syntax::{JobWork, OutputValue, TriggerKind, Workflow};

use super::Run;
use super::ready::could_not_start;
use crate::evaluate::Values;
use crate::plan::{Frame, PlannedJob, copies, jobs_of};
use crate::standing::{self, Standing, Status};

impl Run<'_, '_> {
    /// Puts in place of a job what it stands for; one that cannot be told fails.
    pub(super) fn expand(&mut self, index: usize) {
        match self.expanded(index) {
            Ok(jobs) => self.adopt(index, jobs),
            Err(problem) => {
                let frame = &self.frames[self.job(index).frame];
                let outcome = could_not_start(frame.context.masked(problem));
                self.finish(index, self.record(index, outcome, None));
            }
        }
    }

    /// Returns the copies of a job, or the jobs of the workflow that a copy calls.
    fn expanded(&mut self, index: usize) -> Result<Vec<PlannedJob>, Problem> {
        let job = Arc::clone(&self.jobs[index]);
        let frame = Arc::clone(&self.frames[job.frame]);
        if job.copy.is_none() {
            let above = standing::above(&self.jobs, &self.needs_of(index), &self.ended);
            let needs = standing::context(&frame, &above);
            // The name of what stood for them is free for one of them.
            self.names.remove(&job.name);
            let mut copies = copies(&frame, job.frame, job.definition, &needs, &mut self.names)
                .map_err(|error| error.to_problem())?;
            copies.retain(|copy| frame.wants(copy));
            return Ok(copies);
        }
        let called = match self.groups.take_called(index) {
            Some(called) => called,
            None => self.called(index)?,
        };
        let position = self.frames.len();
        let jobs = jobs_of(&called, position, self.jobs.len(), &mut self.names)
            .map_err(|error| error.to_problem())?;
        self.frames.push(Arc::new(called));
        Ok(jobs)
    }

    fn adopt(&mut self, parent: usize, jobs: Vec<PlannedJob>) {
        let name = self.job(parent).name.clone();
        self.schedule.expand(parent);
        let first = self.jobs.len();
        let mut expected = Vec::with_capacity(jobs.len());
        for job in jobs {
            let index = self.jobs.len();
            self.parents.insert(index, parent);
            self.add(job);
            expected.push(ExpectedJob {
                name: self.job(index).name.clone(),
                needs: Vec::new(),
            });
        }
        self.observer.event(&RunEvent::JobExpanded {
            job: name,
            into: expected,
        });
        self.children
            .insert(parent, (first..self.jobs.len()).collect());
        // A matrix may leave nothing that is wanted.
        self.end_parent(parent);
    }

    /// Ends a job that stands for others when all of them have ended.
    pub(super) fn end_parent(&mut self, parent: usize) {
        let Some(children) = self.children.get(&parent) else {
            return;
        };
        let ended: Vec<(usize, &Standing)> = self
            .ended
            .iter()
            .filter(|(index, _)| children.contains(index))
            .map(|(index, standing)| (*index, standing))
            .collect();
        if ended.len() < children.len() {
            return;
        }
        let above = standing::above(&self.jobs, &self.needs_of(parent), &self.ended);
        let together = if self.is_call(parent) {
            let mut jobs: BTreeMap<usize, Vec<&Standing>> = BTreeMap::new();
            let mut frame = self.job(parent).frame;
            for (index, standing) in ended {
                let job = self.job(index);
                frame = job.frame;
                jobs.entry(job.definition).or_default().push(standing);
            }
            let jobs = jobs
                .into_iter()
                .filter_map(|(job, copies)| Some((job, Standing::together(copies.into_iter())?)))
                .collect();
            Some(called_standing(&self.frames[frame], &jobs, &above))
        } else {
            Standing::together(ended.into_iter().map(|(_, standing)| standing))
        };
        let standing =
            together.unwrap_or_else(|| Standing::of(Status::Skipped, BTreeMap::new(), &above));
        self.schedule.end(parent);
        if standing.status == Status::Failure {
            self.fail_fast(parent);
        }
        self.stand(parent, standing);
    }

    /// Tells whether a job is one copy of a call.
    pub(super) fn is_call(&self, index: usize) -> bool {
        self.job(index).copy.is_some() && matches!(self.definition(index).work, JobWork::Call(_))
    }
}

/// Returns what a called workflow means to the jobs that need its caller.
fn called_standing(
    frame: &Frame,
    jobs: &BTreeMap<usize, Standing>,
    above: &BTreeMap<usize, Standing>,
) -> Standing {
    let status = jobs
        .values()
        .map(|job| job.status)
        .min()
        .unwrap_or(Status::Skipped);
    let mut contexts = frame.contexts();
    let jobs = standing::context(frame, jobs);
    contexts.0.push(("jobs".to_owned(), jobs.into()));
    let values = Values::of(contexts);
    let outputs = outputs_of(&frame.workflow).iter();
    let outputs = outputs.filter_map(|output| {
        // An output that has no value is empty, as on GitHub.
        Some((output.name.clone(), values.text(&output.value).ok()?))
    });
    Standing::of(status, outputs.collect(), above)
}

fn outputs_of(workflow: &Workflow) -> &[OutputValue] {
    let outputs = workflow.on.iter().find_map(|trigger| match &trigger.kind {
        TriggerKind::Call { outputs, .. } => Some(outputs.as_slice()),
        _ => None,
    });
    outputs.unwrap_or_default()
}
