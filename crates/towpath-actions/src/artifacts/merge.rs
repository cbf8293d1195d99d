//! `actions/upload-artifact/merge`.

use std::collections::BTreeSet;
use std::io;

use towpath_host::process::Cancel;
use towpath_runner::{Action, Effects, JobContext, Outcome, StepContext, StepInputs};
use zip::ZipArchive;
use zip::write::ZipWriter;

use super::download::matching;
use super::store::{Artifact, ArtifactStore, Pending};
use super::upload::{UPLOAD_VERSIONS, archive_options, level, told};
use crate::step::{Done, Passing, caused, count, in_workspace, is_true, problem};

const MERGE: &str = "actions/upload-artifact/merge";

const DEFAULTS: &[(&str, &str)] = &[
    ("name", "merged-artifacts"),
    ("pattern", "*"),
    ("separate-directories", "false"),
    ("delete-merged", "false"),
    ("compression-level", "6"),
    ("include-hidden-files", "false"),
];

/// The action: makes one artifact of several.
#[derive(Debug)]
pub struct MergeArtifacts;

impl Action for MergeArtifacts {
    fn name(&self) -> &'static str {
        MERGE
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        UPLOAD_VERSIONS.accept(MERGE, version)
    }

    fn defaults(&self) -> &'static [(&'static str, &'static str)] {
        DEFAULTS
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        in_workspace(MERGE, context, |step| merge(inputs, context, step))
    }
}

fn merge(inputs: &StepInputs, context: &JobContext<'_>, step: &StepContext<'_>) -> Done {
    let store = ArtifactStore::of(step.run_folder);
    let failed = |error: super::Error| caused(&error, error.hints());
    let artifacts = matching(store.list().map_err(failed)?, inputs.get("pattern"))?;
    if artifacts.is_empty() {
        return Err(problem(
            format!("no artifact of this run fits `{}`", inputs.get("pattern")),
            "check the pattern, and that the jobs that upload them are among `needs`",
        ));
    }
    let name = inputs.get("name");
    let mut merging = Merging {
        separates: is_true(inputs, "separate-directories", false)?,
        takes_hidden: is_true(inputs, "include-hidden-files", false)?,
        level: level(inputs)?,
        names: BTreeSet::new(),
    };
    let mut pending = store.start(name, true).map_err(failed)?;
    let written = merging.write(&mut pending, &store, &artifacts, context.cancel);
    written.map_err(|error| {
        problem(
            format!("cannot merge artifacts into `{name}`: {error}"),
            "check that there is space on the disk",
        )
    })?;
    let artifact = store.finish(pending).map_err(failed)?;
    context.progress.output(&format!(
        "Merged {} into `{name}` ({}, {} bytes, sha256:{})",
        count(artifacts.len(), "artifact"),
        count(merging.names.len(), "file"),
        artifact.size,
        artifact.digest
    ));
    if is_true(inputs, "delete-merged", false)? {
        for merged in &artifacts {
            store.remove(&merged.name).map_err(failed)?;
        }
    }
    let mut effects = Effects::default();
    effects.outputs.extend(told(&artifact, step));
    Ok(effects)
}

/// How artifacts become one.
struct Merging {
    /// Whether each has a folder of its own.
    separates: bool,
    takes_hidden: bool,
    level: i64,
    /// The names that are taken. Of two files of one name the later one counts, as where both are unpacked.
    names: BTreeSet<String>,
}

impl Merging {
    fn write(
        &mut self,
        pending: &mut Pending,
        store: &ArtifactStore,
        artifacts: &[Artifact],
        cancel: &Cancel,
    ) -> io::Result<()> {
        let options = archive_options(self.level);
        let mut writer = ZipWriter::new(pending.file.as_file_mut());
        // The last one first: whoever has a name by then keeps it.
        for artifact in artifacts.iter().rev() {
            let file = store.open(artifact).map_err(io::Error::other)?;
            if !artifact.is_archive {
                if let Some(name) = self.name(artifact, &artifact.name) {
                    writer.start_file(name, options)?;
                    io::copy(
                        &mut Passing {
                            inner: file,
                            cancel,
                        },
                        &mut writer,
                    )?;
                }
                continue;
            }
            let mut archive = ZipArchive::new(file)?;
            for index in 0..archive.len() {
                let entry = archive.by_index(index)?;
                let Some(inside) = entry.enclosed_name() else {
                    continue;
                };
                if entry.is_dir() {
                    continue;
                }
                if let Some(name) = self.name(artifact, &inside.to_string_lossy()) {
                    writer.start_file(name, options)?;
                    io::copy(
                        &mut Passing {
                            inner: entry,
                            cancel,
                        },
                        &mut writer,
                    )?;
                }
            }
        }
        writer.finish()?;
        Ok(())
    }

    /// Returns the name that a file gets; none where it does not come along.
    fn name(&mut self, artifact: &Artifact, inside: &str) -> Option<String> {
        let is_hidden = inside.split('/').any(|part| part.starts_with('.'));
        if is_hidden && !self.takes_hidden {
            return None;
        }
        let name = if self.separates {
            format!("{}/{inside}", artifact.name)
        } else {
            inside.to_owned()
        };
        self.names.insert(name.clone()).then_some(name)
    }
}
