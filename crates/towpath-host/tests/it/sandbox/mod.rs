//! The sandbox, tried for real: what is closed, how commands end, what is observed.

mod closed;
mod ending;
mod observation;
mod output;
mod restricted;
mod support;
mod unprivileged;
