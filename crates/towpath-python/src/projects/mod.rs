//! The projects of a repository: where they are (`discovery`) and all that is known of each.
//!
//! Tells the story of reading in order: manifests, requirements, layout, locks, tests, the rest.
//! Executes nothing.

mod discovery;
mod relations;

use towpath_host::Tree;
use towpath_report::Problem;

use crate::files::ProjectFiles;
use crate::manifests::setup_py::{self, SetupPy};
use crate::manifests::{
    flit, hatch, pdm, pep621, pipfile, pkg_info, poetry, requirements, setup_cfg, setuptools, uv,
};
use crate::{
    BuildSystem, ManifestKind, Project, coverage_settings, docs, layout, locks, native, test_suite,
    tools,
};

use discovery::Found;

/// Reads every project of a repository, the root's first, and all that is wrong with their files.
/// What is broken is reported, and the rest is still read.
pub fn read_projects(tree: &Tree) -> (Vec<Project>, Vec<Problem>) {
    let mut problems = Vec::new();
    let found = discovery::find(tree);
    let mut projects: Vec<Project> = found
        .projects
        .iter()
        .map(|one| read_project(tree, &found, one, &mut problems))
        .collect();
    relations::join(tree, &found, &mut projects);
    (projects, problems)
}

fn read_project(
    tree: &Tree,
    found: &Found,
    one: &discovery::Location,
    problems: &mut Vec<Problem>,
) -> Project {
    let files = ProjectFiles::read(tree, &one.root, found.paths_of(tree, &one.root), problems);
    let mut project = Project::new(&one.root, one.manifest.clone());
    let setup = read_manifests(&mut project, &files, problems);
    project.requirements_files = requirements::find(tree, &one.root, files.relative_paths());
    project.layout = layout::read(&project, &files, &setup.layout);
    project.has_native_sources = native::is_native(&project, &files, &setup);
    read_lock(&mut project, tree, found, &files, problems);
    project.tests = test_suite::read(&project, &files, problems);
    project.docs = docs::read(&files, &project.requirements_files);
    project.tools = tools::read(&project, &files);
    let options = project
        .tests
        .as_ref()
        .map(|tests| tests.add_options.as_slice())
        .unwrap_or_default();
    project.coverage = coverage_settings::read(&files, options, problems);
    project.version_files.retain(|path| tree.contains(path));
    project.version_files.sort_unstable();
    project
}

/// Reads the manifests in the order of their authority.
fn read_manifests(
    project: &mut Project,
    files: &ProjectFiles<'_>,
    problems: &mut Vec<Problem>,
) -> SetupPy {
    project.build_system = build_system(project, files);
    pep621::read(project, files);
    poetry::read(project, files);
    flit::read(project, files);
    let is_declared = project.name.is_some();
    setup_cfg::read(project, files);
    let setup = setup_py::read(files);
    let is_complete = files
        .table(&["project"])
        .is_some_and(|table| !table.contains_key("dynamic"));
    if !(is_declared && (is_complete || uses_other_backend(project))) {
        setup.fill(project, files);
    }
    setuptools::read(project, files);
    pep621::read_groups(project, files, problems);
    pdm::read(project, files);
    uv::read(project, files);
    hatch::read(project, files, problems);
    pipfile::read(project, files, problems);
    pkg_info::read(project, files);
    if matches!(
        project.manifest.kind,
        ManifestKind::Requirements | ManifestKind::Sources | ManifestKind::Pipfile
    ) {
        project.is_package = false;
    }
    setup
}

/// Whether a `setup.py` beside the manifest is a leftover that the build backend never reads.
fn uses_other_backend(project: &Project) -> bool {
    project.build_system.as_ref().is_some_and(|build| {
        !build.backend.starts_with("setuptools") && build.backend_path.is_empty()
    })
}

fn build_system(project: &Project, files: &ProjectFiles<'_>) -> Option<BuildSystem> {
    let legacy = || BuildSystem {
        requires: vec!["setuptools".to_owned()],
        backend: pep621::LEGACY_BACKEND.to_owned(),
        backend_path: Vec::new(),
    };
    pep621::build_system(files).or_else(|| match project.manifest.kind {
        ManifestKind::Poetry => Some(poetry::build_system()),
        ManifestKind::SetupPy | ManifestKind::SetupCfg | ManifestKind::Pyproject => Some(legacy()),
        ManifestKind::Pipfile | ManifestKind::Requirements | ManifestKind::Sources => None,
    })
}

/// Takes the project's own lock, else its workspace's, else what compiled requirements pin.
fn read_lock(
    project: &mut Project,
    tree: &Tree,
    found: &Found,
    files: &ProjectFiles<'_>,
    problems: &mut Vec<Problem>,
) {
    let tables = files.table(&["tool"]);
    let workspace = uv::workspace_root(&project.root, &found.workspaces);
    project.lock = locks::find(tree, &project.root, tables)
        .or_else(|| workspace.and_then(|root| locks::find(tree, root, None)));
    match &project.lock {
        Some(lock) => {
            project.locked = locks::read(tree, lock, problems);
            locks::check(tree, project, files.pyproject.as_ref(), problems);
        }
        None => project.locked = locks::of_requirements(project),
    }
}
