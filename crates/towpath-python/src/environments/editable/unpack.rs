//! Unpacks a wheel into a layer as the installation standard has it, without running anything: packages,
//! metadata, scripts of its own and scripts for its entry points.

use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use super::super::Environment;
use super::EditableRequest;

/// Where a wheel is unpacked to, and for what.
pub(super) struct Place<'a> {
    pub(super) layer: &'a Path,
    pub(super) environment: &'a Environment,
    /// The project's folder, as jobs see it.
    pub(super) source: &'a Path,
}

impl Place<'_> {
    fn site_packages(&self) -> PathBuf {
        let environment = self.environment;
        let below = environment.site_packages.strip_prefix(&environment.folder);
        self.layer.join(below.unwrap_or(Path::new("lib")))
    }
}

/// Unpacks a wheel; of one that is not editable only the metadata and the scripts for entry points.
pub(super) fn wheel(path: &Path, is_editable: bool, place: &Place<'_>) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(fs_err::File::open(path)?).map_err(io::Error::other)?;
    let mut metadata = None;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(io::Error::other)?;
        let Some(name) = file.enclosed_name().filter(|_| file.is_file()) else {
            continue;
        };
        let top = name
            .components()
            .next()
            .map_or(Path::new(""), |first| Path::new(first.as_os_str()))
            .to_owned();
        let is_metadata = top
            .extension()
            .is_some_and(|extension| extension == "dist-info");
        if is_metadata {
            metadata = Some(top);
        } else if !is_editable {
            continue;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        match target(&name, place) {
            Some(Target::Script(path)) => write_script(&path, &bytes, place)?,
            Some(Target::File(path)) => write(&path, &bytes)?,
            None => {}
        }
    }
    let metadata = metadata.ok_or_else(|| io::Error::other("the wheel has no metadata"))?;
    describe(&place.site_packages().join(metadata), place)
}

enum Target {
    File(PathBuf),
    Script(PathBuf),
}

/// Files of `NAME.data/KIND/` go to the folder of their kind, all others to the packages.
fn target(name: &Path, place: &Place<'_>) -> Option<Target> {
    let mut parts = name.components();
    let first = parts.next()?;
    if Path::new(first.as_os_str())
        .extension()
        .is_none_or(|extension| extension != "data")
    {
        return Some(Target::File(place.site_packages().join(name)));
    }
    let kind = parts.next()?;
    let rest: PathBuf = parts.collect();
    match kind.as_os_str().to_str()? {
        "purelib" | "platlib" => Some(Target::File(place.site_packages().join(rest))),
        "scripts" => Some(Target::Script(place.layer.join("bin").join(rest))),
        "data" => Some(Target::File(place.layer.join(rest))),
        _ => None,
    }
}

/// Writes what tells how the project was installed, and the scripts of its entry points.
fn describe(metadata: &Path, place: &Place<'_>) -> io::Result<()> {
    let url = format!("file://{}", place.source.display());
    let direct = serde_json::json!({"url": url, "dir_info": {"editable": true}});
    write(
        &metadata.join("direct_url.json"),
        direct.to_string().as_bytes(),
    )?;
    write(&metadata.join("INSTALLER"), b"towpath\n")?;
    let folder = metadata
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut added = vec![
        format!("{folder}/direct_url.json,,"),
        format!("{folder}/INSTALLER,,"),
    ];
    let entry_points = metadata.join("entry_points.txt");
    if let Ok(text) = fs_err::read_to_string(&entry_points) {
        for (name, target) in scripts(&text) {
            if let Some(script) = script(target, place) {
                write_executable(
                    &place.layer.join("bin").join(plain_name(name)?),
                    script.as_bytes(),
                )?;
                added.push(format!("../../../bin/{name},,"));
            }
        }
    }
    let mut record = fs_err::OpenOptions::new()
        .append(true)
        .create(true)
        .open(metadata.join("RECORD"))?;
    record.write_all((added.join("\n") + "\n").as_bytes())
}

/// Returns names and targets of the scripts. Names keep their case, unlike keys of other INI files.
fn scripts(entry_points: &str) -> Vec<(&str, &str)> {
    let mut is_script = false;
    let mut scripts = Vec::new();
    for line in entry_points.lines().map(str::trim) {
        if line.starts_with('[') {
            is_script = matches!(line, "[console_scripts]" | "[gui_scripts]");
        } else if let Some((name, target)) = line
            .split_once('=')
            .filter(|_| is_script && !line.starts_with(['#', ';']))
        {
            scripts.push((name.trim(), target.trim()));
        }
    }
    scripts
}

