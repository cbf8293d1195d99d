//! What towpath and its keeper say to each other about one command, over a socket of its own.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cancel::{Listener, Stop};
use super::frames;
use super::model::{StepCommand, StepEnd};

/// What towpath asks for. `Command` is a reference where it is written.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request<Command> {
    /// Run this command, with the output that came along.
    Run(Command),
    /// End the command.
    Stop(Stop),
    /// Kill what still runs of the job with this `RUNNER_TRACKING_ID`.
    EndJob(String),
}

/// What the keeper tells.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Event {
    /// The main process of the command ended, or never was.
    Ended(StepEnd),
    /// Its output is not to be awaited any longer.
    Released,
    /// So many processes of the job were killed.
    JobEnded(u32),
}

/// towpath's end of a conversation. Dropping it ends the command.
pub(super) struct Conversation {
    stream: Arc<File>,
}

impl Conversation {
    /// Returns the two ends of a new conversation, the second for the keeper.
    pub(super) fn open() -> io::Result<(Self, OwnedFd)> {
        let (here, there) = UnixStream::pair()?;
        let stream = Arc::new(File::from(OwnedFd::from(here)));
        Ok((Self { stream }, there.into()))
    }

    /// Sends the frame of a request.
    pub(super) fn send(&self, frame: &[u8]) -> io::Result<()> {
        (&*self.stream).write_all(frame)
    }

    /// Waits for an event; `None` when the keeper is gone.
    pub(super) fn receive(&self) -> io::Result<Option<Event>> {
        frames::read_message(&mut &*self.stream)
    }

    /// Returns what takes wishes to end to the keeper. One that is gone needs no telling.
    pub(super) fn teller(&self) -> Listener {
        let stream = Arc::clone(&self.stream);
        Arc::new(move |stop| {
            if let Err(error) = say(&stream, &Request::<&StepCommand>::Stop(stop)) {
                tracing::debug!(%error, "the keeper is gone already");
            }
        })
    }
}

impl AsFd for Conversation {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn say(mut stream: &File, request: &Request<&StepCommand>) -> io::Result<()> {
    stream.write_all(&frames::message(request)?)
}
