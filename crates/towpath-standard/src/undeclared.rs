//! What tests use and nothing declares: modules, and what plugins of pytest bring. All of it is one
//! problem that names the packages, not an error for each test. Installs nothing.

use std::collections::{BTreeMap, BTreeSet};

use towpath_python::{is_standard_module, normalise_name, third_party_imports};
use towpath_report::{Finding, Place, Severity, TestCase, TestOutcome};

use crate::facts::Facts;
use crate::pytest_plugins;

/// Rule of the finding about what nothing declares.
pub(crate) const MISSING_MODULE: &str = "missing-module";

/// Packages whose modules have another name.
const PACKAGES: [(&str, &str); 20] = [
    ("attr", "attrs"),
    ("bs4", "beautifulsoup4"),
    ("Crypto", "pycryptodome"),
    ("dateutil", "python-dateutil"),
    ("docx", "python-docx"),
    ("dotenv", "python-dotenv"),
    ("git", "gitpython"),
    ("jose", "python-jose"),
    ("jwt", "pyjwt"),
    ("magic", "python-magic"),
    ("multipart", "python-multipart"),
    ("MySQLdb", "mysqlclient"),
    ("nacl", "pynacl"),
    ("OpenSSL", "pyopenssl"),
    ("PIL", "pillow"),
    ("pkg_resources", "setuptools"),
    ("serial", "pyserial"),
    ("sklearn", "scikit-learn"),
    ("yaml", "pyyaml"),
    ("zmq", "pyzmq"),
];

/// Returns the module that a package is thought to bring.
pub(crate) fn module_of(package: &str) -> String {
    let package = normalise_name(package);
    let known = PACKAGES.iter().find(|(_, brings)| *brings == package);
    known.map_or_else(
        || package.replace('-', "_"),
        |(module, _)| (*module).to_owned(),
    )
}

/// What tests use and the environment lacks.
#[derive(Default)]
pub(crate) struct Undeclared {
    /// Modules and fixtures, and the packages that are thought to bring them.
    modules: BTreeMap<String, String>,
    fixtures: BTreeMap<String, String>,
    awaits: bool,
    place: Option<Place>,
}

impl Undeclared {
    /// Takes the tests that could not run for want of something undeclared, out of those that ran.
    /// `absent` are modules without which pytest did not start, `importable` the names of all modules
    /// that the environment holds, where they are known.
    pub(crate) fn take(
        facts: &Facts<'_>,
        tests: &mut Vec<TestCase>,
        absent: &[String],
        importable: Option<&str>,
    ) -> Self {
        let mut undeclared = Self::default();
        let absent = absent.iter().map(|module| top_level(module));
        for module in absent.filter(|module| is_foreign(facts, module)) {
            undeclared.add_module(module);
        }
        tests.retain(|case| !undeclared.explains(facts, case));
        if let (Some(importable), false) = (importable, undeclared.modules.is_empty()) {
            undeclared.add_imports(facts, importable);
        }
        undeclared
    }

    /// Notes what a test lacked, and returns whether that is why it failed.
    fn explains(&mut self, facts: &Facts<'_>, case: &TestCase) -> bool {
        let module = missing_module(case).filter(|module| is_foreign(facts, module));
        let fixture = missing_fixture(case);
        let awaits = case
            .message
            .contains("async def functions are not natively supported");
        if module.is_none() && fixture.is_none() && !(awaits && case.is_failure()) {
            return false;
        }
        if let Some(module) = module {
            self.add_module(&module);
        } else if let Some((name, package)) = fixture {
            self.fixtures.insert(name.to_owned(), package.to_owned());
        } else {
            self.awaits = true;
        }
        let place = || {
            case.failed_at
                .clone()
                .unwrap_or_else(|| Place::at(&case.path, case.line, 0))
        };
        self.place.get_or_insert_with(place);
        true
    }

    fn add_module(&mut self, module: &str) {
        let known = PACKAGES.iter().find(|(name, _)| *name == module);
        let package = known.map_or_else(
            || normalise_name(module),
            |(_, package)| (*package).to_owned(),
        );
        self.modules.insert(module.to_owned(), package);
    }

    /// Adds what the tests import beside the first module that was missed.
    fn add_imports(&mut self, facts: &Facts<'_>, importable: &str) {
        let importable: BTreeSet<&str> = importable.lines().collect();
        let mut paths: Vec<String> = facts
            .project
            .tests
            .iter()
            .flat_map(|tests| tests.paths.clone())
            .collect();
        paths.push(facts.project.path("conftest.py"));
        for module in third_party_imports(facts.tree, &paths) {
            if !importable.contains(module.as_str()) {
                self.add_module(&module);
            }
        }
    }

