//! From the name of an event to the event itself, and from there to what one workflow sees of it.

use serde_json::{Value as Json, json};
use towpath_report::Problem;
use towpath_workflow::syntax::{Trigger, TriggerKind};
use towpath_workflow::trigger::{self, Event, Reason, Reference};

use super::payload::{Payload, overlay, payload, text};
use super::subject::{Ground, Identity, Subject};
use super::workflow_run::EndedRun;
use super::{pull_request, push, release, workflow_run};

/// What the command line says of the event.
#[derive(Debug, Clone, Copy)]
pub struct EventRequest<'a> {
    /// Its name: `push`, `pull_request`.
    pub name: &'a str,
    /// What happened: `opened`; what is usual where it is not said.
    pub activity: Option<&'a str>,
    /// The payload, or the part of it that differs from what git tells: `--event-file`.
    pub payload: Option<&'a Payload>,
}

/// Something that happened, with all that is told of it.
#[derive(Debug, Clone)]
pub struct StartingEvent {
    /// Its name.
    pub name: String,
    /// The whole name of the branch or tag that the run is about.
    pub reference: String,
    /// Its commit.
    pub sha: String,
    /// The branch that a pull request is meant for; else empty.
    pub base_ref: String,
    /// The branch of a pull request; else empty.
    pub head_ref: String,
    /// The whole payload.
    pub payload: Payload,
    pub(super) identity: Identity,
    /// What happens one after the other; a workflow is started by the first that it names.
    pub(super) activities: Vec<String>,
    pub(super) filtered: Option<Reference>,
    pub(super) changed: Option<Vec<String>>,
    pub(super) workflow: Option<String>,
    /// What the newest commit of a pull request says.
    pub(super) head_message: String,
}

impl StartingEvent {
    /// Makes the event that is asked for.
    pub fn make(request: &EventRequest<'_>, ground: &Ground<'_>) -> Result<Self, Box<Problem>> {
        check_names(request)?;
        let identity = ground.identity();
        let mut event = Self::from_git(request, ground, &identity)?;
        event.identity = identity;
        let written = text(&event.payload, &["action"]).to_owned();
        event.activities = match (request.activity, request.name) {
            (Some(activity), _) => vec![activity.to_owned()],
            (None, "release")
                if request
                    .payload
                    .is_none_or(|own| !own.contains_key("action")) =>
            {
                release::ACTIVITIES.map(str::to_owned).to_vec()
            }
            _ if written.is_empty() => Vec::new(),
            _ => vec![written],
        };
        event.take_repository();
        Ok(event)
    }

    /// Makes the event that a run of another workflow ended.
    pub fn after_run(ended: &EndedRun<'_>, ground: &Ground<'_>) -> Result<Self, Box<Problem>> {
        let identity = ended.event.identity.clone();
        let payload = workflow_run::make(&identity, ended);
        // What the command line says of the first event does not concern those that follow from it.
        let ground = Ground {
            reference: None,
            ..*ground
        };
        let target = ground.default_subject()?;
        let mut event = workflow_run::read(&target, Some(ended.workflow.to_owned()), payload);
        event.identity = identity;
        event.activities = vec!["completed".to_owned()];
        Ok(event)
    }

