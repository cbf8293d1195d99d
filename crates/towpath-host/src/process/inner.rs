//! The first moments of a process that holds others: its privileges, its file handles, and starting itself
//! again as the first process of new namespaces.

use std::env;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

use rustix::thread::{CapabilitySet, capabilities};

/// Returns whether this process may unshare and mount without a user namespace.
pub(crate) fn may_administrate() -> rustix::io::Result<bool> {
    Ok(capabilities(None)?
        .effective
        .contains(CapabilitySet::SYS_ADMIN))
}

/// Closes what the caller's own caller left open, which commands would else inherit.
pub(crate) fn close_inherited() {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let open: Vec<i32> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|&descriptor| descriptor > 2)
        .collect();
    for descriptor in open {
        // The one through which the list was read is closed already.
        let _ = nix::unistd::close(descriptor);
    }
}

/// Starts this program again as the first process of the new namespaces and waits for its end.
pub(crate) fn wait_for_inner() -> io::Result<ExitCode> {
    // The link leads to this very program even when its file was replaced meanwhile.
    let mut inner = Command::new("/proc/self/exe")
        .args(env::args_os().skip(1))
        .spawn()?;
    let status = inner.wait()?;
    if let Some(signal) = status.signal() {
        return Err(io::Error::other(format!("it was ended by signal {signal}")));
    }
    Ok(ExitCode::from(
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1),
    ))
}
