//! `towpath cache`: what is kept between runs, and its removal.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use towpath_host::folders::Folders;
use towpath_host::lock::Lock;
use towpath_host::store::Keep;
use towpath_host::{Store, cache};
use towpath_report::Problem;

use crate::arguments::{CacheAction, CacheArguments, DataFormat};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;
use crate::process::Process;

/// Version of the answer as JSON.
const SCHEMA_VERSION: u32 = 1;
/// Days after which `clean` removes what was not used.
const UNUSED_DAYS: u32 = 30;

pub(super) fn run(process: &Process, cache: &CacheArguments) -> anyhow::Result<ExitCode> {
    let folders = process.folders()?;
    let told = match cache.action.as_ref().unwrap_or(&CacheAction::Status) {
        CacheAction::Status => status(folders)?,
        CacheAction::Clean { all: true, .. } => clean_all(folders)?,
        CacheAction::Clean { older_than, .. } => clean(folders, older_than.unwrap_or(UNUSED_DAYS))?,
    };
    output::print(&match cache.format {
        DataFormat::Text => told.text,
        DataFormat::Json => {
            let mut data = told.data;
            data["schema"] = SCHEMA_VERSION.into();
            format!("{data:#}\n")
        }
    })?;
    Ok(ExitCode::Passed)
}

/// An answer, for a person and for a program.
struct Told {
    text: String,
    data: Value,
}

fn status(folders: &Folders) -> anyhow::Result<Told> {
    let (cache, state) = (folders.cache.display(), folders.state.display());
    let mut text = format!("cache  {cache}\nstate  {state}\n\n");
    let mut places = Map::new();
    for (name, path) in cache::places(&folders.cache, &folders.state) {
        if path.exists() {
            let bytes = bytes_below(&path)?;
            text.push_str(&format!("{name:<22}{:>10}\n", size(bytes)));
            places.insert(name.clone(), json!({ "folder": path, "bytes": bytes }));
        }
        if name == "store" {
            let store = store(folders)?;
            let usage = store
                .usage()
                .map_err(|error| Failure::from_error(&error, error.hints()))?;
            let mut kinds = Map::new();
            for (kind, usage) in usage.kinds {
                text.push_str(&format!("  {kind:<20}{:>10}\n", size(usage.bytes)));
                kinds.insert(kind.clone(), json!({ "bytes": usage.bytes }));
            }
            if let Some(place) = places.get_mut(&name) {
                place["kinds"] = kinds.into();
            }
        }
    }
    let data = json!({ "cache": folders.cache, "state": folders.state, "places": places });
    Ok(Told { text, data })
}

fn removed(bytes: u64, since: &str) -> Told {
    Told {
        text: format!("removed {}{since}\n", size(bytes)),
        data: json!({ "removed_bytes": bytes }),
    }
}

fn store(folders: &Folders) -> Result<Store, Failure> {
    Store::open(&folders.cache.join("store"))
        .map_err(|error| Failure::from_error(&error, error.hints()))
}

/// Returns what keeps runs from starting while the cache is cleaned.
fn alone(folders: &Folders) -> Result<Lock, Failure> {
    cache::unused(&folders.cache).map_err(|error| {
        let problem = Problem::error("another towpath uses the cache, so nothing was removed");
        let hints = error.hints();
        Failure::of(hints.into_iter().fold(problem, Problem::with_hint))
    })
}

fn clean_all(folders: &Folders) -> anyhow::Result<Told> {
    let before = bytes_below(&folders.cache)?;
    let _alone = alone(folders)?;
    for folder in [&folders.cache, &folders.state] {
        if !folder.exists() {
            continue;
        }
        for entry in fs_err::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                fs_err::remove_dir_all(path)?;
            }
        }
    }
    Ok(removed(before, ""))
}

fn clean(folders: &Folders, days: u32) -> anyhow::Result<Told> {
    let before = bytes_below(&folders.cache)? + bytes_below(&folders.state)?;
    let _alone = alone(folders)?;
    let unused = Duration::from_secs(u64::from(days) * 86_400);
    store(folders)?
        .clean(&Keep::UsedWithin(unused))
        .map_err(|error| Failure::from_error(&error, error.hints()))?;
    cache::clean(&folders.cache, &folders.state, unused)?;
    let after = bytes_below(&folders.cache)? + bytes_below(&folders.state)?;
    let freed = before.saturating_sub(after);
    Ok(removed(freed, &format!(" not used for {days} days")))
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
