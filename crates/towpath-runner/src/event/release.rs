//! `release`: what publishing a release of a tag would tell.

use serde_json::json;
use towpath_host::Git;
use towpath_report::Problem;

use super::StartingEvent;
use super::payload::{Payload, api, full_name, page, payload, text, user};
use super::subject::{Ground, Identity, Subject};

/// What GitHub tells of one release that is published at once, in the order that matters here.
pub(super) const ACTIVITIES: [&str; 3] = ["published", "released", "created"];

/// Returns the tag: the one that `--ref` names, else the newest.
pub(super) fn tag(ground: &Ground<'_>) -> Result<Subject, Box<Problem>> {
    let subject = ground.subject()?;
    if subject.is_tag() {
        return Ok(subject);
    }
    let newest = ground.git.and_then(Git::last_tag);
    let Some(tag) = newest.filter(|_| ground.reference.is_none()) else {
        return Err(Box::new(
            Problem::error("a release needs a tag, and there is none")
                .with_hint("name one, which need not exist: `--ref refs/tags/v1.0.0`"),
        ));
    };
    let reference = format!("refs/tags/{tag}");
    Ground {
        reference: Some(&reference),
        ..*ground
    }
    .subject()
}

pub(super) fn make(identity: &Identity, tag: &Subject) -> Payload {
    let name = tag.name();
    let (page, api) = (page(identity), api(identity));
    let own = json!({
        "action": ACTIVITIES[0],
        "release": {
            "url": format!("{api}/repos/{}/releases/0", full_name(identity)),
            "html_url": format!("{page}/releases/tag/{name}"),
            "id": 0,
            "tag_name": name,
            "target_commitish": identity.default_branch,
            "name": name,
            "draft": false,
            "prerelease": false,
            "author": user(&identity.actor, identity),
            "assets": [],
            "tarball_url": format!("{page}/archive/refs/tags/{name}.tar.gz"),
            "zipball_url": format!("{page}/archive/refs/tags/{name}.zip"),
            "body": "",
        },
    });
    payload(identity, own)
}

/// Reads a payload, which a file may have changed.
pub(super) fn read(ground: &Ground<'_>, tag: &Subject, payload: Payload) -> StartingEvent {
    let name = text(&payload, &["release", "tag_name"]).to_owned();
    let reference = format!("refs/tags/{name}");
    let commit = ground.git.and_then(|git| git.commit_of(&reference));
    let commit = commit.unwrap_or_else(|| tag.commit.clone());
    StartingEvent::of("release", reference, commit, payload)
}
