//! towpath's side: starts the keeper, hands it commands, and reads what they print.

use std::collections::BTreeMap;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::cancel::Cancel;
use super::conversation::{Conversation, Event, Request};
use super::error::Error;
use super::frames;
use super::inner;
use super::lines::Lines;
use super::model::{StepCommand, StepEnd, TRACKING};
use super::parcel::{self, Kind};

/// The hidden command of the binary under which [`keep`](super::keep) runs.
const COMMAND: &str = "__keep";
/// How long output is awaited that others than the main process may still write.
const DRAIN: Duration = Duration::from_secs(5);
/// Fewer turns between a command that prints much and its reader.
const PIPE_SIZE: i32 = 1 << 20;
/// How long output may wait to be read, in milliseconds, as long as it is little.
const PAUSE: u8 = 10;
/// Read at once, at first: most steps print little, and memory that is touched costs more than a turn.
const PIECE: usize = 8 * 1024;
/// Read at once from a step that prints much.
const LARGEST_PIECE: usize = 256 * 1024;
/// What surely fits into a socket that nobody reads yet.
const SHORT: usize = 16 * 1024;
/// The keeper's last words are no longer than this.
const LAST_WORDS: u64 = 64 * 1024;

/// Holds the processes of a run's steps together. Dropping it ends them all.
#[derive(Debug)]
pub struct Keeper {
    /// Present until it is collected.
    child: Option<Child>,
    /// Present until the keeper is to end.
    way: Option<OwnedFd>,
    complaints: Mutex<Option<ChildStderr>>,
    /// By the `RUNNER_TRACKING_ID` of each job that has run a command: whether none of them left any process.
    left_none: Mutex<BTreeMap<String, bool>>,
}

impl Keeper {
    /// Starts `program __keep`.
    pub fn start(program: &Path) -> Result<Self, Error> {
        if inner::may_administrate().unwrap_or(false) {
            match Self::start_as(program, &[Kind::Unshare, Kind::Hold]) {
                Err(Error::Setup(reason)) => {
                    tracing::debug!(%reason, "no process namespace is to be had");
                }
                other => return other,
            }
        }
        Self::start_as(program, &[Kind::Hold])
    }

    /// Runs one command and returns when its main process has ended and its output as well, at most five
    /// seconds later. What it started in the background goes on.
    ///
    /// `output` gets standard output and standard error, several whole lines at a time; only the very last
    /// one may lack its newline. A line longer than [`LONGEST_LINE`](super::LONGEST_LINE) comes in pieces,
    /// its beginning of that length first.
    pub fn run(
        &self,
        command: &StepCommand,
        cancel: &Cancel,
        output: &mut dyn FnMut(&[u8]),
    ) -> Result<StepEnd, Error> {
        let (reader, writer) = io::pipe().map_err(Error::Pipe)?;
        if let Err(error) = fcntl(&reader, FcntlArg::F_SETPIPE_SZ(PIPE_SIZE)) {
            tracing::trace!(%error, "the pipe stays small");
        }
        let ended = self.converse(command, cancel, (reader, writer), output);
        if let Some(tracking) = command.environment.get(TRACKING) {
            let left_none = ended.as_ref().is_ok_and(|end| end.left_none);
            *self.left_none().entry(tracking.clone()).or_insert(true) &= left_none;
        }
        ended
    }

    fn converse(
        &self,
        command: &StepCommand,
        cancel: &Cancel,
        (reader, writer): (PipeReader, PipeWriter),
        output: &mut dyn FnMut(&[u8]),
    ) -> Result<StepEnd, Error> {
        let conversation = self.ask(&Request::Run(command), &[writer.as_fd()])?;
        drop(writer);
        let _listening = cancel.listen(conversation.teller());
        let mut reading = Reading {
            output: Some(reader),
            lines: Lines::default(),
            piece: vec![0; PIECE],
            is_much: false,
        };
        let end = self.follow(&conversation, &mut reading, output)?;
        if let Some(unread) = reading.output {
            // Who still writes would be killed by a pipe that nobody reads.
            self.send(Kind::Discard, &[unread.as_fd()])?;
        }
        reading.lines.finish(output);
        Ok(end)
    }