fn plain_name(name: &str) -> io::Result<&str> {
    let mut components = Path::new(name).components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(_)), None) => Ok(name),
        _ => Err(io::Error::other(format!("`{name}` is no name of a script"))),
    }
}

/// Returns the script for `module:object`, which may be followed by extras in brackets.
fn script(target: &str, place: &Place<'_>) -> Option<String> {
    let target = target.split('[').next()?.trim();
    let (module, object) = target.split_once(':')?;
    let (module, object) = (module.trim(), object.trim());
    let import = object.split('.').next()?;
    Some(format!(
        "#!{}\nimport sys\n\nfrom {module} import {import}\n\nif __name__ == \"__main__\":\n    \
         sys.exit({object}())\n",
        place.environment.python.display()
    ))
}

/// A wheel's own script begins with `#!python`, which stands for the interpreter.
fn write_script(path: &Path, bytes: &[u8], place: &Place<'_>) -> io::Result<()> {
    let Some(rest) = bytes.strip_prefix(b"#!python") else {
        return write_executable(path, bytes);
    };
    let end = rest
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(rest.len());
    let mut script = format!("#!{}", place.environment.python.display()).into_bytes();
    script.extend(rest.get(end..).unwrap_or_default());
    write_executable(path, &script)
}

/// Puts the folders of the project's modules on the path of imports, for backends without editable builds.
pub(super) fn import_path(request: &EditableRequest<'_>, place: &Place<'_>) -> io::Result<()> {
    let roots = &request.project.layout.import_roots;
    let lines: Vec<String> = roots
        .iter()
        .map(|root| request.source.join(root).display().to_string())
        .collect();
    write(
        &place.site_packages().join("__editable__.pth"),
        (lines.join("\n") + "\n").as_bytes(),
    )
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    fs_err::write(path, bytes)
}

fn write_executable(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes)?;
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

/// Copies what a build wrote into the repository from the upper folder of its overlay, without what is only
/// of use to the build itself. Returns whether anything was left.
pub(super) fn harvest(upper: &Path, target: &Path) -> io::Result<bool> {
    let mut found = false;
    for entry in fs_err::read_dir(upper)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        let is_scrap = matches!(
            name.as_str(),
            "build" | "dist" | "__pycache__" | ".eggs" | ".git"
        ) || Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "egg-info");
        if kind.is_dir() && !is_scrap {
            found |= harvest(&entry.path(), &target.join(&name))?;
        } else if kind.is_file() {
            fs_err::create_dir_all(target)?;
            fs_err::copy(entry.path(), target.join(&name))?;
            found = true;
        } else if kind.is_char_device() {
            tracing::debug!(name, "the build removed a file of the repository");
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_entry_points_of_programs_become_scripts() {
        let text = "[console_scripts]\nMy-Tool = pkg.cli:main [extra]\n# a = b:c\n[other]\nx = y:z\n[gui_scripts]\ng=a:b.c\n";
        assert_eq!(
            scripts(text),
            [("My-Tool", "pkg.cli:main [extra]"), ("g", "a:b.c")]
        );
        for (name, expected) in [
            ("tool", true),
            ("../tool", false),
            ("", false),
            ("a/b", false),
        ] {
            assert_eq!(plain_name(name).is_ok(), expected, "{name}");
        }
    }

    #[test]
    fn what_a_build_wrote_is_kept_without_its_scrap() {
        let folder = tempfile::tempdir().unwrap();
        let upper = folder.path().join("upper");
        for path in [
            "src/pkg/_version.py",
            "build/lib/pkg/a.py",
            "src/pkg.egg-info/PKG-INFO",
            "src/pkg/__pycache__/a.pyc",
        ] {
            write(&upper.join(path), b"").unwrap();
        }
        let kept = folder.path().join("kept");
        assert!(harvest(&upper, &kept).unwrap());
        assert!(kept.join("src/pkg/_version.py").is_file());
        assert!(!kept.join("build").exists() && !kept.join("src/pkg.egg-info").exists());
    }
}
