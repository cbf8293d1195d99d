//! The problems of a settings table in words, with hints that offer the nearest name.

use std::ops::Range;

use towpath_report::{Problem, Source, nearest};

use super::values::Misfit;

/// A table as the user sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'a> {
    /// Names on the way to the table, without `tool.towpath`.
    pub(super) path: &'a [&'a str],
    /// Whether it stands below `[tool.towpath]` of a `pyproject.toml`.
    pub(super) is_nested: bool,
}

impl std::fmt::Display for Header<'_> {
    /// Writes `[tool.towpath.tests]`, or `[tests]` and `towpath.toml` in a file of its own.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let prefix: &[&str] = if self.is_nested {
            &["tool", "towpath"]
        } else {
            &[]
        };
        let names: Vec<String> = prefix
            .iter()
            .chain(self.path)
            .map(|name| quoted(name))
            .collect();
        if names.is_empty() {
            f.write_str("`towpath.toml`")
        } else {
            write!(f, "`[{}]`", names.join("."))
        }
    }
}

/// Writes a name as a TOML key: quoted where it is not a bare one.
fn quoted(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.is_empty() && name.bytes().all(is_bare) {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

/// A key that nothing declares. `elsewhere` is another table that has it.
pub(super) fn unknown_key(
    source: &Source<'_>,
    span: Range<usize>,
    key: &str,
    header: Header<'_>,
    names: &[String],
    elsewhere: Option<String>,
) -> Problem {
    let message = format!("unknown key `{key}` in {header}");
    let list = format!("`{}` lists all keys", help_command(header));
    let hint = match (nearest(key, names.iter().map(String::as_str)), elsewhere) {
        (Some(name), _) => format!("did you mean `{name}`? {list}"),
        (None, Some(table)) => format!("`{key}` is a key of {table}; {list}"),
        (None, None) => list,
    };
    source
        .error(span, message, "not a key of this table")
        .with_hint(hint)
}

/// A table that nothing declares.
pub(super) fn unknown_table(
    source: &Source<'_>,
    span: Range<usize>,
    key: &str,
    header: Header<'_>,
    names: &[String],
) -> Problem {
    let message = format!("unknown table `{key}` in {header}");
    let list = "`towpath help config` lists all tables";
    let hint = match nearest(key, names.iter().map(String::as_str)) {
        Some(name) => format!("did you mean `{name}`? {list}"),
        None => list.to_owned(),
    };
    source
        .error(span, message, "not a table of towpath")
        .with_hint(hint)
}

/// A value where a table must stand.
pub(super) fn not_a_table(
    source: &Source<'_>,
    span: Range<usize>,
    key: &str,
    header: Header<'_>,
) -> Problem {
    let mut path = header.path.to_vec();
    path.push(key);
    let below = Header {
        path: &path,
        is_nested: header.is_nested,
    };
    let hint = format!(
        "write its keys below a line {below}; `{}` lists them",
        help_command(below)
    );
    source
        .error(
            span,
            format!("`{key}` in {header} must be a table"),
            "not a table",
        )
        .with_hint(hint)
}

/// A value that does not fit its declaration.
pub(super) fn misfit(
    source: &Source<'_>,
    span: Range<usize>,
    key: &str,
    header: Header<'_>,
    misfit: Misfit,
) -> Problem {
    let item = if misfit.is_item { "each item of " } else { "" };
    let message = format!(
        "{item}`{key}` in {header} must be {}, not {}",
        misfit.expected, misfit.found
    );
    let label = if misfit.right_type {
        "not a possible value"
    } else {
        "not of this type"
    };
    let about = format!("`{}` describes `{key}`", help_command(header));
    let hint = match misfit.nearest {
        Some(word) => format!("did you mean `{word}`? {about}"),
        None => format!("write {}; {about}", misfit.expected),
    };
    source
        .error(misfit.span.unwrap_or(span), message, label)
        .with_hint(hint)
}

fn help_command(header: Header<'_>) -> String {
    match header.path.first() {
        Some(table) => format!("towpath help config {table}"),
        None => "towpath help config".to_owned(),
    }
}
