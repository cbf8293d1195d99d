//! Which contexts and functions an expression may use, by the key in which it stands: the one table
//! that readers and documentation share.

use crate::expression::{Function, Names};

/// What expressions may use at one key, for documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRules {
    /// The key: "the `env` of a job".
    pub key: &'static str,
    /// Names of the contexts.
    pub contexts: &'static [&'static str],
    /// Names of the functions beside those that every expression has.
    pub functions: Vec<&'static str>,
}

/// Returns what expressions may use at every key that may hold one.
pub fn key_rules() -> Vec<KeyRules> {
    let rules = |legal: &Legal| KeyRules {
        key: legal.user,
        contexts: legal.contexts,
        functions: legal
            .functions
            .iter()
            .map(|function| function.name())
            .collect(),
    };
    Legal::ALL.iter().map(rules).collect()
}

/// What an expression may use at one key.
pub(crate) struct Legal {
    /// Who uses it, for messages: "a `run`".
    pub(crate) user: &'static str,
    pub(crate) contexts: &'static [&'static str],
    pub(crate) functions: &'static [Function],
    pub(crate) status_takes_jobs: bool,
}

/// Every context there is.
pub(crate) const CONTEXTS: &[&str] = &[
    "github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "steps", "job", "runner",
    "env", "jobs",
];

impl Names<'static> {
    /// Every context and function there is, for what was checked when its file was read.
    pub const ALL: Self = Self {
        contexts: CONTEXTS,
        functions: &[
            Function::Always,
            Function::Success,
            Function::Failure,
            Function::Cancelled,
            Function::HashFiles,
        ],
        status_takes_jobs: true,
    };
}

const RUN: &[&str] = &["github", "inputs", "vars"];
const NEEDS: &[&str] = &["github", "inputs", "vars", "needs"];
const MATRIX: &[&str] = &["github", "inputs", "vars", "needs", "strategy", "matrix"];
const MATRIX_ENV: &[&str] = &[
    "github", "inputs", "vars", "needs", "strategy", "matrix", "env",
];
const MATRIX_SECRETS: &[&str] = &[
    "github", "inputs", "vars", "needs", "strategy", "matrix", "secrets",
];
const CREDENTIALS: &[&str] = &[
    "github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "env",
];
const RUNNER: &[&str] = &[
    "github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "steps", "job", "runner",
    "env",
];
const RUNNER_OPEN: &[&str] = &[
    "github", "inputs", "vars", "needs", "strategy", "matrix", "steps", "job", "runner", "env",
];
const STATUS: &[Function] = &Function::STATUS;
const STATUS_FILES: &[Function] = &[
    Function::Always,
    Function::Success,
    Function::Failure,
    Function::Cancelled,
    Function::HashFiles,
];
const FILES: &[Function] = &[Function::HashFiles];

const fn legal(
    user: &'static str,
    contexts: &'static [&'static str],
    functions: &'static [Function],
) -> Legal {
    Legal {
        user,
        contexts,
        functions,
        status_takes_jobs: false,
    }
}

impl Legal {
    pub(crate) const NOTHING: Self = legal("this key", &[], &[]);

    pub(crate) const RUN_NAME: Self = legal("`run-name`", RUN, &[]);
    pub(crate) const WORKFLOW_ENV: Self = legal(
        "the `env` of a workflow",
        &["github", "inputs", "vars", "secrets"],
        &[],
    );
    pub(crate) const WORKFLOW_CONCURRENCY: Self =
        legal("the `concurrency` of a workflow", RUN, &[]);
    pub(crate) const CALL_DEFAULT: Self = legal("the `default` of an input", RUN, &[]);
    pub(crate) const CALL_OUTPUT: Self = legal(
        "an output of a workflow",
        &["github", "inputs", "vars", "jobs"],
        &[],
    );

