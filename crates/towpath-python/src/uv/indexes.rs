//! Where packages come from: what the user configured for pip and uv, as the variables that uv reads.
//!
//! uv's own variables win over pip's, pip's variables over its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use towpath_host::Digest;
use towpath_report::Source;

use crate::machine::is_true;
use crate::{Machine, ini};

const PUBLIC_INDEX: &str = "https://pypi.org/simple";

/// The settings that decide which file of which package is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Indexes {
    /// uv's variables, pip's settings translated.
    pub(crate) variables: BTreeMap<String, String>,
    /// Whether no index may be asked at all, which uv takes as an option only.
    pub(crate) no_index: bool,
}

impl Indexes {
    /// Reads the variables and pip's configuration files.
    pub(crate) fn of(machine: &Machine<'_>) -> Self {
        let files = pip_files(machine);
        Self::from_settings(machine, &PipSettings::read(machine, &files))
    }

    fn from_settings(machine: &Machine<'_>, pip: &PipSettings) -> Self {
        let mut variables = BTreeMap::new();
        for (name, value) in machine.environment {
            if is_index_variable(name) && !value.is_empty() {
                variables.insert(name.clone(), value.clone());
            }
        }
        let has = |names: &[&str]| names.iter().any(|name| variables.contains_key(*name));
        let mut translated = Vec::new();
        if !has(&["UV_DEFAULT_INDEX", "UV_INDEX_URL"]) {
            translated.push(("UV_DEFAULT_INDEX", pip.list("index-url").pop()));
        }
        if !has(&["UV_INDEX", "UV_EXTRA_INDEX_URL"]) {
            let extra = pip.list("extra-index-url");
            // pip takes the best version of all indexes; uv would take that of the first.
            let strategy = "unsafe-best-match".to_owned();
            if !extra.is_empty() && !has(&["UV_INDEX_STRATEGY"]) {
                translated.push(("UV_INDEX_STRATEGY", Some(strategy)));
            }
            translated.push(("UV_INDEX", join(&extra, " ")));
        }
        if !has(&["UV_FIND_LINKS"]) {
            translated.push(("UV_FIND_LINKS", join(&pip.list("find-links"), ",")));
        }
        if !has(&["UV_INSECURE_HOST"]) {
            translated.push(("UV_INSECURE_HOST", join(&pip.list("trusted-host"), " ")));
        }
        for (name, value) in translated {
            if let Some(value) = value {
                variables.insert(name.to_owned(), value);
            }
        }
        let no_index = pip.value("no-index").is_some_and(is_true);
        Self {
            variables,
            no_index,
        }
    }

    /// Returns the addresses of the indexes, the first to be asked first.
    pub(crate) fn addresses(&self) -> Vec<String> {
        if self.no_index {
            return Vec::new();
        }
        let value = |name: &str| self.variables.get(name).map_or("", String::as_str);
        let mut addresses: Vec<String> = ["UV_INDEX", "UV_EXTRA_INDEX_URL"]
            .iter()
            .flat_map(|name| value(name).split_whitespace())
            .map(|index| address(index).to_owned())
            .collect();
        let default = ["UV_DEFAULT_INDEX", "UV_INDEX_URL"]
            .iter()
            .map(|name| address(value(name).trim()))
            .find(|address| !address.is_empty());
        addresses.push(default.unwrap_or(PUBLIC_INDEX).to_owned());
        addresses
    }

