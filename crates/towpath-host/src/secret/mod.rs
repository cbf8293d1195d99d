//! Secrets, and the one place where they are kept out of everything that is shown or stored.
//!
//! Knows no sink: every byte of output passes [`Masker`] before any of them.

mod ask;
mod encodings;
mod masker;

use std::fmt;

pub use ask::{AskError, ask_person, ask_program, confirm};
pub use masker::Masker;

/// A value that must not be shown. It has no `Display`, and its debug form says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Returns the value, for handing it to what needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_nothing() {
        assert_eq!(
            format!("{:?}", Some(Secret::new("hunter2"))),
            "Some(Secret(***))"
        );
    }
}
