//! A job: when it runs, where, and its work, which is either steps or a called workflow.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::concurrency::Concurrency;
use super::matrix::Matrix;
use super::permissions::{CacheMode, Permissions};
use super::step::{Defaults, Step, StepWork};
use super::text::{Argument, Dynamic, Origin, Text, Variables};

/// Id of a job. Two ids that differ only in case are the same to GitHub.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(String);

impl JobId {
    /// Returns the id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for JobId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl std::fmt::Display for JobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Name shown for it.
    pub name: Option<Text>,
    /// Jobs that must end before it starts.
    pub needs: Vec<JobId>,
    /// Condition, with or without `${{ }}`; `None` is `success()`.
    #[serde(rename = "if")]
    pub condition: Option<Text>,
    /// What the token may do; `None` leaves that of the workflow.
    pub permissions: Option<Permissions>,
    /// What it may do with the cache; `None` leaves that of the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_mode: Option<CacheMode>,
    /// The group of jobs of which one runs at a time.
    pub concurrency: Option<Concurrency>,
    /// Its copies; one expression may give the whole.
    pub strategy: Option<Dynamic<Strategy>>,
    /// What it does.
    pub work: JobWork,
    /// Where it is written.
    #[serde(skip)]
    pub origin: Origin,
}

impl Job {
    /// Returns a job without conditions that runs steps.
    pub fn of_steps(id: &str, runs_on: &str, steps: Vec<Step>) -> Self {
        Self {
            id: JobId::from(id),
            name: None,
            needs: Vec::new(),
            condition: None,
            permissions: None,
            cache_mode: None,
            concurrency: None,
            strategy: None,
            work: JobWork::Steps(Box::new(StepsJob {
                runs_on: RunsOn {
                    group: None,
                    labels: vec![Text::from(runs_on)],
                },
                steps,
                ..StepsJob::default()
            })),
            origin: Origin::default(),
        }
    }

    /// Returns the steps; none for a job that calls a workflow.
    pub fn steps(&self) -> &[Step] {
        match &self.work {
            JobWork::Steps(job) => &job.steps,
            JobWork::Call(_) => &[],
        }
    }
}

impl StepsJob {
    /// Returns its steps, those that run at the same time one by one.
    pub fn each_step(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(|step| match &step.work {
            StepWork::Parallel { steps } => steps.as_slice(),
            _ => std::slice::from_ref(step),
        })
    }
}

/// What a job does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobWork {
    /// Runs steps on a runner.
    Steps(Box<StepsJob>),
    /// Calls another workflow.
    Call(CallJob),
}

/// A job that runs steps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepsJob {
    /// The runner it asks for.
    pub runs_on: RunsOn,
    /// Variables of its steps.
    pub env: Variables,
    /// Defaults of its `run` steps.
    pub defaults: Defaults,
    /// The container in which its steps run.
    pub container: Option<Container>,
    /// Containers that run beside it, by name.
    pub services: Dynamic<BTreeMap<String, Container>>,
    /// The deployment environment it uses.
    pub environment: Option<Environment>,
    /// What it gives to the jobs that need it.
    pub outputs: Dynamic<BTreeMap<String, Text>>,
    /// Whether its failure leaves the run a success.
    pub continue_on_error: Dynamic<bool>,
    /// Minutes after which it is cancelled; 360 without.
    pub timeout_minutes: Option<Dynamic<f64>>,
    /// Name of the image made of the runner afterwards.
    pub snapshot: Option<Text>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// A job that calls a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallJob {
    /// The workflow: `./.github/workflows/x.yml`, the same with `$/`, or
    /// `owner/repo/.github/workflows/x.yml@ref`.
    pub uses: String,
    /// Its inputs.
    pub with: Dynamic<BTreeMap<String, Argument>>,
    /// Its secrets.
    pub secrets: CallSecrets,
}

/// Secrets handed to a called workflow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallSecrets {
    /// None.
    #[default]
    None,
    /// All that the caller has.
    Inherit,
    /// These, by the name that the called workflow knows.
    Named(BTreeMap<String, Argument>),
}

/// The runner that a job asks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunsOn {
    /// The group of runners.
    pub group: Option<Text>,
    /// Labels that the runner must have; one expression may give several.
    pub labels: Vec<Text>,
}

/// Copies of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Strategy {
    /// What differs between the copies.
    pub matrix: Option<Matrix>,
    /// Whether the failure of one copy cancels the others; true by default.
    pub fail_fast: Dynamic<bool>,
    /// How many run at once.
    pub max_parallel: Option<Dynamic<f64>>,
}

/// A container of a job or a service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Container {
    /// The image; one expression may give the whole container.
    pub image: Text,
    /// How to log in to the registry.
    pub credentials: Option<Credentials>,
    /// Variables in the container.
    pub env: Variables,
    /// Ports to open.
    pub ports: Vec<Text>,
    /// Folders to mount.
    pub volumes: Vec<Text>,
    /// Options of `docker create`.
    pub options: Option<Text>,
    /// Replaces the entry point of a service.
    pub entrypoint: Option<Text>,
    /// Replaces the command of a service.
    pub command: Option<Text>,
}

/// How to log in to a registry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Credentials {
    /// The user.
    pub username: Option<Text>,
    /// The password, usually a secret.
    pub password: Option<Text>,
}

/// The deployment environment of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Environment {
    /// Its name.
    pub name: Text,
    /// Where the deployment can be seen; evaluated after the steps.
    pub url: Option<Text>,
    /// Whether a deployment is recorded.
    pub deployment: Dynamic<bool>,
}
