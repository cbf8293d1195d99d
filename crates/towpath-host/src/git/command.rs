//! How git is started: with its configuration of the user and the system, but so that nothing in the
//! repository can make it run a program, and so that its output is for machines.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process_group};

use super::Error;
use crate::process::{Cancel, Stop};

/// Variables that point git at another repository or change its output; callers such as git hooks set them.
const REMOVED: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DEFAULT_HASH",
    "GIT_DIFF_OPTS",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_WORK_TREE",
];

/// Settings of a repository that start programs, or that change what is parsed.
const OVERRIDES: &[&str] = &[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.quotePath=false",
    "core.alternateRefsCommand=",
    "color.ui=false",
    "diff.external=",
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    "diff.relative=false",
    "diff.interHunkContext=0",
    "diff.submodule=short",
    "log.showSignature=false",
    "status.relativePaths=false",
    "submodule.recurse=false",
];

/// A variable that is set to nothing for git.
const EMPTY: &str = "TOWPATH_GIT_EMPTY";

/// Returns `git` with everything but the subcommand, for the repository at `top_level`.
pub(super) fn command(top_level: &Path, emptied: &[String]) -> Command {
    let mut command = Command::new("git");
    for name in REMOVED {
        command.env_remove(name);
    }
    command
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_PAGER", "cat")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .arg("-C")
        .arg(top_level)
        .arg("--no-pager");
    for setting in OVERRIDES {
        command.arg("-c").arg(setting);
    }
    // Unlike `-c`, this form can name a key that holds an equals sign.
    command.env(EMPTY, "");
    for key in emptied {
        command.arg(format!("--config-env={key}={EMPTY}"));
    }
    command
}

/// Runs git and returns its output whatever its exit code.
pub(super) fn output<S: AsRef<OsStr>>(
    top_level: &Path,
    emptied: &[String],
    arguments: &[S],
) -> Result<Output, Error> {
    let mut command = command(top_level, emptied);
    command.args(arguments);
    start(command, top_level)
}

/// Runs git and returns its standard output; an exit code other than 0 is an error.
pub(super) fn run<S: AsRef<OsStr>>(
    top_level: &Path,
    emptied: &[String],
    arguments: &[S],
) -> Result<Vec<u8>, Error> {
    let mut command = command(top_level, emptied);
    command.args(arguments);
    let name = arguments
        .first()
        .map(|name| name.as_ref().to_string_lossy().into_owned());
    finished(command, &name.unwrap_or_default(), top_level)
}

/// Runs a command of git, `name`, that is complete, and returns its standard output; an exit code other
/// than 0 is an error.
pub(super) fn finished(command: Command, name: &str, top_level: &Path) -> Result<Vec<u8>, Error> {
    let output = start(command, top_level)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Error::from_output(name, top_level, &output.stderr))
}

/// Does the same with what it says thrown away, and ends git, with the filters that it started, on a wish.
pub(super) fn finished_unless(
    mut command: Command,
    name: &str,
    top_level: &Path,
    cancel: &Cancel,
) -> Result<(), Error> {
    command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let child = command
        .spawn()
        .map_err(|source| not_started(source, top_level))?;
    let group = Pid::from_child(&child);
    let listening = cancel.listen(Arc::new(move |stop| {
        let signal = match stop {
            Stop::Interrupt => Signal::TERM,
            Stop::Kill => Signal::KILL,
        };
        // One that has ended needs no signal.
        let _ = kill_process_group(group, signal);
    }));
    let output = child.wait_with_output();
    drop(listening);
    let output = output.map_err(|source| not_started(source, top_level))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::from_output(name, top_level, &output.stderr))
}

fn start(mut command: Command, top_level: &Path) -> Result<Output, Error> {
    command
        .output()
        .map_err(|source| not_started(source, top_level))
}

fn not_started(source: std::io::Error, top_level: &Path) -> Error {
    match source.kind() {
        std::io::ErrorKind::NotFound => Error::NotInstalled {
            top_level: top_level.to_owned(),
        },
        _ => Error::NotStarted { source },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_asked_to_end_ends_with_all_that_it_started() {
        let cancel = Cancel::new();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & wait"]);
        let done = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(100));
                cancel.cancel();
            });
            finished_unless(command, "sh", Path::new("."), &cancel)
        });
        assert!(done.is_err(), "long before the minute is over");
    }
}
