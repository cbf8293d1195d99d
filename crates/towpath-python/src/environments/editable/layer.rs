//! Kept wheels of editable builds, and the layers made of them: one for each environment, since scripts
//! hold its path. Both are addressed by contents and complete when their record is there.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use towpath_host::Digest;

use super::super::prepare::remove;
use super::unpack;
use super::{EditableContext, EditableRequest, Error, WheelKeys};
use crate::child::write_whole;

/// A project installed for editing, as a folder that is laid over an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditableLayer {
    /// The folder, laid out like the environment: a lower folder above the environment's own.
    pub folder: PathBuf,
    /// Files that the build wrote into the repository (`_version.py`, extension modules), laid out like it:
    /// a lower folder above the repository's own. Absent where it wrote none.
    pub tree: Option<PathBuf>,
    /// Identity of both.
    pub digest: Digest,
}

/// What a build left.
pub(super) struct Built<'a> {
    pub(super) wheel: &'a Path,
    /// Else it is a plain wheel of a backend that knows no editable builds; only its metadata is taken.
    pub(super) is_editable: bool,
    pub(super) upper: Option<&'a Path>,
}

/// What is known of a kept wheel.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    wheel: String,
    is_editable: bool,
    has_tree: bool,
}

fn folder(cache: &Path, kind: &str, digest: &Digest) -> PathBuf {
    let name: String = digest.as_str().chars().take(20).collect();
    cache.join(kind).join(name)
}

/// Returns a new, empty folder for what a build leaves.
pub(super) fn outputs(cache: &Path, keys: &WheelKeys) -> Result<PathBuf, Error> {
    let parent = cache.join("builds");
    let make = || -> io::Result<PathBuf> {
        fs_err::create_dir_all(&parent)?;
        let prefix: String = keys.own.as_str().chars().take(12).collect();
        Ok(tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(&parent)?
            .keep())
    };
    make().map_err(|source| Error::write(&parent, source))
}

/// Keeps the wheel and what the build wrote into the repository, and removes the rest of the build.
pub(super) fn keep(cache: &Path, keys: &WheelKeys, built: &Built<'_>) -> Result<(), Error> {
    let name = built
        .wheel
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let shared = keys
        .shared
        .as_ref()
        .filter(|_| built.is_editable && name.ends_with("-none-any.whl"));
    let kept = folder(cache, "editables", shared.unwrap_or(&keys.own));
    let keep = || -> io::Result<()> {
        remove(&kept)?;
        fs_err::create_dir_all(&kept)?;
        fs_err::copy(built.wheel, kept.join(&name))?;
        let has_tree = match built.upper {
            Some(upper) => unpack::harvest(upper, &kept.join("tree"))?,
            None => false,
        };
        let record = Record {
            wheel: name.clone(),
            is_editable: built.is_editable,
            has_tree,
        };
        write_whole(&kept.join("record.json"), &serde_json::to_vec(&record)?)?;
        built.wheel.parent().map_or(Ok(()), remove)
    };
    keep().map_err(|source| Error::write(&kept, source))
}

/// Returns the layer for an environment, made now from the kept wheel if need be; `None` without a wheel.
pub(super) fn existing(
    context: &EditableContext<'_>,
    request: &EditableRequest<'_>,
    keys: &WheelKeys,
) -> Result<Option<EditableLayer>, Error> {
    let cache = context.machine.cache;
    for key in keys.shared.iter().chain([&keys.own]) {
        let kept = folder(cache, "editables", key);
        let record = std::fs::read(kept.join("record.json")).ok();
        let Some(record) = record.and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok())
        else {
            continue;
        };
        let digest = Digest::of_parts([
            key.as_str().as_bytes(),
            context.environment.digest.as_str().as_bytes(),
        ]);
        let layer = EditableLayer {
            folder: folder(cache, "layers", &digest),
            tree: record.has_tree.then(|| kept.join("tree")),
            digest,
        };
        if !layer.folder.is_dir() {
            make(
                context,
                request,
                &kept.join(&record.wheel),
                record.is_editable,
                &layer.folder,
            )?;
        }
        return Ok(Some(layer));
    }
    Ok(None)
}

/// Makes a layer under a temporary name and renames it; nothing in it holds its own path.
fn make(
    context: &EditableContext<'_>,
    request: &EditableRequest<'_>,
    wheel: &Path,
    is_editable: bool,
    layer: &Path,
) -> Result<(), Error> {
    let parent = layer.parent().unwrap_or(layer);
    let make = || -> io::Result<()> {
        fs_err::create_dir_all(parent)?;
        let temporary = tempfile::tempdir_in(parent)?;
        let place = unpack::Place {
            layer: temporary.path(),
            environment: context.environment,
            source: &request.source.join(&request.project.root),
        };
        unpack::wheel(wheel, is_editable, &place)?;
        if !is_editable {
            unpack::import_path(request, &place)?;
        }
        let temporary = temporary.keep();
        match fs_err::rename(&temporary, layer) {
            // Another run was faster; both hold the same.
            Err(_) if layer.is_dir() => remove(&temporary),
            renamed => renamed,
        }
    };
    make().map_err(|source| Error::write(layer, source))
}
