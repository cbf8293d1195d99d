//! Which folders of a repository are projects, and which files belong to each.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};
use towpath_host::Tree;

use crate::files::{files_below, read_optional, read_toml};
use crate::folder;
use crate::ini;
use crate::manifests::requirements;
use crate::manifests::uv::Workspace;
use crate::scope::is_no_project;
use crate::{Manifest, ManifestKind, Purpose};

/// A folder that is a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) root: String,
    pub(super) manifest: Manifest,
}

/// The projects of a repository and its workspaces.
pub(super) struct Found {
    /// By folder, the root first.
    pub(super) projects: Vec<Location>,
    /// Roots of uv workspaces and their members.
    pub(super) workspaces: Vec<(String, Workspace)>,
}

impl Found {
    /// Returns the files of a project: those in its folder that are in no project below it.
    pub(super) fn paths_of<'a>(&self, tree: &'a Tree, root: &str) -> Vec<&'a str> {
        let nested: Vec<String> = self
            .projects
            .iter()
            .map(|project| project.root.as_str())
            .filter(|other| *other != root && folder::is_within(root, other))
            .map(|other| format!("{other}/"))
            .collect();
        files_below(tree, root)
            .filter(|path| {
                !nested
                    .iter()
                    .any(|folder| path.starts_with(folder.as_str()))
            })
            .collect()
    }
}

/// Finds the projects of a repository.
pub(super) fn find(tree: &Tree) -> Found {
    let folders = Folders::of(tree);
    let mut locations: BTreeMap<String, Location> = BTreeMap::new();
    for root in folders.manifests.keys() {
        if let Some(manifest) = folders.manifest(tree, root) {
            locations.insert(
                root.clone(),
                Location {
                    root: root.clone(),
                    manifest,
                },
            );
        }
    }
    let workspaces = folders.workspaces();
    let excluded = folders.out_of_scope(tree, &locations, &workspaces);
    locations.retain(|root, _| !excluded.contains(root));
    if locations.is_empty() {
        for location in Folders::without_manifest(tree) {
            locations.insert(location.root.clone(), location);
        }
    } else if !locations.contains_key("") {
        for location in beside(tree, &locations) {
            locations.insert(location.root.clone(), location);
        }
    }
    if !locations.is_empty() && !locations.contains_key("") && has_own_tests(tree, &locations) {
        let manifest = Manifest {
            kind: ManifestKind::Sources,
            path: String::new(),
        };
        locations.insert(
            String::new(),
            Location {
                root: String::new(),
                manifest,
            },
        );
    }
    Found {
        projects: locations.into_values().collect(),
        workspaces,
    }
}

/// Names of files that may declare a project.
const MANIFESTS: &[&str] = &["pyproject.toml", "setup.py", "setup.cfg", "Pipfile"];

/// What lies in the folders of a repository.
struct Folders {
    /// Names of manifests by folder.
    manifests: BTreeMap<String, Vec<&'static str>>,
    /// `pyproject.toml` by folder.
    pyprojects: BTreeMap<String, Table>,
    submodules: Vec<String>,
}

impl Folders {
    fn of(tree: &Tree) -> Self {
        let mut manifests: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        let mut pyprojects = BTreeMap::new();
        for path in tree.files().keys() {
            let Some(name) = MANIFESTS
                .iter()
                .find(|name| **name == folder::file_name(path))
            else {
                continue;
            };
            let root = folder::parent(path).to_owned();
            if *name == "pyproject.toml" {
                // What is wrong in it is reported when the project is read.
                let table = read_toml(tree, path, &mut Vec::new());
                pyprojects.extend(table.map(|table| (root.clone(), table)));
            }
            manifests.entry(root).or_default().push(name);
        }
        Self {
            manifests,
            pyprojects,
            submodules: submodules(tree),
        }
    }

