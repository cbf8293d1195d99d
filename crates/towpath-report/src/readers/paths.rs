//! Paths as tools print them, turned into paths of the repository.

/// How a tool saw the repository.
#[derive(Debug, Clone, Copy)]
pub struct Paths<'a> {
    /// The repository's root as the tool saw it, absolute, `/` or `\` between folders.
    pub root: &'a str,
    /// The folder that the tool ran in, relative to the root; empty for the root itself.
    pub folder: &'a str,
    /// Folders of installed files (absolute) and the folders of the repository that they were made
    /// from, such as (`/env/lib/python3.12/site-packages`, `src`). The first that fits counts.
    pub installed: &'a [(&'a str, &'a str)],
}

impl<'a> Paths<'a> {
    /// Returns the view of a tool that ran in the root.
    pub fn at_root(root: &'a str) -> Self {
        Self {
            root,
            folder: "",
            installed: &[],
        }
    }

    /// Returns a printed path relative to the repository, `/` between folders, without `.` and `..`.
    /// A path outside the repository is returned as it is.
    pub fn relative(&self, printed: &str) -> String {
        let printed = printed.replace('\\', "/");
        if is_absolute(&printed) {
            let whole = normalised(&printed);
            for (from, to) in self.installed {
                if let Some(rest) = below(&whole, from) {
                    return joined(to, rest);
                }
            }
            return below(&whole, self.root).map_or_else(|| whole.clone(), str::to_owned);
        }
        joined(self.folder, &printed)
    }
}

/// Returns a path below a folder of the repository; the folder is empty for the root.
pub(super) fn joined(folder: &str, path: &str) -> String {
    if folder.is_empty() {
        return normalised(path);
    }
    normalised(&format!("{folder}/{path}"))
}

fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || path.as_bytes().get(1..3) == Some(b":/")
}

/// Returns what follows a folder in a path, or `None` where the path does not lie in it.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let folder = folder.replace('\\', "/");
    path.strip_prefix(folder.trim_end_matches('/'))?
        .strip_prefix('/')
}

fn normalised(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_printed_paths_into_those_of_the_repository() {
        let paths = Paths {
            root: "/home/x/repo",
            folder: "packages/a",
            installed: &[("/env/site-packages", "packages/a/src"), ("/env/other", "")],
        };
        for (printed, expected) in [
            ("/home/x/repo/packages/a/m.py", "packages/a/m.py"),
            ("src/m.py", "packages/a/src/m.py"),
            ("./src/../m.py", "packages/a/m.py"),
            ("../b/m.py", "packages/b/m.py"),
            ("src\\m.py", "packages/a/src/m.py"),
            ("/home/x/repository/m.py", "/home/x/repository/m.py"),
            ("/env/site-packages/pkg/m.py", "packages/a/src/pkg/m.py"),
            ("/env/other/m.py", "m.py"),
            ("/usr/lib/m.py", "/usr/lib/m.py"),
        ] {
            assert_eq!(paths.relative(printed), expected, "{printed}");
        }
        assert_eq!(Paths::at_root("/r/").relative("/r/a.py"), "a.py");
        assert_eq!(Paths::at_root("C:\\r").relative("C:\\r\\a\\b.py"), "a/b.py");
    }
}
