//! `towpath/check` as a step of a workflow: what `towpath check NAME` does, on what the job has checked out.

use std::collections::BTreeMap;
use std::path::Path;

use towpath_actions::check;
use towpath_host::folders::Folders;
use towpath_report::{CheckResult, Conclusion, JobRecord, Problem, RunEvent, RunRecord, Verdict};
use towpath_runner::{Action, JobContext, Observer, Outcome, StepContext, StepInputs};

use crate::arguments::{ExecutionArguments, ReportArguments, ReportFormat};
use crate::asked::Asked;
use crate::failure::Failure;
use crate::history::History;
use crate::process::Process;
use crate::run::{Ground, perform_watched};
use crate::terminal::ColorChoice;

/// The folder in that of temporary files that holds the state of the job's checks.
const STATE: &str = "_towpath";

/// The action, for one command.
pub(super) struct CheckStep<'a> {
    /// What towpath was started with.
    pub(super) process: &'a Process,
    /// Where its cache lies.
    pub(super) folders: &'a Folders,
}

impl Action for CheckStep<'_> {
    fn name(&self) -> &'static str {
        check::NAME
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        check::VERSIONS.accept(check::NAME, version)
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        let done = match context.step {
            Some(step) => self.perform(inputs, context, step),
            None => Err(Failure::of(Problem::error("there is no workspace")).into()),
        };
        match done {
            Ok(record) => outcome(record),
            Err(error) => {
                let failure = error
                    .downcast::<Failure>()
                    .unwrap_or_else(|error| Failure::of(Problem::error(format!("{error:#}"))));
                let result = CheckResult {
                    errors: failure.problems,
                    failed: true,
                    ..CheckResult::default()
                };
                Outcome::ended(Conclusion::Error, result)
            }
        }
    }
}

impl CheckStep<'_> {
    /// Runs the check with all that it needs and passes on what it said.
    fn perform(
        &self,
        inputs: &StepInputs,
        context: &JobContext<'_>,
        step: &StepContext<'_>,
    ) -> anyhow::Result<RunRecord> {
        let named = inputs.get("check").trim();
        refuse_unclear(named, step.workspace)?;
        let folders = self.folders.with_state(step.temp.join(STATE));
        let process = self
            .process
            .within(step.workspace, self.variables(step), folders);
        let execution = ExecutionArguments {
            force: false,
            jobs: None,
            offline: false,
            no_sandbox: false,
            verify: false,
            config: None,
        };
        let report = ReportArguments {
            reports: Vec::new(),
            format: ReportFormat::Text,
            quiet: true,
            verbose: false,
        };
        let given = |name| {
            let input = inputs.get(name).trim();
            let input = (!input.is_empty()).then(|| input.to_owned());
            input.into_iter().collect::<Vec<String>>()
        };
        let asked = Asked {
            folder: step.workspace.to_owned(),
            color: ColorChoice::Never,
            execution: &execution,
            report: &report,
            pythons: &given("python"),
            projects: &given("project"),
            check: Some(named),
            failed: false,
            changed_since: None,
        };
        let ground = Ground::prepare(&process, step.workspace, &execution)?;
        let (sender, signals) = crossbeam_channel::unbounded();
        let tell = move || {
            // Who no longer listens has ended.
            let _ = sender.send(());
        };
        let performed = context.cancel.as_signals(tell, || {
            perform_watched(&process, &asked, &ground, || Ok(signals), |_| Told(context))
        });
        let (mut record, warnings) = performed?;
        record.notes = warnings;
        tell_logs(&History::of(&ground.repository.state), &record, context);
        Ok(record)
    }

    /// Returns the user's own variables and those of the step; the job's empty home would hide the
    /// interpreters and the package index that are here.
    fn variables(&self, step: &StepContext<'_>) -> BTreeMap<String, String> {
        let mut variables = self.process.environment.clone();
        let own = step.environment.iter();
        let own = own.filter(|(name, _)| !["HOME", "TMPDIR"].contains(&name.as_str()));
        variables.extend(own.map(|(name, value)| (name.clone(), value.clone())));
        variables
    }
}

