//! Which files the ignore files of a tree leave out where it is not under git. A source distribution holds
//! generated files that the automation, which starts from git, never sees.

use std::cell::RefCell;
use std::collections::BTreeMap;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use towpath_host::Tree;

/// The rules of a tree's ignore files, each read once.
pub(crate) struct IgnoreRules<'a> {
    tree: &'a Tree,
    by_folder: RefCell<BTreeMap<String, Option<Gitignore>>>,
}

impl<'a> IgnoreRules<'a> {
    pub(crate) fn of(tree: &'a Tree) -> Self {
        Self {
            tree,
            by_folder: RefCell::default(),
        }
    }

    /// Returns whether an ignore file leaves a file out; the one nearest to it decides.
    pub(crate) fn leave_out(&self, path: &str) -> bool {
        let mut by_folder = self.by_folder.borrow_mut();
        let mut folder = path;
        while !folder.is_empty() {
            folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
            let rules = by_folder
                .entry(folder.to_owned())
                .or_insert_with(|| self.read(folder));
            let inside = path
                .strip_prefix(folder)
                .unwrap_or(path)
                .trim_start_matches('/');
            if let Some(answer) = rules.as_ref().and_then(|rules| answer(rules, inside)) {
                return answer;
            }
        }
        false
    }

    fn read(&self, folder: &str) -> Option<Gitignore> {
        let file = if folder.is_empty() {
            ".gitignore".to_owned()
        } else {
            format!("{folder}/.gitignore")
        };
        rules(&self.tree.read_text(&file).ok()?)
    }
}

/// Returns the rules of an ignore file's text.
fn rules(text: &str) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new("");
    for line in text.lines() {
        // A line that is no pattern is passed over, as git does.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}

/// Returns what rules say of a path below their folder, if anything.
fn answer(rules: &Gitignore, path: &str) -> Option<bool> {
    let matched = rules.matched_path_or_any_parents(path, false);
    (!matched.is_none()).then(|| matched.is_ignore())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignore_file_answers_for_what_it_names() {
        for (text, path, expected) in [
            ("src/*/_version.py\n", "src/pkg/_version.py", Some(true)),
            ("build/\n", "build/lib/a.py", Some(true)),
            ("*.py\n!keep.py\n", "keep.py", Some(false)),
            ("# _version.py\n", "_version.py", None),
            ("/a.py\n", "pkg/a.py", None),
        ] {
            let rules = rules(text).expect("they can be read");
            assert_eq!(answer(&rules, path), expected, "{path} by {text:?}");
        }
    }
}
