//! What a run tells of the runs before it: one test whose verdict is in a file, one that rests on it.

use std::collections::BTreeMap;

use towpath_host::{SnapshotOptions, Store, Tree, snapshot};
use towpath_report::{CheckResult, Conclusion, JobRecord, RunEvent, TestCase, TestOutcome};
use towpath_runner::{
    Action, Actions, Completed, Dependencies, Examined, JobContext, JobCopy, Key, LastRun, Ledger,
    NeededResult, Observer, Outcome, PlannedJob, PlannedStep, Request, StepInputs, run,
};
use towpath_testing::TestContext;

use super::script::plan_of;

/// Reads the file that its input `file` names: a test fails if it says `broken`, the job is skipped if
/// it is not there.
struct ReadsFile<'a>(&'a Tree);

impl Action for ReadsFile<'_> {
    fn name(&self) -> &'static str {
        "reads-file"
    }

    fn is_self_contained(&self) -> bool {
        true
    }

    fn examine(&self, inputs: &StepInputs, needs: &[NeededResult]) -> Examined {
        if !self.0.contains(inputs.get("file")) {
            return Examined::Skipped("no such file".to_owned());
        }
        let mut key = Key::default();
        key.add("file", inputs.get("file"));
        key.add("needs", format!("{needs:?}"));
        Examined::Keyed(key)
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        let file = inputs.get("file");
        let text = self.0.read_text(file).expect("a file of the test");
        let is_broken = text.contains("broken");
        let case = TestCase {
            id: format!("{file}::test"),
            path: file.to_owned(),
            line: 1,
            outcome: if is_broken {
                TestOutcome::Failed
            } else {
                TestOutcome::Passed
            },
            seconds: 0.0,
            message: String::new(),
            failed_at: None,
            details: String::new(),
        };
        let result = CheckResult {
            tests: vec![case],
            failed: is_broken,
            ..CheckResult::default()
        };
        let conclusion = if is_broken {
            Conclusion::Failure
        } else {
            Conclusion::Success
        };
        let key = self.examine(inputs, context.needs).key().expect("a key");
        Outcome {
            dependencies: Some(Dependencies {
                key,
                files: BTreeMap::from([(file.to_owned(), self.0.digest(file))]),
                history: None,
            }),
            ..Outcome::ended(conclusion, result)
        }
    }
}

#[derive(Default)]
struct Heard(Vec<RunEvent>);

impl Observer for Heard {
    fn event(&mut self, event: &RunEvent) {
        self.0.push(event.clone());
    }
}

fn job(name: &str, needs: &[usize]) -> PlannedJob {
    let inputs = BTreeMap::from([("file".to_owned(), format!("{name}.py"))]);
    PlannedJob {
        name: name.to_owned(),
        group: name.to_owned(),
        project: String::new(),
        needs: needs.to_vec(),
        always: true,
        advisory: false,
        steps: vec![PlannedStep {
            uses: "reads-file".to_owned(),
            inputs: StepInputs(inputs),
        }],
        frame: 0,
        definition: 0,
        copy: Some(JobCopy::default()),
    }
}

/// Runs `a`, `b`, `c` (which needs `a`) and `absent` over the files as they are.
fn run_all(context: &TestContext, number: u64) -> (Vec<RunEvent>, BTreeMap<String, JobRecord>) {
    let state = context.folder().join("state");
    fs_err::create_dir_all(&state).expect("a temporary folder");
    let tree = snapshot(&SnapshotOptions {
        root: context.root(),
        index_file: &state.join("index"),
        verify: true,
    })
    .expect("a tree");
    let store = Store::open(&state.join("store")).expect("a store");
    let plan = plan_of(vec![
        job("a", &[]),
        job("b", &[]),
        job("c", &[0]),
        job("absent", &[]),
    ]);
    let action = ReadsFile(&tree);
    let (_signals, signals) = crossbeam_channel::unbounded();
    let mut heard = Heard::default();
    let request = Request {
        plan: &plan,
        sources: &BTreeMap::new(),
        actions: &Actions(&[&action]),
        ledger: &Ledger {
            store: &store,
            repository: "demo",
            tree: &tree,
            tree_digest: tree.contents_digest(),
            history: String::new(),
        },
        slots: 2,
        force: &|_| false,
        earlier: &BTreeMap::new(),
        run: number,
        started: 100 * i64::try_from(number).expect("a small number"),
        commit: "5b41c9e",
        folder: state.join("jobs"),
        signals,
        machine: None,
    };
    let Completed { jobs, warnings, .. } = run(&request, &mut heard);
    assert_eq!(warnings, Vec::<String>::new());
    let jobs = jobs.into_iter().map(|job| (job.name.clone(), job));
    (heard.0, jobs.collect())
}

