//! `actions/upload-artifact`.

use std::io;
use std::path::{Path, PathBuf};

use towpath_host::glob::{GlobOptions, Globs};
use towpath_host::process::Cancel;
use towpath_report::Problem;
use towpath_runner::{Action, Effects, JobContext, Outcome, StepContext, StepInputs};
use zip::write::{SimpleFileOptions, ZipWriter};

use super::store::{Artifact, ArtifactStore, Pending};
use crate::step::{
    Done, Passing, caused, count, github, home, in_workspace, is_true, problem, warn,
};
use crate::versions::Versions;

const UPLOAD: &str = "actions/upload-artifact";

/// Its versions: GitHub refuses those before.
pub(crate) const UPLOAD_VERSIONS: Versions = Versions {
    majors: (4, 7),
    pins: &[
        ("65c4c4a1ddee5b72f698fdd19549f0f0fb45cf08", "v4.6.0"),
        ("ea165f8d65b6e75b540449e92b4886f43607fa02", "v4.6.2"),
        ("043fb46d1a93c77aae656e7c1c64a875d1fc6a0a", "v7.0.1"),
    ],
    branches: &["main"],
};

const DEFAULTS: &[(&str, &str)] = &[
    ("name", "artifact"),
    ("if-no-files-found", "warn"),
    ("compression-level", "6"),
    ("overwrite", "false"),
    ("include-hidden-files", "false"),
    ("archive", "true"),
];

/// The action.
#[derive(Debug)]
pub struct UploadArtifact;

/// The files, and the folder from which their names are told.
struct Found {
    root: PathBuf,
    files: Vec<PathBuf>,
}

impl Action for UploadArtifact {
    fn name(&self) -> &'static str {
        UPLOAD
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        UPLOAD_VERSIONS.accept(UPLOAD, version)
    }

    fn defaults(&self) -> &'static [(&'static str, &'static str)] {
        DEFAULTS
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        in_workspace(UPLOAD, context, |step| upload(inputs, context, step))
    }
}

fn upload(inputs: &StepInputs, context: &JobContext<'_>, step: &StepContext<'_>) -> Done {
    let found = find(inputs, context, step)?;
    let mut effects = Effects::default();
    if found.files.is_empty() {
        nothing_found(inputs, context, &mut effects)?;
        return Ok(effects);
    }
    let is_archive = is_true(inputs, "archive", true)?;
    let name = match (is_archive, found.files.as_slice()) {
        (true, _) => match inputs.get("name") {
            "" => "artifact".to_owned(),
            name => name.to_owned(),
        },
        (false, [file]) => file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        (false, files) => {
            return Err(problem(
                format!(
                    "{} fit `path`, and only one can be uploaded without an archive",
                    count(files.len(), "file")
                ),
                "leave `archive: false` out, or name one file",
            ));
        }
    };
    let store = ArtifactStore::of(step.run_folder);
    let failed = |error: super::Error| caused(&error, error.hints());
    let pending = if is_true(inputs, "overwrite", false)? {
        store.start_over(&name, is_archive)
    } else {
        store.start(&name, is_archive)
    };
    let mut pending = pending.map_err(failed)?;
    let written = if is_archive {
        write_archive(&mut pending, &found, level(inputs)?, context.cancel)
    } else {
        write_file(&mut pending, &found.files[0], context.cancel)
    };
    written.map_err(|error| problem(error.to_string(), "check that the files may be read"))?;
    let artifact = store.finish(pending).map_err(failed)?;
    context.progress.output(&format!(
        "Uploaded {} as `{name}` ({} bytes, sha256:{})",
        count(found.files.len(), "file"),
        artifact.size,
        artifact.digest
    ));
    effects.outputs.extend(told(&artifact, step));
    Ok(effects)
}

