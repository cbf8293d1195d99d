//! `pull_request` and `pull_request_target`: what a pull request of the branch checked out would tell.
//!
//! GitHub merges head and base for the run; here the branch stands as it is.

use serde_json::{Value as Json, json};
use towpath_host::Git;
use towpath_workflow::trigger::Reference;

use super::StartingEvent;
use super::payload::{Payload, page, payload, repository, text, user};
use super::subject::{Ground, Identity, NO_COMMIT, Subject};

/// The number where none is known.
const FIRST: u64 = 1;

pub(super) fn make(ground: &Ground<'_>, identity: &Identity, subject: &Subject) -> Payload {
    let number = number_of(&subject.reference).unwrap_or(FIRST);
    let head = head_branch(ground, identity, subject);
    let base = base_branch(ground.git, identity, &head);
    let base_commit = ground.git.and_then(|git| tip(git, &base));
    let from = ancestor(ground.git, base_commit.as_deref(), &subject.commit);
    let commits = ground.git.zip(subject.known_commit());
    let commits = commits.and_then(|(git, head)| git.commits(from.as_deref(), head).ok());
    let commits = commits.unwrap_or_default();
    let title = commits
        .last()
        .and_then(|commit| commit.message.lines().next());
    let address = format!("{}/pull/{number}", page(identity));
    let pushed = ground
        .git
        .and_then(|git| git.commit_of(&format!("refs/remotes/origin/{head}")));
    let base_commit = base_commit.unwrap_or_else(|| NO_COMMIT.to_owned());
    let mut own = json!({
        "action": if pushed.is_some() { "synchronize" } else { "opened" },
        "number": number,
        "pull_request": {
            "url": address,
            "id": 0,
            "html_url": address,
            "diff_url": format!("{address}.diff"),
            "patch_url": format!("{address}.patch"),
            "number": number,
            "state": "open",
            "locked": false,
            "title": title.unwrap_or(&head),
            "user": user(&identity.actor, identity),
            "body": null,
            "created_at": commits.first().map(|commit| &commit.time),
            "updated_at": commits.last().map(|commit| &commit.time),
            "closed_at": null,
            "merged_at": null,
            "merge_commit_sha": subject.commit,
            "assignee": null,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "labels": [],
            "milestone": null,
            "draft": false,
            "head": side(identity, &head, &subject.commit),
            "base": side(identity, &base, &base_commit),
            "author_association": "OWNER",
            "auto_merge": null,
            "merged": false,
            "mergeable": null,
            "commits": commits.len(),
        },
    });
    if let Some(pushed) = pushed {
        own["before"] = Json::from(pushed);
        own["after"] = Json::from(subject.commit.as_str());
    }
    payload(identity, own)
}

/// Reads a payload, which a file may have changed.
pub(super) fn read(ground: &Ground<'_>, name: &str, payload: Payload) -> StartingEvent {
    let side = |side: &str, what: &str| text(&payload, &["pull_request", side, what]).to_owned();
    let number = payload
        .get("number")
        .and_then(Json::as_u64)
        .unwrap_or(FIRST);
    let (base, base_sha) = (side("base", "ref"), side("base", "sha"));
    let (head, sha) = (side("head", "ref"), side("head", "sha"));
    let asked = ground.git.filter(|_| ground.filters_paths);
    let changed = changed(asked, &base_sha, &sha);
    // What is started by the target runs whatever the pull request says.
    let speaks = name == "pull_request";
    let head_message = ground
        .git
        .filter(|_| speaks)
        .and_then(|git| git.message_of(&sha));
    // What is started by the target runs its branch, so that nobody's pull request gets its secrets.
    let (reference, sha) = if name == "pull_request_target" {
        (format!("refs/heads/{base}"), base_sha)
    } else {
        (format!("refs/pull/{number}/merge"), sha)
    };
    StartingEvent {
        filtered: Some(Reference::Branch(base.clone())),
        changed,
        base_ref: base,
        head_ref: head,
        head_message: head_message.unwrap_or_default(),
        ..StartingEvent::of(name, reference, sha, payload)
    }
}

/// Returns the number in `refs/pull/N/merge`.
fn number_of(reference: &str) -> Option<u64> {
    let rest = reference.strip_prefix("refs/pull/")?;
    rest.split('/').next()?.parse().ok()
}

fn head_branch(ground: &Ground<'_>, identity: &Identity, subject: &Subject) -> String {
    if !subject.reference.starts_with("refs/pull/") {
        return subject.name().to_owned();
    }
    let branch = ground.git.and_then(Git::branch);
    branch.unwrap_or_else(|| identity.default_branch.clone())
}

/// A branch that follows another one is meant for that, else for the default branch.
fn base_branch(git: Option<&Git>, identity: &Identity, head: &str) -> String {
    git.and_then(|git| git.upstream(head))
        .map(|upstream| upstream.branch)
        .filter(|branch| branch != head)
        .unwrap_or_else(|| identity.default_branch.clone())
}

/// Returns the commit of a branch on the remote, else here.
fn tip(git: &Git, branch: &str) -> Option<String> {
    git.commit_of(&format!("refs/remotes/origin/{branch}"))
        .or_else(|| git.branch_commit(branch))
}

fn ancestor(git: Option<&Git>, base: Option<&str>, head: &str) -> Option<String> {
    git?.common_ancestor(base?, head)
}

fn changed(git: Option<&Git>, base: &str, head: &str) -> Option<Vec<String>> {
    let git = git?;
    let is_checked_out = git.head().is_none_or(|checked_out| checked_out == head);
    let from = git.common_ancestor(base, head);
    let to = (!is_checked_out).then_some(head);
    git.changed_files(from.as_deref(), to).ok()
}

fn side(identity: &Identity, branch: &str, commit: &str) -> Json {
    let owner = &identity.remote.owner;
    json!({
        "label": format!("{owner}:{branch}"),
        "ref": branch,
        "sha": commit,
        "user": user(owner, identity),
        "repo": repository(identity),
    })
}
