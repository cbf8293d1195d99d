//! The bound on what one evaluation may make.

use std::cell::Cell;

use super::MAX_MEMORY;
use super::error::Error;
use super::value::Value;

/// Counts the bytes of the values that an evaluation makes.
pub(super) struct Memory(Cell<usize>);

impl Memory {
    pub(super) fn new() -> Self {
        Self(Cell::new(0))
    }

    pub(super) fn left(&self) -> usize {
        MAX_MEMORY.saturating_sub(self.0.get())
    }

    /// Fails if `bytes` more would be too many.
    pub(super) fn check(&self, bytes: usize) -> Result<(), Error> {
        if bytes > self.left() {
            Err(Self::exceeded())
        } else {
            Ok(())
        }
    }

    pub(super) fn count(&self, bytes: usize) -> Result<(), Error> {
        self.check(bytes)?;
        self.0.set(self.0.get() + bytes);
        Ok(())
    }

    pub(super) fn text(&self, text: String) -> Result<Value, Error> {
        self.count(text.len())?;
        Ok(Value::from(text))
    }

    pub(super) fn exceeded() -> Error {
        Error::evaluation("The maximum allowed memory size was exceeded")
    }
}
