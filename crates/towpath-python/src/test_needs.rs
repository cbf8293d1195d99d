//! Which of a project's own lists holds what its tests need, chosen as a person would choose: by name,
//! then by whether the list holds the test runner. Looks at the manifest's facts alone; what the
//! project's automation installs is known elsewhere.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::manifests::requirements;
use crate::requirement::{append, normalise_name, requirement_extras, requirement_name};
use crate::{Project, Purpose, RequirementsFile, TestRunner};

/// What to install, beside the project itself, to run its tests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TestNeeds {
    /// Requirements that no name below stands for, as PEP 508.
    pub requirements: Vec<String>,
    /// Files of requirements, relative to the repository.
    pub requirement_files: Vec<String>,
    /// Extras of the project.
    pub extras: Vec<String>,
    /// Dependency groups of the project.
    pub groups: Vec<String>,
    /// Why these, for the reader of a report.
    pub reason: String,
}

/// Names of lists for tests, the usual first.
const TESTS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "unit-test",
    "unit-tests",
    "unittest",
    "unittests",
    "test-dev",
    "tests-dev",
    "dev-test",
    "dev-tests",
    "test-requirements",
];
/// Names of lists for development, the usual first.
const DEVELOPMENT: &[&str] = &[
    "dev",
    "develop",
    "development",
    "developer",
    "devel",
    "dev-packages",
    "dev-dependencies",
    "local",
    "contrib",
    "ci",
    "all",
    "complete",
    "full",
];
/// Names of hatch's environments that run tests.
const HATCH: &[&str] = &["hatch-test", "test", "tests", "testing", "default", "dev"];

/// Chooses what a project's tests need. Empty, with the reason, where nothing is declared.
pub fn test_needs(project: &Project) -> TestNeeds {
    let runner = project
        .tests
        .as_ref()
        .map_or(TestRunner::Pytest, |tests| tests.runner);
    let choice = Choice { project, runner };
    let needs = choice
        .named(TESTS, true)
        .or_else(|| choice.files(Purpose::Tests))
        .or_else(|| choice.named(DEVELOPMENT, true))
        .or_else(|| choice.named_with_runner())
        .or_else(|| choice.files(Purpose::Development))
        .or_else(|| choice.tests_require())
        .or_else(|| choice.hatch())
        .or_else(|| choice.inherited())
        .or_else(|| choice.named(TESTS, false))
        .or_else(|| choice.named(DEVELOPMENT, false))
        .or_else(|| choice.runtime_file())
        .unwrap_or_else(|| TestNeeds {
            reason: "the project declares nothing for its tests".to_owned(),
            ..TestNeeds::default()
        });
    choice.with_runtime(needs)
}

/// Returns every requirement that a choice stands for, extras and groups in place of their names, and
/// extras of the project itself (`name[test]`) in place of such a requirement.
pub fn requirements_of(project: &Project, needs: &TestNeeds) -> Vec<String> {
    let mut all = needs.requirements.clone();
    for extra in &needs.extras {
        append(
            &mut all,
            find(&project.extras, extra).cloned().unwrap_or_default(),
        );
    }
    for group in &needs.groups {
        append(
            &mut all,
            find(&project.groups, group).cloned().unwrap_or_default(),
        );
    }
    for file in project
        .requirements_files
        .iter()
        .filter(|file| needs.requirement_files.contains(&file.path))
    {
        append(&mut all, file.requirements.clone());
        for extra in &file.own_extras {
            append(
                &mut all,
                find(&project.extras, extra).cloned().unwrap_or_default(),
            );
        }
    }
    resolve_own_extras(project, &all)
}

/// Returns what a project needs to run, and what some groups and extras of its own hold.
pub fn declared_needs(project: &Project, groups: &[String], extras: &[String]) -> Vec<String> {
    let listed = |names: &[String], table: &BTreeMap<String, Vec<String>>| -> Vec<String> {
        names
            .iter()
            .filter_map(|name| table.get(name))
            .flatten()
            .cloned()
            .collect()
    };
    let mut needs = project.dependencies.clone();
    needs.extend(listed(groups, &project.groups));
    needs.extend(listed(extras, &project.extras));
    needs
}

/// Puts the lists of extras in place of requirements on the project itself: what `name[test]` stands
/// for in an extra or group of the project `name`.
pub fn resolve_own_extras(project: &Project, requirements: &[String]) -> Vec<String> {
    let Some(own) = project.name.as_deref().map(normalise_name) else {
        return requirements.to_vec();
    };
    let (mut resolved, mut seen): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut open: Vec<String> = requirements.iter().rev().cloned().collect();
    while let Some(requirement) = open.pop() {
        if requirement_name(&requirement).as_ref() != Some(&own) {
            append(&mut resolved, [requirement]);
            continue;
        }
        for extra in requirement_extras(&requirement) {
            if !seen.contains(&extra) {
                open.extend(
                    find(&project.extras, &extra)
                        .into_iter()
                        .flatten()
                        .rev()
                        .cloned(),
                );
                seen.push(extra);
            }
        }
    }
    resolved
}