    fn from_git(
        request: &EventRequest<'_>,
        ground: &Ground<'_>,
        identity: &Identity,
    ) -> Result<Self, Box<Problem>> {
        let with_file = |mut payload: Payload| {
            if let Some(own) = request.payload {
                overlay(&mut payload, own);
            }
            payload
        };
        Ok(match request.name {
            "push" => {
                let subject = ground.subject()?;
                let made = push::make(ground, identity, &subject);
                push::read(ground, identity, with_file(made))
            }
            "pull_request" | "pull_request_target" => {
                let subject = ground.subject()?;
                let made = pull_request::make(ground, identity, &subject);
                pull_request::read(ground, request.name, with_file(made))
            }
            "release" => {
                let tag = release::tag(ground)?;
                let made = release::make(identity, &tag);
                release::read(ground, &tag, with_file(made))
            }
            "workflow_run" => {
                let before = Self {
                    identity: identity.clone(),
                    ..Self::about("push", ground.subject()?, payload(identity, json!({})))
                };
                let ended = EndedRun {
                    workflow: "",
                    path: "",
                    conclusion: "success",
                    run: 0,
                    event: &before,
                };
                let own = request.payload.and_then(|own| own.get("workflow_run"));
                let workflow = own.and_then(|run| run.get("name")?.as_str().map(str::to_owned));
                let made = workflow_run::make(identity, &ended);
                // `--ref` names what the run that ended was about.
                let ground = Ground {
                    reference: None,
                    ..*ground
                };
                workflow_run::read(&ground.default_subject()?, workflow, with_file(made))
            }
            "merge_group" => merge_group(ground, identity, with_file)?,
            "workflow_dispatch" | "workflow_call" => {
                let subject = ground.subject()?;
                let own = json!({"ref": subject.reference, "inputs": null});
                Self::about(request.name, subject, with_file(payload(identity, own)))
            }
            _ => {
                let subject = ground.default_subject()?;
                let own = match request.name {
                    "schedule" => json!({"schedule": ""}),
                    "repository_dispatch" => {
                        json!({"action": "", "branch": identity.default_branch, "client_payload": {}})
                    }
                    _ => json!({}),
                };
                Self::about(request.name, subject, with_file(payload(identity, own)))
            }
        })
    }

    fn about(name: &str, subject: Subject, payload: Payload) -> Self {
        Self::of(name, subject.reference, subject.commit, payload)
    }

    pub(super) fn of(name: &str, reference: String, sha: String, payload: Payload) -> Self {
        Self {
            name: name.to_owned(),
            reference,
            sha,
            base_ref: String::new(),
            head_ref: String::new(),
            payload,
            identity: Identity::default(),
            activities: Vec::new(),
            filtered: None,
            changed: None,
            workflow: None,
            head_message: String::new(),
        }
    }

    /// A file may tell of another repository than the one that is here.
    fn take_repository(&mut self) {
        let name = text(&self.payload, &["repository", "full_name"]);
        if let Some((owner, name)) = name.rsplit_once('/') {
            self.identity.remote.owner = owner.to_owned();
            self.identity.remote.name = name.to_owned();
        }
        let branch = text(&self.payload, &["repository", "default_branch"]);
        if !branch.is_empty() {
            self.identity.default_branch = branch.to_owned();
        }
    }

    /// Returns the event as a workflow with these triggers sees it, or why it does not start it.
    pub fn for_workflow(&self, triggers: &[Trigger]) -> Result<Self, Reason> {
        let mut event = self.clone();
        let trigger = triggers.iter().find(|trigger| trigger.event == self.name);
        match trigger.map(|trigger| &trigger.kind) {
            Some(TriggerKind::Event {
                types, workflows, ..
            }) => {
                event.settle_activity(types);
                if let (None, "workflow_run", Some(name)) =
                    (&self.workflow, self.name.as_str(), workflows.first())
                {
                    event.name_workflow(name);
                }
            }
            Some(TriggerKind::Schedule { schedules }) if self.text("schedule").is_empty() => {
                let cron = schedules.first().map_or("", |schedule| &schedule.cron);
                event.insert("schedule", Json::from(cron));
            }
            _ => {}
        }
        let message = match self.name.as_str() {
            "push" => text(&self.payload, &["head_commit", "message"]),
            _ => &self.head_message,
        };
        let reason = trigger::skips(triggers, &event.trigger_event());
        match reason.or_else(|| trigger::asks_to_skip(message)) {
            None => Ok(event),
            Some(reason) => Err(reason),
        }
    }

    /// Of what happens one after the other, the first counts that the workflow names; where it is not
    /// said what happened, the first that the workflow waits for.
    fn settle_activity(&mut self, types: &[String]) {
        let named = self.activities.iter().find(|own| types.contains(own));
        let activity = named
            .or(self.activities.first())
            .or_else(|| types.first().filter(|_| self.name == "repository_dispatch"))
            .cloned();
        if let Some(activity) = activity {
            self.insert("action", Json::from(activity.as_str()));
            self.activities = vec![activity];
        }
    }

    /// The run that ended is one of the workflow that is waited for.
    fn name_workflow(&mut self, name: &str) {
        for part in ["workflow", "workflow_run"] {
            if let Some(Json::Object(part)) = self.payload.get_mut(part) {
                part.insert("name".to_owned(), Json::from(name));
            }
        }
    }

