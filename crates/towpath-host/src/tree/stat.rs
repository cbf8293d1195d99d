//! What tells whether a file is still the one that was read, without reading it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Times of files are those of the kernel's last tick, which is at most this old.
const TICK_NS: i64 = 20_000_000;
/// The coarsest clock of a file system in use.
const COARSE_NS: i64 = 2_000_000_000;

/// The part of a file's metadata that a change of its content changes too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) size: u64,
    pub(crate) modified_ns: i64,
    pub(crate) changed_ns: i64,
    pub(crate) inode: u64,
}

impl Stat {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }

    /// Returns whether a change after `moment` must show in the stat. Where the file was changed just
    /// before, a second change may bear the same time (git calls such files racily clean).
    pub(crate) fn is_settled(&self, moment: SystemTime) -> bool {
        let moment = moment
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos() as i64);
        let is_fine = self.changed_ns % 1_000_000 != 0;
        let margin = if is_fine { TICK_NS } else { COARSE_NS };
        self.changed_ns.max(self.modified_ns) < moment.saturating_sub(margin)
    }
}

fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_changed_just_now_is_not_settled() {
        let stat = |changed_ns| Stat {
            changed_ns,
            ..Stat::default()
        };
        let moment = UNIX_EPOCH + Duration::from_secs(100);
        let cases = [
            (99_900_000_001, true),
            (99_990_000_001, false),
            (100_000_000_001, false),
            (99_000_000_000, false),
            (97_000_000_000, true),
            (200_000_000_001, false),
        ];
        for (changed_ns, expected) in cases {
            assert_eq!(
                stat(changed_ns).is_settled(moment),
                expected,
                "{changed_ns}"
            );
        }
    }
}