    /// Kills what still runs of a job: every process with this `RUNNER_TRACKING_ID` in its environment and
    /// all below it, and where no other job runs, whatever else was left. Returns how many.
    pub fn end_job(&self, tracking: &str) -> Result<u32, Error> {
        if self.left_none().remove(tracking) == Some(true) {
            return Ok(0);
        }
        let conversation = self.ask(&Request::EndJob(tracking.to_owned()), &[])?;
        match self.receive(&conversation)? {
            Event::JobEnded(killed) => Ok(killed),
            Event::Ended(_) | Event::Released => Err(out_of_turn()),
        }
    }

    fn left_none(&self) -> MutexGuard<'_, BTreeMap<String, bool>> {
        self.left_none
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn start_as(program: &Path, orders: &[Kind]) -> Result<Self, Error> {
        let failed = |source| Error::Start {
            program: program.to_owned(),
            source,
        };
        let (way, theirs) = parcel::way().map_err(Error::Pipe)?;
        let mut child = Command::new(program)
            .arg(COMMAND)
            // Commands could read it there, and it is the user's.
            .env_clear()
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let keeper = Self {
            way: Some(way),
            complaints: Mutex::new(child.stderr.take()),
            child: Some(child),
            left_none: Mutex::default(),
        };
        for order in orders {
            keeper.order(*order)?;
        }
        Ok(keeper)
    }

    /// Has something done, and waits until it is.
    fn order(&self, order: Kind) -> Result<(), Error> {
        self.send(order, &[])?;
        let answer = self.way.as_ref().map(parcel::receive).transpose();
        match answer.map_err(Error::Protocol)?.flatten() {
            Some(answer) if answer.kind == Kind::Ready => Ok(()),
            Some(answer) if answer.kind == Kind::Failed => Err(Error::Setup(answer.text)),
            Some(_) => Err(out_of_turn()),
            None => Err(self.lost()),
        }
    }

    /// Reads output until the command has ended and nothing more is awaited.
    fn follow(
        &self,
        conversation: &Conversation,
        reading: &mut Reading,
        output: &mut dyn FnMut(&[u8]),
    ) -> Result<StepEnd, Error> {
        let mut end: Option<(StepEnd, Instant)> = None;
        loop {
            let drained_at = end.as_ref().map(|(_, drained_at)| *drained_at);
            if let Some((end, drained_at)) = &end
                && (reading.output.is_none() || *drained_at <= Instant::now())
            {
                return Ok(end.clone());
            }
            if end.is_none() && !reading.is_much {
                pause(conversation).map_err(Error::Pipe)?;
            }
            let ready = wait(conversation, reading, drained_at).map_err(Error::Pipe)?;
            if ready.output {
                reading.read(output).map_err(Error::Pipe)?;
            }
            if ready.conversation {
                match (self.receive(conversation)?, &mut end) {
                    (Event::Ended(ended), None) => end = Some((ended, Instant::now() + DRAIN)),
                    (Event::Released, Some((_, drained_at))) => *drained_at = Instant::now(),
                    _ => return Err(out_of_turn()),
                }
            }
        }
    }

