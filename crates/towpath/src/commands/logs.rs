//! `towpath logs`: what the processes of a job printed in its last run.

use anyhow::Context;
use towpath_report::{Problem, RunRecord};

use crate::arguments::{GlobalArguments, LogsArguments};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::history::History;
use crate::output;
use crate::process::Process;

pub(super) fn run(
    process: &Process,
    global: &GlobalArguments,
    logs: &LogsArguments,
) -> anyhow::Result<ExitCode> {
    let state = super::state(process, global)?;
    let history = History::of(&state);
    let Some(last) = history.last()? else {
        return Err(Failure::of(
            Problem::error("nothing has run here yet").with_hint("`towpath ci` runs the pipeline"),
        )
        .into());
    };
    let wanted = logs.job.join(" ");
    if wanted.is_empty() {
        let names: Vec<String> = last
            .jobs
            .iter()
            .map(|job| format!("{}\n", job.name))
            .collect();
        output::print(&names.concat());
        return Ok(ExitCode::Passed);
    }
    let job = last
        .jobs
        .iter()
        .find(|job| job.name == wanted)
        .or_else(|| last.jobs.iter().find(|job| job.group == wanted))
        .ok_or_else(|| unknown(&wanted, &last))?;
    let run = job.reused.as_ref().map_or(last.run, |reused| reused.run);
    let path = history.log(run, &job.name);
    if !path.exists() {
        return Err(Failure::of(
            Problem::error(format!("`{}` kept no log in run {run}", job.name))
                .with_hint("`towpath ci --force` runs it again"),
        )
        .into());
    }
    let bytes = fs_err::read(&path).context("cannot read the log")?;
    output::print(&String::from_utf8_lossy(&bytes));
    Ok(ExitCode::Passed)
}

fn unknown(wanted: &str, last: &RunRecord) -> Failure {
    let names: Vec<String> = last
        .jobs
        .iter()
        .map(|job| format!("`{}`", job.name))
        .collect();
    Failure::of(
        Problem::error(format!("run {} has no job `{wanted}`", last.run))
            .with_hint(format!("its jobs are {}", names.join(", "))),
    )
}
