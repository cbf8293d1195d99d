//! `[tool.poetry]`: poetry 1 as the manifest itself, poetry 2 beside `[project]`.

use toml::{Table, Value};

use crate::files::{ProjectFiles, strings};
use crate::manifests::pep621::{classifier_pythons, text};
use crate::manifests::poetry_constraint::{translate, translate_python};
use crate::requirement::{append, git_url, normalise_name, requirement_name, write_requirement};
use crate::{BuildSystem, Project, ProjectVersion};

/// Fills in what `[tool.poetry]` says and `[project]` did not.
pub(crate) fn read(project: &mut Project, files: &ProjectFiles<'_>) {
    let Some(table) = files.table(&["tool", "poetry"]) else {
        return;
    };
    let is_poetry_one = files.table(&["project"]).is_none();
    project.is_package = table
        .get("package-mode")
        .and_then(Value::as_bool)
        .unwrap_or(true);
    if project.name.is_none() {
        project.name = text(table, "name");
    }
    read_version(project, table, files);
    let dependencies = table.get("dependencies").and_then(Value::as_table);
    if let Some(python) = dependencies
        .and_then(|table| table.get("python"))
        .and_then(constraint_text)
        && project.requires_python.is_none()
    {
        project.requires_python = Some(translate_python(&python)).filter(|text| !text.is_empty());
    }
    if project.classifier_pythons.is_empty() {
        project.classifier_pythons = classifier_pythons(&strings(table.get("classifiers")));
    }
    if is_poetry_one {
        read_dependencies(project, table, dependencies);
        let scripts = table
            .get("scripts")
            .and_then(Value::as_table)
            .into_iter()
            .flatten();
        project
            .entry_points
            .extend(scripts.map(|(name, _)| format!("console_scripts:{name}")));
        for (group, members) in table
            .get("plugins")
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
        {
            let members = members.as_table().into_iter().flatten();
            project
                .entry_points
                .extend(members.map(|(name, _)| format!("{group}:{name}")));
        }
        append(
            &mut project.version_files,
            strings(table.get("readme"))
                .into_iter()
                .map(|path| files.path(&path)),
        );
    }
    read_groups(project, table);
}

/// The backend of poetry, for a manifest without `[build-system]`.
pub(crate) fn build_system() -> BuildSystem {
    BuildSystem {
        requires: vec!["poetry-core".to_owned()],
        backend: "poetry.core.masonry.api".to_owned(),
        backend_path: Vec::new(),
    }
}

fn read_version(project: &mut Project, table: &Table, files: &ProjectFiles<'_>) {
    let dynamic = files.table(&["tool", "poetry-dynamic-versioning"]);
    if dynamic
        .and_then(|table| table.get("enable"))
        .and_then(Value::as_bool)
        == Some(true)
    {
        project.version = ProjectVersion::Dynamic("poetry-dynamic-versioning".to_owned());
    } else if !matches!(project.version, ProjectVersion::Static(_))
        && let Some(version) = text(table, "version")
    {
        project.version = ProjectVersion::Static(version);
    }
}

fn read_dependencies(project: &mut Project, table: &Table, dependencies: Option<&Table>) {
    let mut optional = Vec::new();
    for (name, value) in dependencies.into_iter().flatten() {
        if name == "python" {
            continue;
        }
        let is_optional = alternatives(value).any(|one| {
            one.as_table()
                .and_then(|table| table.get("optional"))
                .and_then(Value::as_bool)
                == Some(true)
        });
        let requirements = requirements(name, value);
        if is_optional {
            optional.extend(requirements);
        } else {
            append(&mut project.dependencies, requirements);
        }
    }
    for (extra, names) in table
        .get("extras")
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
    {
        let names: Vec<String> = strings(Some(names))
            .iter()
            .map(|name| normalise_name(name))
            .collect();
        let members = optional.iter().chain(&project.dependencies);
        let members =
            members.filter(|one| requirement_name(one).is_some_and(|name| names.contains(&name)));
        project
            .extras
            .insert(extra.clone(), members.cloned().collect());
    }
}

fn read_groups(project: &mut Project, table: &Table) {
    if let Some(dev) = table.get("dev-dependencies").and_then(Value::as_table) {
        add_group(project, "dev", dev, true);
    }
    for (name, group) in table
        .get("group")
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
    {
        let is_optional = group
            .get("optional")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        if let Some(dependencies) = group.get("dependencies").and_then(Value::as_table) {
            add_group(project, name, dependencies, !is_optional);
        }
    }
}

