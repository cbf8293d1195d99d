//! One question to one interpreter, in a process of its own, and its answer.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use pep440_rs::Version;
use serde::{Deserialize, Serialize};

use super::Interpreter;
use super::memory::identify;
use crate::PythonVersion;
use crate::child::{Child, Output};

/// Prints what towpath wants to know as JSON; runs isolated and without `site`.
const SCRIPT: &str = include_str!("probe.py");
const TIMEOUT: Duration = Duration::from_secs(20);

/// The values that environment markers of PEP 508 compare with, as the interpreter gives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of PEP 508")]
pub struct Markers {
    pub implementation_name: String,
    pub implementation_version: String,
    pub os_name: String,
    pub platform_machine: String,
    pub platform_python_implementation: String,
    pub platform_release: String,
    pub platform_system: String,
    pub platform_version: String,
    pub python_full_version: String,
    pub python_version: String,
    pub sys_platform: String,
}

/// What a candidate turned out to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    /// An interpreter that works.
    Python(Box<Facts>),
    /// An interpreter older than 3.6.
    Unsupported,
    /// Something that does not answer; why.
    Broken(String),
}

/// What an interpreter says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    executable: PathBuf,
    version: String,
    major: u8,
    minor: u8,
    is_virtual: bool,
    prefix: PathBuf,
    stdlib: PathBuf,
    platform: String,
    is_free_threaded: bool,
    markers: Markers,
}

impl Facts {
    pub(super) fn interpreter(&self, origin: &str) -> Interpreter {
        let path = self.base_program();
        Interpreter {
            program: identify(&path),
            path,
            version: self.version.clone(),
            python: PythonVersion::new(self.major, self.minor),
            implementation: self.markers.implementation_name.clone(),
            origin: origin.to_owned(),
            prefix: self.prefix.clone(),
            stdlib: self.stdlib.clone(),
            platform: self.platform.clone(),
            is_free_threaded: self.is_free_threaded,
            markers: self.markers.clone(),
        }
    }

    /// A virtual environment made by copying has a program of its own; its base has another.
    fn base_program(&self) -> PathBuf {
        let name = format!("bin/python{}.{}", self.major, self.minor);
        let base = self.prefix.join(name).canonicalize();
        match base {
            Ok(base) if self.is_virtual => base,
            _ => self.executable.clone(),
        }
    }
}

/// Asks a program what it is.
pub(super) fn ask(program: &Path) -> Answer {
    let arguments = ["-I", "-S", "-c", SCRIPT].map(str::to_owned);
    let environment = BTreeMap::new();
    let child = Child {
        program,
        arguments: &arguments,
        environment: &environment,
        folder: Path::new("/"),
        timeout: Some(TIMEOUT),
    };
    match child.run() {
        Ok(output) => read(&output),
        Err(error) => Answer::Broken(error.to_string()),
    }
}

fn read(output: &Output) -> Answer {
    if !output.status.success() {
        // Python 2 knows no `-I` and says so.
        if output.stderr.contains("-I") && output.stderr.contains("option") {
            return Answer::Unsupported;
        }
        let last = output.stderr.lines().rfind(|line| !line.trim().is_empty());
        let reason = last.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned());
        return Answer::Broken(reason);
    }
    match serde_json::from_str::<Facts>(&output.stdout) {
        Ok(facts) if (facts.major, facts.minor) < (3, 6) => Answer::Unsupported,
        Ok(facts) => Answer::Python(Box::new(facts)),
        Err(_) => Answer::Broken("it does not answer like a Python interpreter".to_owned()),
    }
}

/// Compares two versions by PEP 440; one that is none is older than any other.
pub(super) fn compare_versions(left: &str, right: &str) -> Ordering {
    // A build from a checkout calls itself `3.14.0a1+`.
    let parse = |text: &str| Version::from_str(text.trim_end_matches('+')).ok();
    parse(left).cmp(&parse(right))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn answer(code: i32, stdout: &str, stderr: &str) -> Answer {
        read(&Output {
            status: ExitStatus::from_raw(code << 8),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        })
    }

    #[test]
    fn python_2_is_ignored_and_the_rest_is_broken() {
        let usage = "Unknown option: -I\nusage: python [option] ...\n";
        assert_eq!(answer(2, "", usage), Answer::Unsupported);
        let lost = "error while loading shared libraries: libpython3.9.so\n\n";
        assert_eq!(
            answer(127, "", lost),
            Answer::Broken(lost.trim().to_owned())
        );
        assert_eq!(
            answer(1, "", ""),
            Answer::Broken("exit status: 1".to_owned())
        );
        assert!(matches!(answer(0, "hello", ""), Answer::Broken(_)));
    }

    #[test]
    fn versions_compare_by_number() {
        for (left, right) in [
            ("3.12.10", "3.12.9"),
            ("3.14.0", "3.14.0rc2"),
            ("3.14.0a1+", "x"),
        ] {
            assert_eq!(
                compare_versions(left, right),
                Ordering::Greater,
                "{left} {right}"
            );
        }
    }
}
