//! Names of modules and folders in the call of a test runner, as the paths that they stand for.

use crate::facts::{Facts, is_below};

/// Returns the folders and modules among names that are there, as paths below a folder.
pub(super) fn existing(folder: &str, names: &[String], facts: &Facts<'_>) -> Vec<String> {
    let exists = |path: &String| {
        let path = if folder.is_empty() {
            path.clone()
        } else {
            format!("{folder}/{path}")
        };
        facts.tree.contains(&path) || facts.tree.files().keys().any(|file| is_below(file, &path))
    };
    let names = names
        .iter()
        .map(|name| name.trim_start_matches("./").trim_end_matches('/'));
    names
        .filter_map(|name| {
            let dotted = name.replace('.', "/");
            // The last part of a dotted name may be a class or a test.
            let outer = dotted.rsplit_once('/').map_or("", |(outer, _)| outer);
            let outer = format!("{outer}.py");
            let module = format!("{dotted}.py");
            [name.to_owned(), dotted, module, outer]
                .into_iter()
                .find(exists)
        })
        .collect()
}
