//! The path that `ci`, `check` and `check-workflows` share: repository, facts, workflow, plan, run,
//! record, report.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Context as _;
use crossbeam_channel::Receiver;
use towpath_actions::{CheckAction, Session, Setup};
use towpath_host::folders::Folders;
use towpath_host::lock::Lock;
use towpath_host::sandbox::Level;
use towpath_host::{Digest, Git, Store, cache, clock, program};
use towpath_python::{Interpreter, Machine, PythonVersion, find_interpreters};
use towpath_report::{Changes, Conclusion, Problem, RunEvent, RunRecord, SCHEMA_VERSION, Verdict};
use towpath_runner::{
    Action as _, Actions, Completed, Examined, Ledger, Observer, PlannedJob, PlannedStep, Request,
    plan, run,
};
use towpath_standard::{Check, CustomCheckDefinition, Facts, Pythons, pipeline};

use crate::arguments::{ExecutionArguments, ReportArguments};
use crate::asked::Asked;
use crate::changed_lines;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::header::{not_run, notes, title};
use crate::history::History;
use crate::output;
use crate::process::Process;
use crate::reports;
use crate::repository::{self, Reading, Repository};
use crate::selection::{failed_jobs, selected};
use crate::signals;
use crate::terminal::{ColorChoice, Header, Screen, Surroundings, Verbosity, terminal_size};

/// Runs the pipeline, or the part that is asked for, and reports.
pub(crate) fn run_pipeline(process: &Process, asked: &Asked<'_>) -> anyhow::Result<ExitCode> {
    let ground = Ground::prepare(process, &asked.folder, asked.execution)?;
    let record = perform(process, asked, &ground)?;
    let kept = History::of(&ground.repository.state).keep(&record);
    let surroundings = surroundings(process, asked.color);
    let repository = &ground.repository;
    let command = match asked.check {
        None => "towpath ci".to_owned(),
        Some(check) => format!("towpath check {check}"),
    };
    let scope = reports::Scope {
        folder: &asked.folder,
        root: repository.tree.root(),
        state: &repository.state,
        report: asked.report,
        command: &command,
        is_for_coverage: asked.check == Some("coverage"),
        changes: changes(process, asked, repository),
        web_address: repository.web_address(),
        source: &|path| repository.tree.read_text(path).ok(),
    };
    reports::write(process, &scope, &surroundings, &record)?;
    // What was found is shown even where it cannot be kept.
    kept?;
    Ok(ExitCode::from(record.verdict))
}

/// Returns what changed since the base that is named, else since the base of the pull request that
/// GitHub runs for.
fn changes(process: &Process, asked: &Asked<'_>, repository: &Repository) -> Changes {
    let of_pull_request = process.environment.get("GITHUB_BASE_REF");
    let of_pull_request = of_pull_request
        .filter(|base| !base.is_empty())
        .map(|base| format!("origin/{base}"));
    let named = asked.changed_since.map(str::to_owned);
    named
        .or(of_pull_request)
        .and_then(|base| repository.changes(&base))
        .unwrap_or_default()
}

/// Runs what is asked for, showing progress. Keeps no record.
pub(crate) fn perform(
    process: &Process,
    asked: &Asked<'_>,
    ground: &Ground<'_>,
) -> anyhow::Result<RunRecord> {
    let surroundings = surroundings(process, asked.color);
    let watch = |record: &RunRecord| Watcher {
        screen: screen(&surroundings, asked.report, record),
    };
    let (record, warnings) = perform_watched(process, asked, ground, signals::listen, watch)?;
    warn(&warnings, &surroundings);
    Ok(record)
}

