//! `integration`: the tests that the project keeps apart as integration tests, after the others, with
//! the network open and so never reused.

use towpath_python::PythonVersion;
use towpath_report::text::counted;
use towpath_report::{CheckResult, TestCase, TestOutcome};

use super::Check;
use super::tests::{Core, TestRun, conclude_tests, test_work};
use crate::facts::{Facts, NeededCheck};
use crate::test_call::{TestCall, called, test_call};
use crate::test_environment::{environment_of, test_environment};
use crate::test_invocation::integration_invocation;
use crate::work::{Applies, Network, Partial, ProjectInstall, Work};

/// What Python and its clients say when the service at the other end is not there.
const ABSENT_SERVICE: [&str; 6] = [
    "ConnectionRefusedError",
    "Connection refused",
    "Name or service not known",
    "Temporary failure in name resolution",
    "Cannot connect to the Docker daemon",
    "Error while fetching server API version",
];

pub(crate) struct Definition;

impl Check for Definition {
    fn name(&self) -> &'static str {
        "integration"
    }

    fn about(&self) -> &'static str {
        "runs the tests that the project keeps apart as integration tests, with the network"
    }

    fn matrix(&self, facts: &Facts<'_>) -> Vec<Option<PythonVersion>> {
        match calls(facts) {
            Ok(_) => vec![facts.pythons.run.last().copied()],
            Err(_) => vec![None],
        }
    }

    fn needs(&self, facts: &Facts<'_>) -> &'static [&'static str] {
        // Nothing that is not there waits for anything.
        if calls(facts).is_ok() {
            &["tests"]
        } else {
            &[]
        }
    }

    fn work(
        &self,
        facts: &Facts<'_>,
        python: Option<PythonVersion>,
        _needs: &[NeededCheck<'_>],
    ) -> Applies {
        let call = match calls(facts) {
            Ok(call) => call,
            Err(reason) => return Applies::Skip(reason),
        };
        let Some(python) = python else {
            return Applies::Skip("no Python that the project admits is here".to_owned());
        };
        let environment = match integration_invocation(facts) {
            Some(invocation) => environment_of(facts, Some(invocation), python),
            None => test_environment(facts, python),
        };
        let run = TestRun {
            python,
            project: if facts.project.is_package {
                ProjectInstall::Editable
            } else {
                ProjectInstall::No
            },
            core: Core::None,
            call,
            environment,
            network: Network::Open,
        };
        Applies::Work(Box::new(Work::Tool(test_work(facts, run))))
    }

    fn conclude(&self, facts: &Facts<'_>, mut found: Vec<Partial>) -> CheckResult {
        let absent = excuse_absent_services(&mut found);
        let mut result = conclude_tests(facts, found);
        if absent > 0 {
            result.notes.push(format!(
                "{} skipped: a service that it needs is not here",
                counted(absent, "test")
            ));
        }
        result
    }
}

/// Returns how the integration tests are called, or why they are not.
fn calls(facts: &Facts<'_>) -> Result<TestCall, String> {
    if let Some(invocation) = integration_invocation(facts) {
        return Ok(called(facts, invocation));
    }
    let Some(tests) = &facts.project.tests else {
        return Err("no tests were found".to_owned());
    };
    let left_out = tests
        .add_options
        .iter()
        .any(|option| option.contains("not integration"));
    if !left_out && tests.integration.is_empty() {
        return Err("no integration tests".to_owned());
    }
    if !left_out {
        return Err(
            "the integration tests run with the others; nothing in the project's automation keeps \
                    them apart"
                .to_owned(),
        );
    }
    if !facts.settings.integration {
        return Err(
            "left out by pytest's own settings, and nothing in the project's automation runs them \
                    (`integration = true` in `[tool.towpath.tests]` does)"
                .to_owned(),
        );
    }
    // The later of two `-m` counts.
    let mut call = test_call(facts);
    call.arguments
        .extend(["-m", "integration"].map(str::to_owned));
    Ok(call)
}

/// A test whose service does not answer says nothing of the project: it counts as skipped.
fn excuse_absent_services(found: &mut [Partial]) -> usize {
    let failed = found
        .iter_mut()
        .flat_map(|partial| &mut partial.tests)
        .filter(|case| case.is_failure());
    let mut excused = 0;
    for case in failed.filter(|case| misses_service(case)) {
        case.outcome = TestOutcome::Skipped;
        case.message = format!("needs a service that is not here: {}", case.message);
        excused += 1;
    }
    excused
}

fn misses_service(case: &TestCase) -> bool {
    // Not its output: a connection that was tried again and failed is no reason by itself.
    ABSENT_SERVICE
        .iter()
        .any(|text| case.message.contains(text))
}
