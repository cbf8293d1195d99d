//! `poetry.lock`, versions 1.1 to 2.1.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep508_rs::{MarkerTree, Requirement, VerbatimUrl};
use toml::{Table, Value};

use super::super::markers::Target;
use super::super::{LocalProject, LockedInstall};
use super::graph::{Node, Source, walk};
use super::{Locked, beside, is_public_index, requirement, roots, sha256, text};
use crate::files::strings;
use crate::manifests::poetry_constraint::{translate, translate_python};
use crate::normalise_name;
use crate::requirement::{git_url, write_requirement};

/// Returns what the lock installs for `install` on the target.
pub(super) fn read(text: &str, install: &LockedInstall, target: &Target) -> Result<Locked, String> {
    let lock: Table = text
        .parse()
        .map_err(|error: toml::de::Error| error.message().to_owned())?;
    let packages = lock.get("package").and_then(Value::as_array);
    let mut nodes = Vec::new();
    let mut options: Vec<String> = Vec::new();
    for package in packages.into_iter().flatten().filter_map(Value::as_table) {
        if let Some(option) = index_option(package)
            && !options.contains(&option)
        {
            options.push(option);
        }
        nodes.push(node(package, &lock, install)?);
    }
    let mut locked = walk(&nodes, &roots(install)?, target)?;
    locked.options = options;
    Ok(locked)
}

fn node(package: &Table, lock: &Table, install: &LockedInstall) -> Result<Node, String> {
    let name = text(package, "name").ok_or("a package has no name")?;
    let version = text(package, "version").unwrap_or_default().to_owned();
    let dependencies = package.get("dependencies").and_then(Value::as_table);
    let mut requires = Vec::new();
    let mut optional: BTreeMap<String, Vec<Requirement<VerbatimUrl>>> = BTreeMap::new();
    for (name, declared) in dependencies.into_iter().flatten() {
        for declared in alternatives(declared) {
            let needed = dependency(name, declared)?;
            let is_optional = declared
                .as_table()
                .and_then(|table| table.get("optional"))
                .and_then(Value::as_bool);
            if is_optional == Some(true) {
                optional
                    .entry(normalise_name(name))
                    .or_default()
                    .push(needed);
            } else {
                requires.push(needed);
            }
        }
    }
    let python = translate_python(text(package, "python-versions").unwrap_or_default());
    Ok(Node {
        name: normalise_name(name),
        version,
        requires,
        extras: extras(package, &optional),
        requires_python: pep440_rs::VersionSpecifiers::from_str(&python).ok(),
        marker: marker(package),
        sha256: hashes(name, package, lock),
        source: source(package, install),
    })
}

/// An extra lists its packages as `name (>=1.0)`; what they are is among the optional dependencies.
fn extras(
    package: &Table,
    optional: &BTreeMap<String, Vec<Requirement<VerbatimUrl>>>,
) -> BTreeMap<String, Vec<Requirement<VerbatimUrl>>> {
    let mut extras = BTreeMap::new();
    let declared = package.get("extras").and_then(Value::as_table);
    for (extra, names) in declared.into_iter().flatten() {
        let names = names
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        let needed = names
            .filter_map(crate::requirement_name)
            .filter_map(|name| optional.get(&name))
            .flatten()
            .cloned();
        extras.insert(normalise_name(extra), needed.collect());
    }
    extras
}

fn alternatives(declared: &Value) -> Vec<&Value> {
    match declared {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    }
}

fn dependency(name: &str, declared: &Value) -> Result<Requirement<VerbatimUrl>, String> {
    let Some(table) = declared.as_table() else {
        let constraint = declared.as_str().unwrap_or_default();
        return requirement(&format!("{name}{}", translate(constraint)));
    };
    let constraint = translate(text(table, "version").unwrap_or_default());
    let markers: Vec<String> = text(table, "markers")
        .map(str::to_owned)
        .into_iter()
        .collect();
    let extras = strings(table.get("extras"));
    requirement(&write_requirement(name, &extras, &constraint, &markers))
}

/// From 2.1 on a package says itself when it is wanted; where that differs between groups, the walk
/// decides.
fn marker(package: &Table) -> MarkerTree {
    let written = text(package, "markers").unwrap_or_default();
    // Whether an extra is wanted is decided by the walk.
    if written.is_empty() || written.contains("extra") {
        return MarkerTree::TRUE;
    }
    MarkerTree::from_str(written).unwrap_or(MarkerTree::TRUE)
}

/// Before 2.0 the files of all packages stood in one table at the end.
fn hashes(name: &str, package: &Table, lock: &Table) -> Vec<String> {
    let at_end = || lock.get("metadata")?.get("files")?.get(name);
    let files = package
        .get("files")
        .or_else(at_end)
        .and_then(Value::as_array);
    let files = files.into_iter().flatten().filter_map(Value::as_table);
    sha256(files.filter_map(|file| text(file, "hash")))
}

