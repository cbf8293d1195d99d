//! `actions/setup-node`: takes the Node.js that is on `PATH`, if it is of the version asked for.

use std::process::{Command, Stdio};

use towpath_report::Problem;
use towpath_runner::{Action, Effects, JobContext, Outcome, StepContext, StepInputs};

use crate::setup_python::is_in_range;
use crate::step::{Done, in_workspace, problem};
use crate::versions::Versions;

const NAME: &str = "actions/setup-node";

/// Its versions.
pub(crate) const VERSIONS: Versions = Versions {
    majors: (1, 7),
    pins: &[("49933ea5288caeca8642d1e84afbd3f7d6820020", "v4.4.0")],
    branches: &["main"],
};

/// The action.
#[derive(Debug)]
pub struct SetupNode;

impl Action for SetupNode {
    fn name(&self) -> &'static str {
        NAME
    }

    fn gives_programs(&self) -> bool {
        true
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        VERSIONS.accept(NAME, version)
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        in_workspace(NAME, context, |step| set_up(inputs, context, step))
    }
}

fn set_up(inputs: &StepInputs, context: &JobContext<'_>, step: &StepContext<'_>) -> Done {
    let wanted = wanted(inputs, step)?;
    let have = installed(step).ok_or_else(|| {
        problem(
            "there is no Node.js on `PATH`",
            "install Node.js on this machine",
        )
    })?;
    let is_any = wanted.is_empty()
        || ["lts/", "latest", "node", "current", "*"]
            .iter()
            .any(|word| wanted.starts_with(word));
    if !is_any && !is_in_range(&wanted, &have) {
        return Err(problem(
            format!("version `{wanted}` of Node.js is not on this machine, which has {have}"),
            "install it and put it in front of `PATH`",
        ));
    }
    context
        .progress
        .output(&format!("Node.js {have} of this machine"));
    let mut effects = Effects::default();
    effects
        .outputs
        .insert("node-version".to_owned(), format!("v{have}"));
    effects
        .outputs
        .insert("cache-hit".to_owned(), "false".to_owned());
    Ok(effects)
}

fn wanted(inputs: &StepInputs, step: &StepContext<'_>) -> Result<String, Problem> {
    let (version, file) = (inputs.get("node-version"), inputs.get("node-version-file"));
    if !version.is_empty() || file.is_empty() {
        return Ok(version.trim().trim_start_matches('v').to_owned());
    }
    let text = fs_err::read_to_string(step.workspace.join(file))
        .map_err(|error| problem(error.to_string(), "check the input `node-version-file`"))?;
    if file.ends_with("package.json") {
        let package: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let version = package
            .pointer("/engines/node")
            .and_then(serde_json::Value::as_str);
        return Ok(version.unwrap_or_default().to_owned());
    }
    let line = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let version = line.trim().trim_start_matches("nodejs ");
    Ok(version.trim_start_matches('v').to_owned())
}

fn installed(step: &StepContext<'_>) -> Option<String> {
    let path = step.environment.get("PATH")?;
    let program = std::env::split_paths(path).map(|folder| folder.join("node"));
    let program = program.into_iter().find(|program| program.is_file())?;
    let output = Command::new(program)
        .arg("--version")
        .env_clear()
        .envs(step.environment)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.trim().strip_prefix('v')?;
    Some(version.to_owned())
}
