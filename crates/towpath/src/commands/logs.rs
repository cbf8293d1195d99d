//! `towpath logs`: what the processes of a job printed the last time it ran.

use std::io::IsTerminal as _;

use anyhow::Context;
use towpath_report::text::coloured;
use towpath_report::{Conclusion, JobRecord, Problem};

use crate::arguments::{GlobalArguments, LogsArguments, as_argument};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::history::{History, worked_in};
use crate::nearest;
use crate::output;
use crate::process::Process;

pub(super) fn run(
    process: &Process,
    global: &GlobalArguments,
    logs: &LogsArguments,
) -> anyhow::Result<ExitCode> {
    let state = super::state(process, global)?;
    let history = History::of(&state);
    let jobs = newest_jobs(&history)?;
    let starts = history.starts()?;
    let log = |run: u64, job: &JobRecord| {
        let worked = worked_in(run, job, &starts)?;
        Some(history.log(worked, &job.name)).filter(|path| path.exists())
    };
    if jobs.is_empty() {
        return Err(Failure::of(
            Problem::error("nothing has run here yet").with_hint("`towpath ci` runs the pipeline"),
        )
        .into());
    }
    let wanted = logs.job.join(" ");
    if wanted.is_empty() {
        let with_log = jobs.iter().filter(|(run, job)| log(*run, job).is_some());
        let names: Vec<String> = with_log.map(|(_, job)| format!("{}\n", job.name)).collect();
        output::print(&names.concat())?;
        return Ok(ExitCode::Passed);
    }
    let (run, job) = jobs
        .iter()
        .find(|(_, job)| job.name == wanted)
        .or_else(|| jobs.iter().find(|(_, job)| job.group == wanted))
        .ok_or_else(|| unknown(&wanted, &jobs))?;
    let Some(path) = log(*run, job) else {
        return Err(without_log(*run, job).into());
    };
    let bytes = fs_err::read(&path).context("cannot read the log")?;
    let text = String::from_utf8_lossy(&bytes);
    if std::io::stdout().is_terminal() {
        output::print(&coloured(&text))?;
    } else {
        output::print(&text)?;
    }
    Ok(ExitCode::Passed)
}

/// The jobs of the kept runs, each as the newest run has it.
fn newest_jobs(history: &History) -> anyhow::Result<Vec<(u64, JobRecord)>> {
    let mut jobs: Vec<(u64, JobRecord)> = Vec::new();
    for record in history.records()? {
        for job in record.jobs {
            if !jobs.iter().any(|(_, known)| known.name == job.name) {
                jobs.push((record.run, job));
            }
        }
    }
    Ok(jobs)
}

fn without_log(run: u64, job: &JobRecord) -> Failure {
    let name = &job.name;
    let argument = as_argument(name);
    let again = format!("`towpath check {} --force` runs it again", job.group);
    let problem = match (&job.reused, job.conclusion) {
        (_, Conclusion::Skipped) => {
            Problem::error(format!("`{name}` was skipped in run {run}: {}", job.reason))
                .with_hint(format!("`towpath explain {argument}` says more"))
        }
        (_, Conclusion::Cancelled) => Problem::error(format!(
            "`{name}` had not started when run {run} was interrupted"
        ))
        .with_hint("`towpath ci` continues"),
        (_, _) if job.commands.is_empty() => Problem::error(format!(
            "`{name}` started no process in run {run}, so it has no log"
        ))
        .with_hint(format!(
            "`towpath explain {argument}` says what it found last"
        )),
        (Some(reused), _) => Problem::error(format!(
            "`{name}` was reused from a run of {}, whose log is not kept here",
            output::moment(reused.at)
        ))
        .with_hint(again),
        (None, _) => {
            Problem::error(format!("`{name}` printed nothing in run {run}")).with_hint(again)
        }
    };
    Failure::of(problem)
}

fn unknown(wanted: &str, jobs: &[(u64, JobRecord)]) -> Failure {
    let names: Vec<&str> = jobs.iter().map(|(_, job)| job.name.as_str()).collect();
    Failure::of(
        Problem::error(format!("no run has had a job `{wanted}`")).with_hint(nearest::hint(
            wanted,
            &names,
            "the jobs are",
        )),
    )
}
