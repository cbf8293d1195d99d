//! Why a command could not do its work: problems to be shown, all at once. Exit code 2.

use std::fmt;

use towpath_report::Problem;

/// Problems that stop a command.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What is wrong, in the order of files and lines.
    pub problems: Vec<Problem>,
    /// What is said after them: `4 errors in .github/workflows/ci.yml, nothing was run`.
    pub closing: String,
}

impl Failure {
    /// Returns a failure of one problem.
    pub(crate) fn of(problem: Problem) -> Self {
        Self {
            problems: vec![problem],
            closing: String::new(),
        }
    }

    /// Returns a failure from an error of a lower layer and its hints.
    pub(crate) fn from_error(error: &dyn std::error::Error, hints: Vec<String>) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        let mut problem = Problem::error(message);
        problem.hints = hints;
        Self::of(problem)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: Vec<&str> = self
            .problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect();
        f.write_str(&messages.join("; "))
    }
}

impl std::error::Error for Failure {}
