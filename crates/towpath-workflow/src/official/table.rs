//! The table of a workflow file: every key, what it takes, what its expressions may use. Facts of the
//! language as GitHub reads it, in the order in which its messages name them.

use std::sync::LazyLock;

use super::form::{
    Definition, again, anything_named, boolean, mapping, names, null, number, one_of, properties,
    scalar, sequence, some_text, text, texts, words,
};
use crate::events::{EVENTS, Event, SPECIAL};
use crate::legal::Legal;
use crate::permissions::{CACHE_MODES, READ_SCOPES, SCOPES, WRITE_SCOPES};

static WORKFLOW: LazyLock<Definition> = LazyLock::new(workflow_file);
static STEPS: LazyLock<Definition> = LazyLock::new(|| sequence(step()));
static ANY: LazyLock<Definition> = LazyLock::new(|| {
    one_of([
        null(),
        boolean(),
        number(),
        text(),
        sequence(any()),
        anything_named(any()),
    ])
});

/// Returns the form of a workflow file.
pub(super) fn workflow() -> &'static Definition {
    &WORKFLOW
}

/// Returns the form that takes everything.
pub(super) fn anything() -> &'static Definition {
    &ANY
}

const fn any() -> Definition {
    again(anything)
}

fn steps() -> &'static Definition {
    &STEPS
}

fn workflow_file() -> Definition {
    mapping([
        ("on", triggers()),
        ("name", text()),
        ("description", text()),
        ("run-name", text().using(&Legal::RUN_NAME)),
        ("defaults", mapping([("run", run_defaults())])),
        ("env", names(text()).using(&Legal::WORKFLOW_ENV)),
        ("permissions", permissions()),
        (
            "concurrency",
            one_of([text(), concurrency_mapping()]).using(&Legal::WORKFLOW_CONCURRENCY),
        ),
        ("jobs", names(job())),
        ("cache-mode", words(CACHE_MODES)),
    ])
    .requiring(&["on", "jobs"])
}

fn triggers() -> Definition {
    let every = || EVENTS.iter().map(|event| event.name);
    let named: Vec<&'static str> = every().chain(SPECIAL.iter().copied()).collect();
    let forms = EVENTS.iter().map(|event| (event.name, event_form(event)));
    let special = [
        (
            "repository_dispatch",
            one_of([null(), mapping([("types", texts())])]),
        ),
        ("schedule", sequence(schedule())),
        ("workflow_call", one_of([null(), called()])),
        (
            "workflow_dispatch",
            one_of([null(), mapping([("inputs", dispatch_inputs())])]),
        ),
    ];
    one_of([
        words(&named),
        sequence(words(&named)),
        properties(forms.chain(special)),
    ])
}

fn event_form(event: &Event) -> Definition {
    if event.types.is_empty() && event.filters.is_empty() {
        return null();
    }
    let types = (!event.types.is_empty()).then(|| {
        (
            "types",
            one_of([words(event.types), sequence(words(event.types))]),
        )
    });
    let filters = event.filters.iter().map(|filter| (*filter, texts()));
    one_of([null(), properties(types.into_iter().chain(filters))])
}

fn schedule() -> Definition {
    mapping([("cron", some_text()), ("timezone", some_text())]).requiring(&["cron"])
}

fn called() -> Definition {
    let input = mapping([
        ("description", text()),
        ("type", words(&["string", "boolean", "number"])),
        ("required", boolean()),
        ("default", scalar().using(&Legal::CALL_DEFAULT)),
    ])
    .requiring(&["type"]);
    let secret = mapping([("description", text()), ("required", boolean())]);
    let output = mapping([
        ("description", text()),
        ("value", text().using(&Legal::CALL_OUTPUT)),
    ])
    .requiring(&["value"]);
    mapping([
        ("inputs", names(input)),
        ("secrets", names(one_of([null(), secret]))),
        ("outputs", names(output)),
    ])
}

fn dispatch_inputs() -> Definition {
    let kinds = ["string", "boolean", "number", "environment", "choice"];
    let input = mapping([
        ("description", text()),
        ("type", words(&kinds)),
        ("required", boolean()),
        ("default", scalar()),
        ("options", sequence(text())),
    ]);
    one_of([null(), names(one_of([null(), input]))])
}

fn permissions() -> Definition {
    let scopes = |names: &'static [&'static str], access: &'static [&'static str]| {
        names.iter().map(|name| (*name, words(access)))
    };
    one_of([
        properties(
            scopes(SCOPES, &["read", "write", "none"])
                .chain(scopes(WRITE_SCOPES, &["write", "none"]))
                .chain(scopes(READ_SCOPES, &["read", "none"])),
        ),
        words(&["read-all", "write-all"]),
    ])
}

fn run_defaults() -> Definition {
    mapping([("shell", some_text()), ("working-directory", some_text())])
}

fn concurrency_mapping() -> Definition {
    mapping([
        ("group", some_text()),
        ("cancel-in-progress", boolean()),
        ("queue", words(&["single", "max"])),
    ])
    .requiring(&["group"])
}

fn job() -> Definition {
    one_of([steps_job(), call_job()])
}

fn needs() -> Definition {
    one_of([sequence(some_text()), some_text()])
}

