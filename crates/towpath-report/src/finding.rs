//! What a check says about the user's code. Knows no tool in particular.

use serde::{Deserialize, Serialize};

use crate::Place;

/// How bad something is, from worst to least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Wrong.
    Error,
    /// Doubtful.
    Warning,
    /// Worth knowing.
    Note,
}

/// One thing that a tool found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The tool that found it, such as `ruff`.
    pub tool: String,
    /// The tool's name for the rule, such as `F401`; empty where the tool has none.
    pub rule: String,
    /// Where the rule is documented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_url: Option<String>,
    /// What is wrong, in the tool's words, one line where the tool allows.
    pub message: String,
    /// Where; absent for what concerns the whole project.
    pub place: Option<Place>,
    /// The tool's own severity.
    pub severity: Severity,
    /// Whether `towpath fix` can mend it.
    pub fixable: bool,
    /// Whether it makes the check fail. Set by policy, `false` from a reader.
    pub blocking: bool,
}

impl Finding {
    /// Returns what stays the same when lines move: tool, rule, file and message.
    pub fn fingerprint(&self) -> (&str, &str, &str, &str) {
        let path = self.place.as_ref().map_or("", |place| place.path.as_str());
        (&self.tool, &self.rule, path, &self.message)
    }
}
