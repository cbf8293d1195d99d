//! Starting one command: finding its program and handing it its environment, folder and output.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Instant;

use nix::unistd::Pid;
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl, openat};

use super::super::model::{CommandSpec, JobSandbox, Level};
use super::build::{BuildError, step, step_at};
use super::restrict;
use crate::process::launch::{find_program, not_started};

/// A command that was started.
pub(super) struct Started {
    pub(super) process: Pid,
    pub(super) output: PipeReader,
    /// Before it was, so that no time of its own is lost.
    pub(super) at: Instant,
}

/// Starts commands under the sandbox's rules.
pub(super) struct Launcher {
    scratch: PathBuf,
    /// Variables that have other values than the caller says.
    variables: BTreeMap<&'static str, PathBuf>,
    restricted: Option<Restricted>,
}

/// A thread under rules that bind it for good; what it starts is bound as well.
struct Restricted {
    commands: Sender<Command>,
    processes: Receiver<io::Result<u32>>,
}

impl Launcher {
    /// Prepares the private folders and rules that commands need where there are no namespaces.
    pub(super) fn new(sandbox: &JobSandbox) -> Result<Self, BuildError> {
        let mut launcher = Self {
            scratch: sandbox.scratch.clone(),
            variables: BTreeMap::new(),
            restricted: None,
        };
        if sandbox.level == Level::Namespaces {
            return Ok(launcher);
        }
        for (variable, name) in [("HOME", "home"), ("TMPDIR", "tmp")] {
            let folder = sandbox.scratch.join(name);
            fs::create_dir_all(&folder).map_err(step_at("make", &folder))?;
            launcher.variables.insert(variable, folder);
        }
        if sandbox.level == Level::LandlockSeccomp {
            let private = launcher.variables.values().cloned().collect();
            launcher.restricted = Some(Restricted::start(sandbox.clone(), private)?);
        }
        Ok(launcher)
    }

    /// Starts a command; an error is one sentence for the user.
    pub(super) fn start(&self, spec: &CommandSpec, scratch: &File) -> Result<Started, String> {
        let program = find_program(&spec.arguments, &spec.environment, &spec.folder)?;
        let (output, writer) = output_pipe().map_err(|error| no_pipe(&error))?;
        let mut command = Command::new(&program);
        command
            .env_clear()
            .envs(&spec.environment)
            .envs(&self.variables)
            .current_dir(&spec.folder)
            .process_group(0)
            .stdin(Stdio::null());
        if let Some((name, arguments)) = spec.arguments.split_first() {
            command.arg0(name).args(arguments);
        }
        match &spec.stdout_file {
            Some(path) => command.stdout(self.stdout_file(path, scratch)?),
            None => command.stdout(writer.try_clone().map_err(|error| no_pipe(&error))?),
        };
        command.stderr(writer);
        let at = Instant::now();
        let process = match &self.restricted {
            Some(restricted) => restricted.spawn(command),
            None => command.spawn().map(|child| child.id()),
        }
        .map_err(|error| not_started(&program, &spec.folder, &spec.environment, &error))?;
        Ok(Started {
            process: Pid::from_raw(process.cast_signed()),
            output,
            at,
        })
    }

    /// Makes a file in the scratch folder, which a closed root shows to nobody else.
    fn stdout_file(&self, path: &Path, scratch: &File) -> Result<OwnedFd, String> {
        let relative = path.strip_prefix(&self.scratch).map_err(|_| {
            format!(
                "its output cannot go to `{}`, outside the sandbox",
                path.display()
            )
        })?;
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::TRUNC | OFlags::CLOEXEC;
        openat(scratch, relative, flags, Mode::from_raw_mode(0o644))
            .map_err(|error| format!("cannot write its output to `{}`: {error}", path.display()))
    }
}

impl Restricted {
    fn start(sandbox: JobSandbox, private: Vec<PathBuf>) -> Result<Self, BuildError> {
        let (commands, to_start) = mpsc::channel::<Command>();
        let (started, processes) = mpsc::channel();
        let (ready, is_ready) = mpsc::channel();
        thread::Builder::new()
            .name("restricted".to_owned())
            .spawn(move || {
                let result = restrict::restrict(&sandbox, &private);
                let is_bound = result.is_ok();
                // A receiver that is gone means that the supervisor ends.
                if ready.send(result).is_err() || !is_bound {
                    return;
                }
                for mut command in to_start {
                    if started
                        .send(command.spawn().map(|child| child.id()))
                        .is_err()
                    {
                        return;
                    }
                }
            })
            .map_err(step("start a thread"))?;
        is_ready.recv().map_err(step("close the sandbox"))??;
        Ok(Self {
            commands,
            processes,
        })
    }

    fn spawn(&self, command: Command) -> io::Result<u32> {
        let ended = || io::Error::other("the thread that starts commands ended");
        self.commands.send(command).map_err(|_| ended())?;
        self.processes.recv().map_err(|_| ended())?
    }
}

/// Returns a pipe whose reading end, which commands do not share, never waits.
fn output_pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    fcntl_setfl(&reader, fcntl_getfl(&reader)? | OFlags::NONBLOCK)?;
    Ok((reader, writer))
}

fn no_pipe(error: &io::Error) -> String {
    format!("cannot make a pipe for its output: {error}")
}
