//! The `towpath` command: arguments in, a call to the layers below, a report and an exit code out.
//!
//! Owns the command line, the settings joined from all crates, and the terminal. Holds no logic of
//! its own: what is checked, planned and run is decided in the crates below.

pub mod arguments;
mod asked;
mod changed_lines;
pub mod command_reference;
mod commands;
pub mod context_reference;
pub mod exit_code;
mod failure;
mod header;
mod history;
mod nearest;
mod output;
mod process;
mod reports;
mod repository;
mod run;
mod selection;
pub mod settings;
pub mod settings_reference;
mod signals;
pub mod terminal;

use std::io::IsTerminal;
use std::process::ExitCode as ProcessExitCode;

use towpath_report::Problem;

use arguments::Arguments;
use exit_code::ExitCode;
use failure::Failure;
use process::Process;

/// Runs the program and returns its exit code.
pub fn main() -> ProcessExitCode {
    let process = match Process::read() {
        Ok(process) => process,
        Err(error) => return report_unreadable(&error),
    };
    // What holds the processes of others must be quick and must not look at anything else.
    match process
        .arguments
        .get(1)
        .and_then(|argument| argument.to_str())
    {
        Some("__supervise") => return towpath_host::sandbox::supervise(),
        Some("__keep") => return towpath_host::process::keep(),
        _ => {}
    }
    start_log(&process);
    if let Err(error) = signals::survive_size_limit() {
        tracing::debug!(%error, "a limit of the size of files ends towpath");
    }
    let is_terminal = std::io::stdout().is_terminal();
    let arguments = match arguments::parse(
        process.arguments.iter().cloned(),
        &process.environment,
        is_terminal,
    ) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are errors to the parser; printing them may fail only with the stream.
            let _ = error.print();
            return ProcessExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match commands::run(&process, &arguments) {
        Ok(code) => code.into(),
        Err(error) => report(&process, &arguments, error),
    }
}

fn report(process: &Process, arguments: &Arguments, error: anyhow::Error) -> ProcessExitCode {
    let failure = error.downcast::<Failure>().unwrap_or_else(|error| {
        let message: Vec<String> = error.chain().map(ToString::to_string).collect();
        Failure::of(Problem::error(message.join(": ")).with_hint(hint(&error)))
    });
    output::print_failure(
        &failure,
        &run::surroundings(process, arguments.global.color),
    );
    ExitCode::Unable.into()
}

/// What to do about an error that only names its causes.
fn hint(error: &anyhow::Error) -> &'static str {
    use std::io::ErrorKind;
    let kind = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind);
    match kind {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            "free space on the disk; `towpath cache clean` removes what was not used for 30 days"
        }
        Some(ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            "allow writing there, or set `TOWPATH_STATE_DIR` and `TOWPATH_CACHE_DIR` to folders \
             that can be written"
        }
        Some(ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory) => {
            "check the path"
        }
        _ => "`TOWPATH_LOG=debug` tells what led to this",
    }
}

fn report_unreadable(error: &anyhow::Error) -> ProcessExitCode {
    use std::io::Write;
    let _ = writeln!(
        std::io::stderr(),
        "error: {error:#}\nhint: change to a folder that exists"
    );
    ExitCode::Unable.into()
}

/// Decisions and data for developers, on standard error, when `TOWPATH_LOG` asks for them.
fn start_log(process: &Process) {
    let Some(filter) = process.environment.get("TOWPATH_LOG") else {
        return;
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .init();
}
