//! The events of GitHub: what starts a workflow, with the activity types and filters each takes.

/// An event.
pub(crate) struct Event {
    pub(crate) name: &'static str,
    /// Activity types; none where the event has no `types`.
    pub(crate) types: &'static [&'static str],
    /// Keys beside `types`.
    pub(crate) filters: &'static [&'static str],
}

const CHANGES: &[&str] = &["created", "edited", "deleted"];
const BOARD: &[&str] = &["created", "closed", "reopened", "edited", "deleted"];
const PULL_REQUEST: &[&str] = &[
    "assigned",
    "unassigned",
    "labeled",
    "unlabeled",
    "opened",
    "edited",
    "closed",
    "reopened",
    "synchronize",
    "converted_to_draft",
    "locked",
    "unlocked",
    "enqueued",
    "dequeued",
    "milestoned",
    "demilestoned",
    "ready_for_review",
    "review_requested",
    "review_request_removed",
    "auto_merge_enabled",
    "auto_merge_disabled",
    "stacked",
];
const BRANCHES: &[&str] = &["branches", "branches-ignore"];
const BRANCHES_PATHS: &[&str] = &["branches", "branches-ignore", "paths", "paths-ignore"];
const PUSH: &[&str] = &[
    "branches",
    "branches-ignore",
    "tags",
    "tags-ignore",
    "paths",
    "paths-ignore",
];

const fn event(
    name: &'static str,
    types: &'static [&'static str],
    filters: &'static [&'static str],
) -> Event {
    Event {
        name,
        types,
        filters,
    }
}

/// Every event that has no form of its own.
pub(crate) const EVENTS: &[Event] = &[
    event("branch_protection_rule", CHANGES, &[]),
    event(
        "check_run",
        &["completed", "created", "rerequested", "requested_action"],
        &[],
    ),
    event("check_suite", &["completed"], &[]),
    event("create", &[], &[]),
    event("delete", &[], &[]),
    event("deployment", &[], &[]),
    event("deployment_status", &[], &[]),
    event(
        "discussion",
        &[
            "created",
            "edited",
            "deleted",
            "transferred",
            "pinned",
            "unpinned",
            "labeled",
            "unlabeled",
            "locked",
            "unlocked",
            "category_changed",
            "answered",
            "unanswered",
        ],
        &[],
    ),
    event("discussion_comment", CHANGES, &[]),
    event("fork", &[], &[]),
    event("gollum", &[], &[]),
    event(
        "image_version",
        &["created", "ready", "deleted"],
        &["names", "versions"],
    ),
    event("issue_comment", CHANGES, &[]),
    event(
        "issues",
        &[
            "opened",
            "edited",
            "deleted",
            "transferred",
            "pinned",
            "unpinned",
            "closed",
            "reopened",
            "assigned",
            "unassigned",
            "labeled",
            "unlabeled",
            "locked",
            "unlocked",
            "milestoned",
            "demilestoned",
            "field_added",
            "field_removed",
            "typed",
            "untyped",
        ],
        &[],
    ),
    event("label", CHANGES, &[]),
    event("merge_group", &["checks_requested"], BRANCHES),
    event(
        "milestone",
        &["created", "closed", "opened", "edited", "deleted"],
        &[],
    ),
    event("page_build", &[], &[]),
    event("project", BOARD, &[]),
    event(
        "project_card",
        &["created", "moved", "converted", "edited", "deleted"],
        &[],
    ),
    event(
        "project_column",
        &["created", "updated", "moved", "deleted"],
        &[],
    ),
    event("public", &[], &[]),
    event("pull_request", PULL_REQUEST, BRANCHES_PATHS),
    event("pull_request_comment", CHANGES, &[]),
    event(
        "pull_request_review",
        &["submitted", "edited", "dismissed"],
        &[],
    ),
    event("pull_request_review_comment", CHANGES, &[]),
    event("pull_request_target", PULL_REQUEST, BRANCHES_PATHS),
    event("push", &[], PUSH),
    event("registry_package", &["published", "updated"], &[]),
    event(
        "release",
        &[
            "published",
            "unpublished",
            "created",
            "edited",
            "deleted",
            "prereleased",
            "released",
        ],
        &[],
    ),
    event("status", &[], &[]),
    event("watch", &["started"], &[]),
    event(
        "workflow_run",
        &["requested", "completed", "in_progress"],
        &["workflows", "branches", "branches-ignore"],
    ),
];

/// Events that have a form of their own.
pub(crate) const SPECIAL: &[&str] = &[
    "repository_dispatch",
    "schedule",
    "workflow_call",
    "workflow_dispatch",
];

/// Returns the names of all events.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    EVENTS
        .iter()
        .map(|event| event.name)
        .chain(SPECIAL.iter().copied())
}
