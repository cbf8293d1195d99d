//! The built-in actions, one file or folder each.
//!
//! So far one: `towpath/check`, the primitive behind `towpath check NAME` and behind each step of the
//! standard pipeline.

pub mod check;

pub use check::{CheckAction, Explanation, FILE_NAMES, Session, Setup, job_variables};
