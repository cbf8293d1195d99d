//! flit: `[tool.flit.metadata]` of old, and the module that holds the version of a flit project.

use toml::Value;

use crate::files::{ProjectFiles, strings};
use crate::manifests::backends::attribute_version;
use crate::manifests::pep621::{classifier_pythons, lists, text};
use crate::{Project, ProjectVersion};

/// Fills in what flit's tables say.
pub(crate) fn read(project: &mut Project, files: &ProjectFiles<'_>) {
    let is_flit = project
        .build_system
        .as_ref()
        .is_some_and(|build| build.backend.starts_with("flit"));
    if let Some(table) = files.table(&["tool", "flit", "metadata"]) {
        project.is_package = true;
        project.name = text(table, "dist-name").or_else(|| text(table, "module"));
        project.version = ProjectVersion::Dynamic("flit".to_owned());
        project.requires_python = text(table, "requires-python");
        project.dependencies = strings(table.get("requires"));
        project.extras = lists(table.get("requires-extra"));
        project.classifier_pythons = classifier_pythons(&strings(table.get("classifiers")));
        let scripts = files
            .table(&["tool", "flit", "scripts"])
            .into_iter()
            .flatten();
        project.entry_points = scripts
            .map(|(name, _)| format!("console_scripts:{name}"))
            .collect();
    }
    if is_flit && matches!(project.version, ProjectVersion::Dynamic(_)) {
        let module = module_name(project, files);
        let candidates = ["src/", ""].map(|folder| format!("{folder}{module}"));
        let paths = candidates
            .iter()
            .flat_map(|path| [format!("{path}/__init__.py"), format!("{path}.py")]);
        if let Some(path) = paths.into_iter().find(|path| files.has(path)) {
            project.version = attribute_version(project, files, &path, "__version__");
        }
    }
}

/// The module that flit packages, as a path.
pub(crate) fn module_name(project: &Project, files: &ProjectFiles<'_>) -> String {
    let configured = files
        .table(&["tool", "flit", "module"])
        .and_then(|table| text(table, "name"));
    let old = files
        .table(&["tool", "flit", "metadata"])
        .and_then(|table| table.get("module"));
    let old = old.and_then(Value::as_str).map(str::to_owned);
    let name = configured
        .or(old)
        .or_else(|| project.name.as_ref().map(|name| name.replace('-', "_")));
    name.unwrap_or_default().replace('.', "/")
}
