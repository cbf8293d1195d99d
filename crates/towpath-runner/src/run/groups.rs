//! Concurrency groups and deployment environments: which jobs let others go first, in this run and in other
//! runs on this machine.
//!
//! A job that calls a workflow enters the group of that workflow as well. Within a run a newer job replaces
//! those that wait, as on GitHub; between runs there is a lock for each group and each environment of a
//! repository, and who comes second waits: to end the run of another command is for whoever started it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use towpath_host::Digest;
use towpath_host::lock::{self, Lock, Owner};
use towpath_report::{Problem, RunEvent};
use towpath_workflow::syntax::{Concurrency, JobWork, Queue};

use super::Run;
use crate::evaluate::Values;
use crate::event::Approval;
use crate::plan::{Frame, JobCopy, called_frame};
use crate::standing;

/// The groups of a run.
#[derive(Default)]
pub(super) struct Groups {
    /// Those that each job has entered.
    entered: BTreeMap<usize, Vec<String>>,
    /// That of each workflow that the event started, by its position.
    of_workflows: Vec<Option<String>>,
    /// The workflows that jobs call, as far as they were looked at.
    called: BTreeMap<usize, Frame>,
    /// What this run keeps others from.
    held: BTreeMap<String, Held>,
    /// Jobs that wait for another run.
    outside: BTreeSet<usize>,
    /// What was said of them.
    told: BTreeSet<(usize, String)>,
}

struct Held {
    _lock: Lock,
    /// Whether it is for the whole run.
    is_whole: bool,
    jobs: BTreeSet<usize>,
}

/// A group that a job or a workflow enters.
struct Entry {
    group: String,
    cancels: bool,
    queue: Queue,
}

impl Groups {
    pub(super) fn of(workflows: &[Arc<Frame>]) -> Self {
        let group = |frame: &Arc<Frame>| {
            // One that has no value joins no group; the forge tells what is wrong with it.
            let entry = of_workflow(frame).ok().flatten();
            entry.map(|entry| entry.group)
        };
        Self {
            of_workflows: workflows.iter().map(group).collect(),
            ..Self::default()
        }
    }

    /// Tells whether a job was looked at.
    pub(super) fn has_entered(&self, index: usize) -> bool {
        self.entered.contains_key(&index) || self.called.contains_key(&index)
    }

    /// Tells whether a job waits for another run.
    pub(super) fn waits_outside(&self, index: usize) -> bool {
        self.outside.contains(&index)
    }

    /// Tells whether any job does.
    pub(super) fn any_waits_outside(&self) -> bool {
        !self.outside.is_empty()
    }

    /// Lets those that wait for another run try again.
    pub(super) fn look_again(&mut self) {
        self.outside.clear();
    }

    /// Takes the workflow that a job calls, where it was looked at.
    pub(super) fn take_called(&mut self, index: usize) -> Option<Frame> {
        self.called.remove(&index)
    }

    /// Gives up what a job kept others from.
    pub(super) fn leave(&mut self, index: usize) {
        self.held.retain(|_, held| {
            held.jobs.remove(&index);
            held.is_whole || !held.jobs.is_empty()
        });
    }
}

impl Run<'_, '_> {
    /// Enters a job into its groups; of those that wait in one a newer one replaces the older, unless the group
    /// is a queue. Returns why it cannot run, where it would wait for itself.
    pub(super) fn join_groups(&mut self, index: usize) -> Result<Option<String>, Problem> {
        let mut entries = Vec::new();
        if let Some(concurrency) = &self.definition(index).concurrency {
            entries.extend(entry(concurrency, &self.job_values(index))?);
        }
        if self.is_call(index) {
            let called = self.called(index)?;
            entries.extend(of_workflow(&called)?);
            self.groups.called.insert(index, called);
        }
        for entry in entries {
            if self.is_within(index, &entry.group) {
                return Ok(Some(format!(
                    "a deadlock: it waits for the concurrency group `{}`, which the workflow around it holds",
                    entry.group
                )));
            }
            self.join(index, entry);
        }
        Ok(None)
    }

    fn join(&mut self, index: usize, entry: Entry) {
        let Entry {
            group,
            cancels,
            queue,
        } = entry;
        let is_member = |(_, own): &(&usize, &Vec<String>)| own.contains(&group);
        let members = self.groups.entered.iter().filter(is_member);
        let members: Vec<usize> = members
            .map(|(member, _)| *member)
            .filter(|member| *member != index && !self.schedule.has_ended(*member))
            .collect();
        // One that runs keeps its place, else the first that waits, unless it is for another run.
        let under_way = members
            .iter()
            .find(|member| self.schedule.is_under_way(**member));
        let waits = |member: &&usize| {
            let outside = (**member, named(&group));
            self.schedule.is_waiting(**member) && !self.groups.told.contains(&outside)
        };
        let holder = under_way.or_else(|| members.iter().find(waits)).copied();
        for member in members {
            let is_replaced = queue == Queue::Single && Some(member) != holder;
            if cancels || (is_replaced && self.schedule.is_waiting(member)) {
                let reason = came_after(&self.job(index).name, &group);
                self.tell_given_up(member, &reason);
                self.give_up(member, &reason);
            }
        }
        self.groups.entered.entry(index).or_default().push(group);
    }