    /// Returns what filters look at.
    fn trigger_event(&self) -> Event {
        Event {
            name: self.name.clone(),
            activity: self.activities.first().cloned(),
            reference: self.filtered.clone(),
            changed: self.changed.clone(),
            workflow: self.workflow.clone(),
        }
    }

    fn text(&self, name: &str) -> &str {
        text(&self.payload, &[name])
    }

    pub(super) fn insert(&mut self, name: &str, value: Json) {
        self.payload.insert(name.to_owned(), value);
    }

    /// Returns the refs whose caches a run may read, its own first, as GitHub has it: the base of a pull
    /// request and the default branch.
    pub fn cache_scopes(&self) -> Vec<String> {
        let mut scopes = vec![self.reference.clone()];
        for branch in [&self.base_ref, &self.identity.default_branch] {
            let name = format!("refs/heads/{branch}");
            if !branch.is_empty() && !scopes.contains(&name) {
                scopes.push(name);
            }
        }
        scopes
    }

    /// Returns the event in words: `push` to main.
    pub fn describe(&self) -> String {
        let name = super::subject::short(&self.reference);
        match self.name.as_str() {
            "push" => format!("`push` to {name}"),
            "pull_request" | "pull_request_target" => {
                format!(
                    "`{}` of {} into {}",
                    self.name, self.head_ref, self.base_ref
                )
            }
            "release" => format!("`release` of {name}"),
            other => format!("`{other}` on {name}"),
        }
    }
}

fn merge_group(
    ground: &Ground<'_>,
    identity: &Identity,
    with_file: impl Fn(Payload) -> Payload,
) -> Result<StartingEvent, Box<Problem>> {
    let subject = ground.subject()?;
    let base = &identity.default_branch;
    let base_commit = ground.git.and_then(|git| git.branch_commit(base));
    let head = format!(
        "refs/heads/gh-readonly-queue/{base}/pr-1-{}",
        subject.commit
    );
    let own = json!({
        "action": "checks_requested",
        "merge_group": {
            "head_sha": subject.commit,
            "head_ref": head,
            "base_sha": base_commit,
            "base_ref": format!("refs/heads/{base}"),
            "head_commit": {"id": subject.commit},
        },
    });
    let payload = with_file(payload(identity, own));
    let at = |name: &str| text(&payload, &["merge_group", name]).to_owned();
    let base = at("base_ref");
    Ok(StartingEvent {
        filtered: Some(Reference::Branch(super::subject::short(&base).to_owned())),
        ..StartingEvent::of("merge_group", at("head_ref"), at("head_sha"), payload)
    })
}

/// Events that git's state tells enough of.
const MADE: [&str; 10] = [
    "merge_group",
    "pull_request",
    "pull_request_target",
    "push",
    "release",
    "repository_dispatch",
    "schedule",
    "workflow_call",
    "workflow_dispatch",
    "workflow_run",
];

fn check_names(request: &EventRequest<'_>) -> Result<(), Box<Problem>> {
    let EventRequest {
        name,
        activity,
        payload,
    } = *request;
    if !trigger::event_names().any(|known| known == name) {
        let near = trigger::nearest_event(name);
        let hint = near.map_or_else(
            || {
                "the events are those of GitHub Actions, such as `push` or `pull_request`"
                    .to_owned()
            },
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Box::new(
            Problem::error(format!("there is no event `{name}`")).with_hint(hint),
        ));
    }
    let types = trigger::activities(name);
    if let Some(activity) = activity.filter(|own| !types.is_empty() && !types.contains(own)) {
        let types: Vec<String> = types.iter().map(|name| format!("`{name}`")).collect();
        return Err(Box::new(
            Problem::error(format!("the event `{name}` has no activity `{activity}`"))
                .with_hint(format!("its activities are {}", types.join(", "))),
        ));
    }
    if payload.is_none() && !MADE.contains(&name) {
        return Err(Box::new(
            Problem::error(format!(
                "nothing here tells what an event `{name}` is about"
            ))
            .with_hint("give what GitHub would send as a file: `--event-file FILE`, in JSON"),
        ));
    }
    Ok(())
}
