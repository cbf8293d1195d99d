//! What the official parser says of steps: their ids, and what they wait for.

use std::collections::HashSet;

use super::check::Checker;
use crate::expression::is_name;
use crate::legal::Legal;
use crate::read::scalar_text;
use crate::uses;
use crate::yaml::{Node, Value};

/// An id has fewer characters than this.
const MAX_ID: usize = 100;

/// Checks the steps of a job.
pub(super) fn check(checker: &mut Checker<'_>, steps: &Node) {
    let mut ids = HashSet::new();
    for step in steps.as_sequence().unwrap_or_default() {
        check_step(checker, step, &mut ids);
    }
}

fn check_step(checker: &mut Checker<'_>, step: &Node, ids: &mut HashSet<String>) {
    let id = step.get("id").filter(|id| is_plain(id));
    for (key, value) in step.as_mapping().unwrap_or_default() {
        match key.text() {
            Some("id") if is_plain(value) => check_id(checker, value, ids),
            Some("if") => checker.condition(value, &Legal::STEP_IF),
            Some("uses") if is_plain(value) => check_action(checker, value),
            Some("wait" | "cancel") => {
                for target in value.as_sequence().unwrap_or(std::slice::from_ref(value)) {
                    check_target(checker, target, id, ids);
                }
            }
            Some("wait-all") if value.value == Value::Boolean(false) => {
                checker.mistake(value, "The value of 'wait-all' must be true or omitted");
            }
            Some("parallel") => {
                check(checker, value);
                check_parallel(checker, step, value);
            }
            _ => {}
        }
    }
}

/// Checks an id of a job or step against those that came before.
pub(super) fn check_id(checker: &mut Checker<'_>, node: &Node, ids: &mut HashSet<String>) {
    let id = scalar_text(node).unwrap_or_default();
    let message = if !is_name(&id) || id.len() >= MAX_ID {
        format!(
            "The identifier '{id}' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. \
             IDs must start with a letter or '_' and and must be less than {MAX_ID} characters."
        )
    } else if id.starts_with("__") {
        format!("The identifier '{id}' is invalid. IDs starting with '__' are reserved.")
    } else if ids.insert(id.to_ascii_lowercase()) {
        return;
    } else {
        format!("The identifier '{id}' may not be used more than once within the same scope.")
    };
    checker.mistake(node, message);
}

fn check_target(
    checker: &mut Checker<'_>,
    target: &Node,
    own: Option<&Node>,
    ids: &HashSet<String>,
) {
    let name = target.text().unwrap_or_default();
    let own = own.and_then(Node::text).unwrap_or_default();
    let message = if name.starts_with("__") {
        format!("The identifier '{name}' is invalid. IDs starting with '__' are reserved.")
    } else if name.eq_ignore_ascii_case(own) {
        format!("Step '{own}' cannot reference itself")
    } else if ids.contains(&name.to_ascii_lowercase()) {
        return;
    } else {
        format!("Step references unknown step ID '{name}'")
    };
    checker.mistake(target, message);
}

fn check_parallel(checker: &mut Checker<'_>, step: &Node, parallel: &Node) {
    for inner in parallel.as_sequence().unwrap_or_default() {
        for (key, _) in inner.as_mapping().unwrap_or_default() {
            match key.text() {
                Some("background") => checker.mistake(
                    step,
                    "'background' is not allowed inside a parallel block. Steps in a parallel block are \
                     automatically run as background steps.",
                ),
                Some(name @ ("wait" | "wait-all" | "cancel")) => checker.mistake(
                    step,
                    format!("'{name}' is not allowed inside a parallel block."),
                ),
                Some("parallel") => {
                    checker.mistake(step, "Nested 'parallel' blocks are not allowed.");
                }
                _ => {}
            }
        }
    }
}

fn check_action(checker: &mut Checker<'_>, uses: &Node) {
    let name = uses.text().unwrap_or_default();
    if !uses::is_action(name) {
        checker.mistake(
            uses,
            format!("Expected format {{org}}/{{repo}}[/path]@ref. Actual '{name}'"),
        );
    }
}

fn is_plain(node: &Node) -> bool {
    node.text().is_some_and(|text| !text.contains("${{"))
}
