//! The life of one command as seen by the process that holds it: its clock, the signals that end it, its exit.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use super::cancel::Stop;
use super::model::CommandEnd;

/// How long a command that is asked to end may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grace {
    /// What INT did not end in this time gets TERM.
    pub(crate) after_interrupt: Duration,
    /// What TERM did not end in this time gets KILL.
    pub(crate) after_terminate: Duration,
}

/// A running command, which is the first of a process group of its own.
pub(crate) struct Ending {
    process: Pid,
    grace: Grace,
    /// When its time is up.
    deadline: Option<Instant>,
    /// Why it is being ended.
    stopped_as: Option<CommandEnd>,
    /// The next signal, and when it is due.
    next_signal: Option<(Instant, Signal)>,
    /// When KILL is due at the latest, once it is being ended.
    kill_at: Option<Instant>,
    exit: Option<CommandEnd>,
}

impl Ending {
    pub(crate) fn new(
        process: Pid,
        started: Instant,
        timeout: Option<Duration>,
        grace: Grace,
    ) -> Self {
        Self {
            process,
            grace,
            deadline: timeout.and_then(|timeout| started.checked_add(timeout)),
            stopped_as: None,
            next_signal: None,
            kill_at: None,
            exit: None,
        }
    }

    /// Returns its main process.
    pub(crate) fn process(&self) -> Pid {
        self.process
    }

    /// Returns when something is to be done without any event.
    pub(crate) fn next_moment(&self) -> Option<Instant> {
        let deadline = self.deadline.filter(|_| self.exit.is_none());
        let signal = self.next_signal.map(|(moment, _)| moment);
        [deadline, signal].into_iter().flatten().min()
    }

    /// Returns when KILL is due at the latest, once it is being ended.
    pub(crate) fn kill_at(&self) -> Option<Instant> {
        self.kill_at
    }

    /// Notes that a process ended, which may be any; returns whether it was the main one.
    pub(crate) fn note_ended(&mut self, status: &WaitStatus) -> bool {
        let end = match *status {
            WaitStatus::Exited(process, code) if process == self.process => {
                CommandEnd::Exited(code)
            }
            WaitStatus::Signaled(process, signal, _) if process == self.process => {
                CommandEnd::Signalled(signal as i32)
            }
            _ => return false,
        };
        self.exit = Some(end);
        true
    }

    /// Returns whether the main process has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.exit.is_some()
    }

    /// Returns how the command ended, once its main process has.
    pub(crate) fn end(&self) -> CommandEnd {
        let end = self.stopped_as.as_ref().or(self.exit.as_ref());
        end.cloned().unwrap_or(CommandEnd::Cancelled)
    }

    /// Begins to end the command as the caller wishes.
    pub(crate) fn stop(&mut self, stop: Stop) {
        self.stop_as(CommandEnd::Cancelled, stop);
    }

    /// Sends the signals whose moment has come.
    pub(crate) fn send_due_signals(&mut self) {
        let now = Instant::now();
        if self.exit.is_none() && self.deadline.is_some_and(|deadline| deadline <= now) {
            self.deadline = None;
            self.stop_as(CommandEnd::TimedOut, Stop::Interrupt);
        }
        while let Some((moment, signal)) = self.next_signal
            && moment <= now
        {
            self.next_signal = match signal {
                Signal::SIGINT => Some((now + self.grace.after_interrupt, Signal::SIGTERM)),
                Signal::SIGTERM => Some((now + self.grace.after_terminate, Signal::SIGKILL)),
                _ => None,
            };
            self.signal(signal);
        }
    }

    /// Kills what is left of the process group of a command that was asked to end.
    pub(crate) fn kill_rest(&self) {
        if self.kill_at.is_some() {
            self.signal(Signal::SIGKILL);
        }
    }

    fn stop_as(&mut self, end: CommandEnd, stop: Stop) {
        let now = Instant::now();
        let was_asked = self.kill_at.is_some();
        if self.exit.is_none() {
            self.stopped_as.get_or_insert(end);
        }
        match stop {
            Stop::Interrupt if was_asked => {}
            Stop::Interrupt => {
                self.next_signal = Some((now, Signal::SIGINT));
                self.kill_at = Some(now + self.grace.after_interrupt + self.grace.after_terminate);
            }
            Stop::Kill => {
                self.next_signal = Some((now, Signal::SIGKILL));
                self.kill_at = Some(now);
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // Those of the group that have ended already need no signal; a stopped one has to run to
        // take it.
        let _ = killpg(self.process, signal);
        let _ = killpg(self.process, Signal::SIGCONT);
    }
}
