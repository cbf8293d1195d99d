//! The one command that runs: its clock, its ending, its cost.

use std::io::{self, PipeReader, Read};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use super::super::model::{CommandEnd, CommandOutcome};
use super::command::Started;

/// How long output is awaited that others than the main process may still write.
const DRAIN: Duration = Duration::from_secs(5);
/// What INT did not end in this time gets TERM. With the next one this leaves one second of the ten in
/// which a run has to end.
const AFTER_INTERRUPT: Duration = Duration::from_secs(7);
/// What TERM did not end in this time gets KILL.
const AFTER_TERMINATE: Duration = Duration::from_secs(2);

/// How to stop a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// With time to clean up.
    Interrupt,
    /// At once.
    Kill,
}

/// A running command.
pub(super) struct Running {
    process: Pid,
    output: Option<PipeReader>,
    started: Instant,
    usage_before: Option<Usage>,
    /// When its time is up.
    deadline: Option<Instant>,
    /// Why it is being ended.
    stopped_as: Option<CommandEnd>,
    /// The next signal, and when it is due.
    next_signal: Option<(Instant, Signal)>,
    /// When KILL is due at the latest, once it is being ended.
    kill_at: Option<Instant>,
    exit: Option<CommandEnd>,
    drained_at: Option<Instant>,
}

impl Running {
    pub(super) fn new(started: Started, timeout: Option<Duration>) -> Self {
        let now = started.at;
        Self {
            process: started.process,
            output: Some(started.output),
            started: now,
            usage_before: getrusage(UsageWho::RUSAGE_CHILDREN).ok(),
            deadline: timeout.and_then(|timeout| now.checked_add(timeout)),
            stopped_as: None,
            next_signal: None,
            kill_at: None,
            exit: None,
            drained_at: None,
        }
    }

    /// Returns the pipe of its output until that has ended.
    pub(super) fn output(&self) -> Option<&PipeReader> {
        self.output.as_ref()
    }

    /// Reads a piece of output and returns its length: none when there is no more for now, or ever.
    pub(super) fn read_output(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        let Some(output) = &mut self.output else {
            return Ok(0);
        };
        match output.read(piece) {
            Ok(0) => {
                self.output = None;
                Ok(0)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            other => other,
        }
    }

    /// Returns when something is to be done without any event.
    pub(super) fn next_moment(&self) -> Option<Instant> {
        let signal = self.next_signal.map(|(moment, _)| moment);
        let moments = if self.exit.is_some() {
            [self.drained_at, signal]
        } else {
            [self.deadline, signal]
        };
        moments.into_iter().flatten().min()
    }

    /// Notes that a process ended; it may be any below the supervisor.
    pub(super) fn note_ended(&mut self, status: &WaitStatus) {
        let end = match *status {
            WaitStatus::Exited(process, code) if process == self.process => {
                CommandEnd::Exited(code)
            }
            WaitStatus::Signaled(process, signal, _) if process == self.process => {
                CommandEnd::Signalled(signal as i32)
            }
            _ => return,
        };
        self.exit = Some(end);
        let drained_at = Instant::now() + DRAIN;
        self.drained_at = Some(self.kill_at.map_or(drained_at, |kill| kill.min(drained_at)));
    }

    /// Begins to end the command as the caller wishes.
    pub(super) fn stop(&mut self, stop: Stop) {
        self.stop_as(CommandEnd::Cancelled, stop);
    }

    /// Sends the signals whose moment has come.
    pub(super) fn send_due_signals(&mut self) {
        let now = Instant::now();
        if self.exit.is_none() && self.deadline.is_some_and(|deadline| deadline <= now) {
            self.deadline = None;
            self.stop_as(CommandEnd::TimedOut, Stop::Interrupt);
        }
        while let Some((moment, signal)) = self.next_signal
            && moment <= now
        {
            self.next_signal = match signal {
                Signal::SIGINT => Some((now + AFTER_INTERRUPT, Signal::SIGTERM)),
                Signal::SIGTERM => Some((now + AFTER_TERMINATE, Signal::SIGKILL)),
                _ => None,
            };
            self.signal(signal);
        }
    }

    /// Returns whether the main process has ended and nothing more of its output is awaited.
    pub(super) fn is_over(&self) -> bool {
        let is_drained = self.output.is_none()
            || self
                .drained_at
                .is_some_and(|moment| moment <= Instant::now());
        self.exit.is_some() && is_drained
    }

    /// Returns what the command did, after everything of it has ended.
    pub(super) fn outcome(&self, left_behind: u32) -> CommandOutcome {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok();
        let cpu_before = self.usage_before.as_ref().map_or(0, cpu_ms);
        let cpu_after = usage.as_ref().map_or(0, cpu_ms);
        let end = self.stopped_as.as_ref().or(self.exit.as_ref());
        CommandOutcome {
            end: end.cloned().unwrap_or(CommandEnd::Cancelled),
            wall_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            cpu_ms: cpu_after.saturating_sub(cpu_before),
            max_rss_kib: usage.map_or(0, |usage| u64::try_from(usage.max_rss()).unwrap_or(0)),
            left_behind,
            log_cut: false,
        }
    }

    fn stop_as(&mut self, end: CommandEnd, stop: Stop) {
        let now = Instant::now();
        let was_asked = self.stopped_as.is_some();
        if self.exit.is_none() {
            self.stopped_as.get_or_insert(end);
        }
        match stop {
            Stop::Interrupt if was_asked => {}
            Stop::Interrupt => {
                self.next_signal = Some((now, Signal::SIGINT));
                self.kill_at = Some(now + AFTER_INTERRUPT + AFTER_TERMINATE);
            }
            Stop::Kill => {
                self.next_signal = Some((now, Signal::SIGKILL));
                self.kill_at = Some(now);
            }
        }
        if let (Some(drained_at), Some(kill_at)) = (self.drained_at, self.kill_at) {
            self.drained_at = Some(drained_at.min(kill_at));
        }
    }

    fn signal(&self, signal: Signal) {
        // Those of the group that have ended already need no signal; a stopped one has to run to
        // take it.
        let _ = killpg(self.process, signal);
        let _ = killpg(self.process, Signal::SIGCONT);
    }
}

fn cpu_ms(usage: &Usage) -> u64 {
    let times = [usage.user_time(), usage.system_time()];
    let microseconds: i64 = times
        .iter()
        .map(|time| time.tv_sec() * 1_000_000 + time.tv_usec())
        .sum();
    u64::try_from(microseconds / 1000).unwrap_or(0)
}
