//! A step that uses an action: one that towpath has itself, one of the repository, or one that was
//! fetched before.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use towpath_report::{CheckResult, Conclusion, Problem};
use towpath_workflow::expression::{Object, Value};
use towpath_workflow::syntax::{Action as Metadata, Runs, Text, Variables};

use super::RunningJob;
use super::composite::{ActionFolder, around};
use super::level::Level;
use super::post::{Post, PostWork};
use super::script::took_too_long;
use super::step::{Done, ReadyStep};
use crate::action::{Action, JobContext, Outcome, Progress, StepContext, StepInputs};
use crate::action_folder::{MAX_ACTION_DEPTH, is_local, read_metadata, repository_path, too_deep};
use crate::evaluate::Values;
use crate::refusals::not_here;

impl RunningJob<'_> {
    /// Runs an action.
    pub(super) fn uses(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        action: &str,
        with: &Variables,
    ) -> Done {
        let given = self
            .values(level, &ready.environment, ready.id())
            .variables(with);
        let given = match given {
            Ok(given) => lower_case(given),
            Err(problem) => return Done::failed(problem),
        };
        if let Some(built_in) = self.request.actions.find(action) {
            return self.built_in(level, ready, built_in, action, given);
        }
        if let Some(image) = action.strip_prefix("docker://") {
            return self.image_action(level, ready, image, &given);
        }
        let found = self.find_action(action).and_then(|from| {
            let metadata = read_metadata(&from.folder, action)?;
            let inputs = self.inputs(level, &metadata, given)?;
            Ok((from, metadata, inputs))
        });
        let (from, metadata, inputs) = match found {
            Ok(found) => found,
            Err(problem) => return Done::failed(problem),
        };
        match &metadata.runs {
            Runs::Composite { .. } if level.depth >= MAX_ACTION_DEPTH => {
                Done::failed(too_deep(action))
            }
            Runs::Composite { steps } => {
                self.composite(level, ready, &metadata, steps, inputs, from)
            }
            Runs::JavaScript { .. } => self.javascript(level, ready, &metadata, &inputs, &from),
            Runs::Docker { .. } => self.docker_action(level, ready, &metadata, &inputs, &from),
        }
    }

    /// Returns the folder of an action that is not built in.
    pub(super) fn find_action(&self, action: &str) -> Result<ActionFolder, Problem> {
        if is_local(action) {
            let folder = self.places.workspace.join(&action[2..]);
            if !folder.is_dir() {
                return Err(Problem::error(format!(
                    "the action `{action}` is not in the workspace"
                ))
                .with_hint("check the repository out before the step that uses it"));
            }
            return Ok(ActionFolder {
                folder,
                repository: String::new(),
                version: String::new(),
            });
        }
        let fetched = self.machine.fetched.folder(action);
        let fetched = fetched.ok_or_else(|| not_here(action))?;
        let (name, version) = action.split_once('@').unwrap_or((action, ""));
        let repository: Vec<&str> = name.split('/').take(2).collect();
        Ok(ActionFolder {
            folder: repository_path(&fetched, action),
            repository: repository.join("/"),
            version: version.to_owned(),
        })
    }

    /// Returns the inputs of an action, those with a default filled in. Their names are in lower case.
    pub(super) fn inputs(
        &self,
        level: &Level,
        metadata: &Metadata,
        mut given: BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let known = given.iter();
        let known = known.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        let mut contexts = self.contexts(level, &BTreeMap::new(), None);
        contexts
            .0
            .retain(|(name, _)| name != "inputs" && name != "secrets");
        contexts
            .0
            .push(("inputs".to_owned(), Object(known.collect()).into()));
        let values = Values::of(contexts);
        for input in &metadata.inputs {
            let name = input.name.to_lowercase();
            if given.contains_key(&name) {
                continue;
            }
            let default = input.default.as_ref();
            let value = default.map(|text| values.text(text)).transpose()?;
            given.insert(name, value.unwrap_or_default());
        }
        Ok(given)
    }

    fn built_in(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        action: &dyn Action,
        uses: &str,
        given: BTreeMap<String, String>,
    ) -> Done {
        let version = uses.split_once('@').map_or("", |(_, version)| version);
        if let Err(reason) = action.accepts(version) {
            return Done::failed(Problem::error(format!("`{uses}`: {reason}")));
        }
        let inputs = match self.with_defaults(level, ready, action, given) {
            Ok(inputs) => StepInputs(inputs),
            Err(problem) => return Done::failed(problem),
        };
        let no_state = BTreeMap::new();
        let Some(outcome) = self.call(level, ready, &no_state, |context| {
            Some(action.run(&inputs, context))
        }) else {
            return Done::default();
        };
        let mut done = self.take_outcome(outcome);
        if ready.cancel.is_cancelled() {
            done.cancelled = true;
        } else if ready.left().is_zero() {
            // An action that runs in towpath itself may not notice, or say what it was doing.
            done.failure = Some(Problem::error(took_too_long(&ready.name)));
        }
        if let Some(action) = self.request.actions.find(uses) {
            self.posts.push(Post {
                order: self.begun,
                name: ready.name.clone(),
                place: ready.step.origin.0.clone(),
                environment: around(level, &ready.environment),
                state: done.state.clone(),
                work: PostWork::BuiltIn { action, inputs },
            });
        }
        done
    }

    /// Adds the defaults of a built-in action to the inputs that it is given.
    fn with_defaults(
        &self,
        level: &Level,
        ready: &ReadyStep<'_>,
        action: &dyn Action,
        mut inputs: BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let values = self.values(level, &ready.environment, ready.id());
        for (name, default) in action.defaults() {
            if !inputs.contains_key(*name) {
                let value = values.text(&Text::from(*default))?;
                inputs.insert((*name).to_owned(), value);
            }
        }
        Ok(inputs)
    }

    /// Calls a built-in action with what it may use; none where its files cannot be made.
    pub(super) fn call(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        state: &BTreeMap<String, String>,
        call: impl FnOnce(&JobContext<'_>) -> Option<Outcome>,
    ) -> Option<Outcome> {
        if let Err(problem) = self.files.renew() {
            let mut outcome = Outcome::ended(Conclusion::Error, CheckResult::default());
            outcome.result.errors.push(problem);
            return Some(outcome);
        }
        let mut environment = self.process_environment(level, &ready.environment, ready.id());
        environment.extend([self.cache_variable()]);
        let github = self.github(level, ready.id());
        let step = StepContext {
            repository: self.machine.repository,
            workspace: &self.places.workspace,
            temp: &self.places.temp,
            tool_cache: self.machine.tool_cache,
            run_folder: self.machine.run_folder,
            cache_folder: self.machine.cache_folder,
            environment: &environment,
            github: &github,
            state,
            job_status: self.status.as_str(),
        };
        let progress = Said {
            progress: &self.sink.progress(),
            lines: Mutex::default(),
        };
        let outcome = ready.cancel.within(ready.left(), |cancel| {
            call(&JobContext {
                cancel,
                progress: &progress,
                step: Some(&step),
                ..*self.context
            })
        });
        let lines = progress.lines.into_inner();
        for line in lines.unwrap_or_else(PoisonError::into_inner) {
            self.sink.note(&line);
        }
        self.files.take();
        outcome
    }

    /// Takes in what a built-in action did.
    pub(super) fn take_outcome(&mut self, outcome: Outcome) -> Done {
        let Outcome {
            conclusion,
            reason,
            result,
            cpu_ms,
            commands,
            effects,
            ..
        } = outcome;
        self.cpu_ms += cpu_ms;
        self.commands.extend(commands);
        for secret in effects.masks {
            self.sink.hide(secret);
        }
        for annotation in &effects.annotations {
            self.annotate(annotation);
        }
        for note in &result.notes {
            self.sink.note(note);
        }
        let has_failed = matches!(conclusion, Conclusion::Failure | Conclusion::Error);
        // A failure is told as an error.
        if !result.summary.is_empty() && !has_failed {
            self.sink.note(&result.summary);
        }
        self.notes.extend(result.notes);
        self.set_for_later(effects.environment, effects.paths);
        let mut done = Done {
            outputs: effects.outputs,
            state: effects.state,
            cancelled: conclusion == Conclusion::Cancelled,
            failure: None,
            is_told: false,
        };
        let mut errors = result.errors.into_iter();
        if has_failed {
            let first = errors.next();
            done.is_told = first.is_none() && result.failed;
            done.failure = Some(first.unwrap_or_else(|| {
                let said = if reason.is_empty() {
                    result.summary
                } else {
                    reason
                };
                Problem::error(said)
            }));
        }
        self.problems.extend(errors);
        self.take_checked(CheckResult {
            findings: result.findings,
            tests: result.tests,
            artifacts: result.artifacts,
            coverage: result.coverage,
            ..CheckResult::default()
        });
        done
    }
}

/// Keeps what a built-in action says for the log of the job.
struct Said<'a> {
    progress: &'a dyn Progress,
    lines: Mutex<Vec<String>>,
}

impl Progress for Said<'_> {
    fn doing(&self, text: &str) {
        self.progress.doing(text);
    }

    fn output(&self, line: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.to_owned());
    }
}

/// Names of inputs are compared without regard to case.
pub(super) fn lower_case(inputs: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let inputs = inputs.into_iter();
    inputs
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect()
}
