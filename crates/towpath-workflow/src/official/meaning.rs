//! What the official parser says of a file whose form is right: values that do not fit one another.

use std::collections::HashSet;

use super::check::Checker;
use super::{matrix, needs, steps};
use crate::cron;
use crate::read::{MAX_GROUP, is_long_group, is_runner_group, scalar_text};
use crate::uses::{self, WorkflowMistake};
use crate::yaml::{Node, Value};

const BAD_CRON: &str =
    "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)";

/// Checks a file whose form is right.
pub(super) fn check(checker: &mut Checker<'_>, workflow: &Node) {
    if let Some(on) = workflow.get("on") {
        triggers(checker, on);
    }
    if let Some(concurrency) = workflow.get("concurrency") {
        check_concurrency(checker, concurrency);
    }
    if let Some(node) = workflow.get("jobs") {
        for (key, job) in node.as_mapping().unwrap_or_default() {
            steps::check_id(checker, key, &mut HashSet::new());
            check_job(checker, job);
        }
        needs::check(checker, node);
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
    if let Some(node) = job.get("uses") {
        let name = node.text().unwrap_or_default();
        if let Some(mistake) = uses::workflow_mistake(name) {
            let told = bad_reference(mistake);
            checker.mistake(node, format!("invalid value workflow reference: {told}"));
        }
    }
    if let Some(container) = job.get("container") {
        check_container(checker, container);
    }
    let services = job.get("services").and_then(Node::as_mapping);
    for (_, service) in services.unwrap_or_default() {
        check_container(checker, service);
    }
    if let Some(group) = job.get("runs-on").and_then(|node| node.get("group")) {
        check_group(checker, group);
    }
    if let Some(node) = job.get("strategy").and_then(|node| node.get("matrix")) {
        matrix::check(checker, node);
    }
    if let Some(concurrency) = job.get("concurrency") {
        check_concurrency(checker, concurrency);
    }
    if let Some(node) = job.get("steps") {
        steps::check(checker, node);
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
        Some(("org" | "organization" | "ent" | "enterprise", "")) => {
            format!("Invalid runs-on group name '{name}'.")
        }
        _ => format!(
            "Invalid runs-on group name '{name}'. Please use 'organization/' or 'enterprise/' prefix to target a single runner group."
        ),
    };
    checker.mistake(group, message);
}
