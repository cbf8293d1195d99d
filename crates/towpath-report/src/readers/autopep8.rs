//! Reads `autopep8 --diff`.

use super::{Paths, diff};
use crate::Finding;

/// What autopep8 is asked with; its exit code is 2 for files to change.
pub const ARGUMENTS: &[&str] = &["--diff", "--exit-code", "--recursive"];

/// Returns one finding for each file that autopep8 would change.
pub fn read(output: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    let words = diff::Words {
        tool: "autopep8",
        rule: "unformatted",
    };
    diff::read(output, paths, &words)
}