fn find<'a>(lists: &'a BTreeMap<String, Vec<String>>, name: &str) -> Option<&'a Vec<String>> {
    let normal = normalise_name(name);
    lists
        .iter()
        .find(|(key, _)| normalise_name(key) == normal)
        .map(|(_, list)| list)
}

struct Choice<'a> {
    project: &'a Project,
    runner: TestRunner,
}

impl Choice<'_> {
    /// Whether a list holds the test runner or a plugin of it; every list does where the runner is in
    /// the standard library.
    fn holds_runner(&self, requirements: &[String]) -> bool {
        let name = match self.runner {
            TestRunner::Pytest => "pytest",
            TestRunner::Nose => "nose",
            TestRunner::Unittest | TestRunner::Django => return true,
        };
        // The runner's own repository.
        if self.project.name.as_deref() == Some(name) {
            return true;
        }
        let resolved = resolve_own_extras(self.project, requirements);
        resolved
            .iter()
            .filter_map(|one| requirement_name(one))
            .any(|one| {
                one == name
                    || one
                        .strip_prefix(name)
                        .is_some_and(|rest| rest.starts_with('-'))
                    || (name == "nose" && one.starts_with("nose"))
            })
    }

    /// The groups and extras of these names. Where one of them holds the runner, those that do not are
    /// still taken: they hold what tests import. Where a group and an extra share a name, the one with
    /// the runner is taken, or both.
    fn named(&self, names: &[&str], needs_runner: bool) -> Option<TestNeeds> {
        let matching = |lists: &BTreeMap<String, Vec<String>>| {
            let keys = lists.keys().filter(|key| {
                names.contains(&normalise_name(key).as_str()) && !is_setuptools_list(key)
            });
            keys.cloned().collect::<Vec<String>>()
        };
        let (groups, extras) = (
            matching(&self.project.groups),
            matching(&self.project.extras),
        );
        let group_runs = |name: &String| {
            self.project
                .groups
                .get(name)
                .is_some_and(|list| self.holds_runner(list))
        };
        let extra_runs = |name: &String| {
            self.project
                .extras
                .get(name)
                .is_some_and(|list| self.holds_runner(list))
        };
        let any_runs = groups.iter().any(group_runs) || extras.iter().any(extra_runs);
        if (groups.is_empty() && extras.is_empty()) || (needs_runner && !any_runs) {
            return None;
        }
        let shares = |name: &String, others: &[String]| {
            others
                .iter()
                .any(|other| normalise_name(other) == normalise_name(name))
        };
        // Only the first development list: `all` beside `dev` holds more than tests need.
        let is_development = names == DEVELOPMENT;
        let mut needs = TestNeeds::default();
        for name in &groups {
            if !shares(name, &extras) || group_runs(name) || !extras.iter().any(extra_runs) {
                needs.groups.push(name.clone());
            }
        }
        for name in &extras {
            if !shares(name, &groups) || extra_runs(name) || !groups.iter().any(group_runs) {
                needs.extras.push(name.clone());
            }
        }
        if is_development {
            let rank = |name: &String| {
                names
                    .iter()
                    .position(|known| *known == normalise_name(name))
                    .unwrap_or(usize::MAX)
            };
            let runs: Vec<&String> = needs
                .groups
                .iter()
                .filter(|name| group_runs(name))
                .chain(needs.extras.iter().filter(|name| extra_runs(name)))
                .collect();
            let best = runs
                .iter()
                .map(|name| rank(name))
                .min()
                .or_else(|| needs.groups.iter().chain(&needs.extras).map(rank).min());
            needs.groups.retain(|name| Some(rank(name)) == best);
            needs.extras.retain(|name| Some(rank(name)) == best);
        }
        needs.reason = describe(
            &needs,
            if any_runs {
                "holds the test runner"
            } else {
                "is named for it"
            },
        );
        Some(needs)
    }

    /// The first group or extra of any name that holds the runner.
    fn named_with_runner(&self) -> Option<TestNeeds> {
        if matches!(self.runner, TestRunner::Unittest | TestRunner::Django) {
            return None;
        }
        let runs = |lists: &BTreeMap<String, Vec<String>>| {
            let by_runner = lists
                .iter()
                .filter(|(name, list)| self.holds_runner(list) && !is_setuptools_list(name));
            // A list named for something else that holds the runner by chance is longer.
            by_runner
                .min_by_key(|(name, list)| {
                    (!name.to_ascii_lowercase().contains("test"), list.len())
                })
                .map(|(name, _)| name.clone())
        };
        let mut needs = TestNeeds::default();
        match (runs(&self.project.groups), runs(&self.project.extras)) {
            (Some(group), _) => needs.groups.push(group),
            (None, Some(extra)) => needs.extras.push(extra),
            (None, None) => return None,
        }
        needs.reason = describe(&needs, "holds the test runner");
        Some(needs)
    }

    /// The file of a purpose: the plainest name first, compiled files in place of their sources, those
    /// with the runner before others.
    fn files(&self, purpose: Purpose) -> Option<TestNeeds> {
        let files: Vec<&RequirementsFile> = self
            .project
            .requirements_files
            .iter()
            .filter(|file| file.purpose == purpose)
            .collect();
        let is_compiled_away = |file: &RequirementsFile| {
            files
                .iter()
                .any(|other| other.compiled_from.as_deref() == Some(file.path.as_str()))
        };
        let mut usable: Vec<&RequirementsFile> = files
            .iter()
            .copied()
            .filter(|file| !is_compiled_away(file))
            .collect();
        usable.sort_by_key(|file| requirements::special_words(&file.path));
        let extras_run = |file: &RequirementsFile| {
            file.own_extras.iter().any(|extra| {
                find(&self.project.extras, extra).is_some_and(|list| self.holds_runner(list))
            })
        };
        let best = usable
            .iter()
            .copied()
            .find(|file| self.holds_runner(&file.requirements) || extras_run(file))
            .or_else(|| {
                (purpose == Purpose::Tests)
                    .then(|| usable.first().copied())
                    .flatten()
            })?;
        let mut needs = TestNeeds {
            requirement_files: vec![best.path.clone()],
            extras: best.own_extras.clone(),
            ..TestNeeds::default()
        };
        needs.reason = describe(&needs, "is the file for it");
        Some(needs)
    }

    fn tests_require(&self) -> Option<TestNeeds> {
        let requirements = self.project.groups.get("tests_require")?.clone();
        let reason = format!("`tests_require` of {}", self.project.manifest.path);
        Some(TestNeeds {
            requirements,
            reason,
            ..TestNeeds::default()
        })
    }

    fn hatch(&self) -> Option<TestNeeds> {
        let environments = &self.project.hatch_environments;
        let name = HATCH.iter().find(|name| {
            environments
                .get(**name)
                .is_some_and(|list| self.holds_runner(list))
        })?;
        let requirements = environments.get(*name)?.clone();
        Some(TestNeeds {
            requirements,
            reason: format!("hatch's environment `{name}`"),
            ..TestNeeds::default()
        })
    }

    /// The groups of the workspace that the project is a member of.
    fn inherited(&self) -> Option<TestNeeds> {
        let groups = &self.project.inherited_groups;
        let name = TESTS.iter().chain(DEVELOPMENT).find(|name| {
            groups
                .get(**name)
                .is_some_and(|list| self.holds_runner(list))
        })?;
        let requirements = groups.get(*name)?.clone();
        Some(TestNeeds {
            requirements,
            reason: format!("the workspace's group `{name}`"),
            ..TestNeeds::default()
        })
    }

    /// What is no package is run from its requirements, so its tests need those too.
    fn with_runtime(&self, mut needs: TestNeeds) -> TestNeeds {
        let project = self.project;
        if project.is_package || project.lock.is_some() || !project.dependencies.is_empty() {
            return needs;
        }
        let files = &project.requirements_files;
        let is_compiled_away = |file: &&RequirementsFile| {
            files
                .iter()
                .any(|other| other.compiled_from.as_deref() == Some(file.path.as_str()))
        };
        let runtime = files
            .iter()
            .filter(|file| file.purpose == Purpose::Runtime && !is_compiled_away(file))
            .min_by_key(|file| requirements::special_words(&file.path));
        append(
            &mut needs.requirement_files,
            runtime.map(|file| file.path.clone()),
        );
        needs
    }

    fn runtime_file(&self) -> Option<TestNeeds> {
        let file = self.project.requirements_files.iter().find(|file| {
            file.purpose == Purpose::Runtime
                && !matches!(self.runner, TestRunner::Unittest | TestRunner::Django)
                && self.holds_runner(&file.requirements)
        })?;
        let mut needs = TestNeeds {
            requirement_files: vec![file.path.clone()],
            ..TestNeeds::default()
        };
        needs.reason = describe(&needs, "holds the test runner");
        Some(needs)
    }
}

/// Lists that setuptools keeps under names of its own.
fn is_setuptools_list(name: &str) -> bool {
    matches!(name, "tests_require" | "setup_requires")
}

fn describe(needs: &TestNeeds, why: &str) -> String {
    let kinds = [
        ("group", &needs.groups),
        ("extra", &needs.extras),
        ("", &needs.requirement_files),
    ];
    let named = kinds.into_iter().flat_map(|(kind, names)| {
        names
            .iter()
            .map(move |name| format!("{kind} `{name}`").trim().to_owned())
    });
    format!("{} {why}", named.collect::<Vec<_>>().join(", "))
}
