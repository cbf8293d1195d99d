//! Locks: which versions they hold, and whether they contradict the manifest. Resolves nothing.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};
use towpath_host::Tree;
use towpath_report::Problem;

use crate::files::{self, about_text, read_json, read_toml_lock};
use crate::folder;
use crate::manifests::uv;
use crate::requirement::{admits, has_marker, normalise_name, requirement_name};
use crate::{Lock, LockKind, ManifestKind, Project, Purpose};

/// Normalised names and the versions that a lock holds of each.
pub(crate) type Locked = BTreeMap<String, Vec<String>>;

const NAMES: &[(LockKind, &str)] = &[
    (LockKind::Uv, "uv.lock"),
    (LockKind::Poetry, "poetry.lock"),
    (LockKind::Pdm, "pdm.lock"),
    (LockKind::Pipfile, "Pipfile.lock"),
];

/// Returns the lock in a folder. Where several lie there, the one of the tool that the manifest is
/// written for decides; `tables` are the tables of `[tool]`.
pub(crate) fn find(tree: &Tree, folder: &str, tables: Option<&Table>) -> Option<Lock> {
    let existing: Vec<&(LockKind, &str)> = NAMES
        .iter()
        .filter(|(_, name)| tree.contains(&folder::join(folder, name)))
        .collect();
    let is_preferred = |kind: LockKind| match kind {
        LockKind::Poetry => tables.is_some_and(|tables| tables.contains_key("poetry")),
        LockKind::Pdm => tables.is_some_and(|tables| tables.contains_key("pdm")),
        LockKind::Uv | LockKind::Pipfile => false,
    };
    let preferred = existing
        .iter()
        .find(|(kind, _)| is_preferred(*kind))
        .or(existing.first())?;
    Some(Lock {
        kind: preferred.0,
        path: folder::join(folder, preferred.1),
    })
}

/// Reads the versions in a lock.
pub(crate) fn read(tree: &Tree, lock: &Lock, problems: &mut Vec<Problem>) -> Locked {
    match lock.kind {
        LockKind::Pipfile => read_json(tree, &lock.path, problems)
            .map(|json| of_pipfile(&json))
            .unwrap_or_default(),
        LockKind::Uv | LockKind::Poetry | LockKind::Pdm => {
            read_toml_lock(tree, &lock.path, problems)
                .map(|table| of_toml(&table))
                .unwrap_or_default()
        }
    }
}

fn of_toml(table: &Table) -> Locked {
    let mut locked = Locked::new();
    for package in table
        .get("package")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let Some(name) = package.get("name").and_then(Value::as_str) else {
            continue;
        };
        let versions = locked.entry(normalise_name(name)).or_default();
        if let Some(version) = package.get("version").and_then(Value::as_str) {
            crate::requirement::append(versions, [version.to_owned()]);
        }
    }
    locked
}

fn of_pipfile(json: &serde_json::Value) -> Locked {
    let mut locked = Locked::new();
    for (section, packages) in json.as_object().into_iter().flatten() {
        if section == "_meta" {
            continue;
        }
        for (name, package) in packages.as_object().into_iter().flatten() {
            let versions = locked.entry(normalise_name(name)).or_default();
            if let Some(version) = package.get("version").and_then(serde_json::Value::as_str) {
                crate::requirement::append(versions, [version.trim_start_matches('=').to_owned()]);
            }
        }
    }
    locked
}

/// Returns the versions that compiled or pinned requirements files hold: those of `a==1.0`.
pub(crate) fn of_requirements(project: &Project) -> Locked {
    let mut locked = Locked::new();
    let files = project
        .requirements_files
        .iter()
        .filter(|file| file.compiled_from.is_some() || file.hashed);
    // What runs comes before what only builds the documentation.
    let (docs, others): (Vec<_>, Vec<_>) = files.partition(|file| file.purpose == Purpose::Docs);
    for requirement in others
        .into_iter()
        .chain(docs)
        .flat_map(|file| &file.requirements)
    {
        let head = requirement.split(';').next().unwrap_or_default();
        if let (Some(name), Some((_, version))) = (requirement_name(head), head.split_once("==")) {
            let version = version.trim();
            if !version.contains([',', '*', ' ']) {
                crate::requirement::append(locked.entry(name).or_default(), [version.to_owned()]);
            }
        }
    }
    locked
}