fn reasons(events: &[RunEvent]) -> Vec<(Vec<String>, usize)> {
    let reason = |event: &RunEvent| match event {
        RunEvent::FilesChanged { files, jobs } => Some((files.clone(), *jobs)),
        _ => None,
    };
    events.iter().filter_map(reason).collect()
}

#[test]
fn says_which_files_changed_and_when_a_failing_test_passed() {
    let context = TestContext::new();
    for name in ["a.py", "b.py", "c.py"] {
        context.write(name, "sound\n");
    }
    let (events, jobs) = run_all(&context, 1);
    assert_eq!(reasons(&events), [], "nothing is known of before");
    assert_eq!(jobs["absent"].conclusion, Conclusion::Skipped);

    let (events, jobs) = run_all(&context, 2);
    assert_eq!(reasons(&events), [], "nothing needs work");
    assert!(
        jobs.values()
            .all(|job| job.conclusion == Conclusion::Skipped || job.reused.is_some())
    );

    context.write("a.py", "broken\n");
    let (events, jobs) = run_all(&context, 3);
    assert_eq!(
        reasons(&events),
        [(vec!["a.py".to_owned()], 2)],
        "`c` waits for `a`"
    );
    assert!(jobs["b"].reused.is_some());
    let pass = jobs["a"].last_pass.as_ref().expect("it passed before");
    assert_eq!((pass.at, pass.commit.as_str()), (100, "5b41c9e"));
    assert_eq!(pass.tests, ["a.py::test"]);
    assert_eq!(
        pass.changed
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["a.py"]
    );

    context.write("a.py", "broken more\n");
    let (_, jobs) = run_all(&context, 4);
    let pass = jobs["a"]
        .last_pass
        .as_ref()
        .expect("it passed before it failed twice");
    assert_eq!(pass.at, 100);
    let (_, jobs) = run_all(&context, 5);
    assert!(
        jobs["a"].reused.is_some() && jobs["a"].last_pass.is_some(),
        "also when it is reused"
    );
}

#[test]
fn time_left_is_told_once_every_job_has_run_or_been_skipped() {
    let context = TestContext::new();
    for name in ["a.py", "b.py", "c.py"] {
        context.write(name, "sound\n");
    }
    let left = |events: &[RunEvent]| -> Vec<bool> {
        let left = |event: &RunEvent| match event {
            RunEvent::JobStarted { left_ms, .. } => Some(*left_ms > 0),
            _ => None,
        };
        events.iter().filter_map(left).collect()
    };
    assert_eq!(left(&run_all(&context, 1).0), [false; 3]);
    context.write("a.py", "other\n");
    assert_eq!(
        left(&run_all(&context, 2).0),
        [true],
        "`c` is reused: what it needs found the same"
    );
}

#[test]
fn a_job_that_is_no_more_is_forgotten_after_a_month() {
    const MONTH: i64 = 30 * 24 * 60 * 60;
    let context = TestContext::new();
    let store = Store::open(&context.folder().join("store")).expect("a store");
    let tree = snapshot(&SnapshotOptions {
        root: context.root(),
        index_file: &context.folder().join("index"),
        verify: true,
    })
    .expect("a tree");
    let ledger = Ledger {
        store: &store,
        repository: "demo",
        tree: &tree,
        tree_digest: tree.contents_digest(),
        history: String::new(),
    };
    let keep = |job: &str, at: i64| {
        let run = LastRun {
            dependencies: None,
            conclusion: Conclusion::Success,
            at,
            commit: String::new(),
            durations_ms: vec![1],
            result: None,
            passed: None,
        };
        let runs = BTreeMap::from([(job.to_owned(), run)]);
        let kept = ledger.keep_last_runs("ci.yml", runs, |job| job == "idle");
        kept.expect("a store that can be written");
        let runs = ledger
            .last_runs("ci.yml")
            .expect("a store that can be read");
        runs.into_keys().collect::<Vec<_>>()
    };
    keep("gone", 0);
    keep("idle", 0);
    assert_eq!(keep("lint", MONTH - 1), ["gone", "idle", "lint"]);
    assert_eq!(keep("lint", MONTH), ["idle", "lint"]);
    assert_eq!(ledger.last_runs("other.yml").expect("a store").len(), 0);
}