    /// Tells why a job does not run, or not to its end: nothing else on the screen does.
    pub(super) fn tell_given_up(&mut self, index: usize, reason: &str) {
        let name = &self.job(index).name;
        self.warnings
            .push(format!("`{name}` is cancelled: {reason}"));
    }

    /// Tells whether a group is held by what stands around a job.
    fn is_within(&self, index: usize, group: &str) -> bool {
        let mut around = self.parents.get(&index);
        let mut outermost = index;
        while let Some(parent) = around {
            let entered = self.groups.entered.get(parent);
            if entered.is_some_and(|own| own.iter().any(|own| own == group)) {
                return true;
            }
            outermost = *parent;
            around = self.parents.get(parent);
        }
        self.group_of_workflow(outermost) == Some(group)
    }

    /// Returns the group of the workflow that an outermost job belongs to.
    fn group_of_workflow(&self, outermost: usize) -> Option<&str> {
        let workflows = &self.groups.of_workflows;
        workflows.get(self.job(outermost).frame)?.as_deref()
    }

    /// Tells whether another job of one of its groups goes first.
    pub(super) fn is_behind_in_group(&self, index: usize) -> bool {
        let Some(groups) = self.groups.entered.get(&index) else {
            return false;
        };
        let goes_first = |other: usize| {
            self.schedule.is_under_way(other) || (other < index && self.schedule.is_waiting(other))
        };
        let mut others = self.groups.entered.iter();
        others.any(|(other, own)| {
            *other != index && own.iter().any(|group| groups.contains(group)) && goes_first(*other)
        })
    }

    /// Returns the workflow that a copy of a job calls.
    pub(super) fn called(&self, index: usize) -> Result<Frame, Problem> {
        let job = self.job(index);
        let frame = &self.frames[job.frame];
        let JobWork::Call(call) = &self.definition(index).work else {
            return Err(Problem::error(format!(
                "job `{}` calls no workflow",
                job.name
            )));
        };
        let above = standing::above(&self.jobs, &self.needs_of(index), &self.ended);
        let needs = standing::context(frame, &above);
        let mut contexts = frame.contexts();
        contexts.0.push(("needs".to_owned(), needs.into()));
        contexts
            .0
            .extend(job.copy.iter().flat_map(JobCopy::contexts));
        let secrets = frame.context.secrets_context();
        contexts.0.push(("secrets".to_owned(), secrets.into()));
        let definition = self.definition(index);
        called_frame(
            frame,
            definition,
            call,
            &job.name,
            contexts,
            self.request.sources,
        )
    }

    /// Keeps other runs from what a job must have alone; false where another has it, which is told once. It is an
    /// error where nobody can be kept from it.
    pub(super) fn take_locks(&mut self, index: usize) -> Result<bool, Problem> {
        let Some(machine) = self.request.machine else {
            return Ok(true);
        };
        let mut taken = Vec::new();
        for (what, is_whole) in self.wanted_alone(index) {
            if let Some(held) = self.groups.held.get_mut(&what) {
                held.jobs.insert(index);
                continue;
            }
            let digest = Digest::of(what.as_bytes());
            let (name, _) = digest.as_str().split_at(32);
            let file = machine.locks.join(format!("{name}.lock"));
            let own = format!("run {}, job `{}`", self.request.run, self.job(index).name);
            match Lock::exclusive(&file, &own, Duration::ZERO) {
                Ok(lock) => taken.push((
                    what,
                    Held {
                        _lock: lock,
                        is_whole,
                        jobs: BTreeSet::from([index]),
                    },
                )),
                Err(error) => {
                    // Nobody waits for this run while it waits.
                    drop(taken);
                    self.groups.leave(index);
                    let hints = error.hints();
                    let owner = match error {
                        lock::Error::Held { owner, .. } => owner,
                        lock::Error::Io { path, source } => {
                            let problem = Problem::error(format!(
                                "cannot keep other runs from the {what}: cannot lock `{}`: {source}",
                                path.display()
                            ));
                            return Err(hints.into_iter().fold(problem, Problem::with_hint));
                        }
                    };
                    self.groups.outside.insert(index);
                    self.tell_waits(index, &what, owner.as_ref());
                    return Ok(false);
                }
            }
        }
        self.groups.held.extend(taken);
        Ok(true)
    }

