//! Runs what an event starts, and what starts when that has ended.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use towpath_actions::{ActionStore, ServedRun, Services, pinned, registry};
use towpath_host::process::{Keeper, StepCommand};
use towpath_host::{Digest, SnapshotOptions, Store, Tree, cache, clock, snapshot};
use towpath_report::{
    Changes, CheckResult, Conclusion, JobRecord, Problem, RunRecord, SCHEMA_VERSION, Verdict,
};
use towpath_runner::{
    Action, Actions, Completed, EndedRun, Frame, Ledger, Machine, Means, Observer, Plan,
    PlannedJob, Platforms, Request, StartingEvent, plan_frames, run, superseded, unsupported,
};
use towpath_workflow::expression::Value;

use super::check::CheckStep;
use super::engines::Engines;
use super::files::{WorkflowFile, mistakes};
use super::resume::{Attempt, Journal, resume};
use super::start::Candidate;
use super::workspaces::Workspaces;
use super::{Asked, approvals, called, surroundings as steps};
use crate::arguments::GlobalArguments;
use crate::arguments::run::RunArguments;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::history::{History, RunFrame};
use crate::process::Process;
use crate::run::{Watcher, finish, screen, slots, surroundings, warn};
use crate::terminal::Surroundings;
use crate::{reports, repository, signals};

/// How long steps that always run may take after a signal.
const GRACE: Duration = Duration::from_secs(10);

/// How many runs may follow one another by `workflow_run`, as on GitHub.
const MAX_CHAIN: usize = 3;

/// A workflow that starts, with what starts it.
struct Started<'a> {
    file: &'a WorkflowFile,
    event: StartingEvent,
    /// Its number, by which artifacts of its run are found.
    number: u64,
    /// How many runs had to end before it started.
    depth: usize,
}

/// A workflow that is ready to run.
struct Planned<'a> {
    started: Started<'a>,
    plan: Plan,
}

/// Runs what starts, tells how it goes, and reports.
pub(super) fn execute(
    process: &Process,
    global: &GlobalArguments,
    run: &RunArguments,
    asked: &Asked,
    candidates: Vec<Candidate<'_>>,
    platforms: &Platforms,
) -> anyhow::Result<ExitCode> {
    let folders = process.folders()?;
    let _users = cache::in_use(&folders.cache)
        .map_err(|error| Failure::from_error(&error, error.hints()))?;
    let state = folders.repository(&asked.root);
    let history = History::of(&state);
    let mut attempt = Attempt::first(asked, run, &candidates, clock::now())?;
    let earlier = if run.manner.resume {
        resume(&mut attempt, &history, asked.git.is_some())?
    } else {
        BTreeMap::new()
    };
    let number = match attempt.numbers.first() {
        Some(number) => *number,
        None => history.next()?,
    };
    let mut ground = Ground::prepare(process, run, asked, platforms, &state, &history, number)?;
    ground.attempt = attempt.number;
    ground.earlier = earlier;
    let mut started = Vec::new();
    let numbers = std::mem::take(&mut attempt.numbers);
    for candidate in candidates {
        if candidate.refused.is_none() {
            let number = match (started.len(), numbers.get(started.len())) {
                (_, Some(number)) => *number,
                (0, None) => ground.number,
                _ => history.next()?,
            };
            attempt.numbers.push(number);
            started.push(Started {
                file: candidate.file,
                event: candidate.event,
                number,
                depth: 0,
            });
        }
    }
    attempt.keep(&ground.folder)?;
    let mut record = ground.record(&started);
    let surroundings = surroundings(process, global.color);
    // A shell cannot share the terminal with lines that move.
    let still = Surroundings {
        stderr: None,
        ..surroundings
    };
    let progress = if run.manner.shell_on_failure {
        &still
    } else {
        &surroundings
    };
    let mut watcher = Watcher {
        screen: screen(progress, &run.report, &record),
    };
    let mut journal = Journal::open(&ground.folder, &mut watcher)?;
    let is_over = AtomicBool::new(false);
    let mut completed = std::thread::scope(|scope| {
        scope.spawn(|| history.prune(ground.number, &is_over));
        let completed = ground.all(started, &mut journal);
        is_over.store(true, Ordering::Relaxed);
        completed
    })?;
    let unnoted = journal
        .failed
        .map(|error| format!("not every job was noted, so `--resume` runs more of them: {error}"));
    completed.warnings.extend(unnoted);
    drop(watcher);
    warn(&completed.warnings, &surroundings);
    finish(&mut record, completed, ground.begun);
    let kept = history.keep(&record);
    let command = match &run.target {
        Some(target) => format!("towpath run {target}"),
        None => "towpath run".to_owned(),
    };
    let source = |path: &str| fs_err::read_to_string(asked.root.join(path)).ok();
    let scope = reports::Scope {
        folder: &asked.folder,
        root: &asked.root,
        state: &state,
        report: &run.report,
        command: &command,
        is_for_coverage: false,
        changes: Changes::default(),
        web_address: repository::web_address(asked.git.as_ref()),
        source: &source,
    };
    reports::write(process, &scope, &surroundings, &record)?;
    kept?;
    Ok(ExitCode::from(record.verdict))
}

