//! What the commands of a check did, as plain data: filled by each command and by what is gathered afterwards.

use std::collections::BTreeSet;

use towpath_report::{ArtifactRecord, Problem};
use towpath_runner::Dependencies;
use towpath_standard::Partial;

/// What the commands of a check did.
#[derive(Default)]
pub(crate) struct Executed {
    pub(crate) found: Vec<Partial>,
    pub(crate) errors: Vec<Problem>,
    pub(crate) notes: Vec<String>,
    pub(crate) artifacts: Vec<ArtifactRecord>,
    pub(crate) dependencies: Option<Dependencies>,
    /// Files of the repository that were opened, where all of them were seen.
    pub(crate) opened: Option<BTreeSet<String>>,
    pub(crate) commands: Vec<Vec<String>>,
    pub(crate) cpu_ms: u64,
    pub(crate) network_tried: bool,
    pub(crate) cancelled: bool,
    /// Why it may end otherwise the next time, with nothing changed: such a verdict is not kept.
    pub(crate) fleeting: Option<String>,
}