    pub(crate) const JOB_NAME: Self = legal("the `name` of a job", MATRIX, &[]);
    pub(crate) const JOB_IF: Self = Self {
        user: "the `if` of a job",
        contexts: NEEDS,
        functions: STATUS,
        status_takes_jobs: true,
    };
    pub(crate) const STRATEGY: Self = legal("`strategy`", NEEDS, &[]);
    pub(crate) const RUNS_ON: Self = legal("`runs-on`", MATRIX, &[]);
    pub(crate) const JOB_ENV: Self = legal("the `env` of a job", MATRIX_SECRETS, &[]);
    pub(crate) const JOB_CONCURRENCY: Self = legal("the `concurrency` of a job", MATRIX, &[]);
    pub(crate) const JOB_TIMEOUT: Self = legal("the `timeout-minutes` of a job", MATRIX, &[]);
    pub(crate) const JOB_CONTINUE: Self = legal("the `continue-on-error` of a job", MATRIX, &[]);
    pub(crate) const ENVIRONMENT: Self = legal("`environment`", MATRIX, &[]);
    pub(crate) const ENVIRONMENT_URL: Self = legal("the `url` of an environment", RUNNER_OPEN, &[]);
    pub(crate) const JOB_DEFAULTS: Self = legal("the `defaults` of a job", MATRIX_ENV, &[]);
    pub(crate) const JOB_OUTPUT: Self = legal("an output of a job", RUNNER, &[]);
    pub(crate) const CONTAINER: Self = legal("a container", MATRIX, &[]);
    pub(crate) const CONTAINER_ENV: Self = legal("the `env` of a container", RUNNER, &[]);
    pub(crate) const CREDENTIALS: Self = legal("`credentials`", CREDENTIALS, &[]);
    pub(crate) const SNAPSHOT_IF: Self = legal("the `if` of a snapshot", MATRIX, &[]);
    pub(crate) const CALL_WITH: Self = legal("the `with` of a called workflow", MATRIX, &[]);
    pub(crate) const CALL_SECRETS: Self =
        legal("the `secrets` of a called workflow", MATRIX_SECRETS, &[]);

    pub(crate) const STEP_IF: Self = legal("the `if` of a step", RUNNER_OPEN, STATUS_FILES);
    pub(crate) const STEP_RUN: Self = legal("a `run`", RUNNER, FILES);
    pub(crate) const STEP_NAME: Self = legal("the `name` of a step", RUNNER, FILES);
    pub(crate) const STEP_ENV: Self = legal("the `env` of a step", RUNNER, FILES);
    pub(crate) const STEP_WITH: Self = legal("a `with`", RUNNER, FILES);
    pub(crate) const STEP_TIMEOUT: Self = legal("the `timeout-minutes` of a step", RUNNER, FILES);
    pub(crate) const STEP_CONTINUE: Self =
        legal("the `continue-on-error` of a step", RUNNER, FILES);
    pub(crate) const STEP_FOLDER: Self = legal("a `working-directory`", RUNNER, FILES);

    pub(crate) const ACTION_DEFAULT: Self = legal(
        "the `default` of an input of an action",
        &["github", "strategy", "matrix", "job", "runner"],
        FILES,
    );
    pub(crate) const ACTION_OUTPUT: Self = legal("an output of an action", ACTION, &[]);
    pub(crate) const ACTION_STEP: Self = legal("a step of an action", ACTION, FILES);
    pub(crate) const ACTION_STEP_IF: Self =
        legal("the `if` of a step of an action", ACTION, STATUS_FILES);
    pub(crate) const ACTION_IF: Self = legal(
        "`pre-if` and `post-if`",
        &[
            "runner", "github", "job", "strategy", "matrix", "env", "inputs",
        ],
        STATUS_FILES,
    );
    pub(crate) const ACTION_CONTAINER: Self = legal("the container of an action", &["inputs"], &[]);

