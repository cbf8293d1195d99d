//! Bytes on their way to the parent, who may be slow: kept here while the pipe is full, so that the
//! supervisor never waits for its parent and goes on to watch its command.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::super::protocol::Event;
use crate::process::frames;

/// Above this, no more output is read from the command until the parent has taken some.
const FULL: usize = 256 * 1024;

/// The way to the parent.
pub(super) struct Outbox {
    pipe: File,
    waiting: VecDeque<u8>,
}

impl Outbox {
    /// Returns the way over `pipe`.
    pub(super) fn new(pipe: File) -> io::Result<Self> {
        fcntl_setfl(&pipe, fcntl_getfl(&pipe)? | OFlags::NONBLOCK)?;
        Ok(Self {
            pipe,
            waiting: VecDeque::new(),
        })
    }

    /// Sends a piece of a command's output.
    pub(super) fn output(&mut self, piece: &[u8]) -> io::Result<()> {
        self.waiting.extend(frames::output_header(piece.len()));
        self.waiting.extend(piece);
        self.flush()
    }

    /// Sends an event.
    pub(super) fn event(&mut self, event: &Event) -> io::Result<()> {
        self.waiting.extend(frames::message(event)?);
        self.flush()
    }

    /// Writes as much as the pipe takes now.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while !self.waiting.is_empty() {
            let (first, _) = self.waiting.as_slices();
            match self.pipe.write(first) {
                Ok(written) => {
                    self.waiting.drain(..written);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Returns whether something waits for the parent.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Returns whether so much waits that no more should be produced.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= FULL
    }

    /// Returns the pipe, to wait until it takes more.
    pub(super) fn pipe(&self) -> &File {
        &self.pipe
    }
}
