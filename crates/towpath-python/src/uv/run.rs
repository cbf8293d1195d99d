//! One call of uv, with an environment built from what it may know: never the shell's virtual environment
//! or module paths, and no setting that would change what a call means.

use std::collections::BTreeMap;
use std::path::Path;

use towpath_host::http;

use super::{Indexes, Uv, indexes::PipSettings};
use crate::Machine;
use crate::child::{Child, ChildError, Output};

/// Variables that pass as they are: identity, locale, network, credentials, compilers.
const PASSED: &[&str] = &[
    "ALL_PROXY",
    "AR",
    "ARCHFLAGS",
    "CC",
    "CFLAGS",
    "CPATH",
    "CPPFLAGS",
    "CXX",
    "CXXFLAGS",
    "C_INCLUDE_PATH",
    "CMAKE_PREFIX_PATH",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LDFLAGS",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "LOGNAME",
    "MACOSX_DEPLOYMENT_TARGET",
    "NETRC",
    "NO_PROXY",
    "PATH",
    "PKG_CONFIG_PATH",
    "SDKROOT",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SSL_CLIENT_CERT",
    "TMPDIR",
    "USER",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];
/// The same by their first letters: cargo and rustup build extensions, XDG moves the user's folders.
const PASSED_PREFIXES: &[&str] = &["CARGO_", "GIT_SSL_", "GIT_SSH", "RUSTUP_", "XDG_"];
/// uv's own variables that tell how it works, besides those that tell what it finds.
const PASSED_OF_UV: &[&str] = &[
    "UV_CACHE_DIR",
    "UV_CONCURRENT_BUILDS",
    "UV_CONCURRENT_DOWNLOADS",
    "UV_CONCURRENT_INSTALLS",
    "UV_CREDENTIALS_DIR",
    "UV_GITHUB_TOKEN",
    "UV_GIT_LFS",
    "UV_HTTP_CONNECT_TIMEOUT",
    "UV_HTTP_RETRIES",
    "UV_HTTP_TIMEOUT",
    "UV_LINK_MODE",
    "UV_LOCK_TIMEOUT",
    "UV_NATIVE_TLS",
    "UV_NO_CACHE",
    "UV_REQUEST_TIMEOUT",
    "UV_SYSTEM_CERTS",
];

/// Time limits in seconds, and how often a request is repeated, where the user sets none of the names:
/// with uv's own an index that is silent keeps a call waiting for two minutes.
const LIMITS: [(&[&str], &str); 3] = [
    (&["UV_HTTP_CONNECT_TIMEOUT"], "8"),
    (&["UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT"], "10"),
    (&["UV_HTTP_RETRIES"], "2"),
];

/// One call of uv.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// The arguments, without those that every call has.
    pub(crate) arguments: Vec<String>,
    /// The folder it starts in, whose settings it reads.
    pub(crate) folder: &'a Path,
    /// Whether it must do with what is in its cache.
    pub(crate) offline: bool,
}

impl Uv {
    /// Runs uv to its end.
    pub(crate) fn call(
        &self,
        machine: &Machine<'_>,
        indexes: &Indexes,
        call: &Call<'_>,
    ) -> Result<Output, ChildError> {
        let mut arguments = call.arguments.clone();
        arguments.extend(["--no-progress", "--color=never"].map(str::to_owned));
        if call.offline || machine.is_offline() {
            arguments.push("--offline".to_owned());
        }
        let mut environment = environment(machine, indexes);
        if !has_cache(&environment) {
            let own = machine.cache.join("uv-cache").display().to_string();
            environment.insert("UV_CACHE_DIR".to_owned(), own);
        }
        let child = Child {
            program: &self.program,
            arguments: &arguments,
            environment: &environment,
            folder: call.folder,
            timeout: None,
        };
        child.run()
    }
}

/// Returns whether uv can write the cache that it would choose; one that the user chose is taken as it is.
fn has_cache(environment: &BTreeMap<String, String>) -> bool {
    let variable = |name: &str| environment.get(name).map(Path::new);
    if environment.contains_key("UV_CACHE_DIR") {
        return true;
    }
    let folder = match (variable("XDG_CACHE_HOME"), variable("HOME")) {
        (Some(cache), _) => cache.join("uv"),
        (None, Some(home)) => home.join(".cache/uv"),
        (None, None) => return false,
    };
    fs_err::create_dir_all(&folder).is_ok() && tempfile::tempfile_in(&folder).is_ok()
}

