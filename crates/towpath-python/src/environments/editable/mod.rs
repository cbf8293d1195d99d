//! The project itself, installed for editing, as a layer over a shared environment: its metadata, entry
//! points and import path, without a change to the environment.
//!
//! Building it runs the project's code, so the caller does that in its sandbox: [`prepare_editable`]
//! answers with the layer, or with the command that is to be run and then handed to [`finish_editable`].

mod key;
mod layer;
mod unpack;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use towpath_host::{Digest, Store, Tree};

use super::{Environment, Error, Requirements, prepare, resolve};
use crate::{BuildSystem, Interpreter, Machine, Project, Uv, normalise_name};

pub use key::reads_git;
pub use layer::EditableLayer;

/// Runs the build hooks; see there.
const BUILD: &str = include_str!("build.py");
const LEGACY_BACKEND: &str = "setuptools.build_meta:__legacy__";
/// Kind of the entries in the store that hold what a backend asked for in addition.
const KIND: &str = "build-requires";
/// Kind of the entries that say which kept wheel serves every Python today.
const TODAY_KIND: &str = "editable-today";

/// What is to be installed for editing.
#[derive(Clone, Copy)]
pub struct EditableRequest<'a> {
    /// The root of the repository as jobs see it, where the build runs as well.
    pub source: &'a Path,
    /// The files of the repository.
    pub tree: &'a Tree,
    /// The project.
    pub project: &'a Project,
    /// What git says about the repository, for the projects of [`reads_git`]: commit, tags, whether it is
    /// changed. Any text that differs when a version made from git would.
    pub git: Option<&'a str>,
}

/// What everything about one environment needs.
#[derive(Clone, Copy)]
pub struct EditableContext<'a> {
    /// uv.
    pub uv: &'a Uv,
    /// The machine.
    pub machine: &'a Machine<'a>,
    /// The interpreter of the environment.
    pub interpreter: &'a Interpreter,
    /// The environment that the layer is laid over.
    pub environment: &'a Environment,
    /// Where resolutions are remembered.
    pub store: &'a Store,
    /// Today, in UTC.
    pub date: &'a str,
}

/// Where the installation of a project stands.
#[derive(Debug)]
pub enum EditableStep {
    /// The layer is there.
    Ready(EditableLayer),
    /// Something must be run first.
    Build(Box<EditableBuild>),
}

/// A build that the caller runs in its sandbox, without network, with the repository writable by way of an
/// overlay at its own path.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EditableBuild {
    /// The project's root in the repository, for messages.
    pub project: String,
    /// The commands, in order. Each must succeed before the next.
    pub commands: Vec<BuildCommand>,
    /// Folders and files that must be readable: the build's own environment and its interpreter.
    pub readable: Vec<PathBuf>,
    /// The folder that must be writable, mounted at its own path.
    pub outputs: PathBuf,
    /// Whether the build asks git for the version, so that `.git` must be readable.
    pub needs_git: bool,
    /// What the backend asked for so far, beyond what is declared.
    asked: Vec<String>,
    today: Option<Digest>,
    wheel_key: WheelKeys,
}

/// One command of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildCommand {
    /// The program, absolute, and its arguments.
    pub arguments: Vec<String>,
    /// Its environment; `HOME` and `TMPDIR` are the caller's.
    pub environment: BTreeMap<String, String>,
    /// The folder it starts in.
    pub folder: PathBuf,
}

/// Identity of what a build gives: for any Python, where the backend's result does not depend on it, and
/// for this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct WheelKeys {
    shared: Option<Digest>,
    own: Digest,
}

/// What `build.py` says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Missing(Vec<String>),
    Editable(String),
    Wheel(String),
}

/// Returns the layer of a project for an environment, or what must be run to get it.
pub fn prepare_editable(
    context: &EditableContext<'_>,
    request: &EditableRequest<'_>,
    progress: &mut dyn FnMut(&str),
) -> Result<EditableStep, Error> {
    let asked = remembered(context.store, &build_system(request.project))?;
    step(context, request, asked, progress)
}

