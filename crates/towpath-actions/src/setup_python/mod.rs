//! `actions/setup-python`: gives the job a Python of its own, made of an interpreter of the machine, so that
//! `pip install` works in the job and leaves nothing behind. Installs no interpreter.

mod range;
mod wanted;

use std::path::{Path, PathBuf};

use towpath_host::glob::{GlobOptions, Globs};
use towpath_python::{Interpreter, Machine, environments, find_interpreters, find_uv};
use towpath_report::Problem;
use towpath_runner::{Action, Effects, JobContext, Outcome, StepContext, StepInputs};

use crate::step::{Done, caused, in_workspace, is_true, lines, problem, tool_folder};
use crate::versions::Versions;
use range::{Range, Version};

const NAME: &str = "actions/setup-python";

/// Its versions.
pub(crate) const VERSIONS: Versions = Versions {
    majors: (1, 7),
    pins: &[
        ("42375524e23c412d93fb67b49958b491fce71c38", "v5.4.0"),
        ("a26af69be951a213d495a4c3e4e4022e16d87065", "v5.6.0"),
        ("e797f83bcb11b83ae66e0230d6156d7c80228e7c", "v6.0.0"),
    ],
    branches: &["main", "master"],
};

const DEFAULTS: &[(&str, &str)] = &[
    ("check-latest", "false"),
    ("token", "${{ github.token }}"),
    ("update-environment", "true"),
    ("allow-prereleases", "false"),
    ("freethreaded", "false"),
];

/// What each tool's cache is keyed by, when the input does not say.
const CACHES: &[(&str, &str)] = &[
    ("pip", "**/requirements.txt\n**/pyproject.toml"),
    ("pipenv", "**/Pipfile.lock"),
    ("poetry", "**/poetry.lock"),
];

/// The action.
#[derive(Debug)]
pub struct SetupPython<'a> {
    /// The machine with its interpreters.
    pub machine: Machine<'a>,
}

impl Action for SetupPython<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn gives_programs(&self) -> bool {
        true
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        VERSIONS.accept(NAME, version)
    }

    fn defaults(&self) -> &'static [(&'static str, &'static str)] {
        DEFAULTS
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        in_workspace(NAME, context, |step| self.set_up(inputs, context, step))
    }
}

impl SetupPython<'_> {
    fn set_up(
        &self,
        inputs: &StepInputs,
        context: &JobContext<'_>,
        step: &StepContext<'_>,
    ) -> Done {
        let mut versions = wanted::versions(inputs, step)?;
        if versions.is_empty() {
            context.progress.output(
                "warning: no version of Python is asked for, so the newest of this machine is used",
            );
            versions.push("x".to_owned());
        }
        let interpreters = find_interpreters(&self.machine);
        let prereleases = is_true(inputs, "allow-prereleases", false)?;
        let free_threaded = is_true(inputs, "freethreaded", false)?;
        let changes = is_true(inputs, "update-environment", true)?;
        let mut effects = Effects::default();
        for version in &versions {
            let wish = Wish {
                action: NAME,
                version,
                prereleases,
                free_threaded,
            };
            let interpreter = wish.find(&interpreters)?;
            let folder = self.install(interpreter, step)?;
            context.progress.output(&format!(
                "{} of {}, installed for this job in {}",
                interpreter.title(),
                interpreter.path.display(),
                folder.display()
            ));
            describe(&mut effects, interpreter, &folder);
            if changes {
                change_environment(&mut effects, &folder, step);
            }
        }
        self.cache(inputs, context, step, &mut effects)?;
        Ok(effects)
    }

    /// Returns the job's own installation of an interpreter, made at its first use in the job.
    fn install(
        &self,
        interpreter: &Interpreter,
        step: &StepContext<'_>,
    ) -> Result<PathBuf, Problem> {
        let architecture = match interpreter.markers.platform_machine.as_str() {
            "x86_64" | "AMD64" => "x64",
            "aarch64" => "arm64",
            other => other,
        };
        let suffix = if interpreter.is_free_threaded {
            "-freethreaded"
        } else {
            ""
        };
        let folder = step
            .temp
            .join("_python")
            .join(&interpreter.version)
            .join(format!("{architecture}{suffix}"));
        if !folder.is_dir() {
            let uv = find_uv(&self.machine).map_err(|error| caused(&error, error.hints()))?;
            environments::install_python(&uv, &self.machine, interpreter, &folder)
                .map_err(|error| caused(&error, error.hints()))?;
        }
        Ok(folder)
    }

    /// Lets pip use a cache that outlives the job. The files that it would be keyed by must be there.
    fn cache(
        &self,
        inputs: &StepInputs,
        context: &JobContext<'_>,
        step: &StepContext<'_>,
        effects: &mut Effects,
    ) -> Result<(), Problem> {
        let tool = inputs.get("cache").trim();
        if tool.is_empty() {
            return Ok(());
        }
        let Some((_, default)) = CACHES.iter().find(|(name, _)| *name == tool) else {
            return Err(problem(
                format!("caching for `{tool}` is not supported"),
                "write `pip`, `pipenv` or `poetry`",
            ));
        };
        let named = lines(inputs, "cache-dependency-path").join("\n");
        let patterns = if named.is_empty() {
            (*default).to_owned()
        } else {
            named
        };
        let options = GlobOptions {
            root: step.workspace,
            home: self.machine.home,
            follows_links: true,
            descends: true,
            omits_hidden: false,
        };
        let found = Globs::new(&patterns, options)
            .and_then(|globs| globs.find(&|| false))
            .map_err(|error| caused(&error, error.hints()))?;
        if found.is_empty() {
            return Err(problem(
                format!(
                    "no file in the workspace fits `{}`, by which the cache of {tool} is keyed",
                    patterns.replace('\n', "` or `")
                ),
                "check that `actions/checkout` comes before, or name the files with \
                 `cache-dependency-path`",
            ));
        }
        let shared = tool_folder(step, "pip");
        context.progress.output(&format!(
            "The cache of pip is shared with other runs of this ref: {}",
            shared.display()
        ));
        effects
            .environment
            .insert("PIP_CACHE_DIR".to_owned(), shared.display().to_string());
        effects
            .outputs
            .insert("cache-hit".to_owned(), "false".to_owned());
        Ok(())
    }
}

