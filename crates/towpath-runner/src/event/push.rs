//! `push`: what pushing the branch checked out, or a tag, would tell.

use serde_json::{Value as Json, json};
use towpath_host::Git;
use towpath_host::git::Commit;
use towpath_workflow::trigger::Reference;

use super::StartingEvent;
use super::payload::{Payload, commit, page, payload, text};
use super::subject::{Ground, Identity, NO_COMMIT, Subject, short};

pub(super) fn make(ground: &Ground<'_>, identity: &Identity, subject: &Subject) -> Payload {
    let push = Push::of(ground.git, identity, subject);
    let commits = push.commits.iter();
    let listed: Vec<Json> = commits.map(|one| commit(one, identity)).collect();
    let head = push
        .commits
        .last()
        .cloned()
        .or_else(|| last(ground.git?, subject.known_commit()?));
    let own = json!({
        "ref": subject.reference,
        "before": push.before,
        "after": subject.commit,
        "created": push.before == NO_COMMIT,
        "deleted": false,
        "forced": push.is_forced,
        "base_ref": null,
        "compare": compare(identity, &push.before, &subject.commit),
        "commits": listed,
        "head_commit": head.map(|head| commit(&head, identity)),
    });
    let mut payload = payload(identity, own);
    let pusher = json!({"name": identity.actor, "email": identity.email});
    payload.insert("pusher".to_owned(), pusher);
    payload
}

/// Reads a payload, which a file may have changed.
pub(super) fn read(ground: &Ground<'_>, identity: &Identity, payload: Payload) -> StartingEvent {
    let reference = text(&payload, &["ref"]).to_owned();
    let sha = text(&payload, &["after"]).to_owned();
    let name = short(&reference).to_owned();
    let is_tag = reference.starts_with("refs/tags/");
    let asked = ground.git.filter(|_| ground.filters_paths && !is_tag);
    let changed = asked.and_then(|git| {
        let before = Some(text(&payload, &["before"])).filter(|before| *before != NO_COMMIT);
        changed(git, identity, before, &sha, &name)
    });
    StartingEvent {
        filtered: Some(if is_tag {
            Reference::Tag(name)
        } else {
            Reference::Branch(name)
        }),
        changed,
        ..StartingEvent::of("push", reference, sha, payload)
    }
}

/// What the push of a branch brings. Nothing is known of a tag's.
struct Push {
    /// The commit that the remote has before; zeros where the branch is new.
    before: String,
    /// Whether that is lost by the push.
    is_forced: bool,
    /// What it brings, the oldest first.
    commits: Vec<Commit>,
}

impl Push {
    fn of(git: Option<&Git>, identity: &Identity, subject: &Subject) -> Self {
        let (Some(git), false, Some(head)) = (git, subject.is_tag(), subject.known_commit()) else {
            return Self::after(None, Vec::new());
        };
        let name = subject.name();
        let pushed = git.commit_of(&format!("refs/remotes/origin/{name}"));
        let was_pushed = match &pushed {
            Some(pushed) => pushed == head,
            None => name == identity.default_branch,
        };
        if was_pushed {
            // The last push is taken to have brought one commit.
            let commits = git.commits_with(head).unwrap_or_default();
            let parent = commits.last().and_then(|head| head.parent.clone());
            return Self::after(parent, commits);
        }
        let default = || base(git, &git.default_branch()?, head);
        let from = pushed.clone().or_else(default);
        let from = from.filter(|from| from != head);
        let commits = git.commits(from.as_deref(), head).unwrap_or_default();
        let is_lost = |pushed: &String| git.common_ancestor(pushed, head).as_ref() != Some(pushed);
        Self {
            is_forced: pushed.as_ref().is_some_and(is_lost),
            ..Self::after(pushed, commits)
        }
    }

    fn after(before: Option<String>, commits: Vec<Commit>) -> Self {
        Self {
            before: before.unwrap_or_else(|| NO_COMMIT.to_owned()),
            is_forced: false,
            commits,
        }
    }
}

fn last(git: &Git, head: &str) -> Option<Commit> {
    git.commits_with(head).ok()?.pop()
}

/// Returns where a commit left a branch.
fn base(git: &Git, branch: &str, head: &str) -> Option<String> {
    let tip = git.branch_commit(branch)?;
    git.common_ancestor(&tip, head)
}

/// Returns the files that the push changes; changes of the working tree are pushed with the commit that
/// is checked out. Where all commits were pushed before, those changes alone count, if there are any.
fn changed(
    git: &Git,
    identity: &Identity,
    before: Option<&str>,
    after: &str,
    branch: &str,
) -> Option<Vec<String>> {
    if after == NO_COMMIT {
        return git.changed_files(None, None).ok();
    }
    let is_checked_out = git.head().as_deref() == Some(after);
    let is_pushed = || match git.commit_of(&format!("refs/remotes/origin/{branch}")) {
        Some(pushed) => pushed == after,
        None => branch == identity.default_branch,
    };
    if is_checked_out && is_pushed() {
        let uncommitted = git.changed_files(Some(after), None).ok()?;
        if !uncommitted.is_empty() {
            return Some(uncommitted);
        }
    }
    let from = before.map(str::to_owned);
    let is_new_branch = from.is_none() && branch != identity.default_branch;
    let from = if is_new_branch {
        base(git, &identity.default_branch, after)
    } else {
        from
    };
    let to = (!is_checked_out).then_some(after);
    git.changed_files(from.as_deref(), to).ok()
}

fn compare(identity: &Identity, before: &str, after: &str) -> String {
    let page = page(identity);
    if before == NO_COMMIT {
        return format!("{page}/commit/{after}");
    }
    let short = |commit: &str| commit.chars().take(12).collect::<String>();
    format!("{page}/compare/{}...{}", short(before), short(after))
}
