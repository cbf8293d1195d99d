//! The walk that looks patterns up.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::pattern::names_of;
use super::{Error, Globs};

struct Item {
    path: PathBuf,
    depth: usize,
}

impl Globs<'_> {
    /// Calls `visit` for every file and folder that fits, and whether it is a folder.
    pub(super) fn each(
        &self,
        visit: &mut dyn FnMut(PathBuf, bool) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let start = |path| Item { path, depth: 0 };
        let mut waiting: Vec<Item> = self.search_paths().into_iter().rev().map(start).collect();
        waiting.retain(|item| item.path.symlink_metadata().is_ok());
        let mut above: Vec<PathBuf> = Vec::new();
        while let Some(item) = waiting.pop() {
            let names = names_of(&item.path);
            let fit = self.fit(&names);
            if !fit.file && !fit.folder && !self.may_fit_below(&names) {
                continue;
            }
            let Some(is_folder) = self.kind(&item, &mut above)? else {
                continue;
            };
            if self.options.omits_hidden && names.last().is_some_and(|name| name.starts_with('.')) {
                continue;
            }
            if !is_folder {
                if fit.file {
                    visit(item.path, false)?;
                }
                continue;
            }
            for path in children(&item.path)?.into_iter().rev() {
                let depth = item.depth + 1;
                waiting.push(Item { path, depth });
            }
            if fit.folder {
                visit(item.path, true)?;
            }
        }
        Ok(())
    }

    fn fit(&self, names: &[String]) -> Fit {
        let mut fit = Fit::default();
        for pattern in &self.patterns {
            let is_below = self.options.descends && pattern.fits_above(names);
            let itself = pattern.fits(names);
            if is_below || itself {
                fit.folder = !pattern.is_negated;
            }
            if is_below || (itself && !pattern.is_for_folders) {
                fit.file = !pattern.is_negated;
            }
        }
        fit
    }

    fn may_fit_below(&self, names: &[String]) -> bool {
        self.patterns.iter().any(|pattern| {
            !pattern.is_negated
                && (pattern.may_fit_below(names)
                    || self.options.descends && pattern.fits_above(names))
        })
    }

    /// Returns whether an item is a folder; `None` for what is left out: a link that leads nowhere or
    /// back to a folder that is being walked.
    fn kind(&self, item: &Item, above: &mut Vec<PathBuf>) -> Result<Option<bool>, Error> {
        let unreadable = |source| Error::Unreadable {
            path: item.path.clone(),
            source,
        };
        if !self.options.follows_links {
            let metadata = item.path.symlink_metadata().map_err(unreadable)?;
            return Ok(Some(metadata.is_dir()));
        }
        let metadata = match item.path.metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        if metadata.is_dir() {
            let real = item.path.canonicalize().map_err(unreadable)?;
            above.truncate(item.depth);
            if above.contains(&real) {
                return Ok(None);
            }
            above.push(real);
        }
        Ok(Some(metadata.is_dir()))
    }
}

/// What an item may be so that it fits.
#[derive(Debug, Clone, Copy, Default)]
struct Fit {
    file: bool,
    folder: bool,
}

/// Returns what a folder holds, in the order of the bytes of the names.
fn children(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |source| Error::Unreadable {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort_by(|left, right| {
        left.as_os_str()
            .as_bytes()
            .cmp(right.as_os_str().as_bytes())
    });
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::glob::GlobOptions;

    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "a.txt",
            "a/x",
            "B.txt",
            ".hidden/y",
            "dist/p.whl",
            "dist/sub/q.whl",
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        symlink("..", folder.path().join("dist/up")).unwrap();
        symlink("nowhere", folder.path().join("lost")).unwrap();
        folder
    }

    fn found(patterns: &str, change: fn(GlobOptions<'_>) -> GlobOptions<'_>) -> Vec<String> {
        let folder = tree();
        let options = change(GlobOptions {
            root: folder.path(),
            home: None,
            follows_links: false,
            descends: true,
            omits_hidden: false,
        });
        let globs = Globs::new(patterns, options).unwrap();
        let paths = globs.find(&|| false).unwrap();
        let relative = |path: &PathBuf| {
            let path = path.strip_prefix(folder.path()).unwrap();
            path.display().to_string()
        };
        paths.iter().map(relative).collect()
    }

    #[test]
    fn folders_come_before_what_they_hold_in_the_order_of_bytes() {
        assert_eq!(
            found("*", |options| options),
            [
                ".hidden",
                ".hidden/y",
                "B.txt",
                "a",
                "a/x",
                "a.txt",
                "dist",
                "dist/p.whl",
                "dist/sub",
                "dist/sub/q.whl",
                "dist/up",
                "lost"
            ]
        );
    }

    #[test]
    fn finds_by_options() {
        type Change = fn(GlobOptions<'_>) -> GlobOptions<'_>;
        let same: Change = |options| options;
        let alone: Change = |options| GlobOptions {
            descends: false,
            ..options
        };
        let following: Change = |options| GlobOptions {
            follows_links: true,
            ..options
        };
        let shown: Change = |options| GlobOptions {
            omits_hidden: true,
            ..options
        };
        let cases: [(&str, Change, &[&str]); 11] = [
            ("a", same, &["a", "a/x"]),
            ("a", alone, &["a"]),
            ("a/", same, &["a", "a/x"]),
            ("a.txt/", same, &[]),
            (
                "dist/*.whl\ndist/**/*.whl",
                same,
                &["dist/p.whl", "dist/sub/q.whl"],
            ),
            ("dist\n!dist/sub", same, &["dist", "dist/p.whl", "dist/up"]),
            ("# nothing\n\n  a/x  ", same, &["a/x"]),
            (
                "dist",
                following,
                &[
                    "dist",
                    "dist/p.whl",
                    "dist/sub",
                    "dist/sub/q.whl",
                    "dist/up",
                    "dist/up/.hidden",
                    "dist/up/.hidden/y",
                    "dist/up/B.txt",
                    "dist/up/a",
                    "dist/up/a/x",
                    "dist/up/a.txt",
                ],
            ),
            ("lost", following, &[]),
            (".hidden", shown, &[]),
            ("absent/**", same, &[]),
        ];
        for (patterns, change, expected) in cases {
            assert_eq!(found(patterns, change), expected, "{patterns}");
        }
    }

    #[test]
    fn a_search_that_is_over_ends() {
        let folder = tree();
        let options = GlobOptions {
            root: folder.path(),
            home: None,
            follows_links: true,
            descends: true,
            omits_hidden: false,
        };
        let everything = folder.path().join("everything");
        symlink("/", &everything).unwrap();
        let globs = Globs::new("everything", options).unwrap();
        let left = std::cell::Cell::new(100);
        let found = globs.find(&|| {
            left.set(left.get() - 1);
            left.get() == 0
        });
        assert!(matches!(found, Err(Error::Stopped)));
    }
}
