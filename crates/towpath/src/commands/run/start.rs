//! Which workflows start on which event.

use std::collections::BTreeMap;
use std::path::Path;

use towpath_report::Problem;
use towpath_runner::{EventRequest, Ground, RunContext, RunIdentity, StartingEvent};
use towpath_workflow::syntax::{Trigger, TriggerKind};
use towpath_workflow::trigger::Reason;

use super::files::{Files, WorkflowFile};
use crate::arguments::run::EventArguments;
use crate::failure::Failure;
use crate::nearest;

/// The event of a command without one.
const USUAL: &str = "push";

/// What a workflow that is named without an event runs for, in this order, before its other events.
const PREFERRED: [&str; 3] = [USUAL, "pull_request", "workflow_dispatch"];

/// A workflow with the event that starts it, or why none does.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    /// The workflow.
    pub(super) file: &'a WorkflowFile,
    /// The event that was looked at.
    pub(super) event: StartingEvent,
    /// Why the event does not start it.
    pub(super) refused: Option<Reason>,
}

/// Looks at each workflow that is asked for. One that is named and that nothing starts is a mistake,
/// unless the command only looks.
pub(super) fn candidates<'a>(
    files: &'a Files,
    ground: &Ground<'_>,
    asked: &EventArguments,
    folder: &Path,
    is_look: bool,
) -> Result<Vec<Candidate<'a>>, Failure> {
    let payload = asked
        .event_file
        .as_deref()
        .map(|file| read_payload(folder, file));
    let payload = payload.transpose()?;
    let make = |name: &str| {
        let (name, activity) = match name.split_once('.') {
            Some((name, activity)) => (name, Some(activity)),
            None => (name, None),
        };
        let request = EventRequest {
            name,
            activity,
            payload: payload.as_ref(),
        };
        StartingEvent::make(&request, ground).map_err(|problem| Failure::of(*problem))
    };
    let is_open = files.are_named && asked.event.is_none();
    let event = make(asked.event.as_deref().unwrap_or(USUAL))?;
    let mut candidates = Vec::new();
    for file in &files.chosen {
        let candidate = consider(file, &event);
        let candidate = if is_open && candidate.refused.is_some() {
            of_its_own_events(candidate, &make)?
        } else {
            candidate
        };
        candidates.push(candidate);
    }
    if is_open && !is_look {
        refuse_those_not_started(&candidates)?;
    }
    refuse_unknown_inputs(
        &candidates,
        &asked
            .inputs
            .iter()
            .map(|input| input.name.as_str())
            .collect::<Vec<_>>(),
    )?;
    Ok(candidates)
}

/// Looks at the events of a workflow for the first that starts it; else the first that it names counts,
/// with the reason, or with what keeps it from being made here.
fn of_its_own_events<'a>(
    usual: Candidate<'a>,
    make: &dyn Fn(&str) -> Result<StartingEvent, Failure>,
) -> Result<Candidate<'a>, Failure> {
    let file = usual.file;
    let mut first = None;
    for name in in_order(&file.workflow.on) {
        let tried = make(name).map(|event| consider(file, &event));
        if let Ok(candidate) = &tried
            && candidate.refused.is_none()
        {
            return tried;
        }
        first = first.or(Some(tried));
    }
    first.unwrap_or(Ok(usual))
}

fn consider<'a>(file: &'a WorkflowFile, event: &StartingEvent) -> Candidate<'a> {
    match event.for_workflow(&file.workflow.on) {
        Ok(event) => Candidate {
            file,
            event,
            refused: None,
        },
        Err(reason) => Candidate {
            file,
            event: event.clone(),
            refused: Some(reason),
        },
    }
}

/// Returns the events of a workflow in the order in which they are tried.
fn in_order(triggers: &[Trigger]) -> Vec<&str> {
    let mut names: Vec<&str> = triggers
        .iter()
        .map(|trigger| trigger.event.as_str())
        .collect();
    names.sort_by_key(|name| {
        PREFERRED
            .iter()
            .position(|preferred| preferred == name)
            .unwrap_or(PREFERRED.len())
    });
    names
}