/// Runs what is asked for while `watch` sees it, until `listen` hears signals. Returns the record and what
/// went wrong with the store.
pub(crate) fn perform_watched<O: Observer>(
    process: &Process,
    asked: &Asked<'_>,
    ground: &Ground<'_>,
    listen: impl FnOnce() -> anyhow::Result<Receiver<()>>,
    watch: impl FnOnce(&RunRecord) -> O,
) -> anyhow::Result<(RunRecord, Vec<String>)> {
    let facts = ground
        .repository
        .facts(&ground.interpreters, asked.pythons, asked.changed_since);
    refuse_missing_pythons(&facts, asked.pythons, &ground.interpreters)?;
    let whole =
        plan(&pipeline(&facts)).map_err(|error| Failure::from_error(&error, error.hints()))?;
    let session = ground.session(process, &facts, asked.execution);
    let repository = &ground.repository;
    let ledger = ground.ledger();
    let action = CheckAction { session: &session };
    let failed = if asked.failed {
        Some(failed_jobs(repository, &whole.jobs)?)
    } else {
        None
    };
    let plan = selected(
        &whole,
        repository,
        asked,
        &ledger,
        failed.as_ref(),
        &|job| is_skipped(&action, job),
    )?;
    // What failed is run again though nothing changed: it may have failed by chance.
    let force = |job: &str| {
        asked.execution.force || failed.as_ref().is_some_and(|failed| failed.contains(job))
    };
    let runs = History::of(&repository.state);
    let mut record = empty_record(&facts, ground, asked, runs.next()?);
    record.sandbox = session.level.to_string();
    let mut completed = {
        let mut observer = watch(&record);
        let commit = repository.short_commit();
        let request = Request {
            plan: &plan,
            sources: &BTreeMap::new(),
            actions: &Actions(&[&action]),
            ledger: &ledger,
            slots: slots(asked.execution.jobs),
            force: &force,
            earlier: &BTreeMap::new(),
            run: record.run,
            started: record.started,
            commit: &commit,
            folder: runs.folder(record.run).join("jobs"),
            signals: listen()?,
            machine: None,
        };
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| runs.prune(request.run, &is_over));
            let completed = run(&request, &mut observer);
            is_over.store(true, Ordering::Relaxed);
            completed
        })
    };
    completed.warnings.extend(ground.store.take_warnings());
    let warnings = completed.warnings.clone();
    finish(&mut record, completed, ground.begun);
    changed_lines::fill(&mut record, repository, &ledger);
    Ok((record, warnings))
}

fn is_skipped(action: &CheckAction<'_>, job: &PlannedJob) -> bool {
    let skips =
        |step: &PlannedStep| matches!(action.examine(&step.inputs, &[]), Examined::Skipped(_));
    job.steps.iter().all(skips)
}

/// What every command that looks at checks stands on.
pub(crate) struct Ground<'a> {
    pub(crate) repository: Repository,
    pub(crate) store: Store,
    pub(crate) machine: Machine<'a>,
    pub(crate) interpreters: Vec<Interpreter>,
    pub(crate) folders: &'a Folders,
    build: Digest,
    name: String,
    begun: Instant,
    _users: Lock,
}

