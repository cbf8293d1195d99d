//! Reads `black --check --diff`.

use super::{Paths, diff};
use crate::Finding;

/// What black is asked with; its exit code is 1 for files to change and 123 for an error.
pub const ARGUMENTS: &[&str] = &["--check", "--diff", "--quiet", "--no-color"];

/// Returns one finding for each file that black would change.
pub fn read(output: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    diff::read(
        output,
        paths,
        &diff::Words {
            tool: "black",
            rule: "unformatted",
        },
    )
}

/// Returns the files that black could not parse, from its standard error.
pub fn read_errors(errors: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    diff::read_unparsed("black", errors, paths)
}
