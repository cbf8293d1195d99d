//! Modules of the project's own that tests import and Python does not find: they lie in a folder that is
//! on nobody's path.

use std::collections::BTreeMap;

use towpath_report::{CheckResult, Finding, Place, Severity, TestCase, TestOutcome};

use crate::facts::Facts;

const IMPORT: &str = "ModuleNotFoundError: No module named '";

/// Puts one finding, which says what to set, in place of the tests that such a module kept from being
/// collected.
pub(super) fn gather(facts: &Facts<'_>, result: &mut CheckResult) {
    let mut folders: BTreeMap<String, String> = BTreeMap::new();
    let mut first: Option<Place> = None;
    result.tests.retain(|case| {
        let Some((file, folder)) = missed(case).and_then(|module| found(facts, module)) else {
            return true;
        };
        folders.insert(folder, file);
        first.get_or_insert_with(|| {
            let place = case.failed_at.clone();
            place.unwrap_or_else(|| Place::at(&case.path, case.line, 0))
        });
        false
    });
    if folders.is_empty() {
        return;
    }
    let paths: Vec<String> = folders.keys().map(|folder| format!("{folder:?}")).collect();
    let files: Vec<String> = folders.values().map(|file| format!("`{file}`")).collect();
    let lie = if files.len() == 1 { "lies" } else { "lie" };
    result.summary = format!("cannot import {}", files.join(", "));
    result.findings.push(Finding {
        tool: "pytest".to_owned(),
        rule: "module-off-path".to_owned(),
        rule_url: None,
        message: format!(
            "the tests import {}, which {lie} where Python does not look; set `pythonpath = [{}]` in \
             `[tool.pytest.ini_options]`",
            files.join(", "),
            paths.join(", ")
        ),
        place: first,
        severity: Severity::Error,
        fixable: false,
        blocking: true,
    });
    result.failed = true;
}

/// Returns the module without which a file of tests was not collected.
fn missed(case: &TestCase) -> Option<&str> {
    if case.outcome != TestOutcome::Error {
        return None;
    }
    let said = [&case.message, &case.details];
    let (_, rest) = said.into_iter().find_map(|text| text.split_once(IMPORT))?;
    rest.split('\'').next()
}

/// Returns the one file of the project that is a module, and the folder that would have to be on the path,
/// as it is named in the project's settings. A folder that is a package itself belongs on no path.
fn found(facts: &Facts<'_>, module: &str) -> Option<(String, String)> {
    let path = module.replace('.', "/");
    let ends = [format!("/{path}.py"), format!("/{path}/__init__.py")];
    let root = &facts.project.root;
    let mut places = facts.tree.files().keys().filter_map(|file| {
        let folder = ends
            .iter()
            .find_map(|end| file.strip_suffix(end.as_str()))?;
        let own = folder.strip_prefix(root.as_str())?.trim_start_matches('/');
        let is_package = facts.tree.contains(&format!("{folder}/__init__.py"));
        (!own.is_empty() && !is_package).then(|| (file.clone(), own.to_owned()))
    });
    let place = places.next()?;
    places.next().is_none().then_some(place)
}
