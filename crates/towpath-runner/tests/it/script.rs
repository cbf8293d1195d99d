//! An action that stands for any other: its input `end` says how it ends, `key` by what its verdict is
//! found again. It writes down what it was asked to do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use towpath_host::{SnapshotOptions, Store, snapshot};
use towpath_report::{CheckResult, Conclusion, RunEvent};
use towpath_runner::{
    Action, Actions, Completed, Dependencies, Examined, Frame, JobContext, JobCopy, Key, Ledger,
    NeededResult, Observer, Outcome, Plan, PlannedJob, PlannedStep, Request, StepInputs, run,
};
use towpath_testing::TestContext;
use towpath_workflow::syntax::{Job, Workflow};

/// Returns a job of one step; `inputs` are `NAME=VALUE`.
pub(crate) fn job(name: &str, needs: &[usize], inputs: &[&str]) -> PlannedJob {
    let pairs = inputs.iter().filter_map(|text| text.split_once('='));
    let inputs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut inputs: BTreeMap<String, String> = inputs.collect();
    inputs.insert("job".to_owned(), name.to_owned());
    PlannedJob {
        name: name.to_owned(),
        group: name.to_owned(),
        project: String::new(),
        needs: needs.to_vec(),
        always: inputs.contains_key("always"),
        advisory: false,
        steps: vec![PlannedStep {
            uses: "script@v1".to_owned(),
            inputs: StepInputs(inputs),
        }],
        frame: 0,
        definition: 0,
        copy: Some(JobCopy::default()),
    }
}

/// Returns the plan of jobs, each of which is defined by a job of one workflow.
pub(crate) fn plan_of(mut jobs: Vec<PlannedJob>) -> Plan {
    for (definition, job) in jobs.iter_mut().enumerate() {
        job.definition = definition;
    }
    let defined = jobs
        .iter()
        .map(|job| Job::of_steps(&job.name, "ubuntu-latest", Vec::new()));
    let workflow = Workflow {
        jobs: defined.collect(),
        ..Workflow::default()
    };
    Plan {
        frames: vec![Arc::new(Frame::of(&workflow))],
        jobs,
    }
}

struct Script {
    did: Mutex<Vec<String>>,
}

impl Script {
    fn note(&self, what: &str, inputs: &StepInputs) {
        let mut did = self.did.lock().unwrap_or_else(PoisonError::into_inner);
        did.push(format!("{what} {}", inputs.get("job")));
    }

    fn has_done(&self, what: &str) -> bool {
        let did = self.did.lock().unwrap_or_else(PoisonError::into_inner);
        did.iter().any(|line| line == what)
    }
}

impl Action for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn is_self_contained(&self) -> bool {
        true
    }

    fn examine(&self, inputs: &StepInputs, _needs: &[NeededResult]) -> Examined {
        let (skip, key) = (inputs.get("skip"), inputs.get("key"));
        if !skip.is_empty() {
            return Examined::Skipped(skip.to_owned());
        }
        if key.is_empty() {
            return Examined::Unknown;
        }
        let mut keyed = Key::default();
        keyed.add("key", key);
        Examined::Keyed(keyed)
    }

    fn make_ready(&self, inputs: &StepInputs) {
        self.note("ready", inputs);
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        let until = inputs.get("until");
        while !until.is_empty() && !self.has_done(until) && !context.cancel.is_cancelled() {
            std::thread::yield_now();
        }
        self.note("run", inputs);
        let conclusion = match inputs.get("end") {
            _ if context.cancel.is_cancelled() => Conclusion::Cancelled,
            "failure" => Conclusion::Failure,
            "error" => Conclusion::Error,
            _ => Conclusion::Success,
        };
        let mut outcome = Outcome::ended(conclusion, CheckResult::default());
        outcome.dependencies = self.examine(inputs, &[]).key().map(|key| Dependencies {
            key,
            files: [("file".to_owned(), None)].into(),
            history: None,
        });
        outcome
    }
}

struct Listener<'a> {
    stop_at: &'a str,
    signals: crossbeam_channel::Sender<()>,
}

impl Observer for Listener<'_> {
    fn event(&mut self, event: &RunEvent) {
        if matches!(event, RunEvent::JobStarted { job, .. } if job == self.stop_at) {
            self.signals.send(()).expect("the run listens");
        }
    }
}

/// A repository and a store that runs share.
pub(crate) struct World {
    context: TestContext,
    store: Store,
}

impl World {
    pub(crate) fn new() -> Self {
        let context = TestContext::without_git();
        let store = Store::open(&context.folder().join("store")).expect("the store can be made");
        Self { context, store }
    }

    /// Runs jobs on `slots` slots, a signal when the job `stop_at` starts; returns how each ended, in the
    /// order of their end, and what the action did.
    pub(crate) fn run(
        &self,
        jobs: Vec<PlannedJob>,
        slots: usize,
        stop_at: &str,
    ) -> (Vec<String>, Vec<String>) {
        let script = Script {
            did: Mutex::new(Vec::new()),
        };
        let tree = snapshot(&SnapshotOptions {
            root: self.context.root(),
            index_file: &self.context.folder().join("index"),
            verify: true,
        })
        .expect("the repository can be read");
        let (sender, signals) = crossbeam_channel::unbounded();
        let completed = run(
            &Request {
                plan: &plan_of(jobs),
                sources: &BTreeMap::new(),
                actions: &Actions(&[&script]),
                ledger: &Ledger {
                    store: &self.store,
                    repository: "repository",
                    tree_digest: tree.contents_digest(),
                    history: String::new(),
                    tree: &tree,
                },
                slots,
                force: &|_| false,
                earlier: &BTreeMap::new(),
                run: 1,
                started: 0,
                commit: "",
                folder: self.context.folder().join("run"),
                signals,
                machine: None,
            },
            &mut Listener {
                stop_at,
                signals: sender,
            },
        );
        let did = script
            .did
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        (ended(&completed), did)
    }
}

fn ended(completed: &Completed) -> Vec<String> {
    let lines = completed.jobs.iter().map(|job| {
        let conclusion = format!("{:?}", job.conclusion).to_lowercase();
        let reused = if job.reused.is_some() { " again" } else { "" };
        let reason = if job.reason.is_empty() {
            String::new()
        } else {
            format!(": {}", job.reason)
        };
        format!("{} {conclusion}{reused}{reason}", job.name)
    });
    lines.collect()
}
