//! The privileges of the supervisor: kept until the root is built, then given up for good.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use nix::unistd::getuid;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set,
    clear_ambient_capability_set, configure_capability_in_ambient_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

use crate::sandbox::model::Mount;

/// What a root user's commands keep: what makes it behave as root among users and processes, and nothing
/// that reaches the system (mounts, devices, modules, the host's network). Permissions of its own files
/// bind it as they bind every user, so that tests of them say the same in a container and on a laptop.
const KEPT_BY_ROOT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::SETFCAP)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::NET_RAW)
    .union(CapabilitySet::SYS_CHROOT)
    .union(CapabilitySet::AUDIT_WRITE);

/// Returns whether this process is in a user namespace of towpath's or somebody else's making.
pub(super) fn is_in_user_namespace() -> bool {
    // The first namespace maps all users to themselves.
    fs_err::read_to_string("/proc/self/uid_map")
        .is_ok_and(|map| map.split_whitespace().collect::<Vec<_>>() != ["0", "0", "4294967295"])
}

/// Makes all present capabilities ambient, because a user other than root loses them when the inner
/// process is executed.
pub(super) fn keep_over_exec() -> rustix::io::Result<()> {
    let held = capabilities(None)?.permitted;
    set_capabilities(
        None,
        CapabilitySets {
            effective: held,
            permitted: held,
            inheritable: held,
        },
    )?;
    for capability in held.iter() {
        configure_capability_in_ambient_set(capability, true)?;
    }
    Ok(())
}

/// Returns whether all that is mounted belongs to this user. What belongs to others, as a checkout that a
/// container was given, root can use only by passing over its permissions.
pub(super) fn owns(mounts: &[Mount]) -> bool {
    let is_own =
        |path: &PathBuf| fs_err::metadata(path).is_ok_and(|data| data.uid() == getuid().as_raw());
    mounts.iter().all(|mount| match mount {
        Mount::ReadOnly { source, .. } | Mount::Writable { source, .. } => is_own(source),
        Mount::Overlay { lower, .. } => lower.iter().all(is_own),
        Mount::Tmp { .. } | Mount::Hidden { .. } => true,
    })
}

/// Gives up all that commands must not have, so that no program they execute gets it back.
pub(super) fn drop_for_commands(owns_mounts: bool) -> rustix::io::Result<()> {
    let held = capabilities(None)?.permitted;
    let kept = if getuid().is_root() && owns_mounts {
        held & KEPT_BY_ROOT
    } else if getuid().is_root() {
        held & KEPT_BY_ROOT.union(CapabilitySet::DAC_OVERRIDE)
    } else {
        CapabilitySet::empty()
    };
    for capability in CapabilitySet::all().iter() {
        // The system may know fewer capabilities than this list.
        if !kept.contains(capability) && capability_is_in_bounding_set(capability) == Ok(true) {
            remove_capability_from_bounding_set(capability)?;
        }
    }
    clear_ambient_capability_set()?;
    set_capabilities(
        None,
        CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    set_no_new_privs(true)
}
