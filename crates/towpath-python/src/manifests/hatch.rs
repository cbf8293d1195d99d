//! `[tool.hatch]` and `hatch.toml`: environments and where the version comes from.

use std::collections::BTreeMap;

use toml::{Table, Value};
use towpath_report::Problem;

use crate::files::{ProjectFiles, read_toml, strings};
use crate::manifests::backends::attribute_version;
use crate::manifests::pep621::text;
use crate::requirement::append;
use crate::{Project, ProjectVersion};

/// What `hatch test` installs by itself.
const HATCH_TEST: [&str; 4] = [
    "pytest",
    "pytest-mock",
    "pytest-rerunfailures",
    "pytest-xdist[psutil]",
];

/// Fills in what hatch's tables say.
pub(crate) fn read(project: &mut Project, files: &ProjectFiles<'_>, problems: &mut Vec<Problem>) {
    let own = read_toml(files.tree, &files.path("hatch.toml"), problems);
    let tables: Vec<&Table> = own.iter().chain(files.table(&["tool", "hatch"])).collect();
    for table in &tables {
        read_version(project, files, table);
        if let Some(environments) = table.get("envs").and_then(Value::as_table) {
            read_environments(project, environments);
        }
    }
}

fn read_version(project: &mut Project, files: &ProjectFiles<'_>, table: &Table) {
    let Some(version) = table.get("version").and_then(Value::as_table) else {
        return;
    };
    if !matches!(project.version, ProjectVersion::Dynamic(_)) {
        return;
    }
    match (text(version, "source").as_deref(), text(version, "path")) {
        (None | Some("regex"), Some(path)) => {
            project.version = attribute_version(project, files, &path, "__version__");
        }
        (Some("vcs"), _) => project.version = ProjectVersion::Dynamic("hatch-vcs".to_owned()),
        (Some(source), _) => project.version = ProjectVersion::Dynamic(format!("hatch: {source}")),
        (None, None) => {}
    }
}

/// Collects each environment's dependencies with those of its template; an environment uses
/// `default` as template unless it is detached or names another. Its features and groups are put in
/// place of their names.
fn read_environments(project: &mut Project, environments: &Table) {
    let mut found = BTreeMap::new();
    for name in environments.keys() {
        let mut requirements = Vec::new();
        collect(
            project,
            environments,
            name,
            &mut Vec::new(),
            &mut requirements,
        );
        found.insert(name.clone(), requirements);
    }
    project.hatch_environments.extend(found);
}

fn collect(
    project: &Project,
    environments: &Table,
    name: &str,
    seen: &mut Vec<String>,
    requirements: &mut Vec<String>,
) {
    let Some(environment) = environments.get(name).and_then(Value::as_table) else {
        return;
    };
    if seen.iter().any(|other| other == name) {
        return;
    }
    seen.push(name.to_owned());
    let is_detached = environment
        .get("detached")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let template = text(environment, "template");
    if !is_detached || template.is_some() {
        collect(
            project,
            environments,
            template.as_deref().unwrap_or("default"),
            seen,
            requirements,
        );
    }
    // The environment of `hatch test` has dependencies of its own unless they are replaced.
    if name == "hatch-test" && !environment.contains_key("dependencies") {
        append(requirements, HATCH_TEST.map(str::to_owned));
    }
    append(requirements, strings(environment.get("dependencies")));
    append(requirements, strings(environment.get("extra-dependencies")));
    for (key, named) in [
        ("features", &project.extras),
        ("dependency-groups", &project.groups),
    ] {
        for name in strings(environment.get(key)) {
            append(requirements, named.get(&name).cloned().unwrap_or_default());
        }
    }
}
