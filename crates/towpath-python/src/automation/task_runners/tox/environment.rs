//! An environment of tox as far as it matters here, and what is known when it is read.

use std::collections::BTreeMap;

/// What is known when an environment is read.
#[derive(Debug, Clone, Default)]
pub(super) struct Arguments {
    /// What the caller gives after `--`; absent for defaults.
    pub(super) posargs: Option<Vec<String>>,
    /// Variables of the caller.
    pub(super) variables: BTreeMap<String, String>,
    /// The folder of the configuration as seen from where commands run.
    pub(super) root: String,
}

/// One environment as far as it matters here.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    pub(super) commands: Vec<ToxCommand>,
    pub(super) deps: Vec<String>,
    pub(super) extras: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) installs_project: bool,
    pub(super) editable: bool,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) folder: String,
    pub(super) base_python: Option<String>,
    pub(super) ignores_outcome: bool,
}

/// One command of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToxCommand {
    pub(super) words: Vec<String>,
    pub(super) line: u32,
    pub(super) can_fail: bool,
}

impl ToxCommand {
    /// Makes a command of words; `-` before it lets its failure pass, `!` turns it round.
    pub(super) fn new(mut words: Vec<String>, line: u32) -> Option<Self> {
        let first = words.first_mut()?;
        let mut can_fail = true;
        if let Some(rest) = first.strip_prefix('-').or_else(|| first.strip_prefix('!')) {
            can_fail = false;
            *first = rest.to_owned();
        }
        if first.is_empty() {
            words.remove(0);
        }
        (!words.is_empty()).then_some(Self {
            words,
            line,
            can_fail,
        })
    }
}
