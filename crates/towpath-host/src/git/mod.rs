//! What git knows of a repository, asked of the `git` program.
//!
//! The user's and the system's configuration apply; nothing that lies in the repository can make git
//! run a program. Nothing is written into it, and no network is used but by [`fetch_files`].

mod command;
mod configuration;
mod diff;
mod error;
mod fetch;
mod frozen;
mod history;
mod locate;
mod refs;
mod workspace;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::Digest;
use crate::tree::{decode_name, encode_name};

use configuration::Configuration;
pub use diff::ChangedLines;
pub use error::Error;
pub use fetch::fetch_files;
pub use frozen::Frozen;
pub use history::{Commit, Person, Upstream};
pub use locate::GitView;
pub(crate) use locate::locate;
use refs::Named;
pub use workspace::{CheckOut, Depth, Sparse};

/// A repository with a working tree.
#[derive(Debug)]
pub struct Git {
    view: GitView,
    configuration: OnceLock<Configuration>,
    default_branch: OnceLock<Option<String>>,
}

impl Git {
    /// Looks for a repository in `folder` and the folders above it; `None` outside of any. Starts no
    /// process, so a repository that git refuses is told by the first question.
    pub fn discover(folder: &Path) -> Result<Option<Self>, Error> {
        Ok(locate(folder).map(|view| Self {
            view,
            configuration: OnceLock::new(),
            default_branch: OnceLock::new(),
        }))
    }

    /// Returns the top level of the working tree.
    pub fn top_level(&self) -> &Path {
        &self.view.top_level
    }

    /// Returns whether the repository ignores a folder below its top level: what lies there, such as a
    /// project unpacked into a build folder, is none of its own.
    pub fn ignores(&self, folder: &Path) -> bool {
        let folder = folder.to_string_lossy();
        self.run(&["check-ignore", "-q", "--", &folder]).is_ok()
    }

    /// Returns where the repository keeps its data, for mounting it read-only.
    pub fn view(&self) -> &GitView {
        &self.view
    }

    /// Returns the commit checked out, whole; `None` before the first commit.
    pub fn head(&self) -> Option<String> {
        self.read_head()
            .or_else(|| self.line(&["rev-parse", "--verify", "-q", "HEAD"]))
    }

    /// Returns the branch checked out; `None` on a detached head.
    pub fn branch(&self) -> Option<String> {
        let head = std::fs::read_to_string(self.view.git_folder.join("HEAD")).ok()?;
        let name = head.strip_prefix("ref: refs/heads/")?.trim_end();
        // Repositories with reftables keep this marker there.
        if name == ".invalid" {
            return self.line(&["symbolic-ref", "--quiet", "--short", "HEAD"]);
        }
        Some(name.to_owned())
    }

    /// Returns whether the working tree or the index differs from the commit checked out, or holds
    /// untracked files.
    pub fn is_dirty(&self) -> Result<bool, Error> {
        let arguments = ["status", "--porcelain", "-z", "--untracked-files=normal"];
        self.run_filtered(&arguments)
            .map(|output| !output.is_empty())
    }

    /// Returns the paths whose contents differ from the commit checked out: changed, gone, or untracked and
    /// not ignored.
    pub fn uncommitted(&self) -> Result<Vec<PathBuf>, Error> {
        let arguments = [
            "status",
            "--porcelain",
            "-z",
            "--untracked-files=all",
            "--no-renames",
        ];
        let output = self.run_filtered(&arguments)?;
        let entries = output.split(|byte| *byte == 0);
        // Two letters and a space stand before each path.
        let paths = entries.filter_map(|entry| entry.get(3..));
        Ok(paths
            .map(|path| PathBuf::from(std::ffi::OsStr::from_bytes(path)))
            .collect())
    }

