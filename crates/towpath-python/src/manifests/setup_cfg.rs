//! `setup.cfg`: the declarative metadata of setuptools.

use crate::files::ProjectFiles;
use crate::ini::{self, Entry, Ini};
use crate::manifests::pep621::classifier_pythons;
use crate::manifests::setuptools::{file_version, module_version, requirements_of};
use crate::requirement::append;
use crate::{Project, ProjectVersion};

/// Fills in what `[metadata]` and `[options]` say and `pyproject.toml` did not. Beside a `[project]`
/// without dynamic fields setuptools ignores both.
pub(crate) fn read(project: &mut Project, files: &ProjectFiles<'_>) {
    let Some(ini) = &files.setup_cfg else { return };
    let is_complete = files
        .table(&["project"])
        .is_some_and(|table| !table.contains_key("dynamic"));
    if !is_complete {
        read_metadata(project, files, ini);
        read_requirements(project, files, ini);
    }
    for group in ["tests_require", "setup_requires"] {
        let requirements = with_files(project, files, ini, "options", group);
        if !requirements.is_empty() {
            append(
                project.groups.entry(group.to_owned()).or_default(),
                requirements,
            );
        }
    }
}

fn read_metadata(project: &mut Project, files: &ProjectFiles<'_>, ini: &Ini) {
    if let Some(name) = ini.get("metadata", "name") {
        project.is_package = true;
        project.name.get_or_insert_with(|| name.to_owned());
    }
    if !matches!(project.version, ProjectVersion::Static(_))
        && let Some(version) = ini.get("metadata", "version")
    {
        project.version = read_version(project, files, version);
    }
    if project.requires_python.is_none() {
        // pbr keeps it in `[metadata]`.
        let spellings = [
            ("options", "python_requires"),
            ("options", "python-requires"),
            ("metadata", "python-requires"),
            ("metadata", "python_requires"),
        ];
        let found = spellings
            .iter()
            .find_map(|(section, key)| ini.get(section, key));
        project.requires_python = found.map(str::to_owned);
    }
    if project.classifier_pythons.is_empty() {
        let mut classifiers = with_files(project, files, ini, "metadata", "classifiers");
        classifiers.extend(with_files(project, files, ini, "metadata", "classifier"));
        project.classifier_pythons = classifier_pythons(&classifiers);
    }
    if project.entry_points.is_empty() {
        project.entry_points = entry_points(ini);
    }
}

fn read_requirements(project: &mut Project, files: &ProjectFiles<'_>, ini: &Ini) {
    if project.dependencies.is_empty() {
        project.dependencies = with_files(project, files, ini, "options", "install_requires");
    }
    if project.extras.is_empty() {
        read_extras(project, files, ini);
    }
}

fn read_version(project: &mut Project, files: &ProjectFiles<'_>, version: &str) -> ProjectVersion {
    if let Some(attribute) = version.strip_prefix("attr:") {
        module_version(project, files, attribute)
    } else if let Some(path) = version.strip_prefix("file:") {
        file_version(project, files, path.trim())
    } else {
        ProjectVersion::Static(version.trim().to_owned())
    }
}

fn read_extras(project: &mut Project, files: &ProjectFiles<'_>, ini: &Ini) {
    let Some(section) = ini.section("options.extras_require") else {
        return;
    };
    for Entry {
        key: extra, value, ..
    } in &section.entries
    {
        let requirements = list_or_files(project, files, value);
        // `name:marker` is the old spelling of a marker on each requirement.
        let (name, marker) = extra.split_once(':').unwrap_or((extra.as_str(), ""));
        let requirements = requirements.into_iter().map(|one| match marker.trim() {
            "" => one,
            marker => format!("{one} ; {marker}"),
        });
        let target = match name.trim() {
            "" => &mut project.dependencies,
            name => project.extras.entry(name.to_owned()).or_default(),
        };
        append(target, requirements);
    }
}

fn with_files(
    project: &mut Project,
    files: &ProjectFiles<'_>,
    ini: &Ini,
    section: &str,
    key: &str,
) -> Vec<String> {
    ini.get(section, key)
        .map(|value| list_or_files(project, files, value))
        .unwrap_or_default()
}

/// A list, or the lists in the files that `file:` names.
fn list_or_files(project: &mut Project, files: &ProjectFiles<'_>, value: &str) -> Vec<String> {
    match value.trim().strip_prefix("file:") {
        Some(paths) => {
            let paths: Vec<String> = ini::list(paths)
                .iter()
                .flat_map(|path| ini::list(path))
                .collect();
            requirements_of(project, files, &paths)
        }
        None if value.trim().contains('\n') || value.starts_with('\n') => ini::list(value),
        // One line of requirements is separated by semicolons; one with a marker is a single one.
        None if value.contains(';') => vec![value.trim().to_owned()],
        None => ini::list(value),
    }
}

fn entry_points(ini: &Ini) -> Vec<String> {
    let Some(section) = ini.section("options.entry_points") else {
        return Vec::new();
    };
    let names = section.entries.iter().flat_map(
        |Entry {
             key: group, value, ..
         }| {
            let lines = ini::list(value);
            lines.into_iter().filter_map(move |line| {
                line.split_once('=')
                    .map(|(name, _)| format!("{group}:{}", name.trim()))
            })
        },
    );
    names.collect()
}
