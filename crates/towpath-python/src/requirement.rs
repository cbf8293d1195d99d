//! Requirements as PEP 508 text: their names, what they admit, and lists of them.
//! Never resolves one and never asks an index.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

/// Returns a name as PEP 503 normalises it: lower case, runs of `-`, `_` and `.` as one `-`.
pub fn normalise_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.trim().chars() {
        if matches!(character, '-' | '_' | '.') {
            if !normal.ends_with('-') {
                normal.push('-');
            }
        } else {
            normal.extend(character.to_lowercase());
        }
    }
    normal
}

/// Returns the normalised name of a requirement; `None` for a text that starts with no name.
pub fn requirement_name(requirement: &str) -> Option<String> {
    let text = requirement.trim();
    let end = text
        .find(|character: char| !(character.is_ascii_alphanumeric() || "-_.".contains(character)))
        .unwrap_or(text.len());
    let name = text.get(..end)?;
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        .then(|| normalise_name(name))
}

/// Returns the names between the brackets of a requirement: `a` and `b` of `pkg[a,b]>=1`.
pub fn requirement_extras(requirement: &str) -> Vec<String> {
    let head = requirement.split([';', '@']).next().unwrap_or_default();
    let Some((_, rest)) = head.split_once('[') else {
        return Vec::new();
    };
    let Some((inside, _)) = rest.split_once(']') else {
        return Vec::new();
    };
    inside
        .split(',')
        .map(str::trim)
        .filter(|extra| !extra.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Returns whether a requirement holds only under a marker.
pub(crate) fn has_marker(requirement: &str) -> bool {
    requirement.contains(';')
}

/// Returns whether the specifiers of a requirement admit a version; `true` where there are none, where
/// it names a URL, or where either text cannot be read.
pub(crate) fn admits(requirement: &str, version: &str) -> bool {
    let head = requirement.split(';').next().unwrap_or_default();
    if head.contains('@') {
        return true;
    }
    let Some(start) = head.find(['<', '>', '=', '!', '~']) else {
        return true;
    };
    let specifiers = head[start..].trim().trim_end_matches(')');
    match (
        VersionSpecifiers::from_str(specifiers),
        Version::from_str(version),
    ) {
        (Ok(specifiers), Ok(version)) => specifiers.contains(&version),
        _ => true,
    }
}

/// Returns whether a text looks like PEP 508: a name, then nothing or one of what may follow a name.
pub(crate) fn is_requirement(text: &str) -> bool {
    pep508_rs::Requirement::<pep508_rs::VerbatimUrl>::from_str(text.trim()).is_ok()
}

/// Writes a requirement as PEP 508 does. `what` is what stands behind the name: specifiers, or ` @ ` and a URL.
pub(crate) fn write_requirement(
    name: &str,
    extras: &[String],
    what: &str,
    markers: &[String],
) -> String {
    let extras = if extras.is_empty() {
        String::new()
    } else {
        format!("[{}]", extras.join(","))
    };
    let markers = if markers.is_empty() {
        String::new()
    } else {
        format!(" ; {}", markers.join(" and "))
    };
    format!("{name}{extras}{what}{markers}")
}

/// Returns the URL of a git checkout as PEP 508 writes it.
pub(crate) fn git_url(url: &str, revision: Option<&str>, subdirectory: Option<&str>) -> String {
    let at = revision.map_or_else(String::new, |revision| format!("@{revision}"));
    let below = subdirectory.map_or_else(String::new, |folder| format!("#subdirectory={folder}"));
    let url = url.strip_prefix("git+").unwrap_or(url);
    // `git@host:owner/name` is the shell's way to write `ssh://git@host/owner/name`.
    let url = match url.split_once(':') {
        Some((host, path)) if !url.contains("://") && host.contains('@') => {
            format!("ssh://{host}/{path}")
        }
        _ => url.to_owned(),
    };
    format!("git+{url}{at}{below}")
}

/// Appends what is not there yet.
pub(crate) fn append(list: &mut Vec<String>, items: impl IntoIterator<Item = String>) {
    for item in items {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_addresses_take_every_form() {
        for (url, revision, folder, expected) in [
            (
                "https://h/r.git",
                Some("abc"),
                None,
                "git+https://h/r.git@abc",
            ),
            ("git+https://h/r.git", None, None, "git+https://h/r.git"),
            (
                "git@h:o/r.git",
                None,
                Some("x"),
                "git+ssh://git@h/o/r.git#subdirectory=x",
            ),
        ] {
            assert_eq!(git_url(url, revision, folder), expected);
        }
    }

    #[test]
    fn reads_names() {
        for (text, expected) in [
            ("Foo_Bar.baz>=1", Some("foo-bar-baz")),
            ("a[b]", Some("a")),
            ("a @ https://x/y", Some("a")),
            (" a;python_version<'3'", Some("a")),
            ("-e .", None),
            ("./x", None),
            ("", None),
        ] {
            assert_eq!(requirement_name(text).as_deref(), expected, "{text}");
        }
        assert_eq!(requirement_extras("a[b, c]>=1"), ["b", "c"]);
        assert_eq!(
            requirement_extras("a; extra == 'x[y]'"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn compares_versions() {
        for (requirement, version, expected) in [
            ("a>=1,<2", "1.5", true),
            ("a>=1,<2", "2.0", false),
            ("a (>=3.0)", "2.0", false),
            ("a", "2.0", true),
            ("a @ https://x/a==1", "2.0", true),
            ("a==2.0", "2.0+cpu", true),
            ("a~=whatever", "1", true),
        ] {
            assert_eq!(
                admits(requirement, version),
                expected,
                "{requirement} {version}"
            );
        }
    }
}
