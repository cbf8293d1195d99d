//! The processes below the supervisor: collecting the ended ones and ending the rest.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::super::model::Level;

const EVERYBODY: Pid = Pid::from_raw(-1);
/// A process that survives KILL this long hangs in the system itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes processes whose parents ended children of this one, so that none is out of reach.
pub(super) fn adopt_orphans() -> nix::Result<()> {
    prctl::set_child_subreaper(true)
}

/// Gives commands the system's own answer to the signals that end them, also when towpath was started
/// with some of them ignored, as a shell does in the background: who handles a signal passes on no
/// ignoring of it.
pub(super) fn handle_endings() -> io::Result<()> {
    let nobody_asks = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&nobody_asks))?;
    }
    Ok(())
}

/// Returns what becomes readable when a child has ended. Threads that are there already would take the
/// signal away.
pub(super) fn watch_ended() -> nix::Result<SignalFd> {
    let mut child_ended = SigSet::empty();
    child_ended.add(Signal::SIGCHLD);
    child_ended.thread_block()?;
    SignalFd::with_flags(&child_ended, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}

/// Collects one ended child; `None` when no child has ended by now.
pub(super) fn collect_one() -> Option<WaitStatus> {
    match waitpid(EVERYBODY, Some(WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::StillAlive) | Err(_) => None,
        Ok(status) => Some(status),
    }
}

/// Kills every process below this one, collects them and returns how many had to be killed.
pub(super) fn end_all(level: Level) -> u32 {
    let mut killed = 0;
    let patience_ends = Instant::now() + PATIENCE;
    while Instant::now() < patience_ends {
        match waitpid(EVERYBODY, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => kill_all(level),
            Ok(WaitStatus::Signaled(_, Signal::SIGKILL, _)) => killed += 1,
            Err(Errno::ECHILD) => break,
            _ => {}
        }
    }
    killed
}

fn kill_all(level: Level) {
    if level == Level::Namespaces {
        // To the first process of a namespace, everybody is everybody else in it. Nobody left is no error.
        if kill(EVERYBODY, Signal::SIGKILL).is_ok() {
            wait_for_change();
        }
        return;
    }
    for process in descendants() {
        // It may have ended since it was listed.
        let _ = kill(process, Signal::SIGKILL);
    }
    wait_for_change();
}

fn wait_for_change() {
    thread::sleep(Duration::from_micros(200));
}

/// Lists the processes below this one.
fn descendants() -> Vec<Pid> {
    let parents: HashMap<i32, i32> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|process| Some((process, parent_of(process)?)))
        .collect();
    let own = std::process::id().cast_signed();
    parents
        .keys()
        .filter(|&&process| process != own && leads_to(&parents, process, own))
        .map(|&process| Pid::from_raw(process))
        .collect()
}

fn leads_to(parents: &HashMap<i32, i32>, process: i32, ancestor: i32) -> bool {
    let mut present = process;
    // The list is no snapshot; a number used again could close a circle.
    for _ in 0..=parents.len() {
        match parents.get(&present) {
            Some(&parent) if parent == ancestor => return true,
            Some(&parent) => present = parent,
            None => return false,
        }
    }
    false
}

fn parent_of(process: i32) -> Option<i32> {
    parent_in(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// Reads the parent from `stat`: the second field after the name, which may hold anything.
fn parent_in(stat: &str) -> Option<i32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_parents() {
        assert_eq!(parent_in("7 (a) b) S 3 7 7"), Some(3));
        assert_eq!(parent_in("7 (a"), None);
        let parents = HashMap::from([(5, 4), (4, 2), (9, 1), (8, 8)]);
        assert!(leads_to(&parents, 5, 2));
        assert!(leads_to(&parents, 4, 2));
        assert!(!leads_to(&parents, 9, 2));
        assert!(!leads_to(&parents, 8, 2));
    }
}
