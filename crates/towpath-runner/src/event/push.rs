//! `push`: what pushing the branch checked out, or a tag, would tell.

use serde_json::{Value as Json, json};
use towpath_host::Git;
use towpath_host::git::Commit;
use towpath_workflow::trigger::Reference;

use super::StartingEvent;
use super::payload::{Payload, commit, page, payload, text};
use super::subject::{Ground, Identity, NO_COMMIT, Subject, short};

pub(super) fn make(ground: &Ground<'_>, identity: &Identity, subject: &Subject) -> Payload {
    let before = Before::of(ground.git, identity, subject);
    let commits = commits(ground.git, &before, subject);
    let head = commits
        .last()
        .cloned()
        .or_else(|| last(ground.git, subject));
    let listed: &[Commit] = if subject.is_tag() { &[] } else { &commits };
    let listed: Vec<Json> = listed.iter().map(|one| commit(one, identity)).collect();
    let own = json!({
        "ref": subject.reference,
        "before": before.commit,
        "after": subject.commit,
        "created": before.commit == NO_COMMIT,
        "deleted": false,
        "forced": before.is_forced,
        "base_ref": null,
        "compare": compare(identity, &before.commit, &subject.commit),
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
    let changed = ground.git.filter(|_| !is_tag).and_then(|git| {
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

/// What the remote has before the push.
struct Before {
    /// The commit of the branch there; zeros where the branch is new.
    commit: String,
    /// Whether it is lost by the push.
    is_forced: bool,
}

impl Before {
    fn of(git: Option<&Git>, identity: &Identity, subject: &Subject) -> Self {
        let at = |commit: Option<String>| Self {
            commit: commit.unwrap_or_else(|| NO_COMMIT.to_owned()),
            is_forced: false,
        };
        let (Some(git), false, Some(head)) = (git, subject.is_tag(), subject.known_commit()) else {
            return at(None);
        };
        let name = subject.name();
        let parent = || git.commit_of(&format!("{head}^"));
        match git.commit_of(&format!("refs/remotes/origin/{name}")) {
            // It was pushed already; the last push is taken to have brought one commit.
            Some(pushed) if pushed == head => at(parent()),
            Some(pushed) => Self {
                is_forced: git.common_ancestor(&pushed, head).as_ref() != Some(&pushed),
                commit: pushed,
            },
            None if name == identity.default_branch => at(parent()),
            None => at(None),
        }
    }
}

fn commits(git: Option<&Git>, before: &Before, subject: &Subject) -> Vec<Commit> {
    let (Some(git), Some(head)) = (git, subject.known_commit()) else {
        return Vec::new();
    };
    if subject.is_tag() {
        return Vec::new();
    }
    let from = Some(before.commit.clone())
        .filter(|commit| commit != NO_COMMIT)
        .or_else(|| {
            git.default_branch()
                .and_then(|branch| base(git, &branch, head))
        })
        .filter(|from| from != head);
    git.commits(from.as_deref(), head).unwrap_or_default()
}

fn last(git: Option<&Git>, subject: &Subject) -> Option<Commit> {
    let head = subject.known_commit()?;
    let parent = format!("{head}^");
    let parent = git?.commit_of(&parent);
    git?.commits(parent.as_deref(), head).ok()?.pop()
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
