//! A closed world for one test: empty home, cache and state, a repository, and an environment of which
//! nothing is inherited but the way to programs.

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Filters;

/// Author and committer of every commit, and when.
const GIT_VARIABLES: &[(&str, &str)] = &[
    ("GIT_AUTHOR_NAME", "Ada Author"),
    ("GIT_AUTHOR_EMAIL", "ada@example.org"),
    ("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z"),
    ("GIT_COMMITTER_NAME", "Ada Author"),
    ("GIT_COMMITTER_EMAIL", "ada@example.org"),
    ("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
];

/// How the package index is reached; passed on only to tests that ask for it.
const INDEX_PREFIXES: &[&str] = &[
    "PIP_",
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_FIND_LINKS",
    "SSL_CERT_",
];
const INDEX_NAMES: &[&str] = &[
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// A closed world for one test; its folders vanish with it.
#[derive(Debug)]
pub struct TestContext {
    folder: TempDir,
    root: PathBuf,
    variables: BTreeMap<String, String>,
    filters: Filters,
}

/// What a command answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOutput {
    /// The exit code; absent when a signal ended it.
    pub code: Option<i32>,
    /// Standard output, filtered.
    pub stdout: String,
    /// Standard error, filtered.
    pub stderr: String,
}

impl fmt::Display for RunOutput {
    /// Writes both streams and the exit code, for a snapshot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => writeln!(f, "exit code: {code}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        writeln!(
            f,
            "----- stdout -----\n{}\n----- stderr -----\n{}",
            self.stdout, self.stderr
        )
    }
}

impl TestContext {
    /// Makes a world with an empty git repository on the branch `main`.
    ///
    /// # Panics
    ///
    /// When git is missing or the temporary folder cannot be written.
    #[expect(
        clippy::new_without_default,
        reason = "making a world is no default value"
    )]
    pub fn new() -> Self {
        let context = Self::without_git();
        context.git(&["init", "--quiet", "--initial-branch=main"]);
        context
    }

    /// Makes a world with an empty folder in the repository's place.
    ///
    /// # Panics
    ///
    /// When the temporary folder cannot be written.
    pub fn without_git() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder that can be written");
        let base = fs_err::canonicalize(folder.path()).expect("the temporary folder exists");
        let root = base.join("repository");
        for name in ["home", "cache", "state", "temporary", "repository"] {
            fs_err::create_dir(base.join(name)).expect("the temporary folder can be written");
        }
        let path = |name: &str| base.join(name).display().to_string();
        let mut variables: BTreeMap<String, String> = GIT_VARIABLES
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        for (name, folder) in [
            ("HOME", "home"),
            ("TMPDIR", "temporary"),
            ("TOWPATH_CACHE_DIR", "cache"),
            ("TOWPATH_STATE_DIR", "state"),
        ] {
            variables.insert(name.to_owned(), path(folder));
        }
        variables.insert("LC_ALL".to_owned(), "C.UTF-8".to_owned());
        variables.insert("PATH".to_owned(), inherited("PATH").unwrap_or_default());
        let mut filters = Filters::common();
        filters.add_path(&base, "[TEMP]");
        filters.add_path(&root, "[REPOSITORY]");
        Self {
            folder,
            root,
            variables,
            filters,
        }
    }

    /// Lets commands reach the package index as the user of this machine does, and see this user's
    /// interpreters. For tests whose name begins with `index_`.
    #[must_use]
    pub fn with_index(mut self) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests on the package index use the user's settings"
        )]
        for (name, value) in std::env::vars() {
            let is_wanted = INDEX_NAMES.contains(&name.as_str())
                || INDEX_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
            if is_wanted {
                self.variables.insert(name, value);
            }
        }
        if let Some(home) = inherited("HOME") {
            let pyenv = Path::new(&home).join(".pyenv");
            if pyenv.is_dir() {
                self.variables
                    .insert("PYENV_ROOT".to_owned(), pyenv.display().to_string());
            }
            let config = Path::new(&home).join(".config/pip/pip.conf");
            if config.is_file() {
                let config = config.display().to_string();
                self.variables
                    .entry("PIP_CONFIG_FILE".to_owned())
                    .or_insert(config);
            }
        }
        self
    }

    /// Returns the repository's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the folder that holds home, cache, state and repository.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the environment of commands.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Sets a variable for the commands that follow.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Removes a variable for the commands that follow.
    pub fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// Returns the filters, for adding to.
    pub fn filters(&mut self) -> &mut Filters {
        &mut self.filters
    }

    /// Writes a file of the repository, and the folders on the way.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.root.join(path);
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder).expect("a folder that can be made");
        }
        fs_err::write(path, content).expect("a file that can be written");
        self
    }

    /// Writes a program of the repository.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write_program(&self, path: &str, content: &str) -> &Self {
        self.write(path, content);
        let mode = std::fs::Permissions::from_mode(0o755);
        fs_err::set_permissions(self.root.join(path), mode).expect("the file was just written");
        self
    }

    /// Reads a file of the repository.
    ///
    /// # Panics
    ///
    /// When it cannot be read or is no UTF-8.
    pub fn read(&self, path: &str) -> String {
        fs_err::read_to_string(self.root.join(path)).expect("a text file of the repository")
    }

    /// Removes a file of the repository.
    ///
    /// # Panics
    ///
    /// When it is not there.
    pub fn remove(&self, path: &str) -> &Self {
        fs_err::remove_file(self.root.join(path)).expect("a file of the repository");
        self
    }

    /// Commits everything and returns the commit.
    ///
    /// # Panics
    ///
    /// When git refuses.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git in the repository and returns what it printed, trimmed.
    ///
    /// # Panics
    ///
    /// When git is missing or refuses.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = self.command(Path::new("git")).args(arguments).output();
        let output = output.expect("a git program");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "git {}: {stderr}",
            arguments.join(" ")
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Returns a command that runs in the repository, in the closed environment, without input.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.variables)
            .current_dir(&self.root)
            .stdin(Stdio::null());
        command
    }

    /// Runs a program to its end and returns its streams, filtered, and exit code.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn run(&self, program: &Path, arguments: &[&str]) -> RunOutput {
        let output = self
            .command(program)
            .args(arguments)
            .output()
            .expect("a program that starts");
        let text = |bytes: &[u8]| self.filters.apply(&String::from_utf8_lossy(bytes));
        RunOutput {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a closed world is made from an open one"
)]
fn inherited(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_the_same_everywhere() {
        let commits = [(); 2].map(|()| {
            let context = TestContext::new();
            context.write("a.txt", "a").commit("add a")
        });
        assert_eq!(commits[0], commits[1]);
    }

    #[test]
    fn commands_see_nothing_of_the_machine() {
        let mut context = TestContext::without_git();
        context.set("EXTRA", "1");
        let output = context.run(
            Path::new("sh"),
            &["-c", "echo $HOME $EXTRA; pwd >&2; exit 3"],
        );
        assert_eq!(
            output.to_string(),
            "exit code: 3\n----- stdout -----\n[TEMP]/home 1\n\n----- stderr -----\n[REPOSITORY]\n\n"
        );
    }
}