    /// Every key that may hold an expression, in the order of a workflow file, actions last.
    const ALL: &[Self] = &[
        Self::RUN_NAME,
        Self::WORKFLOW_ENV,
        Self::WORKFLOW_CONCURRENCY,
        Self::CALL_DEFAULT,
        Self::CALL_OUTPUT,
        Self::JOB_NAME,
        Self::JOB_IF,
        Self::STRATEGY,
        Self::RUNS_ON,
        Self::JOB_ENV,
        Self::JOB_CONCURRENCY,
        Self::JOB_TIMEOUT,
        Self::JOB_CONTINUE,
        Self::ENVIRONMENT,
        Self::ENVIRONMENT_URL,
        Self::JOB_DEFAULTS,
        Self::JOB_OUTPUT,
        Self::CONTAINER,
        Self::CONTAINER_ENV,
        Self::CREDENTIALS,
        Self::SNAPSHOT_IF,
        Self::CALL_WITH,
        Self::CALL_SECRETS,
        Self::STEP_IF,
        Self::STEP_RUN,
        Self::STEP_NAME,
        Self::STEP_ENV,
        Self::STEP_WITH,
        Self::STEP_TIMEOUT,
        Self::STEP_CONTINUE,
        Self::STEP_FOLDER,
        Self::ACTION_DEFAULT,
        Self::ACTION_OUTPUT,
        Self::ACTION_STEP,
        Self::ACTION_STEP_IF,
        Self::ACTION_IF,
        Self::ACTION_CONTAINER,
    ];

    /// Returns the names for the parser.
    pub(crate) fn names(&self) -> Names<'static> {
        Names {
            contexts: self.contexts,
            functions: self.functions,
            status_takes_jobs: self.status_takes_jobs,
        }
    }
}

const ACTION: &[&str] = &[
    "github", "inputs", "strategy", "matrix", "steps", "job", "runner", "env",
];

#[cfg(test)]
mod tests {
    use super::*;

    // Conditions never see secrets; the runner, the matrix and the environment of a job are not known
    // where GitHub itself decides; files are hashed on the runner only.
    #[test]
    fn keys_use_what_is_known_when_they_are_read() {
        for (legal, known, unknown) in [
            (
                &Legal::JOB_IF,
                &["github", "needs"][..],
                &["secrets", "matrix", "env", "steps"][..],
            ),
            (
                &Legal::STEP_IF,
                &["steps", "env", "runner", "matrix"],
                &["secrets", "jobs"],
            ),
            (
                &Legal::RUNS_ON,
                &["matrix", "needs", "vars"],
                &["env", "secrets", "runner"],
            ),
            (
                &Legal::STRATEGY,
                &["needs", "inputs"],
                &["matrix", "env", "secrets"],
            ),
            (
                &Legal::JOB_ENV,
                &["secrets", "matrix"],
                &["env", "runner", "steps"],
            ),
            (
                &Legal::WORKFLOW_ENV,
                &["secrets", "github"],
                &["env", "needs"],
            ),
            (&Legal::ENVIRONMENT_URL, &["steps", "env"], &["secrets"]),
            (&Legal::CALL_OUTPUT, &["jobs"], &["needs", "secrets"]),
            (
                &Legal::ACTION_STEP,
                &["inputs", "steps"],
                &["secrets", "needs", "vars"],
            ),
        ] {
            for context in known {
                assert!(legal.contexts.contains(context), "{} {context}", legal.user);
            }
            for context in unknown {
                assert!(
                    !legal.contexts.contains(context),
                    "{} {context}",
                    legal.user
                );
            }
        }
        let hashes = |legal: &Legal| legal.functions.contains(&Function::HashFiles);
        assert!(hashes(&Legal::STEP_ENV) && hashes(&Legal::STEP_IF));
        assert!(!hashes(&Legal::JOB_IF) && !hashes(&Legal::JOB_ENV) && !hashes(&Legal::JOB_OUTPUT));
    }

    #[test]
    fn every_key_is_documented_once() {
        let mut keys: Vec<&str> = key_rules().iter().map(|rules| rules.key).collect();
        keys.sort_unstable();
        let all = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}
