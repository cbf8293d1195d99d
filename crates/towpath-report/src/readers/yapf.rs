//! Reads `yapf --diff`.

use super::{Paths, diff};
use crate::Finding;

/// What yapf is asked with; its exit code is 1 for files to change and for an error.
pub const ARGUMENTS: &[&str] = &["--diff", "--recursive"];

/// Returns one finding for each file that yapf would change.
pub fn read(output: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    let words = diff::Words {
        tool: "yapf",
        rule: "unformatted",
    };
    diff::read(output, paths, &words)
}

/// Returns the file that yapf could not parse, from its standard error.
pub fn read_errors(errors: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    diff::read_unparsed("yapf", errors, paths)
}