    /// Returns what changed since the commit from which the current branch and `revision` grew, by path.
    /// The working tree counts, and so do untracked files, each as wholly added.
    pub fn changed_since(&self, revision: &str) -> Result<Vec<ChangedLines>, Error> {
        let commit = self.commit(revision)?;
        let base = self.merge_base(revision, &commit)?;
        let arguments = [
            "diff",
            "--raw",
            "--patch",
            "--unified=0",
            "--inter-hunk-context=0",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-relative",
            "--find-renames",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            "--ignore-submodules=none",
            "-O/dev/null",
            &base,
            "--",
        ];
        let mut changes = diff::parse(&self.run_filtered(&arguments)?);
        for path in self.untracked()? {
            let lines = count_lines(&self.view.top_level.join(decode_name(&path)))?;
            let added = if lines == 0 {
                Vec::new()
            } else {
                vec![(1, lines)]
            };
            let change = diff::Change {
                is_other_name: true,
                added,
            };
            changes.insert(path, change);
        }
        Ok(changes
            .into_iter()
            .map(|(path, change)| ChangedLines {
                path,
                added: change.added,
                is_other_name: change.is_other_name,
            })
            .collect())
    }

    /// Returns the content of a file in a revision; `None` where either does not exist.
    pub fn show(&self, revision: &str, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let commit = match self.commit(revision) {
            Ok(commit) => commit,
            Err(Error::UnknownRevision { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut name = OsString::from(format!("{commit}:"));
        name.push(decode_name(path));
        let arguments = [OsString::from("cat-file"), "blob".into(), name];
        let output = command::output(&self.view.top_level, &[], &arguments)?;
        Ok(output.status.success().then_some(output.stdout))
    }

    /// Returns the identity of all branches, tags and other names, each with what it names. Whoever looks at
    /// the history may read any of them.
    pub fn names(&self) -> Result<Digest, Error> {
        if let Some(names) = self.read_names() {
            let names = names.iter();
            let parts = names.flat_map(|(name, id)| [name.as_bytes(), id.as_bytes()]);
            return Ok(Digest::of_parts(parts));
        }
        Ok(Digest::of(&self.run(&[
            "for-each-ref",
            "--format=%(refname) %(objectname)",
        ])?))
    }

    /// Returns the URL of the remote `origin`, without a password.
    pub fn remote_url(&self) -> Option<String> {
        self.setting("remote.origin.url")
            .map(|url| without_password(&url))
    }

    /// Returns the submodules' paths, each with the commit recorded for it.
    pub fn submodules(&self) -> Result<BTreeMap<String, String>, Error> {
        let tracked = Self::tracked(&self.view.top_level)?;
        Ok(tracked
            .into_iter()
            .filter_map(|(path, commit)| Some((path, commit?)))
            .collect())
    }

    /// Returns the tracked paths below `folder`, relative to it; a submodule has the commit recorded for it.
    pub(crate) fn tracked(folder: &Path) -> Result<BTreeMap<String, Option<String>>, Error> {
        let output = command::run(folder, &[], &["ls-files", "--stage", "-z"])?;
        let records = output.split(|byte| *byte == 0).filter_map(|record| {
            let tab = record.iter().position(|byte| *byte == b'\t')?;
            let fields = std::str::from_utf8(&record[..tab]).ok()?;
            let mut fields = fields.split(' ');
            let (mode, commit) = (fields.next()?, fields.next()?);
            let path = encode_name(Path::new(std::ffi::OsStr::from_bytes(&record[tab + 1..])));
            Some((path, (mode == "160000").then(|| commit.to_owned())))
        });
        Ok(records.collect())
    }

    /// Returns the file whose stat changes whenever the list of tracked files does.
    pub(crate) fn index_file(&self) -> PathBuf {
        self.view.git_folder.join("index")
    }

    /// Returns the commit that a revision leads to, whole; `None` where the repository does not have it.
    pub fn find_commit(&self, revision: &str) -> Result<Option<String>, Error> {
        match self.commit(revision) {
            Ok(commit) => Ok(Some(commit)),
            Err(Error::UnknownRevision { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the names of the remotes with their URLs, without passwords.
    pub fn remotes(&self) -> BTreeMap<String, String> {
        let Ok(configuration) = self.configuration() else {
            return BTreeMap::new();
        };
        let settings = configuration.values.iter();
        settings
            .filter_map(|(key, url)| {
                let name = key.strip_prefix("remote.")?.strip_suffix(".url")?;
                Some((name.to_owned(), without_password(url)))
            })
            .collect()
    }

    fn commit(&self, revision: &str) -> Result<String, Error> {
        let unknown = || Error::UnknownRevision {
            revision: revision.to_owned(),
            is_shallow: self.is_shallow(),
        };
        match self.read_branch(revision) {
            Named::Commit(commit) => return Ok(commit),
            Named::Absent => return Err(unknown()),
            Named::Link(_) | Named::Unclear => {}
        }
        let name = format!("{revision}^{{commit}}");
        let arguments = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ];
        let output = command::output(&self.view.top_level, &[], &arguments)?;
        if output.status.success() {
            return Ok(first_line(&output.stdout));
        }
        match Error::from_output("rev-parse", &self.view.top_level, &output.stderr) {
            error @ Error::NotTrusted { .. } => Err(error),
            _ => Err(unknown()),
        }
    }

    fn merge_base(&self, revision: &str, commit: &str) -> Result<String, Error> {
        let output = command::output(&self.view.top_level, &[], &["merge-base", commit, "HEAD"])?;
        if output.status.success() {
            return Ok(first_line(&output.stdout));
        }
        Err(Error::NoMergeBase {
            revision: revision.to_owned(),
            is_shallow: self.is_shallow(),
        })
    }

    fn untracked(&self) -> Result<Vec<String>, Error> {
        let output = self.run(&["ls-files", "--others", "--exclude-standard", "-z"])?;
        let names = output
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty());
        // A nested repository is listed as a folder.
        let names = names.filter(|name| !name.ends_with(b"/"));
        Ok(names
            .map(|name| encode_name(&PathBuf::from(OsString::from_vec(name.to_vec()))))
            .collect())
    }

    fn is_shallow(&self) -> bool {
        self.view.common_folder.join("shallow").exists()
    }

    fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        command::run(&self.view.top_level, &[], arguments)
    }

    /// Runs a command that reads files of the working tree, hence their content filters.
    fn run_filtered(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        let filters = &self.configuration()?.filters;
        command::run(&self.view.top_level, filters, arguments)
    }

    /// Returns how git is set up for the repository.
    fn configuration(&self) -> Result<&Configuration, Error> {
        if let Some(known) = self.configuration.get() {
            return Ok(known);
        }
        let read = Configuration::read(&self.view.top_level)?;
        Ok(self.configuration.get_or_init(|| read))
    }

    fn line(&self, arguments: &[&str]) -> Option<String> {
        let output = self.run(arguments).ok()?;
        Some(first_line(&output)).filter(|line| !line.is_empty())
    }
}

fn first_line(output: &[u8]) -> String {
    String::from_utf8_lossy(output)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Returns the number of lines of a file; a link and what is no text have none.
fn count_lines(path: &Path) -> Result<u32, Error> {
    let unreadable = |source| Error::Unreadable {
        path: path.to_owned(),
        source,
    };
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => {}
        _ => return Ok(0),
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    if bytes.is_empty() || bytes.iter().take(8000).any(|byte| *byte == 0) {
        return Ok(0);
    }
    let content = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    Ok(u32::try_from(content.split(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX))
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    if scheme == "ssh" {
        url.to_owned()
    } else {
        format!("{scheme}://{host}{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_passwords_from_urls() {
        let cases = [
            ("https://a:b@host/x.git", "https://host/x.git"),
            ("https://host/x@y.git", "https://host/x@y.git"),
            ("ssh://git@host/x.git", "ssh://git@host/x.git"),
            ("git@host:x.git", "git@host:x.git"),
        ];
        for (url, expected) in cases {
            assert_eq!(without_password(url), expected);
        }
    }
}
