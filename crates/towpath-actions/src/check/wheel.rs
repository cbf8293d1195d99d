//! Spreads a wheel into a folder laid out like an environment, to be laid over one, by the binary
//! distribution format of PyPA: packages, scripts, entry points. Runs nothing of the wheel.

use std::io::{self, Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use thiserror::Error;
use towpath_host::Digest;

/// Why a wheel could not be spread.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// It is no zip archive, or a damaged one.
    #[error("the wheel cannot be read")]
    Archive(#[from] zip::result::ZipError),
    /// A name leads out of the environment.
    #[error("the wheel holds `{0}`, which leads out of the environment")]
    Name(String),
    /// A file could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Where a wheel goes.
pub(crate) struct Target<'a> {
    /// Folder of the layer, existing.
    pub(crate) layer: &'a Path,
    /// Folder of packages relative to the environment: `lib/python3.12/site-packages`.
    pub(crate) site_packages: &'a Path,
    /// The environment's interpreter, as scripts name it.
    pub(crate) python: &'a Path,
}

/// Writes the files of a wheel below the layer.
pub(crate) fn spread(wheel: &[u8], target: &Target<'_>) -> Result<(), Error> {
    let mut archive = zip::ZipArchive::new(Cursor::new(wheel))?;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        if file.is_dir() {
            continue;
        }
        let name = file.name()?.into_owned();
        let path = placed(&name, target).ok_or_else(|| Error::Name(name.clone()))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if name.ends_with(".dist-info/entry_points.txt") {
            write_entry_points(&String::from_utf8_lossy(&bytes), target)?;
        }
        let is_script = name.contains(".data/scripts/");
        let bytes = if is_script {
            with_interpreter(bytes, target.python)
        } else {
            bytes
        };
        let executable = is_script || file.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        write(&path, &bytes, executable)?;
    }
    Ok(())
}

/// Returns the identity of what a wheel installs: names and contents, without the long description in
/// its metadata, which no program reads while it runs, and without the hashes in RECORD that follow it.
pub(crate) fn identity(wheel: &[u8]) -> Result<Digest, Error> {
    let mut archive = zip::ZipArchive::new(Cursor::new(wheel))?;
    let mut lines = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let name = file.name()?.into_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if name.ends_with(".dist-info/RECORD") {
            continue;
        }
        if name.ends_with(".dist-info/METADATA") {
            let end = bytes.windows(2).position(|pair| pair == b"\n\n");
            bytes.truncate(end.unwrap_or(bytes.len()));
        }
        lines.push(format!(
            "{name} {} {:?}",
            Digest::of(&bytes),
            file.unix_mode()
        ));
    }
    lines.sort_unstable();
    Ok(Digest::of(lines.join("\n").as_bytes()))
}

/// Returns where a file of the archive goes; `None` where it would leave the layer.
fn placed(name: &str, target: &Target<'_>) -> Option<PathBuf> {
    let relative = Path::new(name);
    if !relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return None;
    }
    let site = target.layer.join(target.site_packages);
    let Some((top, rest)) = name
        .split_once('/')
        .filter(|(top, _)| top.ends_with(".data"))
    else {
        return Some(site.join(relative));
    };
    let _ = top;
    let (scheme, rest) = rest.split_once('/')?;
    Some(match scheme {
        "scripts" => target.layer.join("bin").join(rest),
        "data" => target.layer.join(rest),
        "headers" => target.layer.join("include").join(rest),
        _ => site.join(rest),
    })
}

/// Scripts start with `#!python`, which stands for the environment's interpreter.
fn with_interpreter(bytes: Vec<u8>, python: &Path) -> Vec<u8> {
    if !bytes.starts_with(b"#!python") {
        return bytes;
    }
    let rest = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(&[][..], |end| &bytes[end..]);
    [format!("#!{}", python.display()).as_bytes(), rest].concat()
}

fn write_entry_points(text: &str, target: &Target<'_>) -> Result<(), Error> {
    let mut in_scripts = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            in_scripts = matches!(line, "[console_scripts]" | "[gui_scripts]");
        }
        let Some((name, reference)) = line.split_once('=').filter(|_| in_scripts) else {
            continue;
        };
        let reference = reference.split('[').next().unwrap_or(reference).trim();
        let (module, object) = reference.split_once(':').unwrap_or((reference, "main"));
        let name = name.trim();
        if name.is_empty() || name.contains('/') || name == ".." {
            return Err(Error::Name(name.to_owned()));
        }
        let first = object.split('.').next().unwrap_or(object);
        let script = format!(
            "#!{}\nimport sys\nfrom {module} import {first}\n\nif __name__ == \"__main__\":\n    sys.exit({object}())\n",
            target.python.display()
        );
        write(
            &target.layer.join("bin").join(name),
            script.as_bytes(),
            true,
        )?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8], executable: bool) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    fs_err::write(path, bytes)?;
    if executable {
        fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn wheel(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            archive
                .start_file(*name, zip::write::SimpleFileOptions::default())
                .expect("a file");
            archive.write_all(text.as_bytes()).expect("its text");
        }
        archive.finish().expect("an archive").into_inner()
    }

    fn spread_into(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<(), Error>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let target = Target {
            layer: folder.path(),
            site_packages: Path::new("lib/python3.12/site-packages"),
            python: Path::new("/env/bin/python"),
        };
        let result = spread(&wheel(files), &target);
        (folder, result)
    }

    #[test]
    fn packages_scripts_and_entry_points_have_their_places() {
        let (folder, result) = spread_into(&[
            ("pkg/__init__.py", ""),
            ("pkg-1.data/scripts/run", "#!python\nprint()\n"),
            (
                "pkg-1.dist-info/entry_points.txt",
                "[console_scripts]\npkg = pkg.cli:app.main\n\n[other]\nx = y:z\n",
            ),
        ]);
        result.expect("the wheel is sound");
        let read =
            |path: &str| fs_err::read_to_string(folder.path().join(path)).expect("it was written");
        assert_eq!(read("lib/python3.12/site-packages/pkg/__init__.py"), "");
        assert_eq!(read("bin/run"), "#!/env/bin/python\nprint()\n");
        assert!(read("bin/pkg").contains("from pkg.cli import app\n"));
        assert!(read("bin/pkg").contains("sys.exit(app.main())"));
        assert!(!folder.path().join("bin/x").exists());
    }

    #[test]
    fn description_is_no_part_of_the_identity() {
        let of = |metadata: &str, code: &str| {
            identity(&wheel(&[
                ("a.py", code),
                ("a-1.dist-info/METADATA", metadata),
                ("a-1.dist-info/RECORD", metadata),
            ]))
            .expect("the wheel is sound")
        };
        assert_eq!(
            of("Name: a\n\nold words", ""),
            of("Name: a\n\nnew words", "")
        );
        assert_ne!(of("Name: a\n\nwords", ""), of("Name: b\n\nwords", ""));
        assert_ne!(of("Name: a\n", ""), of("Name: a\n", "1"));
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        let (_folder, result) = spread_into(&[("../evil.py", "")]);
        assert!(matches!(result, Err(Error::Name(name)) if name == "../evil.py"));
    }
}
