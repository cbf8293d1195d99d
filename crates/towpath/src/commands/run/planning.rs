//! From the workflows that start to their plans.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use towpath_runner::{Frame, Plan, plan_frames};
use towpath_workflow::expression::Value;

use super::approvals;
use super::files::mistakes;
use super::planned::{Planned, Started, prefix};
use super::site::Site;
use super::start::Candidate;
use crate::failure::Failure;

impl Site<'_> {
    /// Plans the workflows that start; what is wrong with any of them comes before any runs.
    pub(super) fn plans<'b>(
        &self,
        started: Vec<Started<'b>>,
    ) -> Result<VecDeque<Planned<'b>>, Failure> {
        let is_many = started.len() > 1;
        let mut plans = VecDeque::new();
        let mut problems = Vec::new();
        for one in started {
            let prefix = if is_many {
                prefix(one.file)
            } else {
                String::new()
            };
            match self.plan(one, &prefix) {
                Ok(planned) => plans.push_back(planned),
                Err(failure) => problems.extend(failure.problems),
            }
        }
        if problems.is_empty() {
            Ok(plans)
        } else {
            Err(mistakes(problems))
        }
    }

    /// Plans a workflow; the prefix stands before the names of its jobs.
    pub(super) fn plan<'b>(
        &self,
        started: Started<'b>,
        prefix: &str,
    ) -> Result<Planned<'b>, Failure> {
        let frame = self.frame(&started, prefix)?;
        let whole =
            plan_frames(vec![frame]).map_err(|error| Failure::from_error(&error, error.hints()))?;
        let plan = self.selected(whole);
        let problems = self.unsupported(&plan);
        if problems.is_empty() {
            Ok(Planned { started, plan })
        } else {
            Err(mistakes(problems))
        }
    }

    fn frame(&self, started: &Started<'_>, prefix: &str) -> Result<Frame, Failure> {
        let candidate = Candidate {
            file: started.file,
            event: started.event.clone(),
            refused: None,
        };
        let context = candidate.context(started.number, &self.run.event)?;
        let mut context = self.asked.complete(context);
        if started.depth == 0 {
            let attempts = context.github.0.iter_mut();
            for (_, attempt) in attempts.filter(|(name, _)| name == "run_attempt") {
                *attempt = Value::from(self.attempt.to_string());
            }
        }
        approvals::ask(
            &started.file.workflow,
            &mut context,
            self.platforms,
            &self.asked.files,
        );
        let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for one in &self.run.choice.matrix {
            wanted
                .entry(one.name.clone())
                .or_default()
                .push(one.value.clone());
        }
        Ok(Frame {
            file: started.file.path.clone(),
            workflow: Arc::new(started.file.workflow.clone()),
            context: Arc::new(context),
            prefix: prefix.to_owned(),
            depth: 1,
            wanted,
            granted: None,
        })
    }

    /// Returns the jobs that are asked for, with all that they need.
    fn selected(&self, whole: Plan) -> Plan {
        let ids = &self.asked.files.jobs;
        if ids.is_empty() {
            return whole;
        }
        let is_wanted = |index: &usize| {
            let id = &whole.definition(&whole.jobs[*index]).id;
            ids.iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(id.as_str()))
        };
        let wanted = (0..whole.jobs.len()).filter(is_wanted).collect();
        whole.with_needs(&wanted)
    }
}
