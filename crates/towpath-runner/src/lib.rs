//! Plans and runs workflows.
//!
//! [`plan`] is pure: a workflow becomes the jobs that will run, their matrix expanded and their needs
//! resolved. [`run`] starts them, as many at once as the machine carries and the longest known first,
//! reuses verdicts whose dependencies are unchanged, and emits [`towpath_report::RunEvent`]s.
//! Knows no single action, no Python and no screen.

mod action;
mod action_folder;
mod ahead;
mod assignment;
pub mod commands;
mod dependencies;
mod engine;
mod evaluate;
mod event;
mod job;
mod known;
mod past;
mod plan;
mod platforms;
mod preview;
mod refusals;
mod request;
mod reuse;
mod run;
mod schedule;
pub mod shell;
mod spares;
mod standing;
mod unsupported;
mod work;

pub use action::{
    Action, Actions, Effects, Examined, JobContext, NeededResult, Outcome, Progress, StepContext,
    StepInputs,
};
pub use dependencies::{Dependencies, Difference, KeptDependencies, Key, KeyPart, compare};
pub use engine::{Engine, label_option};
pub use event::{
    Approval, EndedRun, EnvironmentContext, EventRequest, Ground, Inputs, RunContext, RunIdentity,
    StartingEvent, input_kind, resolve_inputs,
};
pub use job::CACHE_MODE;
pub use plan::{
    Error as PlanError, Frame, Granted, JobCopy, Plan, PlannedJob, PlannedStep, plan, plan_frames,
};
pub use platforms::Platforms;
pub use preview::{
    ConditionPreview, Copies, CopyPreview, EnvironmentPreview, JobPreview, PreviewScope, preview,
};
pub use request::{FetchedActions, FindEngine, Machine, Request};
pub use reuse::{LastRun, Ledger, StoredVerdict, job_history};
pub use run::{Completed, Observer, run, superseded};
pub use unsupported::{Means, unsupported};
pub use work::folder_name;
