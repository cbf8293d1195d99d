//! One test and how it ended.

use serde::{Deserialize, Serialize};

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TestOutcome {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It could not be set up, torn down or collected.
    Error,
    /// It was not run.
    Skipped,
    /// It failed, as it was expected to.
    XFailed,
    /// It passed although it was expected to fail.
    XPassed,
}

/// One test case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestCase {
    /// Full name as the test runner selects it, such as `tests/test_a.py::test_b[1-2]`.
    pub id: String,
    /// File relative to the repository; empty where unknown.
    pub path: String,
    /// Line where the test is defined, from 1; 0 where unknown.
    pub line: u32,
    /// How it ended.
    pub outcome: TestOutcome,
    /// Duration of set-up, call and tear-down in seconds.
    pub seconds: f64,
    /// Why it was skipped or failed, one line; empty when it passed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// File and line where it failed, when that is not where it is defined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<crate::Place>,
    /// The failure at length: trace, captured output. Empty when it passed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub details: String,
}

impl TestCase {
    /// Returns the name without parameters: `tests/test_a.py::test_b` for `…test_b[1-2]`.
    pub fn function(&self) -> &str {
        self.id
            .split_once('[')
            .map_or(self.id.as_str(), |(name, _)| name)
    }

    /// Returns whether the case makes its check fail.
    pub fn is_failure(&self) -> bool {
        matches!(self.outcome, TestOutcome::Failed | TestOutcome::Error)
    }

    /// Returns what the test raised, after what led to that, in pytest's words: what was printed, or
    /// compared, may say the same for any reason.
    pub fn exceptions(&self) -> impl Iterator<Item = &str> {
        let raised = self
            .details
            .lines()
            .filter_map(|line| line.strip_prefix("E "));
        raised.chain([self.message.as_str()]).map(str::trim)
    }
}
