//! What a job may do with the services around it: ask for an identity token, and use the cache.
//!
//! A called workflow that says nothing has what the job that calls it has, and never more. What `permissions`
//! say of `GITHUB_TOKEN` narrows no token: this machine makes none.

use towpath_workflow::expression::Value;
use towpath_workflow::syntax::{Access, CacheMode, Job, Permissions};

use super::Frame;

/// Events that anybody may start, and which have the cache of the default branch: on GitHub they restore only.
const LOW_TRUST: [&str; 7] = [
    "discussion",
    "discussion_comment",
    "fork",
    "issue_comment",
    "issues",
    "pull_request_target",
    "watch",
];

/// What a job may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// Whether it may ask for an identity token.
    pub identity: bool,
    /// What it may do with the cache.
    pub cache: CacheMode,
}

/// Returns what a job of a workflow may do.
pub(crate) fn granted(frame: &Frame, job: &Job) -> Granted {
    let around = frame.granted;
    let permissions = job.permissions.as_ref();
    let permissions = permissions.or(frame.workflow.permissions.as_ref());
    let identity = match permissions {
        Some(permissions) => {
            asks_for_identity(permissions) && around.is_none_or(|around| around.identity)
        }
        None => around.is_some_and(|around| around.identity),
    };
    let mode = job.cache_mode.or(frame.workflow.cache_mode);
    let cache = match (mode, around) {
        (Some(mode), Some(around)) => mode.and(around.cache),
        (Some(mode), None) => mode,
        (None, Some(around)) => around.cache,
        (None, None) => usual(frame),
    };
    Granted { identity, cache }
}

fn asks_for_identity(permissions: &Permissions) -> bool {
    match permissions {
        Permissions::WriteAll => true,
        Permissions::Scopes(scopes) => scopes.get("id-token") == Some(&Access::Write),
        Permissions::ReadAll => false,
    }
}

fn usual(frame: &Frame) -> CacheMode {
    let event = frame.context.github.get("event_name").map(Value::to_text);
    if event.is_some_and(|event| LOW_TRUST.contains(&event.as_str())) {
        CacheMode::Read
    } else {
        CacheMode::Write
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use towpath_report::Source;
    use towpath_workflow::expression::Object;
    use towpath_workflow::{Sources, parse_workflow};

    use super::*;
    use crate::event::RunContext;

    fn frame(event: &str, top: &str, job: &str, around: Option<Granted>) -> Frame {
        let text = format!("on: push\n{top}jobs:\n  a: {{{job}runs-on: x, steps: [{{run: a}}]}}\n");
        let source = Source {
            path: "x.yml",
            text: &text,
        };
        let (workflow, problems) = parse_workflow(&source, &Sources::new());
        assert_eq!(problems, [], "{text}");
        let github = Object(vec![("event_name".to_owned(), Value::from(event))]);
        Frame {
            workflow: Arc::new(workflow.unwrap()),
            context: Arc::new(RunContext {
                github,
                ..RunContext::default()
            }),
            granted: around,
            ..Frame::default()
        }
    }

    #[test]
    fn a_called_workflow_has_no_more_than_its_caller() {
        use CacheMode::{None as Nothing, Read, Write, WriteOnly};
        let around = |identity, cache| Some(Granted { identity, cache });
        for (event, top, job, caller, identity, cache) in [
            ("push", "", "", None, false, Write),
            ("issues", "", "", None, false, Read),
            ("issues", "cache-mode: write\n", "", None, false, Write),
            (
                "push",
                "cache-mode: none\n",
                "cache-mode: write-only, ",
                None,
                false,
                WriteOnly,
            ),
            (
                "push",
                "permissions: {id-token: write}\n",
                "",
                None,
                true,
                Write,
            ),
            (
                "push",
                "permissions: {id-token: write}\n",
                "permissions: {}, ",
                None,
                false,
                Write,
            ),
            ("push", "", "", around(true, Read), true, Read),
            ("push", "", "", around(false, Nothing), false, Nothing),
            (
                "push",
                "permissions: write-all\n",
                "",
                around(false, Write),
                false,
                Write,
            ),
            (
                "push",
                "permissions: read-all\n",
                "",
                around(true, Write),
                false,
                Write,
            ),
            (
                "push",
                "cache-mode: write\n",
                "",
                around(true, Read),
                true,
                Read,
            ),
            (
                "push",
                "cache-mode: write-only\n",
                "",
                around(true, Read),
                true,
                Nothing,
            ),
        ] {
            let frame = frame(event, top, job, caller);
            let expected = Granted { identity, cache };
            let granted = granted(&frame, &frame.workflow.jobs[0]);
            assert_eq!(granted, expected, "{event} {top} {job}");
        }
    }
}
