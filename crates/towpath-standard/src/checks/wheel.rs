//! `wheel`: the tests against the installed wheel, with the project's sources out of reach.

use towpath_python::PythonVersion;
use towpath_report::{ArtifactRecord, CheckResult};

use super::tests::{Core, conclude_tests, test_work};
use super::Check;
use crate::facts::{Facts, NeededCheck};
use crate::work::{Applies, Partial, ProjectInstall, Work};

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "wheel"
    }

    fn about(&self) -> &'static str {
        "runs the tests against the installed wheel, the sources out of reach"
    }

    fn matrix(&self, facts: &Facts<'_>) -> Vec<Option<PythonVersion>> {
        if !facts.project.is_package || facts.project.tests.is_none() {
            return vec![None];
        }
        // A pure wheel is the same on every Python; a compiled one is made for one.
        vec![facts.pythons.run.last().copied()]
    }

    fn needs(&self) -> &'static [&'static str] {
        &["build"]
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        python: Option<PythonVersion>,
        needs: &[NeededCheck<'_>],
    ) -> Applies {
        if !facts.project.is_package {
            return Applies::Skip("not a package".to_owned());
        }
        if facts.project.tests.is_none() {
            return Applies::Skip("no tests were found".to_owned());
        }
        let Some(python) = python else {
            return Applies::Skip("no Python that the project admits is here".to_owned());
        };
        let Some(wheel) = wheel(needs) else {
            return Applies::Skip("no wheel was built".to_owned());
        };
        let install = ProjectInstall::Wheel(wheel);
        Applies::Work(Box::new(Work::Tool(test_work(facts, python, install, Core::None))))
    }

    fn conclude(&self, facts: &Facts<'_>, found: Vec<Partial>) -> CheckResult {
        conclude_tests(facts, found)
    }
}

fn wheel(needs: &[NeededCheck<'_>]) -> Option<ArtifactRecord> {
    needs
        .iter()
        .filter(|needed| needed.check == "build")
        .flat_map(|needed| &needed.result.artifacts)
        .find(|artifact| artifact.name.ends_with(".whl"))
        .cloned()
}
