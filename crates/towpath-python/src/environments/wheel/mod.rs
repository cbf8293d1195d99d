//! Wheels as layers: a folder laid out like an environment that holds what a wheel installs, to be laid over
//! one. It is named after all that it depends on, made once, and never changed. Nothing of the wheel runs.

mod spread;

use std::io;
use std::path::{Path, PathBuf};

use towpath_host::Digest;
use towpath_host::cache::note_use;

use super::prepare::remove;
use super::{Environment, Error};

/// A wheel that is to be laid over environments.
#[derive(Clone, Copy)]
pub struct Wheel<'a> {
    /// Its file name.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The folder that it leads to, where it installs a project for editing.
    pub edits: Option<&'a Path>,
}

/// Returns the layer of a wheel for an environment, made now if it is not there.
pub fn lay_wheel(
    cache: &Path,
    wheel: &Wheel<'_>,
    environment: &Environment,
) -> Result<PathBuf, Error> {
    let edits = wheel.edits.unwrap_or(Path::new("")).as_os_str();
    let digest = Digest::of_parts([
        wheel.bytes,
        environment.digest.as_str().as_bytes(),
        edits.as_encoded_bytes(),
    ]);
    let name: String = digest.as_str().chars().take(20).collect();
    let layers = cache.join("layers");
    let layer = layers.join(name);
    if layer.is_dir() {
        note_use(&layer);
        return Ok(layer);
    }
    let make = || -> Result<(), spread::Error> {
        fs_err::create_dir_all(&layers)?;
        // Renamed when it is whole; nothing in it holds its own path.
        let temporary = tempfile::Builder::new()
            .prefix("new-")
            .tempdir_in(&layers)?;
        spread::spread(wheel, temporary.path(), environment)?;
        Ok(put(temporary, &layer)?)
    };
    make().map_err(|source| Error::Wheel {
        name: wheel.name.to_owned(),
        source: Box::new(source),
    })?;
    Ok(layer)
}

/// Gives a folder its final name. Another run may have been faster; both hold the same.
pub(super) fn put(made: tempfile::TempDir, name: &Path) -> io::Result<()> {
    let made = made.keep();
    match fs_err::rename(&made, name) {
        Err(_) if name.is_dir() => remove(&made),
        renamed => renamed,
    }
}

/// Returns the identity of what a wheel installs: names and contents, without the long description in its
/// metadata, which no program reads while it runs, and without the hashes in RECORD that follow it.
pub fn wheel_identity(wheel: &[u8]) -> io::Result<Digest> {
    let mut lines = Vec::new();
    for mut file in spread::files(wheel)? {
        if file.name.ends_with(".dist-info/RECORD") {
            continue;
        }
        if file.name.ends_with(".dist-info/METADATA") {
            let end = file.bytes.windows(2).position(|pair| pair == b"\n\n");
            file.bytes.truncate(end.unwrap_or(file.bytes.len()));
        }
        let digest = Digest::of(&file.bytes);
        lines.push(format!("{} {digest} {:?}", file.name, file.mode));
    }
    lines.sort_unstable();
    Ok(Digest::of(lines.join("\n").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::spread::tests::wheel;
    use super::*;

    #[test]
    fn description_is_no_part_of_the_identity() {
        let of = |metadata: &str, code: &str| {
            let bytes = wheel(&[
                ("a.py", code),
                ("a-1.dist-info/METADATA", metadata),
                ("a-1.dist-info/RECORD", metadata),
            ]);
            wheel_identity(&bytes).unwrap()
        };
        assert_eq!(
            of("Name: a\n\nold words", ""),
            of("Name: a\n\nnew words", "")
        );
        assert_ne!(of("Name: a\n\nwords", ""), of("Name: b\n\nwords", ""));
        assert_ne!(of("Name: a\n", ""), of("Name: a\n", "1"));
    }
}
