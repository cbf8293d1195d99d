//! `actions/cache`, `actions/cache/restore` and `actions/cache/save`.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use towpath_host::Digest;
use towpath_host::glob::{GlobOptions, Globs};
use towpath_host::process::Cancel;
use towpath_report::Problem;
use towpath_runner::{Action, CACHE_MODE, Effects, JobContext, Outcome, StepContext, StepInputs};
use towpath_workflow::expression::Value;
use towpath_workflow::syntax::CacheMode;

use super::archive::{self, Root};
use super::store::{CacheStore, Entry, Error, Lookup};
use crate::step::{
    Done, Passing, caused, github, home, in_workspace, is_true, lines, problem, warn,
};
use crate::versions::Versions;

const CACHE: &str = "actions/cache";
const RESTORE: &str = "actions/cache/restore";
const SAVE: &str = "actions/cache/save";

/// Their versions.
pub(crate) const CACHE_VERSIONS: Versions = Versions {
    majors: (1, 6),
    pins: &[
        ("5a3ec84eff668545956fd18022155c47e93e2684", "v4.2.3"),
        ("0400d5f644dc74513175e3cd8d07132dd4860809", "v4.2.4"),
    ],
    branches: &["main"],
};

const DEFAULTS: &[(&str, &str)] = &[
    ("enablecrossosarchive", "false"),
    ("fail-on-cache-miss", "false"),
    ("lookup-only", "false"),
];
const MATCHED: &str = "matched-key";

/// `actions/cache`: restores, and saves at the end of a job that succeeded.
#[derive(Debug)]
pub struct Cache<'a> {
    /// The user's own home, whose files stay as they are.
    pub user_home: Option<&'a Path>,
}

/// `actions/cache/restore`.
#[derive(Debug)]
pub struct CacheRestore<'a> {
    /// The user's own home, whose files stay as they are.
    pub user_home: Option<&'a Path>,
}

/// `actions/cache/save`.
#[derive(Debug)]
pub struct CacheSave<'a> {
    /// The user's own home, whose files stay as they are.
    pub user_home: Option<&'a Path>,
}

impl Action for Cache<'_> {
    fn name(&self) -> &'static str {
        CACHE
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        CACHE_VERSIONS.accept(CACHE, version)
    }

    fn defaults(&self) -> &'static [(&'static str, &'static str)] {
        DEFAULTS
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        in_workspace(CACHE, context, |step| {
            Job::of(step, self.user_home).restore(inputs, context)
        })
    }

    fn post(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Option<Outcome> {
        let step = context.step?;
        let matched = step.state.get(MATCHED);
        if step.job_status != "success" || matched.is_some_and(|key| key == inputs.get("key")) {
            return None;
        }
        Some(in_workspace(CACHE, context, |step| {
            Job::of(step, self.user_home).save(inputs, context)
        }))
    }
}

impl Action for CacheRestore<'_> {
    fn name(&self) -> &'static str {
        RESTORE
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        CACHE_VERSIONS.accept(RESTORE, version)
    }

    fn defaults(&self) -> &'static [(&'static str, &'static str)] {
        DEFAULTS
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        in_workspace(RESTORE, context, |step| {
            Job::of(step, self.user_home).restore(inputs, context)
        })
    }
}

impl Action for CacheSave<'_> {
    fn name(&self) -> &'static str {
        SAVE
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        CACHE_VERSIONS.accept(SAVE, version)
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        in_workspace(SAVE, context, |step| {
            Job::of(step, self.user_home).save(inputs, context)
        })
    }
}

/// The folders of the job that may be cached.
struct Job<'a> {
    step: &'a StepContext<'a>,
    home: Option<PathBuf>,
    /// Whether the job's home is the user's, so that nothing may be brought back there.
    is_users_home: bool,
}

impl<'a> Job<'a> {
    fn of(step: &'a StepContext<'a>, user_home: Option<&Path>) -> Self {
        let home = home(step);
        Self {
            step,
            is_users_home: home.as_deref() == user_home,
            home,
        }
    }

    /// Returns what the job may do with the cache.
    fn mode(&self) -> CacheMode {
        let mode = self.step.environment.get(CACHE_MODE);
        let mode = mode.and_then(|mode| CacheMode::parse(mode));
        mode.unwrap_or(CacheMode::Write)
    }

