//! Jobs: those that run steps and those that call a workflow.

use std::collections::BTreeMap;

use super::call::Call;
use super::fields::{Fields, Form};
use super::reader::{Reader, Whole, scalar_text};
use crate::legal::Legal;
use crate::syntax::{
    CallJob, CallSecrets, Container, Dynamic, Environment, Job, JobId, JobWork, RunsOn, StepsJob,
    Text,
};
use crate::uses;
use crate::yaml::{Node, Value};

const KEYS: &[&str] = &[
    "name",
    "needs",
    "if",
    "runs-on",
    "steps",
    "env",
    "strategy",
    "permissions",
    "outputs",
    "environment",
    "concurrency",
    "cache-mode",
    "timeout-minutes",
    "cancel-timeout-minutes",
    "continue-on-error",
    "container",
    "services",
    "defaults",
    "snapshot",
    "uses",
    "with",
    "secrets",
];
const CALL_KEYS: &[&str] = &[
    "name",
    "needs",
    "if",
    "uses",
    "with",
    "secrets",
    "strategy",
    "permissions",
    "concurrency",
    "cache-mode",
];

impl Reader<'_> {
    pub(super) fn job(&mut self, key: &Node, id: &str, node: &Node) -> Option<Job> {
        self.check_id(key, id, "a job");
        let which = format!("job `{id}`");
        let fields = self.fields(
            node,
            &Form {
                keys: KEYS,
                which: &which,
                kind: "a job",
            },
        )?;
        let is_call = self.is_call(&fields, &which);
        let get = |key: &str| fields.get(key);
        let mut job = Job {
            id: JobId::from(id),
            name: get("name").and_then(|node| self.text(node, "`name`", &Legal::JOB_NAME)),
            needs: Vec::new(),
            condition: get("if").and_then(|node| self.condition(node, &Legal::JOB_IF)),
            permissions: get("permissions").and_then(|node| self.permissions(node)),
            cache_mode: get("cache-mode").and_then(|node| self.cache_mode(node)),
            concurrency: get("concurrency")
                .and_then(|node| self.concurrency(node, &Legal::JOB_CONCURRENCY)),
            strategy: get("strategy").and_then(|node| self.strategy(node)),
            work: JobWork::Steps(Box::default()),
            origin: self.origin(key),
        };
        if let Some(node) = get("needs") {
            let needs = self.plains(node, "`needs`");
            job.needs = needs
                .iter()
                .map(|need| JobId::from(need.as_str()))
                .collect();
        }
        job.work = if is_call {
            self.call_job(key, &fields)
                .map_or_else(|| JobWork::Steps(Box::default()), JobWork::Call)
        } else {
            JobWork::Steps(Box::new(self.steps_job(key, &fields, &which)))
        };
        Some(job)
    }

    /// Tells whether a job calls a workflow; keys that belong to the other kind are problems.
    fn is_call(&mut self, fields: &Fields<'_>, which: &str) -> bool {
        let steps_keys = || {
            KEYS.iter()
                .filter(|key| !CALL_KEYS.contains(key) || **key == "steps")
        };
        if fields.get("uses").is_none() {
            for name in ["with", "secrets"] {
                if let Some(key) = fields.key(name) {
                    let message = format!("`{name}` in {which}, which calls no workflow");
                    let hint = format!("`{name}` of a job belongs to `uses`; steps have their own");
                    self.problem(
                        key.span.clone(),
                        message,
                        "not a key of a job with steps",
                        hint,
                    );
                }
            }
            return false;
        }
        for name in steps_keys() {
            if let Some(key) = fields.key(name) {
                let message = format!("`{name}` in {which}, which calls a workflow");
                let hint =
                    "a job has either `uses` or `steps`; the called workflow says where it runs"
                        .to_owned();
                self.problem(
                    key.span.clone(),
                    message,
                    "not a key of a job with `uses`",
                    hint,
                );
            }
        }
        true
    }

    fn call_job(&mut self, key: &Node, fields: &Fields<'_>) -> Option<CallJob> {
        let node = fields.get("uses")?;
        let uses = self.plain(node, "`uses`")?;
        let with = fields
            .get("with")
            .map(|node| self.call_with(node))
            .unwrap_or_default();
        let secrets = fields
            .get("secrets")
            .map(|node| self.call_secrets(node))
            .unwrap_or_default();
        if !self.check_called_name(node, &uses) {
            return None;
        }
        let call = CallJob {
            uses,
            with,
            secrets,
        };
        self.calls.push(Call::new(
            &call,
            key,
            node,
            fields.get("with"),
            fields.get("secrets"),
        ));
        Some(call)
    }

    fn check_called_name(&mut self, node: &Node, name: &str) -> bool {
        if uses::workflow_mistake(name).is_none() {
            return true;
        }
        let hint = if name.starts_with("./") || name.starts_with("$/") {
            "a local workflow is `./.github/workflows/NAME.yml`, without a version"
        } else {
            "a workflow is `./.github/workflows/NAME.yml` or `owner/repository/.github/workflows/NAME.yml@version`"
        };
        self.problem(
            node.span.clone(),
            format!("`{name}` names no workflow"),
            "not a workflow",
            hint.to_owned(),
        );
        false
    }

    fn call_with(&mut self, node: &Node) -> Dynamic<BTreeMap<String, crate::syntax::Argument>> {
        let mut with = BTreeMap::new();
        for (name, _, value) in self.entries(node, "`with`") {
            if let Some(value) =
                self.argument(value, &format!("`{name}` in `with`"), &Legal::CALL_WITH)
            {
                with.insert(name.to_owned(), value);
            }
        }
        Dynamic::Value(with)
    }

    fn call_secrets(&mut self, node: &Node) -> CallSecrets {
        if node.as_str() == Some("inherit") {
            return CallSecrets::Inherit;
        }
        if node.as_mapping().is_none() {
            self.wrong_kind(node, "`secrets`", "`inherit` or a mapping");
            return CallSecrets::None;
        }
        let mut secrets = BTreeMap::new();
        for (name, _, value) in self.entries(node, "`secrets`") {
            if let Some(value) = self.argument(
                value,
                &format!("`{name}` in `secrets`"),
                &Legal::CALL_SECRETS,
            ) {
                secrets.insert(name.to_owned(), value);
            }
        }
        CallSecrets::Named(secrets)
    }

    fn steps_job(&mut self, key: &Node, fields: &Fields<'_>, which: &str) -> StepsJob {
        if fields.get("runs-on").is_none() {
            let hint = "add `runs-on: ubuntu-latest`".to_owned();
            self.problem(
                key.span.clone(),
                format!("{which} has no `runs-on`"),
                "needs a runner",
                hint,
            );
        }
        if fields.get("steps").is_none() {
            let hint = "add `steps:` with at least one step, or `uses:` with a workflow".to_owned();
            self.problem(
                key.span.clone(),
                format!("{which} has no `steps`"),
                "does nothing",
                hint,
            );
        }
        let get = |key: &str| fields.get(key);
        if let Some(node) = get("cancel-timeout-minutes") {
            self.number(node, "`cancel-timeout-minutes`", &Legal::JOB_TIMEOUT);
        }
        StepsJob {
            runs_on: get("runs-on")
                .map(|node| self.runs_on(node))
                .unwrap_or_default(),
            env: get("env")
                .map(|node| self.variables(node, "`env`", &Legal::JOB_ENV))
                .unwrap_or_default(),
            defaults: get("defaults")
                .map(|node| self.defaults(node, &Legal::JOB_DEFAULTS))
                .unwrap_or_default(),
            container: get("container").and_then(|node| self.container(node, false)),
            services: get("services")
                .map(|node| self.services(node))
                .unwrap_or_default(),
            environment: get("environment").and_then(|node| self.environment(node)),
            outputs: get("outputs")
                .map(|node| {
                    self.variables_in(node, "`outputs`", &Legal::NOTHING, &Legal::JOB_OUTPUT)
                })
                .unwrap_or_default(),
            continue_on_error: get("continue-on-error")
                .and_then(|node| self.boolean(node, "`continue-on-error`", &Legal::JOB_CONTINUE))
                .unwrap_or_default(),
            timeout_minutes: get("timeout-minutes")
                .and_then(|node| self.number(node, "`timeout-minutes`", &Legal::JOB_TIMEOUT)),
            snapshot: get("snapshot").and_then(|node| self.snapshot(node)),
            steps: get("steps")
                .map(|node| self.steps(node, which))
                .unwrap_or_default(),
        }
    }

    fn runs_on(&mut self, node: &Node) -> RunsOn {
        if !matches!(node.value, Value::Mapping(_)) {
            return RunsOn {
                group: None,
                labels: self.texts(node, "`runs-on`", &Legal::RUNS_ON),
            };
        }
        let form = Form {
            keys: &["group", "labels"],
            which: "`runs-on`",
            kind: "`runs-on`",
        };
        let Some(fields) = self.fields(node, &form) else {
            return RunsOn::default();
        };
        RunsOn {
            group: fields.get("group").and_then(|node| self.group(node)),
            labels: fields
                .get("labels")
                .map(|node| self.texts(node, "`labels`", &Legal::RUNS_ON))
                .unwrap_or_default(),
        }
    }

    fn group(&mut self, node: &Node) -> Option<Text> {
        let group = self.some_text(node, "`group`", &Legal::RUNS_ON)?;
        if !group.has_expression() && !is_runner_group(&group.source) {
            let message = format!("`{}` names no group of runners", group.source);
            let hint = "a group is `NAME`, `organization/NAME` or `enterprise/NAME`".to_owned();
            self.problem(node.span.clone(), message, "not a group", hint);
        }
        Some(group)
    }

    fn services(&mut self, node: &Node) -> Dynamic<BTreeMap<String, Container>> {
        match self.whole(node, &Legal::CONTAINER) {
            Whole::Expression(text) => return Dynamic::Expression(text),
            Whole::Wrong => return Dynamic::default(),
            Whole::WrittenOut => {}
        }
        let mut services = BTreeMap::new();
        for (name, _, value) in self.entries(node, "`services`") {
            services.extend(
                self.container(value, true)
                    .map(|container| (name.to_owned(), container)),
            );
        }
        Dynamic::Value(services)
    }

    fn environment(&mut self, node: &Node) -> Option<Environment> {
        if node.as_mapping().is_none() {
            let name = self.text(node, "`environment`", &Legal::ENVIRONMENT)?;
            return Some(Environment {
                name,
                url: None,
                deployment: Dynamic::Value(true),
            });
        }
        let form = Form {
            keys: &["name", "url", "deployment"],
            which: "`environment`",
            kind: "an environment",
        };
        let fields = self.fields(node, &form)?;
        let url = fields
            .get("url")
            .and_then(|node| self.text(node, "`url`", &Legal::ENVIRONMENT_URL));
        let deployment = fields
            .get("deployment")
            .and_then(|node| self.boolean(node, "`deployment`", &Legal::ENVIRONMENT));
        let Some(name) = fields.get("name") else {
            self.problem(
                node.span.clone(),
                "`environment` without a `name`",
                "needs a `name`",
                "add `name: production`".to_owned(),
            );
            return None;
        };
        let name = self.text(name, "`name`", &Legal::ENVIRONMENT)?;
        Some(Environment {
            name,
            url,
            deployment: deployment.unwrap_or(Dynamic::Value(true)),
        })
    }

    fn snapshot(&mut self, node: &Node) -> Option<Text> {
        if node.as_mapping().is_none() {
            return self.some_text(node, "`snapshot`", &Legal::NOTHING);
        }
        let form = Form {
            keys: &["image-name", "if", "version"],
            which: "`snapshot`",
            kind: "a snapshot",
        };
        let fields = self.fields(node, &form)?;
        if let Some(node) = fields.get("if") {
            self.condition(node, &Legal::SNAPSHOT_IF);
        }
        if let Some(node) = fields.get("version") {
            self.plain(node, "`version`");
            if let Some(version) = scalar_text(node).filter(|version| !is_image_version(version)) {
                self.problem(
                    node.span.clone(),
                    format!("`{version}` is no version of an image"),
                    "not a greatest version",
                    "write the first number and `.*`, such as `1.*`".to_owned(),
                );
            }
        }
        let Some(name) = fields.get("image-name") else {
            self.problem(
                node.span.clone(),
                "`snapshot` without an `image-name`",
                "needs an `image-name`",
                "add `image-name: NAME`".to_owned(),
            );
            return None;
        };
        self.some_text(name, "`image-name`", &Legal::NOTHING)
    }
}

/// Tells whether a text is a version of an image as a snapshot may ask for it: `2.*`.
pub(crate) fn is_image_version(version: &str) -> bool {
    version.strip_suffix(".*").is_some_and(|major| {
        major.bytes().all(|byte| byte.is_ascii_digit()) && major.parse::<i32>().is_ok()
    })
}

/// Tells whether a text names a group of runners, with or without who owns it.
pub(crate) fn is_runner_group(name: &str) -> bool {
    match name.split_once('/') {
        None => true,
        Some((owner, name)) => {
            matches!(owner, "org" | "organization" | "ent" | "enterprise")
                && !name.is_empty()
                && !name.contains('/')
        }
    }
}
