//! The extras that a project's tests need where no automation tells which its own CI installs: those whose
//! packages the code or the tests import. Reads text, and knows nothing of what is installed.

use std::collections::BTreeSet;

use towpath_python::{normalise_name, requirement_name};

use crate::adoption::has_automation;
use crate::facts::Facts;
use crate::undeclared::module_of;

/// Packages that need libraries of the system to be built, or gigabytes: an extra that holds one is left
/// to the project's word.
const COSTLY: [&str; 20] = [
    "cupy",
    "cx-oracle",
    "dbus-python",
    "gssapi",
    "jax",
    "libvirt-python",
    "mysqlclient",
    "psycopg2",
    "pyaudio",
    "pycairo",
    "pycurl",
    "pygobject",
    "pygraphviz",
    "pykerberos",
    "pyspark",
    "python-ldap",
    "tensorflow",
    "torch",
    "uwsgi",
    "xmlsec",
];

/// How the names of extras begin that are for those who develop the project, or stand for others.
const FOR_DEVELOPMENT: [&str; 8] = [
    "all", "bench", "build", "complete", "dev", "doc", "full", "lint",
];

/// Returns the extras, beside those that are taken already, whose packages the project imports. None
/// where automation is there to tell.
pub(crate) fn imported_extras(facts: &Facts<'_>, taken: &[String]) -> Vec<String> {
    if has_automation(facts.automation) {
        return Vec::new();
    }
    let mut candidates: Vec<(&String, Vec<String>)> = facts
        .project
        .extras
        .iter()
        .filter(|(extra, _)| !taken.contains(extra) && !is_for_development(extra))
        .map(|(extra, requirements)| {
            let names = requirements.iter().filter_map(|one| requirement_name(one));
            (extra, names.collect())
        })
        .collect();
    candidates.retain(|(_, packages)| {
        !packages
            .iter()
            .any(|package| COSTLY.contains(&package.as_str()))
    });
    let packages = candidates.iter().flat_map(|(_, packages)| packages);
    let imported = imported(facts, packages.map(String::as_str).collect());
    let is_imported = |package: &String| imported.contains(package.as_str());
    candidates
        .iter()
        .filter(|(_, packages)| packages.iter().any(is_imported))
        .map(|(extra, _)| (*extra).clone())
        .collect()
}

fn is_for_development(extra: &str) -> bool {
    let extra = normalise_name(extra);
    FOR_DEVELOPMENT.iter().any(|name| extra.starts_with(name))
}

/// Returns those of some packages that a file of the project imports, at whatever place of it.
fn imported<'a>(facts: &Facts<'_>, packages: BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let mut open: Vec<(&str, String)> = packages
        .into_iter()
        .map(|package| (package, module_of(package)))
        .collect();
    let mut imported = BTreeSet::new();
    for path in facts.python_files() {
        if open.is_empty() {
            break;
        }
        let text = facts.tree.read_text(path).unwrap_or_default();
        open.retain(|(package, module)| {
            let is_imported = text.lines().any(|line| is_import(line, module));
            if is_imported {
                imported.insert(*package);
            }
            !is_imported
        });
    }
    imported
}

/// Returns whether a line imports a module, or something of it.
fn is_import(line: &str, module: &str) -> bool {
    let line = line.trim_start();
    let named = line
        .strip_prefix("import ")
        .or_else(|| line.strip_prefix("from "))
        .and_then(|rest| rest.trim_start().strip_prefix(module));
    named.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}
