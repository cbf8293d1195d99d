//! A small reader of POSIX shell: which commands a script runs, where, and whether their failure
//! makes the script fail. Nothing is executed; what only a run can know stays as it is written.
//!
//! `parse` turns text into a tree, `flatten` walks the tree as a shell would and lists commands.

mod expand;
mod flatten;
mod lex;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub(super) use flatten::read;

/// How a script is started.
#[derive(Debug, Clone)]
pub(super) struct Shell {
    /// Whether the first failing command ends the script: `sh -e`.
    pub(super) errexit: bool,
    /// Whether any part of a pipeline counts, not only its last.
    pub(super) pipefail: bool,
    /// Variables known at the start; `@` holds the script's own arguments.
    pub(super) variables: BTreeMap<String, String>,
}

/// One command that a script runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The program and its arguments, expanded as far as can be known. Never empty.
    pub(super) words: Vec<String>,
    /// Variables that the script sets for it.
    pub(super) environment: BTreeMap<String, String>,
    /// Folder relative to where the script starts, by the script's own `cd`s; may climb by `..`.
    pub(super) folder: String,
    /// Line in the script, from 0.
    pub(super) line: u32,
    /// Whether its failure makes the script fail.
    pub(super) can_fail: bool,
}

/// What a script does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Script {
    /// The commands in order.
    pub(super) commands: Vec<Command>,
    /// Variables that it writes to `$GITHUB_ENV` for later steps.
    pub(super) exported: BTreeMap<String, String>,
}

/// Splits a command line into words where there is no shell, as `shlex` does: quotes and
/// backslashes count, operators do not. A quote that is not closed ends with the text.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(characters.next()),
            (None, _) if c.is_whitespace() => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
