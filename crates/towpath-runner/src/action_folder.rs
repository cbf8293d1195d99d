//! The folder of an action that is not built in, and the metadata in it.

use std::path::{Path, PathBuf};

use fs_err as fs;
use towpath_report::{Problem, Severity, Source};
use towpath_workflow::parse_action;
use towpath_workflow::syntax::Action;

/// How deep composite actions may use one another.
pub(crate) const MAX_ACTION_DEPTH: usize = 10;

/// Returns the problem of a composite action that is used too deep, or by itself.
pub(crate) fn too_deep(action: &str) -> Problem {
    let most = MAX_ACTION_DEPTH;
    Problem::error(format!(
        "actions use one another more than {most} deep at `{action}`"
    ))
    .with_hint("use fewer levels, and no action in itself")
}

/// Tells whether `uses` names a folder of the workspace.
pub(crate) fn is_local(action: &str) -> bool {
    action.starts_with("./") || action.starts_with("$/")
}

/// Returns the folder of an action in the folder of its repository: `owner/name/path@version`.
pub(crate) fn repository_path(repository: &Path, action: &str) -> PathBuf {
    let name = action.split('@').next().unwrap_or(action);
    let path = name.splitn(3, '/').nth(2);
    path.map_or_else(|| repository.to_owned(), |path| repository.join(path))
}

/// Returns the file in the folder of an action that says what it is.
pub(crate) fn metadata_file(folder: &Path) -> Option<PathBuf> {
    let candidates = ["action.yml", "action.yaml"].map(|name| folder.join(name));
    candidates.into_iter().find(|file| file.is_file())
}

/// Reads `action.yml` or `action.yaml` in the folder of an action.
pub(crate) fn read_metadata(folder: &Path, action: &str) -> Result<Action, Problem> {
    let Some(file) = metadata_file(folder) else {
        return Err(Problem::error(format!(
            "`{action}` is no action: it has neither `action.yml` nor `action.yaml`"
        ))
        .with_hint("check the name and the folder of the action"));
    };
    let text = fs::read_to_string(&file).map_err(|error| Problem::error(error.to_string()))?;
    let path = file.to_string_lossy();
    let source = Source {
        path: &path,
        text: &text,
    };
    let (metadata, problems) = parse_action(&source);
    let error = problems
        .into_iter()
        .find(|problem| problem.severity == Severity::Error);
    match (metadata, error) {
        (_, Some(problem)) => Err(problem),
        (Some(metadata), None) => Ok(metadata),
        (None, None) => Err(Problem::error(format!(
            "`{action}` has an empty `action.yml`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_may_lie_deep_in_their_repository() {
        let folder = Path::new("/store/x");
        for (action, expected) in [
            ("o/n@v1", "/store/x"),
            ("o/n/restore@v1", "/store/x/restore"),
            ("o/n/a/b@main", "/store/x/a/b"),
        ] {
            assert_eq!(repository_path(folder, action), Path::new(expected));
        }
    }
}
