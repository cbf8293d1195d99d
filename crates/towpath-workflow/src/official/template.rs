//! The workflow as the official parser hands it on: what starts it, and its jobs with what is left to
//! evaluate. Called workflows stand in the jobs that call them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use serde_json::{Map, Value as Json, json};
use towpath_report::Source;

use super::events::{self, insert};
use super::table;
use super::token::{self, Token, expression_json};
use crate::expression::{Condition, Names};
use crate::permissions::TOLD;
use crate::read::{MAX_CALL_DEPTH, MAX_CALLED_JOBS, Sources, text_of};
use crate::yaml::{self, Limits};

/// Parts that a job hands on as they were read.
const OF_JOB: &[&str] = &[
    "env",
    "concurrency",
    "environment",
    "strategy",
    "continue-on-error",
    "timeout-minutes",
    "cancel-timeout-minutes",
    "runs-on",
    "container",
    "services",
    "outputs",
    "defaults",
    "snapshot",
];

/// Parts that a step hands on as they were read.
const OF_STEP: &[&str] = &[
    "name",
    "continue-on-error",
    "env",
    "timeout-minutes",
    "background",
    "run",
    "shell",
    "working-directory",
    "uses",
    "with",
];

/// Returns the workflow of a file in which nothing is wrong; nothing for what is no YAML.
pub fn template(source: &Source<'_>, sources: &Sources) -> Option<Json> {
    let workflow = read(source)?;
    let mut template = Map::new();
    if let Some(on) = workflow.get("on") {
        insert(&mut template, "input-types", events::input_types(on));
        template.insert("events".to_owned(), events::events(on));
    }
    insert(&mut template, "permissions", permissions(&workflow));
    for name in ["env", "concurrency", "defaults"] {
        insert(&mut template, name, workflow.get(name).map(Token::json));
    }
    let mut builder = Builder {
        sources,
        called: HashMap::new(),
        called_jobs: 0,
    };
    let jobs = builder.jobs(&workflow, permissions(&workflow).as_ref(), 1);
    template.insert("jobs".to_owned(), Json::Array(jobs));
    Some(Json::Object(template))
}

fn read(source: &Source<'_>) -> Option<Token> {
    let node = yaml::parse(source, &Limits::VERBATIM).ok()?;
    Some(token::read(&node, table::workflow()))
}

/// Returns what a workflow or job asks: access by scope.
fn permissions(owner: &Token) -> Option<Json> {
    let asked = owner.get("permissions")?;
    if let Some(access) = asked.text().and_then(|text| text.strip_suffix("-all")) {
        let scopes: BTreeMap<&str, &str> = TOLD.iter().map(|scope| (*scope, access)).collect();
        return Some(json!(scopes));
    }
    let scope = |(name, access): &(Token, Token)| Some((name.text()?.to_owned(), access.json()));
    Some(Json::Object(
        asked.entries().iter().filter_map(scope).collect(),
    ))
}

/// Builds the jobs of a workflow and of those it calls.
struct Builder<'a> {
    sources: &'a Sources,
    /// Called files; none for those that are no YAML.
    called: HashMap<String, Option<Rc<Token>>>,
    /// More than may be are left out; a right workflow has fewer.
    called_jobs: u64,
}

impl Builder<'_> {
    /// `allowed` is what jobs get that ask for nothing themselves.
    fn jobs(&mut self, workflow: &Token, allowed: Option<&Json>, depth: usize) -> Vec<Json> {
        let jobs = workflow.get("jobs").map(Token::entries).unwrap_or_default();
        let build = |(key, job): &(Token, Token)| {
            let id = key.text()?;
            Some(match job.get("uses").and_then(Token::text) {
                Some(uses) => self.call(id, job, uses, allowed, depth),
                None => work(id, job, allowed),
            })
        };
        jobs.iter().filter_map(build).collect()
    }

    fn call(
        &mut self,
        id: &str,
        job: &Token,
        uses: &str,
        allowed: Option<&Json>,
        depth: usize,
    ) -> Json {
        let is_followed = depth < MAX_CALL_DEPTH && self.called_jobs < MAX_CALLED_JOBS;
        let called = is_followed.then(|| self.called(uses)).flatten();
        let asked = permissions(job).or_else(|| allowed.cloned());
        let asked = called.as_deref().and_then(permissions).or(asked);
        let mut built = begin("reusableWorkflowJob", id, job);
        built.insert("needs".to_owned(), needs(job).unwrap_or_else(|| json!([])));
        built.insert("ref".to_owned(), json!(uses));
        let trigger = called
            .as_ref()
            .and_then(|called| called.get("on")?.get("workflow_call"));
        let declared = |name: &str| {
            trigger
                .and_then(|trigger| trigger.get(name))
                .map(Token::json)
        };
        insert(&mut built, "input-definitions", declared("inputs"));
        insert(&mut built, "input-values", job.get("with").map(Token::json));
        insert(&mut built, "secret-definitions", declared("secrets"));
        match job.get("secrets") {
            Some(Token::Text(_)) => {
                built.insert("inherit-secrets".to_owned(), json!(true));
            }
            given => insert(&mut built, "secret-values", given.map(Token::json)),
        }
        insert(&mut built, "outputs", declared("outputs"));
        for name in ["concurrency", "strategy"] {
            insert(&mut built, name, job.get(name).map(Token::json));
        }
        if let Some(called) = called {
            let jobs = self.jobs(&called, asked.as_ref(), depth + 1);
            self.called_jobs += jobs.len() as u64;
            built.insert("jobs".to_owned(), Json::Array(jobs));
        }
        insert(&mut built, "permissions", asked);
        Json::Object(built)
    }

    /// Reads a called file once.
    fn called(&mut self, uses: &str) -> Option<Rc<Token>> {
        if let Some(called) = self.called.get(uses) {
            return called.clone();
        }
        let called = text_of(uses, self.sources)
            .and_then(|text| read(&Source { path: uses, text }))
            .map(Rc::new);
        self.called.insert(uses.to_owned(), called.clone());
        called
    }
}