    /// Returns what a job must have alone on this machine, each with whether the whole run must.
    fn wanted_alone(&self, index: usize) -> Vec<(String, bool)> {
        let job = self.job(index);
        let mut wanted = Vec::new();
        if !self.parents.contains_key(&index) {
            let of_workflow = self.group_of_workflow(index);
            wanted.extend(of_workflow.map(|own| (named(own), true)));
        }
        let entered = self.groups.entered.get(&index).into_iter().flatten();
        wanted.extend(entered.map(|own| (named(own), false)));
        if let JobWork::Steps(work) = &self.definition(index).work
            && let Some(environment) = &work.environment
            && let Ok(name) = self.job_values(index).text(&environment.name)
            && !name.is_empty()
        {
            let context = &self.frames[job.frame].context;
            // One that waits for an approval does nothing.
            if context.environment(&name).approval != Approval::Needed {
                let name = name.to_lowercase();
                wanted.push((format!("environment `{name}`"), false));
            }
        }
        wanted
    }

    fn tell_waits(&mut self, index: usize, what: &str, owner: Option<&Owner>) {
        if !self.groups.told.insert((index, what.to_owned())) {
            return;
        }
        let text = match owner {
            Some(owner) => format!(
                "waits for the {what}, which towpath process {} has ({})",
                owner.pid, owner.what
            ),
            None => format!("waits for the {what}, which another run has"),
        };
        let job = self.job(index).name.clone();
        self.observer.event(&RunEvent::JobWaits { job, text });
    }
}

/// Returns for each workflow that one event starts, in this order, why it does not run: on GitHub a newer one in
/// the same concurrency group takes its place.
pub fn superseded(workflows: &[&Frame]) -> Vec<Option<String>> {
    let mut reasons: Vec<Option<String>> = vec![None; workflows.len()];
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (position, frame) in workflows.iter().enumerate() {
        let Some(entry) = of_workflow(frame).ok().flatten() else {
            continue;
        };
        let members = groups.entry(entry.group.clone()).or_default();
        let kept = match (entry.cancels, entry.queue) {
            (true, _) => 0,
            (false, Queue::Single) => 1,
            (false, Queue::Max) => members.len(),
        };
        let name = frame.workflow.name.as_ref();
        let name = name.map_or(frame.file.as_str(), String::as_str);
        for member in members.drain(kept.min(members.len())..) {
            if let Some(reason) = reasons.get_mut(member) {
                *reason = Some(came_after(name, &entry.group));
            }
        }
        members.push(position);
    }
    reasons
}

/// Returns a group as a lock is named after it.
fn named(group: &str) -> String {
    format!("concurrency group `{group}`")
}

fn came_after(newer: &str, group: &str) -> String {
    format!("`{newer}` came after it in concurrency group `{group}`")
}

/// Returns the group that a workflow enters.
fn of_workflow(frame: &Frame) -> Result<Option<Entry>, Problem> {
    let concurrency = frame.workflow.concurrency.as_ref();
    let entry = concurrency.map(|own| entry(own, &Values::of(frame.contexts())));
    entry.transpose().map(Option::flatten)
}

/// Evaluates a group; none without a name.
fn entry(concurrency: &Concurrency, values: &Values<'_>) -> Result<Option<Entry>, Problem> {
    let group = values.text(&concurrency.group)?.to_lowercase();
    let cancels = values.boolean(&concurrency.cancel_in_progress)?;
    Ok((!group.is_empty()).then_some(Entry {
        group,
        cancels,
        queue: concurrency.queue,
    }))
}

#[cfg(test)]
mod tests {
    use towpath_report::Source;
    use towpath_workflow::{Sources, parse_workflow};

    use super::*;

    #[test]
    fn newer_workflows_of_an_event_take_the_place_of_older_ones() {
        let frame = |concurrency: &&str| {
            let text = format!(
                "on: push\nconcurrency: {concurrency}\njobs: {{a: {{runs-on: x, steps: [{{run: a}}]}}}}"
            );
            let source = Source {
                path: "x.yml",
                text: &text,
            };
            let (workflow, problems) = parse_workflow(&source, &Sources::new());
            assert_eq!(problems, []);
            Frame {
                workflow: Arc::new(workflow.unwrap()),
                ..Frame::default()
            }
        };
        for (groups, expected) in [
            (&["g", "G"][..], &[false, false][..]),
            (&["g", "h", "G", "g"], &[false, false, true, false]),
            (
                &["g", "{group: g, cancel-in-progress: true}"],
                &[true, false],
            ),
            (
                &["g", "{group: g, queue: max}", "{group: g, queue: max}"],
                &[false, false, false],
            ),
        ] {
            let frames: Vec<Frame> = groups.iter().map(frame).collect();
            let frames: Vec<&Frame> = frames.iter().collect();
            let superseded = superseded(&frames);
            let superseded: Vec<bool> = superseded.iter().map(Option::is_some).collect();
            assert_eq!(superseded, expected, "{groups:?}");
        }
    }
}