/// Takes what the commands of a build left. `upper` holds what they wrote into the repository, laid out
/// like it (the upper folder of the overlay). The answer is another build when the backend asked for
/// packages that were not there.
pub fn finish_editable(
    context: &EditableContext<'_>,
    request: &EditableRequest<'_>,
    build: &EditableBuild,
    upper: Option<&Path>,
    progress: &mut dyn FnMut(&str),
) -> Result<EditableStep, Error> {
    let no_wheel = || Error::NoWheel {
        project: build.project.clone(),
    };
    let result = fs_err::read(build.outputs.join("result.json")).map_err(|_| no_wheel())?;
    let outcome: Outcome = serde_json::from_slice(&result).map_err(|_| no_wheel())?;
    let (wheel, is_editable) = match outcome {
        Outcome::Missing(missing) => {
            let mut asked = build.asked.clone();
            asked.extend(missing.into_iter().filter(|new| !build.asked.contains(new)));
            if asked == build.asked {
                let what = format!(
                    "its backend asks again and again for `{}`",
                    asked.join("`, `")
                );
                return Err(Error::Backend {
                    project: build.project.clone(),
                    what,
                });
            }
            remember(context.store, &build_system(request.project), &asked)?;
            return step(context, request, asked, progress);
        }
        Outcome::Editable(name) => (name, true),
        Outcome::Wheel(name) => (name, false),
    };
    let wheel = Path::new(&wheel)
        .file_name()
        .map(|name| build.outputs.join(name))
        .ok_or_else(no_wheel)?;
    let built = layer::Built {
        wheel: &wheel,
        is_editable,
        upper,
    };
    layer::keep(context.machine.cache, &build.wheel_key, &built)?;
    remember_today(context.store, build.today.as_ref(), &build.wheel_key)?;
    layer::existing(context, request, &build.wheel_key)?
        .map(EditableStep::Ready)
        .ok_or_else(no_wheel)
}

fn step(
    context: &EditableContext<'_>,
    request: &EditableRequest<'_>,
    asked: Vec<String>,
    progress: &mut dyn FnMut(&str),
) -> Result<EditableStep, Error> {
    let system = build_system(request.project);
    let variables = variables(context.machine);
    let today = key::todays_key(&system, request, &variables, context.date);
    if let Some(layer) = todays_layer(context, request, today.as_ref())? {
        return Ok(EditableStep::Ready(layer));
    }
    let requires: Vec<&str> = system
        .requires
        .iter()
        .chain(&asked)
        .map(String::as_str)
        .collect();
    let requirements = Requirements::of(&requires);
    let EditableContext {
        uv,
        machine,
        interpreter,
        store,
        date,
        ..
    } = *context;
    let resolution = resolve(uv, machine, interpreter, &requirements, store, date)?;
    let wheel_key = key::wheel_keys(&system, &resolution, interpreter, request, &variables);
    if let Some(layer) = layer::existing(context, request, &wheel_key)? {
        remember_today(store, today.as_ref(), &wheel_key)?;
        return Ok(EditableStep::Ready(layer));
    }
    let backend = prepare(uv, machine, interpreter, &resolution, progress)?;
    let outputs = layer::outputs(machine.cache, &wheel_key)?;
    let command = command(&system, &backend, request, &outputs, variables)?;
    Ok(EditableStep::Build(Box::new(EditableBuild {
        project: request.project.root.clone(),
        commands: vec![command],
        readable: vec![backend.folder.clone(), interpreter.prefix.clone()],
        outputs,
        needs_git: reads_git(request.project),
        asked,
        today,
        wheel_key,
    })))
}

