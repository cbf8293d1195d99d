//! A workflow's text is read, planned and run with real shells; what came of it is told in a few words.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use towpath_host::process::Keeper;
use towpath_host::secret::Secret;
use towpath_host::{SnapshotOptions, Store, snapshot};
use towpath_report::{Conclusion, JobRecord, RunEvent, Source};
use towpath_runner::{
    Actions, EnvironmentContext, FetchedActions, Frame, Ledger, Machine, Observer, Platforms,
    Request, RunContext, folder_name, plan_frames, run,
};
use towpath_testing::TestContext;
use towpath_workflow::expression::{Object, Value};
use towpath_workflow::{Sources, parse_workflow};

/// A repository in which workflows are run.
pub(crate) struct Engine {
    pub(crate) context: TestContext,
    pub(crate) run: RunContext,
    pub(crate) sources: Sources,
    pub(crate) slots: usize,
    /// What runs JavaScript.
    pub(crate) node: Option<PathBuf>,
    /// What runs containers.
    pub(crate) docker: Option<PathBuf>,
    /// The folder of locks, where it is shared with another run.
    pub(crate) locks: Option<PathBuf>,
    /// Sends a signal when a job prints this.
    pub(crate) stop_at: &'static str,
}

/// What came of a workflow.
pub(crate) struct Ran {
    pub(crate) jobs: Vec<JobRecord>,
    pub(crate) interrupted: bool,
    pub(crate) warnings: Vec<String>,
    /// What was said of jobs that waited for another run.
    pub(crate) waits: Vec<String>,
    /// What each job printed.
    logs: BTreeMap<String, String>,
}

/// Actions as folders, by owner and name.
struct Fetched(PathBuf);

impl FetchedActions for Fetched {
    fn folder(&self, uses: &str) -> Option<PathBuf> {
        let folder = self.0.join(uses.split('@').next()?);
        folder.is_dir().then_some(folder)
    }
}

struct Watcher<'a> {
    stop_at: &'a str,
    waits: Vec<String>,
    /// Gets a file `waiting` when a job waits.
    locks: Option<&'a Path>,
    signals: crossbeam_channel::Sender<()>,
}

impl Observer for Watcher<'_> {
    fn event(&mut self, event: &RunEvent) {
        if let RunEvent::JobWaits { job, text } = event {
            self.waits.push(format!("{job} {text}"));
            if let Some(locks) = self.locks {
                fs_err::write(locks.join("waiting"), "").expect("a file");
            }
        }
        if let RunEvent::JobOutput { line, .. } = event
            && !self.stop_at.is_empty()
            && line.contains(self.stop_at)
        {
            self.signals.send(()).expect("the run listens");
        }
    }
}

impl Engine {
    pub(crate) fn new() -> Self {
        let github = [
            ("repository", "octo/demo"),
            ("repository_owner", "octo"),
            ("ref", "refs/heads/main"),
            ("ref_name", "main"),
            ("event_name", "push"),
            ("workflow", "Test"),
            ("run_id", "1"),
        ];
        let github = github.map(|(name, value)| (name.to_owned(), Value::from(value)));
        Self {
            context: TestContext::new(),
            run: RunContext {
                github: Object(github.to_vec()),
                event_text: "{}".to_owned(),
                ..RunContext::default()
            },
            sources: Sources::new(),
            slots: 2,
            node: None,
            docker: None,
            locks: None,
            stop_at: "",
        }
    }

    pub(crate) fn with_secret(mut self, name: &str, value: &str) -> Self {
        self.run.secrets.insert(name.to_owned(), Secret::new(value));
        self
    }

    pub(crate) fn with_environment(mut self, name: &str, environment: EnvironmentContext) -> Self {
        self.run.environments.insert(name.to_owned(), environment);
        self
    }

    /// Returns the folder of actions that were fetched.
    pub(crate) fn actions(&self) -> PathBuf {
        self.context.folder().join("actions")
    }

    /// Fetches an action of these files.
    pub(crate) fn fetch(&self, name: &str, files: &[(&str, &str)]) {
        let folder = self.actions().join(name);
        fs_err::create_dir_all(&folder).expect("a folder");
        for (file, text) in files {
            fs_err::write(folder.join(file), text).expect("a file");
        }
    }