/// What all workflows of a command run on.
struct Ground<'a> {
    process: &'a Process,
    run: &'a RunArguments,
    asked: &'a Asked,
    platforms: &'a Platforms,
    history: &'a History,
    store: Store,
    tree: Tree,
    keeper: Keeper,
    workspaces: Workspaces,
    number: u64,
    /// Which attempt of the run this is, from 1.
    attempt: u32,
    /// Records of the jobs that ended in earlier attempts.
    earlier: BTreeMap<String, JobRecord>,
    folder: PathBuf,
    cache_folder: PathBuf,
    /// Holds the locks of concurrency groups and environments.
    locks: PathBuf,
    tool_cache: PathBuf,
    /// Actions of other repositories.
    fetched: ActionStore,
    /// The built-in actions; the workflows that follow see what the first ones froze of the checkout.
    registry: Vec<Box<dyn Action + 'a>>,
    signals: crossbeam_channel::Receiver<()>,
    engines: Engines<'a>,
    /// What is to be said before anything runs.
    notes: Vec<String>,
    began: i64,
    begun: Instant,
}

impl<'a> Ground<'a> {
    fn prepare(
        process: &'a Process,
        run: &'a RunArguments,
        asked: &'a Asked,
        platforms: &'a Platforms,
        state: &std::path::Path,
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
            registry: pinned(actions, pins),
            fetched,
            signals: signals::listen()?,
            engines,
            notes,
            began: clock::now(),
            begun,
        })
    }

    fn record(&self, started: &[Started<'_>]) -> RunRecord {
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

    /// Runs what starts, one workflow after the other, each followed by what waits for it: artifacts and
    /// services of one workflow are none of another's. One whose place in a concurrency group a later one takes
    /// does not run.
    fn all(
        &self,
        started: Vec<Started<'_>>,
        watcher: &mut dyn Observer,
    ) -> anyhow::Result<Completed> {
        let mut whole = Completed {
            jobs: Vec::new(),
            interrupted: false,
            warnings: Vec::new(),
        };
        let followers = self.asked.files.followers();
        let mut waiting = self.plans(started)?;
        let frames = waiting.iter().filter_map(|one| one.plan.frames.first());
        let frames: Vec<&Frame> = frames.map(AsRef::as_ref).collect();
        let mut superseded = VecDeque::from(superseded(&frames));
        let mut kept: Vec<RunFrame> = Vec::new();
        while let Some(planned) = waiting.pop_front() {
            kept.extend(planned.plan.frames.iter().map(|frame| RunFrame::of(frame)));
            match self.history.keep_frames(self.number, &kept) {
                Err(error) if whole.jobs.is_empty() => return Err(error),
                // What has run by now is told in any case.
                Err(error) => whole.warnings.push(error.to_string()),
                Ok(()) => {}
            }
            let offset = if whole.jobs.is_empty() {
                0
            } else {
                self.begun.elapsed().as_millis() as u64
            };
            let completed = match superseded.pop_front().flatten() {
                Some(reason) => cancelled(&planned.plan, &reason),
                None => self.one(&planned, watcher),
            };
            let conclusion = conclusion(&completed);
            whole.warnings.extend(completed.warnings);
            whole.jobs.extend(completed.jobs.into_iter().map(|mut job| {
                job.started_ms += offset;
                job
            }));
            if completed.interrupted {
                whole.interrupted = true;
                break;
            }
            if !self.asked.files.jobs.is_empty() {
                continue;
            }
            let following = self.following(&planned.started, conclusion, followers);
            let following = following.unwrap_or_else(|error| {
                let name = format!("what follows {}", planned.started.file.label);
                whole.jobs.push(not_run(&name, failure_of(error)));
                Vec::new()
            });
            for next in following {
                let (name, prefix) = (next.file.label.clone(), prefix(next.file));
                match self.plan(next, &prefix) {
                    Ok(planned) => waiting.push_back(planned),
                    Err(failure) => whole.jobs.push(not_run(&name, failure)),
                }
            }
        }
        Ok(whole)
    }

    /// Plans the workflows that start; what is wrong with any of them comes before any runs.
    fn plans<'b>(&self, started: Vec<Started<'b>>) -> Result<VecDeque<Planned<'b>>, Failure> {
        let is_many = started.len() > 1;
        let mut plans = VecDeque::new();
        let mut problems = Vec::new();
        for one in started {
            let prefix = if is_many {
                prefix(one.file)
            } else {
                String::new()
            };
            match self.plan(one, &prefix) {
                Ok(planned) => plans.push_back(planned),
                Err(failure) => problems.extend(failure.problems),
            }
        }
        if problems.is_empty() {
            Ok(plans)
        } else {
            Err(mistakes(problems))
        }
    }

    /// Plans a workflow; the prefix stands before the names of its jobs.
    fn plan<'b>(&self, started: Started<'b>, prefix: &str) -> Result<Planned<'b>, Failure> {
        let frame = self.frame(&started, prefix)?;
        let whole =
            plan_frames(vec![frame]).map_err(|error| Failure::from_error(&error, error.hints()))?;
        let plan = self.selected(whole);
        let problems = self.unsupported(&plan);
        if problems.is_empty() {
            Ok(Planned { started, plan })
        } else {
            Err(mistakes(problems))
        }
    }

    fn frame(&self, started: &Started<'_>, prefix: &str) -> Result<Frame, Failure> {
        let candidate = Candidate {
            file: started.file,
            event: started.event.clone(),
            refused: None,
        };
        let context = candidate.context(started.number, &self.run.event)?;
        let mut context = self.asked.complete(context);
        if started.depth == 0 {
            let attempts = context.github.0.iter_mut();
            for (_, attempt) in attempts.filter(|(name, _)| name == "run_attempt") {
                *attempt = Value::from(self.attempt.to_string());
            }
        }
        approvals::ask(
            &started.file.workflow,
            &mut context,
            self.platforms,
            &self.asked.files,
        );
        let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for one in &self.run.choice.matrix {
            wanted
                .entry(one.name.clone())
                .or_default()
                .push(one.value.clone());
        }
        Ok(Frame {
            file: started.file.path.clone(),
            workflow: Arc::new(started.file.workflow.clone()),
            context: Arc::new(context),
            prefix: prefix.to_owned(),
            depth: 1,
            wanted,
        })
    }

    /// Returns the jobs that are asked for, with all that they need.
    fn selected(&self, whole: Plan) -> Plan {
        let ids = &self.asked.files.jobs;
        if ids.is_empty() {
            return whole;
        }
        let is_wanted = |index: &usize| {
            let id = &whole.definition(&whole.jobs[*index]).id;
            ids.iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(id.as_str()))
        };
        let wanted = (0..whole.jobs.len()).filter(is_wanted).collect();
        whole.with_needs(&wanted)
    }

    fn unsupported(&self, plan: &Plan) -> Vec<Problem> {
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
    fn one(&self, planned: &Planned<'_>, watcher: &mut dyn Observer) -> Completed {
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

    /// Returns the workflows that start because another has ended.
    fn following<'b>(
        &self,
        ended: &Started<'_>,
        conclusion: &str,
        followers: &'b [WorkflowFile],
    ) -> anyhow::Result<Vec<Started<'b>>> {
        let mut following = Vec::new();
        if followers.is_empty() || ended.depth == MAX_CHAIN {
            return Ok(following);
        }
        let user = super::user(self.process);
        let run = EndedRun {
            workflow: ended.file.name(),
            path: &ended.file.path,
            conclusion,
            run: ended.number,
            event: &ended.event,
        };
        let event = StartingEvent::after_run(&run, &self.asked.ground(self.run, &user))
            .map_err(|problem| Failure::of(*problem))?;
        for file in followers {
            if let Ok(event) = event.for_workflow(&file.workflow.on) {
                following.push(Started {
                    file,
                    event,
                    number: self.history.next()?,
                    depth: ended.depth + 1,
                });
            }
        }
        Ok(following)
    }
}

