//! `Pipfile`: pipenv's manifest.

use toml::{Table, Value};
use towpath_report::Problem;

use crate::Project;
use crate::files::{ProjectFiles, read_toml, strings};
use crate::manifests::pep621::text;
use crate::requirement::{append, git_url, write_requirement};

/// Fills in what a `Pipfile` says. Its development packages become the group `dev-packages`; any other
/// table of packages becomes a group of its name.
pub(crate) fn read(project: &mut Project, files: &ProjectFiles<'_>, problems: &mut Vec<Problem>) {
    let Some(table) = read_toml(files.tree, &files.path("Pipfile"), problems) else {
        return;
    };
    for (name, value) in &table {
        let Some(packages) = value.as_table() else {
            continue;
        };
        match name.as_str() {
            "packages" if project.dependencies.is_empty() => {
                project.dependencies = requirements(packages);
            }
            "packages" | "source" | "requires" | "scripts" | "pipenv" | "pipfile" => {}
            group => append(
                project.groups.entry(group.to_owned()).or_default(),
                requirements(packages),
            ),
        }
    }
    if project.groups.contains_key("dev-packages") {
        append(&mut project.default_groups, ["dev-packages".to_owned()]);
    }
    let requires = table.get("requires").and_then(Value::as_table);
    if project.requires_python.is_none() {
        let exact = requires.and_then(|table| {
            text(table, "python_full_version").or_else(|| text(table, "python_version"))
        });
        project.requires_python = exact.filter(|version| version != "*").map(|version| {
            if version.starts_with(['<', '>', '=', '~', '!']) {
                version
            } else if version.matches('.').count() < 2 {
                format!("=={version}.*")
            } else {
                format!("=={version}")
            }
        });
    }
}

fn requirements(packages: &Table) -> Vec<String> {
    packages
        .iter()
        .filter_map(|(name, value)| requirement(name, value))
        .collect()
}

fn requirement(name: &str, value: &Value) -> Option<String> {
    let table = match value {
        Value::String(specifier) => return Some(format!("{name}{}", specifiers(specifier))),
        Value::Table(table) => table,
        _ => return None,
    };
    let extras = strings(table.get("extras"));
    let source = if let Some(path) = text(table, "path") {
        format!(" @ file:{path}")
    } else if let Some(url) = text(table, "file") {
        format!(" @ {url}")
    } else if let Some(git) = text(table, "git") {
        let (reference, folder) = (text(table, "ref"), text(table, "subdirectory"));
        format!(
            " @ {}",
            git_url(&git, reference.as_deref(), folder.as_deref())
        )
    } else {
        text(table, "version")
            .map(|specifier| specifiers(&specifier).to_owned())
            .unwrap_or_default()
    };
    let mut markers: Vec<String> = text(table, "markers").into_iter().collect();
    for key in [
        "sys_platform",
        "python_version",
        "os_name",
        "platform_machine",
        "platform_system",
        "implementation_name",
    ] {
        markers.extend(text(table, key).map(|condition| format!("{key} {condition}")));
    }
    Some(write_requirement(name, &extras, &source, &markers))
}

fn specifiers(text: &str) -> &str {
    if text == "*" { "" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translates_packages() {
        let table: Table = "a = '*'\nb = '==1.0'\nc = {version = '>=2', extras = ['x'], sys_platform = \"== 'win32'\"}\nd = {path = '.', editable = true}\ne = {git = 'https://h/e.git', ref = 'v1'}\nf = {git = 'git@h:o/f.git', subdirectory = 's'}".parse().unwrap();
        assert_eq!(
            requirements(&table),
            [
                "a",
                "b==1.0",
                "c[x]>=2 ; sys_platform == 'win32'",
                "d @ file:.",
                "e @ git+https://h/e.git@v1",
                "f @ git+ssh://git@h/o/f.git#subdirectory=s"
            ]
        );
    }
}
