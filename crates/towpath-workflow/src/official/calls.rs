//! What the official parser says of calls: inputs, secrets and permissions that do not fit the called
//! workflow.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use towpath_report::Source;

use super::check::{Checker, MAX_MISTAKES};
use super::{Mistake, read};
use crate::permissions::{Excess, excess, restricted};
use crate::read::{MAX_CALL_DEPTH, MAX_CALLED_JOBS, Sources, parse_workflow, text_of};
use crate::syntax::{Access, Job, Permissions, Workflow};
use crate::yaml::{Node, Value};

/// The official parser cuts longer messages, their place included.
const MAX_MESSAGE: usize = 500;

/// Checks the calls of a file that is right in itself, and the files it calls.
pub(super) fn check(source: &Source<'_>, node: &Node, sources: &Sources) -> Vec<Mistake> {
    let mut calls = Calls {
        sources,
        called: HashMap::new(),
        jobs: 0,
        has_ended: false,
        mistakes: Vec::new(),
    };
    let workflow = parse_workflow(source, &Sources::new()).0;
    calls.file(source, node, workflow.as_ref(), &restricted(), 1);
    // A file that is called twice is followed twice, since it may be allowed less the second time.
    let mut seen = HashSet::new();
    calls
        .mistakes
        .retain(|mistake| seen.insert(mistake.clone()));
    calls.mistakes
}

/// A called file.
struct Called {
    node: Node,
    workflow: Option<Workflow>,
    /// Whether nothing is wrong with it in itself.
    is_right: bool,
}

struct Calls<'a> {
    sources: &'a Sources,
    /// Called files; none for those that are no YAML. What is wrong with one is told once.
    called: HashMap<String, Option<Rc<Called>>>,
    /// How many jobs the followed files have, each counted as often as it is called. Their greatest number
    /// bounds the work too.
    jobs: u64,
    /// Whether calls are too deep or too many, after which the official parser looks no further.
    has_ended: bool,
    mistakes: Vec<Mistake>,
}

impl Calls<'_> {
    fn file(
        &mut self,
        source: &Source<'_>,
        node: &Node,
        workflow: Option<&Workflow>,
        allowed: &Permissions,
        depth: usize,
    ) {
        let mut checker = Checker::new(source);
        let mut followed = Vec::new();
        let jobs = node.get("jobs").and_then(Node::as_mapping);
        for (key, job) in jobs.unwrap_or_default() {
            self.count(&mut checker, key, depth);
            if self.has_ended || self.mistakes.len() >= MAX_MISTAKES {
                break;
            }
            let Some(uses) = job.get("uses") else {
                continue;
            };
            let own = workflow.and_then(|workflow| {
                let job = workflow.job(key.text()?)?;
                job.permissions.as_ref().or(workflow.permissions.as_ref())
            });
            let allowed = own.unwrap_or(allowed);
            if let Some(called) = self.call(&mut checker, (key, job, uses), allowed, depth) {
                followed.push((uses.text().unwrap_or_default(), called, allowed));
            }
        }
        self.mistakes.extend(checker.take());
        for (name, called, allowed) in followed {
            if self.has_ended {
                break;
            }
            if let Some(text) = text_of(name, self.sources) {
                let source = Source { path: name, text };
                let workflow = called.workflow.as_ref();
                self.file(&source, &called.node, workflow, allowed, depth + 1);
            }
        }
    }

    /// Counts a job of a called file.
    fn count(&mut self, checker: &mut Checker<'_>, key: &Node, depth: usize) {
        if depth == 1 {
            return;
        }
        self.jobs += 1;
        if self.jobs > MAX_CALLED_JOBS {
            self.has_ended = true;
            checker.mistake(
                key,
                format!(
                    "Workflows may not contain more than {MAX_CALLED_JOBS} jobs across all referenced files"
                ),
            );
        }
    }

    /// Checks one call; returns the called file if it is to be followed.
    fn call(
        &mut self,
        checker: &mut Checker<'_>,
        (key, job, uses): (&Node, &Node, &Node),
        allowed: &Permissions,
        depth: usize,
    ) -> Option<Rc<Called>> {
        let name = uses.text().unwrap_or_default();
        let Some(text) = text_of(name, self.sources) else {
            if (name.starts_with("./") || name.starts_with("$/")) && !self.sources.is_empty() {
                checker.mistake(uses, "Unable to find reusable workflow");
            }
            return None;
        };
        if depth >= MAX_CALL_DEPTH {
            self.has_ended = true;
            let most = MAX_CALL_DEPTH - 1;
            checker.mistake(
                uses,
                format!("Nested reusable workflow depth exceeded {most}."),
            );
            return None;
        }
        // The mistakes stand in the order in which they are found.
        self.mistakes.extend(checker.take());
        let (called, meaning) = self.called(&Source { path: name, text })?;
        inputs_and_secrets(checker, job, uses, &called.node);
        self.mistakes.extend(checker.take());
        self.mistakes.extend(meaning);
        let workflow = called.workflow.as_ref();
        let follows = called.is_right && permissions(checker, key, name, workflow, allowed);
        follows.then_some(called)
    }

    /// Returns a called file, with what its values mean wrongly when it is asked for first.
    fn called(&mut self, source: &Source<'_>) -> Option<(Rc<Called>, Vec<Mistake>)> {
        if let Some(called) = self.called.get(source.path) {
            return called.clone().map(|called| (called, Vec::new()));
        }
        let read = match read(source) {
            Ok(read) => read,
            Err(mistakes) => {
                self.mistakes.extend(mistakes);
                self.called.insert(source.path.to_owned(), None);
                return None;
            }
        };
        let is_right = read.form.is_empty() && read.meaning.is_empty();
        self.mistakes.extend(read.form);
        let workflow = is_right.then(|| parse_workflow(source, &Sources::new()).0);
        let called = Rc::new(Called {
            node: read.node,
            workflow: workflow.flatten(),
            is_right,
        });
        self.called
            .insert(source.path.to_owned(), Some(Rc::clone(&called)));
        Some((called, read.meaning))
    }
}

