//! Answers of interpreters, remembered by the stat of their program, so that none is asked twice.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::places::Candidate;
use super::probe::{self, Answer};
use crate::child::write_whole;

const FILE: &str = "interpreters.json";
/// Raised when the probe asks for more.
const VERSION: u32 = 1;

/// What tells that a program is still the one that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    size: u64,
    inode: u64,
    modified: (i64, i64),
}

#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    identity: Identity,
    answer: Answer,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    version: u32,
    programs: BTreeMap<PathBuf, Remembered>,
}

/// Returns the answer of each candidate, asking only those that are not known, all at once.
pub(super) fn answers(cache: &Path, candidates: &[Candidate]) -> Vec<Answer> {
    let mut memory = read(cache);
    let identities: Vec<_> = candidates
        .iter()
        .map(|candidate| identify(&candidate.path))
        .collect();
    let is_known = |path: &PathBuf, identity: Option<Identity>| {
        let remembered = memory.programs.get(path);
        identity.is_some() && remembered.map(|remembered| remembered.identity) == identity
    };
    let unknown: Vec<&Path> = candidates
        .iter()
        .zip(&identities)
        .filter(|(candidate, identity)| !is_known(&candidate.path, **identity))
        .map(|(candidate, _)| candidate.path.as_path())
        .collect();
    let mut asked = ask_all(&unknown);
    let mut answers = Vec::new();
    for (candidate, identity) in candidates.iter().zip(identities) {
        let fresh = asked.remove(candidate.path.as_path());
        if let (Some(answer), Some(identity)) = (&fresh, identity) {
            let answer = answer.clone();
            memory
                .programs
                .insert(candidate.path.clone(), Remembered { identity, answer });
        }
        let known = || {
            memory
                .programs
                .get(&candidate.path)
                .map(|known| known.answer.clone())
        };
        let lost = || Answer::Broken("it vanished while it was looked at".to_owned());
        answers.push(fresh.or_else(known).unwrap_or_else(lost));
    }
    if !unknown.is_empty() {
        memory.programs.retain(|path, _| path.exists());
        memory.version = VERSION;
        if let Err(error) = write(cache, &memory) {
            tracing::debug!(%error, "the answers of the interpreters are not kept");
        }
    }
    answers
}

fn ask_all<'a>(programs: &[&'a Path]) -> BTreeMap<&'a Path, Answer> {
    let answers = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for &program in programs {
            let answers = &answers;
            scope.spawn(move || {
                let answer = probe::ask(program);
                if let Ok(mut answers) = answers.lock() {
                    answers.insert(program, answer);
                }
            });
        }
    });
    answers.into_inner().unwrap_or_default()
}

/// Returns the identity of a program; `None` where there is none.
pub(super) fn identify(path: &Path) -> Option<Identity> {
    let metadata = path.metadata().ok()?;
    Some(Identity {
        size: metadata.size(),
        inode: metadata.ino(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
    })
}

/// Reads the memory; an absent, broken or older one is empty, which only costs time.
fn read(cache: &Path) -> Memory {
    let memory: Option<Memory> = std::fs::read(cache.join(FILE))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    memory
        .filter(|memory| memory.version == VERSION)
        .unwrap_or_default()
}

fn write(cache: &Path, memory: &Memory) -> std::io::Result<()> {
    write_whole(&cache.join(FILE), &serde_json::to_vec(memory)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn script(path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_program_is_asked_again_only_when_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("python3");
        let log = folder.path().join("log");
        let text = format!("#!/bin/sh\necho asked >> {}\necho no json\n", log.display());
        script(&path, &text);
        let candidates = [Candidate {
            path: path.clone(),
            origin: "PATH",
        }];
        let cache = folder.path().join("cache");
        let asked = || std::fs::read_to_string(&log).unwrap().lines().count();
        let first = answers(&cache, &candidates);
        assert!(matches!(first[..], [Answer::Broken(_)]), "{first:?}");
        assert_eq!(answers(&cache, &candidates), first);
        assert_eq!(asked(), 1);
        script(&path, &format!("{text}\n# longer\n"));
        answers(&cache, &candidates);
        assert_eq!(asked(), 2);
    }

    #[test]
    fn a_broken_memory_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(answers(folder.path(), &[]).is_empty());
    }
}
