//! The contexts that the expressions of a job may use, and the variables that its processes get.

use std::collections::BTreeMap;
use std::path::Path;

use towpath_workflow::WorkflowPlace;
use towpath_workflow::expression::{Object, Value};

use super::RunningJob;
use super::level::Level;
use super::places::Places;
use crate::assignment::Assignment;
use crate::event::RunContext;
use crate::plan::JobCopy;
use crate::request::Machine;
use crate::standing::Status;

/// Keys of the `github` context that processes see as `GITHUB_…`.
const EXPORTED: [&str; 31] = [
    "action",
    "action_path",
    "action_ref",
    "action_repository",
    "actor",
    "actor_id",
    "api_url",
    "base_ref",
    "event_name",
    "event_path",
    "graphql_url",
    "head_ref",
    "job",
    "ref",
    "ref_name",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "retention_days",
    "run_attempt",
    "run_id",
    "run_number",
    "server_url",
    "sha",
    "triggering_actor",
    "workflow",
    "workflow_ref",
    "workflow_sha",
];

/// Returns the contexts that a job has before it runs.
pub(super) fn of_job(assignment: &Assignment, context: &RunContext) -> Object {
    let mut contexts = assignment.frame.contexts();
    let variables = context.variables.iter();
    let variables = variables.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    set(&mut contexts, "vars", Object(variables.collect()));
    set(&mut contexts, "needs", assignment.needs_context.clone());
    let copy = assignment.job.copy.iter();
    contexts.0.extend(copy.flat_map(JobCopy::contexts));
    contexts
}

/// Returns the contexts that stay the same as long as a job runs.
pub(super) fn fixed(
    assignment: &Assignment,
    context: &RunContext,
    machine: &Machine<'_>,
    places: &Places,
) -> Object {
    let mut contexts = of_job(assignment, context);
    let mut github = context.github.clone();
    let id = &assignment.frame.workflow.jobs[assignment.job.definition].id;
    set(&mut github, "job", id.as_str());
    set(&mut github, "workspace", text(&places.workspace));
    set(&mut github, "event_path", text(&places.event));
    set(&mut contexts, "github", github);
    set(&mut contexts, "secrets", context.secrets_context());
    let runner = [
        ("os", os()),
        ("arch", arch()),
        ("name", "towpath"),
        ("environment", "github-hosted"),
        ("debug", ""),
    ];
    let mut runner: Vec<(String, Value)> = runner
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
    for (name, path) in [
        ("temp", places.temp.as_path()),
        ("tool_cache", machine.tool_cache),
    ] {
        runner.push((name.to_owned(), Value::from(text(path))));
    }
    if let Some(workspace) = places.workspace.parent() {
        runner.push(("workspace".to_owned(), Value::from(text(workspace))));
    }
    set(&mut contexts, "runner", Object(runner));
    contexts
}

