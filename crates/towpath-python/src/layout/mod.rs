//! Where the modules of a project lie: as its build backend is told, else as they are found.

pub(crate) mod declared;
mod found;

use crate::files::ProjectFiles;
use crate::folder;
use crate::{Layout, Project};

use declared::{Declared, declared, declared_root, excluded, of_declared};
use found::found;

/// Returns the layout of a project.
pub(crate) fn read(project: &Project, files: &ProjectFiles<'_>, setup: &Declared) -> Layout {
    let declared = declared(project, files, setup);
    if !declared.is_empty() {
        return of_declared(files, &declared);
    }
    let root = setup.root.clone().or_else(|| declared_root(files));
    let mut layout = found(project, files, root.as_deref());
    let exclude = excluded(files, setup);
    layout
        .packages
        .retain(|path| !exclude.contains(&folder::file_name(path).to_owned()));
    layout
}
