//! The tools that read code and print findings, as towpath runs them: one entry each.

mod format;
mod lint;
mod security;
mod types;

use towpath_report::Finding;
use towpath_report::readers::Paths;

use crate::work::Output;

/// A tool that reads code and prints findings.
pub(crate) struct Linter {
    /// The tool as automation names it.
    pub(crate) tool: &'static str,
    /// Program and subcommand.
    pub(crate) program: &'static [&'static str],
    /// What is always added.
    pub(crate) arguments: &'static [&'static str],
    /// Options of output, fixing and caching that are taken out; with `=` where a value follows.
    pub(crate) dropped: &'static [&'static str],
    /// Options that are kept whose value may follow as a word of its own.
    pub(crate) valued: &'static [&'static str],
    /// Paths where the project names none; empty where the tool's own settings name them.
    pub(crate) paths: &'static [&'static str],
    /// What replaces `arguments` for versions below `(major, minor)`.
    pub(crate) old: Option<((u64, u64), &'static [&'static str])>,
    /// What replaces `arguments` to mend what can be mended, and the highest exit code that means that it
    /// did; `None` where the tool mends nothing.
    pub(crate) fix: Option<(&'static [&'static str], i32)>,
    /// Exit codes that mean that the tool has done its work.
    pub(crate) done: fn(i32) -> bool,
    /// Exit code that means that the tool stopped at an error, which it reports.
    pub(crate) stopped: Option<i32>,
    pub(crate) read: Read,
}

/// Reads what a tool printed; an error says what was wrong with it.
type Read = fn(&Output<'_>, &Paths<'_>) -> Result<Vec<Finding>, String>;

impl Linter {
    /// Returns a tool that mends nothing, has done its work with 0 and 1, and finds its files by itself.
    const fn plain(
        tool: &'static str,
        program: &'static [&'static str],
        arguments: &'static [&'static str],
        read: Read,
    ) -> Self {
        Self {
            tool,
            program,
            arguments,
            dropped: &[],
            valued: &[],
            paths: &[],
            old: None,
            fix: None,
            done: |exit| matches!(exit, 0 | 1),
            stopped: None,
            read,
        }
    }
}

/// Returns every tool with a command line of this kind.
pub(crate) fn linters() -> impl Iterator<Item = &'static Linter> {
    [lint::TOOLS, format::TOOLS, types::TOOLS, security::TOOLS]
        .into_iter()
        .flatten()
}

/// Returns the linter that automation knows by a name.
pub(crate) fn linter(tool: &str) -> Option<&'static Linter> {
    linters().find(|linter| linter.tool == tool)
}
