//! Where interpreters lie: `PATH` and the folders of the tools that install them. Looks at names and
//! links only and starts nothing.

use std::path::{Path, PathBuf};

use crate::Machine;

/// Minor versions that are looked for by name on `PATH`.
const MINORS: std::ops::RangeInclusive<u8> = 6..=20;

/// A program that is probably an interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Absolute, with links resolved: a virtual environment's link leads to its base interpreter.
    pub(super) path: PathBuf,
    /// Who put it there.
    pub(super) origin: &'static str,
}

/// Returns the candidates in the order in which they are preferred, each once.
pub(super) fn candidates(machine: &Machine<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for folder in machine.search_path() {
        on_path(folder, &mut found);
    }
    for (origin, folder) in managed_folders(machine) {
        for installation in children(&folder) {
            if let Some(path) = in_installation(&installation) {
                add(&mut found, &path, origin);
            }
        }
    }
    found
}

/// Returns the folders that hold one installation per sub-folder, and who manages them.
fn managed_folders(machine: &Machine<'_>) -> Vec<(&'static str, PathBuf)> {
    let data = machine.folder("XDG_DATA_HOME", ".local/share");
    let below = |name: &str| data.as_ref().map(|data| data.join(name));
    let uv = machine.variable("UV_PYTHON_INSTALL_DIR").map(PathBuf::from);
    let mise = machine.variable("MISE_DATA_DIR").map(PathBuf::from);
    let known = [
        ("uv", uv.or_else(|| below("uv/python"))),
        (
            "pyenv",
            machine
                .folder("PYENV_ROOT", ".pyenv")
                .map(|root| root.join("versions")),
        ),
        (
            "asdf",
            machine
                .folder("ASDF_DATA_DIR", ".asdf")
                .map(|root| root.join("installs/python")),
        ),
        (
            "mise",
            mise.or_else(|| below("mise"))
                .map(|root| root.join("installs/python")),
        ),
        ("hatch", below("hatch/pythons")),
        ("/opt", Some(PathBuf::from("/opt/hostedtoolcache/Python"))),
        ("/opt", Some(PathBuf::from("/opt"))),
    ];
    known
        .into_iter()
        .filter_map(|(origin, folder)| Some((origin, folder?)))
        .collect()
}

/// Finds the program of an installation: `bin/python` in it, or one or two folders deeper (`x64` on
/// hosted runners, `python` of hatch).
fn in_installation(installation: &Path) -> Option<PathBuf> {
    let is_of_opt = installation.parent() == Some(Path::new("/opt"));
    let is_python = |name: &str| name.to_ascii_lowercase().starts_with("py");
    if is_of_opt && !file_name(installation).is_some_and(is_python) {
        return None;
    }
    for folder in ["", "x64", "arm64", "python", "python/install"] {
        for program in ["bin/python3", "bin/python", "bin/pypy3"] {
            let program = installation.join(folder).join(program);
            if program.exists() {
                return Some(program);
            }
        }
    }
    None
}

fn on_path(folder: &Path, found: &mut Vec<Candidate>) {
    // Shims answer for whatever version is active and fail for all others.
    if folder.ends_with("shims") {
        return;
    }
    for name in ["python3", "python"] {
        add(found, &folder.join(name), "PATH");
    }
    for minor in MINORS {
        add(found, &folder.join(format!("python3.{minor}")), "PATH");
    }
}

fn add(found: &mut Vec<Candidate>, path: &Path, origin: &'static str) {
    let Ok(real) = path.canonicalize() else {
        return;
    };
    // A link to a version manager's own program (mise) is a shim as well.
    let is_interpreter = file_name(&real).is_some_and(|name| {
        ["python", "pypy", "graalpy"]
            .iter()
            .any(|known| name.starts_with(known))
    });
    let is_shim = real
        .parent()
        .is_some_and(|folder| folder.ends_with("shims"));
    if is_interpreter && !is_shim && !found.iter().any(|known| known.path == real) {
        found.push(Candidate { path: real, origin });
    }
}

fn file_name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

/// Returns the entries of a folder in the order of their names; none for a folder that is not there.
fn children(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::machine::tests::environment;

    fn program(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }

    fn names(home: &Path, variables: &[(&str, &str)]) -> Vec<(String, &'static str)> {
        let environment = environment(variables);
        let machine = Machine {
            environment: &environment,
            home: Some(home),
            cache: home,
            offline: false,
        };
        let real = home.canonicalize().unwrap();
        candidates(&machine)
            .into_iter()
            .filter_map(|found| {
                let path = found.path.strip_prefix(&real).ok()?;
                Some((path.display().to_string(), found.origin))
            })
            .collect()
    }

    #[test]
    fn every_manager_has_its_folder() {
        let home = tempfile::tempdir().unwrap();
        for path in [
            ".local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu/bin/python3",
            ".pyenv/versions/3.12.1/bin/python3",
            ".asdf/installs/python/3.11.2/bin/python3",
            ".local/share/mise/installs/python/3.10.4/bin/python3",
            ".local/share/hatch/pythons/3.9/python/bin/python3",
        ] {
            program(&home.path().join(path));
        }
        let origins: Vec<_> = names(home.path(), &[])
            .into_iter()
            .map(|(_, origin)| origin)
            .collect();
        assert_eq!(origins, ["uv", "pyenv", "asdf", "mise", "hatch"]);
    }

    #[test]
    fn variables_move_the_folders() {
        let home = tempfile::tempdir().unwrap();
        program(&home.path().join("pe/versions/3.12.1/bin/python"));
        program(&home.path().join("managed/cpython-3.13/bin/python3"));
        let root = home.path().join("pe").display().to_string();
        let managed = home.path().join("managed").display().to_string();
        let found = names(
            home.path(),
            &[("PYENV_ROOT", &root), ("UV_PYTHON_INSTALL_DIR", &managed)],
        );
        assert_eq!(
            found,
            [
                ("managed/cpython-3.13/bin/python3".to_owned(), "uv"),
                ("pe/versions/3.12.1/bin/python".to_owned(), "pyenv"),
            ]
        );
    }

    #[test]
    fn shims_and_links_to_managers_are_not_interpreters() {
        let home = tempfile::tempdir().unwrap();
        program(&home.path().join(".pyenv/shims/python3"));
        program(&home.path().join("bin/mise"));
        symlink(
            home.path().join("bin/mise"),
            home.path().join("bin/python3.12"),
        )
        .unwrap();
        symlink(
            home.path().join(".pyenv/shims/python3"),
            home.path().join("bin/python3"),
        )
        .unwrap();
        let path = format!("{0}/.pyenv/shims:{0}/bin", home.path().display());
        assert_eq!(names(home.path(), &[("PATH", &path)]), []);
    }

    #[test]
    fn a_virtual_environment_leads_to_its_base_once() {
        let home = tempfile::tempdir().unwrap();
        program(&home.path().join("usr/bin/python3.11"));
        std::fs::create_dir_all(home.path().join("venv/bin")).unwrap();
        symlink(
            home.path().join("usr/bin/python3.11"),
            home.path().join("venv/bin/python"),
        )
        .unwrap();
        let path = format!("{0}/venv/bin:{0}/usr/bin", home.path().display());
        let found = names(home.path(), &[("PATH", &path)]);
        assert_eq!(found, [("usr/bin/python3.11".to_owned(), "PATH")]);
    }
}
