//! `Pipfile.lock`: a flat list for each category, so that nothing is walked.

use std::str::FromStr;

use pep508_rs::MarkerTree;
use serde_json::{Map, Value};

use super::super::markers::Target;
use super::super::{LocalProject, LockedInstall, Package};
use super::{Locked, beside, is_public_index, sha256};
use crate::normalise_name;
use crate::requirement::git_url;

/// Returns what the lock installs for `install` on the target.
pub(super) fn read(text: &str, install: &LockedInstall, target: &Target) -> Result<Locked, String> {
    let lock: Map<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut locked = Locked {
        options: options(&lock),
        ..Locked::default()
    };
    let groups = install.groups.iter().map(|group| match group.as_str() {
        "dev" | "dev-packages" => "develop",
        group => group,
    });
    for category in std::iter::once("default").chain(groups) {
        let packages = lock.get(category).and_then(Value::as_object);
        for (name, entry) in packages.into_iter().flatten() {
            if is_wanted(entry, target)? {
                add(name, entry, install, &mut locked)?;
            }
        }
    }
    Ok(locked)
}

fn is_wanted(entry: &Value, target: &Target) -> Result<bool, String> {
    let Some(marker) = text(entry, "markers") else {
        return Ok(true);
    };
    let marker = MarkerTree::from_str(marker).map_err(|_| format!("`{marker}` is no marker"))?;
    Ok(target.holds(&marker, &[]))
}

fn add(
    name: &str,
    entry: &Value,
    install: &LockedInstall,
    locked: &mut Locked,
) -> Result<(), String> {
    let name = normalise_name(name);
    if locked.packages.iter().any(|known| known.name == name) {
        return Ok(());
    }
    if let Some(path) = text(entry, "path") {
        locked.local.push(LocalProject {
            path: beside(&install.path, path),
            extras: Vec::new(),
            editable: entry
                .get("editable")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        });
        return Ok(());
    }
    let git =
        text(entry, "git").map(|url| git_url(url, text(entry, "ref"), text(entry, "subdirectory")));
    let source = git.or_else(|| text(entry, "file").map(str::to_owned));
    let version = text(entry, "version").map(|version| version.trim_start_matches('=').to_owned());
    if version.is_none() && source.is_none() {
        return Err(format!("`{name}` has no version"));
    }
    let hashes = entry
        .get("hashes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    locked.packages.push(Package {
        name,
        version: version.unwrap_or_default(),
        sha256: sha256(hashes.filter_map(Value::as_str)),
        source,
    });
    Ok(())
}

/// The indexes, the first in place of the public one. One with a variable in its address (a password) is
/// left to the user's own settings.
fn options(lock: &Map<String, Value>) -> Vec<String> {
    let sources = lock
        .get("_meta")
        .and_then(|meta| meta.get("sources")?.as_array())
        .into_iter()
        .flatten();
    let urls = sources.filter_map(|source| text(source, "url")).enumerate();
    urls.filter(|(_, url)| !is_public_index(url) && !url.contains('$'))
        .map(|(index, url)| {
            format!(
                "{} {url}",
                if index == 0 {
                    "--index-url"
                } else {
                    "--extra-index-url"
                }
            )
        })
        .collect()
}

fn text<'a>(entry: &'a Value, key: &str) -> Option<&'a str> {
    entry.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::super::markers::tests::linux;
    use super::*;
    use crate::LockKind;

    const LOCK: &str = r#"{
        "_meta": {"sources": [{"url": "https://pypi.org/simple"}, {"url": "https://i/simple"}, {"url": "https://${U}@j"}]},
        "default": {
            "Click": {"version": "==8.1.7", "hashes": ["sha256:b", "sha256:a"], "markers": "python_version >= '3.7'"},
            "fork": {"git": "https://h/fork.git", "ref": "abc"},
            "app": {"editable": true, "path": "."}
        },
        "develop": {
            "click": {"version": "==8.1.7"},
            "tomli": {"version": "==2.0.1", "markers": "python_version < '3.11'"},
            "pytest": {"version": "==8.0.0", "index": "pypi"}
        }
    }"#;

    fn locked(groups: &[&str]) -> Locked {
        let install = LockedInstall {
            kind: LockKind::Pipfile,
            path: PathBuf::from("/r/Pipfile.lock"),
            project: PathBuf::from("/r"),
            roots: Vec::new(),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            extras: Vec::new(),
            all_members: false,
        };
        read(LOCK, &install, &linux("3.12.1")).unwrap()
    }

    #[test]
    fn categories_are_installed_whole() {
        let lines = |locked: Locked| {
            locked
                .packages
                .iter()
                .map(Package::line)
                .collect::<Vec<_>>()
        };
        let click = "click==8.1.7 --hash=sha256:a --hash=sha256:b";
        let fork = "fork @ git+https://h/fork.git@abc";
        assert_eq!(lines(locked(&[])), [click, fork]);
        assert_eq!(
            lines(locked(&["dev-packages"])),
            [click, fork, "pytest==8.0.0"]
        );
    }

    #[test]
    fn other_indexes_and_local_projects_are_handed_on() {
        let locked = locked(&[]);
        assert_eq!(locked.options, ["--extra-index-url https://i/simple"]);
        let app = LocalProject {
            path: PathBuf::from("/r"),
            extras: Vec::new(),
            editable: true,
        };
        assert_eq!(locked.local, [app]);
    }
}