/// Returns the outputs that tell of an artifact.
pub(super) fn told(artifact: &Artifact, step: &StepContext<'_>) -> [(String, String); 3] {
    let url = format!(
        "{}/{}/actions/runs/{}/artifacts/{}",
        github(step, "server_url"),
        github(step, "repository"),
        github(step, "run_id"),
        artifact.id
    );
    [
        ("artifact-id", artifact.id.to_string()),
        ("artifact-digest", artifact.digest.to_string()),
        ("artifact-url", url),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

fn find(
    inputs: &StepInputs,
    context: &JobContext<'_>,
    step: &StepContext<'_>,
) -> Result<Found, Problem> {
    let home = home(step);
    let options = GlobOptions {
        root: step.workspace,
        home: home.as_deref(),
        follows_links: true,
        descends: true,
        omits_hidden: !is_true(inputs, "include-hidden-files", false)?,
    };
    let failed = |error: towpath_host::glob::Error| caused(&error, error.hints());
    let globs = Globs::new(inputs.get("path"), options).map_err(failed)?;
    if globs.is_empty() {
        return Err(problem(
            format!("`{UPLOAD}` needs the input `path`"),
            "name files or folders, such as `path: dist/`",
        ));
    }
    let mut files = globs
        .find(&|| context.cancel.is_cancelled())
        .map_err(failed)?;
    // A pipe or a device may never end.
    files.retain(|path| path.is_file());
    let mut starts = globs.search_paths();
    let root = match starts.as_slice() {
        [start] if files == [start.clone()] => parent(start),
        [_] => starts.remove(0),
        _ => common_folder(&starts),
    };
    Ok(Found { root, files })
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

/// Returns the deepest folder that all paths begin with.
fn common_folder(paths: &[PathBuf]) -> PathBuf {
    let Some((first, rest)) = paths.split_first() else {
        return PathBuf::from("/");
    };
    let is_common = |folder: &&Path| rest.iter().all(|path| path.starts_with(folder));
    let folder = first.ancestors().find(is_common);
    folder.unwrap_or(Path::new("/")).to_owned()
}

fn nothing_found(
    inputs: &StepInputs,
    context: &JobContext<'_>,
    effects: &mut Effects,
) -> Result<(), Problem> {
    let message = format!(
        "no files were found with the path `{}`; no artifact is uploaded",
        inputs.get("path").trim().replace('\n', "`, `")
    );
    match inputs.get("if-no-files-found") {
        "" | "warn" => warn(context, effects, message),
        "ignore" => context.progress.output(&message),
        "error" => {
            return Err(problem(
                message,
                "check the path, and the steps that write there",
            ));
        }
        other => {
            return Err(problem(
                format!("the input `if-no-files-found` is `{other}`"),
                "write `warn`, `error` or `ignore`",
            ));
        }
    }
    Ok(())
}

pub(super) fn level(inputs: &StepInputs) -> Result<i64, Problem> {
    match inputs.get("compression-level").trim() {
        "" => Ok(6),
        text => text
            .parse()
            .ok()
            .filter(|level| (0..=9).contains(level))
            .ok_or_else(|| {
                problem(
                    format!("the input `compression-level` is `{text}`"),
                    "write a number from 0 to 9",
                )
            }),
    }
}

/// Returns how files are put into an archive. Permissions are not kept, as on GitHub.
pub(super) fn archive_options(level: i64) -> SimpleFileOptions {
    let options = SimpleFileOptions::default()
        .large_file(true)
        .unix_permissions(0o644);
    if level == 0 {
        options.compression_method(zip::CompressionMethod::Stored)
    } else {
        options
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(level))
    }
}

/// Writes the files into an archive.
fn write_archive(
    pending: &mut Pending,
    found: &Found,
    level: i64,
    cancel: &Cancel,
) -> io::Result<()> {
    let options = archive_options(level);
    let mut writer = ZipWriter::new(pending.file.as_file_mut());
    for path in &found.files {
        let name = path
            .strip_prefix(&found.root)
            .unwrap_or(path)
            .to_string_lossy();
        writer.start_file(name, options)?;
        io::copy(&mut open(path, cancel)?, &mut writer)?;
    }
    writer.finish()?;
    Ok(())
}

fn write_file(pending: &mut Pending, path: &Path, cancel: &Cancel) -> io::Result<()> {
    io::copy(&mut open(path, cancel)?, pending.file.as_file_mut()).map(drop)
}

fn open<'a>(path: &Path, cancel: &'a Cancel) -> io::Result<Passing<'a, fs_err::File>> {
    let inner = fs_err::File::open(path)?;
    Ok(Passing { inner, cancel })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_what_all_paths_begin_with() {
        for (paths, expected) in [
            (&["/w/a/b", "/w/a/c"][..], "/w/a"),
            (&["/w/dist", "/w/docs", "/w"], "/w"),
            (&["/w/ab", "/w/a"], "/w"),
            (&["/x", "/y"], "/"),
        ] {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            assert_eq!(common_folder(&paths), Path::new(expected), "{paths:?}");
        }
    }
}
