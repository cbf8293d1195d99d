//! Reads `isort --check-only --diff`.

use super::{Paths, diff};
use crate::Finding;

/// What isort is asked with.
pub const ARGUMENTS: &[&str] = &["--check-only", "--diff"];

/// Returns one finding for each file whose imports isort would change.
pub fn read(output: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    let words = diff::Words {
        tool: "isort",
        rule: "unsorted-imports",
    };
    diff::read(output, paths, &words)
}