    /// Begins a conversation with a request. A short one is there before the keeper hears of it, which
    /// then wakes up once; a long one needs it to listen.
    fn ask(
        &self,
        request: &Request<&StepCommand>,
        files: &[BorrowedFd<'_>],
    ) -> Result<Conversation, Error> {
        let (conversation, theirs) = Conversation::open().map_err(Error::Pipe)?;
        let frame = frames::message(request).map_err(Error::Pipe)?;
        let is_short = frame.len() <= SHORT;
        if is_short {
            self.heard(conversation.send(&frame))?;
        }
        let mut all = vec![theirs.as_fd()];
        all.extend_from_slice(files);
        self.send(Kind::Converse, &all)?;
        if !is_short {
            self.heard(conversation.send(&frame))?;
        }
        Ok(conversation)
    }

    fn send(&self, kind: Kind, files: &[BorrowedFd<'_>]) -> Result<(), Error> {
        match &self.way {
            Some(way) => self.heard(parcel::send(way, kind, "", files)),
            None => Err(self.lost()),
        }
    }

    fn receive(&self, conversation: &Conversation) -> Result<Event, Error> {
        match conversation.receive() {
            Ok(Some(event)) => Ok(event),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(Error::Protocol(error)),
            Ok(None) | Err(_) => Err(self.lost()),
        }
    }

    /// A keeper that cannot be told anything is gone.
    fn heard(&self, result: io::Result<()>) -> Result<(), Error> {
        result.map_err(|error| {
            tracing::debug!(%error, "the keeper does not hear");
            self.lost()
        })
    }

    /// Gathers the last words of a keeper that is gone.
    fn lost(&self) -> Error {
        let complaints = self
            .complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let mut words = Vec::new();
        if let Some(complaints) = complaints
            && let Err(error) = complaints.take(LAST_WORDS).read_to_end(&mut words)
        {
            tracing::debug!(%error, "the keeper's last words are lost");
        }
        Error::Lost(String::from_utf8_lossy(&words).trim().to_owned())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // It ends everything when nobody can speak to it any more.
        self.way = None;
        if let Some(mut child) = self.child.take()
            && let Err(error) = child.wait()
        {
            tracing::debug!(%error, "the keeper cannot be awaited");
        }
    }
}

/// The output of one command on its way to the caller.
struct Reading {
    /// Present until it has ended.
    output: Option<PipeReader>,
    lines: Lines,
    piece: Vec<u8>,
    /// Whether there ever was more than was read at once.
    is_much: bool,
}

impl Reading {
    fn read(&mut self, output: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let Some(reader) = &mut self.output else {
            return Ok(());
        };
        match reader.read(&mut self.piece) {
            Ok(0) => self.output = None,
            Ok(length) => {
                let piece = self.piece.get(..length).unwrap_or_default();
                self.lines.push(piece, output);
                if length == self.piece.len() {
                    self.is_much = true;
                    self.piece.resize(LARGEST_PIECE.min(2 * length), 0);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// What can be read without waiting.
struct Ready {
    conversation: bool,
    output: bool,
}

/// Waits for the end of a command that prints little: most steps are over before anybody looks at a line.
fn pause(conversation: &Conversation) -> io::Result<()> {
    let mut waits = [PollFd::new(conversation.as_fd(), PollFlags::POLLIN)];
    match poll(&mut waits, PAUSE) {
        Ok(_) | Err(nix::Error::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn wait(
    conversation: &Conversation,
    reading: &Reading,
    until: Option<Instant>,
) -> io::Result<Ready> {
    let mut waits = vec![PollFd::new(conversation.as_fd(), PollFlags::POLLIN)];
    if let Some(output) = &reading.output {
        waits.push(PollFd::new(output.as_fd(), PollFlags::POLLIN));
    }
    match poll(&mut waits, time_until(until)) {
        Ok(_) | Err(nix::Error::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let is_ready = |index: usize| waits.get(index).and_then(PollFd::any).unwrap_or_default();
    Ok(Ready {
        conversation: is_ready(0),
        output: is_ready(1),
    })
}

/// Returns how long to wait for a moment. A started millisecond counts as a whole one, so that the moment
/// has come on waking up.
pub(super) fn time_until(moment: Option<Instant>) -> PollTimeout {
    let Some(moment) = moment else {
        return PollTimeout::NONE;
    };
    let wait = moment.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
    PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX)
}

fn out_of_turn() -> Error {
    Error::Protocol(io::Error::new(
        io::ErrorKind::InvalidData,
        "an event out of turn",
    ))
}
