//! The vocabulary that every layer of towpath may speak: places in files, problems, findings, test
//! cases, coverage, events and records of a run, and the report made from them.
//!
//! Also the readers of tool output and the writers of reports, which turn bytes into these types and
//! back. Never does I/O, never starts a process, never controls a terminal.

mod causes;
mod changes;
mod comparison;
mod coverage;
mod event;
mod extent;
mod finding;
mod nearest;
mod place;
mod problem;
mod record;
mod test_case;

pub mod readers;
pub mod text;
pub mod writers;

pub use causes::{Cause, CauseKind, causes};
pub use changes::Changes;
pub use comparison::{Comparison, failing_line};
pub use coverage::{Coverage, FileCoverage, percent_covered};
pub use event::{ExpectedJob, RunEvent};
pub use finding::{Finding, Severity};
pub use nearest::nearest;
pub use place::{Place, Source};
pub use problem::{Excerpt, Problem};
pub use record::{
    ArtifactRecord, CheckResult, Conclusion, JobRecord, LastPass, Reused, RunRecord,
    SCHEMA_VERSION, StepRecord, Verdict,
};
pub use test_case::{TestCase, TestOutcome};
