//! The keeper's side: what `towpath __keep` does.
//!
//! One thread waits for conversations, requests, ended processes and the clock, and owns every step that
//! runs. It reads no output of steps but what nobody else wants any more.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::time::Instant;

use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::signalfd::SignalFd;
use nix::unistd::{Pid, setsid};

use super::conversation::{Event, Request};
use super::inner;
use super::keeper::time_until;
use super::model::{StepCommand, TRACKING};
use super::parcel::{self, Kind, Parcel};
use super::reaper::{self, Below, Collected};
use super::talk::{Step, Talk};

const PIECE: usize = 64 * 1024;

/// Runs a keeper: takes conversations from standard input, which is a socket, and returns when towpath is
/// gone or wants no more; nothing that was started is left then.
///
/// This is the whole of the hidden command `towpath __keep`. Call it before any thread is started.
pub fn keep() -> ExitCode {
    match play_role() {
        Ok(code) => code,
        Err(error) => {
            // towpath keeps the last words; when it is gone, nobody wants them.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn play_role() -> io::Result<ExitCode> {
    inner::close_inherited();
    let way = io::stdin().as_fd().try_clone_to_owned()?;
    let Some(Parcel { kind, .. }) = parcel::receive(&way)? else {
        return Ok(ExitCode::SUCCESS);
    };
    match kind {
        Kind::Unshare => match leave_processes() {
            Ok(()) => {
                parcel::send(&way, Kind::Ready, "", &[])?;
                inner::wait_for_inner()
            }
            Err(error) => refuse(&way, error),
        },
        Kind::Hold => match settle() {
            Ok(ended) => {
                parcel::send(&way, Kind::Ready, "", &[])?;
                Holder::new(way, ended).hold()
            }
            Err(error) => refuse(&way, error),
        },
        _ => Err(io::Error::other("a parcel out of turn")),
    }
}

fn refuse(way: &OwnedFd, error: nix::Error) -> io::Result<ExitCode> {
    parcel::send(way, Kind::Failed, error.desc(), &[])?;
    Ok(ExitCode::FAILURE)
}

/// Makes the next child the first process of a namespace of its own, with mounts of its own for `/proc`.
fn leave_processes() -> nix::Result<()> {
    setsid()?;
    unshare(CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNS)
}

/// Prepares this process to hold others.
fn settle() -> nix::Result<SignalFd> {
    if reaper::is_first() {
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        // What the host mounts is still seen, but nothing goes back.
        let nothing = None::<&str>;
        let not_back = MsFlags::MS_REC | MsFlags::MS_SLAVE;
        mount(nothing, "/", nothing, not_back, nothing)?;
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        mount(Some("proc"), "/proc", Some("proc"), flags, nothing)?;
    } else {
        // The terminal's Ctrl-C is towpath's to handle.
        setsid()?;
        reaper::adopt_orphans()?;
    }
    // Environments with secrets pass through here.
    prctl::set_dumpable(false)?;
    reaper::handle_endings().map_err(|error| errno(&error))?;
    reaper::watch_ended()
}

fn errno(error: &io::Error) -> nix::Error {
    nix::Error::from_raw(error.raw_os_error().unwrap_or_default())
}

/// A keeper at work.
struct Holder {
    way: OwnedFd,
    ended: SignalFd,
    talks: Vec<Talk>,
    /// Output that is read for nobody, so that its writers live on.
    discarded: Vec<File>,
    /// Identifiers of jobs that have run a step and were not ended.
    jobs: BTreeSet<String>,
    /// Processor time of all children that were collected so far.
    cpu_us: u64,
    piece: Vec<u8>,
    is_over: bool,
}

impl Holder {
    fn new(way: OwnedFd, ended: SignalFd) -> Self {
        Self {
            way,
            ended,
            talks: Vec::new(),
            discarded: Vec::new(),
            jobs: BTreeSet::new(),
            cpu_us: 0,
            piece: vec![0; PIECE],
            is_over: false,
        }
    }

    fn hold(mut self) -> io::Result<ExitCode> {
        let result = self.hold_all();
        reaper::end_all();
        result.map(|()| ExitCode::SUCCESS)
    }

    fn hold_all(&mut self) -> io::Result<()> {
        while !self.is_over {
            let ready = self.wait()?;
            if ready.ended {
                self.collect_processes()?;
            }
            for index in ready.talks {
                self.listen(index);
            }
            if ready.way {
                self.accept()?;
            }
            self.discard(&ready.discarded);
            self.advance_steps();
            self.talks.retain(|talk| !talk.is_over);
        }
        Ok(())
    }

    fn wait(&self) -> io::Result<Ready> {
        let input = PollFlags::POLLIN;
        let mut waits = vec![
            PollFd::new(self.way.as_fd(), input),
            PollFd::new(self.ended.as_fd(), input),
        ];
        waits.extend(
            self.talks
                .iter()
                .map(|talk| PollFd::new(talk.stream.as_fd(), input)),
        );
        waits.extend(
            self.discarded
                .iter()
                .map(|output| PollFd::new(output.as_fd(), input)),
        );
        let steps = self.talks.iter().filter_map(|talk| talk.step.as_ref());
        let next = steps.filter_map(|step| step.ending.next_moment()).min();
        match poll(&mut waits, time_until(next)) {
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = waits
            .iter()
            .map(|wait| wait.any().unwrap_or_default())
            .collect();
        let (first, others) = ready.split_at(2);
        let (talks, discarded) = others.split_at(self.talks.len());
        Ok(Ready {
            way: first == [true, true] || first == [true, false],
            ended: first == [true, true] || first == [false, true],
            talks: places(talks),
            discarded: places(discarded),
        })
    }

    /// Takes a parcel from towpath.
    fn accept(&mut self) -> io::Result<()> {
        let Some(mut parcel) = parcel::receive(&self.way)? else {
            self.is_over = true;
            return Ok(());
        };
        let mut files = parcel.files.drain(..);
        match (parcel.kind, files.next()) {
            (Kind::Converse, Some(stream)) => self.talks.push(Talk::new(stream, files.next())),
            (Kind::Discard, Some(output)) => self.discarded.push(File::from(output)),
            _ => return Err(io::Error::other("a parcel out of turn")),
        }
        Ok(())
    }

    /// Hears what is said in a conversation. One that fails is over, and its command with it.
    fn listen(&mut self, index: usize) {
        let Some(talk) = self.talks.get_mut(index) else {
            return;
        };
        match talk.listen(&mut self.piece) {
            Ok(requests) => {
                for request in requests {
                    self.handle(index, request);
                }
            }
            Err(error) => {
                talk.end();
                let _ = writeln!(io::stderr(), "{error}");
            }
        }
    }

    fn handle(&mut self, index: usize, request: Request<StepCommand>) {
        match request {
            Request::Run(command) => {
                if let Some(tracking) = command.environment.get(TRACKING) {
                    self.jobs.insert(tracking.clone());
                }
                if let Some(talk) = self.talks.get_mut(index) {
                    talk.run(&command);
                }
            }
            Request::Stop(stop) => {
                if let Some(talk) = self.talks.get_mut(index) {
                    talk.stop(stop);
                }
            }
            Request::EndJob(tracking) => {
                let killed = self.end_job(&tracking);
                if let Some(talk) = self.talks.get_mut(index) {
                    talk.tell(&Event::JobEnded(killed));
                }
            }
        }
    }

    fn collect_processes(&mut self) -> io::Result<()> {
        while self.ended.read_signal()?.is_some() {}
        // Positions of talks whose step ended, with its processor time.
        let mut ended = Vec::new();
        let is_alone = loop {
            let status = match reaper::collect_one() {
                Collected::Child(status) => status,
                Collected::NoneEnded => break false,
                Collected::NoneLeft => break true,
            };
            let cpu_us = reaper::collected_cpu_us();
            let cost = cpu_us.saturating_sub(self.cpu_us);
            self.cpu_us = cpu_us;
            let steps = self.talks.iter_mut().map(|talk| talk.step.as_mut());
            let is_it =
                |step: Option<&mut Step>| step.is_some_and(|step| step.ending.note_ended(&status));
            ended.extend(
                steps
                    .map(is_it)
                    .position(|is_it| is_it)
                    .map(|talk| (talk, cost)),
            );
        };
        if ended.is_empty() {
            return Ok(());
        }
        let left_none = is_alone || self.orphans().is_empty();
        if left_none {
            // A job whose next step starts is noted again.
            let running = self.talks.iter().filter_map(Talk::running_job);
            self.jobs = running.map(str::to_owned).collect();
        }
        for (index, cost) in ended {
            if let Some(talk) = self.talks.get_mut(index)
                && let Some(step) = &mut talk.step
            {
                let end = step.end(cost, left_none);
                talk.tell(&Event::Ended(end));
            }
        }
        Ok(())
    }

    /// Kills what is left of a job, until a look around finds nothing more of it.
    fn end_job(&mut self, tracking: &str) -> u32 {
        self.jobs.remove(tracking);
        let mut killed: HashSet<Pid> = HashSet::new();
        let patience_ends = Instant::now() + reaper::PATIENCE;
        while Instant::now() < patience_ends {
            if self.collect_processes().is_err() {
                break;
            }
            let left = self.left_of(tracking);
            if left.is_empty() {
                break;
            }
            // One that has ended since needs no killing.
            killed.extend(
                left.iter()
                    .filter(|left| kill(**left, Signal::SIGKILL).is_ok()),
            );
            reaper::wait_for_change();
        }
        u32::try_from(killed.len()).unwrap_or(u32::MAX)
    }

    /// Returns the processes that a job left running. An orphan that hides whose it is counts as the job's
    /// when no other job is under way.
    fn left_of(&self, tracking: &str) -> Vec<Pid> {
        let is_of_job = |process: &Pid| match reaper::variable(*process, TRACKING) {
            Some(other) if other == tracking => true,
            Some(other) if self.jobs.contains(&other) => false,
            _ => self.jobs.is_empty(),
        };
        let mut left = self.orphans();
        left.retain(is_of_job);
        if !left.is_empty() {
            let below = Below::look();
            let under: Vec<Pid> = left.iter().flat_map(|&process| below.of(process)).collect();
            left.extend(under);
        }
        left
    }

    /// Returns the processes whose command has ended.
    fn orphans(&self) -> Vec<Pid> {
        let steps = self.talks.iter().filter_map(|talk| talk.step.as_ref());
        let running: HashSet<Pid> = steps
            .filter(|step| !step.ending.has_ended())
            .map(|step| step.ending.process())
            .collect();
        let mut orphans = reaper::children();
        orphans.retain(|child| !running.contains(child));
        orphans
    }

    fn discard(&mut self, ready: &[usize]) {
        let mut ended = HashSet::new();
        for &index in ready {
            let Some(output) = self.discarded.get_mut(index) else {
                continue;
            };
            if !matches!(output.read(&mut self.piece), Ok(1..)) {
                ended.insert(index);
            }
        }
        let mut index = 0;
        self.discarded.retain(|_| {
            index += 1;
            !ended.contains(&(index - 1))
        });
    }

    fn advance_steps(&mut self) {
        for talk in &mut self.talks {
            talk.advance();
        }
    }
}

/// What the loop woke up for.
struct Ready {
    way: bool,
    ended: bool,
    talks: Vec<usize>,
    discarded: Vec<usize>,
}

fn places(ready: &[bool]) -> Vec<usize> {
    let ready = ready.iter().enumerate().filter(|(_, is_ready)| **is_ready);
    ready.map(|(index, _)| index).collect()
}