    /// Returns what declares the project in a folder, or `None` where its files only configure tools.
    fn manifest(&self, tree: &Tree, root: &str) -> Option<Manifest> {
        let names = self.manifests.get(root)?;
        let has = |name: &str| names.contains(&name);
        let manifest = |kind, name: &str| {
            Some(Manifest {
                kind,
                path: folder::join(root, name),
            })
        };
        if let Some(kind) = self.pyprojects.get(root).and_then(declares_project) {
            return manifest(kind, "pyproject.toml");
        }
        let is_declarative = has("setup.cfg")
            && read_optional(tree, &folder::join(root, "setup.cfg"))
                .is_some_and(|text| text.contains("[metadata]") && text.contains("name"));
        if is_declarative {
            return manifest(ManifestKind::SetupCfg, "setup.cfg");
        }
        if has("setup.py") {
            let path = folder::join(root, "setup.py");
            let text = read_optional(tree, &path).unwrap_or_default();
            // A module of a package may be called setup.py too.
            let is_module =
                tree.contains(&folder::join(root, "__init__.py")) && !text.contains("setup(");
            if !is_module {
                return manifest(ManifestKind::SetupPy, "setup.py");
            }
        }
        if has("Pipfile") {
            return manifest(ManifestKind::Pipfile, "Pipfile");
        }
        let is_broken = self.pyprojects.get(root).is_some_and(Table::is_empty)
            && read_optional(tree, &folder::join(root, "pyproject.toml"))
                .is_some_and(|text| text.contains("[project]"));
        is_broken
            .then_some(())
            .and_then(|()| manifest(ManifestKind::Pyproject, "pyproject.toml"))
    }

    fn workspaces(&self) -> Vec<(String, Workspace)> {
        self.pyprojects
            .iter()
            .filter_map(|(root, table)| Some((root.clone(), Workspace::of(table)?)))
            .collect()
    }

    /// Returns the roots that are no projects of the repository: examples, fixtures, vendored code,
    /// submodules, and manifests inside another project's package. Members of a workspace always are.
    fn out_of_scope(
        &self,
        tree: &Tree,
        locations: &BTreeMap<String, Location>,
        workspaces: &[(String, Workspace)],
    ) -> BTreeSet<String> {
        let is_member = |root: &str| {
            workspaces.iter().any(|(top, workspace)| {
                folder::below(top, root).is_some_and(|path| workspace.has(path))
            })
        };
        let excluded = locations
            .keys()
            .filter(|root| !root.is_empty() && !is_member(root))
            .filter(|root| {
                is_no_project(root)
                    || self
                        .submodules
                        .iter()
                        .any(|submodule| folder::is_within(submodule, root))
                    || is_in_package(tree, root)
            });
        excluded.cloned().collect()
    }

    /// Returns the projects of a repository without any manifest: its requirements files, else its
    /// Python files.
    fn without_manifest(tree: &Tree) -> Vec<Location> {
        let mut python = tree
            .files()
            .keys()
            .filter(|path| folder::has_suffix(path, "py"));
        let Some(_) = python.next() else {
            return Vec::new();
        };
        let requirements = requirements_roots(tree);
        let has_root_code = tree
            .files()
            .keys()
            .any(|path| folder::has_suffix(path, "py") && belongs_to_root(path));
        let location = |root: &str, kind, path: String| Location {
            root: root.to_owned(),
            manifest: Manifest { kind, path },
        };
        let at_root = requirements.get("");
        if let Some(path) = at_root {
            return vec![location("", ManifestKind::Requirements, path.clone())];
        }
        if requirements.is_empty() {
            return vec![location("", ManifestKind::Sources, String::new())];
        }
        if has_root_code && requirements.len() == 1 {
            let path = requirements.values().next().cloned().unwrap_or_default();
            return vec![location("", ManifestKind::Requirements, path)];
        }
        requirements
            .into_iter()
            .map(|(root, path)| location(&root, ManifestKind::Requirements, path))
            .collect()
    }
}

