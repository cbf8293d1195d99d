//! Approvals of deployment environments.

use std::io::IsTerminal;

use towpath_host::secret;
use towpath_runner::{Approval, Platforms, PreviewScope, RunContext, preview};
use towpath_workflow::syntax::{Job, JobWork, Workflow};

use super::files::Files;
use super::listing::Listing;
use crate::failure::Failure;
use crate::nearest;

/// Refuses approvals of environments that no job uses, nor one of a workflow that may follow: a misspelt
/// name would leave the right one waiting.
pub(super) fn refuse_unknown(
    listing: &Listing,
    files: &Files,
    approved: &[String],
) -> Result<(), Failure> {
    let jobs = || listing.workflows.iter().flat_map(|workflow| &workflow.jobs);
    let following = || {
        let workflows = files.followers().iter();
        workflows.flat_map(|file| &file.workflow.jobs)
    };
    let named = following().filter_map(|job| match &job.work {
        JobWork::Steps(work) => Some(work.environment.as_ref()?.name.source.as_str()),
        JobWork::Call(_) => None,
    });
    let mut known: Vec<&str> = Vec::new();
    let listed = jobs().flat_map(|job| &job.environments);
    for name in listed.map(String::as_str).chain(named) {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    // A called workflow has environments of its own, and an expression may give any name.
    let calls = |job: &Job| matches!(job.work, JobWork::Call(_));
    let is_open = jobs().any(|job| job.calls.is_some())
        || following().any(calls)
        || known.iter().any(|name| name.contains("${{"));
    if is_open {
        return Ok(());
    }
    nearest::refuse_unknown(
        approved.iter().map(String::as_str),
        &known,
        |name| format!("no job uses an environment `{name}`"),
        "the environments are",
        "leave `--approve` out",
    )
}

/// Asks a person at the terminal for each environment of a workflow that waits for an approval; without
/// a terminal, or without a yes, its jobs do not run.
pub(super) fn ask(
    workflow: &Workflow,
    context: &mut RunContext,
    platforms: &Platforms,
    files: &Files,
) {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return;
    }
    let scope = PreviewScope { context, platforms };
    let is_asked_for = |id: &str| {
        files.jobs.is_empty()
            || files
                .jobs
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(id))
    };
    let mut waiting: Vec<(String, String)> = Vec::new();
    for job in preview(workflow, scope) {
        let may_run = job
            .condition
            .is_none_or(|condition| condition.holds != Some(false));
        if !may_run || !is_asked_for(&job.id) {
            continue;
        }
        for environment in job.environments {
            let is_known = waiting
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(&environment.name));
            // One that other jobs name is not known yet.
            let is_open = environment.name.contains("${{");
            if environment.approval == Approval::Needed && !is_known && !is_open {
                waiting.push((environment.name, job.id.clone()));
            }
        }
    }
    for (name, job) in waiting {
        let question = format!("may job `{job}` use the environment `{name}`? [y/N] ");
        if secret::confirm(&question) {
            context.approve(&name);
        }
    }
}
