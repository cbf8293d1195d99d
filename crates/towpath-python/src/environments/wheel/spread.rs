//! Spreads a wheel into a folder as the binary distribution format of PyPA has it: packages, metadata,
//! scripts of its own and scripts for its entry points.

use std::io::{self, Cursor, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use super::Wheel;
use crate::environments::Environment;

/// Why a wheel could not be spread.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// A name leads out of the environment.
    #[error("it holds `{0}`, which leads out of the environment")]
    Name(String),
    /// It says nothing about itself.
    #[error("it has no `.dist-info` folder")]
    Metadata,
    /// It could not be read, or a file could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A file of a wheel.
pub(super) struct WheelFile {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) mode: Option<u32>,
}

/// Returns the files of a wheel.
pub(super) fn files(wheel: &[u8]) -> io::Result<Vec<WheelFile>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(wheel)).map_err(io::Error::other)?;
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(io::Error::other)?;
        if file.is_dir() {
            continue;
        }
        let name = file.name().map_err(io::Error::other)?.into_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        files.push(WheelFile {
            name,
            bytes,
            mode: file.unix_mode(),
        });
    }
    Ok(files)
}

/// Where a wheel is spread, and for what.
struct Place<'a> {
    layer: &'a Path,
    site_packages: PathBuf,
    python: &'a Path,
}

/// Writes the files of a wheel below `layer`, as the environment has them.
pub(super) fn spread(
    wheel: &Wheel<'_>,
    layer: &Path,
    environment: &Environment,
) -> Result<(), Error> {
    let below = environment.site_packages.strip_prefix(&environment.folder);
    let place = Place {
        layer,
        site_packages: layer.join(below.unwrap_or(Path::new("lib"))),
        python: &environment.python,
    };
    let mut metadata = None;
    for file in files(wheel.bytes)? {
        let path = place.of(&file.name).ok_or(Error::Name(file.name.clone()))?;
        let top = file.name.split('/').next().unwrap_or_default();
        if top.ends_with(".dist-info") {
            metadata = Some(top.to_owned());
        }
        let is_script = file.name.contains(".data/scripts/");
        let bytes = if is_script {
            with_interpreter(file.bytes, place.python)
        } else {
            file.bytes
        };
        let executable = is_script || file.mode.is_some_and(|mode| mode & 0o111 != 0);
        write(&path, &bytes, executable)?;
    }
    describe(wheel, &metadata.ok_or(Error::Metadata)?, &place)
}

impl Place<'_> {
    /// Returns where a file of the archive goes; `None` where it would leave the layer. Files of
    /// `NAME.data/KIND/` go to the folder of their kind, all others to the packages.
    fn of(&self, name: &str) -> Option<PathBuf> {
        let is_normal = |part: Component<'_>| matches!(part, Component::Normal(_));
        if !Path::new(name).components().all(is_normal) {
            return None;
        }
        let data = name
            .split_once('/')
            .filter(|(top, _)| top.ends_with(".data"));
        let Some((_, rest)) = data else {
            return Some(self.site_packages.join(name));
        };
        let (kind, rest) = rest.split_once('/')?;
        Some(match kind {
            "scripts" => self.layer.join("bin").join(rest),
            "data" => self.layer.join(rest),
            "headers" => self.layer.join("include").join(rest),
            _ => self.site_packages.join(rest),
        })
    }
}

/// A wheel's own script begins with `#!python`, which stands for the environment's interpreter.
fn with_interpreter(bytes: Vec<u8>, python: &Path) -> Vec<u8> {
    if !bytes.starts_with(b"#!python") {
        return bytes;
    }
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let rest = end.and_then(|end| bytes.get(end..)).unwrap_or_default();
    [format!("#!{}", python.display()).as_bytes(), rest].concat()
}

/// Writes what an installer adds: how the wheel was installed, and the scripts of its entry points.
fn describe(wheel: &Wheel<'_>, metadata: &str, place: &Place<'_>) -> Result<(), Error> {
    let folder = place.site_packages.join(metadata);
    let mut added = vec![format!("{metadata}/INSTALLER,,")];
    write(&folder.join("INSTALLER"), b"towpath\n", false)?;
    if let Some(source) = wheel.edits {
        let url = format!("file://{}", source.display());
        let direct = serde_json::json!({"url": url, "dir_info": {"editable": true}});
        let text = direct.to_string();
        write(&folder.join("direct_url.json"), text.as_bytes(), false)?;
        added.push(format!("{metadata}/direct_url.json,,"));
    }
    let entry_points = fs_err::read_to_string(folder.join("entry_points.txt"));
    for (name, reference) in scripts(&entry_points.unwrap_or_default()) {
        let Some(script) = script(reference, place.python) else {
            continue;
        };
        let path = place.layer.join("bin").join(plain_name(name)?);
        write(&path, script.as_bytes(), true)?;
        added.push(format!("../../../bin/{name},,"));
    }
    let mut options = fs_err::OpenOptions::new();
    let mut record = options
        .append(true)
        .create(true)
        .open(folder.join("RECORD"))?;
    Ok(record.write_all((added.join("\n") + "\n").as_bytes())?)
}

