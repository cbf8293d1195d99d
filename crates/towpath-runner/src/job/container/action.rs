//! Actions that are a container: `docker://IMAGE`, and those whose `action.yml` says `using: docker`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use towpath_host::Digest;
use towpath_report::Problem;
use towpath_workflow::expression::{Object, Value};
use towpath_workflow::syntax::{Action as Metadata, Runs};

use super::super::RunningJob;
use super::super::composite::{ActionFolder, around};
use super::super::level::Level;
use super::super::post::{Post, PostWork};
use super::super::step::{Done, ReadyStep};
use super::arguments::{Inside, handed_over, run_action};
use super::paths::Mounts;
use super::spec::Spec;
use super::{ENDING, Program, removal};
use crate::commands::input_variable;
use crate::engine::{Engine, label_option};
use crate::evaluate::Values;

/// A part of an action that is a container, with what the parts before it saved.
pub(in super::super) enum Stage {
    Pre,
    Main(BTreeMap<String, String>),
    Post(BTreeMap<String, String>),
}

impl RunningJob<'_> {
    /// Runs `docker://IMAGE`, with the inputs `entrypoint` and `args`.
    pub(in super::super) fn image_action(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        image: &str,
        given: &BTreeMap<String, String>,
    ) -> Done {
        let input = |name: &str| given.get(name).cloned().unwrap_or_default();
        let prepared = (self.machine.engine)()
            .map_err(Problem::error)
            .and_then(|engine| {
                let spec = Spec {
                    image: image.to_owned(),
                    ..Spec::default()
                };
                self.pull(&engine, &spec).map(|()| engine)
            });
        let engine = match prepared {
            Ok(engine) => engine,
            Err(problem) => return Done::failed(problem),
        };
        let program = Program::Image {
            engine,
            image: image.to_owned(),
            entrypoint: input("entrypoint"),
            arguments: crate::shell::split(&input("args")),
        };
        self.run_image(level, ready, &with_inputs(ready, given), program)
    }

    /// Runs a container to its end.
    fn run_image(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        variables: &BTreeMap<String, String>,
        program: Program,
    ) -> Done {
        let engine = (self.machine.engine)();
        let done = self.process(level, ready, variables, program);
        if let Ok(engine) = engine
            && (done.cancelled || done.failure.is_some())
        {
            // It goes on where the program that waited for it was ended, and is gone where it ended itself.
            let name = format!("{}_{}", self.tracking, self.files.name());
            let arguments = removal(&engine, &name);
            let _ = self.engine_within(&engine, engine.environment.clone(), arguments, ENDING);
        }
        done
    }

    /// Runs an action whose `action.yml` names an image or a `Dockerfile`, and registers its post part.
    pub(in super::super) fn docker_action(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        metadata: &Metadata,
        inputs: &BTreeMap<String, String>,
        from: &ActionFolder,
    ) -> Done {
        let state = self.early_state(level);
        let stage = Stage::Main(state.clone());
        let done = self.docker_part(level, ready, metadata, inputs, from, stage);
        if let Runs::Docker {
            post_entrypoint: Some(_),
            ..
        } = &metadata.runs
        {
            let mut state = state;
            state.extend(done.state.clone());
            self.posts.push(Post {
                order: self.begun,
                name: ready.name.clone(),
                place: ready.step.origin.0.clone(),
                environment: around(level, &ready.environment),
                state,
                work: PostWork::Image {
                    metadata: Box::new(metadata.clone()),
                    inputs: inputs.clone(),
                    from: from.clone(),
                },
            });
        }
        done
    }

    /// Runs one part of such an action.
    pub(in super::super) fn docker_part(
        &mut self,
        level: &Level,
        ready: &ReadyStep<'_>,
        metadata: &Metadata,
        inputs: &BTreeMap<String, String>,
        from: &ActionFolder,
        stage: Stage,
    ) -> Done {
        let prepared = self.prepare_docker(level, metadata, inputs, from, &stage);
        let (program, own) = match prepared {
            Ok(prepared) => prepared,
            Err(problem) => return Done::failed(problem),
        };
        let mut variables = own;
        variables.extend(with_inputs(ready, inputs));
        let state = match stage {
            Stage::Pre => BTreeMap::new(),
            Stage::Main(state) | Stage::Post(state) => state,
        };
        let state = state.into_iter();
        variables.extend(state.map(|(name, value)| (format!("STATE_{name}"), value)));
        self.run_image(level, ready, &variables, program)
    }

    fn prepare_docker(
        &mut self,
        level: &Level,
        metadata: &Metadata,
        inputs: &BTreeMap<String, String>,
        from: &ActionFolder,
        stage: &Stage,
    ) -> Result<(Program, BTreeMap<String, String>), Problem> {
        let Runs::Docker {
            image,
            entrypoint,
            pre_entrypoint,
            post_entrypoint,
            args,
            env,
            ..
        } = &metadata.runs
        else {
            return Err(Problem::error("the action is no container"));
        };
        let entrypoint = match stage {
            Stage::Pre => pre_entrypoint,
            Stage::Main(_) => entrypoint,
            Stage::Post(_) => post_entrypoint,
        };
        let mut contexts = self.contexts(level, &BTreeMap::new(), None);
        contexts.0.retain(|(name, _)| name != "inputs");
        let known = inputs.iter();
        let known = known.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        let known = Object(known.collect());
        contexts.0.push(("inputs".to_owned(), known.into()));
        let values = Values::of(contexts);
        let arguments: Result<Vec<String>, Problem> =
            args.iter().map(|text| values.text(text)).collect();
        let (arguments, variables) = (arguments?, values.variables(env)?);
        let engine = (self.machine.engine)().map_err(Problem::error)?;
        let image = self.image_of(&engine, image, from)?;
        let program = Program::Image {
            engine,
            image,
            entrypoint: entrypoint.clone().unwrap_or_default(),
            arguments,
        };
        Ok((program, variables))
    }

    /// Brings or builds the image of an action.
    fn image_of(
        &mut self,
        engine: &Engine,
        image: &str,
        from: &ActionFolder,
    ) -> Result<String, Problem> {
        if let Some(image) = image.strip_prefix("docker://") {
            let spec = Spec {
                image: image.to_owned(),
                ..Spec::default()
            };
            return self.pull(engine, &spec).map(|()| image.to_owned());
        }
        let folder = from.folder.to_string_lossy();
        let digest = Digest::of(folder.as_bytes());
        let (short, _) = digest.as_str().split_at(16);
        let tag = format!("towpath-action:{short}");
        let file = from.folder.join(image).to_string_lossy().into_owned();
        self.engine(engine, &["build", "-t", &tag, "-f", &file, &folder])?;
        Ok(tag)
    }

    /// Returns the command that runs an action in a container of its own.
    pub(super) fn action_command(
        &self,
        program: Program,
        environment: BTreeMap<String, String>,
    ) -> (Vec<String>, BTreeMap<String, String>, PathBuf) {
        let folder = self.places.workspace.clone();
        let Program::Image {
            engine,
            image,
            entrypoint,
            arguments,
        } = program
        else {
            return (Vec::new(), environment, folder);
        };
        let mounts = Mounts::of_action(&self.places);
        let inside = self.inside(environment, &mounts);
        let (variables, environment) = handed_over(&inside, &engine.environment);
        let network = self.containers.as_ref();
        let network = network.map(|containers| containers.network.as_str());
        let place = Inside {
            name: &format!("{}_{}", self.tracking, self.files.name()),
            folder: "/github/workspace",
            variables: &variables,
        };
        let label = label_option(&engine.label);
        let arguments = arguments.iter().map(|word| mounts.inside(word));
        let arguments: Vec<String> = arguments.collect();
        let mut command = run_action(
            &place,
            &label,
            network,
            &mounts,
            &image,
            &entrypoint,
            &arguments,
        );
        command.insert(0, engine.program.to_string_lossy().into_owned());
        (command, environment, folder)
    }
}

/// Returns the variables of a step with its inputs as `INPUT_…`.
fn with_inputs(
    ready: &ReadyStep<'_>,
    inputs: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut variables = ready.environment.clone();
    let inputs = inputs.iter();
    variables.extend(inputs.map(|(name, value)| (input_variable(name), value.clone())));
    variables
}