/// Refuses a step that names no check, or that comes before the checkout.
fn refuse_unclear(named: &str, workspace: &Path) -> Result<(), Failure> {
    if named.is_empty() {
        let names = towpath_standard::CHECKS.iter().map(|check| check.name());
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        let hint = format!(
            "write `with: {{check: NAME}}`; the checks are {}",
            names.join(", ")
        );
        return Err(Failure::of(
            Problem::error("the input `check` is missing").with_hint(hint),
        ));
    }
    if fs_err::read_dir(workspace).is_ok_and(|mut entries| entries.next().is_none()) {
        return Err(Failure::of(
            Problem::error("the workspace is empty, so there is nothing to check").with_hint(
                "check the repository out before this step: `uses: actions/checkout@v4`",
            ),
        ));
    }
    Ok(())
}

/// Tells who watches the job what its checks do.
struct Told<'a>(&'a JobContext<'a>);

impl Observer for Told<'_> {
    fn event(&mut self, event: &RunEvent) {
        if let RunEvent::JobStarted { job, .. } = event {
            self.0.progress.doing(job);
        } else if let RunEvent::JobProgress { job, text } = event {
            self.0.progress.doing(&format!("{job}: {text}"));
        }
    }
}

/// Passes on all that the tools printed, check by check.
fn tell_logs(runs: &History, record: &RunRecord, context: &JobContext<'_>) {
    for job in &record.jobs {
        let words = if job.reason.is_empty() {
            &job.result.summary
        } else {
            &job.reason
        };
        context.progress.output(&format!("# {}: {words}", job.name));
        // A check that started nothing has no log.
        let log = fs_err::read(runs.log(record.run, &job.name)).unwrap_or_default();
        for line in String::from_utf8_lossy(&log).lines() {
            context.progress.output(line);
        }
    }
}

/// Returns what the jobs of the check came to, as the outcome of one step.
fn outcome(record: RunRecord) -> Outcome {
    let conclusion = match record.verdict {
        Verdict::Passed => Conclusion::Success,
        Verdict::Failed => Conclusion::Failure,
        Verdict::Error => Conclusion::Error,
        Verdict::Interrupted => Conclusion::Cancelled,
    };
    let mut result = CheckResult {
        notes: record.notes,
        failed: conclusion == Conclusion::Failure,
        summary: summary(&record.jobs),
        ..CheckResult::default()
    };
    let (mut cpu_ms, mut commands) = (0, Vec::new());
    for job in record.jobs {
        cpu_ms += job.cpu_ms;
        commands.extend(job.commands);
        let found = std::sync::Arc::unwrap_or_clone(job.result);
        result
            .findings
            .extend(found.findings.into_iter().map(|mut finding| {
                finding.blocking &= !job.advisory;
                finding
            }));
        result.tests.extend(found.tests);
        result.coverage = found.coverage.or(result.coverage);
        result.notes.extend(found.notes);
        result.errors.extend(found.errors);
        result.artifacts.extend(found.artifacts);
    }
    let mut outcome = Outcome::ended(conclusion, result);
    outcome.cpu_ms = cpu_ms;
    outcome.commands = commands;
    outcome
}

/// Returns what each job found, those that did not pass alone where there are any.
fn summary(jobs: &[JobRecord]) -> String {
    let is_red = |job: &&JobRecord| {
        matches!(job.conclusion, Conclusion::Failure | Conclusion::Error) && !job.advisory
    };
    let mut told: Vec<&JobRecord> = jobs.iter().filter(is_red).collect();
    if told.is_empty() {
        told = jobs.iter().collect();
    }
    let words = told.iter().map(|job| match job.conclusion {
        Conclusion::Skipped => format!("{}: skipped, {}", job.name, job.reason),
        _ => format!("{}: {}", job.name, job.result.summary),
    });
    words.collect::<Vec<String>>().join("; ")
}