/// Returns the folders beside projects that are run from their requirements.
fn beside(tree: &Tree, locations: &BTreeMap<String, Location>) -> Vec<Location> {
    let is_apart = |root: &str| {
        !root.is_empty()
            && !locations
                .keys()
                .any(|other| folder::is_within(other, root) || folder::is_within(root, other))
    };
    requirements_roots(tree)
        .into_iter()
        .filter(|(root, _)| is_apart(root))
        .map(|(root, path)| Location {
            root,
            manifest: Manifest {
                kind: ManifestKind::Requirements,
                path,
            },
        })
        .collect()
}

/// Folders that are part of the project around them rather than projects, when all that they hold is
/// a file of requirements.
const PARTS: &[&str] = &[
    "src",
    "requirements",
    "reqs",
    "requires",
    "requirement",
    "tests",
    "test",
    "docs",
    "doc",
    "app",
    "source",
];

fn belongs_to_root(path: &str) -> bool {
    path.split_once('/')
        .is_none_or(|(top, _)| PARTS.contains(&top))
}

/// The folders that runtime requirements files stand for, and the file of each.
fn requirements_roots(tree: &Tree) -> BTreeMap<String, String> {
    let mut roots: BTreeMap<String, String> = BTreeMap::new();
    for path in tree.files().keys() {
        let Some(purpose) = requirements::classify(path) else {
            continue;
        };
        let mut root = folder::parent(path);
        while PARTS.contains(&folder::file_name(root)) && !root.is_empty() {
            root = folder::parent(root);
        }
        if is_no_project(root) && !root.is_empty() {
            continue;
        }
        let holds_python = files_below(tree, root).any(|path| folder::has_suffix(path, "py"));
        if holds_python {
            let known = roots.entry(root.to_owned()).or_insert_with(|| path.clone());
            let is_better = purpose == Purpose::Runtime
                && requirements::classify(known) != Some(Purpose::Runtime);
            if is_better {
                known.clone_from(path);
            }
        }
    }
    roots
}

/// The kind of project that a `pyproject.toml` declares; `None` where it only configures tools.
fn declares_project(table: &Table) -> Option<ManifestKind> {
    let tool = |name: &str| {
        table
            .get("tool")
            .and_then(|tool| tool.get(name))
            .and_then(Value::as_table)
    };
    if table.contains_key("project") {
        return Some(ManifestKind::Pyproject);
    }
    if tool("poetry").is_some_and(|poetry| {
        poetry.contains_key("name")
            || poetry.contains_key("dependencies")
            || poetry.contains_key("group")
    }) {
        return Some(ManifestKind::Poetry);
    }
    if tool("flit").is_some_and(|flit| flit.contains_key("metadata")) {
        return Some(ManifestKind::Pyproject);
    }
    let backend = table
        .get("build-system")
        .and_then(|build| build.get("build-backend"))
        .and_then(Value::as_str);
    let is_own_table = backend.is_some_and(|backend| !backend.starts_with("setuptools"));
    is_own_table.then_some(ManifestKind::Pyproject)
}

fn is_in_package(tree: &Tree, root: &str) -> bool {
    let parent = folder::parent(root);
    !parent.is_empty() && tree.contains(&folder::join(parent, "__init__.py"))
}

/// Whether a repository whose projects are all in folders keeps tests at its root.
fn has_own_tests(tree: &Tree, locations: &BTreeMap<String, Location>) -> bool {
    ["tests", "test"].iter().any(|name| {
        let is_free = !locations.keys().any(|root| folder::is_within(name, root));
        is_free && files_below(tree, name).any(|path| folder::has_suffix(path, "py"))
    })
}

fn submodules(tree: &Tree) -> Vec<String> {
    let text = read_optional(tree, ".gitmodules").unwrap_or_default();
    let (ini, _) = ini::parse(towpath_report::Source {
        path: ".gitmodules",
        text: &text,
    });
    ini.sections
        .iter()
        .filter_map(|section| section.get("path").map(str::to_owned))
        .collect()
}
