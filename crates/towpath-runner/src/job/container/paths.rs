//! Where the folders of a job are seen in containers, as on GitHub.

use std::path::{Path, PathBuf};

use super::super::places::Places;
use crate::request::Machine;

/// Node.js of this machine, in the container of a job.
pub(super) const NODE: &str = "/__e/node";
/// Through it containers reach the engine that runs them.
const SOCKET: &str = "/var/run/docker.sock";

/// Folders of this machine and their places in a container; of several that hold a path the first counts.
#[derive(Clone)]
pub(super) struct Mounts(Vec<(PathBuf, String)>);

impl Mounts {
    /// Returns those of the container of a job: all that its steps use lies below `/__w`.
    pub(super) fn of_job(places: &Places, machine: &Machine<'_>) -> Self {
        let mut all = vec![
            (
                places.event_folder().to_owned(),
                "/github/workflow".to_owned(),
            ),
            (places.home.clone(), "/github/home".to_owned()),
            (machine.tool_cache.to_owned(), "/__t".to_owned()),
            (places.root().to_owned(), "/__w".to_owned()),
        ];
        let actions = machine.fetched.root();
        let actions = actions.filter(|folder| folder.is_dir());
        all.extend(actions.map(|folder| (folder.to_owned(), "/__a".to_owned())));
        Self(all).with_socket()
    }

    /// Returns those of an action that is a container.
    pub(super) fn of_action(places: &Places) -> Self {
        let all = [
            (places.event_folder(), "/github/workflow"),
            (&places.home, "/github/home"),
            (&places.files, "/github/file_commands"),
            (&places.temp, "/github/runner_temp"),
            (&places.workspace, "/github/workspace"),
        ];
        let all = all.into_iter();
        Self(
            all.map(|(from, to)| (from.to_owned(), to.to_owned()))
                .collect(),
        )
        .with_socket()
    }

    fn with_socket(mut self) -> Self {
        if Path::new(SOCKET).exists() {
            self.0.push((PathBuf::from(SOCKET), SOCKET.to_owned()));
        }
        self
    }

    /// Returns those of a test.
    #[cfg(test)]
    pub(super) fn of(all: &[(&str, &str)]) -> Self {
        let all = all.iter();
        Self(
            all.map(|(from, to)| (PathBuf::from(from), (*to).to_owned()))
                .collect(),
        )
    }

    /// Returns the options that mount them.
    pub(super) fn options(&self) -> Vec<String> {
        let pairs = self
            .0
            .iter()
            .map(|(from, to)| format!("{}:{to}", from.display()));
        pairs.flat_map(|pair| ["-v".to_owned(), pair]).collect()
    }

    /// Returns a path, or a text that begins with one, as it is in the container.
    pub(super) fn inside(&self, text: &str) -> String {
        for (from, to) in &self.0 {
            let rest = text.strip_prefix(&*from.to_string_lossy());
            if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
                return format!("{to}{rest}");
            }
        }
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_as_containers_see_them() {
        let mounts = Mounts::of(&[("/w/1/_home", "/github/home"), ("/w/1", "/__w")]);
        for (path, expected) in [
            ("/w/1/a/a", "/__w/a/a"),
            ("/w/1", "/__w"),
            ("/w/10", "/w/10"),
            ("/w/1/_home/.cache", "/github/home/.cache"),
            ("text /w/1", "text /w/1"),
        ] {
            assert_eq!(mounts.inside(path), expected);
        }
    }
}
