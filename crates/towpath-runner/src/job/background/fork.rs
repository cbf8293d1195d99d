//! What a step in the background runs with: a copy of the job as it is at its start. What it changes in the copy
//! is taken over when the step is waited for.

use std::collections::BTreeMap;
use std::mem;

use towpath_host::process::{Cancel, StepCommand};
use towpath_report::{CheckResult, Problem};

use super::super::RunningJob;
use crate::commands::add_paths;

/// What a step changes for those after it, once it counts.
#[derive(Default)]
pub(in super::super) struct Deferred {
    environment: BTreeMap<String, String>,
    /// In the order in which they were added.
    paths: Vec<String>,
    /// Commands that failed, for who wants to look at them.
    pub(in super::super) failed: Vec<StepCommand>,
}

impl RunningJob<'_> {
    /// Sets variables and adds folders to `PATH` for the steps that follow.
    pub(in super::super) fn set_for_later(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
        paths: Vec<String>,
    ) {
        let environment: Vec<(String, String)> = environment.into_iter().collect();
        if let Some(deferred) = &mut self.deferred {
            deferred.environment.extend(environment.clone());
            deferred.paths.extend(paths.clone());
        }
        self.environment.extend(environment);
        add_paths(&mut self.paths, paths);
    }

    /// Returns the copy of the job in which a step runs; `cancel` ends it.
    pub(super) fn fork(
        &mut self,
        number: usize,
        step: &str,
        cancel: Cancel,
    ) -> Result<Box<Self>, Problem> {
        let cannot_make = |error: std::io::Error| {
            Problem::error(format!("cannot make the files of step `{step}`: {error}"))
                .with_hint("free space on the disk")
        };
        let sink = self.sink.beside(number, step).map_err(cannot_make)?;
        let files = self.files.beside(number).map_err(cannot_make)?;
        Ok(Box::new(Self {
            request: self.request,
            machine: self.machine,
            assignment: self.assignment,
            context: self.context,
            work: self.work,
            places: self.places.clone(),
            containers: self.containers.clone(),
            tracking: self.tracking.clone(),
            fixed: self.fixed.clone(),
            environment: self.environment.clone(),
            paths: self.paths.clone(),
            deferred: Some(Deferred::default()),
            begun: self.begun,
            cancel,
            status: self.status,
            outputs: BTreeMap::new(),
            deadline: self.deadline,
            last_call: self.last_call,
            late: self.late.clone(),
            sink,
            matchers: self.matchers.clone(),
            has_matchers: self.has_matchers,
            early_states: self.early_states.clone(),
            posts: Vec::new(),
            records: Vec::new(),
            findings: Vec::new(),
            problems: Vec::new(),
            checked: CheckResult::default(),
            notes: Vec::new(),
            commands: Vec::new(),
            cpu_ms: 0,
            files,
        }))
    }

    /// Takes over what a step did in its copy of the job.
    pub(super) fn take_over(&mut self, fork: Self) {
        let deferred = fork.deferred.unwrap_or_default();
        self.set_for_later(deferred.environment, deferred.paths);
        self.posts.extend(fork.posts);
        self.findings.extend(fork.findings);
        self.problems.extend(fork.problems);
        self.notes.extend(fork.notes);
        self.commands.extend(fork.commands);
        self.cpu_ms += fork.cpu_ms;
        self.has_matchers |= fork.has_matchers;
        self.matchers.add_missing(fork.matchers);
        self.take_checked(fork.checked);
        if let Err(problem) = self.sink.take_over(fork.sink) {
            self.problems.push(problem);
        }
        for command in &deferred.failed {
            if let Some(look) = self.machine.after_failure {
                look(command);
            }
        }
    }

    /// Adds what checks found.
    pub(in super::super) fn take_checked(&mut self, result: CheckResult) {
        let checked = &mut self.checked;
        checked.findings.extend(result.findings);
        checked.tests.extend(result.tests);
        checked.artifacts.extend(result.artifacts);
        checked.coverage = result.coverage.or(mem::take(&mut checked.coverage));
    }
}