/// Finds the layer without resolving what the backend needs: another Python got it built today.
fn todays_layer(
    context: &EditableContext<'_>,
    request: &EditableRequest<'_>,
    today: Option<&Digest>,
) -> Result<Option<EditableLayer>, Error> {
    let Some(today) = today else {
        return Ok(None);
    };
    let bytes = context.store.entry(TODAY_KIND, today.as_str())?;
    match bytes.and_then(|bytes| serde_json::from_slice::<WheelKeys>(&bytes).ok()) {
        Some(keys) => layer::existing(context, request, &keys),
        None => Ok(None),
    }
}

/// Only what is the same for every Python is remembered, and not what was built for one alone.
fn remember_today(store: &Store, today: Option<&Digest>, keys: &WheelKeys) -> Result<(), Error> {
    let shared = keys.shared.clone();
    let (Some(today), Some(shared)) = (today, shared) else {
        return Ok(());
    };
    let keys = WheelKeys {
        own: shared.clone(),
        shared: Some(shared),
    };
    let text = serde_json::to_vec(&keys).unwrap_or_default();
    Ok(store.put_entry(TODAY_KIND, today.as_str(), &text)?)
}

/// Returns what builds a project; without a declaration, setuptools as pip calls it.
fn build_system(project: &Project) -> BuildSystem {
    let mut system = project.build_system.clone().unwrap_or_else(|| BuildSystem {
        requires: vec!["setuptools".to_owned()],
        backend: LEGACY_BACKEND.to_owned(),
        backend_path: Vec::new(),
    });
    // It asks for this at every editable build; known before, the question is spared.
    if system.backend == "hatchling.build" {
        system.requires.push("editables".to_owned());
    }
    system
}

fn command(
    system: &BuildSystem,
    backend: &Environment,
    request: &EditableRequest<'_>,
    outputs: &Path,
    mut variables: BTreeMap<String, String>,
) -> Result<BuildCommand, Error> {
    let script = outputs.join("build.py");
    fs_err::write(&script, BUILD).map_err(|source| Error::write(&script, source))?;
    let installed: Vec<String> = backend
        .packages
        .iter()
        .map(|package| normalise_name(&package.name))
        .collect();
    let question = serde_json::json!({
        "backend": system.backend,
        "backend_path": system.backend_path,
        "installed": installed,
        "outputs": outputs,
    });
    variables.insert(
        "PATH".to_owned(),
        format!("{}:/usr/local/bin:/usr/bin:/bin", backend.bin.display()),
    );
    Ok(BuildCommand {
        arguments: vec![
            backend.python.display().to_string(),
            "-I".to_owned(),
            script.display().to_string(),
            question.to_string(),
        ],
        environment: variables,
        folder: request.source.join(&request.project.root),
    })
}

/// Returns the variables that builds may see: compilers, and versions given from outside.
fn variables(machine: &Machine<'_>) -> BTreeMap<String, String> {
    const NAMES: &[&str] = &[
        "ARCHFLAGS",
        "CC",
        "CFLAGS",
        "CPPFLAGS",
        "CXX",
        "CXXFLAGS",
        "LDFLAGS",
        "PBR_VERSION",
        "PKG_CONFIG_PATH",
    ];
    let passes =
        |name: &str| NAMES.contains(&name) || name.starts_with("SETUPTOOLS_SCM_PRETEND_VERSION");
    let passed = machine.environment.iter().filter(|(name, _)| passes(name));
    let mut variables: BTreeMap<String, String> = passed
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    variables.insert("LANG".to_owned(), "C.UTF-8".to_owned());
    variables
}

fn requires_key(system: &BuildSystem) -> Digest {
    let parts = std::iter::once(&system.backend).chain(&system.requires);
    Digest::of_parts(parts.map(String::as_bytes))
}

fn remembered(store: &Store, system: &BuildSystem) -> Result<Vec<String>, Error> {
    let bytes = store.entry(KIND, requires_key(system).as_str())?;
    Ok(bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default())
}

fn remember(store: &Store, system: &BuildSystem, asked: &[String]) -> Result<(), Error> {
    let text = serde_json::Value::from(asked.to_vec()).to_string();
    Ok(store.put_entry(KIND, requires_key(system).as_str(), text.as_bytes())?)
}
