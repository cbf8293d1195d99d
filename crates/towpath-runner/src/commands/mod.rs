//! What a step says to its runner: commands in its output, files that it writes, and lines in which a
//! problem matcher sees a problem. Pure: nothing is read, written or started here.

mod annotation;
mod files;
mod line;
mod listener;
mod matchers;

pub use annotation::Annotation;
pub use files::{
    Environment, FileError, Variables, add_paths, input_variable, read_environment, read_paths,
    read_summary, read_variables,
};
pub use listener::{Command, Heard, Listener, ListenerSettings};
pub use matchers::{MatcherError, Matchers};
