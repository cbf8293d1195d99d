//! Calls of other workflows: whether they exist, and whether inputs and secrets fit.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

use towpath_report::{Problem, Source, nearest};

use super::call::Call;
use super::fields::list;
use super::reader::Reader;
use super::{Sources, read_workflow};
use crate::WorkflowPlace;
use crate::permissions::excess;
use crate::syntax::{
    Argument, CallSecrets, Input, InputKind, Permissions, SecretInput, TriggerKind, Workflow,
};

/// How deep workflows may call one another, the first one included.
pub const MAX_DEPTH: usize = 10;

/// How many jobs a workflow may have with all that its jobs call, each counted as often as it is called.
pub(crate) const MAX_JOBS: u64 = 1000;

/// Checks the calls of a file and of the files they call.
pub(super) fn check(
    source: &Source<'_>,
    workflow: &Workflow,
    calls: &[Call],
    sources: &Sources,
) -> Vec<Problem> {
    let mut checker = Checker {
        sources,
        called: HashMap::new(),
        followed: HashMap::new(),
        follows: 0,
        problems: Vec::new(),
    };
    checker.file(source, workflow, calls, None, 1);
    let bomb = checker.bomb(source, calls);
    checker.problems.extend(bomb);
    checker.problems
}

/// A called file.
struct Called {
    workflow: Option<Workflow>,
    calls: Vec<Call>,
}

struct Checker<'a> {
    sources: &'a Sources,
    called: HashMap<String, Rc<Called>>,
    /// Called files with the depth at which they were followed, and with what they were allowed then.
    followed: HashMap<String, Vec<(usize, Option<Permissions>)>>,
    follows: u64,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    /// Checks the calls of one file, whose jobs may do what is `allowed` if they do not say it
    /// themselves; `None` where only the repository knows.
    fn file(
        &mut self,
        source: &Source<'_>,
        workflow: &Workflow,
        calls: &[Call],
        allowed: Option<&Permissions>,
        depth: usize,
    ) {
        let mut reader = Reader::new(source);
        for call in calls {
            let own = workflow
                .job(&call.id)
                .and_then(|job| job.permissions.as_ref());
            let allowed = own.or(workflow.permissions.as_ref()).or(allowed);
            let uses = WorkflowPlace::of(source.path).called(&call.job.uses);
            self.call(&mut reader, call, &uses, allowed, depth);
        }
        self.problems.extend(reader.into_problems());
    }

    /// Tells the first call with which there are too many jobs. They are counted without being put together.
    fn bomb(&self, source: &Source<'_>, calls: &[Call]) -> Vec<Problem> {
        let mut counted = HashMap::new();
        let mut jobs: u64 = 0;
        let too_many = calls.iter().find(|call| {
            let uses = WorkflowPlace::of(source.path).called(&call.job.uses);
            jobs = jobs.saturating_add(self.jobs_of(&uses, &mut counted));
            jobs > MAX_JOBS
        });
        let mut reader = Reader::new(source);
        if let Some(call) = too_many {
            reader.problem(
                call.uses.clone(),
                format!("the called workflows have more than {MAX_JOBS} jobs together"),
                "too many jobs from here on",
                "call fewer workflows, or each less often".to_owned(),
            );
        }
        reader.into_problems()
    }

    /// Returns how many jobs a called file has with all that they call. One that calls itself is told as
    /// too deep.
    fn jobs_of(&self, uses: &str, counted: &mut HashMap<String, u64>) -> u64 {
        if let Some(jobs) = counted.get(uses) {
            return *jobs;
        }
        counted.insert(uses.to_owned(), 0);
        let jobs = self.called.get(uses).map_or(0, |called| {
            let own = called
                .workflow
                .as_ref()
                .map_or(0, |own| own.jobs.len() as u64);
            let calls = called.calls.iter();
            calls.fold(own, |jobs, call| {
                let uses = WorkflowPlace::of(uses).called(&call.job.uses);
                jobs.saturating_add(self.jobs_of(&uses, counted))
            })
        });
        counted.insert(uses.to_owned(), jobs);
        jobs
    }

    fn call(
        &mut self,
        reader: &mut Reader<'_>,
        call: &Call,
        uses: &str,
        allowed: Option<&Permissions>,
        depth: usize,
    ) {
        let Some(text) = text_of(uses, self.sources) else {
            if is_local(uses) && !self.sources.is_empty() {
                missing_file(reader, call, self.sources);
            }
            return;
        };
        if depth >= MAX_DEPTH {
            let message = format!("workflows call one another more than {MAX_DEPTH} deep");
            reader.problem(
                call.uses.clone(),
                message,
                "one call too many",
                "call fewer levels".to_owned(),
            );
            return;
        }
        let source = Source { path: uses, text };
        let called = self.called(&source);
        if let Some(workflow) = &called.workflow {
            check_fit(reader, call, workflow);
            if let Some(allowed) = allowed {
                check_permissions(reader, call, workflow, allowed);
            }
        }
        if !self.follows(uses, depth, allowed) {
            return;
        }
        if let Some(workflow) = &called.workflow {
            self.file(&source, workflow, &called.calls, allowed, depth + 1);
        }
    }

    /// Tells whether a called file is to be followed: only when deeper than before, which finds circles, or
    /// with other permissions. Whoever calls more often than there may be jobs has too many of them.
    fn follows(&mut self, uses: &str, depth: usize, allowed: Option<&Permissions>) -> bool {
        let followed = self.followed.entry(uses.to_owned()).or_default();
        let is_known = followed
            .iter()
            .any(|(earlier, had)| *earlier >= depth && had.as_ref() == allowed);
        if is_known || self.follows > MAX_JOBS {
            return false;
        }
        followed.push((depth, allowed.cloned()));
        self.follows += 1;
        true
    }

    /// Reads a called file once; its own problems are told then.
    fn called(&mut self, source: &Source<'_>) -> Rc<Called> {
        if let Some(called) = self.called.get(source.path) {
            return Rc::clone(called);
        }
        let (workflow, problems, calls) = read_workflow(source);
        self.problems.extend(problems);
        let called = Rc::new(Called { workflow, calls });
        self.called
            .insert(source.path.to_owned(), Rc::clone(&called));
        called
    }
}

