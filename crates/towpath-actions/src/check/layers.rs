//! The project itself, laid over an environment that is shared and never changed: from a wheel, or for
//! editing from the tree. A layer is a folder named after all that it depends on, made once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};
use towpath_host::Digest;
use towpath_python::Interpreter;
use towpath_report::{ArtifactRecord, Problem};
use towpath_runner::JobContext;
use towpath_standard::{
    Artifact, Command, EnvironmentNeed, Inputs, Network, Output, Partial, ProjectInstall,
    PythonChoice, ToolWork, TreeUse,
};

use super::Subject;
use super::environment::Prepared;
use super::execute::Options;
use super::session::Session;
use super::wheel::{Target, spread};

/// How often a backend may ask for more before it builds.
const ROUNDS: usize = 3;

/// An editable build as it lies in the store.
#[derive(Debug, Serialize, Deserialize)]
struct Built {
    wheel: ArtifactRecord,
    /// Whether the build left files in the tree.
    left_files: bool,
}

/// What `editable_driver.py` answers.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    wheel: Option<String>,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    error: Option<String>,
}

impl Session<'_> {
    /// Returns what the project's own layer depends on; empty where the project is not installed for
    /// editing. The text of readme and licences is left out: it ends up in the metadata's description,
    /// which no program reads while it runs.
    pub(crate) fn layer_key(
        &self,
        subject: &Subject<'_>,
        need: &EnvironmentNeed,
        interpreter: &Interpreter,
    ) -> String {
        if need.project != ProjectInstall::Editable {
            return String::new();
        }
        let facts = subject.facts;
        let project = facts.project;
        let mut text = format!(
            "{} {} {} {:?}\n",
            self.build,
            self.root().display(),
            self.level,
            project.build_system
        );
        let mut files: BTreeSet<String> =
            ["pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in"]
                .iter()
                .map(|name| project.path(name))
                .collect();
        files.extend(
            project
                .version_files
                .iter()
                .filter(|path| !is_description(path))
                .cloned(),
        );
        let mut folders = BTreeSet::new();
        for path in self.tree.files().keys() {
            let Some(inside) = below(path, &project.root) else {
                continue;
            };
            if project.has_native_sources {
                files.insert(path.clone());
            }
            if inside.ends_with(".py") {
                folders.insert(inside.rsplit_once('/').map_or("", |(folder, _)| folder));
            }
        }
        for path in &files {
            if let Some(digest) = self.tree.digest(path) {
                text.push_str(&format!("{path} {digest}\n"));
            }
        }
        text.push_str(&folders.into_iter().collect::<Vec<_>>().join("\n"));
        text.push_str(&facts.version_from_git());
        if project.has_native_sources {
            text.push_str(&interpreter.version);
        }
        Digest::of(text.as_bytes())
            .as_str()
            .chars()
            .take(32)
            .collect()
    }

    /// Lays a wheel over an environment.
    pub(crate) fn lay_wheel(
        &self,
        prepared: &mut Prepared<'_>,
        wheel: &ArtifactRecord,
    ) -> Result<(), Problem> {
        let environment = &prepared.environment;
        let short = |digest: &str| digest.chars().take(24).collect::<String>();
        let name = format!(
            "{}-{}",
            short(&wheel.sha256),
            short(environment.digest.as_str())
        );
        let layers = self.machine.cache.join("layers");
        let folder = layers.join(&name);
        let lock = self.lock(&format!("layer {name}"));
        let _guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if !folder.exists() {
            let make = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
                fs_err::create_dir_all(&layers)?;
                let temporary = tempfile::Builder::new()
                    .prefix("new-")
                    .tempdir_in(&layers)?;
                let site_packages = environment
                    .site_packages
                    .strip_prefix(&environment.folder)?;
                let target = Target {
                    layer: temporary.path(),
                    site_packages,
                    python: &environment.python,
                };
                spread(&self.artifact(wheel)?, &target)?;
                match fs_err::rename(temporary.path(), &folder) {
                    // Another run made the same layer meanwhile.
                    Err(_) if folder.exists() => Ok(()),
                    other => Ok(other?),
                }
            };
            make().map_err(|error| {
                Problem::error(format!("cannot install `{}`: {error}", wheel.name))
                    .with_hint("`towpath check build --force` builds it again")
            })?;
        }
        prepared.over_environment.push(folder);
        Ok(())
    }

    /// Builds the project for editing, or finds it built, and lays it over an environment and the tree.
    pub(crate) fn lay_editable(
        &self,
        subject: &Subject<'_>,
        key: &str,
        prepared: &mut Prepared<'_>,
        context: &JobContext<'_>,
    ) -> Result<(), Vec<Problem>> {
        let lock = self.lock(&format!("editable {key}"));
        let guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.store.entry("editable", key).ok().flatten();
        let kept: Option<Built> = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let tree = self
            .machine
            .cache
            .join("layers")
            .join(format!("tree-{key}"));
        let usable = |built: &Built| {
            self.artifact(&built.wheel).is_ok() && (!built.left_files || tree.exists())
        };
        let built = if let Some(built) = kept.filter(usable) {
            built
        } else {
            context.progress.doing("building the project for editing");
            let built = self.build_editable(subject, &tree, context)?;
            let bytes = serde_json::to_vec(&built).unwrap_or_default();
            if let Err(error) = self.store.put_entry("editable", key, &bytes) {
                tracing::debug!("the editable build was not kept: {error}");
            }
            built
        };
        drop(guard);
        if built.left_files {
            prepared.over_tree.push(tree);
        }
        self.lay_wheel(prepared, &built.wheel)
            .map_err(|problem| vec![problem])
    }

    fn build_editable(
        &self,
        subject: &Subject<'_>,
        tree: &Path,
        context: &JobContext<'_>,
    ) -> Result<Built, Vec<Problem>> {
        let mut extra = Vec::new();
        for _ in 0..ROUNDS {
            let (work, options) = (
                editable_work(self, subject, &extra),
                Options {
                    scan: None,
                    online: false,
                    keep_tree: Some(tree),
                },
            );
            let prepared = self.prepare(subject, &work.environment, context)?;
            let executed = self.execute_in(subject, &work, &prepared, &options, context)?;
            if let Some(problem) = executed.errors.into_iter().next() {
                return Err(vec![problem]);
            }
            let answer = executed
                .found
                .first()
                .and_then(|partial| partial.facts.get("answer"));
            let answer: Answer = answer
                .and_then(|text| serde_json::from_str(text).ok())
                .ok_or_else(|| vec![failed(subject, "it gave no answer")])?;
            if let Some(error) = answer.error {
                return Err(vec![failed(subject, &error)]);
            }
            if let (Some(_), Some(wheel)) = (answer.wheel, executed.artifacts.into_iter().next()) {
                return Ok(Built {
                    wheel,
                    left_files: tree.exists(),
                });
            }
            if answer.needs.is_empty() {
                break;
            }
            extra.extend(answer.needs);
        }
        Err(vec![failed(subject, "it asks for ever more requirements")])
    }
}

