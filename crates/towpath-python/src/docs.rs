//! The documentation that a tool builds: sphinx or mkdocs.

use crate::files::ProjectFiles;
use crate::folder;
use crate::{Docs, DocsTool, Purpose, RequirementsFile};

/// Folders that hold the sources of sphinx, nearest to habit first.
const SPHINX_FOLDERS: &[&str] = &[
    "docs",
    "doc",
    "docs/source",
    "doc/source",
    "docs/src",
    "documentation",
    "documentation/source",
    "docs/en",
    "doc/en",
    "docs/docs",
    "docs/sphinx",
    "docs/api",
];

/// Returns the documentation of a project. mkdocs' own file decides before a `conf.py`, which other
/// tools write too.
pub(crate) fn read(files: &ProjectFiles<'_>, requirements: &[RequirementsFile]) -> Option<Docs> {
    let (tool, folder, config) = mkdocs(files).or_else(|| sphinx(files))?;
    let beside = |file: &&RequirementsFile| {
        folder::is_within(&folder, &file.path)
            || folder::parent(&file.path) == folder::parent(&folder)
    };
    let for_docs: Vec<&RequirementsFile> = requirements
        .iter()
        .filter(|file| file.purpose == Purpose::Docs)
        .collect();
    let requirements = for_docs
        .iter()
        .copied()
        .find(beside)
        .or(for_docs.first().copied());
    Some(Docs {
        tool,
        folder,
        config,
        requirements: requirements.map(|file| file.path.clone()),
    })
}

fn mkdocs(files: &ProjectFiles<'_>) -> Option<(DocsTool, String, String)> {
    let config = [
        "mkdocs.yml",
        "mkdocs.yaml",
        "docs/mkdocs.yml",
        "docs/en/mkdocs.yml",
        "doc/mkdocs.yml",
    ]
    .into_iter()
    .find(|name| files.has(name))?;
    let folder = folder::join(folder::parent(config), "docs");
    let folder = if files.has_folder(&folder) {
        folder
    } else {
        folder::parent(config).to_owned()
    };
    Some((DocsTool::Mkdocs, files.path(&folder), files.path(config)))
}

fn sphinx(files: &ProjectFiles<'_>) -> Option<(DocsTool, String, String)> {
    let folder = SPHINX_FOLDERS.iter().find(|folder| {
        let config = format!("{folder}/conf.py");
        files.has(&config)
            && crate::files::read_optional(files.tree, &files.path(&config))
                .is_some_and(|text| is_sphinx(&text))
    })?;
    Some((
        DocsTool::Sphinx,
        files.path(folder),
        files.path(&format!("{folder}/conf.py")),
    ))
}

fn is_sphinx(text: &str) -> bool {
    [
        "extensions",
        "master_doc",
        "html_theme",
        "project",
        "sphinx",
    ]
    .iter()
    .any(|word| text.contains(word))
}
