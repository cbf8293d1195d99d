//! Finds out how closely a sandbox can be closed on this machine, by trying it.

use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::model::{JobSandbox, Level, Mount, most_processes};
use super::supervisor::Supervisor;

/// Returns the closest level that works here, from really building a small sandbox. `program` is towpath
/// itself. Costs some milliseconds; ask once for a run.
pub fn detect(program: &Path) -> Level {
    for level in [Level::Namespaces, Level::LandlockSeccomp] {
        match try_level(program, level) {
            Ok(()) => return level,
            Err(reason) => {
                tracing::debug!(%level, %reason, "a level of the sandbox is not to be had");
            }
        }
    }
    Level::None
}

/// Returns a text that differs wherever [`detect`] could answer differently: the boot, the user, and what
/// a container or a security module takes from this process.
pub fn surroundings() -> String {
    const FILES: [&str; 5] = [
        "/proc/sys/user/max_user_namespaces",
        "/proc/sys/user/max_mnt_namespaces",
        "/proc/sys/kernel/unprivileged_userns_clone",
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "/proc/self/attr/current",
    ];
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let user = rustix::process::geteuid().as_raw();
    let mut text = format!("{} {user}\n", crate::lock::boot_id());
    for namespace in ["user", "mnt"] {
        let link = std::fs::read_link(format!("/proc/self/ns/{namespace}"));
        text.push_str(&format!("{}\n", link.unwrap_or_default().display()));
    }
    text.extend(FILES.map(read));
    let status = read("/proc/self/status");
    let limits = status.lines().filter(|line| {
        ["Cap", "NoNewPrivs", "Seccomp:"]
            .iter()
            .any(|name| line.starts_with(name))
    });
    text.extend(limits.map(|line| format!("{line}\n")));
    text
}

fn try_level(program: &Path, level: Level) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let sandbox = smallest(level, folder.path()).map_err(|error| error.to_string())?;
    Supervisor::start(program, &sandbox)
        .and_then(Supervisor::finish)
        .map_err(|error: Error| error.to_string())?;
    Ok(())
}

/// Describes a sandbox that has one of everything the level promises.
fn smallest(level: Level, folder: &Path) -> io::Result<JobSandbox> {
    let make = |name: &str| -> io::Result<PathBuf> {
        let path = folder.join(name);
        fs_err::create_dir(&path)?;
        Ok(path)
    };
    let mounts = match level {
        Level::Namespaces => vec![Mount::Overlay {
            lower: vec![make("lower")?],
            upper: make("upper")?,
            work: make("work")?,
            target: PathBuf::from("/probe"),
        }],
        Level::LandlockSeccomp | Level::None => Vec::new(),
    };
    Ok(JobSandbox {
        level,
        mounts,
        network: false,
        processes: most_processes(),
        home: PathBuf::from("/home/probe"),
        observe: Vec::new(),
        observe_folders: Vec::new(),
        scratch: make("scratch")?,
    })
}
