//! Reads `git diff --raw --patch --unified=0`: which files changed and which lines were added.
//! Works on bytes, so that no content can be taken for a header.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use crate::tree::encode_name;

/// What changed in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedLines {
    /// Path relative to the top level, in the escape of [`crate::tree::encode_name`]. A renamed file is
    /// listed under both names.
    pub path: String,
    /// First and last line of each added range, from 1, ascending. Empty for a file that is gone, is
    /// binary, or only lost lines.
    pub added: Vec<(u32, u32)>,
    /// Whether a file of this name came, went, or became of another kind.
    pub is_other_name: bool,
}

/// What is told of one path: whether its name came or went, and the ranges of added lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) is_other_name: bool,
    pub(super) added: Vec<(u32, u32)>,
}

/// Returns the changes by path.
pub(super) fn parse(output: &[u8]) -> BTreeMap<String, Change> {
    let mut changes: BTreeMap<String, Change> = BTreeMap::new();
    let mut current: Option<String> = None;
    let mut content_lines = 0;
    for line in output.split(|byte| *byte == b'\n') {
        if content_lines > 0 {
            // "\ No newline at end of file" comes between the lines and is not counted by the hunk.
            if !line.starts_with(b"\\") {
                content_lines -= 1;
            }
        } else if let Some(raw) = line.strip_prefix(b":") {
            let is_edit = raw.split(|byte| matches!(byte, b' ' | b'\t')).nth(4) == Some(b"M");
            for path in raw_paths(raw) {
                changes.entry(path).or_default().is_other_name |= !is_edit;
            }
        } else if line.starts_with(b"diff --git ") {
            current = None;
        } else if let Some(name) = line.strip_prefix(b"+++ ") {
            current = patch_path(name);
        } else if let Some((removed, added)) = hunk(line) {
            content_lines = removed + added.1;
            if let (Some(path), 1..) = (&current, added.1) {
                let change = changes.entry(path.clone()).or_default();
                change
                    .added
                    .push((added.0, added.0.saturating_add(added.1 - 1)));
            }
        }
    }
    changes
}

/// Returns the one or two paths of a line `100644 100644 abc def M<tab>path`.
fn raw_paths(line: &[u8]) -> Vec<String> {
    line.split(|byte| *byte == b'\t')
        .skip(1)
        .map(unquote)
        .collect()
}

/// Returns the path of a line `+++ b/path`; git ends one that holds a space with a tab.
fn patch_path(name: &[u8]) -> Option<String> {
    let name = name.strip_suffix(b"\t").unwrap_or(name);
    if name.starts_with(b"\"") {
        return unquote(name).strip_prefix("b/").map(str::to_owned);
    }
    name.strip_prefix(b"b/").map(unquote)
}

/// Returns the number of removed lines, and the first added line with the number of added ones.
fn hunk(line: &[u8]) -> Option<(u32, (u32, u32))> {
    let line = std::str::from_utf8(
        line.strip_prefix(b"@@ -")?
            .split(|byte| *byte == b'@')
            .next()?,
    );
    let (removed, added) = line.ok()?.trim_end().split_once(" +")?;
    Some((range(removed)?.1, range(added)?))
}

fn range(text: &str) -> Option<(u32, u32)> {
    match text.split_once(',') {
        Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    }
}

/// Undoes git's quoting of unusual names, and returns the name in the tree's escape.
fn unquote(name: &[u8]) -> String {
    let quoted = name
        .strip_prefix(b"\"")
        .and_then(|name| name.strip_suffix(b"\""));
    let bytes = quoted.map_or_else(|| name.to_vec(), unescape);
    encode_name(&PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

fn unescape(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let Some(escaped) = rest.next() else { break };
        bytes.push(match escaped {
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 11,
            b'f' => 12,
            b'r' => b'\r',
            b'0'..=b'3' => {
                let mut value = escaped - b'0';
                while let Some(digit @ b'0'..=b'7') = rest.peek().copied() {
                    value = value.wrapping_mul(8).wrapping_add(digit - b'0');
                    rest.next();
                }
                value
            }
            other => other,
        });
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_never_taken_for_a_header() {
        let output =
            b":100644 100644 abc def M\ta.py\n\ndiff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n\
            @@ -1 +1,2 @@ def f():\n--- b/x.py\n+++ b/evil.py\n+@@ -1 +1,9 @@\n@@ -9,0 +11 @@\n+x\n\
            \\ No newline at end of file\n";
        let edit = Change {
            is_other_name: false,
            added: vec![(1, 2), (11, 11)],
        };
        let changes: Vec<_> = parse(output).into_iter().collect();
        assert_eq!(changes, [("a.py".to_owned(), edit)]);
    }

    #[test]
    fn a_missing_newline_is_no_line() {
        let output = b":1 1 a b M\ta\n\ndiff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n\
            \\ No newline at end of file\n+y\n\\ No newline at end of file\n@@ -5 +5,0 @@\n-z\n";
        assert_eq!(parse(output)["a"].added, [(1, 1)]);
    }

    #[test]
    fn unquotes_names() {
        let cases: [(&[u8], &str); 4] = [
            (b"plain name", "plain name"),
            (br#""a\tb""#, "a\tb"),
            (br#""\303\251\\""#, "é\\\\"),
            (br#""\377""#, "\\xff"),
        ];
        for (name, expected) in cases {
            assert_eq!(unquote(name), expected);
        }
    }
}
