//! The repository and the branch, tag or commit that an event is about, asked of git.

use std::path::Path;

use towpath_host::Git;
use towpath_report::Problem;

use super::remote::{GITHUB, Remote};

/// The hash that stands for no commit.
pub(super) const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

/// The branch of repositories that have none yet.
const FIRST_BRANCH: &str = "main";

/// Where an event is looked for: the repository as git knows it, and what the command line says.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The repository; none where the folder lies in none.
    pub git: Option<&'a Git>,
    /// The folder of the repository.
    pub folder: &'a Path,
    /// `--ref`: a branch, a tag, a commit, or a whole name such as `refs/tags/v1`, which need not exist.
    pub reference: Option<&'a str>,
    /// `--actor`.
    pub actor: Option<&'a str>,
    /// Name of the user of this machine.
    pub user: &'a str,
    /// Whether a workflow goes by the files that changed, which are looked for only then.
    pub filters_paths: bool,
}

/// The repository as events tell of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) remote: Remote,
    pub(super) default_branch: String,
    pub(super) actor: String,
    pub(super) email: String,
}

/// What an event happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    /// The whole name: `refs/heads/main`, `refs/tags/v1`, `refs/pull/7/merge`.
    pub(super) reference: String,
    /// Its commit; zeros before the first one.
    pub(super) commit: String,
    /// Whether that is the commit checked out, so that changes of the working tree belong to it.
    pub(super) is_checked_out: bool,
}

impl Subject {
    /// Returns the name of the branch or tag.
    pub(super) fn name(&self) -> &str {
        short(&self.reference)
    }

    /// Tells whether it is a tag.
    pub(super) fn is_tag(&self) -> bool {
        self.reference.starts_with("refs/tags/")
    }

    /// Returns the commit; none before the first one.
    pub(super) fn known_commit(&self) -> Option<&str> {
        Some(self.commit.as_str()).filter(|commit| *commit != NO_COMMIT)
    }
}

/// Returns the name of a reference without `refs/heads/`, `refs/tags/` or `refs/pull/`.
pub(super) fn short(reference: &str) -> &str {
    ["refs/heads/", "refs/tags/", "refs/pull/"]
        .iter()
        .find_map(|prefix| reference.strip_prefix(prefix))
        .unwrap_or(reference)
}

impl Ground<'_> {
    /// Returns who the repository is, where it lives and who acts.
    pub(super) fn identity(&self) -> Identity {
        let ask = |key: &str| self.git.and_then(|git| git.setting(key));
        let actor = self
            .actor
            .map(str::to_owned)
            .or_else(|| ask("github.user"))
            .or_else(|| ask("user.name"))
            .unwrap_or_else(|| self.user.to_owned());
        let remote = self.git.and_then(Git::remote_url);
        Identity {
            remote: remote
                .and_then(|address| Remote::parse(&address))
                .unwrap_or_else(|| self.without_remote(&actor)),
            default_branch: self.default_branch(),
            email: ask("user.email").unwrap_or_default(),
            actor,
        }
    }

    fn without_remote(&self, actor: &str) -> Remote {
        let name = self.folder.file_name().map(|name| name.to_string_lossy());
        Remote {
            server: GITHUB.to_owned(),
            owner: actor.replace([' ', '/'], "-"),
            name: name.map_or_else(|| "repository".to_owned(), |name| name.replace(' ', "-")),
        }
    }

    /// Returns the default branch; where nothing tells it the branch checked out.
    fn default_branch(&self) -> String {
        let known = self
            .git
            .and_then(|git| git.default_branch().or_else(|| git.branch()));
        known.unwrap_or_else(|| FIRST_BRANCH.to_owned())
    }

    /// Returns what `--ref` names, else the branch checked out.
    pub(super) fn subject(&self) -> Result<Subject, Box<Problem>> {
        match self.reference {
            Some(name) => self.named(name),
            None => Ok(self.checked_out()),
        }
    }

    /// Returns what `--ref` names, else the default branch: what events are about that come from outside
    /// of any branch.
    pub(super) fn default_subject(&self) -> Result<Subject, Box<Problem>> {
        if let Some(name) = self.reference {
            return self.named(name);
        }
        let branch = self.default_branch();
        let commit = self.git.and_then(|git| git.branch_commit(&branch));
        Ok(self.subject_at(format!("refs/heads/{branch}"), commit))
    }

    fn checked_out(&self) -> Subject {
        // On a detached head the commit is what a push to the default branch would leave there.
        let branch = self.git.and_then(Git::branch);
        let branch = branch.unwrap_or_else(|| self.default_branch());
        self.subject_at(format!("refs/heads/{branch}"), None)
    }

    fn named(&self, name: &str) -> Result<Subject, Box<Problem>> {
        let commit_of = |name: &str| self.git.and_then(|git| git.commit_of(name));
        if name.starts_with("refs/") {
            if !is_reference(name) {
                return Err(Box::new(
                    Problem::error(format!("`{name}` cannot be the name of a branch or a tag"))
                        .with_hint("write a name that `git check-ref-format` takes"),
                ));
            }
            let commit = commit_of(name).or_else(|| {
                let branch = name.strip_prefix("refs/heads/")?;
                self.git?.branch_commit(branch)
            });
            return Ok(self.subject_at(name.to_owned(), commit));
        }
        for kind in ["refs/heads/", "refs/tags/", "refs/remotes/origin/"] {
            if let Some(commit) = commit_of(&format!("{kind}{name}")) {
                let kind = if kind == "refs/tags/" {
                    kind
                } else {
                    "refs/heads/"
                };
                return Ok(self.subject_at(format!("{kind}{name}"), Some(commit)));
            }
        }
        if let Some(commit) = commit_of(name) {
            let branch = self.checked_out().reference;
            return Ok(self.subject_at(branch, Some(commit)));
        }
        Err(Box::new(
            Problem::error(format!("the repository has no branch, tag or commit `{name}`"))
                .with_hint(format!(
                    "write `--ref refs/tags/{name}` or `--ref refs/heads/{name}` for one that is not there yet"
                )),
        ))
    }

    /// A name without a commit of its own stands for what is checked out.
    fn subject_at(&self, reference: String, commit: Option<String>) -> Subject {
        let head = self.git.and_then(Git::head);
        Subject {
            is_checked_out: commit.is_none() || commit == head,
            commit: commit.or(head).unwrap_or_else(|| NO_COMMIT.to_owned()),
            reference,
        }
    }
}

