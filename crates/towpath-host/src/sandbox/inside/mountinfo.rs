//! The mounts of this process as the system lists them, with the flags that a remount has to keep.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use nix::mount::MsFlags;

/// The list of mounts, in the order in which they lie over each other.
pub(super) struct MountTable(Vec<Entry>);

struct Entry {
    point: PathBuf,
    flags: MsFlags,
}

impl MountTable {
    /// Reads the list of this process.
    pub(super) fn read() -> io::Result<Self> {
        Ok(Self::parse(&fs_err::read("/proc/self/mountinfo")?))
    }

    fn parse(text: &[u8]) -> Self {
        Self(
            text.split(|&byte| byte == b'\n')
                .filter_map(entry)
                .collect(),
        )
    }

    /// Returns the flags of the mount in which `path` lies.
    pub(super) fn flags_of(&self, path: &Path) -> MsFlags {
        self.0
            .iter()
            .filter(|entry| path.starts_with(&entry.point))
            .max_by_key(|entry| entry.point.components().count())
            .map_or(MsFlags::empty(), |entry| entry.flags)
    }

    /// Returns the mounts below `path`, as paths relative to it, with their flags.
    pub(super) fn below(&self, path: &Path) -> impl Iterator<Item = (&Path, MsFlags)> {
        self.0.iter().filter_map(move |entry| {
            let relative = entry.point.strip_prefix(path).ok()?;
            (!relative.as_os_str().is_empty()).then_some((relative, entry.flags))
        })
    }
}

/// Reads one line, such as `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`.
fn entry(line: &[u8]) -> Option<Entry> {
    let mut fields = line.split(|&byte| byte == b' ');
    let point = fields.nth(4)?;
    let options = fields.next()?;
    Some(Entry {
        point: PathBuf::from(OsString::from_vec(unescaped(point))),
        flags: flags(options),
    })
}

fn flags(options: &[u8]) -> MsFlags {
    let flags = options
        .split(|&byte| byte == b',')
        .map(|option| match option {
            b"ro" => MsFlags::MS_RDONLY,
            b"nosuid" => MsFlags::MS_NOSUID,
            b"nodev" => MsFlags::MS_NODEV,
            b"noexec" => MsFlags::MS_NOEXEC,
            b"noatime" => MsFlags::MS_NOATIME,
            b"nodiratime" => MsFlags::MS_NODIRATIME,
            b"relatime" => MsFlags::MS_RELATIME,
            _ => MsFlags::empty(),
        })
        .fold(MsFlags::empty(), MsFlags::union);
    if flags.intersects(MsFlags::MS_NOATIME | MsFlags::MS_RELATIME) {
        flags
    } else {
        flags | MsFlags::MS_STRICTATIME
    }
}

/// Undoes the octal escapes of spaces, tabs, newlines and backslashes.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let octal = (first == b'\\')
            .then(|| after.first_chunk::<3>())
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let Some(byte) = octal {
            plain.push(byte);
            rest = after.get(3..).unwrap_or_default();
        } else {
            plain.push(first);
            rest = after;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_points_and_flags() {
        let table = MountTable::parse(
            b"1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/a rw\n\
              2 1 0:5 / /mnt/a\\040b ro,nosuid,nodev,noatime - tmpfs x rw\n\
              3 2 0:6 / /mnt/a\\040b/c rw - tmpfs x rw\n",
        );
        assert_eq!(table.flags_of(Path::new("/usr")), MsFlags::MS_RELATIME);
        assert_eq!(
            table.flags_of(Path::new("/mnt/a b/x")),
            MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOATIME
        );
        let below: Vec<_> = table.below(Path::new("/mnt")).collect();
        assert_eq!(
            below.iter().map(|(path, _)| *path).collect::<Vec<_>>(),
            [Path::new("a b"), Path::new("a b/c")]
        );
        assert_eq!(below[1].1, MsFlags::MS_STRICTATIME);
    }
}
