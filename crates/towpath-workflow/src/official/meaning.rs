//! What the official parser says of a file whose form is right: values that do not fit one another.

use std::collections::HashSet;

use super::check::Checker;
use super::{matrix, needs, steps};
use crate::cron;
use crate::legal::Legal;
use crate::read::{
    MAX_GROUP, is_image_version, is_long_group, is_queue_with_cancelling, is_runner_group,
    scalar_text,
};
use crate::uses::{self, WorkflowMistake};
use crate::yaml::{Node, Value};

const BAD_CRON: &str =
    "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)";

/// Checks a file whose form is right, in the order in which its keys stand.
pub(super) fn check(checker: &mut Checker<'_>, workflow: &Node) {
    for (key, value) in workflow.as_mapping().unwrap_or_default() {
        match key.text() {
            Some("on") => triggers(checker, value),
            Some("concurrency") => check_concurrency(checker, value),
            Some("jobs") => {
                for (key, job) in value.as_mapping().unwrap_or_default() {
                    steps::check_id(checker, key, &mut HashSet::new());
                    check_job(checker, job);
                }
                needs::check(checker, value);
            }
            _ => {}
        }
    }
}

fn triggers(checker: &mut Checker<'_>, on: &Node) {
    for (key, event) in on.as_mapping().unwrap_or_default() {
        match key.text() {
            Some("schedule") => {
                for entry in event.as_sequence().unwrap_or_default() {
                    if let Some(cron) = entry.get("cron")
                        && cron::mistake(cron.text().unwrap_or_default()).is_some()
                    {
                        checker.mistake(cron, BAD_CRON);
                    }
                }
            }
            Some("workflow_dispatch" | "workflow_call") => {
                let inputs = event.get("inputs").and_then(Node::as_mapping);
                for (_, input) in inputs.unwrap_or_default() {
                    check_input(checker, input);
                }
            }
            _ => {}
        }
    }
}

fn check_input(checker: &mut Checker<'_>, input: &Node) {
    let kind = input.get("type").and_then(Node::text).unwrap_or("string");
    let default = input.get("default");
    let is_boolean = |node: &Node| {
        node.is_null()
            || matches!(scalar_text(node).as_deref(), Some("true" | "false" | ""))
            || node.as_str().is_some_and(|text| text.contains("${{"))
    };
    if let Some(node) = default.filter(|node| kind == "boolean" && !is_boolean(node)) {
        let found = match node.value {
            Value::Number(_) => "NumberToken",
            _ => "StringToken",
        };
        checker.mistake(
            node,
            format!(
                "Unexpected type '{found}' encountered while reading 'input default'. The type 'BooleanToken' was expected."
            ),
        );
    }
    let options = input.get("options").and_then(Node::as_sequence);
    match options {
        Some([_, ..]) if kind == "choice" => {}
        _ if kind == "choice" => checker.mistake(input, "Missing 'options' for choice input"),
        Some(_) => checker.mistake(
            input,
            "Input type is not 'choice', but 'options' is defined",
        ),
        None => {}
    }
}

fn check_job(checker: &mut Checker<'_>, job: &Node) {
    for (key, value) in job.as_mapping().unwrap_or_default() {
        match key.text() {
            Some("uses") => check_call(checker, value),
            Some("if") => checker.condition(value, &Legal::JOB_IF),
            Some("container") => check_container(checker, value),
            Some("services") => {
                for (_, service) in value.as_mapping().unwrap_or_default() {
                    check_container(checker, service);
                }
            }
            Some("runs-on") => {
                if let Some(group) = value.get("group") {
                    check_group(checker, group);
                }
            }
            Some("strategy") => {
                if let Some(node) = value.get("matrix") {
                    matrix::check(checker, node);
                }
            }
            Some("snapshot") => check_snapshot(checker, value),
            Some("concurrency") => check_concurrency(checker, value),
            Some("steps") => steps::check(checker, value),
            _ => {}
        }
    }
}

fn check_snapshot(checker: &mut Checker<'_>, snapshot: &Node) {
    if let Some(node) = snapshot.get("if") {
        checker.condition(node, &Legal::SNAPSHOT_IF);
    }
    let version = snapshot.get("version").and_then(scalar_text);
    if let Some(version) = version.filter(|version| !is_image_version(version)) {
        checker.mistake(
            snapshot,
            format!("Expected format '{{major-version}}.*' Actual '{version}'"),
        );
    }
}

fn check_call(checker: &mut Checker<'_>, uses: &Node) {
    if let Some(mistake) = uses::workflow_mistake(uses.text().unwrap_or_default()) {
        let told = bad_reference(mistake);
        checker.mistake(uses, format!("invalid value workflow reference: {told}"));
    }
}

fn check_concurrency(checker: &mut Checker<'_>, concurrency: &Node) {
    let group = concurrency.get("group").unwrap_or(concurrency);
    if is_long_group(group) {
        checker.mistake(
            concurrency,
            format!("Concurrency group name must be less than {MAX_GROUP} characters"),
        );
    }
    if is_queue_with_cancelling(concurrency) {
        let entries = concurrency.as_mapping().unwrap_or_default();
        let key = entries.iter().map(|(key, _)| key);
        let queue = key.into_iter().find(|key| key.text() == Some("queue"));
        checker.mistake(
            queue.unwrap_or(concurrency),
            "'queue: max' cannot be combined with 'cancel-in-progress: true'.",
        );
    }
}

fn bad_reference(mistake: WorkflowMistake) -> &'static str {
    match mistake {
        WorkflowMistake::NoVersion => "no version specified",
        WorkflowMistake::NoRepository => {
            "references to workflows must be prefixed with format 'owner/repository/' or './' for local workflows"
        }
        WorkflowMistake::OtherFolder => {
            "references to workflows must be rooted in '.github/workflows'"
        }
        WorkflowMistake::NoYaml => {
            "workflow file should have either a '.yml' or '.yaml' file extension"
        }
    }
}

fn check_container(checker: &mut Checker<'_>, container: &Node) {
    if container.as_mapping().is_some()
        && container.get("image").is_none()
        && !container.has_expression()
    {
        checker.mistake(container, "Container image cannot be empty");
    }
}

fn check_group(checker: &mut Checker<'_>, group: &Node) {
    let Some(name) = group.text().filter(|name| !name.contains("${{")) else {
        return;
    };
    if is_runner_group(name) {
        return;
    }
    let message = match name.split_once('/') {
        Some((_, "")) => format!("Invalid runs-on group name '{name}'."),
        _ => format!(
            "Invalid runs-on group name '{name}'. Please use 'organization/' or 'enterprise/' prefix to target a single runner group."
        ),
    };
    checker.mistake(group, message);
}
