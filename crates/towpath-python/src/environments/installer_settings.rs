//! What the user, the system and the folders above a project say of where packages come from and which are
//! taken: part of every question to uv.

use std::path::{Path, PathBuf};

use towpath_host::Digest;

use super::Error;
use super::find_links::{offered, offered_by};
use crate::Machine;
use crate::machine::is_true;
use crate::uv::Indexes;

/// Returns the identity of the settings of pip and uv that apply in a folder, wherever they stand.
pub fn installer_settings(machine: &Machine<'_>, folder: &Path) -> Result<Digest, Error> {
    let indexes = Indexes::of(machine).digest();
    let settings = uv_settings(machine, Some(folder))?;
    Ok(Digest::of_parts([
        indexes.as_str().as_bytes(),
        settings.as_bytes(),
    ]))
}

/// Returns the settings of uv that apply in a folder, as text: those of the nearest folder that has any,
/// the user's and the system's; with what is on offer at the places that they and the variables name.
pub(super) fn uv_settings(machine: &Machine<'_>, folder: Option<&Path>) -> Result<String, Error> {
    let indexes = Indexes::of(machine);
    let base = folder.unwrap_or(Path::new("/"));
    // An index may be a folder, too.
    let places = indexes.find_links().into_iter().chain(indexes.addresses());
    let offers: String = places.map(|place| offered(&place, base)).collect();
    Ok(offers + &files(machine, folder)?)
}

fn files(machine: &Machine<'_>, folder: Option<&Path>) -> Result<String, Error> {
    if machine.variable("UV_NO_CONFIG").is_some_and(is_true) {
        return Ok(String::new());
    }
    if let Some(file) = machine.variable("UV_CONFIG_FILE") {
        return Ok(with_offers(Path::new(file))?.unwrap_or_default());
    }
    let mut text = String::new();
    for folder in folder.into_iter().flat_map(Path::ancestors) {
        if let Some(settings) = of_folder(folder)? {
            text.push_str(&settings);
            break;
        }
    }
    for path in own_files(machine) {
        if let Some(settings) = with_offers(&path)? {
            text.push_str(&format!("\n{}\n{settings}", path.display()));
        }
    }
    Ok(text)
}

/// Returns what `uv.toml`, or else `[tool.uv]`, says in a folder.
fn of_folder(folder: &Path) -> Result<Option<String>, Error> {
    if let Some(text) = with_offers(&folder.join("uv.toml"))? {
        return Ok(Some(text));
    }
    let manifest = read(&folder.join("pyproject.toml"))?;
    let manifest = manifest.and_then(|text| text.parse::<toml::Table>().ok());
    let settings = manifest
        .as_ref()
        .and_then(|table| table.get("tool")?.get("uv"));
    Ok(settings.map(|settings| {
        let settings = settings.to_string();
        let offers = offered_by(&settings, folder);
        settings + &offers
    }))
}

/// Returns where the user's and the system's own settings may lie.
fn own_files(machine: &Machine<'_>) -> Vec<PathBuf> {
    let system = machine.variable("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
    let mut files: Vec<PathBuf> = machine
        .folder("XDG_CONFIG_HOME", ".config")
        .into_iter()
        .chain(system.split(':').map(PathBuf::from))
        .map(|folder| folder.join("uv/uv.toml"))
        .collect();
    files.push(PathBuf::from("/etc/uv/uv.toml"));
    files
}

/// Reads a file of settings, with what is on offer at the places that it names.
fn with_offers(path: &Path) -> Result<Option<String>, Error> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let text = read(path)?;
    Ok(text.map(|text| {
        let offers = offered_by(&text, folder);
        text + &offers
    }))
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs_err::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(source) => Err(Error::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// What the user may not even look at is not there for uv either.
fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests::environment;

    #[test]
    fn every_file_that_an_installer_reads_counts() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        for name in [
            "home/.config/pip",
            "home/.config/uv",
            "work/repository/project",
        ] {
            fs_err::create_dir_all(at(name)).expect("a folder");
        }
        let home = at("home");
        let digest = |variables: &[(&str, &str)]| {
            let environment = environment(variables);
            let machine = Machine {
                environment: &environment,
                home: Some(&home),
                cache: folder.path(),
                offline: false,
            };
            installer_settings(&machine, &at("work/repository/project")).expect("all can be read")
        };
        let mut last = digest(&[]);
        for (file, text) in [
            (
                "home/.config/pip/pip.conf",
                "[global]\nindex-url = http://a/simple\n",
            ),
            ("home/.config/uv/uv.toml", "resolution = 'lowest'\n"),
            ("work/pyproject.toml", "[tool.uv]\nprerelease = 'allow'\n"),
            ("work/repository/uv.toml", "prerelease = 'disallow'\n"),
        ] {
            fs_err::write(at(file), text).expect("a file");
            let now = digest(&[]);
            assert_ne!(now, last, "{file}");
            last = now;
        }
        fs_err::write(at("work/pyproject.toml"), "[tool.uv]\n").expect("a file");
        assert_eq!(digest(&[]), last, "a nearer folder has settings");
        let file = at("own.toml");
        fs_err::write(&file, "resolution = 'highest'\n").expect("a file");
        assert_ne!(digest(&[("UV_CONFIG_FILE", &file.to_string_lossy())]), last);
        let index = at("index/a");
        fs_err::create_dir_all(&index).expect("a folder");
        let address = format!("file://{}", at("index").display());
        for name in ["UV_DEFAULT_INDEX", "UV_INDEX", "PIP_EXTRA_INDEX_URL"] {
            let before = digest(&[(name, &address)]);
            fs_err::write(index.join(name), "an archive").expect("a file");
            assert_ne!(digest(&[(name, &address)]), before, "{name}");
        }
    }
}
