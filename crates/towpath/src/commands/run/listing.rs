//! What there is to run, as data: the JSON of `--list` and `--plan`, and what their text is written from.

use serde::Serialize;
use serde_json::{Map, Value as Json};
use towpath_runner::{Approval, Copies, JobPreview, Platforms, PreviewScope, RunContext, preview};
use towpath_workflow::syntax::{Filter, Trigger, TriggerKind};

use super::files::Files;
use super::names::FOLDER;
use super::start::Candidate;

/// Version of the JSON form; raised when a reader of the old form would misread the new.
const SCHEMA_VERSION: u32 = 1;

/// Everything that `--list` and `--plan` tell.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    schema: u32,
    /// Where the workflows lie, if they lie where GitHub looks for them.
    pub(super) folder: Option<&'static str>,
    /// The event in words.
    pub(super) event: String,
    /// The workflows.
    pub(super) workflows: Vec<WorkflowListing>,
}

/// One workflow.
#[derive(Debug, Serialize)]
pub(super) struct WorkflowListing {
    /// What it is called on the command line.
    pub(super) file: String,
    pub(super) path: String,
    pub(super) name: Option<String>,
    /// What starts it, in words.
    pub(super) on: Vec<String>,
    /// Names of the events that start it.
    pub(super) events: Vec<String>,
    /// The event that was looked at.
    pub(super) event: EventListing,
    pub(super) starts: bool,
    /// Why the event does not start it.
    pub(super) reason: Option<String>,
    pub(super) jobs: Vec<JobListing>,
}

/// The event as one workflow sees it.
#[derive(Debug, Serialize)]
pub(super) struct EventListing {
    pub(super) name: String,
    #[serde(rename = "ref")]
    pub(super) reference: String,
    pub(super) sha: String,
    #[serde(skip)]
    pub(super) described: String,
}

/// One job.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct JobListing {
    pub(super) id: String,
    pub(super) needs: Vec<String>,
    /// Whether it was asked for, or is needed by one that was.
    pub(super) selected: bool,
    pub(super) calls: Option<String>,
    #[serde(rename = "if")]
    pub(super) condition: Option<String>,
    /// Whether the condition holds as long as every job succeeds; null where other jobs decide.
    pub(super) holds: Option<bool>,
    /// The environments that its copies use.
    pub(super) environments: Vec<String>,
    pub(super) needs_approval: bool,
    /// Why the matrix gives no copy.
    pub(super) mistake: Option<String>,
    /// Null where other jobs decide how many there are.
    pub(super) copies: Option<Vec<CopyListing>>,
}

/// One copy of a job.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct CopyListing {
    pub(super) name: String,
    pub(super) matrix: Map<String, Json>,
    pub(super) runs_on: Vec<String>,
    pub(super) runs_here: bool,
    /// Labels that this machine does not answer to.
    pub(super) not_here: Vec<String>,
    pub(super) steps: Vec<String>,
}

/// Which jobs and copies are asked for.
pub(super) struct Selection<'a> {
    pub(super) files: &'a Files,
    /// Values of the matrix that copies must have.
    pub(super) matrix: &'a [crate::arguments::run::Assignment],
}

