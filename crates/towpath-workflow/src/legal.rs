//! Which contexts and functions an expression may use, by the key in which it stands.

use crate::expression::{Function, Names};

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
        "the `default` of an input",
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
