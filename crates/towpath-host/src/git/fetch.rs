//! The files of another repository at one of its versions: the only use of the network by git here.

use std::path::Path;

use super::{Error, command, first_line};

/// Fetches the files of `reference` (a tag, a branch or a whole commit) of the repository at `url`, unpacks
/// them into `folder`, which must be empty or absent, and returns the commit. Nothing else of the
/// repository is kept; `scratch` must be an empty folder.
pub fn fetch_files(
    url: &str,
    reference: &str,
    scratch: &Path,
    folder: &Path,
) -> Result<String, Error> {
    let unwritable = |source| Error::Unwritable {
        path: folder.to_owned(),
        source,
    };
    let git = |arguments: &[&str]| command::run(scratch, &[], arguments);
    git(&["init", "--quiet", "--bare", "--template=", "."])?;
    let fetch = [
        "fetch",
        "--quiet",
        "--depth=1",
        "--no-tags",
        "--",
        url,
        reference,
    ];
    git(&fetch)?;
    let commit = first_line(&git(&["rev-parse", "--verify", "FETCH_HEAD^{commit}"])?);
    // What the repository exports, as the forge's own archives.
    let archive = scratch.join("files.tar");
    let output = format!("--output={}", archive.display());
    git(&["archive", "--format=tar", &output, &commit])?;
    let file = std::fs::File::open(&archive).map_err(unwritable)?;
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    tar::Archive::new(file).unpack(folder).map_err(unwritable)?;
    Ok(commit)
}
