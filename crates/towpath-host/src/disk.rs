//! How much room there is.

use std::path::Path;

/// With less room than this something may have failed to be written, in bytes.
const TOO_LITTLE: u64 = 1024 * 1024;

/// Returns whether the file system that holds a folder is full, or nearly. One that cannot tell is not.
pub fn is_full(folder: &Path) -> bool {
    rustix::fs::statvfs(folder)
        .is_ok_and(|system| system.f_bavail.saturating_mul(system.f_frsize) < TOO_LITTLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_full() {
        assert!(!is_full(Path::new("/no/such/folder")));
    }
}
