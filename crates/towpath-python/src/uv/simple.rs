//! Pages of a package index by PEP 503 (HTML) and PEP 691 (JSON): which files they offer, and where.

use regex_lite::Regex;
use serde::Deserialize;

#[derive(Deserialize)]
struct Page {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    url: String,
}

/// Returns the absolute address of the file called `name` on the page `body` that was found at `page`.
/// The kind of page is told by its first character, since mirrors send HTML under the name of JSON.
pub(super) fn find(page: &str, body: &str, name: &str) -> Option<String> {
    let target = if body.trim_start().starts_with('{') {
        let page: Page = serde_json::from_str(body).ok()?;
        page.files
            .into_iter()
            .find(|file| file.filename == name)?
            .url
    } else {
        in_html(body, name)?
    };
    let target = target.split('#').next().unwrap_or_default();
    Some(with_credentials(page, &join(page, target)))
}

fn in_html(body: &str, name: &str) -> Option<String> {
    let anchor =
        Regex::new(r#"(?i)<a\s[^>]*?href\s*=\s*["']([^"']+)["'][^>]*>([^<]*)</a>"#).ok()?;
    let mut anchors = anchor.captures_iter(body);
    let found = anchors.find(|anchor| {
        anchor
            .get(2)
            .is_some_and(|text| text.as_str().trim() == name)
    })?;
    Some(found.get(1)?.as_str().replace("&amp;", "&"))
}

/// Returns the address that `target` means on the page `base`.
fn join(base: &str, target: &str) -> String {
    if target.contains("://") {
        return target.to_owned();
    }
    let (scheme, rest) = base.split_once("://").unwrap_or(("https", base));
    if let Some(target) = target.strip_prefix("//") {
        return format!("{scheme}://{target}");
    }
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if target.starts_with('/') {
        return format!("{scheme}://{host}{target}");
    }
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    for part in target.split('/') {
        match part {
            "." => {}
            ".." => {
                folders.pop();
            }
            part => folders.push(part),
        }
    }
    format!("{scheme}://{host}/{}", folders.join("/"))
}

/// A password for the index is valid for its files on the same host, and for no other host.
fn with_credentials(page: &str, target: &str) -> String {
    let authority = |url: &str| {
        let (_, rest) = url.split_once("://")?;
        rest.split('/').next().map(str::to_owned)
    };
    let (Some(page), Some(host)) = (authority(page), authority(target)) else {
        return target.to_owned();
    };
    match page.rsplit_once('@') {
        Some((_, page_host)) if page_host == host => target.replacen(&host, &page, 1),
        _ => target.to_owned(),
    }
}

/// Returns an address without the user and password in it.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://u:p@index.example/simple/uv/";

    #[test]
    fn finds_a_file_on_both_kinds_of_page() {
        let html = r#"<html><a data-x="1" href="../../files/uv-1.whl?a=1&amp;b=2#sha256=00">uv-1.whl</a>
            <A HREF='https://files.example/uv-2.whl'> uv-2.whl </A></html>"#;
        let json = r#"{"meta": {}, "files": [{"filename": "uv-1.whl", "url": "/files/uv-1.whl", "hashes": {}}]}"#;
        for (body, name, expected) in [
            (
                html,
                "uv-1.whl",
                Some("https://u:p@index.example/files/uv-1.whl?a=1&b=2"),
            ),
            (html, "uv-2.whl", Some("https://files.example/uv-2.whl")),
            (html, "uv-3.whl", None),
            (
                json,
                "uv-1.whl",
                Some("https://u:p@index.example/files/uv-1.whl"),
            ),
            ("{", "uv-1.whl", None),
            ("", "uv-1.whl", None),
        ] {
            assert_eq!(find(PAGE, body, name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn relative_addresses_are_joined() {
        for (base, target, expected) in [
            ("https://a/b/c/", "d.whl", "https://a/b/c/d.whl"),
            ("https://a/b/c", "./d.whl", "https://a/b/d.whl"),
            ("https://a/b/c/", "../../../d.whl", "https://a/d.whl"),
            ("http://a", "//b/d.whl", "http://b/d.whl"),
        ] {
            assert_eq!(join(base, target), expected);
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(without_password(PAGE), "https://index.example/simple/uv/");
        assert_eq!(without_password("https://a/b@c"), "https://a/b@c");
        assert_eq!(without_password("/wheels"), "/wheels");
    }
}
