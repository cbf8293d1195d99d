//! The supervisor's loop: one thread that waits for requests, output, ended processes, opened files and
//! the clock, and owns the one command that runs.

use std::fs::File;
use std::io::{self, Read};
use std::mem;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::super::model::{CommandOutcome, CommandSpec, Observation};
use super::super::protocol::{Event, Request};
use super::Prepared;
use super::network::Counters;
use super::outbox::Outbox;
use super::running::Running;
use crate::process::{CommandEnd, Stop, frames, reaper};

const PIECE: usize = 64 * 1024;
/// Opened files are fetched in batches: each fetch wakes the supervisor on a processor that the
/// command could use. The system's queue holds far more than can be opened meanwhile.
const BATCH: Duration = Duration::from_millis(10);

/// A supervisor at work.
pub(super) struct Server {
    requests: File,
    received: Vec<u8>,
    outbox: Outbox,
    prepared: Prepared,
    running: Option<Running>,
    /// Takes a piece of output on its way through.
    piece: Vec<u8>,
    /// When to look for opened files again; `None`: as soon as there are any.
    next_look: Option<Instant>,
    is_finished: bool,
}

/// What the loop woke up for.
struct Ready {
    requests: bool,
    processes: bool,
    output: bool,
    opened_files: bool,
}

impl Server {
    /// Tells the parent that the sandbox is built.
    pub(super) fn new(requests: File, events: File, prepared: Prepared) -> io::Result<Self> {
        let mut outbox = Outbox::new(events)?;
        outbox.event(&Event::Ready)?;
        Ok(Self {
            requests,
            received: Vec::new(),
            outbox,
            prepared,
            running: None,
            piece: vec![0; PIECE],
            next_look: None,
            is_finished: false,
        })
    }

    /// Serves until it is asked to finish or the parent is gone; nothing that was started is left then.
    pub(super) fn serve(mut self) -> io::Result<ExitCode> {
        let result = self.serve_all();
        reaper::end_all();
        result.map(|()| ExitCode::SUCCESS)
    }

    fn serve_all(&mut self) -> io::Result<()> {
        while !self.is_finished || self.outbox.is_waiting() {
            let ready = self.wait()?;
            if ready.opened_files {
                self.look_at_opened_files()?;
            }
            if ready.processes {
                self.collect_processes()?;
            }
            if ready.output {
                self.pass_output()?;
            }
            if ready.requests && !self.receive()? {
                return Ok(());
            }
            self.outbox.flush()?;
            self.advance_command()?;
        }
        Ok(())
    }

    fn wait(&self) -> io::Result<Ready> {
        let mut waits = vec![
            PollFd::new(self.requests.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.prepared.ended_processes.as_fd(), PollFlags::POLLIN),
        ];
        let output = self
            .running
            .as_ref()
            .and_then(Running::output)
            .filter(|_| !self.outbox.is_full())
            .map(|output| push(&mut waits, PollFd::new(output.as_fd(), PollFlags::POLLIN)));
        let observer = self.prepared.observer.as_ref();
        let opened_files = observer
            .filter(|_| self.next_look.is_none())
            .map(|observer| {
                push(
                    &mut waits,
                    PollFd::new(observer.events().as_fd(), PollFlags::POLLIN),
                )
            });
        if self.outbox.is_waiting() {
            waits.push(PollFd::new(self.outbox.pipe().as_fd(), PollFlags::POLLOUT));
        }
        match poll(&mut waits, self.time_to_wait()) {
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_ready = |index: usize| waits.get(index).and_then(PollFd::any).unwrap_or_default();
        Ok(Ready {
            requests: is_ready(0),
            processes: is_ready(1),
            output: output.is_some_and(is_ready),
            opened_files: opened_files.is_some_and(is_ready)
                || self
                    .next_look
                    .is_some_and(|moment| moment <= Instant::now()),
        })
    }

    fn time_to_wait(&self) -> PollTimeout {
        let next = [
            self.next_look,
            self.running.as_ref().and_then(Running::next_moment),
        ]
        .into_iter()
        .flatten()
        .min();
        let Some(next) = next else {
            return PollTimeout::NONE;
        };
        // A started millisecond counts as a whole one, so that the moment has come on waking up.
        let wait = next.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX)
    }

