//! The parts that payloads of events share, in the form of GitHub's webhooks. What a forge alone could
//! know is what it would be of a young public repository.

use serde_json::{Map, Value as Json, json};
use towpath_host::git::{Commit, Person};

use super::subject::Identity;

/// The payload of an event.
pub(super) type Payload = Map<String, Json>;

/// Returns a payload that tells of the repository and who acts, with what an event adds before them.
pub(super) fn payload(identity: &Identity, own: Json) -> Payload {
    let mut payload = match own {
        Json::Object(own) => own,
        _ => Payload::new(),
    };
    payload.insert("repository".to_owned(), repository(identity));
    payload.insert("sender".to_owned(), user(&identity.actor, identity));
    payload
}

/// Returns the address of the repository's pages.
pub(super) fn page(identity: &Identity) -> String {
    format!("{}/{}", identity.remote.server, full_name(identity))
}

/// Returns `owner/name`.
pub(super) fn full_name(identity: &Identity) -> String {
    format!("{}/{}", identity.remote.owner, identity.remote.name)
}

/// Returns the host of the forge, with its port.
pub(super) fn host(identity: &Identity) -> &str {
    let server = identity.remote.server.as_str();
    server.split_once("://").map_or(server, |(_, host)| host)
}

/// Returns the address of the forge's interface: GitHub's own has a host to itself.
pub(super) fn api(identity: &Identity) -> String {
    match host(identity) {
        "github.com" => "https://api.github.com".to_owned(),
        _ => format!("{}/api/v3", identity.remote.server),
    }
}

pub(super) fn repository(identity: &Identity) -> Json {
    let (page, host) = (page(identity), host(identity));
    let full_name = full_name(identity);
    let mut owner = user(&identity.remote.owner, identity);
    owner["name"] = Json::from(identity.remote.owner.as_str());
    json!({
        "id": 0,
        "name": identity.remote.name,
        "full_name": full_name,
        "private": false,
        "visibility": "public",
        "owner": owner,
        "html_url": page,
        "description": null,
        "fork": false,
        "url": format!("{}/repos/{full_name}", api(identity)),
        "git_url": format!("git://{host}/{full_name}.git"),
        "ssh_url": format!("git@{host}:{full_name}.git"),
        "clone_url": format!("{page}.git"),
        "svn_url": page,
        "homepage": null,
        "archived": false,
        "disabled": false,
        "topics": [],
        "default_branch": identity.default_branch,
        "master_branch": identity.default_branch,
    })
}

pub(super) fn user(login: &str, identity: &Identity) -> Json {
    json!({
        "login": login,
        "id": 0,
        "type": if login.ends_with("[bot]") { "Bot" } else { "User" },
        "site_admin": false,
        "html_url": format!("{}/{login}", identity.remote.server),
        "url": format!("{}/users/{login}", api(identity)),
    })
}

pub(super) fn commit(commit: &Commit, identity: &Identity) -> Json {
    let person = |person: &Person| json!({"name": person.name, "email": person.email});
    json!({
        "id": commit.id,
        "tree_id": commit.tree,
        "distinct": true,
        "message": commit.message,
        "timestamp": commit.time,
        "url": format!("{}/commit/{}", page(identity), commit.id),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
    })
}

/// Lays one payload over another: mappings are joined, everything else is replaced.
pub(super) fn overlay(below: &mut Payload, above: &Payload) {
    for (name, value) in above {
        match (below.get_mut(name), value) {
            (Some(Json::Object(below)), Json::Object(above)) => overlay(below, above),
            _ => {
                below.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Returns a text in a payload by the names that lead to it; empty where there is none.
pub(super) fn text<'a>(payload: &'a Payload, path: &[&str]) -> &'a str {
    let Some((first, rest)) = path.split_first() else {
        return "";
    };
    let start = payload.get(*first);
    let found = rest.iter().fold(start, |value, name| value?.get(*name));
    found.and_then(Json::as_str).unwrap_or_default()
}
