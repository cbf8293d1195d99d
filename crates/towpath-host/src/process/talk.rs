//! The keeper's end of a conversation, and the step that it is about.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::cancel::Stop;
use super::conversation::{Event, Request};
use super::ending::{Ending, Grace};
use super::frames;
use super::launch::{find_program, not_started};
use super::model::{CommandEnd, StepCommand, StepEnd, TRACKING};

/// What GitHub's runner grants a step.
const GRACE: Grace = Grace {
    after_interrupt: Duration::from_millis(7500),
    after_terminate: Duration::from_millis(2500),
};

/// The keeper's end of a conversation.
pub(super) struct Talk {
    pub(super) stream: File,
    received: Vec<u8>,
    /// For the command that is to be run.
    output: Option<OwnedFd>,
    pub(super) step: Option<Step>,
    pub(super) is_over: bool,
}

/// A step that runs, or whose output is still read.
pub(super) struct Step {
    pub(super) ending: Ending,
    job: Option<String>,
    /// Its output, kept open up to its end, so that towpath is not woken twice for it.
    output: Option<OwnedFd>,
    started: Instant,
    is_released: bool,
}

impl Talk {
    /// Opens a conversation, with the writing end of the output of the command that is to follow.
    pub(super) fn new(stream: OwnedFd, output: Option<OwnedFd>) -> Self {
        Self {
            stream: File::from(stream),
            received: Vec::new(),
            output,
            step: None,
            is_over: false,
        }
    }

    /// Reads what towpath says; it ends the conversation by leaving.
    pub(super) fn listen(&mut self, piece: &mut [u8]) -> io::Result<Vec<Request<StepCommand>>> {
        let length = self.stream.read(piece)?;
        if length == 0 {
            self.end();
        }
        self.received
            .extend_from_slice(piece.get(..length).unwrap_or_default());
        let mut requests = Vec::new();
        while let Some(request) = frames::take_message(&mut self.received)? {
            requests.push(request);
        }
        Ok(requests)
    }

    /// Says something. Who does not hear it is gone, which is noticed on listening.
    pub(super) fn tell(&mut self, event: &Event) {
        if let Ok(frame) = frames::message(event) {
            let _ = self.stream.write_all(&frame);
        }
    }

    pub(super) fn run(&mut self, command: &StepCommand) {
        let started = Instant::now();
        match start(command, self.output.take()) {
            Ok((process, output)) => {
                self.step = Some(Step {
                    job: command.environment.get(TRACKING).cloned(),
                    output: Some(output),
                    ending: Ending::new(process, started, command.timeout, GRACE),
                    started,
                    is_released: false,
                });
            }
            Err(reason) => self.tell(&Event::Ended(StepEnd {
                end: CommandEnd::NotStarted(reason),
                wall_ms: 0,
                cpu_ms: 0,
                left_none: false,
            })),
        }
    }

    pub(super) fn stop(&mut self, stop: Stop) {
        if let Some(step) = &mut self.step {
            step.ending.stop(stop);
        }
    }

    /// Returns the job of its command, while that runs.
    pub(super) fn running_job(&self) -> Option<&str> {
        let step = self.step.as_ref()?;
        step.job.as_deref().filter(|_| !step.ending.has_ended())
    }

    /// Sends signals that are due, and says when output is not to be awaited any longer.
    pub(super) fn advance(&mut self) {
        let Some(step) = &mut self.step else {
            return;
        };
        step.ending.send_due_signals();
        let is_killed = step
            .ending
            .kill_at()
            .is_some_and(|moment| moment <= Instant::now());
        if is_killed && step.ending.has_ended() && !step.is_released {
            step.is_released = true;
            self.tell(&Event::Released);
        }
    }

    /// Ends the conversation, and what of its command was to end or is nobody's any more.
    pub(super) fn end(&mut self) {
        self.is_over = true;
        if let Some(step) = &mut self.step {
            if !step.ending.has_ended() {
                step.ending.stop(Stop::Kill);
            }
            step.ending.kill_rest();
        }
    }
}

impl Step {
    /// Notes that its main process has ended, and returns what is to be told.
    pub(super) fn end(&mut self, cpu_us: u64, left_none: bool) -> StepEnd {
        self.output = None;
        StepEnd {
            end: self.ending.end(),
            wall_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            cpu_ms: cpu_us / 1000,
            left_none,
        }
    }
}

/// Starts a command and gives its output back; an error is one sentence for the user.
fn start(spec: &StepCommand, output: Option<OwnedFd>) -> Result<(Pid, OwnedFd), String> {
    let program = find_program(&spec.arguments, &spec.environment, &spec.folder)?;
    let output = output.ok_or("it has nowhere to print to")?;
    let same = || {
        output
            .try_clone()
            .map_err(|error| format!("cannot share the pipe for its output: {error}"))
    };
    let mut command = Command::new(&program);
    command
        .env_clear()
        .envs(&spec.environment)
        .current_dir(&spec.folder)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(same()?)
        .stderr(same()?);
    if let Some((name, arguments)) = spec.arguments.split_first() {
        command.arg0(name).args(arguments);
    }
    let child = command
        .spawn()
        .map_err(|error| not_started(&program, &spec.folder, &spec.environment, &error))?;
    Ok((Pid::from_raw(child.id().cast_signed()), output))
}