fn add_group(project: &mut Project, name: &str, dependencies: &Table, is_default: bool) {
    let group = project.groups.entry(name.to_owned()).or_default();
    for (dependency, value) in dependencies
        .iter()
        .filter(|(dependency, _)| *dependency != "python")
    {
        append(group, requirements(dependency, value));
    }
    if is_default {
        append(&mut project.default_groups, [name.to_owned()]);
    }
}

/// A dependency is one value, or a list of values for different Pythons and platforms.
fn alternatives(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(items) => items.iter(),
        single => std::slice::from_ref(single).iter(),
    }
}

fn constraint_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Table(table) => text(table, "version"),
        _ => None,
    }
}

/// Translates one dependency to PEP 508; a path becomes a `file:` URL relative to the project.
pub(crate) fn requirements(name: &str, value: &Value) -> Vec<String> {
    alternatives(value)
        .filter_map(|one| requirement(name, one))
        .collect()
}

fn requirement(name: &str, value: &Value) -> Option<String> {
    let table = match value {
        Value::String(constraint) => return Some(format!("{name}{}", translate(constraint))),
        Value::Table(table) => table,
        _ => return None,
    };
    let extras = strings(table.get("extras"));
    let source = if let Some(path) = text(table, "path") {
        format!(" @ file:{path}")
    } else if let Some(url) = text(table, "url") {
        format!(" @ {url}")
    } else if let Some(git) = text(table, "git") {
        let revision = REVISION_KEYS.iter().find_map(|key| text(table, key));
        let folder = text(table, "subdirectory");
        format!(
            " @ {}",
            git_url(&git, revision.as_deref(), folder.as_deref())
        )
    } else {
        text(table, "version")
            .map(|constraint| translate(&constraint))
            .unwrap_or_default()
    };
    let markers = markers(table);
    Some(write_requirement(name, &extras, &source, &markers))
}

/// The keys of a revision, the one that counts first.
const REVISION_KEYS: [&str; 3] = ["rev", "tag", "branch"];

fn markers(table: &Table) -> Vec<String> {
    let mut markers = Vec::new();
    if let Some(python) = text(table, "python") {
        markers.extend(
            translate_python(&python)
                .split(',')
                .filter(|part| !part.is_empty())
                .map(python_marker),
        );
    }
    if let Some(platform) = text(table, "platform") {
        markers.push(format!("sys_platform == '{platform}'"));
    }
    if let Some(marker) = text(table, "markers") {
        let is_compound = marker.contains(" or ");
        markers.push(if is_compound {
            format!("({marker})")
        } else {
            marker
        });
    }
    markers
}

fn python_marker(specifier: &str) -> String {
    let split = specifier
        .find(|character: char| !"<>=!~".contains(character))
        .unwrap_or(specifier.len());
    let (operator, version) = specifier.split_at(split);
    let variable = if version.trim_end_matches(".*").matches('.').count() > 1 {
        "python_full_version"
    } else {
        "python_version"
    };
    format!("{variable} {operator} '{}'", version.trim_end_matches(".*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translates_dependencies() {
        for (toml, expected) in [
            ("x = '^1.2'", "x>=1.2,<2.0"),
            ("x = '*'", "x"),
            ("x = {version = '>=1', extras = ['a','b']}", "x[a,b]>=1"),
            (
                "x = {git = 'https://h/x.git', rev = 'abc', subdirectory = 's'}",
                "x @ git+https://h/x.git@abc#subdirectory=s",
            ),
            ("x = {git = 'git@h:o/x.git'}", "x @ git+ssh://git@h/o/x.git"),
            ("x = {path = '../x', develop = true}", "x @ file:../x"),
            ("x = {url = 'https://h/x.whl'}", "x @ https://h/x.whl"),
            (
                "x = {version = '*', python = '<3.8', markers = \"a == 'b' or c == 'd'\"}",
                "x ; python_version < '3.8' and (a == 'b' or c == 'd')",
            ),
            (
                "x = {version = '~1', python = '^3.8', platform = 'win32'}",
                "x>=1,<2 ; python_version >= '3.8' and python_version < '4.0' and sys_platform == 'win32'",
            ),
            (
                "x = [{version = '1.0', python = '<3.9'}, {version = '2.0', python = '>=3.9'}]",
                "x==1.0 ; python_version < '3.9' | x==2.0 ; python_version >= '3.9'",
            ),
        ] {
            let table: Table = toml.parse().unwrap();
            assert_eq!(
                requirements("x", &table["x"]).join(" | "),
                expected,
                "{toml}"
            );
        }
    }
}
