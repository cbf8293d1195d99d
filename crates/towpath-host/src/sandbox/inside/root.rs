//! The closed root: the system's own folders to read, private folders to write, the job's mounts, and
//! nothing else of the host.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, getuid, pivot_root};

use super::super::model::{JobSandbox, Mount};
use super::build::{BuildError, step, step_at};
use super::devices;
use super::mountinfo::MountTable;
use super::mounts::{NewRoot, make_folder};
use super::overlay::{Harvest, Overlay};
use super::processes::limit_namespace;

/// Readable for every job, as far as they exist.
pub(super) const SYSTEM_FOLDERS: [&str; 9] = [
    "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/etc", "/opt",
];
/// What of `/proc` would let a root user's job change the host.
const CLOSED_PROC: [&str; 5] = ["sys", "sysrq-trigger", "irq", "bus", "fs"];
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Files of `/etc` that name the machine and its network, which no verdict depends on: what every job
/// reads in their place, and whether a job with the host's network needs the real one.
const MASKED: [(&str, &str, bool); 3] = [
    ("hostname", "localhost\n", false),
    ("hosts", "127.0.0.1 localhost\n::1 localhost\n", true),
    ("resolv.conf", "", true),
];

/// Builds the root in the sandbox's scratch folder and enters it; the old one is out of reach afterwards.
pub(super) fn enter(sandbox: &JobSandbox) -> Result<Vec<Harvest>, BuildError> {
    let host = MountTable::read().map_err(step("read the list of mounts"))?;
    let root = NewRoot::mount(sandbox.scratch.join("root"), &host)?;
    provide_system(&root, sandbox.processes)?;
    for (folder, mode) in [("/tmp", 0o1777), ("/var/tmp", 0o1777), ("/run", 0o755)] {
        root.private(Path::new(folder), mode)?;
    }
    if sandbox.network {
        provide_resolver(&root)?;
    }
    mask_machine(&root, sandbox)?;
    root.private(&sandbox.home, 0o700)?;
    let harvests = mount_all(&root, sandbox)?;
    root.protect()?;
    change_root(root.folder()).map_err(step("change to the new root"))?;
    Ok(harvests)
}

fn provide_system(root: &NewRoot, processes: u32) -> Result<(), BuildError> {
    for folder in SYSTEM_FOLDERS {
        provide_system_folder(root, Path::new(folder))?;
    }
    devices::provide(root)?;
    provide_proc(root, processes)
}

/// Shows a folder of the system; a link such as `/bin` to `usr/bin` stays a link.
fn provide_system_folder(root: &NewRoot, folder: &Path) -> Result<(), BuildError> {
    let Ok(real) = fs::canonicalize(folder) else {
        return Ok(());
    };
    let is_shown_elsewhere = real != folder
        && SYSTEM_FOLDERS
            .iter()
            .any(|other| Path::new(other) != folder && real.starts_with(other));
    if is_shown_elsewhere {
        return symlink(&real, root.at(folder)).map_err(step_at("link", folder));
    }
    root.read_only(&real, folder)
}

fn provide_proc(root: &NewRoot, processes: u32) -> Result<(), BuildError> {
    let proc = Path::new("/proc");
    let at = root.at(proc);
    make_folder(&at, 0o555)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), &at, Some("proc"), flags, None::<&str>).map_err(step("mount `/proc`"))?;
    limit_namespace(&at, processes).map_err(step("limit the processes"))?;
    if !getuid().is_root() {
        return Ok(());
    }
    for name in CLOSED_PROC {
        close_proc(&at.join(name), flags)
            .map_err(step_at("protect from writing", &proc.join(name)))?;
    }
    Ok(())
}

fn close_proc(path: &Path, flags: MsFlags) -> nix::Result<()> {
    let none = None::<&str>;
    if !path.exists() {
        return Ok(());
    }
    mount(Some(path), path, none, MsFlags::MS_BIND, none)?;
    let change = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mount(none, path, none, change | flags, none)
}

/// Shows the list of name servers where `/etc/resolv.conf` links to, often a place below `/run`.
fn provide_resolver(root: &NewRoot) -> Result<(), BuildError> {
    match fs::canonicalize(RESOLV_CONF) {
        Ok(real) if !is_system(&real) => root.read_only(&real, &real),
        _ => Ok(()),
    }
}

fn mask_machine(root: &NewRoot, sandbox: &JobSandbox) -> Result<(), BuildError> {
    for (name, text, is_of_network) in MASKED {
        let path = Path::new("/etc").join(name);
        // A link leads to a place that is not there, or to one that is the same everywhere.
        let is_file = fs::symlink_metadata(&path).is_ok_and(|data| data.is_file());
        if !is_file || (is_of_network && sandbox.network) {
            continue;
        }
        let mask = sandbox.scratch.join(format!("etc-{name}"));
        fs::write(&mask, text).map_err(step_at("write", &mask))?;
        root.read_only(&mask, &path)?;
    }
    Ok(())
}

fn is_system(path: &Path) -> bool {
    SYSTEM_FOLDERS.iter().any(|folder| path.starts_with(folder))
}

fn mount_all(root: &NewRoot, sandbox: &JobSandbox) -> Result<Vec<Harvest>, BuildError> {
    let mut harvests = Vec::new();
    for (number, mount) in sandbox.mounts.iter().enumerate() {
        match mount {
            Mount::ReadOnly { source, target } => root.read_only(source, target)?,
            Mount::Writable { source, target } => root.writable(source, target)?,
            Mount::Tmp { target } => root.memory(target, "mode=755")?,
            Mount::Hidden { target } => root.hide(target)?,
            Mount::Overlay {
                lower,
                upper,
                work,
                target,
            } => {
                let overlay = Overlay {
                    lower,
                    upper,
                    work,
                    target,
                };
                let memory: PathBuf = sandbox.scratch.join(format!("overlay-{number}"));
                harvests.extend(overlay.mount(root, &memory)?);
            }
        }
    }
    Ok(harvests)
}

fn change_root(folder: &Path) -> io::Result<()> {
    chdir(folder)?;
    // The old root comes to lie over the new one and is taken away there; no folder is needed for it.
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")?;
    Ok(())
}
