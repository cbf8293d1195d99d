//! The Python interpreters of the machine: where they are looked for (`places`), what they are asked
//! (`probe`) and how the answers are remembered (`memory`).
//!
//! Never installs one, and does not know which of them a project wants.

mod memory;
mod places;
mod probe;

use std::path::PathBuf;

use serde::Serialize;
use towpath_host::{Digest, Note};

use crate::{Machine, PythonVersion};

use memory::Identity;
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
    /// Which file its program is.
    pub(crate) program: Option<Identity>,
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

    /// Returns what tells it from every other one, and from one that is installed anew in its place.
    pub fn identity(&self) -> Digest {
        let path = self.path.as_os_str().as_encoded_bytes();
        let program = format!("{:?}", self.program);
        Digest::of_parts([path, self.version.as_bytes(), program.as_bytes()])
    }

    /// Returns whether it is what a project means by a version: CPython with the global lock.
    pub fn is_plain(&self) -> bool {
        self.implementation == "cpython" && !self.is_free_threaded
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

/// Returns the best plain interpreter of a version, of those that were found.
pub fn plain_interpreter(found: &[Interpreter], python: PythonVersion) -> Option<&Interpreter> {
    found
        .iter()
        .find(|one| one.python == python && one.is_plain())
}

/// Returns the best plain interpreter of the newest version, of those that were found.
pub fn newest_interpreter(found: &[Interpreter]) -> Option<&Interpreter> {
    let newest = found.iter().rfind(|one| one.is_plain())?;
    plain_interpreter(found, newest.python)
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn interpreter(program: &Path, kind: &str, minor: u8) -> Interpreter {
        let implementation = kind.trim_end_matches('t');
        let facts = serde_json::json!({
            "executable": program, "version": format!("3.{minor}.1"), "major": 3, "minor": minor,
            "is_virtual": false, "prefix": "/usr", "stdlib": "/usr/lib", "platform": "linux-x86_64",
            "is_free_threaded": kind.ends_with('t'),
            "markers": {
                "implementation_name": implementation, "implementation_version": "", "os_name": "",
                "platform_machine": "", "platform_python_implementation": "", "platform_release": "",
                "platform_system": "", "platform_version": "", "python_full_version": "",
                "python_version": "", "sys_platform": "",
            },
        });
        let facts: probe::Facts = serde_json::from_value(facts).unwrap();
        facts.interpreter("PATH")
    }

    #[test]
    fn newest_is_a_plain_one() {
        for (kinds, expected) in [
            (
                &[("cpython", 8), ("cpython", 10), ("pypy", 11)][..],
                Some(1),
            ),
            (&[("cpython", 9), ("cpython", 9), ("cpythont", 14)], Some(0)),
            (&[("pypy", 11), ("cpythont", 14)], None),
        ] {
            let one = |(kind, minor): &(&str, u8)| interpreter(Path::new("/python"), kind, *minor);
            let found: Vec<_> = kinds.iter().map(one).collect();
            let expected = expected.and_then(|at: usize| found.get(at));
            assert!(
                newest_interpreter(&found).map(std::ptr::from_ref)
                    == expected.map(std::ptr::from_ref),
                "{kinds:?}"
            );
        }
    }

    #[test]
    fn one_that_is_installed_anew_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("python3.12");
        let identity = |text: &str| {
            std::fs::write(&program, text).unwrap();
            interpreter(&program, "cpython", 12).identity()
        };
        assert_ne!(identity("without sqlite"), identity("with it"));
    }
}
