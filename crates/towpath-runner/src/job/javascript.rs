//! A JavaScript action: its main part, and the parts that run at the start and at the end of the job.

use std::collections::BTreeMap;

use towpath_workflow::expression::Object;
use towpath_workflow::syntax::{
    Access, Action as Metadata, Permissions, Runs, Step, StepWork, Text,
};

use super::RunningJob;
use super::composite::ActionFolder;
use super::container::Program;
use super::level::{ActionLevel, Level};
use super::node_script::Script;
use super::post::{Post, PostWork};
use super::step::{Done, ReadyStep};
use crate::action_folder::{is_local, read_metadata};
use crate::refusals::no_node;
use crate::standing::Status;

impl RunningJob<'_> {
    /// Runs the main part of a JavaScript action and registers its post part.
    pub(super) fn javascript(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        metadata: &Metadata,
        inputs: &BTreeMap<String, String>,
        from: &ActionFolder,
    ) -> Done {
        let Runs::JavaScript {
            main,
            post,
            post_if,
            ..
        } = &metadata.runs
        else {
            return Done::default();
        };
        let script = Script::new(main, inputs, from);
        let state = self.early_state(ready.step);
        let done = self.node(level, ready, &script, &state);
        if let Some(post) = post {
            let mut state = state;
            state.extend(done.state.clone());
            self.posts.push(Post {
                order: self.begun,
                name: ready.name.clone(),
                place: ready.step.origin.0.clone(),
                environment: ready.environment.clone(),
                state,
                work: PostWork::JavaScript {
                    script: Script::new(post, inputs, from),
                    condition: post_if.clone(),
                },
            });
        }
        done
    }

    /// Runs a script by Node.js. What an earlier part of the action saved is there as `STATE_…`.
    pub(super) fn node(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        script: &Script,
        state: &BTreeMap<String, String>,
    ) -> Done {
        let Some(node) = self.machine.node else {
            return Done::failed(no_node(&script.file));
        };
        let mut services = match (self.machine.services)() {
            Ok(services) => services,
            Err(problem) => return Done::failed(problem),
        };
        if !self.may_ask_for_identity() {
            services.retain(|name, _| !name.starts_with("ACTIONS_ID_TOKEN_"));
        }
        if let Some(token) = services.get("ACTIONS_RUNTIME_TOKEN") {
            self.sink.hide(towpath_host::secret::Secret::new(token));
        }
        let mut own = ready.environment.clone();
        own.extend(script.inputs.clone());
        own.extend(
            state
                .iter()
                .map(|(name, value)| (format!("STATE_{name}"), value.clone())),
        );
        own.extend(services);
        let inner = Level::of_action(
            ActionLevel {
                inputs: Object::default(),
                environment: level
                    .action
                    .as_ref()
                    .map(|action| action.environment.clone())
                    .unwrap_or_default(),
                folder: script.folder.clone(),
                repository: script.repository.clone(),
                version: script.version.clone(),
                status: Status::Success,
            },
            level.depth + 1,
            ready.deadline,
        );
        let program = Program::Command {
            arguments: vec![self.node_program(node), script.file.clone()],
            folder: self.places.workspace.clone(),
        };
        self.process(&inner, ready, &own, program)
    }

    /// Tells whether the job may ask for an identity token.
    fn may_ask_for_identity(&self) -> bool {
        let own = self.definition().permissions.as_ref();
        let workflow = &self.assignment.frame.workflow;
        match own.or(workflow.permissions.as_ref()) {
            Some(Permissions::WriteAll) => true,
            Some(Permissions::Scopes(scopes)) => scopes.get("id-token") == Some(&Access::Write),
            Some(Permissions::ReadAll) | None => false,
        }
    }

    /// Runs, before the first step, the parts that fetched actions have for the start of a job.
    pub(super) fn run_pre_parts(&mut self, steps: &[Step]) {
        for (index, step) in steps.iter().enumerate() {
            let StepWork::Uses { action, with } = &step.work else {
                continue;
            };
            // Local actions are not there yet, built-in ones have no such part.
            if is_local(action) || self.request.actions.find(action).is_some() {
                continue;
            }
            let Ok(from) = self.find_action(action) else {
                // The step itself says what is missing.
                continue;
            };
            let Ok(metadata) = read_metadata(&from.folder, action) else {
                continue;
            };
            let Runs::JavaScript {
                pre: Some(pre),
                pre_if,
                ..
            } = &metadata.runs
            else {
                continue;
            };
            let level = Level::of_job();
            let given = self.values(&level, &BTreeMap::new(), None).variables(with);
            let inputs = given.and_then(|given| self.inputs(&level, &metadata, given));
            let inputs = match inputs {
                Ok(inputs) => inputs,
                Err(problem) => {
                    self.fail(problem);
                    continue;
                }
            };
            let condition = pre_if.clone().unwrap_or_else(|| Text::from("always()"));
            let script = Script::new(pre, &inputs, &from);
            let name = format!("Pre {}", super::step::plain_name(step));
            if let Some(done) = self.part(&name, step, &condition, |job, ready| {
                job.node(&Level::of_job(), ready, &script, &BTreeMap::new())
            }) {
                self.early_states.insert(index, done.state);
            }
        }
    }

    /// Returns what the part at the start of the job saved for a step.
    fn early_state(&self, step: &Step) -> BTreeMap<String, String> {
        let index = self
            .work
            .steps
            .iter()
            .position(|own| std::ptr::eq(own, step));
        let state = index.and_then(|index| self.early_states.get(&index));
        state.cloned().unwrap_or_default()
    }
}