fn is_local(uses: &str) -> bool {
    uses.starts_with("./") || uses.starts_with("$/")
}

/// Returns the text of a called workflow. `$/` is the same repository at the same commit, as `./` is.
pub(crate) fn text_of<'a>(uses: &str, sources: &'a Sources) -> Option<&'a String> {
    sources
        .get(uses)
        .or_else(|| sources.get(&format!("./{}", uses.strip_prefix("$/")?)))
}

fn missing_file(reader: &mut Reader<'_>, call: &Call, sources: &Sources) {
    let local = || {
        sources
            .keys()
            .map(String::as_str)
            .filter(|name| name.starts_with("./"))
    };
    let hint = nearest(&call.job.uses, local()).map_or_else(
        || "add the file, or correct the path".to_owned(),
        |meant| format!("did you mean `{meant}`?"),
    );
    let message = format!("the workflow `{}` does not exist", call.job.uses);
    reader.problem(call.uses.clone(), message, "no such file", hint);
}

fn check_fit(reader: &mut Reader<'_>, call: &Call, workflow: &Workflow) {
    let declared = workflow.on.iter().find_map(|trigger| match &trigger.kind {
        TriggerKind::Call {
            inputs, secrets, ..
        } => Some((inputs, secrets)),
        _ => None,
    });
    let Some((inputs, secrets)) = declared else {
        let message = format!("the workflow `{}` cannot be called", call.job.uses);
        let hint = "add `workflow_call:` to its `on`".to_owned();
        reader.problem(call.uses.clone(), message, "has no `workflow_call`", hint);
        return;
    };
    check_inputs(reader, call, inputs);
    check_secrets(reader, call, secrets);
}

