//! The GitHub Actions workflow language: YAML with places, the typed workflow, expressions, the
//! matrix, the order of jobs, and what starts a workflow.
//!
//! Pure: text goes in, values and [`towpath_report::Problem`]s come out. Never does I/O, never starts
//! a process, never reads the clock; files that a workflow calls are handed in.

mod cron;
mod events;
pub mod expression;
mod glob;
mod legal;
pub mod matrix;
pub mod needs;
mod number;
pub mod official;
mod permissions;
mod problem;
mod read;
pub mod syntax;
pub mod trigger;
mod uses;
mod workflow_place;
pub mod yaml;

pub use legal::{KeyRules, key_rules};
pub use read::{MAX_CALL_DEPTH, Sources, parse_action, parse_workflow};
pub use workflow_place::WorkflowPlace;
