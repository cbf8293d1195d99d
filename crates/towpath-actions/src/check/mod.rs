//! `towpath/check`: runs one check on one project, in its environment and in the sandbox, reads what
//! the tools wrote and lets the check judge it.

mod advisories;
mod builds;
mod bytecode;
mod command;
mod declared;
mod environment;
mod execute;
mod executed;
mod explain;
mod folders;
mod full_disk;
mod gather;
mod key;
mod layers;
mod log;
mod members;
mod mend;
mod mounts;
mod native;
mod placeholders;
mod prepared;
mod reads;
mod scan;
mod session;
mod view;

use std::collections::BTreeMap;

use towpath_python::PythonVersion;
use towpath_report::{CheckResult, Conclusion, Problem, text};
use towpath_runner::{Action, Examined, JobContext, Key, NeededResult, Outcome, StepInputs};
use towpath_standard::{Applies, Facts, NeededCheck, Partial, ToolWork, Work};

use crate::versions::Versions;
use execute::Options;
use executed::Executed;
pub use explain::{Explanation, job_variables};
pub use key::FILE_NAMES;
use scan::ScanPlan;
pub use session::{Session, Setup};

/// Its name before the `@`.
pub const NAME: &str = "towpath/check";

/// Its versions.
pub const VERSIONS: Versions = Versions {
    majors: (1, 1),
    pins: &[],
    branches: &["main"],
};

/// The action, for one session.
pub struct CheckAction<'a> {
    /// What all jobs share.
    pub session: &'a Session<'a>,
}

impl Action for CheckAction<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_self_contained(&self) -> bool {
        true
    }

    fn examine(&self, inputs: &StepInputs, needs: &[NeededResult]) -> Examined {
        let Ok(subject) = Subject::of(self.session, inputs) else {
            return Examined::Unknown;
        };
        let key = match subject.work(needs) {
            Applies::Skip(reason) => return Examined::Skipped(reason),
            Applies::Work(work) => match *work {
                Work::Tool(work) => self.session.known_key(&subject, &work),
                Work::Native(work) => Some(self.session.native_key(&subject, &work)),
            },
        };
        key.map_or(Examined::Unknown, Examined::Keyed)
    }

    fn make_ready(&self, inputs: &StepInputs) {
        let Ok(subject) = Subject::of(self.session, inputs) else {
            return;
        };
        if let Applies::Work(work) = subject.work(&[])
            && let Work::Tool(work) = *work
        {
            self.session.make_ready(&subject, &work.environment);
        }
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        let subject = match Subject::of(self.session, inputs) {
            Ok(subject) => subject,
            Err(problem) => return could_not_run(vec![problem]),
        };
        match subject.work(context.needs) {
            Applies::Skip(reason) => Outcome::skipped(reason),
            Applies::Work(work) => self.session.without_room(match *work {
                Work::Tool(work) => run_tools(self.session, &subject, &work, context),
                Work::Native(work) => self.session.run_native(&subject, &work),
            }),
        }
    }
}

/// What a step is about: a check, a project and perhaps a Python.
pub(crate) struct Subject<'a> {
    pub(crate) check: &'a dyn towpath_standard::Check,
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) python: Option<PythonVersion>,
}

impl<'a> Subject<'a> {
    fn of(session: &'a Session<'_>, inputs: &StepInputs) -> Result<Self, Problem> {
        let (name, project) = (inputs.get("check"), inputs.get("project"));
        let facts = session
            .projects
            .iter()
            .find(|facts| facts.project.root == project)
            .ok_or_else(|| {
                unknown(
                    "project",
                    project,
                    session
                        .projects
                        .iter()
                        .map(|facts| facts.project.root.clone()),
                )
            })?;
        let check = session.check(name, facts).ok_or_else(|| {
            unknown(
                "check",
                name,
                towpath_standard::CHECKS
                    .iter()
                    .map(|check| check.name().to_owned()),
            )
        })?;
        let python = match inputs.get("python") {
            "" => None,
            text => Some(
                text.parse::<PythonVersion>()
                    .map_err(|error| Problem::error(error.to_string()))?,
            ),
        };
        Ok(Self {
            check,
            facts,
            python,
        })
    }

    fn work(&self, needs: &[NeededResult]) -> Applies {
        let needed: Vec<NeededCheck<'_>> = needs
            .iter()
            .map(|need| NeededCheck {
                check: &need.group,
                project: &need.project,
                result: &need.result,
            })
            .collect();
        self.check.work(self.facts, self.python, &needed)
    }
}

fn unknown(what: &str, name: &str, known: impl Iterator<Item = String>) -> Problem {
    let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
    Problem::error(format!("there is no {what} `{name}`"))
        .with_hint(format!("the {what}s are {}", known.join(", ")))
}

