//! Compiled modules that a job's Pythons left in the upper folder of an overlay: moved to a layer that
//! later jobs start with, so that no module is compiled twice. Nothing else is taken over.

use std::io;
use std::path::Path;

/// Moves every `__pycache__/*.pyc` below `upper` to the same place below `layer`, unless one is there.
/// A pyc names the size and time of its source, so one that does not fit is never used.
pub(crate) fn harvest(upper: &Path, layer: &Path) -> io::Result<usize> {
    let mut moved = 0;
    let mut folders = vec![upper.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs_err::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let is_cache = folder.file_name().is_some_and(|name| name == "__pycache__");
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if is_cache && kind.is_file() && path.extension().is_some_and(|end| end == "pyc")
            {
                moved += usize::from(take(&path, upper, layer)?);
            }
        }
    }
    Ok(moved)
}

fn take(path: &Path, upper: &Path, layer: &Path) -> io::Result<bool> {
    let Ok(relative) = path.strip_prefix(upper) else {
        return Ok(false);
    };
    let target = layer.join(relative);
    if let Some(parent) = target.parent() {
        fs_err::create_dir_all(parent)?;
    }
    fs_err::rename(path, &target)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_compiled_modules_are_taken() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (upper, layer) = (folder.path().join("upper"), folder.path().join("layer"));
        for name in [
            "pkg/__pycache__/a.cpython-312.pyc",
            "pkg/__pycache__/a.txt",
            "pkg/b.pyc",
            "out.log",
        ] {
            let path = upper.join(name);
            fs_err::create_dir_all(path.parent().expect("it has a parent")).expect("a folder");
            fs_err::write(path, "").expect("a file");
        }
        assert_eq!(harvest(&upper, &layer).expect("the folders can be read"), 1);
        assert!(layer.join("pkg/__pycache__/a.cpython-312.pyc").exists());
        assert_eq!(
            harvest(&folder.path().join("absent"), &layer).expect("absent is empty"),
            0
        );
    }
}