/// Reports what the manifest asks for and the lock does not hold, or holds in a version that the
/// manifest excludes. Requirements under a marker are left alone, since a lock may drop them.
pub(crate) fn check(
    tree: &Tree,
    project: &Project,
    manifest: Option<&Table>,
    problems: &mut Vec<Problem>,
) {
    let Some(lock) = &project.lock else { return };
    // A `Pipfile` beside another manifest is a list of its own.
    let is_other_list =
        lock.kind == LockKind::Pipfile && project.manifest.kind != ManifestKind::Pipfile;
    if project.locked.is_empty() || is_other_list {
        return;
    }
    let locks_groups = lock.kind != LockKind::Poetry
        || manifest.is_none_or(|table| !table.contains_key("dependency-groups"));
    let overridden = manifest.map(uv::overridden).unwrap_or_default();
    let own = project.name.as_deref().map(normalise_name);
    let mut seen = BTreeSet::new();
    for requirement in direct_requirements(project, lock.kind, locks_groups) {
        let Some(name) = requirement_name(requirement) else {
            continue;
        };
        if has_marker(requirement)
            || requirement.contains('@')
            || overridden.contains(&name)
            || Some(&name) == own.as_ref()
            || !seen.insert(name.clone())
        {
            continue;
        }
        let message = match project.locked.get(&name) {
            None => format!(
                "`{}` does not hold `{name}`, which the project needs",
                lock.path
            ),
            Some(versions)
                if !versions.is_empty()
                    && !versions.iter().any(|version| admits(requirement, version)) =>
            {
                format!(
                    "`{}` holds `{name}` {}, which `{requirement}` excludes",
                    lock.path,
                    versions.join(", ")
                )
            }
            Some(_) => continue,
        };
        problems.push(contradiction(tree, project, lock, requirement, message));
    }
}

/// What the lock must hold: the project's requirements, extras, and the groups that its tool locks.
fn direct_requirements(
    project: &Project,
    kind: LockKind,
    locks_groups: bool,
) -> impl Iterator<Item = &String> {
    let extras = project
        .extras
        .values()
        .flatten()
        .filter(move |_| kind != LockKind::Pdm);
    // poetry did not lock `[dependency-groups]` before 2.2.
    let is_locked_group = move |name: &str| {
        locks_groups
            && match kind {
                LockKind::Uv | LockKind::Poetry => {
                    !matches!(name, "tests_require" | "setup_requires" | "dev-packages")
                }
                LockKind::Pipfile => name == "dev-packages",
                // pdm locks the groups that it was told to.
                LockKind::Pdm => false,
            }
    };
    let groups = project
        .groups
        .iter()
        .filter(move |(name, _)| is_locked_group(name))
        .flat_map(|(_, group)| group);
    let needs_extras = kind == LockKind::Uv || kind == LockKind::Poetry;
    project
        .dependencies
        .iter()
        .chain(extras.filter(move |_| needs_extras))
        .chain(groups)
}

fn contradiction(
    tree: &Tree,
    project: &Project,
    lock: &Lock,
    requirement: &str,
    message: String,
) -> Problem {
    let text = files::read_optional(tree, &project.manifest.path).unwrap_or_default();
    // Translated requirements stand in the manifest in another spelling; the name stands in any.
    let split = requirement
        .find(|character: char| "<>=!~[ ;".contains(character))
        .unwrap_or(requirement.len());
    let needle = if text.contains(requirement) {
        requirement
    } else {
        requirement.get(..split).unwrap_or(requirement)
    };
    let problem = about_text(
        tree,
        &project.manifest.path,
        needle,
        message,
        "not in the lock like this",
    );
    problem.with_hint(format!(
        "run `{}` and commit `{}`",
        lock_command(lock.kind),
        lock.path
    ))
}

/// Returns the command that writes a lock again.
pub(crate) fn lock_command(kind: LockKind) -> &'static str {
    match kind {
        LockKind::Uv => "uv lock",
        LockKind::Poetry => "poetry lock",
        LockKind::Pdm => "pdm lock",
        LockKind::Pipfile => "pipenv lock",
    }
}
