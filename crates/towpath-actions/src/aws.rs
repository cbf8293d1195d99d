//! `aws-actions/configure-aws-credentials`: checks its inputs and hands static keys on. What needs AWS
//! itself is refused.

use towpath_host::secret::Secret;
use towpath_report::Problem;
use towpath_runner::{Action, Effects, JobContext, Outcome, StepInputs};

use crate::step::{Done, in_workspace, is_true, problem};
use crate::versions::Versions;

const NAME: &str = "aws-actions/configure-aws-credentials";

/// Its versions.
pub(crate) const VERSIONS: Versions = Versions {
    majors: (1, 6),
    pins: &[],
    branches: &["main"],
};

/// The action.
#[derive(Debug)]
pub struct ConfigureAwsCredentials;

impl Action for ConfigureAwsCredentials {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        VERSIONS.accept(NAME, version)
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        in_workspace(NAME, context, |_| configure(inputs, context))
    }
}

fn configure(inputs: &StepInputs, context: &JobContext<'_>) -> Done {
    let region = inputs.get("aws-region").trim();
    let is_region = !region.is_empty()
        && region
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_region {
        return Err(problem(
            format!("the input `aws-region` is `{region}`, which is no region"),
            "write one such as `aws-region: eu-central-1`",
        ));
    }
    let role = inputs.get("role-to-assume");
    let (id, key) = (
        inputs.get("aws-access-key-id"),
        inputs.get("aws-secret-access-key"),
    );
    if !role.is_empty() {
        return Err(assume(role));
    }
    if id.is_empty() || key.is_empty() {
        return Err(problem(
            "there are no credentials: neither `role-to-assume` nor both of `aws-access-key-id` and \
             `aws-secret-access-key` is given",
            "give the secrets to this run, such as `--secret AWS_ACCESS_KEY_ID`",
        ));
    }
    let mut effects = Effects::default();
    let token = inputs.get("aws-session-token");
    for (name, value) in [
        ("AWS_DEFAULT_REGION", region),
        ("AWS_REGION", region),
        ("AWS_ACCESS_KEY_ID", id),
        ("AWS_SECRET_ACCESS_KEY", key),
        ("AWS_SESSION_TOKEN", token),
    ] {
        if !value.is_empty() {
            effects
                .environment
                .insert(name.to_owned(), value.to_owned());
        }
    }
    effects.masks.extend(
        [key, token]
            .iter()
            .filter(|value| !value.is_empty())
            .map(|value| Secret::new(*value)),
    );
    if is_true(inputs, "mask-aws-account-id", false)? {
        context
            .progress
            .output("The account of the keys is not asked for, so there is none to hide");
    }
    context
        .progress
        .output("The keys are handed on to later steps; AWS was not asked about them");
    Ok(effects)
}

fn assume(role: &str) -> Problem {
    let parts: Vec<&str> = role.split(':').collect();
    let is_arn = matches!(parts.as_slice(), ["arn", _, "iam", "", account, name]
        if account.len() == 12 && name.starts_with("role/"));
    if is_arn {
        return problem(
            format!("the role `{role}` cannot be assumed: towpath does not log in to AWS yet"),
            "give keys of the role with `--secret`, or run this job on the forge",
        );
    }
    problem(
        format!("`{role}` is no ARN of a role"),
        "write one such as `arn:aws:iam::123456789012:role/deploy`",
    )
}