    /// Reads requests; returns `false` when the parent is gone.
    fn receive(&mut self) -> io::Result<bool> {
        let mut piece = [0; 4096];
        let length = self.requests.read(&mut piece)?;
        if length == 0 {
            return Ok(false);
        }
        self.received
            .extend_from_slice(piece.get(..length).unwrap_or_default());
        while let Some(request) = frames::take_message(&mut self.received)? {
            self.handle(request)?;
        }
        Ok(true)
    }

    fn handle(&mut self, request: Request) -> io::Result<()> {
        match request {
            Request::Run(spec) => self.start(&spec),
            Request::Stop(stop) => {
                self.stop(stop);
                Ok(())
            }
            Request::Finish => self.finish(),
            Request::Unshare { .. } | Request::Build(_) => {
                Err(io::Error::other("a request out of turn"))
            }
        }
    }

    fn start(&mut self, spec: &CommandSpec) -> io::Result<()> {
        match self.prepared.launcher.start(spec, &self.prepared.scratch) {
            Ok(started) => {
                self.running = Some(Running::new(started, spec.timeout));
                Ok(())
            }
            Err(reason) => self.outbox.event(&Event::Ended(CommandOutcome {
                end: CommandEnd::NotStarted(reason),
                wall_ms: 0,
                cpu_ms: 0,
                max_rss_kib: 0,
                left_behind: 0,
            })),
        }
    }

    /// A wish that comes after the command's end is too late to matter.
    fn stop(&mut self, stop: Stop) {
        if let Some(running) = &mut self.running {
            running.stop(stop);
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        let mut observation = match &mut self.prepared.observer {
            Some(observer) => observer.finish()?,
            None => Observation {
                complete: true,
                ..Observation::default()
            },
        };
        let before = self.prepared.network;
        observation.network_tried = before.is_some_and(|before| before != Counters::read());
        for harvest in mem::take(&mut self.prepared.harvests) {
            harvest.copy_out()?;
        }
        self.is_finished = true;
        self.outbox.event(&Event::Finished(Box::new(observation)))
    }

    fn look_at_opened_files(&mut self) -> io::Result<()> {
        let Some(observer) = &mut self.prepared.observer else {
            return Ok(());
        };
        let any = observer.drain()?;
        self.next_look = any.then(|| Instant::now() + BATCH);
        Ok(())
    }

    fn collect_processes(&mut self) -> io::Result<()> {
        while self.prepared.ended_processes.read_signal()?.is_some() {}
        while let reaper::Collected::Child(status) = reaper::collect_one() {
            if let Some(running) = &mut self.running {
                running.note_ended(&status);
            }
        }
        Ok(())
    }

    /// Passes on a piece of output; returns whether there was any.
    fn pass_output(&mut self) -> io::Result<bool> {
        let Some(running) = &mut self.running else {
            return Ok(false);
        };
        let length = running.read_output(&mut self.piece)?;
        let piece = self.piece.get(..length).unwrap_or_default();
        if !piece.is_empty() {
            self.outbox.output(piece)?;
        }
        Ok(!piece.is_empty())
    }

    /// Sends signals that are due, and ends the command when its time has come.
    fn advance_command(&mut self) -> io::Result<()> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        running.send_due_signals();
        if !running.is_over() {
            return Ok(());
        }
        let left_behind = reaper::end_all();
        let outcome = running.outcome(left_behind);
        // Every writer is gone now; what they wrote at last is still in the pipe.
        while self.pass_output()? {}
        self.running = None;
        self.outbox.event(&Event::Ended(outcome))
    }
}

fn push<'fd>(waits: &mut Vec<PollFd<'fd>>, wait: PollFd<'fd>) -> usize {
    waits.push(wait);
    waits.len() - 1
}
