//! `pdm.lock`. An extra of a package is an entry of its own there.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use pep508_rs::{MarkerTree, Requirement, VerbatimUrl};
use toml::{Table, Value};

use super::super::markers::Target;
use super::super::{LocalProject, LockedInstall};
use super::graph::{Node, Source, walk};
use super::{Locked, beside, requirement, roots, sha256, text};
use crate::normalise_name;
use crate::requirement::git_url;

/// Returns what the lock installs for `install` on the target.
pub(super) fn read(text: &str, install: &LockedInstall, target: &Target) -> Result<Locked, String> {
    let lock: Table = text
        .parse()
        .map_err(|error: toml::de::Error| error.message().to_owned())?;
    let packages = lock
        .get("package")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let (of_extras, plain): (Vec<&Table>, Vec<&Table>) = packages
        .filter_map(Value::as_table)
        .partition(|package| package.contains_key("extras"));
    let mut nodes = plain
        .into_iter()
        .map(|package| node(package, install))
        .collect::<Result<Vec<_>, _>>()?;
    for package in of_extras {
        add_extras(package, &mut nodes)?;
    }
    walk(&nodes, &roots(install)?, target)
}

fn node(package: &Table, install: &LockedInstall) -> Result<Node, String> {
    let field = |key: &str| text(package, key);
    let marker = field("marker").filter(|marker| !marker.contains("extra"));
    let files = package
        .get("files")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let hashes = files.filter_map(|file| file.get("hash")?.as_str());
    Ok(Node {
        name: normalise_name(field("name").ok_or("a package has no name")?),
        version: field("version").unwrap_or_default().to_owned(),
        requires: requires(package)?,
        extras: BTreeMap::new(),
        requires_python: field("requires_python")
            .and_then(|text| VersionSpecifiers::from_str(text).ok()),
        marker: marker
            .and_then(|text| MarkerTree::from_str(text).ok())
            .unwrap_or(MarkerTree::TRUE),
        sha256: sha256(hashes),
        source: source(package, install),
    })
}

fn requires(package: &Table) -> Result<Vec<Requirement<VerbatimUrl>>, String> {
    let dependencies = package
        .get("dependencies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    dependencies
        .filter_map(Value::as_str)
        .map(requirement)
        .collect()
}

/// An entry for `name[extra]` adds what it needs, itself left out, to the entry of `name`.
fn add_extras(package: &Table, nodes: &mut [Node]) -> Result<(), String> {
    let name = normalise_name(text(package, "name").unwrap_or_default());
    let version = text(package, "version").unwrap_or_default();
    let mut needed = requires(package)?;
    needed.retain(|needed| normalise_name(needed.name.as_ref()) != name);
    let extras = package
        .get("extras")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let extras: Vec<String> = extras
        .filter_map(Value::as_str)
        .map(normalise_name)
        .collect();
    for node in nodes
        .iter_mut()
        .filter(|node| node.name == name && node.version == version)
    {
        for extra in &extras {
            node.extras
                .entry(extra.clone())
                .or_default()
                .extend(needed.clone());
        }
    }
    Ok(())
}

fn source(package: &Table, install: &LockedInstall) -> Source {
    if let Some(url) = text(package, "git") {
        return Source::Url(git_url(
            url,
            text(package, "revision"),
            text(package, "subdirectory"),
        ));
    }
    if let Some(path) = text(package, "path") {
        let path = beside(&install.path, path);
        if path
            .extension()
            .is_some_and(|extension| extension == "whl" || extension == "gz")
        {
            return Source::Url(format!("file://{}", path.display()));
        }
        let editable = package
            .get("editable")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        return Source::Local(LocalProject {
            path,
            extras: Vec::new(),
            editable,
        });
    }
    text(package, "url").map_or(Source::Index, |url| Source::Url(url.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::super::Package;
    use super::super::super::markers::tests::linux;
    use super::*;
    use crate::LockKind;

    const LOCK: &str = r#"
[[package]]
name = "coverage"
version = "7.4.1"
requires_python = ">=3.8"
groups = ["test"]
files = [{file = "coverage-7.4.1.whl", hash = "sha256:c"}]

[[package]]
name = "coverage"
version = "7.4.1"
extras = ["toml"]
requires_python = ">=3.8"
groups = ["test"]
dependencies = ["coverage==7.4.1", "tomli; python_full_version <= \"3.11.0a6\""]

[[package]]
name = "tomli"
version = "2.0.1"
groups = ["test"]
marker = "python_version < \"3.11\""

[[package]]
name = "near"
version = "0.1"
path = "./near"
editable = true
"#;

    fn pins(root: &str, python: &str) -> (Vec<String>, usize) {
        let install = LockedInstall {
            kind: LockKind::Pdm,
            path: PathBuf::from("/r/pdm.lock"),
            project: PathBuf::from("/r"),
            roots: vec![root.to_owned()],
            groups: Vec::new(),
            extras: Vec::new(),
            all_members: false,
        };
        let locked = read(LOCK, &install, &linux(python)).unwrap();
        (
            locked.packages.iter().map(Package::pin).collect(),
            locked.local.len(),
        )
    }

    #[test]
    fn extras_bring_their_own() {
        assert_eq!(pins("coverage", "3.10.1").0, ["coverage==7.4.1"]);
        assert_eq!(
            pins("coverage[toml]>=7", "3.10.1").0,
            ["coverage==7.4.1", "tomli==2.0.1"]
        );
        assert_eq!(pins("coverage[toml]", "3.12.1").0, ["coverage==7.4.1"]);
        assert_eq!(pins("near", "3.12.1"), (Vec::new(), 1));
    }
}
