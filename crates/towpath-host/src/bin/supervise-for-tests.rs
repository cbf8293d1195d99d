//! Stands for towpath in tests of the sandbox and the keeper, which cannot use the binary because it is built
//! from this crate: `__supervise` and `__keep` are the hidden commands, `run FILE` and `step FILE` are callers
//! of their own process and user.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use towpath_host::process::{self, Cancel, Keeper, StepCommand};
use towpath_host::sandbox::{self, CommandSpec, JobSandbox, Supervisor};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let mut arguments: VecDeque<&str> = arguments.iter().map(String::as_str).collect();
    let program = arguments.pop_front().unwrap_or_default();
    match (arguments.pop_front(), arguments.pop_front()) {
        (Some("__supervise"), None) => sandbox::supervise(),
        (Some("__keep"), None) => process::keep(),
        (Some("detect"), None) => {
            let level = sandbox::detect(Path::new(program));
            report(writeln!(io::stdout(), "{level}"))
        }
        (Some("run"), Some(file)) => report(run(Path::new(program), Path::new(file))),
        (Some("step"), Some(file)) => report(step(Path::new(program), Path::new(file))),
        _ => report(Err(io::Error::other(
            "usage: __supervise | __keep | detect | run FILE | step FILE",
        ))),
    }
}

/// Runs a command in a sandbox, both described in a JSON file, and prints its output, then its outcome
/// and what was seen as a line of JSON each.
fn run(program: &Path, file: &Path) -> io::Result<()> {
    let text = fs_err::read(file)?;
    let (sandbox, command): (JobSandbox, CommandSpec) = serde_json::from_slice(&text)?;
    let mut supervisor = Supervisor::start(program, &sandbox).map_err(io::Error::other)?;
    let mut shown = Ok(());
    let mut show = |lines: &[u8]| {
        if let Err(error) = io::stdout().write_all(lines) {
            shown = Err(error);
        }
    };
    let outcome = supervisor
        .run(&command, &Cancel::new(), &mut show)
        .map_err(io::Error::other)?;
    shown?;
    let observation = supervisor.finish().map_err(io::Error::other)?;
    writeln!(io::stdout(), "{}", serde_json::to_string(&outcome)?)?;
    writeln!(io::stdout(), "{}", serde_json::to_string(&observation)?)
}

/// Runs a step's command, described in a JSON file, and prints its output.
fn step(program: &Path, file: &Path) -> io::Result<()> {
    let command: StepCommand = serde_json::from_slice(&fs_err::read(file)?)?;
    let keeper = Keeper::start(program).map_err(io::Error::other)?;
    let mut shown = Ok(());
    let mut show = |lines: &[u8]| {
        if let Err(error) = io::stdout().write_all(lines) {
            shown = Err(error);
        }
    };
    keeper
        .run(&command, &Cancel::new(), &mut show)
        .map_err(io::Error::other)?;
    shown
}

fn report(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
