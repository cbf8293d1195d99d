//! `astral-sh/setup-uv`: puts the uv of this machine, or the one that towpath uses, on `PATH`.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use towpath_python::{Machine, Uv, find_interpreters, find_uv};
use towpath_report::Problem;
use towpath_runner::{Action, Effects, JobContext, Outcome, StepContext, StepInputs};

use crate::setup_python::find_interpreter;
use crate::step::{Done, caused, github, in_workspace, is_true, problem, tool_folder, warn};
use crate::versions::Versions;

const NAME: &str = "astral-sh/setup-uv";

/// Its versions.
pub(crate) const VERSIONS: Versions = Versions {
    majors: (1, 10),
    pins: &[("d4b2f3b6ecc6e67c4457f6d3e41ec42d3d0fcb86", "v5.4.2")],
    branches: &["main"],
};

/// The action.
#[derive(Debug)]
pub struct SetupUv<'a> {
    /// The machine with its uv and interpreters.
    pub machine: Machine<'a>,
}

impl Action for SetupUv<'_> {
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
        in_workspace(NAME, context, |step| self.set_up(inputs, context, step))
    }
}

impl SetupUv<'_> {
    fn set_up(
        &self,
        inputs: &StepInputs,
        context: &JobContext<'_>,
        step: &StepContext<'_>,
    ) -> Done {
        let uv = find_uv(&self.machine).map_err(|error| caused(&error, error.hints()))?;
        let mut effects = Effects::default();
        let wanted = match (
            inputs.get("version").trim(),
            inputs.get("version-file").trim(),
        ) {
            ("", "") => String::new(),
            ("", file) => version_of_file(&step.workspace.join(file))?,
            (version, _) => version.to_owned(),
        };
        if is_other_version(&wanted, &uv.version) {
            let message = format!("uv {} is used instead of {wanted}", uv.version);
            warn(context, &mut effects, message);
        }
        let bin = step.temp.join("_uv/bin");
        link(&uv, &bin).map_err(|error| {
            problem(
                format!("cannot put uv into `{}`: {error}", bin.display()),
                "check that there is space on the disk",
            )
        })?;
        context
            .progress
            .output(&format!("uv {} of {}", uv.version, uv.program.display()));
        effects.paths.push(bin.display().to_string());
        for (name, value) in [
            ("uv-version", uv.version.clone()),
            ("uv-path", bin.join("uv").display().to_string()),
            ("uvx-path", bin.join("uvx").display().to_string()),
            ("cache-hit", "false".to_owned()),
        ] {
            effects.outputs.insert(name.to_owned(), value);
        }
        if uses_cache(inputs.get("enable-cache"), &github(step, "event_name")) {
            let cache = tool_folder(step, "uv").display().to_string();
            effects.environment.insert("UV_CACHE_DIR".to_owned(), cache);
        }
        self.choose_python(inputs, &mut effects)?;
        if is_true(inputs, "activate-environment", false)? {
            activate(&uv, inputs, step, &mut effects)?;
        }
        Ok(effects)
    }

    /// Names the interpreter by its path: uv finds fewer of them than towpath does.
    fn choose_python(&self, inputs: &StepInputs, effects: &mut Effects) -> Result<(), Problem> {
        let version = inputs.get("python-version").trim();
        if version.is_empty() {
            return Ok(());
        }
        let interpreters = find_interpreters(&self.machine);
        let interpreter = find_interpreter(NAME, version, &interpreters)?;
        let path = interpreter.path.display().to_string();
        effects.environment.insert("UV_PYTHON".to_owned(), path);
        let version = interpreter.version.clone();
        effects.outputs.insert("python-version".to_owned(), version);
        Ok(())
    }
}

/// Returns whether uv keeps what it fetches beyond the job. For events whose jobs publish, or have rights
/// while they handle what others sent, only when it is asked for, as since version 10.
fn uses_cache(wish: &str, event: &str) -> bool {
    match wish {
        "true" => true,
        "false" => false,
        _ => !matches!(event, "pull_request_target" | "workflow_run" | "release"),
    }
}

/// Reads the version that a file asks for; empty where it asks for none.
fn version_of_file(file: &Path) -> Result<String, Problem> {
    let text = fs_err::read_to_string(file).map_err(|error| {
        problem(
            format!("the input `version-file` cannot be read: {error}"),
            "name a file of the workspace, such as `uv.toml`, after the step that checks it out",
        )
    })?;
    Ok(version_in(&text).unwrap_or_default().to_owned())
}

