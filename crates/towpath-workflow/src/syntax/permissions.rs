//! What the token of a workflow or of one of its jobs may do, and what it may do with the cache.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the token of a run may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permissions {
    /// Read everything.
    ReadAll,
    /// Write everything.
    WriteAll,
    /// These scopes; all others have no access.
    Scopes(BTreeMap<String, Access>),
}

/// What the token may do with one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Read and write.
    Write,
}

/// What a job may do with the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheMode {
    /// Restore.
    Read,
    /// Restore and save.
    Write,
    /// Save.
    WriteOnly,
    /// Neither.
    None,
}

impl CacheMode {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::WriteOnly, Self::None];

    /// Returns the mode that is written so.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }

    /// Returns how it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::WriteOnly => "write-only",
            Self::None => "none",
        }
    }

    /// Tells whether it lets a job restore.
    pub const fn restores(self) -> bool {
        matches!(self, Self::Read | Self::Write)
    }

    /// Tells whether it lets a job save.
    pub const fn saves(self) -> bool {
        matches!(self, Self::Write | Self::WriteOnly)
    }

    /// Returns what both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let allowed = (
            self.restores() && other.restores(),
            self.saves() && other.saves(),
        );
        match allowed {
            (true, true) => Self::Write,
            (true, false) => Self::Read,
            (false, true) => Self::WriteOnly,
            (false, false) => Self::None,
        }
    }
}