/// What stands before the names of a workflow's jobs where several workflows run.
fn prefix(file: &WorkflowFile) -> String {
    format!("{} / ", file.name())
}

/// Returns how a run ended, in the words of `workflow_run`.
fn conclusion(completed: &Completed) -> &'static str {
    let own = || completed.jobs.iter().filter(|job| !job.advisory);
    let any = |wanted: Conclusion| own().any(|job| job.conclusion == wanted);
    if completed.interrupted {
        "cancelled"
    } else if any(Conclusion::Failure) || any(Conclusion::Error) {
        // Copies that end because one failed are cancelled, and the run has failed all the same.
        "failure"
    } else if any(Conclusion::Cancelled) {
        "cancelled"
    } else if completed
        .jobs
        .iter()
        .all(|job| job.conclusion == Conclusion::Skipped)
    {
        "skipped"
    } else {
        "success"
    }
}

/// Returns what becomes of a workflow that is cancelled before it starts.
fn cancelled(plan: &Plan, reason: &str) -> Completed {
    let record = |job: &PlannedJob| JobRecord {
        conclusion: Conclusion::Cancelled,
        reason: reason.to_owned(),
        group: job.group.clone(),
        result: Arc::default(),
        ..not_run(&job.name, Failure::of(Problem::error(reason)))
    };
    Completed {
        jobs: plan.jobs.iter().map(record).collect(),
        interrupted: false,
        warnings: Vec::new(),
    }
}

