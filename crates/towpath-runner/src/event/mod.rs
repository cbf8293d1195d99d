//! What starts a run and what all of its jobs know: the event, the repository, inputs, variables and
//! secrets.
//!
//! Events are made from the state of the git repository, which is asked and never changed; payloads have
//! the form of GitHub's webhooks. Reads neither the environment nor any file, and uses no network.

mod context;
mod github;
mod inputs;
mod payload;
mod pull_request;
mod push;
mod release;
mod remote;
mod start;
mod subject;
#[cfg(test)]
mod tests;
mod workflow_run;

pub use context::{Approval, EnvironmentContext, RunContext};
pub use github::RunIdentity;
pub use inputs::{Inputs, input_kind, resolve_inputs};
pub use start::{EventRequest, StartingEvent};
pub use subject::Ground;
pub use workflow_run::EndedRun;
