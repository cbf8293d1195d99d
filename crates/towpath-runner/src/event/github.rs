//! The `github` context, as far as it is the same for all jobs of a run.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use towpath_report::Problem;
use towpath_workflow::expression::{Names, Object, Scope, Template, Value};
use towpath_workflow::syntax::{Trigger, TriggerKind, Workflow};

use super::payload::{api, full_name, host};
use super::start::StartingEvent;
use super::subject::{NO_COMMIT, short};
use super::{Inputs, RunContext, resolve_inputs};

/// Which run of which workflow.
#[derive(Debug, Clone, Copy)]
pub struct RunIdentity<'a> {
    /// Path of the workflow's file in the repository, `/` between its parts.
    pub path: &'a str,
    /// Number of the run.
    pub run: u64,
}

impl StartingEvent {
    /// Returns what the jobs of a run of this workflow know, but for variables, secrets and environments.
    /// `given` are the inputs of the command line. The event is one of [`StartingEvent::for_workflow`].
    pub fn run_context(
        &self,
        workflow: &Workflow,
        identity: &RunIdentity<'_>,
        given: &BTreeMap<String, String>,
    ) -> Result<RunContext, Vec<Problem>> {
        let mut event = self.clone();
        let name = workflow.name.as_deref().filter(|name| !name.is_empty());
        if self.name == "workflow_dispatch" {
            event.insert("workflow", Json::from(identity.path));
        }
        let github = event.github(name.unwrap_or(identity.path), identity);
        let inputs = match declared(&workflow.on, &self.name) {
            None => Inputs::default(),
            Some(declared) => {
                let given = event.with_those_of_the_file(given);
                resolve_inputs(declared, &given, &|text| default(text, &github))?
            }
        };
        if self.name == "workflow_dispatch" {
            event.insert("inputs", json!(inputs.texts));
        }
        Ok(RunContext {
            github: event.github(name.unwrap_or(identity.path), identity),
            inputs: inputs.typed,
            event_text: format!("{:#}", Json::Object(event.payload)),
            ..RunContext::default()
        })
    }

    /// The inputs in the payload of `--event-file` count where the command line gives none.
    fn with_those_of_the_file(&self, given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        if let Some(Json::Object(own)) = self.payload.get("inputs") {
            all.extend(
                own.iter()
                    .map(|(name, value)| (name.clone(), Value::from(value).to_text())),
            );
        }
        all.extend(given.clone());
        all
    }

    fn github(&self, workflow: &str, run: &RunIdentity<'_>) -> Object {
        let identity = &self.identity;
        let repository = full_name(identity);
        let server = &identity.remote.server;
        let graphql = match host(identity) {
            "github.com" => format!("{}/graphql", api(identity)),
            _ => format!("{server}/api/graphql"),
        };
        let number = run.run.to_string();
        let is_tag = self.reference.starts_with("refs/tags/");
        let text = |text: &str| Value::from(text);
        let members = [
            ("ref", text(&self.reference)),
            ("sha", text(&self.sha)),
            ("repository", text(&repository)),
            ("repository_owner", text(&identity.remote.owner)),
            ("repository_owner_id", text("0")),
            (
                "repositoryUrl",
                text(&format!("git://{}/{repository}.git", host(identity))),
            ),
            ("run_id", text(&number)),
            ("run_number", text(&number)),
            ("retention_days", text("90")),
            ("run_attempt", text("1")),
            ("repository_id", text("0")),
            ("actor_id", text("0")),
            ("actor", text(&identity.actor)),
            ("triggering_actor", text(&identity.actor)),
            ("workflow", text(workflow)),
            ("head_ref", text(&self.head_ref)),
            ("base_ref", text(&self.base_ref)),
            ("event_name", text(&self.name)),
            ("event", Value::from(&Json::Object(self.payload.clone()))),
            ("server_url", text(server)),
            ("api_url", text(&api(identity))),
            ("graphql_url", text(&graphql)),
            ("ref_name", text(short(&self.reference))),
            ("ref_protected", Value::from(false)),
            ("ref_type", text(if is_tag { "tag" } else { "branch" })),
            ("secret_source", text("Actions")),
            (
                "workflow_ref",
                text(&format!("{repository}/{}@{}", run.path, self.reference)),
            ),
            ("workflow_sha", text(&self.sha)),
            ("repository_visibility", text("public")),
        ];
        Object(members.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// Returns the commit of the event, shortened; empty before the first one.
    pub fn short_commit(&self) -> String {
        match self.sha.as_str() {
            NO_COMMIT => String::new(),
            sha => sha.chars().take(7).collect(),
        }
    }
}

/// Returns the inputs that a workflow declares for an event that takes some.
fn declared<'a>(
    triggers: &'a [Trigger],
    event: &str,
) -> Option<&'a [towpath_workflow::syntax::Input]> {
    let trigger = triggers.iter().find(|trigger| trigger.event == event)?;
    match &trigger.kind {
        TriggerKind::Dispatch { inputs } | TriggerKind::Call { inputs, .. } => Some(inputs),
        _ => None,
    }
}

fn default(text: &str, github: &Object) -> Result<Value, String> {
    let names = Names {
        contexts: &["github", "inputs", "vars"],
        functions: &[],
        status_takes_jobs: false,
    };
    let template = Template::parse(text, &names).map_err(|errors| {
        let messages: Vec<String> = errors.into_iter().map(|error| error.message).collect();
        messages.join("; ")
    })?;
    let contexts = Object(vec![("github".to_owned(), Value::from(github.clone()))]);
    let scope = Scope {
        contexts: &contexts,
        call: &|function, _| Err(format!("`{}` has no answer here", function.name())),
    };
    template.evaluate(&scope).map_err(|error| error.message)
}
