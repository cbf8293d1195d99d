//! What all workflows of a command run on, and how one of them runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use towpath_actions::{ActionStore, Pins, ServedRun, Services, each_use, pinned, registry};
use towpath_host::process::{Keeper, StepCommand};
use towpath_host::{Digest, SnapshotOptions, Store, Tree, clock, snapshot};
use towpath_report::{JobRecord, Problem, RunRecord, SCHEMA_VERSION, Verdict};
use towpath_runner::{
    Action, Actions, Completed, Ledger, Machine, Means, Observer, Plan, Platforms, Request, run,
    unsupported,
};

use super::check::CheckStep;
use super::engines::Engines;
use super::planned::{Planned, Started};
use super::workspaces::Workspaces;
use super::{Asked, called, surroundings as steps};
use crate::arguments::run::RunArguments;
use crate::failure::Failure;
use crate::history::History;
use crate::process::Process;
use crate::run::slots;
use crate::signals;

/// How long steps that always run may take after a signal.
const GRACE: Duration = Duration::from_secs(10);

/// What all workflows of a command run on.
pub(super) struct Site<'a> {
    pub(super) process: &'a Process,
    pub(super) run: &'a RunArguments,
    pub(super) asked: &'a Asked,
    pub(super) platforms: &'a Platforms,
    pub(super) history: &'a History,
    pub(super) store: Store,
    pub(super) tree: Tree,
    pub(super) keeper: Keeper,
    pub(super) workspaces: Workspaces,
    pub(super) number: u64,
    /// Which attempt of the run this is, from 1.
    pub(super) attempt: u32,
    /// Records of the jobs that ended in earlier attempts.
    pub(super) earlier: BTreeMap<String, JobRecord>,
    pub(super) folder: PathBuf,
    pub(super) cache_folder: PathBuf,
    /// Holds the locks of concurrency groups and environments.
    pub(super) locks: PathBuf,
    pub(super) tool_cache: PathBuf,
    /// Actions of other repositories.
    pub(super) fetched: ActionStore,
    /// The built-in actions; the workflows that follow see what the first ones froze of the checkout.
    pub(super) registry: Vec<Box<dyn Action + 'a>>,
    /// What is told of the versions of pinned actions.
    pins: Pins,
    pub(super) signals: crossbeam_channel::Receiver<()>,
    pub(super) engines: Engines<'a>,
    /// What is to be said before anything runs.
    pub(super) notes: Vec<String>,
    pub(super) began: i64,
    pub(super) begun: Instant,
}

