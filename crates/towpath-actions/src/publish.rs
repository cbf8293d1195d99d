//! `pypa/gh-action-pypi-publish`: checks its inputs and the files. Uploading is refused.

use std::path::{Path, PathBuf};

use towpath_host::digest_file;
use towpath_report::Problem;
use towpath_runner::{Action, JobContext, Outcome, StepContext, StepInputs};

use crate::step::{Done, count, in_workspace, is_true, problem};
use crate::versions::Versions;

const NAME: &str = "pypa/gh-action-pypi-publish";
const INDEX: &str = "https://upload.pypi.org/legacy/";

/// Its versions.
pub(crate) const VERSIONS: Versions = Versions {
    majors: (1, 1),
    pins: &[("76f52bc884231f62b9a034ebfe128415bbaabdfc", "v1.12.4")],
    branches: &["release/v1", "unstable/v1", "main", "master"],
};

const DEFAULTS: &[(&str, &str)] = &[
    ("user", "__token__"),
    ("packages-dir", "dist"),
    ("repository-url", INDEX),
    ("verify-metadata", "true"),
    ("skip-existing", "false"),
    ("print-hash", "false"),
    ("attestations", "true"),
];

/// The action.
#[derive(Debug)]
pub struct PyPiPublish;

impl Action for PyPiPublish {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, version: &str) -> Result<(), String> {
        VERSIONS.accept(NAME, version)
    }

    fn defaults(&self) -> &'static [(&'static str, &'static str)] {
        DEFAULTS
    }

    fn run(&self, inputs: &StepInputs, context: &JobContext<'_>) -> Outcome {
        in_workspace(NAME, context, |step| publish(inputs, context, step))
    }
}

fn publish(inputs: &StepInputs, context: &JobContext<'_>, step: &StepContext<'_>) -> Done {
    let name = ["packages-dir", "packages_dir"]
        .map(|name| inputs.get(name))
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or("dist");
    let url = match inputs.get("repository-url") {
        "" => INDEX,
        url => url,
    };
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err(problem(
            format!("the input `repository-url` is `{url}`, which is no address"),
            format!("write one such as `{INDEX}`"),
        ));
    }
    let folder = step.workspace.join(name);
    let packages = packages(&folder, name)?;
    for path in &packages {
        check(path)?;
        if is_true(inputs, "print-hash", false)? {
            let digest = digest_file(path)
                .map_err(|error| problem(error.to_string(), "check that the file may be read"))?;
            context
                .progress
                .output(&format!("sha256:{digest}  {}", file_name(path)));
        }
    }
    let names: Vec<String> = packages.iter().map(|path| file_name(path)).collect();
    context
        .progress
        .output(&format!("Would upload {} to {url}", names.join(", ")));
    Err(problem(
        format!(
            "{} in `{name}` can be published, and towpath does not upload yet",
            count(packages.len(), "file")
        ),
        "run this job on the forge, or leave it out with `--job`",
    ))
}

/// Returns the distributions of a folder.
fn packages(folder: &Path, name: &str) -> Result<Vec<PathBuf>, Problem> {
    let entries = std::fs::read_dir(folder).map_err(|_| {
        problem(
            format!("there is no folder `{name}` with packages to publish"),
            "build them before, or download the artifact that holds them",
        )
    })?;
    let mut packages = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = file_name(&path);
        let is_package = [".whl", ".tar.gz", ".zip"]
            .iter()
            .any(|end| name.ends_with(end));
        if is_package {
            packages.push(path);
        } else if !name.ends_with(".attestation") {
            return Err(problem(
                format!("`{name}` is no package and lies among those to publish"),
                "remove it before this step",
            ));
        }
    }
    packages.sort();
    if packages.is_empty() {
        return Err(problem(
            format!("the folder `{name}` holds no packages to publish"),
            "build them before, or download the artifact that holds them",
        ));
    }
    Ok(packages)
}

/// Checks that a file is what its name says.
fn check(path: &Path) -> Result<(), Problem> {
    let name = file_name(path);
    let is_whole = if name.ends_with(".tar.gz") {
        has_pkg_info(path)
    } else {
        has_metadata(path)
    };
    if is_whole {
        return Ok(());
    }
    Err(problem(
        format!("`{name}` is damaged, or holds no metadata of a package"),
        "build it again; `towpath check build` checks what is built",
    ))
}

fn has_metadata(path: &Path) -> bool {
    let Ok(file) = fs_err::File::open(path) else {
        return false;
    };
    let is_metadata =
        |name: &str| name.ends_with(".dist-info/METADATA") || name.ends_with("/PKG-INFO");
    zip::ZipArchive::new(file).is_ok_and(|archive| {
        let mut names = archive.file_names().filter_map(Result::ok);
        names.any(|name| is_metadata(&name))
    })
}

fn has_pkg_info(path: &Path) -> bool {
    let Ok(file) = fs_err::File::open(path) else {
        return false;
    };
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let Ok(mut entries) = archive.entries() else {
        return false;
    };
    entries.any(|entry| {
        let path = entry
            .ok()
            .and_then(|entry| entry.path().ok().map(std::borrow::Cow::into_owned));
        path.is_some_and(|path| path.components().count() == 2 && path.ends_with("PKG-INFO"))
    })
}

fn file_name(path: &Path) -> String {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_default()
}
