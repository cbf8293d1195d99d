//! Processes: what every command has in common, and the keeper that holds the processes of a run's steps.
//!
//! The keeper is towpath's own binary, started again ([`keep`]): the steps' processes are its children, and
//! what they leave behind dies with it, also when towpath is killed. As root it is the first process of a
//! process namespace; for everybody else it adopts orphans. Steps are not closed in; that is
//! [`sandbox`](crate::sandbox), which shares the parts of this module that end and collect processes.
//! Knows no jobs and no steps beyond the identifier in a process's environment.

mod cancel;
mod conversation;
mod ending;
mod error;
pub(crate) mod frames;
mod holder;
pub(crate) mod inner;
mod keeper;
pub(crate) mod launch;
mod line_cut;
mod lines;
mod model;
mod parcel;
pub(crate) mod reaper;
mod talk;

pub use cancel::Cancel;
pub(crate) use cancel::{Listener, Stop};
pub(crate) use ending::{Ending, Grace};
pub use error::Error;
pub use holder::keep;
pub use keeper::Keeper;
pub use launch::is_executable;
pub use line_cut::{LONGEST_LINE, LineCut};
pub(crate) use lines::Lines;
pub use model::{CommandEnd, StepCommand, StepEnd};
pub(crate) use reaper::cpu_us;
