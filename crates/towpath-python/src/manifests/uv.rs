//! `[tool.uv]`: development dependencies, default groups, workspaces and sources.

use std::collections::BTreeSet;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use toml::{Table, Value};

use crate::Project;
use crate::files::{ProjectFiles, strings};
use crate::folder;
use crate::manifests::pep621::text;
use crate::requirement::{append, normalise_name};

/// Fills in what `[tool.uv]` says of one project.
pub(crate) fn read(project: &mut Project, files: &ProjectFiles<'_>) {
    let Some(table) = files.table(&["tool", "uv"]) else {
        add_default_group(project);
        if files.tree.contains(&project.path("uv.lock")) && files.table(&["build-system"]).is_none()
        {
            project.is_package = false;
        }
        return;
    };
    let development = strings(table.get("dev-dependencies"));
    if !development.is_empty() {
        append(
            project.groups.entry("dev".to_owned()).or_default(),
            development,
        );
    }
    match table.get("default-groups") {
        Some(Value::String(_)) => project.default_groups = project.groups.keys().cloned().collect(),
        Some(groups) => append(&mut project.default_groups, strings(Some(groups))),
        None => add_default_group(project),
    }
    match table.get("package").and_then(Value::as_bool) {
        Some(is_package) => project.is_package &= is_package,
        // Without a build system uv installs what the project needs and not the project.
        None if files.table(&["build-system"]).is_none() => project.is_package = false,
        None => {}
    }
}

/// uv installs the group `dev` unless told otherwise.
fn add_default_group(project: &mut Project) {
    if project.groups.contains_key("dev") {
        append(&mut project.default_groups, ["dev".to_owned()]);
    }
}

/// The members of a workspace as its root declares them.
pub(crate) struct Workspace {
    members: GlobSet,
    exclude: GlobSet,
}

impl Workspace {
    /// Reads `[tool.uv.workspace]` of a root; `None` where there is none.
    pub(crate) fn of(pyproject: &Table) -> Option<Self> {
        let table = pyproject
            .get("tool")?
            .get("uv")?
            .get("workspace")?
            .as_table()?;
        let members = globs(&strings(table.get("members")));
        Some(Self {
            members,
            exclude: globs(&strings(table.get("exclude"))),
        })
    }

    /// Returns whether a folder, relative to the workspace's root, is a member.
    pub(crate) fn has(&self, folder: &str) -> bool {
        self.members.is_match(folder) && !self.exclude.is_match(folder)
    }
}

fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        // A pattern that cannot be read names no folder; uv itself reports it.
        if let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() {
            set.add(glob);
        }
    }
    set.build().unwrap_or_else(|_| GlobSet::empty())
}

/// Returns the names that `[tool.uv.sources]` takes from the workspace, and the folders that it names
/// by path.
pub(crate) fn sources(files: &ProjectFiles<'_>) -> (BTreeSet<String>, Vec<String>) {
    let (mut members, mut folders) = (BTreeSet::new(), Vec::new());
    for (name, value) in files
        .table(&["tool", "uv", "sources"])
        .into_iter()
        .flatten()
    {
        let alternatives = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        for source in alternatives.iter().filter_map(Value::as_table) {
            if source.get("workspace").and_then(Value::as_bool) == Some(true) {
                members.insert(normalise_name(name));
            }
            folders
                .extend(text(source, "path").and_then(|path| folder::resolve(files.root, &path)));
        }
    }
    (members, folders)
}

/// Returns the normalised names whose version `[tool.uv]` decides besides the requirement: sources,
/// overrides and constraints.
pub(crate) fn overridden(pyproject: &Table) -> BTreeSet<String> {
    let Some(table) = pyproject
        .get("tool")
        .and_then(|tool| tool.get("uv"))
        .and_then(Value::as_table)
    else {
        return BTreeSet::new();
    };
    let sources = table
        .get("sources")
        .and_then(Value::as_table)
        .into_iter()
        .flatten();
    let overrides = strings(table.get("override-dependencies"));
    let overrides = overrides
        .iter()
        .filter_map(|one| crate::requirement::requirement_name(one));
    sources
        .map(|(name, _)| normalise_name(name))
        .chain(overrides)
        .collect()
}

/// Returns the root of the workspace that a folder is a member of: the nearest folder above whose
/// `pyproject.toml` declares it.
pub(crate) fn workspace_root<'a>(
    folder: &str,
    workspaces: &'a [(String, Workspace)],
) -> Option<&'a str> {
    workspaces
        .iter()
        .filter(|(root, workspace)| {
            folder::below(root, folder).is_some_and(|path| workspace.has(path))
        })
        .max_by_key(|(root, _)| root.len())
        .map(|(root, _)| root.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_globs_without_the_excluded() {
        let table: Table = "[tool.uv.workspace]\nmembers = ['packages/*', 'lib/', './tools/x']\nexclude = ['packages/old']".parse().unwrap();
        let workspace = Workspace::of(&table).unwrap();
        for (folder, expected) in [
            ("packages/a", true),
            ("packages/old", false),
            ("packages/a/b", false),
            ("lib", true),
            ("tools/x", true),
            ("other", false),
        ] {
            assert_eq!(workspace.has(folder), expected, "{folder}");
        }
    }
}
