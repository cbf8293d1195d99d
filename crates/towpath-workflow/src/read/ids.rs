//! Ids of jobs and steps.

use super::reader::Reader;
use crate::expression::is_name;
use crate::yaml::Node;

/// Most characters of an id.
const MAX_LENGTH: usize = 100;

impl Reader<'_> {
    /// Checks that an id is one: a letter or `_`, then letters, digits, `-` and `_`.
    pub(super) fn check_id(&mut self, node: &Node, id: &str, what: &str) -> bool {
        let hint = if !is_name(id) {
            "an id begins with a letter or `_` and holds only letters, digits, `-` and `_`"
        } else if id.starts_with("__") {
            "ids that begin with `__` belong to GitHub"
        } else if id.len() >= MAX_LENGTH {
            "an id has less than 100 characters"
        } else {
            return true;
        };
        let message = format!("`{id}` cannot be the id of {what}");
        self.problem(node.span.clone(), message, "not an id", hint.to_owned());
        false
    }
}
