//! The environment of a job: which interpreter, which packages, and the project laid over them.

use std::sync::PoisonError;

use towpath_host::Digest;
use towpath_python::environments::requirement_files;
use towpath_python::{
    Environment, Interpreter, LockedInstall, PythonVersion, Requirements, Resolution,
    declared_needs, newest_interpreter, plain_interpreter, prepare, resolve, resolve_own_extras,
};
use towpath_report::Problem;
use towpath_runner::{JobContext, Progress};
use towpath_standard::{EnvironmentNeed, ProjectInstall, PythonChoice};

use super::Subject;
use super::declared::declared_at;
use super::members::{needed, replaced};
use super::prepared::{Prepared, Resolved};
use super::session::Session;

/// Kind of the entries that tell a resolution without asking uv.
const KNOWN: &str = "known-resolution";

/// Pythons that every tool of the pinned set is known to work with, best first.
const TOOL_PYTHONS: [PythonVersion; 4] = [
    PythonVersion::new(3, 13),
    PythonVersion::new(3, 12),
    PythonVersion::new(3, 14),
    PythonVersion::new(3, 11),
];

impl<'a> Session<'a> {
    /// Returns what an environment holds, without building it.
    pub(crate) fn resolved(
        &self,
        subject: &Subject<'_>,
        need: &EnvironmentNeed,
        context: &JobContext<'_>,
    ) -> Result<Resolved<'_>, Problem> {
        let resolved = self.looked_up(subject, need, Some(context))?;
        resolved.ok_or_else(|| {
            Problem::error("it is not known what the job's environment holds")
                .with_hint("`towpath cache clean` removes what earlier runs remembered")
        })
    }

    /// Returns what an environment holds. Without a context nothing is started, and `None` means that it
    /// is not known.
    pub(crate) fn looked_up(
        &self,
        subject: &Subject<'_>,
        need: &EnvironmentNeed,
        context: Option<&JobContext<'_>>,
    ) -> Result<Option<Resolved<'_>>, Problem> {
        let interpreter = self.interpreter(need)?;
        let requirements = self.requirements(subject, need);
        let question = self.question(subject, interpreter, &requirements)?;
        let resolution = match context {
            Some(context) => {
                let resolution = self
                    .resolve(interpreter, &requirements, context.progress)
                    .map_err(|problem| self.placed(subject, need, problem))?;
                self.know(&question, &resolution);
                Some(resolution)
            }
            None => self.known(&question),
        };
        let layer_key = self.layer_key(subject, need, context)?;
        let members = self.members(subject, need, context)?;
        let (Some(resolution), Some(layer_key), Some(members)) = (resolution, layer_key, members)
        else {
            return Ok(None);
        };
        Ok(Some(Resolved {
            interpreter,
            resolution,
            layer_key,
            members,
        }))
    }

    /// Adds the line that declares what a failed resolution is about.
    fn placed(
        &self,
        subject: &Subject<'_>,
        need: &EnvironmentNeed,
        mut problem: Problem,
    ) -> Problem {
        let project = subject.facts.project;
        if problem.place.is_none() {
            problem.place = declared_at(self.tree, project, &need.requirements, &problem.message);
        }
        problem
    }

    /// Builds the environment of a job, or finds it built.
    pub(crate) fn prepare(
        &self,
        subject: &Subject<'_>,
        need: &EnvironmentNeed,
        context: &JobContext<'_>,
    ) -> Result<Prepared<'_>, Vec<Problem>> {
        let alone = |problem: Problem| vec![problem];
        let resolved = self.resolved(subject, need, context).map_err(alone)?;
        let environment = self
            .environment(resolved.interpreter, &resolved.resolution, context.progress)
            .map_err(alone)?;
        let mut prepared = Prepared {
            resolved,
            environment,
            over_environment: Vec::new(),
            over_tree: Vec::new(),
        };
        match &need.project {
            ProjectInstall::No => {}
            ProjectInstall::Wheel(wheel) => {
                self.lay_wheel(&mut prepared, wheel).map_err(alone)?;
            }
            ProjectInstall::Editable => {
                prepared.resolved.layer_key =
                    self.lay_editable(subject, need, &mut prepared, context)?;
            }
        }
        self.lay_members(subject, need, &mut prepared, context)?;
        Ok(prepared)
    }

    /// Resolves, one job at a time for the same requirements.
    fn resolve(
        &self,
        interpreter: &Interpreter,
        requirements: &Requirements,
        progress: &dyn Progress,
    ) -> Result<Resolution, Problem> {
        let lock = self.lock(&format!("resolve {} {requirements:?}", interpreter.version));
        let _guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        progress.doing("resolving what it needs");
        let uv = self.uv()?;
        let files = requirements.requirement_files.iter();
        let lines: Vec<_> = files.map(|file| file.to_string_lossy()).collect();
        let lines = lines.join("\n");
        self.ask_index(requirements.settings_folder.as_deref(), &lines, || {
            resolve(
                uv,
                &self.machine,
                interpreter,
                requirements,
                self.store,
                &self.date,
            )
        })
    }

    /// Builds an environment, one job at a time for the same contents.
    fn environment(
        &self,
        interpreter: &Interpreter,
        resolution: &Resolution,
        progress: &dyn Progress,
    ) -> Result<Environment, Problem> {
        let lock = self.lock(&format!(
            "environment {} {}",
            interpreter.path.display(),
            resolution.digest
        ));
        let _guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let uv = self.uv()?;
        let lines = resolution.options.join("\n");
        self.ask_index(resolution.settings_folder.as_deref(), &lines, || {
            prepare(uv, &self.machine, interpreter, resolution, &mut |text| {
                progress.doing(text);
            })
        })
    }

    /// Resolves and builds the environment of a job that is still to start; what goes wrong is told then.
    pub(crate) fn make_ready(&self, subject: &Subject<'_>, need: &EnvironmentNeed) {
        struct Silent;
        impl Progress for Silent {
            fn doing(&self, _text: &str) {}
            fn output(&self, _line: &str) {}
        }
        let make = || {
            let interpreter = self.interpreter(need)?;
            let requirements = self.requirements(subject, need);
            let resolution = self.resolve(interpreter, &requirements, &Silent)?;
            let question = self.question(subject, interpreter, &requirements)?;
            self.know(&question, &resolution);
            self.environment(interpreter, &resolution, &Silent)
        };
        if let Err(problem) = make() {
            tracing::debug!("not made ready: {}", problem.message);
        }
    }

    pub(crate) fn interpreter(&self, need: &EnvironmentNeed) -> Result<&'a Interpreter, Problem> {
        let of_version = |python| plain_interpreter(self.interpreters, python);
        let found = match need.python {
            PythonChoice::Exactly(python) => of_version(python),
            PythonChoice::ForTools => TOOL_PYTHONS
                .into_iter()
                .find_map(of_version)
                .or_else(|| newest_interpreter(self.interpreters)),
        };
        found.ok_or_else(|| {
            let wanted = match need.python {
                PythonChoice::Exactly(python) => format!("Python {python}"),
                PythonChoice::ForTools => "CPython".to_owned(),
            };
            Problem::error(format!("{wanted} is not on this machine"))
                .with_hint("`uv python install` installs one without root")
        })
    }

    /// Returns the identity of all that a resolution depends on: what is asked, the files that may be
    /// read for it, where packages come from, the interpreter and the day.
    fn question(
        &self,
        subject: &Subject<'_>,
        interpreter: &Interpreter,
        requirements: &Requirements,
    ) -> Result<String, Problem> {
        let project = subject.facts.project;
        let lock = project.lock.iter().map(|lock| lock.path.clone());
        let manifests = ["pyproject.toml", "uv.toml"].map(|name| project.path(name));
        let mut text = format!(
            "{} {requirements:?} {} {} {}\n",
            self.build,
            interpreter.identity(),
            self.date,
            self.installer_settings(&self.root().join(&project.root))?
        );
        for path in lock.chain(manifests) {
            if let Some(digest) = self.tree.digest(&path) {
                text.push_str(&format!("{path} {digest}\n"));
            }
        }
        let files = requirement_files(&requirements.requirement_files);
        for (path, digest) in files.map_err(|error| self.told(&error))? {
            text.push_str(&format!("{} {digest}\n", path.display()));
        }
        let is_setting = |name: &str| name.starts_with("UV_") || name.starts_with("PIP_");
        for (name, value) in self
            .machine
            .environment
            .iter()
            .filter(|(name, _)| is_setting(name))
        {
            text.push_str(&format!("{name}={value}\n"));
        }
        Ok(Digest::of(text.as_bytes()).to_string())
    }

    fn known(&self, question: &str) -> Option<Resolution> {
        let bytes = self.store.entry(KNOWN, question).ok().flatten()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Remembers a resolution; one that is not remembered costs time on the next run, nothing else.
    fn know(&self, question: &str, resolution: &Resolution) {
        let kept = serde_json::to_vec(resolution)
            .map(|bytes| self.store.put_entry(KNOWN, question, &bytes));
        if let Ok(Err(error)) = kept {
            tracing::debug!("the resolution was not remembered: {error}");
        }
    }

    fn requirements(&self, subject: &Subject<'_>, need: &EnvironmentNeed) -> Requirements {
        let project = subject.facts.project;
        let root = self.root();
        let locked =
            need.locked
                .as_ref()
                .zip(project.lock.as_ref())
                .map(|((groups, extras), lock)| LockedInstall {
                    kind: lock.kind,
                    path: root.join(&lock.path),
                    project: root.join(&project.root),
                    roots: resolve_own_extras(project, &declared_needs(project, groups, extras)),
                    groups: groups.clone(),
                    extras: extras.clone(),
                    all_members: false,
                });
        let members = needed(subject.facts, need);
        let own = (need.project != ProjectInstall::No).then_some(project);
        let mut requirements = replaced(&need.requirements, &members, own);
        requirements.sort_unstable();
        requirements.dedup();
        Requirements {
            requirements,
            requirement_files: need
                .requirement_files
                .iter()
                .map(|path| root.join(path))
                .collect(),
            constraints: need.constraints.clone(),
            locked,
            exclude_newer: None,
            settings_folder: Some(root.join(&project.root)),
            without: members
                .into_iter()
                .chain(own)
                .filter_map(|laid| laid.name.clone())
                .collect(),
        }
    }
}
