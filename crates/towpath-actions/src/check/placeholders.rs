//! The names in braces that arguments and variables of a check's commands may hold.

use std::path::Path;

/// What the names stand for in one job.
pub(crate) struct Placeholders<'a> {
    /// `{python}`: the environment's interpreter.
    pub(crate) python: &'a Path,
    /// `{bin}`: the environment's programs.
    pub(crate) bin: &'a Path,
    /// `{tree}`: the repository.
    pub(crate) tree: &'a Path,
    /// `{out}`: the job's folder.
    pub(crate) out: &'a Path,
    /// `{cache}`: a folder that is kept from run to run.
    pub(crate) cache: &'a Path,
}

impl Placeholders<'_> {
    /// Returns a text with every name replaced.
    pub(crate) fn fill(&self, text: &str) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        [
            ("{python}", self.python),
            ("{bin}", self.bin),
            ("{tree}", self.tree),
            ("{out}", self.out),
            ("{cache}", self.cache),
        ]
        .iter()
        .fold(text.to_owned(), |text, (name, path)| {
            text.replace(name, &path.to_string_lossy())
        })
    }
}
