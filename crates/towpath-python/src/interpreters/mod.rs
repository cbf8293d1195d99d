//! The Python interpreters of the machine: where they are looked for (`places`), what they are asked
//! (`probe`) and how the answers are remembered (`memory`).
//!
//! Never installs one, and does not know which of them a project wants.

mod memory;
mod places;
mod probe;

use std::path::PathBuf;

use serde::Serialize;
use towpath_host::Note;

use crate::{Machine, PythonVersion};

pub use probe::Markers;

/// One interpreter of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interpreter {
    /// Its program: absolute, links resolved, never a shim and never of a virtual environment.
    pub path: PathBuf,
    /// Its whole version, such as `3.12.1` or `3.14.0rc2`.
    pub version: String,
    /// Its version as projects name it.
    pub python: PythonVersion,
    /// Its implementation in lower case: `cpython`, `pypy`.
    pub implementation: String,
    /// Who put it there: `PATH`, `uv`, `pyenv`, `asdf`, `mise`, `hatch`, `/opt`.
    pub origin: String,
    /// The folder it is installed in (`sys.base_prefix`).
    pub prefix: PathBuf,
    /// The folder of its standard library.
    pub stdlib: PathBuf,
    /// The platform that its wheels are built for, such as `linux-x86_64`.
    pub platform: String,
    /// Whether it runs without the global lock (a `t` build).
    pub is_free_threaded: bool,
    /// The values that environment markers compare with.
    pub markers: Markers,
}

impl Interpreter {
    /// Returns how it is named to the user: `Python 3.12.1`, `pypy 3.10.14`.
    pub fn title(&self) -> String {
        let name = match self.implementation.as_str() {
            "cpython" => "Python",
            other => other,
        };
        let suffix = if self.is_free_threaded { "t" } else { "" };
        format!("{name} {}{suffix}", self.version)
    }
}

/// What was found on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InterpreterSearch {
    /// The interpreters, ascending by minor version, in it the best first: plain CPython before others,
    /// the newest patch release before older ones.
    pub interpreters: Vec<Interpreter>,
    /// The ones that do not work, and why.
    pub notes: Vec<Note>,
}

/// Returns the interpreters of the machine, from 3.6 on, ascending by minor version, the best first in it.
/// A broken one is left out; [`search_interpreters`] says which.
pub fn find_interpreters(machine: &Machine<'_>) -> Vec<Interpreter> {
    search_interpreters(machine).interpreters
}

/// Returns the interpreters of the machine and notes about those that do not work. An interpreter that is
/// known by its stat is not started again.
pub fn search_interpreters(machine: &Machine<'_>) -> InterpreterSearch {
    let candidates = places::candidates(machine);
    let answers = memory::answers(machine.cache, &candidates);
    let mut search = InterpreterSearch {
        interpreters: Vec::new(),
        notes: Vec::new(),
    };
    for (candidate, answer) in candidates.iter().zip(answers) {
        match answer {
            probe::Answer::Python(facts) => {
                let interpreter = facts.interpreter(candidate.origin);
                let is_known = |known: &Interpreter| known.path == interpreter.path;
                if !search.interpreters.iter().any(is_known) {
                    search.interpreters.push(interpreter);
                }
            }
            probe::Answer::Unsupported => {}
            probe::Answer::Broken(reason) => search.notes.push(Note {
                message: format!("`{}` does not work: {reason}", candidate.path.display()),
                hints: vec![format!(
                    "install it again, or remove it ({})",
                    candidate.origin
                )],
            }),
        }
    }
    search.interpreters.sort_by(|left, right| {
        let rank = |one: &Interpreter| {
            (
                one.python,
                one.implementation != "cpython",
                one.is_free_threaded,
            )
        };
        let by_kind = rank(left).cmp(&rank(right));
        // The sort is stable: among equals, the order of the places decides.
        by_kind.then_with(|| probe::compare_versions(&right.version, &left.version))
    });
    search
}
