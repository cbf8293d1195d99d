//! Actions of the marketplace that run a tool of Python, and those that choose a Python.
//! Each is said in the words of the command that it runs; unknown actions are taken to prepare.

use super::inputs::{With, input};
use super::pythons_in;
use super::tool_actions::ToolAction;
use crate::PythonVersion;
use crate::automation::shell;
use crate::automation::tools::{self, Tool};
use crate::automation::walk::{Scene, Walker};

/// Returns the Pythons that an action sets up; `None` for actions that set up none.
pub(super) fn pythons(action: &str, with: With<'_>) -> Option<Vec<PythonVersion>> {
    let sets_up = matches!(
        action.to_ascii_lowercase().as_str(),
        "actions/setup-python"
            | "astral-sh/setup-uv"
            | "conda-incubator/setup-miniconda"
            | "pdm-project/setup-pdm"
            | "deadsnakes/action"
            | "pypa/hatch"
            | "quansight-labs/setup-python"
            | "mlocati/setup-python"
            | "mamba-org/setup-micromamba"
            | "eifinger/setup-rye"
            | "prefix-dev/setup-pixi"
            | "hynek/setup-cached-uv"
    );
    let version = input(with, &["python-version"])?;
    sets_up.then(|| pythons_in(version))
}

/// Notes what an action runs.
pub(super) fn follow(walker: &mut Walker<'_>, action: &str, with: With<'_>, scene: &Scene) {
    let lower = action.to_ascii_lowercase();
    match lower.as_str() {
        "pre-commit/action"
        | "tox-dev/action-pre-commit-uv"
        | "j178/prek-action"
        | "cloudposse/github-action-pre-commit" => {
            let mut words = ["pre-commit", "run"].map(str::to_owned).to_vec();
            words.extend(shell::words(
                input(with, &["extra_args", "extra-args"]).unwrap_or("--all-files"),
            ));
            walker.command(&words, scene);
        }
        "nick-fields/retry"
        | "nick-invision/retry"
        | "gabrielbb/xvfb-action"
        | "coactions/setup-xvfb"
        | "wandalen/wretry.action" => {
            if let Some(script) = input(with, &["command", "run"]) {
                walker.line(script, scene);
            }
        }
        "hynek/build-and-inspect-python-package" => {
            let path = input(with, &["path"]).unwrap_or(".");
            run(
                walker,
                &format!("python -m build {path}"),
                None,
                with,
                scene,
            );
            run(walker, "twine check --strict dist/*", None, with, scene);
        }
        "awalsh128/cache-apt-pkgs-action" => {
            let packages = input(with, &["packages"]).unwrap_or_default();
            walker
                .apt_packages
                .extend(packages.split_whitespace().map(str::to_owned));
        }
        "ammaraskar/sphinx-action" => {
            let folder = input(with, &["docs-folder"]).unwrap_or("docs");
            let command = input(with, &["build-command"]).unwrap_or("make html");
            let mut inner = scene.clone();
            inner.folder = crate::automation::paths::join(&scene.folder, folder);
            walker.line(command, &inner);
        }
        _ => {
            if let Some(action) = ToolAction::find(&lower) {
                run(walker, &action.command(with), action.version, with, scene);
            }
        }
    }
}

fn run(
    walker: &mut Walker<'_>,
    command: &str,
    version: Option<&str>,
    with: With<'_>,
    scene: &Scene,
) {
    let mut words = shell::words(command);
    if words.starts_with(&["python".to_owned(), "-m".to_owned()]) {
        words.drain(..2);
    }
    let Some(tool) = tools::recognise(&words) else {
        return;
    };
    // The action brings its own installation.
    let mut inner = scene.clone();
    inner.scope = walker.new_scope();
    if let Some(folder) = input(with, &["working-directory"]) {
        inner.folder = crate::automation::paths::join(&scene.folder, folder);
    }
    let pinned = version
        .and_then(|name| input(with, &[name]))
        .map(|version| version.trim_start_matches(['v', '=']));
    if let Some(version) =
        pinned.filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
    {
        walker.pin_requirements(
            &[format!("{}=={version}", tools::package(&tool.name))],
            &inner,
        );
    }
    let passes = input(with, &["exit_zero"]).is_some_and(|text| text == "true");
    inner.can_fail &= !passes;
    let Tool { name, arguments } = tool;
    walker.record(Tool { name, arguments }, &[], &inner);
}