/// A workflow that was named is meant to run.
fn refuse_those_not_started(candidates: &[Candidate<'_>]) -> Result<(), Failure> {
    let refused = candidates.iter().filter_map(|candidate| {
        let reason = candidate.refused.as_ref()?;
        let message = format!(
            "`{}` does not start on {}: {reason}",
            candidate.file.label,
            candidate.event.describe()
        );
        Some(Problem::error(message).with_hint(hint(candidate)))
    });
    let problems: Vec<Problem> = refused.collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure {
        problems,
        closing: "nothing was run".to_owned(),
    })
}

fn hint(candidate: &Candidate<'_>) -> String {
    if let Some(Reason::AskedTo(_)) = &candidate.refused {
        return "commit again without these words, or give another event: `--event EVENT`"
            .to_owned();
    }
    let trigger = candidate
        .file
        .workflow
        .on
        .iter()
        .find(|trigger| trigger.event == candidate.event.name);
    match trigger.map(|trigger| &trigger.kind) {
        Some(TriggerKind::Event {
            branches: Some(_), ..
        }) => "name a branch that it starts on: `--ref BRANCH`".to_owned(),
        Some(TriggerKind::Event { tags: Some(_), .. }) => {
            "name a tag that it starts on, which need not exist: `--ref refs/tags/NAME`".to_owned()
        }
        Some(_) => "change a file that it looks at, or leave its filters out".to_owned(),
        None => "give the event that it starts on: `--event EVENT --event-file FILE`".to_owned(),
    }
}

fn refuse_unknown_inputs(candidates: &[Candidate<'_>], given: &[&str]) -> Result<(), Failure> {
    let started = candidates
        .iter()
        .filter(|candidate| candidate.refused.is_none());
    let known: Vec<&str> = started.flat_map(declared).collect();
    nearest::refuse_unknown(
        given.iter().copied(),
        &known,
        |name| format!("no workflow that runs has an input `{name}`"),
        "the inputs are",
        "inputs are for `--event workflow_dispatch`",
    )
}

fn declared<'a>(candidate: &Candidate<'a>) -> Vec<&'a str> {
    let triggers = candidate.file.workflow.on.iter();
    let mut of_event = triggers.filter(|trigger| trigger.event == candidate.event.name);
    let inputs = of_event.find_map(|trigger| match &trigger.kind {
        TriggerKind::Dispatch { inputs } | TriggerKind::Call { inputs, .. } => Some(inputs),
        _ => None,
    });
    inputs
        .into_iter()
        .flatten()
        .map(|input| input.name.as_str())
        .collect()
}

impl Candidate<'_> {
    /// Returns what the jobs know of event and repository. `run` is the number of the run.
    pub(super) fn context(&self, run: u64, asked: &EventArguments) -> Result<RunContext, Failure> {
        let inputs: BTreeMap<String, String> = asked
            .inputs
            .iter()
            .map(|input| (input.name.clone(), input.value.clone()))
            .collect();
        let identity = RunIdentity {
            path: &self.file.path,
            run,
        };
        self.event
            .run_context(&self.file.workflow, &identity, &inputs)
            .map_err(|problems| Failure {
                problems,
                closing: format!("`{}` was not run", self.file.label),
            })
    }
}

fn read_payload(
    folder: &Path,
    file: &Path,
) -> Result<serde_json::Map<String, serde_json::Value>, Failure> {
    let wrong = |what: String| {
        Failure::of(
            Problem::error(format!(
                "cannot read the event in `{}`: {what}",
                file.display()
            ))
            .with_hint("give one JSON object in the form of GitHub's webhooks"),
        )
    };
    let text =
        fs_err::read_to_string(folder.join(file)).map_err(|error| wrong(error.to_string()))?;
    match serde_json::from_str(&text) {
        Ok(serde_json::Value::Object(payload)) => Ok(payload),
        Ok(_) => Err(wrong("it is no object".to_owned())),
        Err(error) => Err(wrong(error.to_string())),
    }
}
