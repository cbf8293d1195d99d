//! Paths relative to the repository, as text with `/`. Never touches the disk.

/// Variables by which CI names the folder of the repository.
const REPOSITORY: &[&str] = &[
    "${{ github.workspace }}",
    "${{github.workspace}}",
    "$GITHUB_WORKSPACE",
    "${GITHUB_WORKSPACE}",
    "$CI_PROJECT_DIR",
    "${CI_PROJECT_DIR}",
    "$TRAVIS_BUILD_DIR",
    "$(Build.SourcesDirectory)",
    "$(System.DefaultWorkingDirectory)",
    "$CIRCLE_WORKING_DIRECTORY",
    "$CIRRUS_WORKING_DIR",
    "%APPVEYOR_BUILD_FOLDER%",
    "$APPVEYOR_BUILD_FOLDER",
];

/// Joins a path to a folder of the repository and resolves `.` and `..`. A path that starts at an
/// unknown place (`/opt`, `$HOME`) stays as it is written.
pub(super) fn join(folder: &str, path: &str) -> String {
    let path = path.trim();
    let at_root = REPOSITORY
        .iter()
        .find_map(|name| path.strip_prefix(name))
        .map(|rest| rest.trim_start_matches('/'));
    let (folder, path) = match at_root {
        Some(rest) => ("", rest),
        None => (folder, path),
    };
    let path = path
        .strip_prefix("$PWD/")
        .or_else(|| path.strip_prefix("$(pwd)/"))
        .unwrap_or(path);
    if path.starts_with(['/', '$', '~', '%']) || path.contains("://") {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if folder.starts_with('/') {
        format!("/{joined}")
    } else {
        joined
    }
}

/// Returns the text of a variable with the folder of the repository in the place of the names that CI has
/// for it, and `folder`, in which a command runs, in the place of the shell's own.
pub fn with_folders(text: &str, repository: &str, folder: &str) -> String {
    let mut text = text.to_owned();
    for name in REPOSITORY {
        text = text.replace(name, repository);
    }
    for name in ["${PWD}", "$PWD", "$(pwd)", "`pwd`"] {
        text = text.replace(name, folder);
    }
    text
}

/// Returns the folder of a path; empty at the top.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns the folder and all that hold it, innermost first, the top (empty) last.
pub(super) fn upwards(folder: &str) -> Vec<&str> {
    let mut folders = vec![folder];
    let mut folder = folder;
    while !folder.is_empty() {
        folder = parent(folder);
        folders.push(folder);
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_paths() {
        for (folder, path, expected) in [
            ("", "src", "src"),
            ("a", "./b/", "a/b"),
            ("a/b", "..", "a"),
            ("a", "../..", ".."),
            ("a", "", "a"),
            ("a", "$HOME/x", "$HOME/x"),
            ("a", "$GITHUB_WORKSPACE/x", "x"),
            ("/opt/x", "y", "/opt/x/y"),
        ] {
            assert_eq!(join(folder, path), expected, "{folder} {path}");
        }
        assert_eq!(upwards("a/b"), ["a/b", "a", ""]);
    }
}
