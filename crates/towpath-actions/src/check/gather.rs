//! What is taken over from a job: artifacts, compiled modules, and for builds what they left in the tree.

use std::path::Path;

use towpath_report::ArtifactRecord;
use towpath_standard::{ToolWork, TreeUse};

use super::bytecode::harvest;
use super::environment::Prepared;
use super::execute::Executed;
use super::folders::Folders;
use super::session::Session;

impl Session<'_> {
    /// Takes over artifacts and compiled modules.
    pub(super) fn gather(
        &self,
        work: &ToolWork,
        prepared: &Prepared<'_>,
        folders: &Folders,
        executed: &mut Executed,
    ) {
        let artifacts: Vec<_> = executed
            .found
            .iter()
            .flat_map(|partial| partial.artifacts.clone())
            .collect();
        for artifact in artifacts {
            let kept = fs_err::read(folders.out.join(&artifact.path))
                .map_err(|error| error.to_string())
                .and_then(|bytes| {
                    let digest = self.store.put(&bytes).map_err(|error| error.to_string())?;
                    Ok(ArtifactRecord {
                        name: artifact.name.clone(),
                        sha256: digest.to_string(),
                        size: bytes.len() as u64,
                    })
                });
            match kept {
                Ok(record) => executed.artifacts.push(record),
                Err(error) => executed
                    .notes
                    .push(format!("`{}` was not kept: {error}", artifact.name)),
            }
        }
        let scratch = folders.scratch.path();
        let mut layers = vec![(
            scratch.join("environment"),
            prepared.environment.bytecode.clone(),
            prepared.environment.folder.clone(),
        )];
        if let (TreeUse::Private, Ok(tree)) = (work.tree, self.clean_tree()) {
            layers.push((
                scratch.join("tree"),
                self.state.join("bytecode"),
                tree.to_owned(),
            ));
        }
        for (upper, layer, base) in layers {
            if let Err(error) = harvest(&upper, &layer, &base) {
                // Compiled modules only save time.
                tracing::debug!("compiled modules were not kept: {error}");
            }
        }
    }
}

/// Keeps what a build left in the tree, if it left anything but compiled modules.
pub(super) fn keep_tree(upper: &Path, kept: &Path) -> std::io::Result<()> {
    let is_empty = fs_err::read_dir(upper)?.next().is_none();
    if is_empty {
        return Ok(());
    }
    if kept.exists() {
        fs_err::remove_dir_all(kept)?;
    }
    if let Some(folder) = kept.parent() {
        fs_err::create_dir_all(folder)?;
    }
    fs_err::rename(upper, kept)
}