impl RunningJob<'_> {
    /// Returns all contexts for the expressions of a step whose own variables are `own`.
    pub(super) fn contexts(
        &self,
        level: &Level,
        own: &BTreeMap<String, String>,
        step: Option<&str>,
    ) -> Object {
        let mut contexts = self.fixed.clone();
        let environment = self.step_variables(level, own).into_iter();
        let environment = environment.map(|(name, value)| (name, Value::from(value)));
        set(&mut contexts, "env", Object(environment.collect()));
        set(&mut contexts, "steps", level.steps());
        let github = self.github(level, step);
        set(&mut contexts, "job", self.job_context(&github));
        set(&mut contexts, "github", github);
        if let Some(action) = &level.action {
            set(&mut contexts, "inputs", action.inputs.clone());
            // A composite action sees no secrets but those it is given.
            contexts.0.retain(|(name, _)| name != "secrets");
        }
        contexts
    }

    /// Returns the context `job`, which names the file of the job; `github` names the one that was started.
    fn job_context(&self, github: &Object) -> Object {
        let named = |name: &str| github.get(name).map_or_else(String::new, Value::to_text);
        let file = WorkflowPlace::of(&self.assignment.frame.file);
        let (repository, reference) = match file.elsewhere {
            // The commit of a fetched workflow is known where it is named by it.
            Some((repository, version)) => (repository.to_owned(), version.to_owned()),
            None => (named("repository"), named("ref")),
        };
        let sha = match file.elsewhere {
            Some((_, version)) if !is_commit(version) => String::new(),
            Some((_, version)) => version.to_owned(),
            None => named("sha"),
        };
        let mut job = Object(vec![
            ("status".to_owned(), Value::from(self.status.as_str())),
            (
                "workflow_ref".to_owned(),
                Value::from(format!("{repository}/{}@{reference}", file.path)),
            ),
            ("workflow_sha".to_owned(), Value::from(sha)),
            ("workflow_repository".to_owned(), Value::from(repository)),
            ("workflow_file_path".to_owned(), Value::from(file.path)),
        ]);
        self.tell_containers(&mut job);
        job
    }

    /// Returns what stays the same of the context `github`.
    pub(super) fn fixed_github(&self) -> Option<&Object> {
        github_of(&self.fixed)
    }

    /// Returns the context `github` of a step.
    pub(super) fn github(&self, level: &Level, step: Option<&str>) -> Object {
        let mut github = self.fixed_github().cloned().unwrap_or_default();
        set(&mut github, "action", step.unwrap_or("__run"));
        for (name, file) in self.files.next() {
            github.0.push((name.to_owned(), Value::from(file)));
        }
        if let Some(action) = &level.action {
            set(&mut github, "action_path", text(&action.folder));
            set(&mut github, "action_repository", action.repository.as_str());
            set(&mut github, "action_ref", action.version.as_str());
            set(&mut github, "action_status", action.status.as_str());
        }
        github
    }

    /// Returns the variables that workflow, job, earlier steps and the step itself define.
    pub(super) fn step_variables(
        &self,
        level: &Level,
        own: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let mut variables = self.environment.clone();
        if let Some(action) = &level.action {
            variables.extend(action.environment.clone());
        }
        variables.extend(own.clone());
        variables
    }

    /// Returns the whole environment of a step's process. What the workflow says of `GITHUB_…` and
    /// `RUNNER_…` does not count.
    pub(super) fn process_environment(
        &self,
        level: &Level,
        own: &BTreeMap<String, String>,
        step: Option<&str>,
    ) -> BTreeMap<String, String> {
        let mut environment = self.machine.environment.clone();
        for (name, value) in [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("HOME", &*text(&self.places.home)),
            ("TMPDIR", &*text(&self.places.temp)),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
        let own = self.step_variables(level, own).into_iter();
        environment.extend(own.filter(|(name, _)| !is_reserved(name)));
        let github = self.github(level, step);
        for (key, value) in &github.0 {
            if EXPORTED.contains(&key.as_str()) {
                let name = format!("GITHUB_{}", key.to_ascii_uppercase());
                environment.insert(name, value.to_text());
            }
        }
        environment.insert("GITHUB_WORKSPACE".to_owned(), text(&self.places.workspace));
        if let Some(Value::Object(runner)) = self.fixed.get("runner") {
            for (name, value) in &runner.0 {
                let name = format!("RUNNER_{}", name.to_ascii_uppercase());
                environment.insert(name, value.to_text());
            }
        }
        environment.insert("RUNNER_TRACKING_ID".to_owned(), self.tracking.clone());
        environment.extend(self.files.variables());
        if !self.paths.is_empty() {
            let before = environment.get("PATH").cloned().unwrap_or_default();
            let paths = self.paths.join(":");
            let path = if before.is_empty() {
                paths
            } else {
                format!("{paths}:{before}")
            };
            environment.insert("PATH".to_owned(), path);
        }
        environment
    }

    /// Returns how the steps at a level fare: an action's own status, else that of the job.
    pub(super) fn status_at(&self, level: &Level) -> Status {
        match &level.action {
            Some(action) if self.status != Status::Cancelled => action.status,
            _ => self.status,
        }
    }
}

/// Returns the context `github` among others.
pub(super) fn github_of(contexts: &Object) -> Option<&Object> {
    match contexts.get("github") {
        Some(Value::Object(github)) => Some(github),
        _ => None,
    }
}

fn is_commit(version: &str) -> bool {
    version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Tells whether a variable is set for every step whatever the workflow says of it.
fn is_reserved(name: &str) -> bool {
    const OF_JOB: [&str; 7] = [
        "ACTIONS",
        "WORKSPACE",
        "ENV",
        "OUTPUT",
        "PATH",
        "STATE",
        "STEP_SUMMARY",
    ];
    const OF_RUNNER: [&str; 8] = [
        "OS",
        "ARCH",
        "NAME",
        "ENVIRONMENT",
        "TEMP",
        "TOOL_CACHE",
        "WORKSPACE",
        "TRACKING_ID",
    ];
    let name = name.to_ascii_uppercase();
    if let Some(key) = name.strip_prefix("GITHUB_") {
        return OF_JOB.contains(&key) || EXPORTED.contains(&&*key.to_ascii_lowercase());
    }
    name.strip_prefix("RUNNER_")
        .is_some_and(|key| OF_RUNNER.contains(&key))
}

pub(super) fn set(object: &mut Object, name: &str, value: impl Into<Value>) {
    let value = value.into();
    match object.0.iter_mut().find(|(own, _)| own == name) {
        Some((_, own)) => *own = value,
        None => object.0.push((name.to_owned(), value)),
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// In the words of `runner.os`.
fn os() -> &'static str {
    match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        other => other,
    }
}

/// In the words of `runner.arch`.
fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "X64",
        "x86" => "X86",
        "aarch64" => "ARM64",
        "arm" => "ARM",
        other => other,
    }
}