/// Returns names and references of the scripts. Names keep their case, unlike keys of other INI files.
fn scripts(entry_points: &str) -> Vec<(&str, &str)> {
    let mut is_script = false;
    let mut scripts = Vec::new();
    for line in entry_points.lines().map(str::trim) {
        if line.starts_with('[') {
            is_script = matches!(line, "[console_scripts]" | "[gui_scripts]");
        }
        let is_comment = line.starts_with(['#', ';']);
        if let Some((name, reference)) = line.split_once('=').filter(|_| is_script && !is_comment) {
            scripts.push((name.trim(), reference.trim()));
        }
    }
    scripts
}

fn plain_name(name: &str) -> Result<&str, Error> {
    let mut components = Path::new(name).components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(_)), None) => Ok(name),
        _ => Err(Error::Name(name.to_owned())),
    }
}

/// Returns the script for `module:object`, which may be followed by extras in brackets.
fn script(reference: &str, python: &Path) -> Option<String> {
    let (module, object) = reference.split('[').next()?.trim().split_once(':')?;
    let (module, object) = (module.trim(), object.trim());
    let first = object.split('.').next()?;
    Some(format!(
        "#!{}\nimport sys\n\nfrom {module} import {first}\n\nif __name__ == \"__main__\":\n    \
         sys.exit({object}())\n",
        python.display()
    ))
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
pub(super) mod tests {
    use towpath_host::Digest;

    use super::*;

    pub(in super::super) fn wheel(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            let options = zip::write::SimpleFileOptions::default();
            archive.start_file(*name, options).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    /// Spreads a wheel that leads to `/src`.
    fn spread_into(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<(), Error>) {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment {
            folder: PathBuf::from("/env"),
            python: PathBuf::from("/env/bin/python"),
            bin: PathBuf::from("/env/bin"),
            site_packages: PathBuf::from("/env/lib/python3.12/site-packages"),
            digest: Digest::of(b""),
            bytecode: PathBuf::from("/env.bytecode"),
            packages: Vec::new(),
        };
        let wheel = Wheel {
            name: "pkg-1-py3-none-any.whl",
            bytes: &wheel(files),
            edits: Some(Path::new("/src")),
        };
        let result = spread(&wheel, folder.path(), &environment);
        (folder, result)
    }

    #[test]
    fn every_kind_of_file_has_its_place() {
        let (folder, result) = spread_into(&[
            ("pkg/__init__.py", ""),
            ("pkg.pth", "/src\n"),
            ("pkg-1.data/scripts/run", "#!python\nprint()\n"),
            ("pkg-1.data/data/share/pkg/a.txt", "a"),
            ("pkg-1.data/platlib/fast.so", "so"),
            (
                "pkg-1.dist-info/entry_points.txt",
                "[console_scripts]\npkg = pkg.cli:app.main [extra]\n\n[other]\nx = y:z\n",
            ),
            ("pkg-1.dist-info/RECORD", "pkg/__init__.py,,\n"),
        ]);
        result.unwrap();
        let read = |path: &str| fs_err::read_to_string(folder.path().join(path)).unwrap();
        let site = |path: &str| read(&format!("lib/python3.12/site-packages/{path}"));
        assert_eq!(site("pkg/__init__.py"), "");
        assert_eq!(site("pkg.pth"), "/src\n");
        assert_eq!(site("fast.so"), "so");
        assert_eq!(read("share/pkg/a.txt"), "a");
        assert_eq!(read("bin/run"), "#!/env/bin/python\nprint()\n");
        assert!(read("bin/pkg").contains("from pkg.cli import app\n"));
        assert!(read("bin/pkg").contains("sys.exit(app.main())"));
        assert!(!folder.path().join("bin/x").exists());
        assert!(site("pkg-1.dist-info/direct_url.json").contains("file:///src"));
        assert_eq!(
            site("pkg-1.dist-info/RECORD"),
            "pkg/__init__.py,,\npkg-1.dist-info/INSTALLER,,\npkg-1.dist-info/direct_url.json,,\n../../../bin/pkg,,\n"
        );
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["../evil.py", "/etc/evil", "pkg-1.data/scripts/../../evil"] {
            let (_folder, result) = spread_into(&[(name, "")]);
            assert!(matches!(result, Err(Error::Name(refused)) if refused == name));
        }
        let (_folder, result) = spread_into(&[("pkg.py", "")]);
        assert!(matches!(result, Err(Error::Metadata)));
    }

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
}
