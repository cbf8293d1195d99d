//! Finds files by the patterns of GitHub's toolkit, as `hashFiles`, caches and artifacts do: one pattern
//! a line, `!` takes away, `#` is a comment. Folders are walked before what they hold, in the order of
//! the bytes of the names. Never writes, and does not know what the files are for.

mod hash;
mod pattern;
mod walk;

use std::path::{Path, PathBuf};

pub use hash::hash_files;

use pattern::Pattern;

/// Where and how patterns are looked up.
#[derive(Debug, Clone, Copy)]
pub struct GlobOptions<'a> {
    /// The folder in which relative patterns begin. Absolute.
    pub root: &'a Path,
    /// What a leading `~` stands for.
    pub home: Option<&'a Path>,
    /// Whether links are followed. One that leads nowhere or in a circle is then left out.
    pub follows_links: bool,
    /// Whether a pattern that fits a folder stands for all that is below it, too.
    pub descends: bool,
    /// Whether names that begin with a dot are left out.
    pub omits_hidden: bool,
}

/// Why nothing was looked up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A pattern that leaves the folder or cannot be resolved.
    #[error("the pattern `{pattern}` is not valid: {reason}")]
    Pattern {
        /// As it was written.
        pattern: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// It took too long, or was no longer wanted.
    #[error("the search for files was stopped before its end")]
    Stopped,
    /// A file or folder could not be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Returns what to do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Pattern { .. } => vec![
                "write the pattern relative to the workspace, such as `**/requirements*.txt`"
                    .to_owned(),
            ],
            Self::Stopped => vec![
                "give the step more time, or name fewer files: links are followed, also out of the \
                 workspace"
                    .to_owned(),
            ],
            Self::Unreadable { path, .. } => {
                vec![format!(
                    "check that `{}` exists and may be read",
                    path.display()
                )]
            }
        }
    }
}

/// Patterns, ready to be looked up.
#[derive(Debug)]
pub struct Globs<'a> {
    patterns: Vec<Pattern>,
    options: GlobOptions<'a>,
}

impl<'a> Globs<'a> {
    /// Reads patterns, one a line.
    pub fn new(patterns: &str, options: GlobOptions<'a>) -> Result<Self, Error> {
        let lines = patterns.split('\n').map(str::trim);
        let patterns = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| Pattern::parse(line, options.root, options.home))
            .collect::<Result<_, _>>()?;
        Ok(Self { patterns, options })
    }

    /// Returns whether there is no pattern at all.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Returns the folders or files from which the search starts, each the part of a pattern before its
    /// first wildcard; none lies within another.
    pub fn search_paths(&self) -> Vec<PathBuf> {
        let wanted = || self.patterns.iter().filter(|pattern| !pattern.is_negated);
        let mut paths: Vec<PathBuf> = Vec::new();
        for pattern in wanted() {
            let path = &pattern.search_path;
            let is_within = |other: &Pattern| {
                other.search_path != *path && path.starts_with(&other.search_path)
            };
            if !paths.contains(path) && !wanted().any(is_within) {
                paths.push(path.clone());
            }
        }
        paths
    }

    /// Returns the files and folders that fit, as absolute paths. Looks no further once `is_over` says so: a
    /// link may lead to all that the machine has.
    pub fn find(&self, is_over: &dyn Fn() -> bool) -> Result<Vec<PathBuf>, Error> {
        let mut found = Vec::new();
        self.each(&mut |path, _| {
            found.push(path);
            if is_over() {
                Err(Error::Stopped)
            } else {
                Ok(())
            }
        })?;
        Ok(found)
    }
}
