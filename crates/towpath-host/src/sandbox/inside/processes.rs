//! How many processes a job may have at once, so that one that starts ever more of them starves nobody.
//!
//! The limit of a user binds everybody but the system's own root, and counts the job alone where it has a
//! user namespace. That of a process namespace binds root as well, and is its own since Linux 6.14.

use std::io;
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The first version of Linux on which a process namespace has a limit of its own.
const LIMITS_NAMESPACES: (u32, u32) = (6, 14);

/// Limits the processes of the caller's user.
pub(super) fn limit_user(most: u32) -> nix::Result<()> {
    let (_, allowed) = getrlimit(Resource::RLIMIT_NPROC)?;
    let most = allowed.min(u64::from(most));
    setrlimit(Resource::RLIMIT_NPROC, most, most)
}

/// Limits the processes of the caller's process namespace, where it has a limit of its own; on older systems
/// the same file is the whole machine's.
pub(super) fn limit_namespace(proc: &Path, most: u32) -> io::Result<()> {
    let system = rustix::system::uname();
    if version(&system.release().to_string_lossy()) < Some(LIMITS_NAMESPACES) {
        return Ok(());
    }
    match fs_err::write(proc.join("sys/kernel/pid_max"), most.to_string()) {
        // Whoever may not write it is bound by the limit of users.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        result => result,
    }
}

/// Reads the beginning of `6.18.1-generic`.
fn version(release: &str) -> Option<(u32, u32)> {
    let (major, rest) = release.split_once('.')?;
    let minor = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_the_system_are_compared_as_numbers() {
        for (release, expected) in [
            ("6.18.44-fc", true),
            ("6.14-rc1", true),
            ("6.8.0-41-generic", false),
            ("5.15", false),
        ] {
            assert_eq!(
                version(release) >= Some(LIMITS_NAMESPACES),
                expected,
                "{release}"
            );
        }
    }
}
