//! `version`: whether the version is legal by PEP 440 and not taken in the index. Information in a
//! plain run; what must change before a release is the release's business.

use pep440_rs::Version;
use towpath_python::{ProjectVersion, PythonVersion};
use towpath_report::{CheckResult, Finding, Place, Severity};

use super::{Check, gathered};
use crate::facts::{Facts, NeededCheck};
use crate::work::{Applies, NativeWork, Partial, Versions, Work};

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "version"
    }

    fn about(&self) -> &'static str {
        "asks whether the version is legal and still free in the index"
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        _python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        let project = facts.project;
        let (true, Some(name)) = (project.is_package, project.name.clone()) else {
            return Applies::Skip("not a package".to_owned());
        };
        let version = match &project.version {
            ProjectVersion::Static(version) => version.clone(),
            ProjectVersion::Dynamic(how) => {
                return Applies::Skip(format!("the version is found while building ({how})"));
            }
            ProjectVersion::Absent => return Applies::Skip("no version is declared".to_owned()),
        };
        let declares = |line: &str| line.contains("version") && line.contains(&version);
        let place = facts.line_of(&project.manifest.path, declares);
        Applies::Work(Box::new(Work::Native(NativeWork {
            key: vec![
                ("name".to_owned(), name.clone()),
                ("version".to_owned(), version.clone()),
                ("place".to_owned(), place.to_string()),
                (
                    "index".to_owned(),
                    facts.settings.version_index.clone().unwrap_or_default(),
                ),
            ],
            files: Vec::new(),
            asks_index: true,
            run: Box::new(move |taken| look_up(&name, &version, &place, taken)),
        })))
    }

    fn conclude(&self, _facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        gathered(found)
    }
}

fn look_up(name: &str, version: &str, place: &Place, versions: Versions<'_>) -> CheckResult {
    let mut result = CheckResult::default();
    let Ok(own) = version.parse::<Version>() else {
        result.summary = "1 problem".to_owned();
        result.failed = true;
        result.findings.push(Finding {
            tool: "version".to_owned(),
            rule: "PEP 440".to_owned(),
            rule_url: Some("https://peps.python.org/pep-0440/".to_owned()),
            message: format!("`{version}` is not a version"),
            place: Some(place.clone()),
            severity: Severity::Error,
            fixable: false,
            blocking: true,
        });
        return result;
    };
    match versions(name) {
        Ok(taken) => {
            let is_taken = taken
                .iter()
                .filter_map(|text| text.parse::<Version>().ok())
                .any(|taken| taken == own);
            result.summary = if is_taken {
                format!("{version} is in the index")
            } else {
                format!("{version} is not in the index")
            };
        }
        Err(problem) => {
            result.summary = format!("{version}, the index was not asked");
            result.notes.push(problem.message);
        }
    }
    result
}
