//! Paths of a repository as text: relative, with `/` between folders, the root empty.
//! Never touches the disk.

/// Returns the path of a file named relative to a folder.
pub(crate) fn join(folder: &str, relative: &str) -> String {
    match (folder, relative) {
        ("", path) | (path, "") => path.to_owned(),
        (folder, relative) => format!("{folder}/{relative}"),
    }
}

/// Resolves a path as a file of the folder writes it, with `.` and `..` in it; `None` when it is
/// absolute or leaves the repository.
pub(crate) fn resolve(folder: &str, written: &str) -> Option<String> {
    if written.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in written.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Returns the folder of a path; empty for one in the root.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns the last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Returns whether a file name ends in `.suffix`, in this case.
pub(crate) fn has_suffix(path: &str, suffix: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, last)| last == suffix)
}

/// Returns the part of a path below a folder; `None` when it lies elsewhere.
pub(crate) fn below<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if folder.is_empty() {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// Returns whether a path is a folder or lies in it.
pub(crate) fn is_within(folder: &str, path: &str) -> bool {
    folder.is_empty() || path == folder || below(folder, path).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_and_splits() {
        assert_eq!(
            (join("", "a.txt"), join("p", "a"), join("p", "")),
            ("a.txt".into(), "p/a".into(), "p".into())
        );
        for (folder, written, expected) in [
            ("", "a.txt", Some("a.txt")),
            ("p/a", "./x/../y.txt", Some("p/a/y.txt")),
            ("p", "../b", Some("b")),
            ("p", "../../etc/passwd", None),
            ("p", "/etc/passwd", None),
            ("p", "", Some("p")),
            ("", ".", Some("")),
            ("p", r"a\b", Some("p/a/b")),
        ] {
            assert_eq!(resolve(folder, written).as_deref(), expected);
        }
        assert_eq!((parent("a/b.py"), file_name("a/b.py")), ("a", "b.py"));
        assert_eq!((parent("b.py"), file_name("b.py")), ("", "b.py"));
        assert_eq!(below("a", "a/b"), Some("b"));
        assert_eq!(below("a", "ab/c"), None);
        assert!(is_within("a", "a") && is_within("", "x") && !is_within("a", "ab"));
    }
}
