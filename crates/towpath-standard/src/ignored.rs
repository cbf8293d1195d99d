//! Which files the ignore files of a tree leave out where it is not under git. A source distribution holds
//! generated files that the automation, which starts from git, never sees.

use ignore::gitignore::GitignoreBuilder;
use towpath_host::Tree;

/// Returns whether an ignore file of the tree leaves a file out; the one nearest to it decides.
pub(crate) fn is_ignored(tree: &Tree, path: &str) -> bool {
    let mut folder = path;
    while !folder.is_empty() {
        folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        let ignore_file = if folder.is_empty() {
            ".gitignore".to_owned()
        } else {
            format!("{folder}/.gitignore")
        };
        let Ok(text) = tree.read_text(&ignore_file) else {
            continue;
        };
        let inside = path
            .strip_prefix(folder)
            .unwrap_or(path)
            .trim_start_matches('/');
        if let Some(answer) = answer(&text, inside) {
            return answer;
        }
    }
    false
}

/// Returns what the text of an ignore file says of a path below its folder, if anything.
fn answer(text: &str, path: &str) -> Option<bool> {
    let mut builder = GitignoreBuilder::new("");
    for line in text.lines() {
        // A line that is no pattern is passed over, as git does.
        let _ = builder.add_line(None, line);
    }
    let rules = builder.build().ok()?;
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
            assert_eq!(answer(text, path), expected, "{path} by {text:?}");
        }
    }
}
