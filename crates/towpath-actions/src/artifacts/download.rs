//! `actions/download-artifact`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use towpath_report::Problem;
use towpath_runner::{Action, Effects, JobContext, Outcome, StepContext, StepInputs};
use zip::ZipArchive;

use super::store::{Artifact, ArtifactStore};
use crate::step::{Done, caused, count, github, home, in_workspace, is_true, problem};
use crate::versions::Versions;

const DOWNLOAD: &str = "actions/download-artifact";

/// Its versions: GitHub refuses those before.
pub(crate) const DOWNLOAD_VERSIONS: Versions = Versions {
    majors: (4, 8),
    pins: &[("d3f86a106a0bac45b974a628896c90dbdf5c8093", "v4.3.0")],
    branches: &["main"],
};

const DEFAULTS: &[(&str, &str)] = &[
    ("merge-multiple", "false"),
    ("repository", "${{ github.repository }}"),
    ("run-id", "${{ github.run_id }}"),
];

/// The action.
#[derive(Debug)]
pub struct DownloadArtifact;

impl Action for DownloadArtifact {
    fn name(&self) -> &'static str {
        DOWNLOAD
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        DOWNLOAD_VERSIONS.accept(DOWNLOAD, version)
    }

    fn defaults(&self) -> &'static [(&'static str, &'static str)] {
        DEFAULTS
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        in_workspace(DOWNLOAD, context, |step| download(inputs, context, step))
    }
}

/// What is downloaded, and whether it goes into the folder itself.
struct Wanted {
    artifacts: Vec<Artifact>,
    is_single: bool,
}

fn download(inputs: &StepInputs, context: &JobContext<'_>, step: &StepContext<'_>) -> Done {
    let store = store(inputs, step)?;
    let all = store
        .list()
        .map_err(|error| caused(&error, error.hints()))?;
    let wanted = wanted(inputs, all)?;
    let folder = folder(inputs, step)?;
    let merges = is_true(inputs, "merge-multiple", false)?;
    for artifact in &wanted.artifacts {
        let target = if wanted.is_single || merges {
            folder.clone()
        } else {
            folder.join(&artifact.name)
        };
        let file = store
            .open(artifact)
            .map_err(|error| caused(&error, error.hints()))?;
        let written = if artifact.is_archive {
            unpack(file, &target)
        } else {
            place(file, &target.join(&artifact.name)).map(|()| 1)
        };
        let files = written.map_err(|error| {
            problem(
                format!(
                    "cannot unpack the artifact `{}` into `{}`: {error}",
                    artifact.name,
                    target.display()
                ),
                "check that there is space on the disk",
            )
        })?;
        context.progress.output(&format!(
            "Downloaded `{}` ({}) into {}",
            artifact.name,
            count(files, "file"),
            target.display()
        ));
    }
    let mut effects = Effects::default();
    let path = folder.display().to_string();
    effects.outputs.insert("download-path".to_owned(), path);
    Ok(effects)
}

/// Returns the artifacts of this run, or of another one of the repository.
fn store(inputs: &StepInputs, step: &StepContext<'_>) -> Result<ArtifactStore, Problem> {
    let repository = inputs.get("repository");
    if !repository.is_empty() && !repository.eq_ignore_ascii_case(&github(step, "repository")) {
        return Err(problem(
            format!("`{DOWNLOAD}` wants artifacts of `{repository}`, and the network is not used"),
            "download them with `gh run download`, and read them from the checkout",
        ));
    }
    let run = inputs.get("run-id");
    if run.is_empty() || run == github(step, "run_id") {
        return Ok(ArtifactStore::of(step.run_folder));
    }
    let is_number = run.bytes().all(|byte| byte.is_ascii_digit());
    let other = step.run_folder.parent().map(|runs| runs.join(run));
    match other.filter(|folder| is_number && folder.is_dir()) {
        Some(folder) => Ok(ArtifactStore::of(&folder)),
        None => Err(problem(
            format!("there is no run {run} on this machine whose artifacts could be downloaded"),
            "run the workflow that makes them here first",
        )),
    }
}

