//! What the code of this crate may know about the machine: handed in by the binary, never read here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The machine as the caller sees it.
#[derive(Debug, Clone, Copy)]
pub struct Machine<'a> {
    /// The environment variables of the user's shell.
    pub environment: &'a BTreeMap<String, String>,
    /// The user's home folder, where there is one.
    pub home: Option<&'a Path>,
    /// The folder in which towpath keeps what can be made again: uv, environments, probes.
    pub cache: &'a Path,
    /// Whether the network must not be used (`--offline`); see [`Machine::is_offline`].
    pub offline: bool,
}

impl<'a> Machine<'a> {
    /// Returns a variable of the environment; an empty one counts as absent.
    pub fn variable(&self, name: &str) -> Option<&'a str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns a folder named by a variable, else `below` the user's home.
    pub(crate) fn folder(&self, variable: &str, below: &str) -> Option<PathBuf> {
        self.variable(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| self.home.map(|home| home.join(below)))
    }

    /// Returns the absolute folders of `PATH` in their order, each once.
    pub(crate) fn search_path(&self) -> Vec<&'a Path> {
        let mut folders: Vec<&Path> = Vec::new();
        for folder in self.variable("PATH").unwrap_or_default().split(':') {
            let folder = Path::new(folder);
            if folder.is_absolute() && !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }

    /// Returns whether the network must not be used, by option or by `UV_OFFLINE`.
    pub fn is_offline(&self) -> bool {
        self.offline || self.variable("UV_OFFLINE").is_some_and(is_true)
    }
}

/// Returns whether a variable's value means yes, by the rules of pip and uv.
pub(crate) fn is_true(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "1" | "true" | "t" | "yes" | "y" | "on"
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
        variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn the_search_path_has_absolute_folders_once() {
        let environment = environment(&[("PATH", "/a:relative::/b:/a:."), ("EMPTY", "")]);
        let machine = Machine {
            environment: &environment,
            home: Some(Path::new("/home/me")),
            cache: Path::new("/cache"),
            offline: false,
        };
        assert_eq!(machine.search_path(), [Path::new("/a"), Path::new("/b")]);
        assert_eq!(machine.variable("EMPTY"), None);
        let folder = machine.folder("PYENV_ROOT", ".pyenv");
        assert_eq!(folder, Some(PathBuf::from("/home/me/.pyenv")));
        assert!(!machine.is_offline());
    }

    #[test]
    fn offline_by_uvs_own_variable() {
        for (value, expected) in [("1", true), ("True", true), ("0", false), ("false", false)] {
            let environment = environment(&[("UV_OFFLINE", value)]);
            let machine = Machine {
                environment: &environment,
                home: None,
                cache: Path::new("/cache"),
                offline: false,
            };
            assert_eq!(machine.is_offline(), expected, "{value}");
        }
    }
}
