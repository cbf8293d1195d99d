//! The version of the uv on `PATH`, remembered by the stat of the program.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Machine;
use crate::child::Child;

const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    program: PathBuf,
    identity: (u64, u64, i64, i64),
    version: String,
}

/// Returns the version that `program` says it has; `None` if it does not work.
pub(super) fn version(machine: &Machine<'_>, program: &Path) -> Option<String> {
    let metadata = program.metadata().ok()?;
    let identity = (
        metadata.size(),
        metadata.ino(),
        metadata.mtime(),
        metadata.mtime_nsec(),
    );
    let file = machine.cache.join("uv.json");
    let known: Option<Remembered> = std::fs::read(&file)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if let Some(known) = known
        && known.program == program
        && known.identity == identity
    {
        return Some(known.version);
    }
    let version = ask(program)?;
    let remembered = Remembered {
        program: program.to_owned(),
        identity,
        version: version.clone(),
    };
    if let Err(error) = crate::child::write_whole(&file, &serde_json::to_vec(&remembered).ok()?) {
        tracing::debug!(%error, "the version of uv is not kept");
    }
    Some(version)
}

fn ask(program: &Path) -> Option<String> {
    let environment = BTreeMap::new();
    let child = Child {
        program,
        arguments: &["--version".to_owned()],
        environment: &environment,
        folder: Path::new("/"),
        timeout: Some(TIMEOUT),
    };
    let output = child.run().ok().filter(|output| output.status.success())?;
    // `uv 0.13.8 (x86_64-unknown-linux-gnu)`
    let mut words = output.stdout.split_whitespace();
    let is_uv = words.next() == Some("uv");
    words.next().filter(|_| is_uv).map(str::to_owned)
}