impl<'a> Site<'a> {
    pub(super) fn prepare(
        process: &'a Process,
        run: &'a RunArguments,
        asked: &'a Asked,
        platforms: &'a Platforms,
        state: &Path,
        history: &'a History,
        number: u64,
    ) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let folders = process.folders()?;
        let told = folders.notes.iter();
        let mut notes: Vec<String> = told.map(|note| note.message.clone()).collect();
        let workspaces = Workspaces::make(state, number, &process.environment, &mut notes)?;
        let engines = Engines::of_run(process, workspaces.folder(), number);
        let keeper = Keeper::start(&process.program)
            .map_err(|error| Failure::from_error(&error, error.hints()))?;
        let store = Store::open(&folders.cache.join("store"))
            .map_err(|error| Failure::from_error(&error, error.hints()))?;
        // No verdict of a step is kept, so there is no tree that it could depend on.
        let tree = snapshot(&SnapshotOptions {
            root: workspaces.folder(),
            index_file: &history.folder(number).join("index"),
            verify: false,
        })
        .map_err(|error| Failure::from_error(&error, error.hints()))?;
        let fetched = super::super::actions::store(&folders.cache);
        let (cache_folder, tool_cache) = (state.join("caches"), folders.cache.join("tools"));
        for folder in [&cache_folder, &tool_cache] {
            fs_err::create_dir_all(folder)?;
        }
        let mut actions = registry(towpath_python::Machine {
            environment: &process.environment,
            home: process.home.as_deref(),
            cache: &folders.cache,
            offline: false,
        });
        actions.push(Box::new(CheckStep { process, folders }));
        let pins = called::pins(asked.files.texts(), &asked.root, &fetched);
        Ok(Self {
            process,
            run,
            asked,
            platforms,
            history,
            store,
            tree,
            keeper,
            workspaces,
            number,
            attempt: 1,
            earlier: BTreeMap::new(),
            folder: history.folder(number),
            cache_folder,
            locks: state.join("locks"),
            tool_cache,
            registry: pinned(actions, pins.clone()),
            pins,
            fetched,
            signals: signals::listen()?,
            engines,
            notes,
            began: clock::now(),
            begun,
        })
    }

    /// Notes which built-in actions stand for commits of which nothing tells the version.
    pub(super) fn tell_untold(&mut self, started: &[Started<'_>]) {
        for one in started {
            let (pins, notes) = (&self.pins, &mut self.notes);
            each_use(&one.file.workflow, &mut |_, uses| {
                let note = pins.untold(uses).filter(|note| !notes.contains(note));
                notes.extend(note);
            });
        }
    }

    pub(super) fn record(&self, started: &[Started<'_>]) -> RunRecord {
        let event = started.first().map(|started| started.event.describe());
        let names: Vec<&str> = started.iter().map(|started| started.file.name()).collect();
        RunRecord {
            schema: SCHEMA_VERSION,
            towpath: env!("CARGO_PKG_VERSION").to_owned(),
            run: self.number,
            title: format!(
                "{} · {}",
                names.join(", "),
                event.unwrap_or_default().replace('`', "")
            ),
            notes: self.notes.clone(),
            started: self.began,
            duration_ms: 0,
            commit: started
                .first()
                .map(|started| started.event.sha.clone())
                .unwrap_or_default(),
            sandbox: String::new(),
            verdict: Verdict::Passed,
            jobs: Vec::new(),
            not_run: Vec::new(),
            workflows: started
                .iter()
                .map(|started| started.file.path.clone())
                .collect(),
        }
    }

    pub(super) fn unsupported(&self, plan: &Plan) -> Vec<Problem> {
        let actions = self.actions();
        unsupported(
            plan,
            &Means {
                repository: &self.asked.root,
                actions: &Actions(&actions),
                sources: &self.asked.files.sources,
                fetched: &self.fetched,
                platforms: self.platforms,
                engine: &|| self.engines.get(),
                has_node: steps::program(self.process, "node").is_some(),
            },
        )
    }

    fn actions(&self) -> Vec<&dyn Action> {
        self.registry.iter().map(AsRef::as_ref).collect()
    }

    /// Runs one workflow to its end.
    pub(super) fn one(&self, planned: &Planned<'_>, watcher: &mut dyn Observer) -> Completed {
        let Planned { started, plan } = planned;
        let folder = self.history.folder(started.number);
        let services = Services::of(ServedRun {
            run_folder: folder.clone(),
            cache_folder: self.cache_folder.clone(),
            scopes: started.event.cache_scopes(),
        });
        let environment = steps::variables(self.process);
        let (turn, user) = (Mutex::new(()), &self.process.environment);
        let shell = |command: &StepCommand| {
            // Jobs that fail at the same time get the terminal one after the other.
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            steps::open_shell(user, command);
        };
        let node = steps::program(self.process, "node");
        let engines = &self.engines;
        let machine = Machine {
            keeper: &self.keeper,
            repository: &self.asked.root,
            work: self.workspaces.folder(),
            run_folder: &folder,
            cache_folder: &self.cache_folder,
            locks: &self.locks,
            tool_cache: &self.tool_cache,
            environment: &environment,
            node: node.as_deref(),
            services: &|| services.variables(),
            engine: &|| engines.get(),
            fetched: &self.fetched,
            platforms: self.platforms,
            after_failure: if self.run.manner.shell_on_failure {
                Some(&shell)
            } else {
                None
            },
            grace: GRACE,
        };
        let git = self.asked.git.as_ref();
        let head = git.and_then(towpath_host::Git::head).unwrap_or_default();
        let commit: String = head.chars().take(7).collect();
        let repository = self.cache_folder.to_string_lossy();
        let ledger = Ledger {
            store: &self.store,
            repository: &repository,
            tree: &self.tree,
            tree_digest: Digest::of(b""),
            history: String::new(),
        };
        let (actions, no_jobs) = (self.actions(), BTreeMap::new());
        let request = Request {
            plan,
            sources: &self.asked.files.sources,
            actions: &Actions(&actions),
            ledger: &ledger,
            slots: slots(self.run.manner.jobs),
            force: &|_| true,
            // What follows another run begins with it.
            earlier: if started.depth == 0 {
                &self.earlier
            } else {
                &no_jobs
            },
            run: started.number,
            started: self.began,
            commit: &commit,
            folder: self.folder.join("jobs"),
            signals: self.signals.clone(),
            machine: Some(&machine),
        };
        run(&request, watcher)
    }
}
