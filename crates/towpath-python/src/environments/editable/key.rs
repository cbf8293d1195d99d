//! What an editable installation depends on: the backend, the manifests, the files that give the version,
//! which folders hold packages, sources that are compiled, and git where the version comes from there.
//!
//! The text of a readme is left out: it ends in the description, which no test asks for.

use std::collections::BTreeSet;
use std::path::Path;

use toml::{Table, Value};
use towpath_host::{Digest, Tree};

use super::{BUILD_HOOKS, DRIVER, EditableRequest, build_system};
use crate::folder;
use crate::{BuildSystem, Interpreter, Project, Resolution, requirement_name};

/// Build requirements that ask git for the version.
const ASKS_GIT: &[&str] = &[
    "dunamai",
    "hatch-vcs",
    "pbr",
    "poetry-dynamic-versioning",
    "setuptools-git-versioning",
    "setuptools-scm",
    "setuptools-vcs-versioning",
    "uv-dynamic-versioning",
    "vcs-versioning",
    "versioneer",
    "versioningit",
];

/// Tables of `[tool]` that no backend reads.
const FOREIGN_TABLES: &[&str] = &[
    "bandit",
    "basedpyright",
    "black",
    "bumpversion",
    "cibuildwheel",
    "codespell",
    "commitizen",
    "coverage",
    "deptry",
    "isort",
    "mypy",
    "nox",
    "poe",
    "pydocstyle",
    "pylint",
    "pyright",
    "pytest",
    "ruff",
    "semantic_release",
    "towncrier",
    "towpath",
    "tox",
    "ty",
    "vulture",
];

const COMPILED: &[&str] = &[
    "c", "cc", "cpp", "cxx", "f", "f90", "h", "hh", "hpp", "m", "pxd", "pxi", "pyx", "rs", "cmake",
    "build", "lock",
];

/// Returns whether building a project asks git for its version.
pub fn reads_git(project: &Project) -> bool {
    let requires = project
        .build_system
        .as_ref()
        .map(|system| system.requires.as_slice())
        .unwrap_or_default();
    let dynamic = matches!(&project.version, crate::ProjectVersion::Dynamic(how) if ["vcs", "scm", "git"].iter().any(|word| how.contains(word)));
    dynamic
        || requires
            .iter()
            .filter_map(|text| requirement_name(text))
            .any(|name| ASKS_GIT.contains(&name.as_str()))
}

/// Returns the identity of what a build gives in an environment of these packages: of any Python, where it
/// does not depend on the one that builds, else of `interpreter`.
pub fn editable_key(
    request: &EditableRequest<'_>,
    backend: &Resolution,
    interpreter: Option<&Interpreter>,
) -> Digest {
    let EditableRequest {
        source,
        tree,
        project,
        git,
        variables,
    } = *request;
    let system = build_system(project);
    let mut parts: Vec<String> = vec![
        BUILD_HOOKS.1.to_owned(),
        DRIVER.1.to_owned(),
        source.display().to_string(),
        project.root.clone(),
        system.backend.clone(),
        backend.digest.to_string(),
    ];
    parts.extend(system.backend_path.iter().cloned());
    parts.extend(interpreter.map(|one| {
        let (implementation, version) = (&one.implementation, &one.version);
        format!("{implementation} {version} {}", one.platform)
    }));
    let variable = |(name, value)| format!("{name}={value}");
    parts.extend(variables.iter().map(variable));
    if reads_git(project) {
        parts.push(git.to_owned());
    }
    let manifest = folder::join(&project.root, "pyproject.toml");
    let mut files = build_files(&system, tree, project);
    files.remove(&manifest);
    parts.push(pyproject(tree, &manifest));
    for path in files {
        let digest = tree.digest(&path).map(|digest| digest.to_string());
        parts.extend([path, digest.unwrap_or_default()]);
    }
    for path in project.version_files.iter().filter(|path| is_prose(path)) {
        parts.push(format!("{path} {}", tree.contains(path)));
    }
    parts.extend(package_folders(tree, &project.root));
    Digest::of_parts(parts.iter().map(String::as_bytes))
}