/// Finds what `uv.toml`, `pyproject.toml`, `.tool-versions` or a file of requirements says of uv.
fn version_in(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        let line = line.trim();
        let rest = line
            .strip_prefix("required-version")
            .and_then(|rest| rest.trim_start().strip_prefix('='))
            .or_else(|| line.strip_prefix("uv=="))
            .or_else(|| line.strip_prefix("uv "))?;
        let rest = rest.trim().trim_matches(['"', '\'']);
        let version = rest.trim_start_matches("==").split([' ', ';', '#']).next();
        version.filter(|version| !version.is_empty())
    })
}

/// Returns whether a version that is asked for is surely another one.
fn is_other_version(wanted: &str, have: &str) -> bool {
    let is_number = wanted.starts_with(|first: char| first.is_ascii_digit());
    let wanted = wanted.trim_end_matches(".x");
    let is_start = have
        .strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    is_number && !is_start
}

/// Puts links to uv and uvx into a folder of the job, since their own folder may hold anything.
fn link(uv: &Uv, bin: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(bin)?;
    let uvx = uv.program.with_file_name("uvx");
    for (name, target) in [("uv", &uv.program), ("uvx", &uvx)] {
        let path = bin.join(name);
        if path.symlink_metadata().is_ok() {
            continue;
        }
        if target.is_file() {
            symlink(target, &path)?;
        } else {
            std::fs::write(&path, "#!/bin/sh\nexec \"${0%/*}/uv\" tool run \"$@\"\n")?;
            let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&path, executable)?;
        }
    }
    Ok(())
}

/// Makes an environment in the workspace and puts it in front.
fn activate(
    uv: &Uv,
    inputs: &StepInputs,
    step: &StepContext<'_>,
    effects: &mut Effects,
) -> Result<(), Problem> {
    let folder = step
        .workspace
        .join(inputs.get("working-directory"))
        .join(".venv");
    let mut command = Command::new(&uv.program);
    command
        .args(["venv", "--quiet", "--allow-existing"])
        .arg(&folder);
    let output = command
        .current_dir(step.workspace)
        .env_clear()
        .envs(step.environment)
        .envs(&effects.environment)
        .env("UV_PYTHON_DOWNLOADS", "never")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| problem(error.to_string(), "check that `uv --version` works"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(problem(
            format!("`uv venv` failed: {said}"),
            "name a Python of this machine with the input `python-version`",
        ));
    }
    let text = folder.display().to_string();
    effects
        .environment
        .insert("VIRTUAL_ENV".to_owned(), text.clone());
    effects.paths.push(folder.join("bin").display().to_string());
    effects.outputs.insert("venv".to_owned(), text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_with_rights_use_the_cache_only_when_asked_to() {
        for (wish, event, expected) in [
            ("", "push", true),
            ("auto", "pull_request", true),
            ("auto", "release", false),
            ("", "pull_request_target", false),
            ("true", "workflow_run", true),
            ("false", "push", false),
        ] {
            assert_eq!(uses_cache(wish, event), expected, "{wish} {event}");
        }
    }

    #[test]
    fn versions_are_read_in_files() {
        for (text, expected) in [
            ("[tool.uv]\nrequired-version = \"==0.5.1\"\n", Some("0.5.1")),
            ("required-version = '>=0.4'\n", Some(">=0.4")),
            ("python 3.12\nuv 0.5.1\n", Some("0.5.1")),
            ("pip==1\nuv==0.5.1 ; python_version > '3'\n", Some("0.5.1")),
            ("uvicorn==1\n", None),
        ] {
            assert_eq!(version_in(text), expected, "{text}");
        }
    }

    #[test]
    fn only_a_version_that_is_surely_another_is_told() {
        for (wanted, expected) in [
            ("", false),
            ("latest", false),
            (">=0.5", false),
            ("0.13.8", false),
            ("0.13.x", false),
            ("0.13", false),
            ("0.1", true),
            ("0.5.1", true),
        ] {
            assert_eq!(is_other_version(wanted, "0.13.8"), expected, "{wanted}");
        }
    }
}
