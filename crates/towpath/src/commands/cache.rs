//! `towpath cache`: what is kept between runs, and its removal.

use std::path::Path;
use std::time::Duration;

use towpath_host::Store;
use towpath_host::folders::Folders;
use towpath_host::store::Keep;

use crate::arguments::{CacheAction, CacheArguments};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;
use crate::process::Process;

/// Days after which `clean` removes what was not used.
const UNUSED_DAYS: u32 = 30;

pub(super) fn run(process: &Process, cache: &CacheArguments) -> anyhow::Result<ExitCode> {
    let folders = process.folders()?;
    match cache.action.as_ref().unwrap_or(&CacheAction::Status) {
        CacheAction::Status => status(folders)?,
        CacheAction::Clean { all: true, .. } => clean_all(folders)?,
        CacheAction::Clean { older_than, .. } => clean(folders, older_than.unwrap_or(UNUSED_DAYS))?,
    }
    Ok(ExitCode::Passed)
}

fn status(folders: &Folders) -> anyhow::Result<()> {
    let mut text = format!(
        "cache  {}\nstate  {}\n\n",
        folders.cache.display(),
        folders.state.display()
    );
    for name in [
        "environments",
        "store",
        "tools",
        "uv",
        "interpreters",
        "scratch",
    ] {
        let path = folders.cache.join(name);
        if path.exists() {
            text.push_str(&format!("{name:<14}{:>10}\n", size(bytes_below(&path)?)));
        }
    }
    output::print(&text);
    Ok(())
}

fn clean_all(folders: &Folders) -> anyhow::Result<()> {
    let before = if folders.cache.exists() {
        bytes_below(&folders.cache)?
    } else {
        0
    };
    for folder in [&folders.cache, &folders.state] {
        if folder.exists() {
            fs_err::remove_dir_all(folder)?;
        }
    }
    output::print(&format!("removed {}\n", size(before)));
    Ok(())
}

fn clean(folders: &Folders, days: u32) -> anyhow::Result<()> {
    let before = bytes_below(&folders.cache)?;
    let store = Store::open(&folders.cache.join("store"))
        .map_err(|error| Failure::from_error(&error, error.hints()))?;
    let unused = Duration::from_secs(u64::from(days) * 86_400);
    store
        .clean(&Keep::UsedWithin(unused))
        .map_err(|error| Failure::from_error(&error, error.hints()))?;
    remove_unused_environments(&folders.cache.join("environments"), unused)?;
    let freed = before.saturating_sub(bytes_below(&folders.cache)?);
    output::print(&format!(
        "removed {} not used for {days} days\n",
        size(freed)
    ));
    Ok(())
}

/// Removes environments whose marker was not touched for a time; they are made again when needed.
fn remove_unused_environments(folder: &Path, unused: Duration) -> anyhow::Result<()> {
    let Ok(entries) = fs_err::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries.filter_map(Result::ok) {
        let used = entry.metadata().and_then(|data| data.modified())?;
        let age = towpath_host::clock::system_time()
            .duration_since(used)
            .unwrap_or_default();
        if age > unused && entry.path().is_dir() {
            fs_err::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Returns the bytes of all files below a folder; a file that vanishes meanwhile counts nothing.
fn bytes_below(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs_err::read_dir(&folder) else {
            continue;
        };
        for entry in entries.filter_map(Result::ok) {
            let Ok(data) = entry.metadata() else { continue };
            if data.is_dir() {
                folders.push(entry.path());
            } else {
                bytes += data.len();
            }
        }
    }
    Ok(bytes)
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}
