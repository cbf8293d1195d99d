//! Runs a command to its end and tells what it and all its children cost.

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// What one run cost, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
}

/// Runs a command in a folder; its output is thrown away, its exit code must be 0.
pub(crate) fn run(
    command: &[String],
    folder: &Path,
    variables: &[(String, String)],
) -> Result<Cost, Box<dyn Error>> {
    let before = children_seconds()?;
    let begun = Instant::now();
    let (program, arguments) = command.split_first().ok_or("a command has a program")?;
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .envs(variables.iter().cloned())
        .stdin(Stdio::null())
        .output()?;
    let wall = begun.elapsed().as_secs_f64();
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let from = said.len().saturating_sub(3000);
        let tail = said.get(from..).unwrap_or(&said);
        return Err(format!(
            "{} ended with {}:\n{tail}",
            command.join(" "),
            output.status
        )
        .into());
    }
    Ok(Cost {
        wall,
        cpu: children_seconds()? - before,
    })
}

fn children_seconds() -> Result<f64, Box<dyn Error>> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(micros as f64 / 1e6)
}

/// Returns the middle of a figure of several runs.
pub(crate) fn median(costs: &[Cost], figure: impl Fn(&Cost) -> f64) -> f64 {
    let mut figures: Vec<f64> = costs.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