fn job_concurrency() -> Definition {
    one_of([some_text(), concurrency_mapping()]).using(&Legal::JOB_CONCURRENCY)
}

fn steps_job() -> Definition {
    mapping([
        ("needs", needs()),
        ("if", text().using(&Legal::JOB_IF)),
        ("strategy", strategy()),
        ("name", text().using(&Legal::JOB_NAME)),
        ("runs-on", runs_on()),
        ("timeout-minutes", number().using(&Legal::JOB_TIMEOUT)),
        (
            "cancel-timeout-minutes",
            number().using(&Legal::JOB_TIMEOUT),
        ),
        ("continue-on-error", boolean().using(&Legal::JOB_CONTINUE)),
        (
            "container",
            one_of([text(), container(&[])]).using(&Legal::CONTAINER),
        ),
        ("services", services()),
        ("env", names(text()).using(&Legal::JOB_ENV)),
        ("environment", environment()),
        ("permissions", permissions()),
        ("concurrency", job_concurrency()),
        ("outputs", names(text().using(&Legal::JOB_OUTPUT))),
        (
            "defaults",
            mapping([("run", run_defaults().using(&Legal::JOB_DEFAULTS))]),
        ),
        ("steps", again(steps)),
        ("snapshot", snapshot()),
        ("cache-mode", words(CACHE_MODES)),
    ])
    .requiring(&["runs-on"])
}

fn call_job() -> Definition {
    mapping([
        ("name", text().using(&Legal::JOB_NAME)),
        ("uses", some_text()),
        ("with", names(scalar().using(&Legal::CALL_WITH))),
        (
            "secrets",
            one_of([
                names(scalar().using(&Legal::CALL_SECRETS)),
                words(&["inherit"]),
            ]),
        ),
        ("needs", needs()),
        ("if", text().using(&Legal::JOB_IF)),
        ("permissions", permissions()),
        ("concurrency", job_concurrency()),
        ("strategy", strategy()),
        ("cache-mode", words(CACHE_MODES)),
    ])
    .requiring(&["uses"])
}

fn strategy() -> Definition {
    let cells = || sequence(names(any()));
    mapping([
        ("fail-fast", boolean()),
        ("max-parallel", number()),
        (
            "matrix",
            mapping([("include", cells()), ("exclude", cells())]).with_others(sequence(any())),
        ),
    ])
    .using(&Legal::STRATEGY)
}

fn runs_on() -> Definition {
    let by_group = mapping([("group", some_text()), ("labels", texts())]);
    one_of([some_text(), sequence(some_text()), by_group]).using(&Legal::RUNS_ON)
}

fn snapshot() -> Definition {
    let long = mapping([
        ("image-name", some_text()),
        ("if", text().using(&Legal::SNAPSHOT_IF)),
        ("version", some_text()),
    ])
    .requiring(&["image-name"]);
    one_of([some_text(), long])
}

fn environment() -> Definition {
    let long = mapping([
        ("name", text()),
        ("url", text().using(&Legal::ENVIRONMENT_URL)),
        ("deployment", boolean()),
    ])
    .requiring(&["name"]);
    one_of([text(), long]).using(&Legal::ENVIRONMENT)
}

fn container(more: &[&'static str]) -> Definition {
    let credentials = mapping([("username", some_text()), ("password", some_text())]);
    let entries = [
        ("image", some_text()),
        ("options", text()),
        ("env", names(text().using(&Legal::CONTAINER_ENV))),
        ("ports", sequence(some_text())),
        ("volumes", sequence(some_text())),
        ("credentials", credentials.using(&Legal::CREDENTIALS)),
    ];
    properties(
        entries
            .into_iter()
            .chain(more.iter().map(|name| (*name, text()))),
    )
}

fn services() -> Definition {
    let service = container(&["entrypoint", "command"]);
    names(one_of([some_text(), service])).using(&Legal::CONTAINER)
}

fn step() -> Definition {
    let common = || {
        [
            ("name", text().using(&Legal::STEP_NAME)),
            ("id", some_text()),
            ("continue-on-error", boolean().using(&Legal::STEP_CONTINUE)),
        ]
    };
    let work = || {
        common().into_iter().chain([
            ("if", text().using(&Legal::STEP_IF)),
            ("timeout-minutes", number().using(&Legal::STEP_TIMEOUT)),
            ("env", names(text()).using(&Legal::STEP_ENV)),
            ("background", boolean()),
        ])
    };
    let run = work().chain([
        ("run", text().using(&Legal::STEP_RUN)),
        ("working-directory", text().using(&Legal::STEP_FOLDER)),
        ("shell", some_text()),
    ]);
    let uses = work().chain([
        ("uses", some_text()),
        ("with", names(text()).using(&Legal::STEP_WITH)),
    ]);
    let other = |name: &'static str, definition: Definition| {
        properties(common().into_iter().chain([(name, definition)])).requiring(&[name])
    };
    one_of([
        properties(run).requiring(&["run"]),
        properties(uses).requiring(&["uses"]),
        other("wait", texts()),
        other("wait-all", one_of([null(), boolean()])),
        other("cancel", some_text()),
        mapping([("parallel", again(steps))]).requiring(&["parallel"]),
    ])
}