    /// Runs jobs, each line of which is indented by two spaces below `jobs:`.
    pub(crate) fn run(&self, workflow: &str) -> Ran {
        let path = ".github/workflows/test.yml";
        let source = Source {
            path,
            text: workflow,
        };
        let (parsed, problems) = parse_workflow(&source, &self.sources);
        let messages: Vec<&str> = problems.iter().map(|problem| &*problem.message).collect();
        assert!(messages.is_empty(), "{messages:?}");
        let frame = Frame {
            file: path.to_owned(),
            workflow: Arc::new(parsed.expect("a workflow")),
            context: Arc::new(self.run.clone()),
            depth: 1,
            ..Frame::default()
        };
        let plan = plan_frames(vec![frame]).expect("the workflow can be planned");
        let folder = self.context.folder().join("run");
        let make = |name: &str| {
            let folder = folder.join(name);
            fs_err::create_dir_all(&folder).expect("a temporary folder");
            folder
        };
        let tree = snapshot(&SnapshotOptions {
            root: self.context.root(),
            index_file: &make("state").join("index"),
            verify: true,
        })
        .expect("a tree");
        let store = Store::open(&make("store")).expect("a store");
        let program = Path::new(env!("CARGO_BIN_EXE_keep-for-tests"));
        let keeper = Keeper::start(program).expect("the keeper starts");
        let (work, cache, tools) = (make("work"), make("cache"), make("tools"));
        let locks = self.locks.clone().unwrap_or_else(|| folder.join("locks"));
        let environment = BTreeMap::from([(
            "PATH".to_owned(),
            self.context.environment()["PATH"].clone(),
        )]);
        let (sender, signals) = crossbeam_channel::unbounded();
        let machine = Machine {
            keeper: &keeper,
            repository: self.context.root(),
            work: &work,
            run_folder: &folder,
            cache_folder: &cache,
            locks: &locks,
            tool_cache: &tools,
            environment: &environment,
            node: self.node.as_deref(),
            services: &|| Ok(BTreeMap::new()),
            engine: &|| {
                let program = self.docker.clone().ok_or("there is none")?;
                Ok(towpath_runner::Engine {
                    program,
                    is_podman: false,
                    environment: environment.clone(),
                    label: String::new(),
                })
            },
            fetched: &Fetched(self.actions()),
            platforms: &Platforms::new("linux", "x86_64", []),
            after_failure: None,
            grace: Duration::from_secs(10),
        };
        let mut watcher = Watcher {
            stop_at: self.stop_at,
            waits: Vec::new(),
            locks: self.locks.as_deref(),
            signals: sender,
        };
        let completed = run(
            &Request {
                plan: &plan,
                sources: &self.sources,
                actions: &Actions(&[]),
                ledger: &Ledger {
                    store: &store,
                    repository: "demo",
                    tree_digest: tree.contents_digest(),
                    history: String::new(),
                    tree: &tree,
                },
                slots: self.slots,
                force: &|_| false,
                earlier: &BTreeMap::new(),
                run: 1,
                started: 0,
                commit: "",
                folder: folder.join("jobs"),
                signals,
                machine: Some(&machine),
            },
            &mut watcher,
        );
        let mut warnings = completed.warnings.clone();
        // Those tell of jobs that gave way to others.
        warnings.retain(|warning| !warning.contains("concurrency group"));
        assert_eq!(warnings, Vec::<String>::new());
        let left = fs_err::read_dir(&work).expect("a folder").count();
        assert_eq!(left, 0, "workspaces are removed");
        let log = |job: &JobRecord| {
            let file = folder.join("jobs").join(folder_name(&job.name));
            let text = fs_err::read_to_string(file.join("log.txt"));
            (job.name.clone(), text.unwrap_or_default())
        };
        let logs = completed.jobs.iter().map(log).collect();
        Ran {
            warnings: completed.warnings,
            waits: watcher.waits,
            jobs: completed.jobs,
            interrupted: completed.interrupted,
            logs,
        }
    }
}

impl Ran {
    /// Returns the jobs in order of name, each with how it ended.
    pub(crate) fn jobs(&self) -> String {
        let mut jobs: Vec<String> = self
            .jobs
            .iter()
            .map(|job| format!("{} {}", job.name, word(job.conclusion)))
            .collect();
        jobs.sort();
        jobs.join(", ")
    }

    pub(crate) fn job(&self, name: &str) -> &JobRecord {
        let found = self.jobs.iter().find(|job| job.name == name);
        found.unwrap_or_else(|| panic!("there is no job {name}: {}", self.jobs()))
    }

    /// Returns the steps of a job, each with how it ended.
    pub(crate) fn steps(&self, job: &str) -> String {
        let steps = self.job(job).steps.iter();
        let steps = steps.map(|step| format!("{} {}", step.name, word(step.conclusion)));
        steps.collect::<Vec<_>>().join(", ")
    }

    /// Returns what a job printed, without the lines of towpath itself.
    pub(crate) fn log(&self, job: &str) -> String {
        let lines = self.logs[job].lines();
        let own = |line: &&str| !line.starts_with("## ") && !line.starts_with("  ");
        lines.filter(own).collect::<Vec<_>>().join("\n")
    }

    /// Returns the messages of what was found.
    pub(crate) fn findings(&self, job: &str) -> Vec<String> {
        let findings = self.job(job).result.findings.iter();
        findings.map(|finding| finding.message.clone()).collect()
    }
}

fn word(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success => "success",
        Conclusion::Failure => "failure",
        Conclusion::Neutral => "neutral",
        Conclusion::Skipped => "skipped",
        Conclusion::Cancelled => "cancelled",
        Conclusion::Error => "error",
    }
}
