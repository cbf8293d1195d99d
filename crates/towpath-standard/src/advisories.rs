//! Known vulnerabilities of the locked dependencies, from a local copy of an advisory database or from what a
//! service answered.

use std::collections::BTreeSet;

use pep440_rs::Version;
use towpath_host::Digest;
use towpath_python::{Project, normalise_name};
use towpath_report::readers::osv;
use towpath_report::{CheckResult, Finding, Place, Problem, Severity};

use crate::facts::{Facts, is_below};
use crate::tools::names;
use crate::work::AdvisoryQuestion;

/// Returns what the service is asked that the settings name, if they name one.
pub(crate) fn question(facts: &Facts<'_>) -> Option<AdvisoryQuestion> {
    let service = facts.settings.advisories.as_deref();
    let service = service.filter(|source| is_service(source))?;
    let locked = facts.projects.iter().flat_map(|project| &project.locked);
    let packages: BTreeSet<(String, String)> = locked
        .flat_map(|(name, versions)| {
            versions
                .iter()
                .map(|version| (name.clone(), version.clone()))
        })
        .filter(|(_, version)| !version.is_empty())
        .collect();
    (!packages.is_empty()).then(|| AdvisoryQuestion {
        service: service.trim_end_matches('/').to_owned(),
        packages: packages.into_iter().collect(),
    })
}

fn is_service(source: &str) -> bool {
    source.starts_with("https://") || source.starts_with("http://")
}

/// Looks the locked versions of all projects up in the advisories that the settings name, and in those
/// that a service told of.
pub(crate) fn look_up(facts: &Facts<'_>, told: Vec<osv::Advisory>, result: &mut CheckResult) {
    if facts
        .projects
        .iter()
        .all(|project| project.locked.is_empty())
    {
        return;
    }
    let Some(path) = &facts.settings.advisories else {
        result.notes.push(
            "locked dependencies were not looked up: set `advisories` in `[tool.towpath.security]` to a \
             file or folder of OSV advisories, or to a service such as `https://api.osv.dev`, which then \
             learns their names"
                .to_owned(),
        );
        return;
    };
    let files = advisory_files(facts);
    if files.is_empty() && !is_service(path) {
        result.errors.push(
            Problem::error(format!(
                "`{path}` is no file or folder of advisories in JSON"
            ))
            .with_hint("`advisories` in `[tool.towpath.security]` names one in the repository"),
        );
    }
    let mut advisories = told;
    for file in files {
        match read_advisories(facts, file) {
            Ok(read) => advisories.extend(read),
            Err(error) => result.errors.push(Problem {
                place: Some(Place::file(file)),
                ..Problem::error(format!(
                    "the advisories in `{file}` cannot be read: {error}"
                ))
                .with_hint("fetch the file anew, or remove it")
            }),
        }
    }
    let mut findings = affected(facts, &advisories);
    // Members of a workspace have one lock.
    let mut seen = BTreeSet::new();
    findings.retain(|found| {
        seen.insert((
            found.rule.clone(),
            found.message.clone(),
            found.place.clone(),
        ))
    });
    result.findings.extend(findings);
}

fn read_advisories(facts: &Facts<'_>, file: &str) -> Result<Vec<osv::Advisory>, String> {
    let bytes = facts.tree.read(file).map_err(|error| error.to_string())?;
    osv::read(&bytes).map_err(|error| error.to_string())
}

/// Returns the files that looking versions up reads.
pub(crate) fn files(facts: &Facts<'_>) -> Vec<String> {
    let locks = facts.projects.iter().flat_map(lock_files);
    let advisories = advisory_files(facts).into_iter().cloned();
    advisories.chain(locks).collect()
}

/// Returns the identity of all that is locked.
pub(crate) fn locked_digest(facts: &Facts<'_>) -> String {
    let locked: Vec<_> = facts
        .projects
        .iter()
        .map(|project| &project.locked)
        .collect();
    Digest::of(format!("{locked:?}").as_bytes()).to_string()
}

/// Returns the files of advisories that the settings name.
fn advisory_files<'a>(facts: &'a Facts<'_>) -> Vec<&'a String> {
    let Some(path) = &facts.settings.advisories else {
        return Vec::new();
    };
    let is_named =
        |file: &&String| file.ends_with(".json") && is_below(file, path.trim_end_matches('/'));
    facts.tree.files().keys().filter(is_named).collect()
}

/// Returns the files that versions may be locked in.
fn lock_files(project: &Project) -> Vec<String> {
    let lock = project.lock.iter().map(|lock| lock.path.clone());
    let requirements = project
        .requirements_files
        .iter()
        .map(|file| file.path.clone());
    lock.chain(requirements).collect()
}

/// Returns where a version is locked: the line that names the package, in a file that names both.
fn locked_at(facts: &Facts<'_>, project: &Project, package: &str, version: &str) -> Place {
    let names = |line: &str| {
        let line = line
            .trim_start()
            .trim_start_matches("name = ")
            .trim_start_matches('"');
        line.split(['"', '=', ' ', ';', '['])
            .next()
            .is_some_and(|name| names(name, package))
    };
    let holds = |path: &String| {
        facts
            .tree
            .read_text(path)
            .is_ok_and(|text| text.contains(version))
    };
    let places = lock_files(project)
        .into_iter()
        .filter(holds)
        .map(|path| facts.line_of(&path, names));
    places
        .into_iter()
        .find(|place| place.line > 0)
        .unwrap_or_else(|| Place::file(&project.manifest.path))
}

/// Returns a finding for each locked version that an advisory names. What several databases tell of one
/// vulnerability, each under its own name, is one finding.
fn affected(facts: &Facts<'_>, advisories: &[osv::Advisory]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut known: BTreeSet<(&str, &str, &str, &str)> = BTreeSet::new();
    for advisory in advisories {
        let package = normalise_name(&advisory.package);
        for project in facts.projects {
            let Some((package, versions)) = project.locked.get_key_value(&package) else {
                continue;
            };
            for version in versions {
                let names = std::iter::once(&advisory.id).chain(&advisory.aliases);
                let names = names.map(|name| {
                    (
                        project.root.as_str(),
                        package.as_str(),
                        version.as_str(),
                        name.as_str(),
                    )
                });
                let is_known = names.clone().any(|name| known.contains(&name));
                if !is_known && is_affected(advisory, version) {
                    known.extend(names);
                    findings.push(Finding {
                        tool: "advisories".to_owned(),
                        rule: advisory.id.clone(),
                        rule_url: Some(format!("https://osv.dev/vulnerability/{}", advisory.id)),
                        message: advisory.message(version),
                        place: Some(locked_at(facts, project, package, version)),
                        severity: Severity::Error,
                        fixable: false,
                        blocking: false,
                    });
                }
            }
        }
    }
    findings
}

/// Compares a version with an advisory's list and ranges, by PEP 440.
fn is_affected(advisory: &osv::Advisory, version: &str) -> bool {
    if advisory.versions.iter().any(|listed| listed == version) {
        return true;
    }
    let Ok(version) = version.parse::<Version>() else {
        return false;
    };
    let parsed = |text: &str| text.parse::<Version>().ok();
    advisory.ranges.iter().any(|range| {
        let from = range.introduced == "0"
            || parsed(&range.introduced).is_some_and(|introduced| version >= introduced);
        let before_fix = range
            .fixed
            .as_deref()
            .and_then(parsed)
            .is_none_or(|fixed| version < fixed);
        let up_to = range
            .last_affected
            .as_deref()
            .and_then(parsed)
            .is_none_or(|last| version <= last);
        from && before_fix && up_to
    })
}
