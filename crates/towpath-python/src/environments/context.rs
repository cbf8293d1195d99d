//! What every question to uv needs, and the asking: a resolution and the export of a lock are such questions.

use std::path::Path;

use towpath_host::Store;

use super::{Error, failure};
use crate::uv::{Call, Indexes};
use crate::{Interpreter, Machine, Uv};

/// What every question to uv needs.
pub(super) struct Context<'a> {
    pub(super) uv: &'a Uv,
    pub(super) machine: &'a Machine<'a>,
    pub(super) interpreter: &'a Interpreter,
    pub(super) store: &'a Store,
    pub(super) indexes: Indexes,
}

impl Context<'_> {
    /// Runs uv and returns its standard output, or its failure while `doing` something.
    pub(super) fn run(
        &self,
        arguments: Vec<String>,
        folder: &Path,
        doing: String,
    ) -> Result<String, Error> {
        let call = Call {
            arguments,
            folder,
            offline: false,
        };
        let output = self.uv.call(self.machine, &self.indexes, &call)?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            let failure = failure::read(&output.stderr).of_indexes(self.machine, &self.indexes);
            Err(Error::uv(doing, failure, self.machine))
        }
    }
}
