//! What every job of a run sees, settled before the first one starts.

use std::collections::BTreeMap;

use towpath_host::secret::{Masker, Secret};
use towpath_report::Problem;
use towpath_workflow::expression::{Object, Value};

/// What every job of a workflow run sees: nothing in it changes while the run lasts.
#[derive(Debug, Clone, Default)]
pub struct RunContext {
    /// The `github` context without what belongs to a job or a step: `job`, `action`, `workspace` and
    /// the paths of command files are added where they are known.
    pub github: Object,
    /// The `inputs` context: of `workflow_dispatch`, with their types; empty for other events.
    pub inputs: Object,
    /// The `vars` context. Names are compared without regard to case.
    pub variables: BTreeMap<String, String>,
    /// The `secrets` context, `GITHUB_TOKEN` among them where one is given.
    pub secrets: BTreeMap<String, Secret>,
    /// What is known of deployment environments; [`RunContext::environment`] answers for every name.
    pub environments: BTreeMap<String, EnvironmentContext>,
    /// What is masked beside the secrets, because those who call this workflow know it.
    pub masked: Vec<Secret>,
    /// Variables that the command line adds to the environment of every step, below those of the workflow.
    pub extra_environment: BTreeMap<String, String>,
    /// The event as JSON, for the file that `GITHUB_EVENT_PATH` names.
    pub event_text: String,
}

/// What a deployment environment adds for the jobs that use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentContext {
    /// Variables that replace those of the run.
    pub variables: BTreeMap<String, String>,
    /// Secrets that replace those of the run.
    pub secrets: BTreeMap<String, Secret>,
    /// Whether its jobs may start.
    pub approval: Approval,
}

/// Whether the jobs of a deployment environment may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// At once.
    NotNeeded,
    /// Once a person says so.
    Needed,
    /// A person said so before the run.
    Given,
}

/// Words in the name of an environment that say that it is not the one people rely on.
const REHEARSALS: [&str; 17] = [
    "ci",
    "dev",
    "develop",
    "development",
    "integration",
    "local",
    "nonprod",
    "preview",
    "qa",
    "sandbox",
    "stage",
    "staging",
    "test",
    "testing",
    "testpypi",
    "tests",
    "uat",
];

impl RunContext {
    /// Returns everything that must not be told.
    pub(crate) fn all_secrets(&self) -> Vec<Secret> {
        self.secrets.values().chain(&self.masked).cloned().collect()
    }

    /// Returns a problem without the secrets in it.
    pub(crate) fn masked(&self, mut problem: Problem) -> Problem {
        let masker = Masker::new(&self.all_secrets());
        problem.message = masker.mask_text(&problem.message);
        for hint in &mut problem.hints {
            *hint = masker.mask_text(hint);
        }
        problem
    }

    /// Returns what is known of an environment, whose name is compared without regard to case. One that
    /// nothing is said of needs an approval unless its name says that it is not production.
    pub fn environment(&self, name: &str) -> EnvironmentContext {
        let known = self
            .environments
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        known.map_or_else(
            || EnvironmentContext::of(name),
            |(_, environment)| environment.clone(),
        )
    }

    /// Returns the context `secrets`.
    pub(crate) fn secrets_context(&self) -> Object {
        let secrets = self.secrets.iter();
        Object(
            secrets
                .map(|(name, secret)| (name.clone(), Value::from(secret.expose())))
                .collect(),
        )
    }

    /// Notes that a person lets jobs use an environment.
    pub fn approve(&mut self, name: &str) {
        let mut environment = self.environment(name);
        environment.approval = Approval::Given;
        self.environments
            .retain(|own, _| !own.eq_ignore_ascii_case(name));
        self.environments.insert(name.to_owned(), environment);
    }
}

impl EnvironmentContext {
    /// Returns the environment that a name alone tells of.
    pub fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
        let is_rehearsal = words.any(|word| REHEARSALS.contains(&word));
        Self {
            variables: BTreeMap::new(),
            secrets: BTreeMap::new(),
            approval: if is_rehearsal {
                Approval::NotNeeded
            } else {
                Approval::Needed
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Whatever is not plainly a rehearsal may be what people rely on.
    #[test]
    fn production_needs_an_approval() {
        for (name, approval) in [
            ("pypi", Approval::Needed),
            ("testpypi", Approval::NotNeeded),
            ("test-pypi", Approval::NotNeeded),
            ("Production", Approval::Needed),
            ("aws/eu-west-1", Approval::Needed),
            ("Staging (EU)", Approval::NotNeeded),
            ("latest", Approval::Needed),
        ] {
            let context = RunContext::default();
            assert_eq!(context.environment(name).approval, approval, "{name}");
        }
    }

    #[test]
    fn what_is_said_of_an_environment_counts() {
        let mut context = RunContext::default();
        let mut given = EnvironmentContext::of("pypi");
        given.approval = Approval::Given;
        context.environments.insert("PyPI".to_owned(), given);
        assert_eq!(context.environment("pypi").approval, Approval::Given);
    }

    #[test]
    fn approval_counts_whatever_the_case_of_the_name() {
        let mut context = RunContext::default();
        let live = EnvironmentContext {
            variables: BTreeMap::from([("A".to_owned(), "1".to_owned())]),
            ..EnvironmentContext::of("live")
        };
        context.environments.insert("LIVE".to_owned(), live);
        context.approve("live");
        let environment = context.environment("Live");
        assert_eq!(environment.approval, Approval::Given);
        assert_eq!(environment.variables["A"], "1");
    }
}