    fn roots(&self) -> Vec<Root<'_>> {
        let mut roots = vec![("workspace", self.step.workspace), ("temp", self.step.temp)];
        if let Some(home) = self.home.as_deref().filter(|_| !self.is_users_home) {
            roots.push(("home", home));
        }
        roots
    }

    fn restore(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Done {
        let keys = keys(inputs)?;
        let mut effects = Effects::default();
        let primary = inputs.get("key").to_owned();
        effects
            .outputs
            .insert("cache-primary-key".to_owned(), primary.clone());
        self.tell_of_others(inputs, context)?;
        let version = version(inputs)?;
        let looks_only = is_true(inputs, "lookup-only", false)?;
        let scopes = scopes(self.step);
        let lookup = Lookup {
            keys: &keys,
            version: &version,
            scopes: &scopes,
        };
        let mut damage = Vec::new();
        let mode = self.mode();
        let found = if mode.restores() {
            self.look_up(&lookup, looks_only, &mut |what| damage.push(what))
        } else {
            let said = format!("Nothing is restored: `cache-mode` is `{}`", mode.as_str());
            context.progress.output(&said);
            Ok(None)
        };
        for what in damage {
            warn(context, &mut effects, what);
        }
        let found = found.unwrap_or_else(|problem| {
            go_on_without(context, &mut effects, &problem);
            None
        });
        let Some(entry) = found else {
            if is_true(inputs, "fail-on-cache-miss", false)? {
                return Err(problem(
                    format!("no cache was found for the key `{primary}`"),
                    "save one first, or leave `fail-on-cache-miss` out",
                ));
            }
            context
                .progress
                .output(&format!("No cache for {}", keys.join(", ")));
            return Ok(effects);
        };
        let done = if looks_only {
            "There is a cache"
        } else {
            "Restored the cache"
        };
        context.progress.output(&format!("{done} `{}`", entry.key));
        let is_exact = entry.key == primary;
        effects
            .outputs
            .insert("cache-hit".to_owned(), is_exact.to_string());
        effects
            .outputs
            .insert("cache-matched-key".to_owned(), entry.key.clone());
        effects.state.insert(MATCHED.to_owned(), entry.key);
        Ok(effects)
    }

    /// Returns the cache that fits best, after its files were brought back unless it is only looked for.
    fn look_up(
        &self,
        lookup: &Lookup<'_>,
        looks_only: bool,
        tell: &mut dyn FnMut(String),
    ) -> Result<Option<Entry>, Problem> {
        let store = CacheStore::of(self.step.cache_folder);
        let found = store.find(lookup, tell).map_err(|error| failed(&error))?;
        if let Some(entry) = found.as_ref().filter(|_| !looks_only) {
            self.bring_back(&store, entry)?;
        }
        Ok(found)
    }

    fn bring_back(&self, store: &CacheStore, entry: &Entry) -> Result<(), Problem> {
        let mut file = store.open(entry).map_err(|error| failed(&error))?;
        archive::read(&mut file, &self.roots()).map_err(|error| {
            problem(
                format!("the cache `{}` cannot be restored: {error}", entry.key),
                "check that there is space on the disk",
            )
        })
    }

    fn save(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Done {
        let mut effects = Effects::default();
        let mode = self.mode();
        if !mode.saves() {
            let said = format!("Nothing is saved: `cache-mode` is `{}`", mode.as_str());
            context.progress.output(&said);
            return Ok(effects);
        }
        let keys = keys(inputs)?;
        let key = &keys[0];
        let store = CacheStore::of(self.step.cache_folder);
        let (version, scope) = (version(inputs)?, github(self.step, "ref"));
        if store.has(key, &version, &scope) {
            context.progress.output(&format!(
                "There is a cache `{key}` already; it stays as it is"
            ));
            return Ok(effects);
        }
        let packed = self.pack(inputs, key, &store, context.cancel);
        let kept = packed.and_then(|archive| match archive {
            None => Ok(Kept::Nothing),
            Some(archive) => match store.keep(archive, key, &version, &scope) {
                Ok(entry) => Ok(Kept::New(entry)),
                Err(Error::Exists { .. }) => Ok(Kept::Before),
                Err(error) => Err(failed(&error)),
            },
        });
        match kept {
            Ok(Kept::New(entry)) => context
                .progress
                .output(&format!("Saved the cache `{key}` ({} bytes)", entry.size)),
            Ok(Kept::Before) => context
                .progress
                .output(&format!("Another job saved a cache `{key}` first")),
            Ok(Kept::Nothing) => {
                let message = format!(
                    "nothing was cached: no path of `{}` is in the job",
                    inputs.get("path").trim()
                );
                warn(context, &mut effects, message);
            }
            Err(problem) => go_on_without(context, &mut effects, &problem),
        }
        Ok(effects)
    }

    /// Returns the archive of what the paths name; none where the job has none of it.
    fn pack(
        &self,
        inputs: &StepInputs,
        key: &str,
        store: &CacheStore,
        cancel: &Cancel,
    ) -> Result<Option<NamedTempFile>, Problem> {
        let roots = self.roots();
        let mut paths = self.find(inputs, cancel)?;
        paths.retain(|path| archive::name_of(path, &roots).is_some());
        if paths.is_empty() {
            return Ok(None);
        }
        let mut file = store.start().map_err(|error| failed(&error))?;
        let inner = file.as_file_mut();
        let mut writer = std::io::BufWriter::new(Passing { inner, cancel });
        let written = archive::write(&mut writer, &paths, &roots).and_then(|()| writer.flush());
        drop(writer);
        written.map_err(|error| {
            problem(
                format!("the cache `{key}` cannot be saved: {error}"),
                "check that the files may be read and that there is space",
            )
        })?;
        Ok(Some(file))
    }

    fn find(&self, inputs: &StepInputs, cancel: &Cancel) -> Result<Vec<PathBuf>, Problem> {
        let options = GlobOptions {
            root: self.step.workspace,
            home: self.home.as_deref(),
            follows_links: false,
            descends: false,
            omits_hidden: false,
        };
        Globs::new(inputs.get("path"), options)
            .and_then(|globs| globs.find(&|| cancel.is_cancelled()))
            .map_err(|error| caused(&error, error.hints()))
    }

    /// Says which paths are not brought back: those of the user's home, which is there as it was.
    fn tell_of_others(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Result<(), Problem> {
        for path in lines(inputs, "path") {
            if self.is_users_home && path.starts_with('~') {
                context.progress.output(&format!(
                    "{path} is in your own home folder and stays as it is; it is not restored or saved"
                ));
            }
        }
        if lines(inputs, "path").is_empty() {
            return Err(problem(
                "a cache needs the input `path`",
                "name files or folders",
            ));
        }
        Ok(())
    }
}

/// What became of a cache that a job saves.
enum Kept {
    New(Entry),
    Before,
    Nothing,
}

/// Says why a cache is not used. No job fails by that: it works as if there were none.
fn go_on_without(context: &JobContext<'_>, effects: &mut Effects, problem: &Problem) {
    warn(context, effects, problem.message.clone());
    for hint in &problem.hints {
        context.progress.output(&format!("hint: {hint}"));
    }
}

fn failed(error: &Error) -> Problem {
    caused(error, error.hints())
}

/// Returns the key and what is taken instead, checked as the service does.
fn keys(inputs: &StepInputs) -> Result<Vec<String>, Problem> {
    let mut keys = vec![inputs.get("key").to_owned()];
    keys.extend(lines(inputs, "restore-keys").into_iter().map(str::to_owned));
    if keys[0].is_empty() {
        return Err(problem(
            "a cache needs the input `key`",
            "name what it is made of",
        ));
    }
    if keys.len() > 10 {
        return Err(problem(
            "there are more than 10 keys",
            "remove some of `restore-keys`",
        ));
    }
    match keys.iter().find(|key| key.len() > 512 || key.contains(',')) {
        Some(key) => Err(problem(
            format!("`{key}` is no key: it is longer than 512 characters or holds a comma"),
            "shorten it, or use `hashFiles`",
        )),
        None => Ok(keys),
    }
}

/// Returns what a cache is made of: the paths as they are written, and the kind of the archive.
fn version(inputs: &StepInputs) -> Result<String, Problem> {
    let mut parts = lines(inputs, "path");
    parts.push("towpath-1");
    if is_true(inputs, "enablecrossosarchive", false)? {
        parts.push("any-system");
    }
    Ok(Digest::of(parts.join("|").as_bytes()).to_string())
}

/// Returns the refs whose caches a step may read: its own, the base of its pull request, the default branch.
pub(crate) fn scopes(step: &StepContext<'_>) -> Vec<String> {
    let mut scopes = vec![github(step, "ref")];
    let base = github(step, "base_ref");
    let default = step
        .github
        .get("event")
        .and_then(|event| property(event, "repository"))
        .and_then(|repository| property(&repository, "default_branch"))
        .map(|branch| branch.to_text())
        .unwrap_or_default();
    for branch in [base, default] {
        let name = format!("refs/heads/{branch}");
        if !branch.is_empty() && !scopes.contains(&name) {
            scopes.push(name);
        }
    }
    scopes
}

fn property(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Object(object) => object.get(name).cloned(),
        _ => None,
    }
}
