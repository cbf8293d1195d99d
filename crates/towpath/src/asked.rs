//! What a command asks of a run, joined from its arguments: the run and all that is told of it read it.

use std::path::PathBuf;

use crate::arguments::{ExecutionArguments, ReportArguments};
use crate::terminal::ColorChoice;

/// What a command asks of a run.
pub(crate) struct Asked<'a> {
    /// The folder to work in.
    pub folder: PathBuf,
    /// When to use colour.
    pub color: ColorChoice,
    /// How jobs run.
    pub execution: &'a ExecutionArguments,
    /// What is told.
    pub report: &'a ReportArguments,
    /// Pythons named on the command line.
    pub pythons: &'a [String],
    /// Projects named on the command line; empty for all.
    pub projects: &'a [String],
    /// The one check to run; `None` for the whole pipeline.
    pub check: Option<&'a str>,
    /// Whether only the jobs run that failed last time.
    pub failed: bool,
    /// Only jobs that a change since this commit can affect.
    pub changed_since: Option<&'a str>,
}
