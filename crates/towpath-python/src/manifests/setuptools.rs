//! `[tool.setuptools]` and `[tool.setuptools_scm]`: the dynamic fields of `[project]`.

use toml::Value;

use crate::files::{ProjectFiles, read_optional, strings};
use crate::manifests::backends::attribute_version;
use crate::manifests::pep621::text;
use crate::manifests::requirements;
use crate::requirement::append;
use crate::{Project, ProjectVersion};

/// Fills in the dynamic fields that setuptools reads from files and modules.
pub(crate) fn read(project: &mut Project, files: &ProjectFiles<'_>) {
    let uses_scm = files.table(&["tool", "setuptools_scm"]).is_some()
        || project.build_system.as_ref().is_some_and(|build| {
            let is_setuptools = build.backend.starts_with("setuptools");
            is_setuptools
                && build.requires.iter().any(|one| {
                    one.starts_with("setuptools_scm") || one.starts_with("setuptools-scm")
                })
        });
    if uses_scm && !matches!(project.version, ProjectVersion::Static(_)) {
        project.version = ProjectVersion::Dynamic("setuptools-scm".to_owned());
    }
    for tool in [
        "setuptools-git-versioning",
        "versioningit",
        "versioneer",
        "pbr",
    ] {
        let is_used = files.table(&["tool", tool]).is_some();
        if is_used && !matches!(project.version, ProjectVersion::Static(_)) {
            project.version = ProjectVersion::Dynamic(tool.to_owned());
        }
    }
    let Some(dynamic) = files.table(&["tool", "setuptools", "dynamic"]) else {
        return;
    };
    if let Some(version) = dynamic.get("version").and_then(Value::as_table) {
        read_version(project, files, version);
    }
    if let Some(value) = dynamic.get("dependencies").and_then(Value::as_table) {
        let found = requirements_of(project, files, &strings(value.get("file")));
        append(&mut project.dependencies, found);
    }
    for (extra, value) in dynamic
        .get("optional-dependencies")
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
    {
        let found = requirements_of(project, files, &strings(value.get("file")));
        append(project.extras.entry(extra.clone()).or_default(), found);
    }
    for path in dynamic
        .get("readme")
        .map(|readme| strings(readme.get("file").or(Some(readme))))
        .unwrap_or_default()
    {
        append(&mut project.version_files, [files.path(&path)]);
    }
}

fn read_version(project: &mut Project, files: &ProjectFiles<'_>, version: &toml::Table) {
    if let Some(attribute) = text(version, "attr") {
        project.version = module_version(project, files, &attribute);
    } else if let Some(path) = strings(version.get("file")).first() {
        project.version = file_version(project, files, path);
    }
}

/// Reads a version that stands alone in a file.
pub(crate) fn file_version(
    project: &mut Project,
    files: &ProjectFiles<'_>,
    relative: &str,
) -> ProjectVersion {
    let path = files.path(relative.trim());
    append(&mut project.version_files, [path.clone()]);
    match read_optional(files.tree, &path).map(|text| text.trim().to_owned()) {
        Some(version) if !version.is_empty() => ProjectVersion::Static(version),
        _ => ProjectVersion::Dynamic(format!("file: {relative}")),
    }
}

/// Reads a version from an attribute of a module of the project: `pkg.__version__`.
pub(crate) fn module_version(
    project: &mut Project,
    files: &ProjectFiles<'_>,
    dotted: &str,
) -> ProjectVersion {
    let Some((module, attribute)) = dotted.trim().rsplit_once('.') else {
        return ProjectVersion::Dynamic(format!("attr: {dotted}"));
    };
    let module = module.replace('.', "/");
    let paths = ["", "src/", "lib/"].iter().flat_map(|folder| {
        [
            format!("{folder}{module}/__init__.py"),
            format!("{folder}{module}.py"),
        ]
    });
    match paths.into_iter().find(|path| files.has(path)) {
        Some(path) => match attribute_version(project, files, &path, attribute) {
            ProjectVersion::Dynamic(_) => ProjectVersion::Dynamic(format!("attr: {dotted}")),
            known => known,
        },
        None => ProjectVersion::Dynamic(format!("attr: {dotted}")),
    }
}

/// Returns the requirements of the files that a dynamic field names, and notes the files.
pub(crate) fn requirements_of(
    project: &mut Project,
    files: &ProjectFiles<'_>,
    paths: &[String],
) -> Vec<String> {
    let mut found = Vec::new();
    for path in paths {
        let path = files.path(path.trim());
        append(
            &mut found,
            requirements::read(files.tree, &path).requirements,
        );
        append(&mut project.version_files, [path]);
    }
    found
}
