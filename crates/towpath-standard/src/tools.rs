//! The tools that towpath brings when the project names no version: one pinned set, so that two
//! machines give the same verdict.

use towpath_python::{Automation, Install, Project, PythonVersion};

/// The oldest Python on which the pinned set runs, and about which its mypy knows.
const OLDEST_FOR_PINNED: PythonVersion = PythonVersion::new(3, 10);

/// Tool and the version that is used where the project pins none.
const PINNED: &[(&str, &str)] = &[
    ("autopep8", "2.3.2"),
    ("bandit", "1.9.4"),
    ("black", "26.10.1"),
    ("coverage", "7.17.3"),
    ("detect-secrets", "1.5.0"),
    ("flake8", "7.5.0"),
    ("isort", "9.0.2"),
    ("mypy", "2.4.1"),
    ("pylint", "4.1.4"),
    ("pyright", "1.1.414"),
    ("pytest", "9.2.0"),
    ("ruff", "0.17.5"),
    ("ty", "0.0.104"),
    ("yapf", "0.43.0"),
];

/// Returns towpath's own version of a tool, if it has one.
pub fn pinned(tool: &str) -> Option<&'static str> {
    PINNED
        .iter()
        .find(|(name, _)| *name == tool)
        .map(|(_, version)| *version)
}

/// The version of a tool for a project, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Requirement, such as `ruff==0.5.0`.
    pub(crate) requirement: String,
    /// Sentence for the report; empty where the project pins the version itself.
    pub(crate) note: String,
    /// Whether it is of the pinned set.
    is_own: bool,
}

impl Chosen {
    /// Returns the choice for an environment of a Python; of tools of the pinned set an old one gets
    /// the newest that it can have.
    #[must_use]
    pub(crate) fn on(mut self, python: Option<PythonVersion>) -> Self {
        let Some(python) = python.filter(|python| self.is_own && *python < OLDEST_FOR_PINNED)
        else {
            return self;
        };
        if let Some((package, version)) = self.requirement.split_once("==") {
            self.note = format!(
                "{package} is the newest version that runs on Python {python}, since the project pins none"
            );
            self.requirement = format!("{package}<={version}");
            self.is_own = false;
        }
        self
    }

    /// Returns whether code for a Python is beyond what the tool knows, because nobody but towpath
    /// chose its version.
    pub(crate) fn has_forgotten(&self, python: PythonVersion) -> bool {
        self.is_own && python < OLDEST_FOR_PINNED
    }
}

/// Chooses the version of a tool: what CI runs, else pre-commit, else what the project locks or declares, else towpath's own
/// where the project's constraint admits it, else the newest that the constraint admits.
pub(crate) fn choose(tool: &str, project: &Project, automation: &Automation) -> Chosen {
    let package = tool.split(' ').next().unwrap_or(tool);
    let of_command = automation
        .chosen(tool)
        .into_iter()
        .find_map(|invocation| invocation.version.as_ref());
    let of_automation = || of_command.or_else(|| automation.pin(package));
    let of_automation = || of_automation().map(|pin| format!("{package}=={}", pin.version));
    let of_project = || {
        let locked = newest_locked(package, project);
        let locked = locked.map(|version| format!("{package}=={version}"));
        locked.or_else(|| declared(package, project).filter(|one| is_pin(one)))
    };
    let pinned_by = if of_command.is_none() && is_run_as_declared(tool, automation) {
        of_project().or_else(of_automation)
    } else {
        of_automation().or_else(of_project)
    };
    if let Some(requirement) = pinned_by {
        return Chosen {
            requirement,
            note: String::new(),
            is_own: false,
        };
    }
    let declared = declared(package, project);
    let admitted = |version: &&str| declared.as_ref().is_none_or(|one| admits(one, version));
    let own = pinned(package).filter(admitted);
    match (declared, own) {
        (_, Some(version)) => Chosen {
            requirement: format!("{package}=={version}"),
            note: format!(
                "{package} {version} is towpath's own choice, since the project pins none"
            ),
            is_own: true,
        },
        (Some(requirement), None) => Chosen {
            note: format!(
                "{package} is the newest version that the project's `{requirement}` admits"
            ),
            requirement,
            is_own: false,
        },
        (None, None) => Chosen {
            requirement: package.to_owned(),
            note: format!("{package} is the newest version, since the project pins none"),
            is_own: false,
        },
    }
}

/// Returns whether CI runs a tool in an environment of what the project locks or declares.
fn is_run_as_declared(tool: &str, automation: &Automation) -> bool {
    const OF_PROJECTS: [&str; 5] = ["uv sync", "uv run", "poetry", "pdm", "pipenv"];
    let is_declared = |install: &Install| {
        OF_PROJECTS.contains(&install.installer.as_str())
            || [&install.requirement_files, &install.groups, &install.extras]
                .iter()
                .any(|names| !names.is_empty())
    };
    automation.installs.iter().any(|install| {
        install.reached_from_ci
            && install.for_tools.iter().any(|one| one == tool)
            && is_declared(install)
    })
}

/// Returns whether a requirement leaves one version.
fn is_pin(requirement: &str) -> bool {
    let specifier = requirement.split(';').next().unwrap_or_default();
    specifier.contains("==") && !specifier.contains('*')
}

