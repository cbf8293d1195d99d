//! `workflow_run`: what the end of another workflow's run tells.

use serde_json::{Value as Json, json};
use towpath_workflow::trigger::Reference;

use super::StartingEvent;
use super::payload::{Payload, api, full_name, page, payload, repository, text, user};
use super::subject::{Identity, Subject};

/// A run that ended.
#[derive(Debug, Clone, Copy)]
pub struct EndedRun<'a> {
    /// Name of its workflow.
    pub workflow: &'a str,
    /// Path of its workflow's file in the repository.
    pub path: &'a str,
    /// How it ended: `success`, `failure` or `cancelled`.
    pub conclusion: &'a str,
    /// Its number.
    pub run: u64,
    /// What it was started by.
    pub event: &'a StartingEvent,
}

impl StartingEvent {
    /// Returns the branch, or the tag, that a run of this event is told to have run on.
    fn head_branch(&self) -> &str {
        if self.head_ref.is_empty() {
            super::subject::short(&self.reference)
        } else {
            &self.head_ref
        }
    }

    /// Returns the commit that a run of this event is told to have run on.
    fn head_sha(&self) -> &str {
        let of_pull_request = text(&self.payload, &["pull_request", "head", "sha"]);
        if of_pull_request.is_empty() {
            &self.sha
        } else {
            of_pull_request
        }
    }

    fn head_commit(&self) -> Json {
        let known = ["head_commit", "workflow_run"].iter().find_map(|name| {
            match self.payload.get(*name)? {
                Json::Object(run) if *name == "workflow_run" => run.get("head_commit").cloned(),
                other => Some(other.clone()),
            }
        });
        known.unwrap_or_else(|| json!({"id": self.head_sha()}))
    }

    fn pull_requests(&self) -> Json {
        let Some(pull_request) = self.payload.get("pull_request") else {
            return json!([]);
        };
        let side = |side: &str| json!({"ref": pull_request[side]["ref"], "sha": pull_request[side]["sha"]});
        json!([{
            "id": 0,
            "number": pull_request["number"],
            "url": pull_request["url"],
            "head": side("head"),
            "base": side("base"),
        }])
    }
}

pub(super) fn make(identity: &Identity, ended: &EndedRun<'_>) -> Payload {
    let repository = repository(identity);
    let (page, run) = (page(identity), ended.run);
    let runs = format!(
        "{}/repos/{}/actions/runs/{run}",
        api(identity),
        full_name(identity)
    );
    let actor = user(&identity.actor, identity);
    let head_commit = ended.event.head_commit();
    let moment = head_commit.get("timestamp").cloned().unwrap_or(Json::Null);
    let own = json!({
        "action": "completed",
        "workflow": {
            "id": 0,
            "name": ended.workflow,
            "path": ended.path,
            "state": "active",
            "html_url": format!("{page}/blob/{}/{}", identity.default_branch, ended.path),
        },
        "workflow_run": {
            "id": run,
            "name": ended.workflow,
            "display_title": ended.workflow,
            "path": ended.path,
            "workflow_id": 0,
            "run_number": run,
            "run_attempt": 1,
            "event": ended.event.name,
            "status": "completed",
            "conclusion": ended.conclusion,
            "head_branch": ended.event.head_branch(),
            "head_sha": ended.event.head_sha(),
            "head_commit": head_commit,
            "head_repository": repository,
            "repository": repository,
            "pull_requests": ended.event.pull_requests(),
            "referenced_workflows": [],
            "actor": actor,
            "triggering_actor": actor,
            "html_url": format!("{page}/actions/runs/{run}"),
            "url": runs,
            "jobs_url": format!("{runs}/jobs"),
            "logs_url": format!("{runs}/logs"),
            "artifacts_url": format!("{runs}/artifacts"),
            "created_at": moment,
            "run_started_at": moment,
            "updated_at": moment,
        },
    });
    payload(identity, own)
}

/// Reads a payload, which a file may have changed; `target` is the default branch.
pub(super) fn read(target: &Subject, workflow: Option<String>, payload: Payload) -> StartingEvent {
    let branch = text(&payload, &["workflow_run", "head_branch"]).to_owned();
    let named = Some(text(&payload, &["workflow_run", "name"]).to_owned());
    StartingEvent {
        filtered: Some(Reference::Branch(branch)),
        workflow: workflow.and(named).filter(|name| !name.is_empty()),
        ..StartingEvent::of(
            "workflow_run",
            target.reference.clone(),
            target.commit.clone(),
            payload,
        )
    }
}