/// Joins everything that is known before the run. `contexts` has one for each candidate.
pub(super) fn listing(
    event: String,
    candidates: &[Candidate<'_>],
    contexts: &[RunContext],
    platforms: &Platforms,
    selection: &Selection<'_>,
) -> Listing {
    let workflows: Vec<WorkflowListing> = candidates
        .iter()
        .zip(contexts)
        .map(|(candidate, context)| {
            let scope = PreviewScope { context, platforms };
            workflow(candidate, scope, selection)
        })
        .collect();
    let all_inside = candidates
        .iter()
        .all(|candidate| candidate.file.path != candidate.file.label);
    Listing {
        schema: SCHEMA_VERSION,
        folder: all_inside.then_some(FOLDER),
        event,
        workflows,
    }
}

fn workflow(
    candidate: &Candidate<'_>,
    scope: PreviewScope<'_>,
    selection: &Selection<'_>,
) -> WorkflowListing {
    let workflow = &candidate.file.workflow;
    let previews = preview(workflow, scope);
    let selected = with_needs(&previews, selection);
    let jobs = previews.into_iter().map(|preview| {
        let is_selected = selected.contains(&preview.id);
        of_job(preview, is_selected, selection)
    });
    WorkflowListing {
        file: candidate.file.label.clone(),
        path: candidate.file.path.clone(),
        name: workflow.name.clone(),
        on: workflow.on.iter().map(described).collect(),
        events: workflow.on.iter().map(|on| on.event.clone()).collect(),
        event: EventListing {
            name: candidate.event.name.clone(),
            reference: candidate.event.reference.clone(),
            sha: candidate.event.sha.clone(),
            described: candidate.event.describe(),
        },
        starts: candidate.refused.is_none(),
        reason: candidate.refused.as_ref().map(ToString::to_string),
        jobs: jobs.collect(),
    }
}

/// Returns the ids of the jobs that are asked for and of all that they need.
fn with_needs(previews: &[JobPreview], selection: &Selection<'_>) -> Vec<String> {
    let asked = &selection.files.jobs;
    let is = |job: &JobPreview, id: &String| job.id.eq_ignore_ascii_case(id);
    let mut selected: Vec<String> = previews
        .iter()
        .filter(|job| asked.is_empty() || asked.iter().any(|id| is(job, id)))
        .map(|job| job.id.clone())
        .collect();
    let mut next = 0;
    while let Some(id) = selected.get(next).cloned() {
        let needs = previews
            .iter()
            .find(|job| is(job, &id))
            .map(|job| &job.needs);
        for need in needs.into_iter().flatten() {
            let job = previews.iter().find(|job| is(job, need));
            if let Some(job) = job.filter(|job| !selected.contains(&job.id)) {
                selected.push(job.id.clone());
            }
        }
        next += 1;
    }
    selected
}

fn of_job(preview: JobPreview, selected: bool, selection: &Selection<'_>) -> JobListing {
    let (copies, mistake) = match preview.copies {
        Copies::Known(copies) => (Some(copies), None),
        Copies::FromNeeds => (None, None),
        Copies::Wrong(error) => (None, Some(error)),
    };
    let copies = copies.map(|copies| {
        let copies = copies.into_iter().map(|copy| CopyListing {
            name: copy.name,
            matrix: copy.matrix,
            runs_on: copy.labels,
            runs_here: copy.refused.is_empty(),
            not_here: copy.refused,
            steps: copy.steps,
        });
        copies
            .filter(|copy| is_wanted(&copy.matrix, selection))
            .collect()
    });
    let mut environments = preview.environments.iter();
    let needs_approval = environments.any(|environment| environment.approval == Approval::Needed);
    JobListing {
        id: preview.id,
        needs: preview.needs,
        selected,
        calls: preview.calls,
        holds: preview
            .condition
            .as_ref()
            .map_or(Some(true), |condition| condition.holds),
        condition: preview.condition.map(|condition| condition.text),
        environments: preview
            .environments
            .into_iter()
            .map(|environment| environment.name)
            .collect(),
        needs_approval,
        mistake,
        copies,
    }
}

/// A copy is wanted whose matrix has no other value for a key that is asked for.
fn is_wanted(matrix: &Map<String, Json>, selection: &Selection<'_>) -> bool {
    selection.matrix.iter().all(|wanted| {
        let own = matrix
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&wanted.name));
        own.is_none_or(|(_, value)| text(value) == wanted.value)
    })
}

/// Returns a value of a matrix as it is written on a command line.
pub(super) fn text(value: &Json) -> String {
    towpath_workflow::expression::Value::from(value).to_text()
}

/// Returns a trigger in words: `push to main`.
fn described(trigger: &Trigger) -> String {
    let TriggerKind::Event {
        branches,
        tags,
        workflows,
        ..
    } = &trigger.kind
    else {
        return trigger.event.clone();
    };
    let mut words = trigger.event.clone();
    let sign = if trigger.event == "push" { "to" } else { "for" };
    match (branches, tags) {
        (Some(Filter::Only(branches)), None) => {
            words.push_str(&format!(" {sign} {}", joined(branches)));
        }
        (None, Some(Filter::Only(tags))) => words.push_str(&format!(" of tag {}", joined(tags))),
        (Some(Filter::Only(branches)), Some(Filter::Only(tags))) => {
            words.push_str(&format!(
                " {sign} {} and of tag {}",
                joined(branches),
                joined(tags)
            ));
        }
        (Some(Filter::Ignore(branches)), _) => {
            words.push_str(&format!(" but for {}", joined(branches)));
        }
        _ => {}
    }
    if !workflows.is_empty() {
        words.push_str(&format!(" of {}", joined(workflows)));
    }
    words
}

/// Returns the first names of a list; the rest are only counted.
fn joined(names: &[String]) -> String {
    match names {
        [first, second, _, rest @ ..] => format!("{first}, {second} or {} more", rest.len() + 1),
        names => names.join(" or "),
    }
}
