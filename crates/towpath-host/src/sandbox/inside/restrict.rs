//! The rules of a sandbox where namespaces are closed: Landlock for files, seccomp for the network.
//!
//! They bind the calling thread and everything it starts, for good; the supervisor's own thread stays free.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus, Scope, path_beneath_rules,
};
use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::super::model::{JobSandbox, Mount};
use super::build::{BuildError, step};
use super::root::SYSTEM_FOLDERS;

const READABLE: [&str; 2] = ["/proc", "/sys/devices/system/cpu"];
const DEVICES: [&str; 9] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/shm",
];
/// Socket families that lead out of the machine, or into its own network.
const NETWORK_FAMILIES: [i32; 4] = [
    libc::AF_INET,
    libc::AF_INET6,
    libc::AF_PACKET,
    libc::AF_VSOCK,
];

/// Closes the files and, without network, the sockets to the calling thread.
pub(super) fn restrict(sandbox: &JobSandbox, private: &[PathBuf]) -> Result<(), BuildError> {
    restrict_files(sandbox, private)?;
    if !sandbox.network {
        restrict_sockets()?;
    }
    Ok(())
}

fn restrict_files(sandbox: &JobSandbox, private: &[PathBuf]) -> Result<(), BuildError> {
    let abi = ABI::V6;
    let readable = sandbox.mounts.iter().filter_map(|mount| match mount {
        Mount::ReadOnly { source, .. } => Some(source.as_path()),
        _ => None,
    });
    let writable = sandbox.mounts.iter().filter_map(|mount| match mount {
        Mount::Writable { source, .. } => Some(source.as_path()),
        _ => None,
    });
    let system = SYSTEM_FOLDERS.iter().chain(&READABLE).map(Path::new);
    let private = private.iter().map(PathBuf::as_path);
    let devices = DEVICES.iter().map(Path::new);
    let everything = AccessFs::from_all(abi);
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(everything)
        .and_then(|ruleset| ruleset.scope(Scope::Signal))
        .and_then(Ruleset::create)
        .and_then(|rules| {
            rules.add_rules(path_beneath_rules(
                system.chain(readable),
                AccessFs::from_read(abi),
            ))
        })
        .and_then(|rules| {
            rules.add_rules(path_beneath_rules(
                devices.chain(writable).chain(private),
                everything,
            ))
        })
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(step("close the files with Landlock"))?;
    if status.ruleset == RulesetStatus::NotEnforced {
        return Err(step("close the files with Landlock")(
            "the system does not have it",
        ));
    }
    Ok(())
}

fn restrict_sockets() -> Result<(), BuildError> {
    let filter = socket_filter().map_err(step("describe the closed sockets"))?;
    seccompiler::apply_filter(&filter).map_err(step("close the sockets with seccomp"))
}

fn socket_filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let architecture: TargetArch = std::env::consts::ARCH.try_into()?;
    let families = NETWORK_FAMILIES
        .into_iter()
        .map(|family| {
            let is_family = SeccompCondition::new(
                0,
                SeccompCmpArgLen::Dword,
                SeccompCmpOp::Eq,
                u64::from(family.unsigned_abs()),
            )?;
            SeccompRule::new(vec![is_family])
        })
        .collect::<Result<Vec<_>, _>>()?;
    // Requests by way of `io_uring` would pass the filter by.
    let rules = [
        (libc::SYS_socket, families),
        (libc::SYS_io_uring_setup, Vec::new()),
    ];
    SeccompFilter::new(
        rules.into_iter().collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        architecture,
    )?
    .try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_can_be_built() {
        assert!(!socket_filter().unwrap().is_empty());
    }
}
