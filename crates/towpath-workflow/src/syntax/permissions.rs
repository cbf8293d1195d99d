//! What the token of a workflow or of one of its jobs may do.

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
