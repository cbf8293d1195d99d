//! How the projects of one repository depend on each other, and what members take from their
//! workspace's root.

use std::collections::BTreeMap;

use towpath_host::Tree;

use crate::files::{ProjectFiles, read_optional};
use crate::folder;
use crate::manifests::uv;
use crate::requirement::{append, normalise_name, requirement_name};
use crate::{LockKind, Project};

use super::discovery::Found;

/// Fills in path dependencies, and gives members without groups those of their workspace.
pub(super) fn join(tree: &Tree, found: &Found, projects: &mut [Project]) {
    let by_name: BTreeMap<String, String> = projects
        .iter()
        .filter_map(|project| {
            Some((
                normalise_name(project.name.as_deref()?),
                project.root.clone(),
            ))
        })
        .collect();
    let roots: Vec<String> = projects
        .iter()
        .map(|project| project.root.clone())
        .collect();
    for project in projects.iter_mut() {
        project.path_dependencies = path_dependencies(tree, project, &by_name, &roots);
    }
    inherit_groups(found, projects);
}

/// The other projects that a project's requirements name by path, or by name where the workspace
/// provides them.
fn path_dependencies(
    tree: &Tree,
    project: &Project,
    by_name: &BTreeMap<String, String>,
    roots: &[String],
) -> Vec<String> {
    let root = project.root.clone();
    let files = ProjectFiles::read(tree, &root, Vec::new(), &mut Vec::new());
    let (members, mut folders) = uv::sources(&files);
    let is_locked_workspace = project
        .lock
        .as_ref()
        .is_some_and(|lock| lock.kind == LockKind::Uv);
    let requirement_files = project
        .requirements_files
        .iter()
        .map(|file| &file.requirements);
    let all = std::iter::once(&project.dependencies)
        .chain(project.extras.values())
        .chain(project.groups.values())
        .chain(requirement_files);
    for requirement in all.flatten() {
        let Some(name) = requirement_name(requirement) else {
            continue;
        };
        folders
            .extend(file_url(requirement).and_then(|path| folder::resolve(&project.root, &path)));
        if members.contains(&name)
            || (is_locked_workspace && members.is_empty() && by_name.contains_key(&name))
        {
            folders.extend(by_name.get(&name).cloned());
        }
    }
    folders.extend(editable_paths(tree, project));
    let mut found = Vec::new();
    append(
        &mut found,
        folders
            .into_iter()
            .filter(|folder| *folder != project.root && roots.contains(folder)),
    );
    found.sort_unstable();
    found
}

/// The relative path of `name @ file:path`.
fn file_url(requirement: &str) -> Option<String> {
    let (_, url) = requirement.split_once('@')?;
    let path = url.trim().strip_prefix("file:")?;
    let path = path.split([';', '#']).next().unwrap_or_default().trim();
    Some(
        path.trim_start_matches("//")
            .trim_start_matches("${PROJECT_ROOT}/")
            .to_owned(),
    )
}

/// The folders that requirements files install by path: `-e ../core`, `./libs/core`.
fn editable_paths(tree: &Tree, project: &Project) -> Vec<String> {
    let mut folders = Vec::new();
    for file in &project.requirements_files {
        let text = read_optional(tree, &file.path).unwrap_or_default();
        for line in text.lines() {
            let target = line
                .trim()
                .trim_start_matches("-e")
                .trim_start_matches("--editable")
                .trim()
                .trim_start_matches("file:");
            let target = target
                .split(['[', '#', ';'])
                .next()
                .unwrap_or_default()
                .trim();
            if target.starts_with('.') {
                // pip resolves against the folder it runs in, people against the file; both are tried.
                let bases = [project.root.as_str(), folder::parent(&file.path)];
                folders.extend(
                    bases
                        .iter()
                        .filter_map(|base| folder::resolve(base, target)),
                );
            }
        }
    }
    folders
}

/// Gives each member of a workspace the groups of its root that it does not have, because a person
/// who runs a member's tests has synchronised the whole workspace.
fn inherit_groups(found: &Found, projects: &mut [Project]) {
    for index in 0..projects.len() {
        let Some(member) = projects.get(index) else {
            continue;
        };
        let Some(top) = uv::workspace_root(&member.root, &found.workspaces) else {
            continue;
        };
        let groups = projects
            .iter()
            .find(|project| project.root == top)
            .map(|project| project.groups.clone());
        let (Some(groups), Some(member)) = (groups, projects.get_mut(index)) else {
            continue;
        };
        if member.root != top {
            for (name, requirements) in groups {
                member.inherited_groups.entry(name).or_insert(requirements);
            }
        }
    }
}
