//! A plain copy of a tree's files into another folder.

use std::io;
use std::path::Path;

use rayon::prelude::*;

use super::{FileKind, Tree, decode_name};

impl Tree {
    /// Copies the files, with their permissions, and the links into a folder that has none of them. A file
    /// that went away meanwhile is left out.
    pub fn copy_to(&self, folder: &Path) -> io::Result<()> {
        self.files.par_iter().try_for_each(|(path, file)| {
            let target = folder.join(decode_name(path));
            if let Some(parent) = target.parent() {
                fs_err::create_dir_all(parent)?;
            }
            let copied = match &file.kind {
                FileKind::File { .. } => fs_err::copy(self.absolute(path), &target).map(drop),
                FileKind::Symlink { target: link } => {
                    fs_err::os::unix::fs::symlink(decode_name(link), &target)
                }
            };
            match copied {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                copied => copied,
            }
        })
    }
}