/// Returns the best CPython for a version that the action `name` is asked for.
pub(crate) fn find_interpreter<'i>(
    name: &str,
    version: &str,
    interpreters: &'i [Interpreter],
) -> Result<&'i Interpreter, Problem> {
    let wish = Wish {
        action: name,
        version,
        prereleases: false,
        free_threaded: false,
    };
    wish.find(interpreters)
}

/// Returns whether a version is in a range; no range holds none.
pub(crate) fn is_in_range(range: &str, version: &str) -> bool {
    let version = Version::of(version);
    Range::parse(range)
        .zip(version)
        .is_some_and(|(range, version)| range.holds(version))
}

/// One version of Python that is asked for.
struct Wish<'a> {
    action: &'a str,
    version: &'a str,
    prereleases: bool,
    free_threaded: bool,
}

impl Wish<'_> {
    fn find<'i>(&self, interpreters: &'i [Interpreter]) -> Result<&'i Interpreter, Problem> {
        let version = self.version;
        if let Some(other) = ["pypy", "graalpy"]
            .iter()
            .find(|name| version.starts_with(*name))
        {
            return Err(problem(
                format!(
                    "`{}` is asked for `{version}`, and towpath sets up only CPython",
                    self.action
                ),
                format!("run {other} jobs on GitHub, or leave them out with `--job` or `--matrix`"),
            ));
        }
        let free_threaded = self.free_threaded || version.ends_with('t');
        let range = Range::parse(version.trim_end_matches('t')).ok_or_else(|| {
            problem(
                format!("`{version}` is no version of Python and no range of versions"),
                "write one such as `3.12`, `3.x` or `>=3.9 <3.13`",
            )
        })?;
        let best = |prereleases: bool| {
            let fits = |interpreter: &&Interpreter| {
                interpreter.implementation == "cpython"
                    && interpreter.is_free_threaded == free_threaded
                    && Version::of(&interpreter.version).is_some_and(|version| {
                        range.holds(version) && (prereleases || version.is_final())
                    })
            };
            // Of equal ones the first is the best.
            interpreters
                .iter()
                .rev()
                .filter(fits)
                .max_by_key(|interpreter| Version::of(&interpreter.version))
        };
        let may_be_early = self.prereleases || range.is_for_prereleases;
        best(false)
            .filter(|_| !range.is_for_prereleases)
            .or_else(|| best(true).filter(|_| may_be_early))
            .ok_or_else(|| self.missing(interpreters))
    }

    fn missing(&self, interpreters: &[Interpreter]) -> Problem {
        let versions: Vec<&str> = interpreters
            .iter()
            .map(|interpreter| interpreter.version.as_str())
            .collect();
        let here = match versions.as_slice() {
            [] => "there is none at all".to_owned(),
            versions => format!("there are {}", versions.join(", ")),
        };
        let wish = self.version;
        let problem = problem(
            format!("version `{wish}` of Python is not on this machine; {here}"),
            format!("`uv python install {wish}` or pyenv brings it"),
        );
        // YAML reads 3.10 as a number.
        if wish == "3.1" {
            return problem.with_hint("if 3.10 is meant, write it in quotes: `'3.10'`");
        }
        problem
    }
}

fn describe(effects: &mut Effects, interpreter: &Interpreter, folder: &Path) {
    let program = folder.join("bin/python").display().to_string();
    let outputs = &mut effects.outputs;
    outputs.insert("python-version".to_owned(), interpreter.version.clone());
    outputs.insert("python-path".to_owned(), program);
}

fn change_environment(effects: &mut Effects, folder: &Path, step: &StepContext<'_>) {
    let text = folder.display().to_string();
    let libraries = folder.join("lib").display().to_string();
    let before = step
        .environment
        .get("LD_LIBRARY_PATH")
        .filter(|path| !path.is_empty());
    let before = before.filter(|path| !path.split(':').any(|known| known == libraries));
    let search = match before {
        Some(before) => format!("{libraries}:{before}"),
        None => libraries,
    };
    for (name, value) in [
        ("pythonLocation", text.clone()),
        ("Python_ROOT_DIR", text.clone()),
        ("Python2_ROOT_DIR", text.clone()),
        ("Python3_ROOT_DIR", text.clone()),
        ("PKG_CONFIG_PATH", format!("{text}/lib/pkgconfig")),
        ("LD_LIBRARY_PATH", search),
    ] {
        effects.environment.insert(name.to_owned(), value);
    }
    effects.paths.push(text.clone());
    effects.paths.push(format!("{text}/bin"));
}