fn wanted(inputs: &StepInputs, all: Vec<Artifact>) -> Result<Wanted, Problem> {
    let (name, ids, pattern) = (
        inputs.get("name"),
        inputs.get("artifact-ids"),
        inputs.get("pattern"),
    );
    if !name.is_empty() && !ids.is_empty() {
        return Err(problem(
            "both `name` and `artifact-ids` are given, and only one of them can be meant",
            "leave one of them out",
        ));
    }
    if !name.is_empty() {
        let known = names(&all);
        let found = all.into_iter().find(|artifact| artifact.name == name);
        let artifact = found.ok_or_else(|| {
            problem(
                format!("this run has no artifact `{name}`{known}"),
                "check the name, and that the job that uploads it is among `needs`",
            )
        })?;
        return Ok(Wanted {
            artifacts: vec![artifact],
            is_single: true,
        });
    }
    if !ids.is_empty() {
        return wanted_by_id(ids, &all);
    }
    let artifacts = if pattern.is_empty() {
        all
    } else {
        matching(all, pattern)?
    };
    Ok(Wanted {
        artifacts,
        is_single: false,
    })
}

/// Returns the artifacts whose names fit a pattern.
pub(super) fn matching(
    mut artifacts: Vec<Artifact>,
    pattern: &str,
) -> Result<Vec<Artifact>, Problem> {
    let glob = globset::Glob::new(pattern).map_err(|error| {
        problem(
            format!("the input `pattern` is not valid: {error}"),
            "write it such as `coverage-*`",
        )
    })?;
    let glob = glob.compile_matcher();
    artifacts.retain(|artifact| glob.is_match(&artifact.name));
    Ok(artifacts)
}

fn wanted_by_id(ids: &str, all: &[Artifact]) -> Result<Wanted, Problem> {
    let mut artifacts = Vec::new();
    for id in ids.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        let artifact = all.iter().find(|artifact| artifact.id.to_string() == id);
        artifacts.push(artifact.cloned().ok_or_else(|| {
            problem(
                format!("this run has no artifact with the id `{id}`"),
                "take it from the output `artifact-id` of `actions/upload-artifact`",
            )
        })?);
    }
    Ok(Wanted {
        is_single: artifacts.len() == 1,
        artifacts,
    })
}

fn names(all: &[Artifact]) -> String {
    let names: Vec<String> = all
        .iter()
        .map(|artifact| format!("`{}`", artifact.name))
        .collect();
    if names.is_empty() {
        "; it has none".to_owned()
    } else {
        format!("; it has {}", names.join(", "))
    }
}

fn folder(inputs: &StepInputs, step: &StepContext<'_>) -> Result<PathBuf, Problem> {
    let path = inputs.get("path");
    let Some(below) = path.strip_prefix('~') else {
        return Ok(step.workspace.join(path));
    };
    let home = home(step).ok_or_else(|| {
        problem(
            "the job has no `HOME` for `~`",
            "write the path relative to the workspace",
        )
    })?;
    Ok(home.join(below.trim_start_matches('/')))
}

/// Unpacks an archive and returns how many files it held. Its names cannot lead out of the folder.
fn unpack(file: File, folder: &Path) -> io::Result<usize> {
    let mut archive = ZipArchive::new(file)?;
    let mut files = 0;
    std::fs::create_dir_all(folder)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let Some(name) = entry.enclosed_name() else {
            let error = "one of its names leads out of it";
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        };
        let target = folder.join(name);
        if entry.is_dir() {
            std::fs::create_dir_all(target)?;
            continue;
        }
        place(&mut entry, &target)?;
        files += 1;
    }
    Ok(files)
}

fn place(mut from: impl io::Read, target: &Path) -> io::Result<()> {
    if let Some(parent) = target.parent() {
        fs_err::create_dir_all(parent)?;
    }
    let mut to = fs_err::File::create(target)?;
    io::copy(&mut from, &mut to).map(drop)
}
