//! Fills a folder with a commit of a repository, as a checkout on a runner does.
//!
//! The folder becomes a repository of its own, which borrows the objects: nothing is copied but the files,
//! and one process does it where nothing is uncommitted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::frozen::write_alternates;
use super::{Error, Frozen, Git, command};
use crate::process::Cancel;

/// How much of the history a workspace sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// All commits, branches and tags.
    Whole,
    /// The newest commits of the one checked out.
    Commits(u32),
}

/// What a workspace is filled with.
#[derive(Debug, Clone)]
pub struct CheckOut<'a> {
    /// The folder, which must be empty or absent.
    pub folder: &'a Path,
    /// The commit, whole.
    pub commit: &'a str,
    /// The branch that is then checked out; `None` leaves the head detached.
    pub branch: Option<&'a str>,
    /// Where `origin` is said to be; empty for no remote.
    pub remote_url: &'a str,
    /// How much of the history is seen.
    pub depth: Depth,
    /// Whether tags are seen where the history is cut.
    pub with_tags: bool,
    /// What is laid over the commit: the working tree of this moment.
    pub changes: Option<&'a Frozen>,
    /// Folders or patterns to which the checkout is limited; none for all.
    pub sparse: Option<Sparse<'a>>,
    /// Whether large files are fetched by git-lfs rather than left as pointers.
    pub with_large_files: bool,
    /// Ends git and its filters before they are done.
    pub cancel: &'a Cancel,
}

/// What a sparse checkout is limited to.
#[derive(Debug, Clone, Copy)]
pub struct Sparse<'a> {
    /// Folders, or patterns as in `.gitignore`.
    pub patterns: &'a [String],
    /// Whether they are folders.
    pub is_cone: bool,
}

impl Git {
    /// Fills a folder with a commit of this repository.
    pub fn check_out(&self, request: &CheckOut<'_>) -> Result<(), Error> {
        self.make_repository(request)?;
        if let Some(sparse) = request.sparse {
            let mut arguments = vec!["sparse-checkout", "set"];
            arguments.push(if sparse.is_cone {
                "--cone"
            } else {
                "--no-cone"
            });
            arguments.extend(sparse.patterns.iter().map(String::as_str));
            run_in(request, &arguments)?;
        }
        match request.changes.filter(|changes| changes.has_changes) {
            None => run_in(request, &["read-tree", "--reset", "-u", request.commit]),
            Some(changes) => {
                run_in(request, &["read-tree", "--reset", "-u", &changes.tree])?;
                // The index of the commit, with what is known of files that are as in it.
                run_in(request, &["read-tree", "-m", request.commit])
            }
        }
    }

    /// Writes a repository by hand, which takes no process. Git's own templates only add examples.
    fn make_repository(&self, request: &CheckOut<'_>) -> Result<(), Error> {
        let folder = request.folder.join(".git");
        let unwritable = |source| Error::Unwritable {
            path: folder.clone(),
            source,
        };
        let write =
            |name: &str, text: String| std::fs::write(folder.join(name), text).map_err(unwritable);
        for name in ["refs/heads", "refs/tags", "info"] {
            std::fs::create_dir_all(folder.join(name)).map_err(unwritable)?;
        }
        let objects = folder.join("objects");
        let others: Vec<PathBuf> = match request.changes {
            Some(changes) => changes.objects.to_vec(),
            None => vec![self.view.common_folder.join("objects")],
        };
        write_alternates(&objects, &others).map_err(unwritable)?;
        write("config", self.configuration_of(request))?;
        let head = match request.branch {
            Some(branch) => format!("ref: refs/heads/{branch}\n"),
            None => format!("{}\n", request.commit),
        };
        write("HEAD", head)?;
        let refs: String = self
            .refs(request)?
            .iter()
            .map(|(name, id)| format!("{id} {name}\n"))
            .collect();
        write("packed-refs", refs)?;
        let shallow: String = self
            .shallow_commits(request)?
            .iter()
            .map(|commit| format!("{commit}\n"))
            .collect();
        if shallow.is_empty() {
            Ok(())
        } else {
            write("shallow", shallow)
        }
    }

