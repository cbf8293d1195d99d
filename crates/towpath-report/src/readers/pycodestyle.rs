//! Reads pycodestyle through the template that it shares with flake8.

use super::{Paths, flake8};
use crate::Finding;

/// What pycodestyle is asked with.
pub const ARGUMENTS: &[&str] =
    &["--format=towpath\t%(path)s\t%(row)d\t%(col)d\t%(code)s\t%(text)s"];

/// Returns the findings in lines of the template.
pub fn read(output: &[u8], paths: &Paths<'_>) -> Vec<Finding> {
    flake8::read_template("pycodestyle", output, paths)
}