    /// Returns what was missed, for the summary of a check.
    pub(crate) fn names(&self) -> Vec<&str> {
        let plugin = self.awaits.then_some("pytest-asyncio");
        self.modules
            .keys()
            .chain(self.fixtures.values())
            .map(String::as_str)
            .chain(plugin)
            .collect()
    }

    /// Returns the one problem about all of it; `None` where nothing was missed.
    pub(crate) fn finding(&self) -> Option<Finding> {
        let mut packages: Vec<&str> = self
            .modules
            .values()
            .chain(self.fixtures.values())
            .map(String::as_str)
            .collect();
        let mut uses = Vec::new();
        if !self.modules.is_empty() {
            uses.push(format!("import {}", listed(self.modules.keys())));
        }
        if !self.fixtures.is_empty() {
            let noun = if self.fixtures.len() == 1 {
                "fixture"
            } else {
                "fixtures"
            };
            uses.push(format!("use the {noun} {}", listed(self.fixtures.keys())));
        }
        if self.awaits {
            uses.push("are `async def` functions, which only a plugin runs".to_owned());
            packages.push("pytest-asyncio");
        }
        if uses.is_empty() {
            return None;
        }
        packages.sort_unstable();
        packages.dedup();
        let it = if packages.len() == 1 { "it" } else { "them" };
        let packages: Vec<String> = packages
            .iter()
            .map(|package| format!("{package:?}"))
            .collect();
        Some(Finding {
            tool: "pytest".to_owned(),
            rule: MISSING_MODULE.to_owned(),
            rule_url: None,
            message: format!(
                "the tests {}, which nothing declares; add {it} where the tests' requirements are, or set \
                 `requirements = [{}]` in `[tool.towpath.tests]`",
                uses.join(" and "),
                packages.join(", ")
            ),
            place: self.place.clone(),
            severity: Severity::Error,
            fixable: false,
            blocking: true,
        })
    }
}

/// Returns names in backticks: `a`, `b` and `c`.
fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// Whether a module is neither the repository's own nor Python's, so that a package brings it.
fn is_foreign(facts: &Facts<'_>, module: &str) -> bool {
    let file = format!("{module}.py");
    let is_it = |path: &String| {
        let mut parts = path.split('/').rev();
        parts.next() == Some(file.as_str()) || parts.any(|folder| folder == module)
    };
    !is_standard_module(module)
        && !facts
            .tree
            .files()
            .keys()
            .filter(|path| path.ends_with(".py"))
            .any(is_it)
}

/// Returns the module whose absence kept a file of tests from being collected.
pub(crate) fn missing_module(case: &TestCase) -> Option<String> {
    if case.outcome != TestOutcome::Error {
        return None;
    }
    let text = format!("{}\n{}", case.message, case.details);
    let (_, rest) = text.split_once("ModuleNotFoundError: No module named '")?;
    let name = rest.split('\'').next()?;
    Some(top_level(name).to_owned())
}

/// Returns the first part of a module's name.
pub(crate) fn top_level(module: &str) -> &str {
    module.split('.').next().unwrap_or(module)
}

/// Returns the fixture of a known plugin that a test asks for in vain, and the plugin.
fn missing_fixture(case: &TestCase) -> Option<(&'static str, &'static str)> {
    let (_, rest) = case.message.split_once("fixture '")?;
    let (name, rest) = rest.split_once('\'')?;
    let known = pytest_plugins::FIXTURES
        .iter()
        .find(|(fixture, _)| *fixture == name)?;
    (case.outcome == TestOutcome::Error && rest.trim_start().starts_with("not found"))
        .then_some(*known)
}

/// Returns the module without which pytest itself could not start: its settings, plugins and conftest
/// import before anything is collected.
pub(crate) fn absent_module(text: &str) -> Option<String> {
    let marks = ["No module named '", "Failed to import filter module '"];
    let (at, mark) = marks
        .iter()
        .filter_map(|mark| Some((text.rfind(mark)?, mark)))
        .max()?;
    let module = text[at + mark.len()..]
        .split('\'')
        .next()
        .unwrap_or_default();
    (!module.is_empty()).then(|| module.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_module_that_is_absent_is_named() {
        for (text, expected) in [
            (
                "ModuleNotFoundError: No module named 'trio.abc'\n",
                Some("trio.abc"),
            ),
            (
                "PytestConfigWarning: Failed to import filter module 'trio': ignore: x\n",
                Some("trio"),
            ),
            (
                "No module named 'a'\nImportError while loading conftest\nNo module named 'b'\n",
                Some("b"),
            ),
            ("usage: pytest\n", None),
        ] {
            assert_eq!(absent_module(text).as_deref(), expected, "{text:?}");
        }
    }
}
