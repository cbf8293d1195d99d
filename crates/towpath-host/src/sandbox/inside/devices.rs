//! A minimal `/dev`: the devices that every program may expect, and terminals of the sandbox's own.

use std::os::unix::fs::symlink;
use std::path::Path;

use nix::mount::{MsFlags, mount};

use super::build::{BuildError, step_at};
use super::mounts::{NewRoot, make_folder};

const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// Fills `/dev` of the new root.
pub(super) fn provide(root: &NewRoot) -> Result<(), BuildError> {
    let dev = Path::new("/dev");
    for device in DEVICES {
        let path = dev.join(device);
        if path.exists() {
            root.writable(&path, &path)?;
        }
    }
    for (name, target) in LINKS {
        symlink(target, root.at(&dev.join(name))).map_err(step_at("link", &dev.join(name)))?;
    }
    root.private(&dev.join("shm"), 0o1777)?;
    let terminals = root.at(&dev.join("pts"));
    make_folder(&terminals, 0o755)?;
    mount(
        Some("devpts"),
        &terminals,
        Some("devpts"),
        MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC,
        Some("newinstance,ptmxmode=0666,mode=620"),
    )
    .map_err(step_at("mount", &dev.join("pts")))
}
