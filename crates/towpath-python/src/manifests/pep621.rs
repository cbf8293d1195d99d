//! `[project]`, `[build-system]` and `[dependency-groups]` of `pyproject.toml`: PEP 621, 517 and 735.

use std::collections::BTreeMap;

use toml::{Table, Value};
use towpath_report::Problem;

use crate::files::{self, ProjectFiles, strings};
use crate::requirement::{append, normalise_name};
use crate::{BuildSystem, Project, ProjectVersion, PythonVersion};

/// Fills in what `[project]` says.
pub(crate) fn read(project: &mut Project, files: &ProjectFiles<'_>) {
    let Some(table) = files.table(&["project"]) else {
        return;
    };
    project.name = text(table, "name");
    let dynamic = strings(table.get("dynamic"));
    if let Some(version) = text(table, "version") {
        project.version = ProjectVersion::Static(version);
    } else if dynamic.iter().any(|field| field == "version") {
        project.version = ProjectVersion::Dynamic("build backend".to_owned());
    }
    project.requires_python = text(table, "requires-python");
    project.classifier_pythons = classifier_pythons(&strings(table.get("classifiers")));
    project.dependencies = strings(table.get("dependencies"));
    project.extras = lists(table.get("optional-dependencies"));
    project.entry_points = entry_points(table);
    project.is_package = true;
    append(
        &mut project.version_files,
        named_files(table).into_iter().map(|path| files.path(&path)),
    );
}

/// Reads `[build-system]`; a table without `build-backend` means the legacy backend of setuptools.
pub(crate) fn build_system(files: &ProjectFiles<'_>) -> Option<BuildSystem> {
    let table = files.table(&["build-system"])?;
    Some(BuildSystem {
        requires: strings(table.get("requires")),
        backend: text(table, "build-backend").unwrap_or_else(|| LEGACY_BACKEND.to_owned()),
        backend_path: strings(table.get("backend-path")),
    })
}

/// The backend of PEP 517 for projects that name none.
pub(crate) const LEGACY_BACKEND: &str = "setuptools.build_meta:__legacy__";

/// Reads `[dependency-groups]` with included groups put in place; a group that includes itself or one
/// that does not exist is a problem.
pub(crate) fn read_groups(
    project: &mut Project,
    files: &ProjectFiles<'_>,
    problems: &mut Vec<Problem>,
) {
    let Some(table) = files.table(&["dependency-groups"]) else {
        return;
    };
    let mut groups = Groups {
        table,
        path: files.path("pyproject.toml"),
        files,
        problems,
    };
    for name in table.keys() {
        let requirements = groups.resolve(name, &mut Vec::new());
        append(
            project.groups.entry(name.clone()).or_default(),
            requirements,
        );
    }
}

struct Groups<'a, 'b> {
    table: &'a Table,
    path: String,
    files: &'a ProjectFiles<'b>,
    problems: &'a mut Vec<Problem>,
}

impl Groups<'_, '_> {
    fn resolve(&mut self, name: &str, parents: &mut Vec<String>) -> Vec<String> {
        let normal = normalise_name(name);
        if parents.contains(&normal) {
            self.report_cycle(name, parents);
            return Vec::new();
        }
        let table = self.table;
        let Some(value) = find(table, &normal) else {
            let message =
                format!("dependency group `{name}` is included, and there is no such group");
            let names = self
                .table
                .keys()
                .map(|key| format!("`{key}`"))
                .collect::<Vec<_>>()
                .join(", ");
            self.report(
                message,
                name,
                "not a group",
                format!("the groups are {names}"),
            );
            return Vec::new();
        };
        parents.push(normal);
        let mut requirements = Vec::new();
        for item in value.as_array().into_iter().flatten() {
            match item {
                Value::String(requirement) => append(&mut requirements, [requirement.clone()]),
                Value::Table(include) => {
                    if let Some(other) = text(include, "include-group") {
                        append(&mut requirements, self.resolve(&other, parents));
                    }
                }
                _ => {}
            }
        }
        parents.pop();
        requirements
    }

    fn report_cycle(&mut self, name: &str, parents: &[String]) {
        let cycle: Vec<&str> = parents.iter().map(String::as_str).chain([name]).collect();
        // Each group of a circle meets it; one report is enough.
        let is_known = self
            .problems
            .iter()
            .any(|problem| problem.message.starts_with(CYCLE));
        if !is_known {
            let message = format!("{CYCLE}: {}", cycle.join(" → "));
            self.report(
                message,
                name,
                "included by itself",
                "remove one `include-group`".to_owned(),
            );
        }
    }

    fn report(&mut self, message: String, name: &str, label: &str, hint: String) {
        let text = files::read_optional(self.files.tree, &self.path).unwrap_or_default();
        let needle = text
            .match_indices("include-group")
            .filter_map(|(start, _)| text[start..].lines().next())
            .find(|line| {
                line.contains(&format!("\"{name}\"")) || line.contains(&format!("'{name}'"))
            });
        let needle = needle
            .and_then(|line| line.split('}').next())
            .unwrap_or("[dependency-groups]")
            .trim();
        let problem = files::about_text(self.files.tree, &self.path, needle, message, label);
        self.problems.push(problem.with_hint(hint));
    }
}

fn find<'a>(table: &'a Table, normal: &str) -> Option<&'a Value> {
    table
        .iter()
        .find(|(key, _)| normalise_name(key) == normal)
        .map(|(_, value)| value)
}

const CYCLE: &str = "dependency groups include each other in a circle";

/// Returns a string of a table.
pub(crate) fn text(table: &Table, key: &str) -> Option<String> {
    table.get(key)?.as_str().map(str::to_owned)
}

/// Returns a table of lists, such as `optional-dependencies`.
pub(crate) fn lists(value: Option<&Value>) -> BTreeMap<String, Vec<String>> {
    let table = value.and_then(Value::as_table);
    table
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), strings(Some(value))))
        .collect()
}

/// Returns the Pythons that classifiers name, ascending.
pub(crate) fn classifier_pythons(classifiers: &[String]) -> Vec<PythonVersion> {
    let mut versions: Vec<PythonVersion> = classifiers
        .iter()
        .filter_map(|classifier| {
            classifier
                .trim()
                .strip_prefix("Programming Language :: Python ::")
        })
        .filter_map(|version| version.trim().parse().ok())
        .collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}

fn entry_points(table: &Table) -> Vec<String> {
    let mut names = Vec::new();
    for (key, group) in [
        ("scripts", "console_scripts"),
        ("gui-scripts", "gui_scripts"),
    ] {
        let scripts = table.get(key).and_then(Value::as_table);
        names.extend(
            scripts
                .into_iter()
                .flatten()
                .map(|(name, _)| format!("{group}:{name}")),
        );
    }
    for (group, members) in table
        .get("entry-points")
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
    {
        let members = members.as_table();
        names.extend(
            members
                .into_iter()
                .flatten()
                .map(|(name, _)| format!("{group}:{name}")),
        );
    }
    names
}

/// The files that readme and licence name.
fn named_files(table: &Table) -> Vec<String> {
    let mut paths = Vec::new();
    match table.get("readme") {
        Some(Value::String(path)) => paths.push(path.clone()),
        Some(Value::Table(readme)) => paths.extend(text(readme, "file")),
        _ => {}
    }
    paths.extend(
        table
            .get("license")
            .and_then(Value::as_table)
            .and_then(|license| text(license, "file")),
    );
    paths.extend(
        strings(table.get("license-files"))
            .into_iter()
            .filter(|path| !path.contains(['*', '['])),
    );
    paths
}
