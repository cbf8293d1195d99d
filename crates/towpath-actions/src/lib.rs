//! The built-in actions, one file or folder each.
//!
//! `towpath/check` is the primitive behind `towpath check NAME` and behind each step of the standard
//! pipeline; the others stand for published actions in workflows that `towpath run` runs.

pub mod check;
pub mod checkout;
pub mod setup_python;
mod step;
mod versions;

pub use check::{CheckAction, Explanation, FILE_NAMES, Session, Setup, job_variables};
pub use checkout::Checkout;
pub use setup_python::SetupPython;
pub use versions::{Versions, version_comment};
