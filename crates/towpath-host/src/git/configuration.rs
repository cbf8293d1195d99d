//! Git's settings for a repository, read once.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Error, command};

/// What git is set to in a repository, by the user and by the system.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    /// By key, sections and names in lower case; of several values the last.
    pub(super) values: BTreeMap<String, String>,
    /// The keys to be emptied so that no content filter runs which the repository itself defines, since
    /// filters are programs. Those of git-lfs stay, since without them every large file looks changed.
    pub(super) filters: Vec<String>,
}

impl Configuration {
    /// Asks git.
    pub(super) fn read(top_level: &Path) -> Result<Self, Error> {
        let arguments = ["config", "--list", "--show-scope", "-z"];
        let output = command::run(top_level, &[], &arguments)?;
        Ok(Self::parse(&String::from_utf8_lossy(&output)))
    }

    /// Reads records of two parts each: where a setting comes from, and its key, on a line of its own, with
    /// its value.
    fn parse(text: &str) -> Self {
        let mut read = Self::default();
        let mut parts = text.split('\0');
        while let (Some(scope), Some(setting)) = (parts.next(), parts.next()) {
            // A key without a value stands for `true`.
            let (key, value) = setting.split_once('\n').unwrap_or((setting, "true"));
            if matches!(scope, "local" | "worktree") && is_program(key, value) {
                read.filters.push(key.to_owned());
            }
            read.values.insert(key.to_owned(), value.to_owned());
        }
        read
    }
}

/// Tells whether a setting makes git start a program for the contents of files.
fn is_program(key: &str, value: &str) -> bool {
    if !key.starts_with("filter.") {
        return false;
    }
    let is_lfs = key.starts_with("filter.lfs.");
    let is_plain = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b" -_%".contains(&byte));
    if [".clean", ".smudge", ".process"]
        .iter()
        .any(|end| key.ends_with(end))
    {
        return !(is_lfs && is_plain && value.starts_with("git-lfs "));
    }
    key.ends_with(".required") && !is_lfs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_the_repository_are_known() {
        let settings = [
            ("global", "filter.mine.clean\nmy-filter"),
            ("local", "filter.lfs.clean\ngit-lfs clean -- %f"),
            ("local", "filter.lfs.smudge\ngit-lfs smudge; evil"),
            ("local", "filter.evil.process\nevil"),
            ("worktree", "filter.evil.required\ntrue"),
            ("local", "core.bare"),
            ("local", "user.name\nfirst"),
            ("command", "user.name\nlast"),
        ];
        let text: String = settings
            .iter()
            .map(|(scope, setting)| format!("{scope}\0{setting}\0"))
            .collect();
        let read = Configuration::parse(&text);
        assert_eq!(
            read.filters,
            [
                "filter.lfs.smudge",
                "filter.evil.process",
                "filter.evil.required"
            ]
        );
        assert_eq!(read.values["user.name"], "last");
        assert_eq!(read.values["core.bare"], "true");
        assert_eq!(read.values["filter.mine.clean"], "my-filter");
    }
}