/// Returns the files whose content enters metadata or the build.
fn build_files(system: &BuildSystem, tree: &Tree, project: &Project) -> BTreeSet<String> {
    let root = &project.root;
    let mut files: BTreeSet<String> = ["setup.py", "setup.cfg", "MANIFEST.in", "PKG-INFO"]
        .iter()
        .map(|name| folder::join(root, name))
        .filter(|path| tree.contains(path))
        .collect();
    files.insert(project.manifest.path.clone());
    files.extend(
        project
            .version_files
            .iter()
            .filter(|path| !is_prose(path))
            .cloned(),
    );
    let backends: Vec<String> = system
        .backend_path
        .iter()
        .filter_map(|path| folder::resolve(root, path))
        .collect();
    let has_setup = tree.contains(&folder::join(root, "setup.py"));
    // Mypyc compiles modules as they are, Cython those with declarations beside them.
    let names: BTreeSet<String> = system
        .requires
        .iter()
        .filter_map(|text| requirement_name(text))
        .collect();
    let has_mypyc = names.contains("mypy");
    let compiles_python =
        |path: &str| has_mypyc || tree.contains(&format!("{}.pxd", path.trim_end_matches(".py")));
    let within = tree.files().keys();
    for path in within.filter(|path| folder::is_within(root, path)) {
        let name = folder::file_name(path);
        let is_python = is_python(name);
        // Modules beside `setup.py` and files that are named for the version are what it imports and reads.
        let is_read_by_setup = || {
            (folder::parent(path) == root && is_python)
                || name.to_lowercase().contains("version")
                || name == "__about__.py"
        };
        let is_of_backend = || {
            is_python
                && backends
                    .iter()
                    .any(|folder| folder::is_within(folder, path))
        };
        let is_compiled = || is_compiled(name) || is_python && compiles_python(path);
        if has_setup && is_read_by_setup()
            || is_of_backend()
            || project.has_native_sources && is_compiled()
            || is_hook(root, path)
        {
            files.insert(path.clone());
        }
    }
    files
}

fn is_hook(root: &str, path: &str) -> bool {
    folder::parent(path) == root
        && matches!(
            folder::file_name(path),
            "hatch_build.py" | "build.py" | "pdm_build.py" | "hatch.toml" | "flit.ini"
        )
}

fn is_python(name: &str) -> bool {
    folder::has_suffix(name, "py")
}

fn is_compiled(name: &str) -> bool {
    let extension = Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| COMPILED.contains(&extension))
        || matches!(name, "CMakeLists.txt" | "Cargo.toml")
}

/// Returns whether a file is readme, changes or licence: text that ends in the description or lies beside
/// the metadata, which no program reads while it runs.
pub fn is_prose(path: &str) -> bool {
    let name = folder::file_name(path).to_lowercase();
    let leads = [
        "readme",
        "change",
        "history",
        "news",
        "authors",
        "description",
        "contribut",
        "licen",
        "copying",
        "notice",
    ];
    leads.iter().any(|lead| name.starts_with(lead)) && !is_python(&name)
}

/// The manifest without the tables of other tools, so that a change of a linter's settings builds nothing.
fn pyproject(tree: &Tree, path: &str) -> String {
    let Ok(text) = tree.read_text(path) else {
        return String::new();
    };
    let Ok(mut table) = text.parse::<Table>() else {
        return text;
    };
    if let Some(Value::Table(tools)) = table.get_mut("tool") {
        for name in FOREIGN_TABLES {
            tools.remove(*name);
        }
    }
    table.to_string()
}

/// Returns the folders that hold Python files, and the modules at the top: what a backend finds when it
/// looks for packages.
fn package_folders(tree: &Tree, root: &str) -> BTreeSet<String> {
    let source = folder::join(root, "src");
    let mut folders = BTreeSet::new();
    // Paths come folder by folder, so that most are of the folder that was added last.
    let mut last = "";
    for path in tree.files().keys() {
        let folder = folder::parent(path);
        if folder::has_suffix(path, "py") && folder::is_within(root, path) {
            if folder == root || folder == source {
                folders.insert(path.clone());
            } else if folder != last {
                folders.insert(format!("{folder}/"));
                last = folder;
            }
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_told_from_versions() {
        for (path, expected) in [
            ("README.md", true),
            ("docs/readme.rst", true),
            ("LICENSE", true),
            ("CHANGES.rst", true),
            ("VERSION.txt", false),
            ("src/pkg/__init__.py", false),
            ("news.py", false),
        ] {
            assert_eq!(is_prose(path), expected, "{path}");
        }
    }

    #[test]
    fn sources_that_are_compiled_count() {
        for (name, expected) in [
            ("a.pyx", true),
            ("CMakeLists.txt", true),
            ("meson.build", true),
            ("a.py", false),
        ] {
            assert_eq!(is_compiled(name), expected, "{name}");
        }
    }
}
