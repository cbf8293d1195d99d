//! Finds out how closely a sandbox can be closed on this machine, by trying it.

use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::model::{JobSandbox, Level, Mount};
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
        home: PathBuf::from("/home/probe"),
        observe: Vec::new(),
        observe_folders: Vec::new(),
        scratch: make("scratch")?,
    })
}