/// Returns the problems of an error.
fn failure_of(error: anyhow::Error) -> Failure {
    error
        .downcast::<Failure>()
        .unwrap_or_else(|error| Failure::of(Problem::error(format!("{error:#}"))))
}

/// Returns what stands in the report for a workflow that follows another and cannot run.
fn not_run(file: &str, failure: Failure) -> JobRecord {
    JobRecord {
        name: file.to_owned(),
        group: file.to_owned(),
        project: String::new(),
        conclusion: Conclusion::Error,
        reason: String::new(),
        advisory: false,
        result: Arc::new(CheckResult {
            summary: "could not be run".to_owned(),
            errors: failure.problems,
            ..CheckResult::default()
        }),
        reused: None,
        last_pass: None,
        started_ms: 0,
        duration_ms: 0,
        cpu_ms: 0,
        commands: Vec::new(),
        outputs: BTreeMap::new(),
        steps: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_with_a_failure_has_failed_whatever_was_cancelled() {
        use Conclusion::{Cancelled, Error, Failure as Failed, Skipped, Success};
        for (jobs, interrupted, expected) in [
            (&[Cancelled, Failed][..], false, "failure"),
            (&[Cancelled, Error], false, "failure"),
            (&[Failed, Success], true, "cancelled"),
            (&[Success, Cancelled], false, "cancelled"),
            (&[Skipped, Skipped], false, "skipped"),
            (&[Skipped, Success], false, "success"),
        ] {
            let record = |conclusion: &Conclusion| JobRecord {
                conclusion: *conclusion,
                ..not_run("a", Failure::of(Problem::error("x")))
            };
            let completed = Completed {
                jobs: jobs.iter().map(record).collect(),
                interrupted,
                warnings: Vec::new(),
            };
            assert_eq!(conclusion(&completed), expected, "{jobs:?}");
        }
        let allowed = JobRecord {
            conclusion: Failed,
            advisory: true,
            ..not_run("a", Failure::of(Problem::error("x")))
        };
        let completed = Completed {
            jobs: vec![allowed],
            interrupted: false,
            warnings: Vec::new(),
        };
        assert_eq!(conclusion(&completed), "success", "its failure is allowed");
    }
}