impl<'a> Ground<'a> {
    /// Reads the repository and finds the interpreters.
    pub(crate) fn prepare(
        process: &'a Process,
        folder: &std::path::Path,
        execution: &ExecutionArguments,
    ) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let folders = process.folders()?;
        let users = cache::in_use(&folders.cache)
            .map_err(|error| Failure::from_error(&error, error.hints()))?;
        let config = execution.config.as_ref().map(|file| folder.join(file));
        let reading = Reading {
            folder,
            verify: execution.verify,
            config: config.as_deref(),
        };
        let repository = repository::open(&reading, folders)?;
        let store = Store::open(&folders.cache.join("store"))
            .map_err(|error| Failure::from_error(&error, error.hints()))?;
        let build = program::digest(&process.program, &store)
            .context("cannot read towpath's own program, by which verdicts are told apart")?;
        let machine = Machine {
            environment: &process.environment,
            home: process.home.as_deref(),
            cache: &folders.cache,
            offline: execution.offline,
        };
        let interpreters = find_interpreters(&machine);
        let name = repository.state.to_string_lossy().into_owned();
        Ok(Self {
            repository,
            store,
            machine,
            interpreters,
            folders,
            build,
            name,
            begun,
            _users: users,
        })
    }

    /// Returns what all checks of a run share.
    pub(crate) fn session<'b>(
        &'b self,
        process: &Process,
        facts: &'b [Facts<'b>],
        execution: &ExecutionArguments,
    ) -> Session<'b> {
        let git = self.repository.git.as_ref();
        Session::new(Setup {
            projects: facts,
            tree: &self.repository.tree,
            store: &self.store,
            machine: self.machine,
            interpreters: &self.interpreters,
            level: level(process, &self.build, &self.store, execution.no_sandbox),
            program: process.program.clone(),
            state: self.repository.state.clone(),
            version_control: git.map(|git| git.view().folders()).unwrap_or_default(),
            history: self.repository.history.clone(),
            build: self.build.to_string(),
            date: clock::utc_date(),
            system: towpath_host::system::digest().to_string(),
            custom: custom_checks(facts),
        })
    }

    /// Returns the stored verdicts of the repository.
    pub(crate) fn ledger(&self) -> Ledger<'_> {
        Ledger {
            store: &self.store,
            repository: &self.name,
            tree: &self.repository.tree,
            tree_digest: self.repository.tree.contents_digest(),
            history: self.repository.history.clone(),
        }
    }
}

fn empty_record(
    facts: &[Facts<'_>],
    ground: &Ground<'_>,
    asked: &Asked<'_>,
    run: u64,
) -> RunRecord {
    let repository = &ground.repository;
    let mut notes = notes(facts, repository);
    notes.extend(ground.folders.notes.iter().map(|note| note.message.clone()));
    RunRecord {
        schema: SCHEMA_VERSION,
        towpath: env!("CARGO_PKG_VERSION").to_owned(),
        run,
        title: title(facts),
        notes,
        started: clock::now(),
        duration_ms: 0,
        commit: repository
            .git
            .as_ref()
            .and_then(Git::head)
            .unwrap_or_default(),
        sandbox: String::new(),
        verdict: Verdict::Passed,
        jobs: Vec::new(),
        not_run: not_run(facts, repository, asked),
        workflows: Vec::new(),
    }
}

/// Returns the streams and variables that decide the form of the output.
pub(crate) fn surroundings(process: &Process, color: ColorChoice) -> Surroundings<'_> {
    Surroundings {
        environment: &process.environment,
        color,
        stdout: terminal_size(std::io::stdout()),
        stderr: terminal_size(std::io::stderr()),
    }
}

/// Shows a run while it happens.
pub(crate) struct Watcher<'a> {
    pub(crate) screen: Screen<'a>,
}

impl Observer for Watcher<'_> {
    fn event(&mut self, event: &RunEvent) {
        self.screen.event(event);
    }

    fn tick(&mut self) {
        self.screen.tick();
    }
}

/// Returns the screen for a run.
pub(crate) fn screen<'a>(
    surroundings: &Surroundings<'_>,
    report: &ReportArguments,
    record: &RunRecord,
) -> Screen<'a> {
    let verbosity = match (report.quiet, report.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let header = Header {
        title: record.title.clone(),
        notes: record.notes.clone(),
    };
    Screen::new(
        surroundings,
        verbosity,
        header,
        Box::new(std::io::stderr()),
        Box::new(|| terminal_size(std::io::stderr())),
    )
}

/// Returns how many jobs run at once.
pub(crate) fn slots(jobs: Option<u16>) -> usize {
    let processors = || std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    jobs.map_or_else(processors, usize::from)
}

