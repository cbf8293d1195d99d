//! The events that start a workflow, and what is known of those by which a change comes.

use towpath_workflow::yaml::Node;

use crate::automation::ci::conditions::Known;
use crate::automation::yaml::strings;

/// For what a workflow runs.
pub(super) struct Triggers {
    /// What is known of the event, for each event by which a change comes.
    pub(super) changes: Vec<Known>,
    pub(super) only_called: bool,
}

impl Triggers {
    pub(super) fn of(root: &Node) -> Self {
        // YAML 1.1 took `on` for a boolean; whoever quotes it means the same.
        let on = root.get("on").or_else(|| root.get("true"));
        let mut names = strings(on);
        let entries = on.and_then(Node::as_mapping).unwrap_or_default();
        names.extend(
            entries
                .iter()
                .filter_map(|(name, _)| name.text().map(str::to_owned)),
        );
        let push = on.and_then(|on| on.get("push"));
        let only_tags = push.is_some_and(|push| {
            push.get("tags").is_some()
                && push.get("branches").is_none()
                && push.get("branches-ignore").is_none()
        });
        let event = |name: &str, reference: &str| {
            let values = [
                ("github.event_name", name),
                ("github.ref", reference),
                ("github.ref_type", "branch"),
                ("github.actor", "someone"),
            ];
            Known::from(values.map(|(name, value)| (name.to_owned(), value.to_owned())))
        };
        // `types: [closed]` and the like are no changes to judge.
        let is_of_change = |name: &str| {
            let types = strings(
                on.and_then(|on| on.get(name))
                    .and_then(|event| event.get("types")),
            );
            types.is_empty()
                || types.iter().any(|kind| {
                    matches!(
                        kind.as_str(),
                        "opened" | "synchronize" | "reopened" | "checks_requested"
                    )
                })
        };
        let mut changes = Vec::new();
        for name in names.iter().filter(|name| is_of_change(name)) {
            match name.as_str() {
                "push" if !only_tags => changes.push(event("push", "refs/heads/main")),
                "pull_request" | "pull_request_target" | "merge_group" => {
                    changes.push(event(name, "refs/pull/1/merge"));
                }
                _ => {}
            }
        }
        Self {
            changes,
            only_called: names == ["workflow_call"],
        }
    }
}
