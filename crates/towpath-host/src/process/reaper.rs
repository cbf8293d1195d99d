//! The processes below the one that holds them: collecting the ended ones and ending the rest.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// The first process of a namespace.
const FIRST: u32 = 1;
/// To `kill`, everybody else in the namespace; to `waitpid`, any child.
const EVERYBODY: Pid = Pid::from_raw(-1);
/// A process that survives KILL this long hangs in the system itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Makes processes whose parents ended children of this one, so that none is out of reach.
pub(crate) fn adopt_orphans() -> nix::Result<()> {
    prctl::set_child_subreaper(true)
}

/// Gives commands the system's own answer to the signals that end them, also when towpath was started
/// with some of them ignored, as a shell does in the background: who handles a signal passes on no
/// ignoring of it.
pub(crate) fn handle_endings() -> io::Result<()> {
    let nobody_asks = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&nobody_asks))?;
    }
    Ok(())
}

/// Returns whether this is the first process of a namespace, which holds nobody else's processes.
pub(crate) fn is_first() -> bool {
    std::process::id() == FIRST
}

/// Returns what becomes readable when a child has ended. Threads that are there already would take the
/// signal away.
pub(crate) fn watch_ended() -> nix::Result<SignalFd> {
    let mut child_ended = SigSet::empty();
    child_ended.add(Signal::SIGCHLD);
    child_ended.thread_block()?;
    SignalFd::with_flags(&child_ended, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}

/// What waiting for a child came to.
pub(crate) enum Collected {
    /// One that has ended.
    Child(WaitStatus),
    /// There are some, and none has ended by now.
    NoneEnded,
    /// There is none, and so nothing below any.
    NoneLeft,
}

/// Collects one ended child.
pub(crate) fn collect_one() -> Collected {
    match waitpid(EVERYBODY, Some(WaitPidFlag::WNOHANG)) {
        Err(Errno::ECHILD) => Collected::NoneLeft,
        Ok(WaitStatus::StillAlive) | Err(_) => Collected::NoneEnded,
        Ok(status) => Collected::Child(status),
    }
}

/// Kills every process below this one, collects them and returns how many had to be killed.
pub(crate) fn end_all() -> u32 {
    let mut killed = 0;
    let patience_ends = Instant::now() + PATIENCE;
    while Instant::now() < patience_ends {
        match waitpid(EVERYBODY, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => kill_all(),
            Ok(WaitStatus::Signaled(_, Signal::SIGKILL, _)) => killed += 1,
            Err(Errno::ECHILD) => break,
            _ => {}
        }
    }
    killed
}

fn kill_all() {
    if is_first() {
        // Its namespace holds nobody else's processes. Nobody left is no error.
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

/// Gives ended processes a moment to become collectable.
pub(crate) fn wait_for_change() {
    thread::sleep(Duration::from_micros(200));
}

/// Lists the processes below this one.
fn descendants() -> Vec<Pid> {
    Below::look().of(Pid::this())
}

/// Returns the children of this process, which has one thread.
pub(crate) fn children() -> Vec<Pid> {
    let own = Pid::this();
    match fs::read_to_string(format!("/proc/self/task/{own}/children")) {
        Ok(list) => list
            .split_whitespace()
            .filter_map(|process| Some(Pid::from_raw(process.parse().ok()?)))
            .collect(),
        // The system may be built without that list.
        Err(_) => Below::look().children_of(own),
    }
}

/// Reads a variable of the environment that a process was started with; `None` where it has none, or is
/// not to be looked into.
pub(crate) fn variable(process: Pid, name: &str) -> Option<String> {
    let environment = fs::read(format!("/proc/{process}/environ")).ok()?;
    let value = environment
        .split(|&byte| byte == 0)
        .find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    String::from_utf8(value.to_vec()).ok()
}

/// Which process stands below which, at one moment.
pub(crate) struct Below {
    parents: HashMap<i32, i32>,
}

impl Below {
    /// Looks at all processes.
    pub(crate) fn look() -> Self {
        let parents = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(|process| Some((process, parent_of(process)?)))
            .collect();
        Self { parents }
    }

    /// Returns the processes below one.
    pub(crate) fn of(&self, ancestor: Pid) -> Vec<Pid> {
        let ancestor = ancestor.as_raw();
        self.parents
            .keys()
            .filter(|&&process| process != ancestor && self.leads_to(process, ancestor))
            .map(|&process| Pid::from_raw(process))
            .collect()
    }

    fn children_of(&self, parent: Pid) -> Vec<Pid> {
        let children = self
            .parents
            .iter()
            .filter(|(_, of)| **of == parent.as_raw());
        children.map(|(&child, _)| Pid::from_raw(child)).collect()
    }

    fn leads_to(&self, process: i32, ancestor: i32) -> bool {
        let mut present = process;
        // The list is no snapshot; a number used again could close a circle.
        for _ in 0..=self.parents.len() {
            match self.parents.get(&present) {
                Some(&parent) if parent == ancestor => return true,
                Some(&parent) => present = parent,
                None => return false,
            }
        }
        false
    }
}

/// Returns the processor time of all children that were collected.
pub(crate) fn collected_cpu_us() -> u64 {
    getrusage(UsageWho::RUSAGE_CHILDREN)
        .as_ref()
        .map_or(0, cpu_us)
}

/// Returns the processor time in microseconds.
pub(crate) fn cpu_us(usage: &Usage) -> u64 {
    let times = [usage.user_time(), usage.system_time()];
    let microseconds: i64 = times
        .iter()
        .map(|time| time.tv_sec() * 1_000_000 + time.tv_usec())
        .sum();
    u64::try_from(microseconds).unwrap_or(0)
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
        let below = Below {
            parents: HashMap::from([(5, 4), (4, 2), (9, 1), (8, 8)]),
        };
        let mut found = below.of(Pid::from_raw(2));
        found.sort();
        assert_eq!(found, [Pid::from_raw(4), Pid::from_raw(5)]);
        assert_eq!(below.children_of(Pid::from_raw(2)), [Pid::from_raw(4)]);
    }
}
