//! Where a project declares the requirement that a failed resolution is about.

use towpath_host::Tree;
use towpath_python::{Project, normalise_name, requirement_name};
use towpath_report::Place;

/// Returns the line that declares the first of some requirements that a message names.
pub(crate) fn declared_at(
    tree: &Tree,
    project: &Project,
    requirements: &[String],
    message: &str,
) -> Option<Place> {
    let words: Vec<String> = names(message).map(|(_, name)| name).collect();
    let in_files = project
        .requirements_files
        .iter()
        .flat_map(|file| &file.requirements);
    let asked = requirements
        .iter()
        .chain(in_files)
        .filter_map(|text| requirement_name(text));
    let wanted: Vec<String> = asked.filter(|name| words.contains(name)).collect();
    let others = ["setup.cfg", "setup.py"].map(|name| project.path(name));
    let files = std::iter::once(&project.manifest.path)
        .chain(others.iter())
        .chain(project.requirements_files.iter().map(|file| &file.path));
    files
        .filter_map(|path| Some((path, tree.read_text(path).ok()?)))
        .find_map(|(path, text)| {
            text.lines().zip(1..).find_map(|(line, number)| {
                let (column, name) = names(line).find(|(_, name)| wanted.contains(name))?;
                Some(Place {
                    line: number,
                    column: column + 1,
                    end_line: number,
                    end_column: column + 1 + u32::try_from(name.len()).unwrap_or_default(),
                    ..Place::file(path)
                })
            })
        })
}

/// The words of a text that could name a package, normalised, each with the characters before it.
fn names(text: &str) -> impl Iterator<Item = (u32, String)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut found = Vec::new();
    let mut word = String::new();
    for (index, c) in (0..).zip(text.chars().chain([' '])) {
        if is_part(c) {
            word.push(c);
        } else if !word.is_empty() {
            let length = u32::try_from(word.len()).unwrap_or_default();
            found.push((index - length, normalise_name(&word)));
            word.clear();
        }
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_host::{SnapshotOptions, snapshot};
    use towpath_python::read_projects;

    #[test]
    fn the_line_that_asks_for_what_is_not_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("repository");
        fs_err::create_dir(&root).expect("a folder");
        let manifest = "[project]\nname = \"app\"\nversion = \"1\"\ndependencies = [\n    \"attrs\", \"No_Such>=2\",\n]\n";
        fs_err::write(root.join("pyproject.toml"), manifest).expect("a file");
        let tree = snapshot(&SnapshotOptions {
            root: &root,
            index_file: &folder.path().join("index"),
            verify: false,
        })
        .expect("a tree");
        let (projects, _) = read_projects(&tree);
        let at = |message: &str| {
            let project = projects.first().expect("a project");
            let asked = ["attrs".to_owned(), "No_Such>=2".to_owned()];
            declared_at(&tree, project, &asked, message).map(|place| place.to_string())
        };
        let message = "Because no-such was not found in the package registry";
        assert_eq!(at(message).as_deref(), Some("pyproject.toml:5:15"));
        assert_eq!(at("an index did not answer"), None);
    }
}
