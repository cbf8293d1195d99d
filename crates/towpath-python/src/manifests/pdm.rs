//! `[tool.pdm]`: development dependencies and where the version comes from.

use toml::Value;

use crate::files::{ProjectFiles, strings};
use crate::manifests::backends::{self, attribute_version};
use crate::manifests::pep621::text;
use crate::requirement::append;
use crate::{Project, ProjectVersion};

/// Fills in what `[tool.pdm]` says.
pub(crate) fn read(project: &mut Project, files: &ProjectFiles<'_>) {
    let Some(table) = files.table(&["tool", "pdm"]) else {
        return;
    };
    for (name, group) in table
        .get("dev-dependencies")
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
    {
        let requirements = strings(Some(group));
        // `-e file:///${PROJECT_ROOT}/x` is an editable path, which no PEP 508 says.
        let requirements = requirements.into_iter().filter(|one| !one.starts_with('-'));
        append(
            project.groups.entry(name.clone()).or_default(),
            requirements,
        );
        append(&mut project.default_groups, [name.clone()]);
    }
    if table.get("distribution").and_then(Value::as_bool) == Some(false) {
        project.is_package = false;
    }
    if matches!(project.version, ProjectVersion::Dynamic(_))
        && let Some(version) = table.get("version").and_then(Value::as_table)
    {
        match text(version, "source").as_deref() {
            Some("file") => {
                let path = text(version, "path").unwrap_or_default();
                project.version = attribute_version(project, files, &path, "__version__");
            }
            Some(source) => {
                project.version = ProjectVersion::Dynamic(backends::named("pdm", source));
            }
            None => {}
        }
    }
}