/// Detecting builds a small sandbox, which takes as long as all the rest when nothing changed; what the
/// same surroundings offer does not change.
fn level(process: &Process, build: &Digest, store: &Store, is_off: bool) -> Level {
    if is_off {
        return Level::None;
    }
    let key = Digest::of(format!("{build} {}", towpath_host::sandbox::surroundings()).as_bytes());
    let known = store.entry("sandbox", key.as_str()).ok().flatten();
    if let Some(level) = known.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        return level;
    }
    let level = towpath_host::sandbox::detect(&process.program);
    let kept =
        serde_json::to_vec(&level).map(|bytes| store.put_entry("sandbox", key.as_str(), &bytes));
    if let Ok(Err(error)) = kept {
        tracing::debug!("the sandbox level was not kept: {error}");
    }
    level
}

fn custom_checks(facts: &[Facts<'_>]) -> BTreeMap<(String, String), Box<dyn Check>> {
    let of_project = |facts: &Facts<'_>| {
        let root = facts.project.root.clone();
        facts
            .settings
            .custom
            .iter()
            .map(|custom| {
                let check: Box<dyn Check> = Box::new(CustomCheckDefinition::new(custom.clone()));
                ((root.clone(), custom.name.clone()), check)
            })
            .collect::<Vec<_>>()
    };
    facts.iter().flat_map(of_project).collect()
}

/// Refuses Pythons that are asked for, by the command line or the settings, and are not here.
fn refuse_missing_pythons(
    facts: &[Facts<'_>],
    named: &[String],
    here: &[Interpreter],
) -> Result<(), Failure> {
    let mut problems: Vec<Problem> = Vec::new();
    for facts in facts {
        let Pythons {
            run,
            missing,
            reason,
            ..
        } = &facts.pythons;
        let chosen = facts.settings.pythons.is_some() && run.is_empty();
        if !(facts.settings.require_all_pythons || chosen || !named.is_empty()) {
            continue;
        }
        for python in missing {
            let by = if named.is_empty() {
                reason.as_str()
            } else {
                "`--python`"
            };
            let message = format!("Python {python} is not on this machine, and {by} asks for it");
            if !problems.iter().any(|known| known.message == message) {
                problems.push(Problem::error(message).with_hint(where_to_get(*python, here)));
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Failure {
            problems,
            closing: "nothing was run".to_owned(),
        })
    }
}

/// uv installs no Python older than 3.8.
fn where_to_get(python: PythonVersion, here: &[Interpreter]) -> String {
    if python >= PythonVersion::new(3, 8) {
        return format!("`uv python install {python}`");
    }
    let plain = here.iter().filter(|found| found.is_plain());
    let mut here: Vec<PythonVersion> = plain.map(|found| found.python).collect();
    here.sort_unstable();
    here.dedup();
    let here: Vec<String> = here.iter().map(ToString::to_string).collect();
    format!("name one that is here: {}", here.join(", "))
}

/// Tells of what went wrong with the store, which changes no verdict.
pub(crate) fn warn(warnings: &[String], surroundings: &Surroundings<'_>) {
    if warnings.is_empty() {
        return;
    }
    let problem = |text: &String| Problem::error(text).as_warning();
    let failure = Failure {
        problems: warnings.iter().map(problem).collect(),
        closing: String::new(),
    };
    output::print_failure(&failure, surroundings);
}

pub(crate) fn finish(record: &mut RunRecord, completed: Completed, begun: Instant) {
    record.duration_ms = begun.elapsed().as_millis() as u64;
    record.notes.extend(completed.warnings);
    record.jobs = completed.jobs;
    let any = |wanted: Conclusion| {
        record
            .jobs
            .iter()
            .any(|job| job.conclusion == wanted && !job.advisory)
    };
    record.verdict = if completed.interrupted {
        Verdict::Interrupted
    } else if any(Conclusion::Failure) || any(Conclusion::Cancelled) {
        Verdict::Failed
    } else if any(Conclusion::Error) {
        Verdict::Error
    } else {
        Verdict::Passed
    };
}