/// Runs the tools of a check: prepares the environment, runs the commands, judges, and tells what the
/// verdict depends on.
fn run_tools(
    session: &Session<'_>,
    subject: &Subject<'_>,
    work: &ToolWork,
    context: &JobContext<'_>,
) -> Outcome {
    let mut scan = None;
    if let Some(wanted) = &work.scan {
        let resolved = match session.resolved(subject, &work.environment, context) {
            Ok(resolved) => resolved,
            Err(problem) => return could_not_run(vec![problem]),
        };
        let plan = session.scan_plan(&session.scan_key(subject, work, wanted, &resolved), wanted);
        if plan.remaining.is_empty() {
            let key = session.tool_key(subject, work, &resolved);
            return scanned_before(session, subject, work, &plan, key);
        }
        scan = Some(plan);
    }
    let mut options = Options {
        scan: scan.as_ref(),
        online: false,
        keep_tree: None,
    };
    let mut executed = match session.execute(subject, work, &options, context) {
        Ok(executed) => executed,
        Err(problems) => return could_not_run(problems),
    };
    let mut retried = false;
    let may_retry = work.network == towpath_standard::Network::OnFailure;
    if may_retry && executed.network_tried && !executed.cancelled && fails(subject, &executed) {
        context
            .progress
            .doing("again with the network, since a command tried to reach it");
        options.online = true;
        match session.execute(subject, work, &options, context) {
            Ok(again) => executed = again,
            Err(problems) => return could_not_run(problems),
        }
        retried = true;
    }
    if executed.cancelled {
        return Outcome::ended(Conclusion::Cancelled, CheckResult::default());
    }
    if let (Some(plan), true) = (&mut scan, executed.errors.is_empty()) {
        plan.add(&mut executed.found);
    }
    let asked = session.ask_advisories(work);
    executed.found.extend(asked.found);
    let is_kept = executed.dependencies.is_some();
    let mut result = with_notes(subject.check.conclude(subject.facts, executed.found), work);
    result.notes.extend(executed.notes);
    result.artifacts = executed.artifacts;
    if retried {
        result.notes.push(
            "ran again with the network, which it tried to reach; the verdict is not reused"
                .to_owned(),
        );
    }
    for error in &mut executed.errors {
        if error.hints.is_empty() {
            let hint = format!("`towpath logs \"{}\"` shows all that it said", context.job);
            error.hints.push(hint);
        }
    }
    result.errors.splice(0..0, executed.errors);
    if let Some(plan) = scan.as_ref().filter(|_| is_kept) {
        session.keep_scan(plan);
    }
    let mut outcome = concluded(result);
    outcome.cpu_ms = executed.cpu_ms;
    outcome.commands = executed.commands;
    let is_verdict = outcome.conclusion != Conclusion::Error;
    let is_whole = asked.is_answered && !retried;
    if is_verdict && is_whole && work.network != towpath_standard::Network::Open {
        outcome.dependencies = executed.dependencies;
    }
    outcome
}

/// Judges what is known of every file, where no tool has anything left to do.
fn scanned_before(
    session: &Session<'_>,
    subject: &Subject<'_>,
    work: &ToolWork,
    known: &ScanPlan,
    key: Key,
) -> Outcome {
    let partial = Partial {
        findings: known.findings(),
        ..Partial::default()
    };
    let asked = session.ask_advisories(work);
    let found = std::iter::once(partial).chain(asked.found).collect();
    let result = with_notes(subject.check.conclude(subject.facts, found), work);
    let mut outcome = concluded(result);
    if asked.is_answered {
        outcome.dependencies = Some(session.dependencies(work, key, None));
    }
    outcome
}

/// Returns whether what was found would make the check fail, leaves it undecided, or could not even be
/// read.
fn fails(subject: &Subject<'_>, executed: &Executed) -> bool {
    !executed.errors.is_empty()
        || executed
            .found
            .iter()
            .any(|partial| !partial.errors.is_empty())
        || subject.check.is_undecided(subject.facts, &executed.found)
        || subject
            .check
            .conclude(subject.facts, executed.found.clone())
            .failed
}

fn with_notes(mut result: CheckResult, work: &ToolWork) -> CheckResult {
    let mut notes = work.notes.clone();
    notes.append(&mut result.notes);
    result.notes = notes;
    result
}

fn concluded(mut result: CheckResult) -> Outcome {
    if let Some(first) = result.errors.first() {
        result.summary = text::first_line(&first.message);
        return Outcome::ended(Conclusion::Error, result);
    }
    if !result.skipped.is_empty() {
        let reason = result.skipped.clone();
        return Outcome::ended(Conclusion::Skipped, result).because(reason);
    }
    let conclusion = match (result.failed, result.findings.is_empty()) {
        (true, _) => Conclusion::Failure,
        (false, true) => Conclusion::Success,
        (false, false) => Conclusion::Neutral,
    };
    Outcome::ended(conclusion, result)
}

pub(crate) fn could_not_run(errors: Vec<Problem>) -> Outcome {
    concluded(CheckResult {
        errors,
        ..CheckResult::default()
    })
}

/// Names with values, sorted.
pub(crate) type Variables = BTreeMap<String, String>;
