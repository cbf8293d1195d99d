//! The one command that runs: its output, its ending, its cost.

use std::io::{self, PipeReader, Read};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::wait::WaitStatus;

use super::super::model::CommandOutcome;
use super::command::Started;
use crate::process::{Ending, Grace, Stop, cpu_us};

/// How long output is awaited that others than the main process may still write.
const DRAIN: Duration = Duration::from_secs(5);
/// Leaves one second of the ten in which a run has to end.
const GRACE: Grace = Grace {
    after_interrupt: Duration::from_secs(7),
    after_terminate: Duration::from_secs(2),
};

/// A running command.
pub(super) struct Running {
    ending: Ending,
    output: Option<PipeReader>,
    started: Instant,
    usage_before: Option<Usage>,
    drained_at: Option<Instant>,
}

impl Running {
    pub(super) fn new(started: Started, timeout: Option<Duration>) -> Self {
        Self {
            ending: Ending::new(started.process, started.at, timeout, GRACE),
            output: Some(started.output),
            started: started.at,
            usage_before: getrusage(UsageWho::RUSAGE_CHILDREN).ok(),
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
        [self.drained_at, self.ending.next_moment()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Notes that a process ended; it may be any below the supervisor.
    pub(super) fn note_ended(&mut self, status: &WaitStatus) {
        if self.ending.note_ended(status) {
            self.drained_at = Some(Instant::now() + DRAIN);
            self.shorten_draining();
        }
    }

    /// Begins to end the command as the caller wishes.
    pub(super) fn stop(&mut self, stop: Stop) {
        self.ending.stop(stop);
        self.shorten_draining();
    }

    /// Sends the signals whose moment has come.
    pub(super) fn send_due_signals(&mut self) {
        self.ending.send_due_signals();
    }

    /// Returns whether the main process has ended and nothing more of its output is awaited.
    pub(super) fn is_over(&self) -> bool {
        let is_drained = self.output.is_none()
            || self
                .drained_at
                .is_some_and(|moment| moment <= Instant::now());
        self.ending.has_ended() && is_drained
    }

    /// Returns what the command did, after everything of it has ended.
    pub(super) fn outcome(&self, left_behind: u32) -> CommandOutcome {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok();
        let cpu_before = self.usage_before.as_ref().map_or(0, cpu_us);
        let cpu_after = usage.as_ref().map_or(0, cpu_us);
        CommandOutcome {
            end: self.ending.end(),
            wall_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            cpu_ms: cpu_after.saturating_sub(cpu_before) / 1000,
            max_rss_kib: usage.map_or(0, |usage| u64::try_from(usage.max_rss()).unwrap_or(0)),
            left_behind,
        }
    }

    /// Output of a command that is being ended is not awaited longer than the command itself would be.
    fn shorten_draining(&mut self) {
        if let (Some(drained_at), Some(kill_at)) = (self.drained_at, self.ending.kill_at()) {
            self.drained_at = Some(drained_at.min(kill_at));
        }
    }
}