/// Tells whether git takes a name: it becomes a path in the repository of a workspace.
fn is_reference(name: &str) -> bool {
    let is_refused = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.ends_with(".lock")
    };
    !name.contains(is_refused)
        && !name.contains("..")
        && !name.contains("@{")
        && name.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_testing::TestContext;

    #[test]
    fn names_that_git_refuses_are_refused() {
        for (name, expected) in [
            ("refs/heads/main", true),
            ("refs/heads/a/b-c_d@e", true),
            ("refs/tags/v1.0;$(x)", true),
            ("refs/heads/é", true),
            ("refs/pull/3/merge", true),
            ("refs/heads/../../x", false),
            ("refs/heads/a..b", false),
            ("refs/heads//a", false),
            ("refs/heads/", false),
            ("refs/heads/.a", false),
            ("refs/heads/a.lock", false),
            ("refs/heads/a b", false),
            ("refs/heads/a\n", false),
            ("refs/heads/a@{1}", false),
            ("refs/heads/a\\b", false),
        ] {
            assert_eq!(is_reference(name), expected, "{name:?}");
        }
    }

    fn ground<'a>(context: &'a TestContext, git: Option<&'a Git>) -> Ground<'a> {
        Ground {
            git,
            folder: context.root(),
            reference: None,
            actor: Some("ada"),
            user: "machine",
            filters_paths: true,
        }
    }

    #[test]
    fn without_git_the_folder_gives_the_name() {
        let context = TestContext::without_git();
        let ground = ground(&context, None);
        let identity = ground.identity();
        assert_eq!(identity.remote.server, "https://github.com");
        assert_eq!(identity.remote.owner, "ada");
        assert_eq!(identity.remote.name, "repository");
        assert_eq!(identity.default_branch, "main");
        let subject = ground.subject().unwrap();
        assert_eq!(subject.reference, "refs/heads/main");
        assert_eq!(subject.known_commit(), None);
        let user = Ground {
            actor: None,
            ..ground
        };
        assert_eq!(user.identity().actor, "machine");
    }

    #[test]
    fn names_are_branches_before_tags_before_commits() {
        let context = TestContext::new();
        context.write("a", "1");
        let first = context.commit("a");
        context.git(&["tag", "v1"]);
        context.git(&["tag", "both"]);
        context.git(&["branch", "both"]);
        context.git(&["update-ref", "refs/remotes/origin/far", "HEAD"]);
        context.git(&["switch", "--quiet", "-c", "topic"]);
        context.write("a", "2");
        let second = context.commit("b");
        let git = Git::discover(context.root()).unwrap().unwrap();
        let ground = ground(&context, Some(&git));
        for (name, reference, commit) in [
            (None, "refs/heads/topic", &second),
            (Some("main"), "refs/heads/main", &first),
            (Some("v1"), "refs/tags/v1", &first),
            (Some("both"), "refs/heads/both", &first),
            (Some("far"), "refs/heads/far", &first),
            (Some("refs/tags/v1"), "refs/tags/v1", &first),
            (Some("refs/tags/v2"), "refs/tags/v2", &second),
            (Some("refs/heads/far"), "refs/heads/far", &first),
            (Some("refs/pull/7/merge"), "refs/pull/7/merge", &second),
            (Some(&first[..12]), "refs/heads/topic", &first),
        ] {
            let ground = Ground {
                reference: name,
                ..ground
            };
            let subject = ground.subject().unwrap();
            assert_eq!(subject.reference, reference, "{name:?}");
            assert_eq!(&subject.commit, commit, "{name:?}");
            assert_eq!(subject.is_checked_out, *commit == second, "{name:?}");
        }
        let default = ground.default_subject().unwrap();
        assert_eq!((default.name(), &default.commit), ("main", &first));
        let unknown = Ground {
            reference: Some("v2"),
            ..ground
        };
        let problem = unknown.subject().unwrap_err();
        assert_eq!(
            problem.message,
            "the repository has no branch, tag or commit `v2`"
        );
    }

    #[test]
    fn a_detached_head_stands_for_the_default_branch() {
        let context = TestContext::new();
        context.write("a", "1");
        let commit = context.commit("a");
        context.git(&["switch", "--quiet", "--detach"]);
        let git = Git::discover(context.root()).unwrap().unwrap();
        let subject = ground(&context, Some(&git)).subject().unwrap();
        assert_eq!((subject.name(), &subject.commit), ("main", &commit));
    }
}
