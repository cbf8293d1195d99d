//! `uv.lock`, exported by uv as requirements with hashes and markers, and remembered as long as neither the
//! lock nor the manifest beside it changes.

use std::path::Path;

use towpath_host::{Digest, digest_file};

use super::super::context::Context;
use super::super::pip_file::{self, PipFile};
use super::super::{Error, LockedInstall};

const KIND: &str = "uv-export";

/// Returns the requirements of the lock, without the members of the workspace.
pub(super) fn export(context: &Context<'_>, install: &LockedInstall) -> Result<PipFile, Error> {
    let arguments = arguments(context, install);
    let key = key(context, install, &arguments)?;
    let remembered = context.store.entry(KIND, key.as_str())?;
    let text = if let Some(text) = remembered.and_then(|bytes| String::from_utf8(bytes).ok()) {
        text
    } else {
        let text = context.run(
            arguments,
            &install.project,
            format!("read `{}`", install.path.display()),
        )?;
        context
            .store
            .put_entry(KIND, key.as_str(), text.as_bytes())?;
        text
    };
    pip_file::read_text(&text, &install.project.join("uv.lock"))
}

fn arguments(context: &Context<'_>, install: &LockedInstall) -> Vec<String> {
    let fixed = [
        "export",
        "--quiet",
        "--frozen",
        "--no-default-groups",
        "--no-emit-workspace",
        "--no-header",
        "--no-annotate",
        "--format=requirements-txt",
    ];
    let mut arguments = fixed.map(str::to_owned).to_vec();
    arguments.extend([
        "--python".to_owned(),
        context.interpreter.path.display().to_string(),
    ]);
    for (option, names) in [("--group", &install.groups), ("--extra", &install.extras)] {
        for name in names {
            arguments.extend([option.to_owned(), name.clone()]);
        }
    }
    if install.all_members {
        arguments.push("--all-packages".to_owned());
    }
    arguments
}

/// The export is the same for every Python, but uv refuses one that the project does not admit.
fn key(
    context: &Context<'_>,
    install: &LockedInstall,
    arguments: &[String],
) -> Result<Digest, Error> {
    let digest = |path: &Path| {
        digest_file(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })
    };
    let lock = digest(&install.path)?;
    let root = install.path.parent().unwrap_or(&install.project);
    let manifests = [
        root.join("pyproject.toml"),
        install.project.join("pyproject.toml"),
    ];
    let mut parts = vec![
        lock.to_string(),
        context.uv.version.clone(),
        context.interpreter.version.clone(),
    ];
    parts.push(install.project.display().to_string());
    for manifest in &manifests {
        parts.push(digest(manifest)?.to_string());
    }
    parts.extend(arguments.iter().cloned());
    Ok(Digest::of_parts(parts.iter().map(String::as_bytes)))
}
