//! The stat walk.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::OnceLock;

use super::{Error, FileKind, TreeFile, names};

pub(super) fn walk(root: &Path) -> Result<BTreeMap<String, TreeFile>, Error> {
    let folder = |source| Error::Folder {
        path: root.to_owned(),
        source,
    };
    let mut files = BTreeMap::new();
    fs_err::read_dir(root).map_err(folder)?;
    let mut builder = ignore::WalkBuilder::new(root);
    builder
        .hidden(false)
        .filter_entry(|entry| entry.file_name() != ".git");
    for entry in builder.build().flatten() {
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let Ok(path) = entry.path().strip_prefix(root) else {
            continue;
        };
        let kind = if metadata.is_symlink() {
            let Ok(target) = std::fs::read_link(entry.path()) else {
                continue;
            };
            FileKind::Symlink {
                target: names::encode(&target),
            }
        } else if metadata.is_file() {
            FileKind::File {
                executable: metadata.mode() & 0o100 != 0,
            }
        } else {
            continue;
        };
        let modified_ns =
            i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        let file = TreeFile {
            kind,
            size: metadata.len(),
            modified_ns,
            digest: OnceLock::new(),
        };
        files.insert(names::encode(path), file);
    }
    Ok(files)
}
