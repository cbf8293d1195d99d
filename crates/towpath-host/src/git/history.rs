//! Branches, tags and commits: what events tell of a repository.

use super::refs::Named;
use super::{Error, Git, command, first_line};

/// Most commits that an event lists.
const MAX_COMMITS: usize = 2048;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub id: String,
    /// The hash of its tree.
    pub tree: String,
    /// The first commit that it grew from; none for the first of all.
    pub parent: Option<String>,
    /// The whole message, without white space at its end.
    pub message: String,
    /// Who wrote it.
    pub author: Person,
    /// Who committed it.
    pub committer: Person,
    /// When it was committed, as ISO 8601 with the zone of the committer.
    pub time: String,
}

/// Who wrote or committed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
}

/// The branch that a local branch is compared with and pushed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Where its last known state is kept: `refs/remotes/origin/main`.
    pub tracking: String,
    /// Its name on the remote, without `refs/heads/`.
    pub branch: String,
}

impl Git {
    /// Returns the branch that the remote `origin` names as its default; without one the branch that git
    /// gives to new repositories, `main` or `master`, whichever exists. None where there is no such branch.
    pub fn default_branch(&self) -> Option<String> {
        let known = self
            .default_branch
            .get_or_init(|| self.find_default_branch());
        known.clone()
    }

    fn find_default_branch(&self) -> Option<String> {
        let head = "refs/remotes/origin/HEAD";
        let of_remote = match self.read_branch(head) {
            Named::Link(name) => Some(name),
            Named::Commit(_) | Named::Absent => None,
            Named::Unclear => self.line(&["symbolic-ref", "--quiet", head]),
        };
        let of_remote = of_remote.and_then(|name| {
            let branch = name.strip_prefix("refs/remotes/origin/")?;
            Some(branch.to_owned())
        });
        of_remote.or_else(|| {
            let configured = self.setting("init.defaultBranch");
            let usual = ["main", "master"].map(str::to_owned);
            configured
                .into_iter()
                .chain(usual)
                .find(|name| self.branch_commit(name).is_some())
        })
    }

    /// Returns the commit of a branch: of the local one, else of the one last seen at `origin`.
    pub fn branch_commit(&self, branch: &str) -> Option<String> {
        [
            format!("refs/heads/{branch}"),
            format!("refs/remotes/origin/{branch}"),
        ]
        .iter()
        .find_map(|name| self.commit_of(name))
    }

    /// Returns the commit that a revision names.
    pub fn commit_of(&self, revision: &str) -> Option<String> {
        self.commit(revision).ok()
    }

    /// Returns the tag of the commit checked out, the highest version first; else the newest tag before it.
    pub fn last_tag(&self) -> Option<String> {
        let here = ["tag", "--points-at", "HEAD", "--sort=-version:refname"];
        self.line(&here)
            .or_else(|| self.line(&["describe", "--tags", "--abbrev=0", "HEAD"]))
    }

    /// Returns what a local branch is set up to be compared with.
    pub fn upstream(&self, branch: &str) -> Option<Upstream> {
        let name = format!("refs/heads/{branch}");
        let form = "--format=%(upstream)%09%(upstream:remoteref)";
        let line = self.line(&["for-each-ref", form, &name])?;
        let (tracking, remote) = line.split_once('\t')?;
        Some(Upstream {
            tracking: tracking.to_owned(),
            branch: remote.strip_prefix("refs/heads/")?.to_owned(),
        })
    }

    /// Returns the value of a setting of git, whose key may stand in any case but for a name in its middle.
    pub fn setting(&self, key: &str) -> Option<String> {
        let (section, name) = key.split_once('.')?;
        let (middle, name) = name.rsplit_once('.').unwrap_or(("", name));
        let section = section.to_lowercase();
        let name = name.to_lowercase();
        let key = match middle {
            "" => format!("{section}.{name}"),
            middle => format!("{section}.{middle}.{name}"),
        };
        self.configuration().ok()?.values.get(&key).cloned()
    }

    /// Returns the commit from which two revisions grew.
    pub fn common_ancestor(&self, left: &str, right: &str) -> Option<String> {
        if left == right {
            return Some(left.to_owned());
        }
        self.line(&["merge-base", left, right])
    }

    /// Returns the commits that `to` has and `from` has not, oldest first; all of `to` where `from` is none.
    /// No more than the 2,048 newest.
    pub fn commits(&self, from: Option<&str>, to: &str) -> Result<Vec<Commit>, Error> {
        let range = from.map_or_else(|| to.to_owned(), |from| format!("{from}..{to}"));
        self.log(&["--end-of-options", &range])
    }

    /// Returns a commit, which comes last, and those that came with it where it merged a branch: what its
    /// first parent has not.
    pub fn commits_with(&self, commit: &str) -> Result<Vec<Commit>, Error> {
        let before = format!("^{commit}^");
        self.log(&["--ignore-missing", "--end-of-options", commit, &before])
    }

    /// Returns the whole message of a commit; `None` for one that is not here.
    pub fn message_of(&self, commit: &str) -> Option<String> {
        let commits = self.log(&["-1", "--end-of-options", commit]).ok()?;
        commits.into_iter().next().map(|commit| commit.message)
    }

    fn log(&self, what: &[&str]) -> Result<Vec<Commit>, Error> {
        let count = format!("--max-count={MAX_COMMITS}");
        let fields = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%cI%x00%B";
        let output = self.run(&[&["log", "-z", &count, fields], what].concat())?;
        let text = String::from_utf8_lossy(&output);
        let fields: Vec<&str> = text.split('\0').collect();
        let mut commits: Vec<Commit> = fields.chunks(9).filter_map(commit).collect();
        commits.reverse();
        Ok(commits)
    }

    /// Returns the paths that differ between two commits; without `to`, between a commit and the working
    /// tree with its untracked files. Without `from` every file is one. A renamed file is listed under
    /// both names.
    pub fn changed_files(
        &self,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        let from = match from {
            Some(from) => from.to_owned(),
            None => self.empty_tree()?,
        };
        let mut arguments = vec![
            "diff",
            "--name-only",
            "-z",
            "--no-renames",
            "--no-ext-diff",
            &from,
        ];
        arguments.extend(to);
        arguments.push("--");
        let output = self.run_filtered(&arguments)?;
        let names = output
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty());
        let mut changed: Vec<String> = names
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        if to.is_none() {
            changed.extend(self.untracked()?);
        }
        Ok(changed)
    }

    /// The empty tree, whose name depends on the hash that the repository uses.
    fn empty_tree(&self) -> Result<String, Error> {
        let arguments = ["hash-object", "-t", "tree", "--stdin"];
        command::run(self.top_level(), &[], &arguments).map(|output| first_line(&output))
    }
}

fn commit(fields: &[&str]) -> Option<Commit> {
    let &[
        id,
        tree,
        parents,
        author,
        author_email,
        committer,
        committer_email,
        time,
        message,
    ] = fields
    else {
        return None;
    };
    let person = |name: &str, email: &str| Person {
        name: name.to_owned(),
        email: email.to_owned(),
    };
    Some(Commit {
        id: id.to_owned(),
        tree: tree.to_owned(),
        parent: parents
            .split(' ')
            .next()
            .filter(|parent| !parent.is_empty())
            .map(str::to_owned),
        message: message.trim_end().to_owned(),
        author: person(author, author_email),
        committer: person(committer, committer_email),
        time: time.to_owned(),
    })
}