fn check_inputs(reader: &mut Reader<'_>, call: &Call, inputs: &[Input]) {
    let Some(given) = call.job.with.value() else {
        return;
    };
    for (name, key, value) in &call.with {
        let Some(input) = inputs
            .iter()
            .find(|input| input.name.eq_ignore_ascii_case(name))
        else {
            undeclared(
                reader,
                key,
                "input",
                name,
                &inputs.iter().map(|input| input.name.as_str()),
                call,
            );
            continue;
        };
        if let Some(wanted) = given.get(name).and_then(|given| misfit(&input.kind, given)) {
            let message = format!("input `{name}` of `{}` must be {wanted}", call.job.uses);
            let hint = format!("give {wanted}, without quotes");
            reader.problem(value.clone(), message, &format!("not {wanted}"), hint);
        }
    }
    for input in inputs.iter().filter(|input| input.required) {
        if !given
            .keys()
            .any(|name| name.eq_ignore_ascii_case(&input.name))
        {
            let message = format!("input `{}` of `{}` is missing", input.name, call.job.uses);
            let hint = format!("add `{}:` under `with`", input.name);
            reader.problem(call.uses.clone(), message, "needs this input", hint);
        }
    }
}

/// Returns what an input must be, if what is given is something else.
fn misfit(kind: &InputKind, given: &Argument) -> Option<&'static str> {
    let is_open = matches!(given, Argument::Text(text) if text.has_expression());
    match kind {
        _ if is_open => None,
        InputKind::Boolean if !matches!(given, Argument::Boolean(_)) => Some("`true` or `false`"),
        InputKind::Number if !matches!(given, Argument::Number(_)) => Some("a number"),
        _ => None,
    }
}

/// A called workflow can only get less than its caller has.
fn check_permissions(
    reader: &mut Reader<'_>,
    call: &Call,
    workflow: &Workflow,
    allowed: &Permissions,
) {
    let jobs = workflow.jobs.iter().map(|job| job.permissions.as_ref());
    let asked = std::iter::once(workflow.permissions.as_ref()).chain(jobs);
    let beyond: BTreeSet<String> = asked
        .flatten()
        .flat_map(|asked| excess(asked, allowed))
        .map(|excess| excess.scope)
        .collect();
    if beyond.is_empty() {
        return;
    }
    let scopes = list(beyond.iter().map(String::as_str));
    let message = format!(
        "`{}` asks for more than job `{}` may do: {scopes}",
        call.job.uses, call.id
    );
    let hint = format!("give the job these `permissions`: {scopes}");
    reader.problem(call.uses.clone(), message, "asks for more", hint);
}

fn check_secrets(reader: &mut Reader<'_>, call: &Call, secrets: &[SecretInput]) {
    if call.job.secrets == CallSecrets::Inherit {
        return;
    }
    for (name, key) in &call.secrets {
        if !secrets
            .iter()
            .any(|secret| secret.name.eq_ignore_ascii_case(name))
        {
            undeclared(
                reader,
                key,
                "secret",
                name,
                &secrets.iter().map(|secret| secret.name.as_str()),
                call,
            );
        }
    }
    for secret in secrets.iter().filter(|secret| secret.required) {
        if !call
            .secrets
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(&secret.name))
        {
            let message = format!("secret `{}` of `{}` is missing", secret.name, call.job.uses);
            let hint = format!(
                "add `{}:` under `secrets`, or write `secrets: inherit`",
                secret.name
            );
            reader.problem(call.name.clone(), message, "needs this secret", hint);
        }
    }
}

fn undeclared<'a>(
    reader: &mut Reader<'_>,
    key: &Range<usize>,
    kind: &str,
    name: &str,
    known: &(impl Iterator<Item = &'a str> + Clone),
    call: &Call,
) {
    let hint = nearest(name, known.clone()).map_or_else(
        || match list(known.clone()) {
            names if names.is_empty() => format!("the workflow declares no {kind}s"),
            names => format!("the {kind}s are {names}"),
        },
        |meant| format!("did you mean `{meant}`?"),
    );
    let message = format!("unknown {kind} `{name}` of `{}`", call.job.uses);
    reader.problem(
        key.clone(),
        message,
        &format!("not declared as {kind}"),
        hint,
    );
}
