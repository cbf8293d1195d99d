//! The typed workflow, as read from a file or built by hand, and the metadata of actions.
//!
//! Every field is public and serialisable. Places are kept beside the values and never count in a
//! comparison. Knows the form of a workflow, not what running it means.

mod action;
mod concurrency;
mod job;
mod matrix;
mod permissions;
mod step;
mod text;
mod trigger;
mod workflow;

pub use action::{Action, ActionInput, ActionOutput, Runs};
pub use concurrency::{Concurrency, Queue};
pub use job::{
    CallJob, CallSecrets, Container, Credentials, Environment, Job, JobId, JobWork, RunsOn,
    StepsJob, Strategy,
};
pub use matrix::{Matrix, MatrixAxes, MatrixCell, MatrixCells};
pub use permissions::{Access, CacheMode, Permissions};
pub use step::{Defaults, Step, StepWork};
pub use text::{Argument, Dynamic, Origin, Text, Variables};
pub use trigger::{
    Filter, Input, InputKind, OutputValue, Schedule, SecretInput, Trigger, TriggerKind,
};
pub use workflow::Workflow;
