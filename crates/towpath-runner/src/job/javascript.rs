//! A JavaScript action: its main part, and its script in any part.

use std::collections::BTreeMap;

use towpath_workflow::expression::Object;
use towpath_workflow::syntax::{Action as Metadata, Runs};

use super::RunningJob;
use super::composite::{ActionFolder, around};
use super::container::Program;
use super::level::{ActionLevel, Level};
use super::node_script::Script;
use super::post::{Post, PostWork};
use super::step::{Done, ReadyStep};
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
        let state = self.early_state(level);
        let done = self.node(level, ready, &script, &state);
        if let Some(post) = post {
            let mut state = state;
            state.extend(done.state.clone());
            self.posts.push(Post {
                order: self.begun,
                name: ready.name.clone(),
                place: ready.step.origin.0.clone(),
                environment: around(level, &ready.environment),
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
        if !self.granted().identity {
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
        own.extend([self.cache_variable()]);
        let inner = Level::of_action(
            ActionLevel {
                inputs: Object::default(),
                environment: level.given(),
                folder: script.folder.clone(),
                repository: script.repository.clone(),
                version: script.version.clone(),
                status: Status::Success,
            },
            level,
            ready.deadline,
        );
        let program = Program::Command {
            arguments: vec![self.node_program(node), script.file.clone()],
            folder: self.places.workspace.clone(),
        };
        self.process(&inner, ready, &own, program)
    }
}