    fn configuration_of(&self, request: &CheckOut<'_>) -> String {
        // 64 digits: a repository whose objects are named by SHA-256.
        let (version, extensions) = if request.commit.len() == 64 {
            (1, "[extensions]\n\tobjectFormat = sha256\n")
        } else {
            (0, "")
        };
        let mut text = format!(
            "[core]\n\trepositoryFormatVersion = {version}\n\tfileMode = true\n\tbare = false\n\
             \tlogAllRefUpdates = true\n[gc]\n\tauto = 0\n{extensions}"
        );
        if !request.remote_url.is_empty() {
            let _ = write!(
                text,
                "[remote \"origin\"]\n\turl = {}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
                quoted(request.remote_url)
            );
            if let Some(branch) = request.branch {
                let _ = write!(
                    text,
                    "[branch {branch}]\n\tremote = origin\n\tmerge = {merge}\n",
                    branch = quoted(branch),
                    merge = quoted(&format!("refs/heads/{branch}"))
                );
            }
        }
        if request.with_large_files {
            let storage = self.view.common_folder.join("lfs");
            let storage = quoted(&storage.to_string_lossy());
            let _ = write!(text, "[lfs]\n\tstorage = {storage}\n");
        }
        text
    }

    /// Returns the refs that the workspace sees: as if the commit had been pushed to `origin`.
    fn refs(&self, request: &CheckOut<'_>) -> Result<BTreeMap<String, String>, Error> {
        let mut refs = BTreeMap::new();
        let is_whole = request.depth == Depth::Whole;
        if is_whole || request.with_tags {
            let listed = [
                "for-each-ref",
                "--format=%(objectname) %(refname)",
                "refs/heads/",
                "refs/remotes/origin/",
                "refs/tags/",
            ];
            let output = self.run(&listed)?;
            for (id, name) in String::from_utf8_lossy(&output)
                .lines()
                .filter_map(|line| line.split_once(' '))
            {
                if name.starts_with("refs/tags/") {
                    refs.insert(name.to_owned(), id.to_owned());
                } else if is_whole && name != "refs/remotes/origin/HEAD" {
                    // Heads come first, so what was fetched from `origin` replaces them.
                    let name = name.replacen("refs/heads/", "refs/remotes/origin/", 1);
                    refs.insert(name, id.to_owned());
                }
            }
        }
        if let Some(branch) = request.branch {
            for start in ["refs/heads", "refs/remotes/origin"] {
                refs.insert(format!("{start}/{branch}"), request.commit.to_owned());
            }
        }
        Ok(refs)
    }

    /// Returns the commits whose parents the workspace does not see.
    fn shallow_commits(&self, request: &CheckOut<'_>) -> Result<BTreeSet<String>, Error> {
        let own = std::fs::read_to_string(self.view.common_folder.join("shallow"));
        let mut shallow: BTreeSet<String> =
            own.unwrap_or_default().lines().map(str::to_owned).collect();
        match request.depth {
            Depth::Whole => {}
            Depth::Commits(0 | 1) => {
                shallow.insert(request.commit.to_owned());
            }
            Depth::Commits(depth) => {
                let output = self.run(&["rev-list", "--parents", request.commit])?;
                let text = String::from_utf8_lossy(&output);
                shallow.extend(at_depth(&text, request.commit, depth));
            }
        }
        Ok(shallow)
    }
}

/// Returns the commits that are `depth` commits away, the first included, from lines of a commit with its
/// parents.
fn at_depth(lines: &str, first: &str, depth: u32) -> BTreeSet<String> {
    let parents: BTreeMap<&str, Vec<&str>> = lines
        .lines()
        .filter_map(|line| {
            let mut names = line.split(' ');
            Some((names.next()?, names.collect()))
        })
        .collect();
    let mut seen = BTreeSet::from([first]);
    let mut level = BTreeSet::from([first]);
    for _ in 1..depth {
        if level.is_empty() {
            break;
        }
        level = level
            .iter()
            .flat_map(|commit| parents.get(commit).into_iter().flatten().copied())
            .filter(|parent| !seen.contains(parent))
            .collect();
        seen.extend(level.iter().copied());
    }
    level.into_iter().map(str::to_owned).collect()
}

/// Returns a value of git's configuration, so that nothing in it is taken for syntax.
fn quoted(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}

fn run_in(request: &CheckOut<'_>, arguments: &[&str]) -> Result<(), Error> {
    let mut command = command::command(request.folder, &[]);
    if !request.with_large_files {
        command.env("GIT_LFS_SKIP_SMUDGE", "1");
    }
    command.args(arguments);
    command::finished_unless(command, arguments[0], request.folder, request.cancel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_is_cut_where_the_depth_says() {
        // a - b - d - e
        //   \ c /
        let lines = "e d\nd b c\nb a\nc a\na\n";
        for (depth, expected) in [
            (1, "e"),
            (2, "d"),
            (3, "b c"),
            (4, "a"),
            (9, ""),
            (u32::MAX, ""),
        ] {
            let cut: Vec<String> = at_depth(lines, "e", depth).into_iter().collect();
            assert_eq!(cut.join(" "), expected, "{depth}");
        }
    }

    #[test]
    fn values_of_the_configuration_are_quoted() {
        assert_eq!(quoted("a\"b\\c\nd"), r#""a\"b\\c\nd""#);
    }
}
