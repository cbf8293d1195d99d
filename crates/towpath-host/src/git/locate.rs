//! Where the repository around a folder lies, found without starting a process.

use std::path::{Path, PathBuf};

/// Where a repository keeps its data. All three exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitView {
    /// Top level of the working tree.
    pub top_level: PathBuf,
    /// What belongs to this working tree alone: `HEAD`, the index.
    pub git_folder: PathBuf,
    /// What all working trees of the repository share: objects, refs, configuration. Equals
    /// `git_folder` but for linked working trees.
    pub common_folder: PathBuf,
}

impl GitView {
    /// Returns the file or folder named `.git`, and every folder elsewhere that it leads to: what must be
    /// readable for git to work in a copy of the tree.
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.top_level.join(".git")];
        for folder in [&self.git_folder, &self.common_folder] {
            if !folders.iter().any(|known| folder.starts_with(known)) {
                folders.push(folder.clone());
            }
        }
        folders
    }
}

/// Looks for a repository in `folder` and the folders above it.
pub(crate) fn locate(folder: &Path) -> Option<GitView> {
    folder.ancestors().find_map(view_of)
}

fn view_of(top_level: &Path) -> Option<GitView> {
    let dot_git = top_level.join(".git");
    let git_folder = if dot_git.is_dir() {
        dot_git
    } else {
        let text = std::fs::read_to_string(&dot_git).ok()?;
        top_level.join(text.strip_prefix("gitdir:")?.trim())
    };
    if git_folder.join("HEAD").symlink_metadata().is_err() {
        return None;
    }
    let common_folder = match std::fs::read_to_string(git_folder.join("commondir")) {
        Ok(text) => git_folder.join(text.trim()),
        Err(_) => git_folder.clone(),
    };
    let common_folder = fs_err::canonicalize(common_folder).ok()?;
    let git_folder = fs_err::canonicalize(git_folder).ok()?;
    Some(GitView {
        top_level: top_level.to_owned(),
        git_folder,
        common_folder,
    })
}
