//! The parts that fetched actions have for the start of a job, those of actions in composite actions among
//! them. As on GitHub an action of the repository has none: it is not there yet.

use std::collections::BTreeMap;

use towpath_report::Problem;
use towpath_workflow::syntax::{Runs, Step, StepWork, Variables};

use super::RunningJob;
use super::composite::{around, inner_level};
use super::container::Stage;
use super::level::Level;
use super::node_script::Script;
use super::uses::lower_case;
use crate::action_folder::{MAX_ACTION_DEPTH, is_local, read_metadata};

/// Variables or inputs by name.
type Given = BTreeMap<String, String>;

impl RunningJob<'_> {
    /// Runs these parts, before the first step.
    pub(super) fn run_pre_parts(&mut self) {
        let mut level = Level::of_job();
        let work = self.work;
        for (position, step) in work.each_step().enumerate() {
            level.position = position;
            self.pre_part(&level, step);
        }
    }

    fn pre_part(&mut self, level: &Level, step: &Step) {
        let StepWork::Uses { action, with } = &step.work else {
            return;
        };
        if is_local(action) || self.request.actions.find(action).is_some() {
            return;
        }
        // What is missing is said by the step itself.
        let Ok(from) = self.find_action(action) else {
            return;
        };
        let Ok(metadata) = read_metadata(&from.folder, action) else {
            return;
        };
        if !has_pre_part(&metadata.runs) {
            return;
        }
        let (variables, inputs) = match self.given_early(level, step, with, &metadata) {
            Ok(given) => given,
            Err(problem) => return self.fail(problem),
        };
        if let Runs::Composite { steps } = &metadata.runs {
            if level.depth < MAX_ACTION_DEPTH {
                let variables = around(level, &variables);
                let mut inner = inner_level(level, variables, inputs, from, self.deadline);
                for (position, step) in steps.iter().enumerate() {
                    inner.position = position;
                    self.pre_part(&inner, step);
                }
            }
            return;
        }
        let variables = around(level, &variables);
        let name = format!("Pre {}", super::step::plain_name(step));
        let state = match &metadata.runs {
            Runs::JavaScript {
                pre: Some(pre),
                pre_if,
                ..
            } => {
                let script = Script::new(pre, &inputs, &from);
                self.part(&name, step, pre_if.as_ref(), variables, |job, ready| {
                    job.node(&Level::of_job(), ready, &script, &BTreeMap::new())
                })
            }
            Runs::Docker { pre_if, .. } => {
                let (metadata, from) = (&metadata, &from);
                self.part(&name, step, pre_if.as_ref(), variables, |job, ready| {
                    let stage = Stage::Pre;
                    job.docker_part(&Level::of_job(), ready, metadata, &inputs, from, stage)
                })
            }
            _ => None,
        };
        if let Some(state) = state {
            self.early_states.insert(level.here(), state);
        }
    }

    /// Returns the variables of a step and the inputs of its action, as they are before the first step.
    fn given_early(
        &self,
        level: &Level,
        step: &Step,
        with: &Variables,
        metadata: &towpath_workflow::syntax::Action,
    ) -> Result<(Given, Given), Problem> {
        let no_variables = BTreeMap::new();
        let id = step.id.as_deref();
        let variables = self.values(level, &no_variables, id).variables(&step.env)?;
        let given = self.values(level, &variables, id).variables(with)?;
        let inputs = self.inputs(level, metadata, lower_case(given))?;
        Ok((variables, inputs))
    }

    /// Returns what the part at the start of the job saved for the step that runs.
    pub(super) fn early_state(&self, level: &Level) -> BTreeMap<String, String> {
        let state = self.early_states.get(&level.here());
        state.cloned().unwrap_or_default()
    }
}

/// Tells whether an action may have something to do before the first step.
fn has_pre_part(runs: &Runs) -> bool {
    match runs {
        Runs::Composite { steps } => steps
            .iter()
            .any(|step| matches!(step.work, StepWork::Uses { .. })),
        Runs::JavaScript { pre, .. } => pre.is_some(),
        Runs::Docker { pre_entrypoint, .. } => pre_entrypoint.is_some(),
    }
}