fn source(package: &Table, install: &LockedInstall) -> Source {
    let Some(source) = package.get("source").and_then(Value::as_table) else {
        return Source::Index;
    };
    let url = text(source, "url").unwrap_or_default();
    match text(source, "type") {
        Some("git") => Source::Url(git_url(
            url,
            text(source, "resolved_reference"),
            text(source, "subdirectory"),
        )),
        Some("url") => Source::Url(url.to_owned()),
        Some("file") => Source::Url(format!("file://{}", beside(&install.path, url).display())),
        Some("directory") => Source::Local(LocalProject {
            path: beside(&install.path, url),
            extras: Vec::new(),
            editable: package
                .get("develop")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        }),
        _ => Source::Index,
    }
}

fn index_option(package: &Table) -> Option<String> {
    let source = package.get("source")?.as_table()?;
    let url = text(source, "url")
        .filter(|url| text(source, "type") == Some("legacy") && !is_public_index(url))?;
    Some(format!("--extra-index-url {url}"))
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
name = "Requests"
version = "2.31.0"
python-versions = ">=3.7"
files = [{file = "requests-2.31.0.tar.gz", hash = "sha256:r1"}, {file = "x.whl", hash = "md5:no"}]
[package.dependencies]
urllib3 = ">=1.21.1,<3"
PySocks = {version = ">=1.5.6,!=1.5.7", optional = true}
colorama = {version = "*", markers = "sys_platform == \"win32\""}
[package.extras]
socks = ["PySocks (>=1.5.6,!=1.5.7)"]

[[package]]
name = "urllib3"
version = "1.26.0"
python-versions = "<3.8"

[[package]]
name = "urllib3"
version = "2.0.0"
python-versions = ">=3.8"

[[package]]
name = "pysocks"
version = "1.7.1"
python-versions = "*"

[[package]]
name = "tomli"
version = "2.0.1"
python-versions = ">=3.7"
markers = "python_version < \"3.11\""

[[package]]
name = "mine"
version = "1.0"
python-versions = "*"
develop = true
[package.source]
type = "directory"
url = "../mine"

[[package]]
name = "fork"
version = "0.1"
python-versions = "*"
[package.source]
type = "git"
url = "https://h/fork.git"
reference = "main"
resolved_reference = "abc"

[[package]]
name = "inner"
version = "3"
python-versions = "^3.8"
[package.source]
type = "legacy"
url = "https://i/simple"
reference = "private"

[metadata]
lock-version = "2.0"
[metadata.files]
urllib3 = [{file = "u", hash = "sha256:u2"}]
"#;

    fn check(roots: &[&str], python: &str, expected: Result<&[&str], &str>) -> Locked {
        let install = LockedInstall {
            kind: LockKind::Poetry,
            path: PathBuf::from("/r/app/poetry.lock"),
            project: PathBuf::from("/r/app"),
            roots: roots.iter().map(|&root| root.to_owned()).collect(),
            groups: Vec::new(),
            extras: Vec::new(),
            all_members: false,
        };
        let found = read(LOCK, &install, &linux(python));
        let pins = found.as_ref().map(|locked| {
            locked
                .packages
                .iter()
                .map(Package::line)
                .collect::<Vec<_>>()
        });
        let pins = pins.map_err(String::as_str);
        assert_eq!(
            pins,
            expected.map(|lines| lines.iter().map(|&line| line.to_owned()).collect()),
            "{roots:?}"
        );
        found.unwrap_or_default()
    }

    #[test]
    fn what_is_reached_is_installed() {
        check(
            &["requests>=2"],
            "3.12.1",
            Ok(&[
                "requests==2.31.0 --hash=sha256:r1",
                "urllib3==2.0.0 --hash=sha256:u2",
            ]),
        );
        check(
            &["requests"],
            "3.7.1",
            Ok(&[
                "requests==2.31.0 --hash=sha256:r1",
                "urllib3==1.26.0 --hash=sha256:u2",
            ]),
        );
        check(
            &["requests", "requests[socks]"],
            "3.12.1",
            Ok(&[
                "requests==2.31.0 --hash=sha256:r1",
                "urllib3==2.0.0 --hash=sha256:u2",
                "pysocks==1.7.1",
            ]),
        );
        check(&["tomli ; python_version < '3.11'"], "3.12.1", Ok(&[]));
        check(&["tomli"], "3.10.1", Ok(&["tomli==2.0.1"]));
    }

    #[test]
    fn sources_are_kept() {
        let locked = check(
            &["fork", "mine", "inner"],
            "3.12.1",
            Ok(&["fork @ git+https://h/fork.git@abc", "inner==3"]),
        );
        assert_eq!(locked.options, ["--extra-index-url https://i/simple"]);
        let mine = LocalProject {
            path: PathBuf::from("/r/mine"),
            extras: Vec::new(),
            editable: true,
        };
        assert_eq!(locked.local, [mine]);
    }

    #[test]
    fn what_the_lock_lacks_is_named() {
        check(
            &["flask"],
            "3.12.1",
            Err("it has no `flask` for this Python, which the project requires"),
        );
    }
}