    /// Returns the folders and pages of `find-links`.
    pub(crate) fn find_links(&self) -> Vec<String> {
        let value = self.variables.get("UV_FIND_LINKS");
        let parts = value.map_or("", String::as_str).split(',');
        parts
            .map(|part| part.trim().to_owned())
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// Returns the identity of the settings. Passwords enter it, but cannot be read from it.
    pub(crate) fn digest(&self) -> Digest {
        let parts = self
            .variables
            .iter()
            .flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        let no_index: &[u8] = if self.no_index { b"no-index" } else { b"" };
        Digest::of_parts(std::iter::once(no_index).chain(parts))
    }
}

/// Returns the part of an address that names the server: `https://host:8080`.
pub(crate) fn server(url: &str) -> &str {
    let start = url.find("://").map_or(0, |scheme| scheme + 3);
    let path = url.get(start..).and_then(|rest| rest.find('/'));
    path.and_then(|path| url.get(..start + path)).unwrap_or(url)
}

/// Says which setting makes a server the one that packages come from.
pub(crate) fn named_by(machine: &Machine<'_>, server: &str) -> String {
    let host = server.split_once("://").map_or(server, |(_, host)| host);
    let variables = machine.environment.iter();
    let mut names = variables.filter(|(name, value)| {
        (name.starts_with("UV_") || name.starts_with("PIP_")) && value.contains(host)
    });
    if let Some((name, _)) = names.next() {
        return format!("`{name}` names this index: check its address");
    }
    let holds =
        |path: &&PathBuf| std::fs::read_to_string(path).is_ok_and(|text| text.contains(host));
    if let Some(path) = pip_files(machine).iter().find(holds) {
        return format!("`{}` names this index: check its address", path.display());
    }
    if ["pypi.org", "files.pythonhosted.org"].contains(&host) {
        return "no setting names another index; `UV_DEFAULT_INDEX` or `PIP_INDEX_URL` would"
            .to_owned();
    }
    "the project names this index: look into `[tool.uv]` and its requirements files".to_owned()
}

/// Returns the address of an index that may be written `name=address`.
fn address(index: &str) -> &str {
    match index.split_once('=') {
        Some((name, address)) if !name.contains(['/', ':']) => address,
        _ => index,
    }
}

/// Returns whether a variable of uv decides what is found.
fn is_index_variable(name: &str) -> bool {
    const NAMES: [&str; 17] = [
        "UV_BUILD_CONSTRAINT",
        "UV_CONFIG_FILE",
        "UV_CONSTRAINT",
        "UV_DEFAULT_INDEX",
        "UV_EXCLUDE_NEWER",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_INSECURE_HOST",
        "UV_KEYRING_PROVIDER",
        "UV_NO_BINARY",
        "UV_NO_BUILD",
        "UV_NO_CONFIG",
        "UV_NO_SOURCES",
        "UV_OVERRIDE",
        "UV_PRERELEASE",
        "UV_RESOLUTION",
        "UV_TORCH_BACKEND",
    ];
    // `UV_INDEX_<NAME>_PASSWORD` and the like among them.
    NAMES.contains(&name) || name.starts_with("UV_INDEX")
}

fn join(parts: &[String], separator: &str) -> Option<String> {
    (!parts.is_empty()).then(|| parts.join(separator))
}

/// Returns pip's configuration files, the strongest last.
fn pip_files(machine: &Machine<'_>) -> Vec<PathBuf> {
    let named = machine.variable("PIP_CONFIG_FILE").map(PathBuf::from);
    if named.as_deref() == Some(Path::new("/dev/null")) {
        return Vec::new();
    }
    let mut files = Vec::new();
    let folders = machine.variable("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
    files.extend(
        folders
            .split(':')
            .rev()
            .map(|folder| Path::new(folder).join("pip/pip.conf")),
    );
    files.push(PathBuf::from("/etc/pip.conf"));
    files.extend(machine.home.map(|home| home.join(".pip/pip.conf")));
    files.extend(
        machine
            .folder("XDG_CONFIG_HOME", ".config")
            .map(|folder| folder.join("pip/pip.conf")),
    );
    for site in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        files.extend(
            machine
                .variable(site)
                .map(|folder| Path::new(folder).join("pip.conf")),
        );
    }
    files.extend(named);
    files
}

/// pip's settings by the names of its options.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PipSettings {
    values: BTreeMap<String, String>,
}

impl PipSettings {
    pub(crate) fn of(machine: &Machine<'_>) -> Self {
        Self::read(machine, &pip_files(machine))
    }

    fn read(machine: &Machine<'_>, files: &[PathBuf]) -> Self {
        let mut settings = Self::default();
        for path in files {
            if let Ok(text) = std::fs::read_to_string(path) {
                settings.add_file(&path.display().to_string(), &text);
            }
        }
        for (name, value) in machine.environment {
            if let Some(option) = name.strip_prefix("PIP_").filter(|_| !value.is_empty()) {
                settings
                    .values
                    .insert(option.to_lowercase().replace('_', "-"), value.clone());
            }
        }
        settings
    }

    /// In one file, what is written for `pip install` wins over what is written for all commands.
    fn add_file(&mut self, path: &str, text: &str) {
        let (file, problems) = ini::parse(Source { path, text });
        for problem in problems {
            tracing::debug!(
                path,
                message = problem.message,
                "pip's configuration is not understood"
            );
        }
        for name in ["global", "install"] {
            for entry in file
                .section(name)
                .into_iter()
                .flat_map(|section| &section.entries)
            {
                self.values
                    .insert(entry.key.replace('_', "-"), entry.value.trim().to_owned());
            }
        }
    }

