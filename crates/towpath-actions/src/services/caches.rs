//! The service of caches: in Twirp's JSON, and as the REST that older clients speak.

use serde_json::json;
use tiny_http::Method;

use super::Shared;
use super::blobs::Target;
use super::request::{Answer, Asked};
use crate::cache::{Entry, Error, Lookup};

pub(super) fn answer_twirp(shared: &Shared, asked: &mut Asked<'_>, method: &str) -> Answer {
    let question = match asked.json() {
        Ok(question) => question,
        Err(answer) => return answer,
    };
    let (key, version) = (question.text("key"), question.text("version"));
    let answered = match method {
        "CreateCacheEntry" => begin(shared, key, version).map(|number| match number {
            Some(number) => json!({
                "ok": true,
                "signed_upload_url": shared.blob_url(&number.to_string()),
            }),
            None => json!({"ok": false, "message": "there is a cache with this key already"}),
        }),
        "FinalizeCacheEntryUpload" => {
            let is_wanted = |_, target: &Target| {
                matches!(target, Target::Cache { key: own, version: made, .. }
                    if own == key && made == version)
            };
            keep(shared, is_wanted).map(|kept| json!({"ok": kept, "entry_id": "1"}))
        }
        "GetCacheEntryDownloadURL" => {
            let mut keys = vec![key.to_owned()];
            keys.extend(question.texts("restore_keys"));
            find(shared, &keys, version).map(|found| match found {
                Some(entry) => json!({
                    "ok": true,
                    "matched_key": entry.key.clone(),
                    "signed_download_url": offer(shared, entry),
                }),
                None => json!({"ok": false}),
            })
        }
        _ => return Answer::error(404, "towpath has no such method"),
    };
    answered.map_or_else(|error| failed(&error), Answer::ok)
}

pub(super) fn answer_rest(shared: &Shared, asked: &mut Asked<'_>, parts: &[&str]) -> Answer {
    let answered = match (&asked.method, parts) {
        (Method::Get, ["cache"]) => {
            let keys = asked.query("keys").unwrap_or_default().split(',');
            let keys: Vec<String> = keys.map(str::to_owned).collect();
            let version = asked.query("version").unwrap_or_default();
            find(shared, &keys, version).map(|found| match found {
                Some(entry) => Answer::ok(json!({
                    "cacheKey": entry.key.clone(),
                    "scope": entry.scope.clone(),
                    "archiveLocation": offer(shared, entry),
                })),
                None => Answer::Empty(204),
            })
        }
        (Method::Get, ["caches"]) => Ok(Answer::ok(json!({"totalCount": 0, "artifactCaches": []}))),
        (Method::Post, ["caches"]) => {
            let question = match asked.json() {
                Ok(question) => question,
                Err(answer) => return answer,
            };
            begin(shared, question.text("key"), question.text("version")).map(|number| match number
            {
                Some(number) => Answer::Json(201, json!({"cacheId": number})),
                None => Answer::error(409, "there is a cache with this key already"),
            })
        }
        (Method::Patch, ["caches", number]) => {
            let start = asked
                .content_range
                .trim_start_matches("bytes ")
                .split('-')
                .next();
            let start = start.and_then(|start| start.parse().ok()).unwrap_or(0);
            let written = shared
                .blobs
                .write_at(number.parse().unwrap_or(0), start, asked.body);
            Ok(match written {
                Ok(()) => Answer::Empty(204),
                Err(error) => Answer::error(500, &error.to_string()),
            })
        }
        (Method::Post, ["caches", number]) => {
            let number: u64 = number.parse().unwrap_or(0);
            keep(shared, |own, _| own == number).map(|kept| {
                if kept {
                    Answer::Empty(204)
                } else {
                    Answer::error(404, "the cache was not begun")
                }
            })
        }
        _ => return Answer::error(404, "towpath has no such service"),
    };
    answered.unwrap_or_else(|error| failed(&error))
}

/// Opens an upload; none where there is such a cache already.
fn begin(shared: &Shared, key: &str, version: &str) -> Result<Option<u64>, Error> {
    if shared.caches.has(key, version, scope(shared)) {
        return Ok(None);
    }
    let target = Target::Cache {
        key: key.to_owned(),
        version: version.to_owned(),
        file: shared.caches.start()?,
    };
    Ok(Some(shared.blobs.open(target)))
}

/// Keeps an upload that is complete; returns whether there was one.
fn keep(shared: &Shared, is_wanted: impl Fn(u64, &Target) -> bool) -> Result<bool, Error> {
    let Some(Target::Cache { key, version, file }) = shared.blobs.close(is_wanted) else {
        return Ok(false);
    };
    shared.caches.keep(file, &key, &version, scope(shared))?;
    Ok(true)
}

fn find(shared: &Shared, keys: &[String], version: &str) -> Result<Option<Entry>, Error> {
    let lookup = Lookup {
        keys,
        version,
        scopes: &shared.scopes,
    };
    let mut tell = |what: String| tracing::warn!("{what}");
    shared.caches.find(&lookup, &mut tell)
}

fn offer(shared: &Shared, entry: Entry) -> String {
    let number = shared.blobs.offer(entry);
    shared.blob_url(&number.to_string())
}

fn scope(shared: &Shared) -> &str {
    shared.scopes.first().map_or("", String::as_str)
}

fn failed(error: &Error) -> Answer {
    match error {
        Error::Exists { .. } => Answer::error(409, &error.to_string()),
        Error::Io { .. } => Answer::error(500, &error.to_string()),
    }
}
