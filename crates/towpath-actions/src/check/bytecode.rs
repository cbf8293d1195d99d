//! Compiled modules that a job's Pythons left in the upper folder of an overlay: moved to a layer that
//! later jobs start with, so that no module is compiled twice. Nothing else is taken over.

use std::io;
use std::path::Path;

/// Moves every `__pycache__/*.pyc` below `upper` to the same place below `layer` whose source lies below
/// `base`. A pyc names the size and time of its source, so one that does not fit is never used. One
/// without its source would make its folder a namespace package that hides the real one: modules of a
/// project that was laid over an environment are not the environment's.
pub(crate) fn harvest(upper: &Path, layer: &Path, base: &Path) -> io::Result<usize> {
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
            } else if is_cache && kind.is_file() && has_source(&path, upper, base) {
                moved += usize::from(take(&path, upper, layer)?);
            }
        }
    }
    Ok(moved)
}

/// Returns whether a compiled module's source lies below `base`.
fn has_source(path: &Path, upper: &Path, base: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let module = name
        .filter(|name| name.ends_with(".pyc"))
        .and_then(|name| name.split('.').next());
    let folder = path.parent().and_then(Path::parent);
    let folder = folder.and_then(|folder| folder.strip_prefix(upper).ok());
    module
        .zip(folder)
        .is_some_and(|(module, folder)| base.join(folder).join(format!("{module}.py")).exists())
}

/// Removes folders of compiled modules whose sources are no longer below `base`, for the same reason.
pub(crate) fn prune(layer: &Path, base: &Path) -> io::Result<()> {
    let mut folders = vec![layer.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder)? {
            let path = entry?.path();
            let is_folder = path.is_dir() && !path.ends_with("__pycache__");
            let Ok(relative) = path.strip_prefix(layer) else {
                continue;
            };
            if is_folder && !base.join(relative).is_dir() {
                fs_err::remove_dir_all(&path)?;
            } else if is_folder {
                folders.push(path);
            }
        }
    }
    Ok(())
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
    fn only_compiled_modules_of_the_base_are_taken() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        for name in [
            "base/pkg/a.py",
            "upper/pkg/__pycache__/a.cpython-312.pyc",
            "upper/pkg/__pycache__/a.txt",
            "upper/pkg/b.pyc",
            "upper/laid/__pycache__/c.cpython-312.pyc",
            "upper/out.log",
        ] {
            let path = at(name);
            fs_err::create_dir_all(path.parent().expect("it has a parent")).expect("a folder");
            fs_err::write(path, "").expect("a file");
        }
        let taken = harvest(&at("upper"), &at("layer"), &at("base"));
        assert_eq!(taken.expect("the folders can be read"), 1);
        assert!(at("layer/pkg/__pycache__/a.cpython-312.pyc").exists());
        assert!(!at("layer/laid").exists());
        let taken = harvest(&at("absent"), &at("layer"), &at("base"));
        assert_eq!(taken.expect("absent is empty"), 0);
    }

    #[test]
    fn folders_without_sources_are_removed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        for name in [
            "base/pkg",
            "layer/pkg/__pycache__",
            "layer/pkg/old/__pycache__",
            "layer/gone/__pycache__",
        ] {
            fs_err::create_dir_all(at(name)).expect("a folder");
        }
        prune(&at("layer"), &at("base")).expect("the layer can be read");
        assert!(at("layer/pkg/__pycache__").exists());
        assert!(!at("layer/pkg/old").exists());
        assert!(!at("layer/gone").exists());
    }
}