    pub(crate) fn value(&self, option: &str) -> Option<&str> {
        self.values
            .get(option)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    fn list(&self, option: &str) -> Vec<String> {
        let words = self.value(option).unwrap_or_default().split_whitespace();
        words.map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests::environment;

    fn check(variables: &[(&str, &str)], file: &str, expected: &[(&str, &str)]) {
        let environment = environment(variables);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pip.conf");
        std::fs::write(&path, file).unwrap();
        let machine = Machine {
            environment: &environment,
            home: None,
            cache: folder.path(),
            offline: false,
        };
        let indexes = Indexes::from_settings(&machine, &PipSettings::read(&machine, &[path]));
        let found: Vec<_> = indexes
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(found, expected, "{variables:?} {file}");
    }

    #[test]
    fn pips_settings_become_uvs() {
        check(&[], "", &[]);
        check(&[("UV_CACHE_DIR", "/c"), ("UV_INDEX", "")], "", &[]);
        check(
            &[
                ("PIP_INDEX_URL", "https://a/simple"),
                ("PIP_FIND_LINKS", "/w https://l"),
            ],
            "",
            &[
                ("UV_DEFAULT_INDEX", "https://a/simple"),
                ("UV_FIND_LINKS", "/w,https://l"),
            ],
        );
        check(
            &[],
            "[global]\nindex-url = https://a/simple\nextra-index-url =\n    https://b\n    https://c\n\
             trusted-host = b\nno-index = false\n",
            &[
                ("UV_DEFAULT_INDEX", "https://a/simple"),
                ("UV_INDEX", "https://b https://c"),
                ("UV_INDEX_STRATEGY", "unsafe-best-match"),
                ("UV_INSECURE_HOST", "b"),
            ],
        );
    }

    #[test]
    fn variables_win_over_files_and_uv_over_pip() {
        let file = "[install]\nindex_url = https://i\n[global]\nindex-url = https://g\n";
        check(&[], file, &[("UV_DEFAULT_INDEX", "https://i")]);
        check(
            &[("PIP_INDEX_URL", "https://v")],
            file,
            &[("UV_DEFAULT_INDEX", "https://v")],
        );
        check(
            &[
                ("PIP_INDEX_URL", "https://v"),
                ("UV_INDEX_URL", "https://u"),
            ],
            file,
            &[("UV_INDEX_URL", "https://u")],
        );
        check(
            &[
                ("PIP_EXTRA_INDEX_URL", "https://v"),
                ("UV_INDEX", "https://u"),
            ],
            "",
            &[("UV_INDEX", "https://u")],
        );
    }

    #[test]
    fn setting_that_names_an_index_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pip.conf");
        std::fs::write(&file, "[global]\nindex-url = https://filed/simple\n").unwrap();
        let variables = environment(&[
            ("PIP_INDEX_URL", "http://127.0.0.1:9/simple"),
            ("PIP_CONFIG_FILE", &file.display().to_string()),
        ]);
        let machine = Machine {
            environment: &variables,
            home: None,
            cache: folder.path(),
            offline: false,
        };
        for (url, expected, named) in [
            (
                "http://127.0.0.1:9/simple/a/",
                "http://127.0.0.1:9",
                "`PIP_INDEX_URL` names",
            ),
            (
                "https://filed/simple/a/",
                "https://filed",
                "pip.conf` names",
            ),
            (
                "https://pypi.org/simple/a/",
                "https://pypi.org",
                "no setting names another",
            ),
            (
                "https://own.example",
                "https://own.example",
                "the project names",
            ),
        ] {
            assert_eq!(server(url), expected);
            let said = named_by(&machine, server(url));
            assert!(said.contains(named), "{url}: {said}");
        }
    }

    #[test]
    fn addresses_stand_in_the_order_of_asking() {
        let variables = |pairs: &[(&str, &str)]| Indexes {
            variables: environment(pairs),
            no_index: false,
        };
        assert_eq!(variables(&[]).addresses(), [PUBLIC_INDEX]);
        assert!(
            Indexes {
                no_index: true,
                ..variables(&[])
            }
            .addresses()
            .is_empty()
        );
        let pairs = [
            ("UV_INDEX", "mine=https://a/?x=1 https://b"),
            ("UV_DEFAULT_INDEX", "d=https://c"),
        ];
        assert_eq!(
            variables(&pairs).addresses(),
            ["https://a/?x=1", "https://b", "https://c"]
        );
        assert_eq!(
            variables(&[("UV_FIND_LINKS", "/a, b")]).find_links(),
            ["/a", "b"]
        );
    }
}
