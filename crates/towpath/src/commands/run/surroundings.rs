//! What steps get of this machine: the variables that lead to programs, the network and the package
//! index. Everything else of the user's environment stays outside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use towpath_host::process::StepCommand;
use towpath_host::secret::Secret;

use crate::output;
use crate::process::Process;

/// Variables that are passed on as they are.
const NAMES: [&str; 22] = [
    "ALL_PROXY",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "PATH",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TZ",
    "UV_DEFAULT_INDEX",
    "UV_FIND_LINKS",
    "UV_NATIVE_TLS",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Beginnings of variables that say how the package index is reached.
const BEGINNINGS: [&str; 2] = ["PIP_", "UV_INDEX"];

/// Files in the user's home that say how the package index is reached, by the variable that names them.
const FILES: [(&str, &[&str]); 2] = [
    (
        "PIP_CONFIG_FILE",
        &[".config/pip/pip.conf", ".pip/pip.conf"],
    ),
    ("UV_CONFIG_FILE", &[".config/uv/uv.toml"]),
];

/// What is shorter is no password that could be told from ordinary text.
const SHORTEST: usize = 4;
/// A name without a password is a token from this length on, else a name such as `git`.
const SHORTEST_TOKEN: usize = 16;

/// Returns the variables that every step gets before those of the workflow.
pub(super) fn variables(process: &Process) -> BTreeMap<String, String> {
    let is_passed = |name: &str| {
        NAMES.contains(&name)
            || BEGINNINGS
                .iter()
                .any(|beginning| name.starts_with(beginning))
    };
    let own = process.environment.iter();
    let mut variables: BTreeMap<String, String> = own
        .filter(|(name, _)| is_passed(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    // Jobs have a home of their own, in which pip and uv would not find these.
    for (name, files) in FILES {
        let home = process.home.as_deref();
        let mut files = files.iter().filter_map(|file| Some(home?.join(file)));
        if let Some(file) = files.find(|file| file.is_file()) {
            let file = file.to_string_lossy().into_owned();
            variables.entry(name.to_owned()).or_insert(file);
        }
    }
    variables
        .entry("LANG".to_owned())
        .or_insert_with(|| "C.UTF-8".to_owned());
    // As on GitHub's runners. Without it each bash looks into the list of users when it starts.
    if let Some(bash) = program(process, "bash") {
        let bash = bash.to_string_lossy().into_owned();
        variables.insert("SHELL".to_owned(), bash);
    }
    variables
}

/// Returns the passwords and tokens that variables hold for the package index and for proxies: steps need
/// them, and nobody is to read them in a log.
pub(super) fn credentials(variables: &BTreeMap<String, String>) -> Vec<Secret> {
    let of_variable = |(name, value): (&String, &String)| -> Vec<String> {
        if name.ends_with("_PASSWORD") {
            return vec![value.clone()];
        }
        value.split_whitespace().filter_map(credential).collect()
    };
    let found = variables.iter().flat_map(of_variable);
    found
        .filter(|value| value.len() >= SHORTEST)
        .map(Secret::new)
        .collect()
}

/// Returns the password in an address, or the name alone where that is a token.
fn credential(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let password = user.split_once(':').map(|(_, password)| password);
    let token = || Some(user).filter(|user| user.len() >= SHORTEST_TOKEN);
    password.or_else(token).map(str::to_owned)
}

/// Returns a program on the search path.
pub(super) fn program(process: &Process, name: &str) -> Option<PathBuf> {
    let path = process.environment.get("PATH")?;
    let folders = path.split(':').filter(|folder| folder.starts_with('/'));
    folders
        .map(|folder| Path::new(folder).join(name))
        .find(|file| file.is_file())
}

/// Opens the user's shell where a command failed, with everything that the command had.
pub(super) fn open_shell(user: &BTreeMap<String, String>, command: &StepCommand) {
    let shell = user.get("SHELL");
    let shell = shell.map_or("/bin/sh", String::as_str);
    let folder = command.folder.display();
    output::tell(&format!(
        "a shell in `{folder}`, with the variables of the step; `exit` goes on\n"
    ));
    let terminal = user.get("TERM");
    let ended = Command::new(shell)
        .env_clear()
        .envs(&command.environment)
        .envs(terminal.map(|terminal| ("TERM", terminal)))
        .current_dir(&command.folder)
        .status();
    if let Err(error) = ended {
        output::tell(&format!("cannot start `{shell}`: {error}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_user_is_passed_on_but_the_way_to_the_index() {
        let mut process = Process::read().unwrap();
        let home = towpath_testing::TestContext::without_git();
        home.write(".config/pip/pip.conf", "");
        process.home = Some(home.root().to_owned());
        process.environment = [
            ("PATH", "/bin:/usr/bin"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("PIP_INDEX_URL", "https://index"),
            ("HOME", "/root"),
            ("https_proxy", "p"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let variables = variables(&process);
        let names: Vec<&str> = variables.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "LANG",
                "PATH",
                "PIP_CONFIG_FILE",
                "PIP_INDEX_URL",
                "SHELL",
                "https_proxy"
            ]
        );
        assert!(program(&process, "sh").is_some());
        assert_eq!(program(&process, "no-such-program"), None);
    }

    #[test]
    fn passwords_on_the_way_to_the_index_are_secrets() {
        for (name, value, expected) in [
            ("UV_INDEX_OURS_PASSWORD", "p@ss word", &["p@ss word"][..]),
            ("PIP_INDEX_URL", "https://me:pw-1@index/simple", &["pw-1"]),
            (
                "PIP_EXTRA_INDEX_URL",
                "https://a/ https://u:p:23@b:80/@c",
                &["p:23"],
            ),
            (
                "UV_INDEX",
                "ours=https://a1b2c3d4e5f6a7b8@index/simple",
                &["a1b2c3d4e5f6a7b8"],
            ),
            ("PIP_FIND_LINKS", "git+https://git@host/x", &[]),
            ("https_proxy", "http://u:@proxy", &[]),
            ("PATH", "/bin:/usr/bin", &[]),
            ("PIP_TIMEOUT", "60", &[]),
        ] {
            let variables = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            let found = credentials(&variables);
            let found: Vec<&str> = found.iter().map(Secret::expose).collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}