/// What both kinds of jobs have.
fn begin(kind: &str, id: &str, job: &Token) -> Map<String, Json> {
    let name = job.get("name").filter(|name| name.text() != Some(""));
    let mut built = Map::new();
    built.insert("type".to_owned(), json!(kind));
    built.insert("id".to_owned(), json!(id));
    let name = name.map_or_else(|| json!(id), Token::json);
    built.insert("name".to_owned(), name);
    built.insert("if".to_owned(), condition(job.get("if")));
    built
}

fn needs(job: &Token) -> Option<Json> {
    let needs = job.get("needs")?.items().iter().map(Token::json);
    Some(Json::Array(needs.collect()))
}

fn work(id: &str, job: &Token, allowed: Option<&Json>) -> Json {
    let mut built = begin("job", id, job);
    insert(&mut built, "needs", needs(job));
    insert(
        &mut built,
        "permissions",
        permissions(job).or_else(|| allowed.cloned()),
    );
    for name in OF_JOB {
        insert(&mut built, name, job.get(name).map(Token::json));
    }
    insert(&mut built, "steps", job.get("steps").map(steps));
    Json::Object(built)
}

fn steps(steps: &Token) -> Json {
    let mut ids = Ids::default();
    for step in steps.items() {
        if let Some(id) = step.get("id").and_then(Token::text) {
            ids.taken.insert(id.to_owned());
        }
    }
    let steps = steps.items().iter().map(|step| self::step(step, &mut ids));
    Json::Array(steps.collect())
}

fn step(step: &Token, ids: &mut Ids) -> Json {
    let mut built = Map::new();
    let own = step.get("id").and_then(Token::text).map(ToOwned::to_owned);
    let id = own.unwrap_or_else(|| ids.of(step));
    built.insert("id".to_owned(), json!(id));
    for name in OF_STEP {
        insert(&mut built, name, step.get(name).map(Token::json));
    }
    if step.get("run").is_some() || step.get("uses").is_some() {
        built.insert("if".to_owned(), condition(step.get("if")));
        return Json::Object(built);
    }
    let (key, name, value) = if let Some(wait) = step.get("wait") {
        let targets = wait.items().iter().map(Token::json).collect();
        ("wait", "Wait", Json::Array(targets))
    } else if let Some(cancel) = step.get("cancel") {
        ("cancel", "Cancel", cancel.json())
    } else if let Some(parallel) = step.get("parallel") {
        ("parallel", "Parallel group", steps(parallel))
    } else {
        ("wait-all", "Wait for all", json!(true))
    };
    built.entry("name").or_insert_with(|| json!(name));
    built.insert(key.to_owned(), value);
    Json::Object(built)
}

/// Returns a condition that asks how things stand.
fn condition(condition: Option<&Token>) -> Json {
    let source = match condition {
        Some(Token::Expression(source)) => source.trim(),
        Some(Token::Text(text)) => text.trim(),
        _ => "",
    };
    if source.is_empty() {
        return expression_json("success()");
    }
    match Condition::parse(source, &Names::ALL) {
        Ok(condition) if condition.asks_status() => expression_json(source),
        _ => expression_json(&format!("success() && ({source})")),
    }
}

/// A step's name has at most this many characters.
const MAX_ID: usize = 100;

/// Names of steps that have none.
#[derive(Default)]
struct Ids {
    taken: HashSet<String>,
    /// How often a name was asked for.
    asked: HashMap<String, usize>,
}

impl Ids {
    fn of(&mut self, step: &Token) -> String {
        let what = match step.get("uses").and_then(Token::text) {
            Some(uses) => of_action(uses),
            None => ["wait", "wait-all", "cancel", "parallel"]
                .into_iter()
                .find(|name| step.get(name).is_some())
                .map(ToOwned::to_owned),
        };
        let legal = |character: char| match character {
            _ if character.is_ascii_alphanumeric() || "_-".contains(character) => character,
            _ => '_',
        };
        let name: String = what.unwrap_or_else(|| "run".to_owned());
        let name = format!("__{}", name.chars().map(legal).collect::<String>());
        let asked = self.asked.entry(name.clone()).or_default();
        loop {
            *asked += 1;
            let number = match *asked {
                1 => String::new(),
                number => format!("_{number}"),
            };
            let id = name
                .chars()
                .take(MAX_ID - number.len())
                .chain(number.chars());
            let id: String = id.collect();
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

/// Returns what an action is called after; nothing if its name says nothing.
fn of_action(uses: &str) -> Option<String> {
    if let Some(image) = uses.strip_prefix("docker://") {
        return Some(image.to_owned());
    }
    if uses.starts_with("./") || uses.starts_with(".\\") || uses.starts_with("$/") {
        return Some("self".to_owned());
    }
    let (path, _) = uses.split_once('@')?;
    let mut parts = path.split(['/', '\\']).filter(|part| !part.is_empty());
    Some(format!("{}/{}", parts.next()?, parts.next()?))
}
