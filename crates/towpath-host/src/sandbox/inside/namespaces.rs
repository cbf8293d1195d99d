//! Leaving the host's namespaces: the outer process, and the first moments of the inner one.

use std::fs;

use nix::mount::MsFlags;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{getgid, getuid, setsid};

use super::build::{BuildError, step};
use super::capabilities;
use crate::process::inner;

/// Moves this process, and for the process namespace its next child, into new namespaces. Who may
/// administrate the system keeps all its users; everybody else becomes the one user of a user namespace.
pub(super) fn leave(network: bool) -> Result<(), BuildError> {
    // An own session: the terminal's Ctrl-C is towpath's to handle, and `/dev/tty` is nobody's.
    setsid().map_err(step("start a session"))?;
    let mut flags = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    if !network {
        flags |= CloneFlags::CLONE_NEWNET;
    }
    let needs_user_namespace = !inner::may_administrate().map_err(step("read the capabilities"))?;
    if needs_user_namespace {
        flags |= CloneFlags::CLONE_NEWUSER;
    }
    let (user, group) = (getuid(), getgid());
    unshare(flags).map_err(step("leave the host's namespaces"))?;
    if needs_user_namespace {
        map_self("setgroups", "deny")?;
        map_self("uid_map", &format!("{user} {user} 1"))?;
        map_self("gid_map", &format!("{group} {group} 1"))?;
    }
    capabilities::keep_over_exec().map_err(step("keep the capabilities"))?;
    if !network {
        // A name that resolves without a name server, and the same on every machine.
        nix::unistd::sethostname("localhost").map_err(step("set the host name"))?;
    }
    Ok(())
}

/// Ties the inner process to the outer one and its mounts to nobody else's.
pub(super) fn settle() -> Result<(), BuildError> {
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(step("die with the parent"))?;
    // A job of the same user could otherwise look into the supervisor and speak in its name.
    prctl::set_dumpable(false).map_err(step("close the supervisor's memory"))?;
    nix::mount::mount(
        None::<&str>,
        "/",
        None::<&str>,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        None::<&str>,
    )
    .map_err(step("separate the mounts from the host's"))
}

fn map_self(file: &str, line: &str) -> Result<(), BuildError> {
    fs::write(format!("/proc/self/{file}"), line).map_err(step("map the user into the namespace"))
}