/// Returns the whole environment of uv.
fn environment(machine: &Machine<'_>, indexes: &Indexes) -> BTreeMap<String, String> {
    let passes = |name: &str| {
        PASSED.contains(&name)
            || PASSED_OF_UV.contains(&name)
            || PASSED_PREFIXES
                .iter()
                .any(|prefix| name.starts_with(prefix))
    };
    let mut variables: BTreeMap<String, String> = machine
        .environment
        .iter()
        .filter(|(name, value)| passes(name) && !value.is_empty())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    add_pips_network(machine, &mut variables);
    variables.extend(indexes.variables.clone());
    for (names, limit) in LIMITS {
        if let [name, ..] = names
            && !names.iter().any(|name| variables.contains_key(*name))
        {
            variables.insert((*name).to_owned(), limit.to_owned());
        }
    }
    // Interpreters are chosen by towpath; one that uv fetched by itself would be a surprise.
    variables.insert("UV_PYTHON_DOWNLOADS".to_owned(), "never".to_owned());
    variables
}

/// Returns the proxy by way of which an address is asked: the variable that names it, its host and port.
pub(crate) fn proxy_of(machine: &Machine<'_>, url: &str) -> Option<(String, String)> {
    http::proxy_of(&of_network(machine), url)
}

/// Returns the environment with pip's certificates and proxy in it.
fn of_network(machine: &Machine<'_>) -> BTreeMap<String, String> {
    let mut variables = machine.environment.clone();
    add_pips_network(machine, &mut variables);
    variables
}

/// Returns a client that reaches the network as pip and uv do here.
pub fn http_client(machine: &Machine<'_>) -> Result<http::Client, http::Error> {
    http::Client::new(&of_network(machine))
}

/// Adds pip's certificates and proxy where the variables that uv reads say nothing.
fn add_pips_network(machine: &Machine<'_>, variables: &mut BTreeMap<String, String>) {
    let pip = PipSettings::of(machine);
    let bundle = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
        .iter()
        .find_map(|name| machine.variable(name));
    if let Some(certificates) = pip.value("cert").or(bundle) {
        variables
            .entry("SSL_CERT_FILE".to_owned())
            .or_insert_with(|| certificates.to_owned());
    }
    if let Some(proxy) = pip.value("proxy") {
        for name in ["HTTP_PROXY", "HTTPS_PROXY"] {
            let has_lower = variables.contains_key(&name.to_lowercase());
            if !has_lower {
                variables
                    .entry(name.to_owned())
                    .or_insert_with(|| proxy.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests::environment as variables;

    #[test]
    fn a_cache_that_cannot_be_written_is_seen() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs_err::write(&file, "").unwrap();
        let at = |name: &str, path: &Path| variables(&[(name, &path.display().to_string())]);
        assert!(has_cache(&at("HOME", home.path())));
        assert!(!has_cache(&at("HOME", &file)));
        assert!(!has_cache(&at("XDG_CACHE_HOME", &file)));
        assert!(has_cache(&at("UV_CACHE_DIR", &file)));
        assert!(!has_cache(&variables(&[])));
    }

    #[test]
    fn only_what_uv_may_know_is_handed_on() {
        let shell = variables(&[
            ("HOME", "/h"),
            ("https_proxy", "http://p"),
            ("VIRTUAL_ENV", "/v"),
            ("CONDA_PREFIX", "/c"),
            ("PYTHONPATH", "/x"),
            ("UV_PYTHON", "3.9"),
            ("UV_PROJECT_ENVIRONMENT", "/e"),
            ("UV_CACHE_DIR", "/cache"),
            ("UV_REQUEST_TIMEOUT", "60"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("PIP_CONFIG_FILE", "/dev/null"),
            ("PIP_CERT", "/cert.pem"),
            ("PIP_PROXY", "http://q"),
            ("PIP_INDEX_URL", "https://i"),
        ]);
        let machine = Machine {
            environment: &shell,
            home: None,
            cache: Path::new("/cache"),
            offline: false,
        };
        let expected = variables(&[
            ("HOME", "/h"),
            ("HTTP_PROXY", "http://q"),
            ("SSL_CERT_FILE", "/cert.pem"),
            ("UV_CACHE_DIR", "/cache"),
            ("UV_DEFAULT_INDEX", "https://i"),
            ("UV_HTTP_CONNECT_TIMEOUT", "8"),
            ("UV_HTTP_RETRIES", "2"),
            ("UV_PYTHON_DOWNLOADS", "never"),
            ("UV_REQUEST_TIMEOUT", "60"),
            ("https_proxy", "http://p"),
        ]);
        assert_eq!(environment(&machine, &Indexes::of(&machine)), expected);
    }
}
