//! The expression language of GitHub Actions: what stands between `${{` and `}}`.
//!
//! Parsed once, with the contexts and functions that are legal where it stands; evaluated as often as
//! needed. Never reads a file: `hashFiles` and the status functions are handed in.

mod condition;
mod error;
mod evaluator;
mod format;
mod functions;
mod json;
mod lexer;
mod memory;
mod parser;
mod template;
#[cfg(test)]
mod tests;
mod tree;
mod value;

pub use condition::Condition;
pub use error::{Error, Phase, Reason};
pub use evaluator::{Call, Scope};
pub(crate) use functions::built_in_names;
pub(crate) use lexer::is_name;
pub use parser::Names;
pub use template::Template;
pub(crate) use template::is_insert;
pub use tree::{Expression, Function};
pub use value::{Object, Value};

/// Most characters of one expression.
pub const MAX_LENGTH: usize = 21_000;

/// Deepest nesting of one expression.
pub const MAX_DEPTH: usize = 50;

/// Most bytes that the values made by one evaluation may take.
pub const MAX_MEMORY: usize = 10 << 20;
