//! The containers of a job: the one in which its steps run, its services, and actions that are one. They are
//! run by the command line of Docker or Podman, and all of them are gone at the end of the job.

mod action;
mod arguments;
mod paths;
mod spec;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use towpath_host::process::{Cancel, CommandEnd, StepCommand};
use towpath_report::Problem;
use towpath_workflow::expression::{Object, Value};
use towpath_workflow::syntax::Dynamic;

use super::RunningJob;
use super::contexts::set;
use super::level::Level;
use crate::engine::{Engine, label_option};
pub(super) use action::Stage;
use arguments::{Berth, Inside, create_job, create_service, exec, handed_over, read_ports};
use paths::{Mounts, NODE};
use spec::Spec;

/// How long containers may take to end.
const ENDING: Duration = Duration::from_mins(1);
/// The pauses between two looks at the health of a service.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// What tells the health of a container; empty where it has no check.
const HEALTH: &str = "{{if .Config.Healthcheck}}{{print .State.Health.Status}}{{end}}";
/// What tells the variables of a container, one on each line.
const VARIABLES: &str = "{{range .Config.Env}}{{println .}}{{end}}";

/// The containers of a job.
#[derive(Clone)]
pub(super) struct Containers {
    engine: Engine,
    network: String,
    /// Names of all that were made.
    made: Vec<String>,
    /// The container in which its steps run.
    own: Option<Own>,
    services: Vec<Service>,
}

/// What a job asks for; the services by their ids.
struct Wanted {
    own: Option<Spec>,
    services: Vec<(String, Spec)>,
}

#[derive(Clone)]
struct Own {
    name: String,
    mounts: Mounts,
    /// The `PATH` of its image.
    path: String,
}

#[derive(Clone)]
struct Service {
    id: String,
    name: String,
    ports: BTreeMap<String, String>,
}

/// What a process of a step is.
pub(super) enum Program {
    /// A command, in the container of the job where it has one.
    Command {
        arguments: Vec<String>,
        folder: PathBuf,
    },
    /// An action that is a container.
    Image {
        engine: Engine,
        image: String,
        /// Empty for that of the image.
        entrypoint: String,
        arguments: Vec<String>,
    },
}

