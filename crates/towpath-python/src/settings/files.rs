//! Finds the file that holds a project's settings. Knows the two places; reads through the tree alone.

use towpath_host::Tree;
use towpath_report::{Problem, Source};

use super::{RawSettings, Setting, parse_settings};

/// Returns the settings of the project at `project_root` (relative to the repository, empty for its
/// root) and everything wrong with them, in file order.
///
/// They stand in `[tool.towpath]` of `pyproject.toml` or in `towpath.toml` beside it; both at once is
/// a problem. Neither gives empty settings.
pub fn read_settings(
    tree: &Tree,
    project_root: &str,
    declarations: &[&[Setting]],
) -> (RawSettings, Vec<Problem>) {
    let text = |path: &str| {
        let read = tree.contains(path).then(|| tree.read_text(path))?;
        Some(read.map_err(|error| error.to_string()))
    };
    read_settings_of(project_root, declarations, &text)
}

/// Does the same where there is no tree: `text` returns what a file holds, none where there is none.
pub fn read_settings_of(
    project_root: &str,
    declarations: &[&[Setting]],
    text: &dyn Fn(&str) -> Option<Result<String, String>>,
) -> (RawSettings, Vec<Problem>) {
    let beside = |name: &str| match project_root {
        "" | "." => name.to_owned(),
        root => format!("{root}/{name}"),
    };
    let (manifest, own) = (beside("pyproject.toml"), beside("towpath.toml"));
    let mut problems = Vec::new();
    let manifest_text = read_text(text, &manifest, &mut problems);
    let own_text = read_text(text, &own, &mut problems);

    let mut settings = RawSettings::default();
    for (path, text) in [(&manifest, manifest_text), (&own, own_text)] {
        let Some(text) = text else { continue };
        let source = Source { path, text: &text };
        let (read, found) = parse_settings(&source, declarations);
        if path == &own && settings.header.is_some() {
            problems.push(configured_twice(&source, &manifest));
        }
        problems.extend(found);
        if settings.header.is_none() {
            settings = read;
        }
    }
    (settings, problems)
}

fn read_text(
    text: &dyn Fn(&str) -> Option<Result<String, String>>,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    match text(path)? {
        Ok(text) => Some(text),
        Err(error) => {
            let problem = Problem::error(format!("cannot read `{path}`: {error}"));
            problems.push(problem.with_hint(format!("make `{path}` a readable file")));
            None
        }
    }
}

fn configured_twice(own: &Source<'_>, manifest: &str) -> Problem {
    let first_line = own.text.find('\n').unwrap_or(own.text.len());
    let message = format!(
        "towpath is configured twice, in `{}` and in `{manifest}`",
        own.path
    );
    own.error(0..first_line, message, "the second configuration")
        .with_hint(format!(
            "move these keys below `[tool.towpath]` of `{manifest}` and remove `{}`",
            own.path
        ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use towpath_host::{SnapshotOptions, snapshot};

    use super::*;
    use crate::settings::SettingKind;

    const DECLARED: &[Setting] = &[Setting {
        table: "",
        key: "standard",
        kind: SettingKind::Boolean,
        default: "false",
        doc: "Adopts it.",
    }];

    fn read(files: &[(&str, &str)], root: &str) -> (RawSettings, Vec<String>) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let repository = folder.path().join("repository");
        for (path, text) in files {
            let path = repository.join(path);
            fs::create_dir_all(path.parent().expect("a file has a folder"))
                .expect("folder can be made");
            fs::write(path, text).expect("file can be written");
        }
        let index_file = folder.path().join("index");
        let options = SnapshotOptions {
            root: &repository,
            index_file: &index_file,
            verify: false,
        };
        let tree = snapshot(&options).expect("a folder can be read");
        let (settings, problems) = read_settings(&tree, root, &[DECLARED]);
        let told = |problem: &Problem| {
            let place = problem
                .place
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            format!("{place} {}", problem.message)
        };
        (settings, problems.iter().map(told).collect())
    }

    #[test]
    fn reads_either_file_of_a_project() {
        let files = [
            (
                "pyproject.toml",
                "\u{feff}[tool.towpath]\nstandard = true\n",
            ),
            ("packages/a/towpath.toml", "standard = false\n"),
            ("packages/a/pyproject.toml", "[project]\n"),
        ];
        for (root, expected) in [
            ("", Some(true)),
            ("packages/a", Some(false)),
            ("packages/b", None),
        ] {
            let (settings, problems) = read(&files, root);
            assert_eq!(settings.boolean("", "standard"), expected, "{root}");
            assert_eq!(problems, [""; 0], "{root}");
        }
    }

    #[test]
    fn refuses_both_at_once() {
        let files = [
            ("pyproject.toml", "[tool.towpath]\nstandard = 1\n"),
            ("towpath.toml", "standard = true\nx = 1\n"),
        ];
        let expected = [
            "pyproject.toml:2:12 `standard` in `[tool.towpath]` must be `true` or `false`, not the number 1",
            "towpath.toml:1:1 towpath is configured twice, in `towpath.toml` and in `pyproject.toml`",
            "towpath.toml:2:1 unknown key `x` in `towpath.toml`",
        ];
        assert_eq!(read(&files, "").1, expected);
    }
}
