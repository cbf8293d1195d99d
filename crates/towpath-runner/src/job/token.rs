//! What is told of `GITHUB_TOKEN`, which this machine cannot make: where a step of the job reads it.

use std::collections::BTreeMap;

use towpath_workflow::expression::Object;
use towpath_workflow::syntax::{Dynamic, Job, Step, StepWork, StepsJob, Text, Workflow};

/// How expressions name the token.
const NAMES: [&str; 2] = ["github.token", "secrets.github_token"];

/// Returns what is to be said of the token to who relies on it in a job.
pub(super) fn note_of(
    workflow: &Workflow,
    job: &Job,
    work: &StepsJob,
    github: Option<&Object>,
) -> Option<String> {
    let permissions = job.permissions.as_ref().or(workflow.permissions.as_ref());
    note(workflow, work, github, permissions.is_some())
}

fn note(
    workflow: &Workflow,
    work: &StepsJob,
    github: Option<&Object>,
    has_permissions: bool,
) -> Option<String> {
    let mut texts = Vec::new();
    texts_of(&workflow.env, &mut texts);
    texts_of(&work.env, &mut texts);
    for step in work.each_step() {
        step_texts(step, &mut texts);
    }
    if !texts.into_iter().any(names_token) {
        return None;
    }
    match (is_given(github), has_permissions) {
        (false, _) => Some(
            "a step reads `GITHUB_TOKEN`, which is empty here: `--secret GITHUB_TOKEN` gives one"
                .to_owned(),
        ),
        (true, true) => Some(
            "`permissions` do not narrow the `GITHUB_TOKEN` that was given: it may do what it may"
                .to_owned(),
        ),
        (true, false) => None,
    }
}

/// Returns what may have kept a step from its work that reads the token.
pub(super) fn advice(step: &Step, github: Option<&Object>) -> Option<&'static str> {
    let mut texts = Vec::new();
    step_texts(step, &mut texts);
    let is_missing = !is_given(github) && texts.into_iter().any(names_token);
    is_missing.then_some("`GITHUB_TOKEN` is empty here: `--secret GITHUB_TOKEN` gives the step one")
}

fn is_given(github: Option<&Object>) -> bool {
    let token = github.and_then(|github| github.get("token"));
    token.is_some_and(|token| !token.to_text().is_empty())
}

fn step_texts<'a>(step: &'a Step, texts: &mut Vec<&'a Text>) {
    texts_of(&step.env, texts);
    match &step.work {
        StepWork::Run { script, .. } => texts.push(script),
        StepWork::Uses { with, .. } => texts_of(with, texts),
        _ => {}
    }
}

fn texts_of<'a>(variables: &'a Dynamic<BTreeMap<String, Text>>, texts: &mut Vec<&'a Text>) {
    match variables {
        Dynamic::Value(variables) => texts.extend(variables.values()),
        Dynamic::Expression(text) => texts.push(text),
    }
}

fn names_token(text: &Text) -> bool {
    text.has_expression() && {
        let text = text.source.to_ascii_lowercase();
        NAMES.iter().any(|name| text.contains(name))
    }
}
