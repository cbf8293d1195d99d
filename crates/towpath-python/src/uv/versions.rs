//! Which versions of a package the configured index holds, by PEP 503 and PEP 691.

use regex_lite::Regex;
use serde::Deserialize;
use thiserror::Error;
use towpath_host::http;

use super::{Indexes, http_client, server, simple, without_password};
use crate::{Machine, normalise_name};

/// Why the index could not be asked.
#[derive(Debug, Error)]
pub enum VersionsError {
    /// The network must not be used.
    #[error("the index was not asked, since the network is off")]
    Offline,
    /// It did not answer another question.
    #[error("the index at `{0}` was not asked again, since it does not answer")]
    Failing(String),
    /// No index is configured.
    #[error("no index is configured")]
    NoIndex,
    /// The index could not be reached or refused.
    #[error(transparent)]
    Http(#[from] http::Error),
}

#[derive(Deserialize)]
struct Page {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
}

/// Returns the versions of a package as its file names say them, unordered and each once. `index` is the
/// address of a simple index that is asked instead of the configured one; none of the `failing` servers is.
/// A package that the index does not know has none.
pub fn index_versions(
    machine: &Machine<'_>,
    index: Option<&str>,
    failing: &[String],
    name: &str,
) -> Result<Vec<String>, VersionsError> {
    if machine.is_offline() {
        return Err(VersionsError::Offline);
    }
    let address = match index {
        Some(index) => index.to_owned(),
        None => Indexes::of(machine)
            .addresses()
            .into_iter()
            .next()
            .ok_or(VersionsError::NoIndex)?,
    };
    let server = server(&without_password(&address)).to_owned();
    if failing.contains(&server) {
        return Err(VersionsError::Failing(server));
    }
    let page = format!(
        "{}/{}/",
        address.trim_end_matches('/'),
        normalise_name(name)
    );
    let accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";
    let response = match http_client(machine)?.get(&page, &[("accept", accept)]) {
        Ok(response) => response,
        Err(http::Error::Status { status: 404, .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    tracing::debug!(page = simple::without_password(&page), "asked the index");
    let mut versions: Vec<String> = files(&String::from_utf8_lossy(&response.body))
        .iter()
        .filter_map(|file| version_of(file, name))
        .collect();
    versions.sort_unstable();
    versions.dedup();
    Ok(versions)
}

fn files(body: &str) -> Vec<String> {
    if body.trim_start().starts_with('{') {
        let page: Option<Page> = serde_json::from_str(body).ok();
        return page.map_or_else(Vec::new, |page| {
            page.files.into_iter().map(|file| file.filename).collect()
        });
    }
    let Ok(anchor) = Regex::new(r"(?i)<a\s[^>]*>([^<]*)</a>") else {
        return Vec::new();
    };
    anchor
        .captures_iter(body)
        .filter_map(|found| Some(found.get(1)?.as_str().trim().to_owned()))
        .collect()
}

/// Returns the version in the name of an sdist or a wheel of a package.
fn version_of(file: &str, name: &str) -> Option<String> {
    let stem = [".tar.gz", ".tar.bz2", ".zip", ".whl"]
        .iter()
        .find_map(|end| file.strip_suffix(end))?;
    if file.ends_with(".whl") {
        return stem.split('-').nth(1).map(str::to_owned);
    }
    let wanted = normalise_name(name);
    // The name of an sdist may hold dashes of its own, so each of them may be the border.
    stem.match_indices('-')
        .find(|(at, _)| normalise_name(&stem[..*at]) == wanted)
        .map(|(at, _)| stem[at + 1..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_stand_in_file_names() {
        for (file, name, expected) in [
            ("humanize-4.1.0.tar.gz", "humanize", Some("4.1.0")),
            ("humanize-4.1.0-py3-none-any.whl", "humanize", Some("4.1.0")),
            ("zope-interface-5.0.tar.gz", "zope.interface", Some("5.0")),
            ("zope.interface-5.0.zip", "zope.interface", Some("5.0")),
            ("humanize-4.1.0.exe", "humanize", None),
        ] {
            assert_eq!(version_of(file, name).as_deref(), expected, "{file}");
        }
    }

    #[test]
    fn both_kinds_of_page_list_files() {
        let html = r#"<html><a href="../a-1.tar.gz#sha256=0">a-1.tar.gz</a><br><A HREF="x"> a-2.tar.gz </A></html>"#;
        assert_eq!(files(html), ["a-1.tar.gz", "a-2.tar.gz"]);
        assert_eq!(
            files(r#"{"files": [{"filename": "a-1.tar.gz", "url": "x"}]}"#),
            ["a-1.tar.gz"]
        );
    }
}