fn inputs_and_secrets(checker: &mut Checker<'_>, job: &Node, uses: &Node, called: &Node) {
    if called.get("on").is_none() {
        return;
    }
    let Some(declared) = call_trigger(called) else {
        checker.mistake(
            uses,
            "workflow_call key is not defined in the referenced workflow.",
        );
        return;
    };
    let declared = |kind: &str| {
        declared
            .and_then(|declared| declared.get(kind))
            .and_then(Node::as_mapping)
            .unwrap_or_default()
    };
    let given = |key: &str| job.get(key).and_then(Node::as_mapping).unwrap_or_default();
    check_given(checker, "Input", uses, declared("inputs"), given("with"));
    if job.get("secrets").and_then(Node::as_str) != Some("inherit") {
        check_given(
            checker,
            "Secret",
            uses,
            declared("secrets"),
            given("secrets"),
        );
    }
}

/// Checks what is given against what is declared.
fn check_given(
    checker: &mut Checker<'_>,
    kind: &str,
    uses: &Node,
    declared: &[Entry],
    given: &[Entry],
) {
    for (name, _) in declared.iter().filter(|entry| is_missing(entry, given)) {
        let name = name.text().unwrap_or_default();
        checker.mistake(
            uses,
            format!("{kind} {name} is required, but not provided while calling."),
        );
    }
    for (name, value) in given {
        if let Some(declared) = entry(declared, name) {
            check_kind(checker, declared, value);
            continue;
        }
        let (kind, name) = (kind.to_lowercase(), name.text().unwrap_or_default());
        checker.mistake(
            value,
            format!("Invalid {kind}, {name} is not defined in the referenced workflow."),
        );
    }
}

/// Returns what `workflow_call` declares; none where the workflow cannot be called.
#[expect(
    clippy::option_option,
    reason = "callable without declarations is not the same as not callable"
)]
fn call_trigger(called: &Node) -> Option<Option<&Node>> {
    const EVENT: &str = "workflow_call";
    let on = called.get("on")?;
    let is_listed = on.as_str() == Some(EVENT)
        || on
            .as_sequence()
            .is_some_and(|events| events.iter().any(|event| event.as_str() == Some(EVENT)));
    if is_listed {
        return Some(None);
    }
    on.get(EVENT).map(Some)
}

type Entry = (Node, Node);

fn entry<'n>(entries: &'n [Entry], name: &Node) -> Option<&'n Node> {
    let name = name.text()?;
    entries
        .iter()
        .find(|(own, _)| own.text().is_some_and(|own| own.eq_ignore_ascii_case(name)))
        .map(|(_, value)| value)
}

fn is_missing((name, declared): &Entry, given: &[Entry]) -> bool {
    let is_required = declared
        .get("required")
        .is_some_and(|required| required.value == Value::Boolean(true));
    is_required && entry(given, name).is_none()
}

fn check_kind(checker: &mut Checker<'_>, input: &Node, value: &Node) {
    let is_right = match input.get("type").and_then(Node::as_str) {
        Some("boolean") => matches!(value.value, Value::Boolean(_)),
        Some("number") => matches!(value.value, Value::Number(_)),
        _ => true,
    };
    let is_expression = value.as_str().is_some_and(|text| text.contains("${{"));
    if !is_right && !is_expression {
        let text = value.text().unwrap_or_default();
        checker.mistake(value, format!("Unexpected value '{text}'"));
    }
}

/// Checks that the called workflow asks no more than its caller has; tells whether it does not.
fn permissions(
    checker: &mut Checker<'_>,
    key: &Node,
    uses: &str,
    workflow: Option<&Workflow>,
    allowed: &Permissions,
) -> bool {
    let mut fits = true;
    for (who, asked) in workflow
        .into_iter()
        .flat_map(|workflow| requests(workflow, uses))
    {
        let beyond = excess(asked, allowed);
        if beyond.is_empty() {
            continue;
        }
        fits = false;
        let told = |access: fn(&Excess) -> Access| {
            let scopes = beyond.iter().map(|excess| {
                let access = match access(excess) {
                    Access::None => "none",
                    Access::Read => "read",
                    Access::Write => "write",
                };
                format!("{}: {access}", excess.scope)
            });
            scopes.collect::<Vec<_>>().join(", ")
        };
        let message = format!(
            "Error calling workflow '{uses}'. {who} is requesting '{}', but is only allowed '{}'.",
            told(|excess| excess.asked),
            told(|excess| excess.allowed),
        );
        checker.long_mistake(key, message, MAX_MESSAGE);
    }
    fits
}

/// Returns what a called workflow and its jobs ask, with who asks it.
fn requests<'w>(workflow: &'w Workflow, uses: &str) -> Vec<(String, &'w Permissions)> {
    let name = |job: &Job| {
        job.name
            .as_ref()
            .map_or_else(|| job.id.to_string(), ToString::to_string)
    };
    let of_workflow = workflow
        .permissions
        .as_ref()
        .map(|asked| (format!("The workflow '{uses}'"), asked));
    let of_jobs = workflow.jobs.iter().filter_map(|job| {
        let asked = job.permissions.as_ref()?;
        Some((format!("The nested job '{}'", name(job)), asked))
    });
    of_workflow.into_iter().chain(of_jobs).collect()
}
