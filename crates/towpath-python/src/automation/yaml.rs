//! YAML as the files of CI services and pre-commit hold it: read leniently, its texts and lines looked up.

use towpath_report::Source;
use towpath_workflow::yaml::{self, Limits, Node};

use super::walk::Walker;

impl Walker<'_> {
    /// Reads a YAML file as most programs do; what is broken is noted.
    pub(super) fn yaml(&mut self, path: &str, text: &str) -> Option<Node> {
        match yaml::parse(&Source { path, text }, &Limits::LENIENT) {
            Ok(node) => Some(node),
            Err(problems) => {
                let why = problems
                    .first()
                    .map_or("it is broken", |problem| problem.message.as_str());
                let line = format!("{path}: {why}");
                if !self.automation.unreadable.contains(&line) {
                    self.automation.unreadable.push(line);
                }
                None
            }
        }
    }
}

/// Returns the line of a byte, from 1.
pub(super) fn line_of(text: &str, at: usize) -> u32 {
    text.get(..at)
        .map_or(0, |before| before.matches('\n').count() as u32 + 1)
}

/// Returns the texts of a sequence, or the one text that stands in its place.
pub(super) fn strings(node: Option<&Node>) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    match node.as_sequence() {
        Some(items) => items
            .iter()
            .filter_map(Node::text)
            .map(str::to_owned)
            .collect(),
        None => node
            .text()
            .filter(|_| !node.is_null())
            .map(str::to_owned)
            .into_iter()
            .collect(),
    }
}
