//! What may follow `uses`: the name of an action or of a workflow.

/// Tells whether a text names an action: `owner/repository[/path]@version`, `./path`, `$/path` or
/// `docker://image`.
pub(crate) fn is_action(name: &str) -> bool {
    let is_whole = ["./", ".\\", "$/", "docker://"]
        .iter()
        .any(|start| name.starts_with(start));
    is_whole
        || !name.starts_with("../")
            && !name.starts_with('/')
            && name.split_once('@').is_some_and(|(path, version)| {
                path.split('/').filter(|part| !part.is_empty()).count() >= 2 && !version.is_empty()
            })
}

/// Why a text names no workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkflowMistake {
    NoVersion,
    NoRepository,
    OtherFolder,
    NoYaml,
}

/// Tells why a text names no workflow: `./.github/workflows/NAME.yml` or
/// `owner/repository/.github/workflows/NAME.yml@version`.
pub(crate) fn workflow_mistake(name: &str) -> Option<WorkflowMistake> {
    let local = ["./", "$/"]
        .iter()
        .find_map(|start| name.strip_prefix(start));
    let path = match local {
        Some(path) => path,
        None => match remote_path(name) {
            Ok(path) => path,
            Err(mistake) => return Some(mistake),
        },
    };
    let Some(file) = path
        .strip_prefix(".github/workflows/")
        .filter(|file| !file.contains(['/', '@']))
    else {
        return Some(WorkflowMistake::OtherFolder);
    };
    let extension = file.rsplit_once('.').map(|(_, extension)| extension);
    (!matches!(extension, Some("yml" | "yaml"))).then_some(WorkflowMistake::NoYaml)
}

fn remote_path(name: &str) -> Result<&str, WorkflowMistake> {
    let (path, version) = name.split_once('@').unwrap_or((name, ""));
    let mut parts = path.splitn(3, '/');
    let has_repository = (0..2).all(|_| {
        parts
            .next()
            .is_some_and(|part| !part.is_empty() && part != ".")
    });
    match parts.next() {
        Some(path) if has_repository => {
            if version.is_empty() {
                Err(WorkflowMistake::NoVersion)
            } else {
                Ok(path)
            }
        }
        _ => Err(WorkflowMistake::NoRepository),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_names_of_actions() {
        for (name, expected) in [
            ("actions/checkout@v4", true),
            ("owner/repository/path/to@main", true),
            ("./", true),
            ("./.github/actions/x", true),
            ("$/", true),
            ("docker://alpine:3", true),
            ("actions/checkout", false),
            ("checkout@v4", false),
            ("actions/checkout@", false),
            ("../x", false),
            ("/x/y@v1", false),
            ("", false),
        ] {
            assert_eq!(is_action(name), expected, "{name}");
        }
    }

    #[test]
    fn knows_names_of_workflows() {
        use WorkflowMistake::{NoRepository, NoVersion, NoYaml, OtherFolder};
        for (name, expected) in [
            ("./.github/workflows/a.yml", None),
            ("$/.github/workflows/a.yaml", None),
            ("owner/repository/.github/workflows/a.yml@v1", None),
            ("./.github/workflows/a.yml@v1", Some(OtherFolder)),
            ("./.github/workflows/sub/a.yml", Some(OtherFolder)),
            ("./a.yml", Some(OtherFolder)),
            ("./.github/workflows/a.txt", Some(NoYaml)),
            ("owner/repository/.github/workflows/a.yml", Some(NoVersion)),
            ("owner/repository/a.yml@v1", Some(OtherFolder)),
            ("a.yml", Some(NoRepository)),
            ("owner/a.yml@v1", Some(NoRepository)),
            ("", Some(NoRepository)),
        ] {
            assert_eq!(workflow_mistake(name), expected, "{name}");
        }
    }
}
