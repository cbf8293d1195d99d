//! What is taken over from a job: artifacts, compiled modules, and for builds what they left in the tree.

use std::io;
use std::path::Path;

use towpath_host::sandbox::Level;
use towpath_report::{ArtifactRecord, Problem};
use towpath_standard::{ToolWork, TreeUse};

use super::bytecode::harvest;
use super::executed::Executed;
use super::folders::Folders;
use super::prepared::Prepared;
use super::session::Session;
use super::view::View;

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
                Err(error) => executed.errors.push(
                    Problem::error(format!("`{}` cannot be kept: {error}", artifact.name))
                        .with_hint("free space on the disk or set `TOWPATH_CACHE_DIR` to a folder on another one"),
                ),
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
    /// Keeps what a build left in the tree, if it left anything; of builds in several rounds the last.
    pub(super) fn keep_tree(
        &self,
        view: &View,
        folders: &Folders,
        kept: &Path,
    ) -> Result<(), Problem> {
        let upper = folders.scratch.path().join("tree");
        let clean = self.clean_tree()?;
        let clear = || match fs_err::remove_dir_all(kept) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        let keep = clear().and_then(|()| match self.level {
            Level::Namespaces => {
                fs_err::read_dir(&upper).and_then(|mut entries| match entries.next() {
                    Some(_) => fs_err::rename(&upper, kept),
                    None => Ok(()),
                })
            }
            Level::LandlockSeccomp | Level::None => keep_written(&view.root, clean, kept),
        });
        keep.map_err(|error| {
            Problem::error(format!("cannot keep what the build left: {error}"))
                .with_hint("check that the cache folder may be written")
        })
    }
}

/// Copies the files of a copy that are not, or not as they are, in what it is a copy of.
fn keep_written(copy: &Path, original: &Path, kept: &Path) -> io::Result<()> {
    for entry in fs_err::read_dir(copy)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let data = fs_err::symlink_metadata(&path)?;
        if data.is_dir() && name != ".git" {
            keep_written(&path, &original.join(&name), &kept.join(&name))?;
        } else if data.is_file() {
            let old = fs_err::symlink_metadata(original.join(&name));
            let is_old = old.is_ok_and(|old| {
                old.len() == data.len() && old.modified().ok() == data.modified().ok()
            });
            if !is_old {
                fs_err::create_dir_all(kept)?;
                fs_err::copy(path, kept.join(name))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_into_a_copy_is_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        for name in [
            "old/pkg/a.py",
            "new/pkg/a.py",
            "new/pkg/made.py",
            "new/.git/HEAD",
        ] {
            let path = at(name);
            fs_err::create_dir_all(path.parent().expect("it has a parent")).expect("a folder");
            let text = if name.starts_with("new/pkg/a") {
                "changed"
            } else {
                ""
            };
            fs_err::write(path, text).expect("a file");
        }
        fs_err::copy(at("old/pkg/a.py"), at("old/pkg/same.py")).expect("a copy");
        fs_err::hard_link(at("old/pkg/same.py"), at("new/pkg/same.py")).expect("a link");
        keep_written(&at("new"), &at("old"), &at("kept")).expect("both can be read");
        assert!(at("kept/pkg/a.py").exists() && at("kept/pkg/made.py").exists());
        assert!(!at("kept/pkg/same.py").exists() && !at("kept/.git").exists());
    }
}