fn failed(subject: &Subject<'_>, why: &str) -> Problem {
    let project = subject.facts.project;
    let backend = project
        .build_system
        .as_ref()
        .map_or("setuptools", |system| system.backend.as_str());
    Problem::error(format!(
        "{backend} cannot install `{}` for editing: {why}",
        project.display_name()
    ))
    .with_hint(format!(
        "`towpath logs \"{}\"` shows what it said",
        subject.check.name()
    ))
}

fn editable_work(session: &Session<'_>, subject: &Subject<'_>, extra: &[String]) -> ToolWork {
    let project = subject.facts.project;
    let system = project.build_system.clone();
    let (requires, backend, paths) = system.map_or_else(
        || {
            (
                vec!["setuptools".to_owned()],
                "setuptools.build_meta:__legacy__".to_owned(),
                Vec::new(),
            )
        },
        |system| (system.requires, system.backend, system.backend_path),
    );
    let mut requirements = requires;
    requirements.extend(
        project
            .groups
            .get("setup_requires")
            .into_iter()
            .flatten()
            .cloned(),
    );
    requirements.extend(extra.iter().cloned());
    let roots: Vec<String> = project
        .layout
        .import_roots
        .iter()
        .map(|root| session.root().join(root).to_string_lossy().into_owned())
        .collect();
    let mut arguments: Vec<String> = ["{python}", "{out}/editable_driver.py", "{out}"]
        .map(str::to_owned)
        .to_vec();
    arguments.extend([backend, roots.join(":")]);
    arguments.extend(paths);
    ToolWork {
        environment: EnvironmentNeed {
            python: match (project.has_native_sources, subject.python) {
                (true, Some(python)) => PythonChoice::Exactly(python),
                _ => subject
                    .facts
                    .pythons
                    .run
                    .last()
                    .map_or(PythonChoice::ForTools, |python| {
                        PythonChoice::Exactly(*python)
                    }),
            },
            requirements,
            requirement_files: Vec::new(),
            constraints: Vec::new(),
            locked: None,
            project: ProjectInstall::No,
        },
        tree: TreeUse::Private,
        network: Network::Closed,
        inputs: Inputs {
            globs: Vec::new(),
            endings: Vec::new(),
            observed: false,
            names: false,
        },
        executes_project: true,
        commands: vec![Command {
            tool: "editable install".to_owned(),
            arguments,
            environment: BTreeMap::new(),
            folder: project.root.clone(),
            read: read_answer,
            hint: String::new(),
        }],
        scan: None,
        support_files: vec![(
            "editable_driver.py".to_owned(),
            include_bytes!("editable_driver.py").to_vec(),
        )],
        artifacts: Vec::new(),
        key: Vec::new(),
        notes: Vec::new(),
    }
}

fn read_answer(output: &Output<'_>) -> Result<Partial, String> {
    let bytes = (output.file)("editable.json").ok_or("it wrote no answer")?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let answer: Answer = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let mut partial = Partial::default();
    if let Some(wheel) = answer.wheel {
        partial.artifacts.push(Artifact {
            path: format!("dist/{wheel}"),
            name: wheel,
        });
    }
    partial.facts.insert("answer".to_owned(), text);
    Ok(partial)
}

/// Readme, licence and the like, which only end up in the description.
fn is_description(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    [
        "readme", "licen", "copying", "notice", "authors", "change", "history", "news",
    ]
    .iter()
    .any(|start| name.starts_with(start))
}

fn below<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    if root.is_empty() {
        Some(path)
    } else {
        path.strip_prefix(root)?.strip_prefix('/')
    }
}