/// Returns whether a requirement admits only versions below `(major, minor)`, or may be met by one
/// because the Python is old.
pub(crate) fn is_older(requirement: &str, than: (u64, u64)) -> bool {
    let specifiers = requirement.split(';').next().unwrap_or_default();
    let start = specifiers.find(['<', '>', '=', '!', '~']);
    let clauses = start.map_or("", |start| &specifiers[start..]).split(',');
    clauses.map(str::trim).any(|clause| {
        let version = clause.trim_start_matches(['<', '>', '=', '!', '~']);
        let numbers: Vec<u64> = version
            .split('.')
            .map_while(|part| part.trim().parse().ok())
            .collect();
        let Some(release) = numbers.first().map(|major| {
            let minor = numbers.get(1).copied().unwrap_or(0);
            (*major, minor)
        }) else {
            return false;
        };
        match &clause[..clause.len() - version.len()] {
            "<=" => true,
            "<" => release <= than,
            "==" | "===" => release < than,
            "~=" => numbers.len() > 2 && release < than,
            _ => false,
        }
    })
}

/// Returns the version of a tool that a project's lock has for the newest Python: of several, which are
/// for one Python each, the newest.
fn newest_locked<'a>(package: &str, project: &'a Project) -> Option<&'a String> {
    let parsed = |version: &&String| version.parse::<pep440_rs::Version>().ok();
    project.locked.get(package)?.iter().max_by_key(parsed)
}

/// Returns whether a project names one version of a tool.
pub(crate) fn is_pinned(package: &str, project: &Project) -> bool {
    project.locked.contains_key(package)
        || declared(package, project).is_some_and(|requirement| is_pin(&requirement))
}

/// Returns whether a project names a package among what it needs for development.
pub(crate) fn is_declared(project: &Project, package: &str) -> bool {
    let files = project
        .requirements_files
        .iter()
        .flat_map(|file| file.requirements.iter());
    project
        .groups
        .values()
        .chain(project.extras.values())
        .flatten()
        .chain(files)
        .any(|requirement| names(requirement, package))
}

/// Returns what the project's groups, extras or requirements files say of a package.
fn declared(package: &str, project: &Project) -> Option<String> {
    let files = project
        .requirements_files
        .iter()
        .flat_map(|file| file.requirements.iter());
    let groups = project
        .groups
        .values()
        .chain(project.extras.values())
        .flatten();
    groups
        .chain(project.hatch_environments.values().flatten())
        .chain(files)
        .filter(|requirement| names(requirement, package) && requirement.trim() != package)
        .min_by_key(|requirement| is_for_old_pythons(requirement))
        .cloned()
}

/// Returns whether the marker of a requirement is about Pythons below one, so that it is left out on the
/// newest.
fn is_for_old_pythons(requirement: &str) -> bool {
    let marker = requirement.split_once(';').map_or("", |(_, marker)| marker);
    let marker: String = marker.split_whitespace().collect();
    marker.contains("version<")
}

/// Returns whether a PEP 508 requirement is about a package, whose name is normalised.
pub(crate) fn names(requirement: &str, package: &str) -> bool {
    let end = requirement
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
        .unwrap_or(requirement.len());
    let name = requirement[..end]
        .to_ascii_lowercase()
        .replace(['_', '.'], "-");
    name == package
}

fn admits(requirement: &str, version: &str) -> bool {
    let specifier = requirement
        .split(';')
        .next()
        .and_then(|text| {
            text.find(['<', '>', '=', '!', '~'])
                .map(|start| &text[start..])
        })
        .unwrap_or("");
    let parsed = specifier.parse::<pep440_rs::VersionSpecifiers>();
    let version = version.parse::<pep440_rs::Version>();
    match (parsed, version) {
        (Ok(specifiers), Ok(version)) => specifiers.contains(&version),
        _ => specifier.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirement_names_its_package() {
        assert!(names("Ruff>=0.5", "ruff"));
        assert!(names("detect_secrets", "detect-secrets"));
        assert!(!names("pytest-cov", "pytest"));
    }

    #[test]
    fn old_python_gets_the_newest_that_it_can_have() {
        let own = Chosen {
            requirement: "mypy==2.4.1".to_owned(),
            note: String::new(),
            is_own: true,
        };
        let on = |minor| Some(PythonVersion::new(3, minor));
        assert_eq!(own.clone().on(on(8)).requirement, "mypy<=2.4.1");
        assert_eq!(own.clone().on(on(12)).requirement, "mypy==2.4.1");
        let pinned = Chosen {
            is_own: false,
            ..own
        };
        assert_eq!(pinned.on(on(8)).requirement, "mypy==2.4.1");
    }

    #[test]
    fn pinned_versions_are_compared() {
        assert!(is_older("mypy==1.10.0", (1, 11)));
        assert!(!is_older("mypy==1.11", (1, 11)));
        assert!(!is_older("mypy>=1.2", (1, 11)));
        assert!(is_older("mypy<=2.4.1", (1, 11)));
        assert!(is_older("mypy>=0.981,<0.982", (1, 11)));
        assert!(is_older("mypy ~=1.10.2", (1, 11)));
        assert!(!is_older(
            "mypy>=1.0,<2.0 ; python_version <= '3.8'",
            (1, 11)
        ));
        assert!(!is_older("mypy~=1.10", (1, 11)));
    }

    #[test]
    fn pin_leaves_one_version() {
        for (requirement, expected) in [
            ("mypy==2.3.1", true),
            ("mypy==2.3.1 ; python_version == '3.9'", true),
            ("mypy==2.*", false),
            ("mypy>=2 ; python_version == '3.9'", false),
            ("mypy", false),
        ] {
            assert_eq!(is_pin(requirement), expected, "{requirement}");
        }
    }

    #[test]
    fn constraint_admits_or_refuses_a_version() {
        assert!(admits("ruff", "0.17.5"));
        assert!(admits("ruff>=0.5", "0.17.5"));
        assert!(!admits("mypy<2 ; python_version >= '3.8'", "2.4.1"));
    }
}