impl RunningJob<'_> {
    /// Starts the containers that the job asks for, and waits until its services are healthy.
    pub(super) fn start_containers(&mut self) -> Result<(), Problem> {
        let Wanted { own, services } = self.wanted_containers()?;
        if own.is_none() && services.is_empty() {
            return Ok(());
        }
        let engine = (self.machine.engine)().map_err(Problem::error)?;
        let (network, label) = (self.tracking.clone(), label_option(&engine.label));
        self.engine(&engine, &["network", "create", "--label", &label, &network])?;
        self.containers = Some(Containers {
            engine: engine.clone(),
            network: network.clone(),
            made: Vec::new(),
            own: None,
            services: Vec::new(),
        });
        for (id, spec) in services {
            let name = format!("{network}_{id}");
            let ports = self.start_service(&engine, &spec, &id, &name)?;
            if let Some(containers) = &mut self.containers {
                containers.services.push(Service { id, name, ports });
            }
        }
        if let Some(spec) = own {
            self.start_own(&engine, &spec, &network)?;
        }
        self.await_health(&engine)
    }

    /// Evaluates what the job says of containers.
    fn wanted_containers(&self) -> Result<Wanted, Problem> {
        let (level, no_variables) = (Level::of_job(), BTreeMap::new());
        let values = self.values(&level, &no_variables, None);
        let own = match &self.work.container {
            Some(container) => Spec::of(container, &values)?,
            None => None,
        };
        let mut services = Vec::new();
        match &self.work.services {
            Dynamic::Value(all) => {
                for (id, service) in all {
                    services.extend(Spec::of(service, &values)?.map(|spec| (id.clone(), spec)));
                }
            }
            Dynamic::Expression(text) => {
                if let Value::Object(all) = values.value(text)? {
                    for (id, service) in &all.0 {
                        services.extend(Spec::of_value(service).map(|spec| (id.clone(), spec)));
                    }
                }
            }
        }
        Ok(Wanted { own, services })
    }

    fn start_service(
        &mut self,
        engine: &Engine,
        spec: &Spec,
        id: &str,
        name: &str,
    ) -> Result<BTreeMap<String, String>, Problem> {
        self.pull(engine, spec)?;
        let (variables, environment) = handed_over(&spec.env, &engine.environment);
        let berth = Berth {
            name,
            network: &self.tracking.clone(),
            alias: id,
            label: &label_option(&engine.label),
        };
        let arguments = create_service(spec, &berth, &variables);
        self.create(engine, environment, arguments, name)?;
        Ok(read_ports(&self.engine(engine, &["port", name])?))
    }

    fn start_own(&mut self, engine: &Engine, spec: &Spec, network: &str) -> Result<(), Problem> {
        self.pull(engine, spec)?;
        let name = format!("{network}_job");
        let mounts = Mounts::of_job(&self.places, self.machine);
        let folder = mounts.inside(&self.places.workspace.to_string_lossy());
        let mut variables = spec.env.clone();
        for (variable, value) in [
            ("HOME", "/github/home"),
            ("GITHUB_ACTIONS", "true"),
            ("CI", "true"),
        ] {
            variables.insert(variable.to_owned(), value.to_owned());
        }
        let (variables, environment) = handed_over(&variables, &engine.environment);
        let berth = Berth {
            name: &name,
            network,
            alias: "",
            label: &label_option(&engine.label),
        };
        let mut arguments = create_job(spec, &berth, &mounts, &folder, &variables);
        if let Some(node) = self.machine.node.and_then(|node| node.parent()?.parent()) {
            let place = arguments.iter().position(|word| word == "--entrypoint");
            let mount = format!("{}:{NODE}:ro", node.display());
            let place = place.unwrap_or(arguments.len());
            arguments.splice(place..place, ["-v".to_owned(), mount]);
        }
        self.create(engine, environment, arguments, &name)?;
        let told = self.engine(engine, &["inspect", "--format", VARIABLES, &name])?;
        let path = told.lines().find_map(|line| line.strip_prefix("PATH="));
        let path = path.unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        if let Some(containers) = &mut self.containers {
            containers.own = Some(Own {
                name,
                mounts,
                path: path.to_owned(),
            });
        }
        Ok(())
    }

    /// Makes a container and starts it; it ends with the job even where it did not start.
    fn create(
        &mut self,
        engine: &Engine,
        environment: BTreeMap<String, String>,
        arguments: Vec<String>,
        name: &str,
    ) -> Result<(), Problem> {
        self.engine_with(engine, environment, arguments)?;
        if let Some(containers) = &mut self.containers {
            containers.made.push(name.to_owned());
        }
        self.engine(engine, &["start", name]).map(|_| ())
    }

    /// Brings an image that is not here, with the credentials that the workflow gives.
    fn pull(&mut self, engine: &Engine, spec: &Spec) -> Result<(), Problem> {
        if self
            .engine(engine, &["image", "inspect", &spec.image])
            .is_ok()
        {
            return Ok(());
        }
        let mut environment = engine.environment.clone();
        if let Some((user, password)) = &spec.credentials {
            let folder = self.places.temp.join("_registry");
            let text = engine.login(&spec.image, user, password);
            fs_err::create_dir_all(&folder)
                .and_then(|()| fs_err::write(folder.join("config.json"), text))
                .map_err(|error| Problem::error(format!("cannot keep the login: {error}")))?;
            environment.extend([engine.login_variable(&folder)]);
        }
        let arguments = vec!["pull".to_owned(), spec.image.clone()];
        let pulled = self.engine_with(engine, environment, arguments);
        pulled.map(|_| ())
    }

    /// Waits until all services that have a health check are healthy.
    fn await_health(&mut self, engine: &Engine) -> Result<(), Problem> {
        let services = self.containers.iter().flat_map(|own| &own.services);
        let names: Vec<(String, String)> = services
            .map(|service| (service.id.clone(), service.name.clone()))
            .collect();
        for (id, name) in names {
            let mut pause = PAUSES.0;
            loop {
                if engine.is_podman {
                    // Without systemd nothing else would run the check.
                    let _ = self.engine(engine, &["healthcheck", "run", &name]);
                }
                let told = self.engine(engine, &["inspect", "--format", HEALTH, &name])?;
                let is = |status: &str| told.lines().any(|line| line.trim() == status);
                if is("unhealthy") {
                    let said = self.engine(engine, &["logs", &name]).unwrap_or_default();
                    self.sink.note(&said);
                    let message = format!("the service `{id}` is unhealthy");
                    return Err(Problem::error(message)
                        .with_hint("what it printed stands in the log of the job"));
                }
                if !is("starting") {
                    break;
                }
                if self.context.cancel.is_cancelled() || Instant::now() + pause >= self.deadline {
                    return Err(Problem::error(format!(
                        "the service `{id}` did not become healthy in time"
                    )));
                }
                std::thread::sleep(pause);
                pause = (pause * 2).min(PAUSES.1);
            }
        }
        Ok(())
    }

    /// Removes the containers and their network.
    pub(super) fn end_containers(&mut self) {
        let Some(containers) = self.containers.take() else {
            return;
        };
        let engine = containers.engine;
        for name in containers.made.iter().rev().map(String::as_str) {
            self.end_one(&engine, removal(&engine, name));
        }
        let arguments = ["network", "rm", &containers.network].map(str::to_owned);
        self.end_one(&engine, arguments.to_vec());
    }

    fn end_one(&mut self, engine: &Engine, arguments: Vec<String>) {
        let what = arguments.join(" ");
        let ended = self.engine_within(engine, engine.environment.clone(), arguments, ENDING);
        if let Err(problem) = ended {
            self.notes.push(format!("`{what}`: {}", problem.message));
        }
    }

    /// Runs the engine and returns what it said.
    fn engine(&mut self, engine: &Engine, arguments: &[&str]) -> Result<String, Problem> {
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        self.engine_with(engine, engine.environment.clone(), arguments)
    }

    fn engine_with(
        &mut self,
        engine: &Engine,
        environment: BTreeMap<String, String>,
        arguments: Vec<String>,
    ) -> Result<String, Problem> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        self.engine_within(engine, environment, arguments, left)
    }

    fn engine_within(
        &mut self,
        engine: &Engine,
        mut environment: BTreeMap<String, String>,
        mut arguments: Vec<String>,
        timeout: Duration,
    ) -> Result<String, Problem> {
        environment.insert("RUNNER_TRACKING_ID".to_owned(), self.tracking.clone());
        arguments.insert(0, engine.program.to_string_lossy().into_owned());
        let command = StepCommand {
            arguments,
            environment,
            folder: self.places.workspace.clone(),
            timeout: Some(timeout),
        };
        let is_ending = timeout == ENDING;
        let cancel = if is_ending {
            Cancel::new()
        } else {
            self.cancel.clone()
        };
        let mut said = Vec::new();
        let end = self
            .machine
            .keeper
            .run(&command, &cancel, &mut |bytes| {
                said.extend_from_slice(bytes);
            })
            .map_err(|error| Problem::error(error.to_string()))?;
        let said = String::from_utf8_lossy(&said).into_owned();
        if end.end == CommandEnd::Exited(0) {
            return Ok(said);
        }
        let what = command.arguments.get(1..).unwrap_or_default();
        let what = what.iter().take(2).filter(|word| !word.starts_with('-'));
        let what = what.cloned().collect::<Vec<_>>().join(" ");
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        let message = format!(
            "`{} {what}` failed: {}",
            engine.name(),
            last.unwrap_or("it says nothing")
        );
        Err(Problem::error(message))
    }

    /// Returns the command that runs a program of a step where it belongs.
    pub(super) fn command_of(
        &self,
        program: Program,
        environment: BTreeMap<String, String>,
        timeout: Duration,
    ) -> StepCommand {
        let own = self.containers.as_ref().and_then(|containers| {
            let own = containers.own.as_ref()?;
            Some((&containers.engine, own))
        });
        let (arguments, environment, folder) = match (program, own) {
            (Program::Command { arguments, folder }, None) => (arguments, environment, folder),
            (Program::Command { arguments, folder }, Some((engine, own))) => {
                let mut inside = self.inside(environment, &own.mounts);
                if !self.paths.is_empty() {
                    let mut paths: Vec<String> = self
                        .paths
                        .iter()
                        .map(|path| own.mounts.inside(path))
                        .collect();
                    paths.push(own.path.clone());
                    inside.insert("PATH".to_owned(), paths.join(":"));
                }
                let (variables, environment) = handed_over(&inside, &engine.environment);
                let command: Vec<String> = arguments
                    .iter()
                    .map(|word| own.mounts.inside(word))
                    .collect();
                let place = Inside {
                    name: &own.name,
                    folder: &own.mounts.inside(&folder.to_string_lossy()),
                    variables: &variables,
                };
                let mut arguments = exec(&place, &command);
                arguments.insert(0, engine.program.to_string_lossy().into_owned());
                (arguments, environment, self.places.workspace.clone())
            }
            (program @ Program::Image { .. }, _) => self.action_command(program, environment),
        };
        StepCommand {
            arguments,
            environment,
            folder,
            timeout: Some(timeout),
        }
    }

    /// Returns the variables of a process in a container: none of this machine's own, and paths as they are
    /// there.
    fn inside(
        &self,
        environment: BTreeMap<String, String>,
        mounts: &Mounts,
    ) -> BTreeMap<String, String> {
        let machine = self.machine.environment;
        let own = environment
            .into_iter()
            .filter(|(name, value)| name != "PATH" && machine.get(name) != Some(value));
        own.map(|(name, value)| (name, mounts.inside(&value)))
            .collect()
    }

    /// Tells whether steps run in a container.
    pub(super) fn is_in_container(&self) -> bool {
        let containers = self.containers.as_ref();
        containers.is_some_and(|containers| containers.own.is_some())
    }

    /// Returns Node.js as steps see it.
    pub(super) fn node_program(&self, node: &std::path::Path) -> String {
        if self.is_in_container() {
            return format!("{NODE}/bin/node");
        }
        node.to_string_lossy().into_owned()
    }

    /// Adds the containers to the context `job`.
    pub(super) fn tell_containers(&self, job: &mut Object) {
        let Some(containers) = &self.containers else {
            return;
        };
        let told = |name: &str| {
            Object(vec![
                ("id".to_owned(), Value::from(name)),
                (
                    "network".to_owned(),
                    Value::from(containers.network.as_str()),
                ),
            ])
        };
        if let Some(own) = &containers.own {
            set(job, "container", told(&own.name));
        }
        let services = containers.services.iter().map(|service| {
            let mut one = told(&service.name);
            let ports = service.ports.iter();
            let ports = ports.map(|(inside, port)| (inside.clone(), Value::from(port.as_str())));
            set(&mut one, "ports", Object(ports.collect()));
            (service.id.clone(), one.into())
        });
        set(job, "services", Object(services.collect()));
    }
}

/// Returns the arguments that remove a container. Docker kills it at once, Podman has to be told.
fn removal(engine: &Engine, name: &str) -> Vec<String> {
    let at_once: &[&str] = if engine.is_podman {
        &["--time", "0"]
    } else {
        &[]
    };
    let arguments = [&["rm", "--force", "--volumes"], at_once, &[name]].concat();
    arguments.into_iter().map(str::to_owned).collect()
}
