//! The system as one coarse input: its kernel and the number of its processors, what the package manager
//! installed, and `/etc` by size and time. All are seen in every sandbox, so a verdict depends on them.

use std::ffi::CStr;
use std::num::NonZero;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::Digest;

/// Databases of package managers; one that is absent counts as absent.
const PACKAGE_DATABASES: [&str; 4] = [
    "/var/lib/dpkg/status",
    "/lib/apk/db/installed",
    "/var/lib/rpm/rpmdb.sqlite",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
];

/// Files of `/etc` that change by themselves and say nothing of how a check ends. The last three are
/// masked in a closed sandbox.
const RESTLESS: [&str; 6] = [
    "mtab",
    "adjtime",
    "ld.so.cache",
    "resolv.conf",
    "hosts",
    "hostname",
];

/// Returns the digest of the names of kernel and machine, the number of processors, the stat of the
/// package databases and that of the files directly in `/etc`.
pub fn digest() -> Digest {
    let kernel = rustix::system::uname();
    let names = [kernel.sysname(), kernel.release(), kernel.machine()].map(CStr::to_string_lossy);
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut text = format!("{} {processors}\n", names.join(" "));
    for database in PACKAGE_DATABASES {
        text.push_str(&stat(Path::new(database)));
    }
    let mut lines: Vec<String> = fs_err::read_dir("/etc")
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| {
            entry
                .file_name()
                .to_str()
                .is_none_or(|name| !RESTLESS.contains(&name))
        })
        .map(|entry| stat(&entry.path()))
        .collect();
    lines.sort_unstable();
    text.push_str(&lines.concat());
    Digest::of(text.as_bytes())
}

fn stat(path: &Path) -> String {
    match fs_err::symlink_metadata(path) {
        Ok(data) => format!(
            "{} {} {}.{}\n",
            path.display(),
            data.size(),
            data.mtime(),
            data.mtime_nsec()
        ),
        Err(_) => format!("{} absent\n", path.display()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_changed_gives_the_same_digest() {
        assert_eq!(super::digest(), super::digest());
    }
}
