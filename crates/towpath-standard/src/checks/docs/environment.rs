//! What building the documentation needs.

use towpath_python::DocsTool;

use crate::facts::Facts;
use crate::test_environment::automated;
use crate::work::{EnvironmentNeed, ProjectInstall};

/// Returns what building the documentation needs: what the automation installs for it, else the
/// group, extra or requirements file that is named for it.
pub(super) fn environment(facts: &Facts<'_>) -> EnvironmentNeed {
    let project = facts.project;
    let is_docs_tool = |tool: &str| {
        matches!(
            tool,
            "sphinx-build" | "mkdocs" | "sphinx" | "sphinx-autobuild"
        )
    };
    let mut need = EnvironmentNeed {
        project: if project.is_package {
            ProjectInstall::Editable
        } else {
            ProjectInstall::No
        },
        ..EnvironmentNeed::of(facts.newest_python(), Vec::new())
    };
    let found = automated(facts, &is_docs_tool).unwrap_or_default();
    let mut groups = found.groups;
    let mut extras = found.extras;
    need.requirements = found.requirements;
    need.requirement_files = found.requirement_files;
    if groups.is_empty() && extras.is_empty() && need.requirement_files.is_empty() {
        let is_named = |name: &&String| matches!(name.as_str(), "docs" | "doc" | "documentation");
        groups = project.groups.keys().filter(is_named).cloned().collect();
        if groups.is_empty() {
            extras = project.extras.keys().filter(is_named).cloned().collect();
        }
        need.requirement_files.extend(
            project
                .docs
                .as_ref()
                .and_then(|docs| docs.requirements.clone()),
        );
    }
    need.add_needs(project, groups, extras);
    let holds_tool = need.locked.is_some()
        || !need.requirement_files.is_empty()
        || need
            .requirements
            .iter()
            .any(|text| crate::tools::names(text, "sphinx") || crate::tools::names(text, "mkdocs"));
    if !holds_tool {
        need.requirements
            .push(match project.docs.as_ref().map(|docs| docs.tool) {
                Some(DocsTool::Mkdocs) => "mkdocs".to_owned(),
                _ => "sphinx".to_owned(),
            });
    }
    need
}
