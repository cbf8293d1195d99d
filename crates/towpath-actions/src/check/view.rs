//! How a job sees the tree and its environment: in place of the originals under namespaces, else as a
//! copy of its own, with the project's layers on `PYTHONPATH` and `PATH`.

use std::io;
use std::path::{Path, PathBuf};

use towpath_host::sandbox::Level;
use towpath_report::Problem;
use towpath_standard::{ToolWork, TreeUse};

use super::environment::Prepared;
use super::session::Session;
use super::{Subject, Variables};

/// Where a job finds things.
pub(crate) struct View {
    /// The repository as the job sees it.
    pub(crate) root: PathBuf,
    /// Variables that make up for what cannot be mounted.
    pub(crate) variables: Variables,
}

impl Session<'_> {
    /// Returns how a job sees things; copies the tree to `copy` where nothing can be mounted.
    pub(crate) fn view(
        &self,
        subject: &Subject<'_>,
        work: &ToolWork,
        prepared: &Prepared<'_>,
        copy: &Path,
    ) -> Result<View, Problem> {
        if self.level == Level::Namespaces {
            return Ok(View {
                root: self.root().to_owned(),
                variables: Variables::new(),
            });
        }
        if work.tree == TreeUse::InPlace {
            return Ok(View {
                root: self.root().to_owned(),
                variables: paths(subject, prepared, self.root()),
            });
        }
        let make = || -> io::Result<()> {
            for layer in prepared.over_tree.iter().rev() {
                copy_below(layer, copy)?;
            }
            if work.tree == TreeUse::WithoutSources {
                for package in &subject.facts.project.layout.packages {
                    remove(&copy.join(package))?;
                }
            }
            Ok(())
        };
        copy_below(self.clean_tree()?, copy)
            .and_then(|()| make())
            .map_err(|error| {
                Problem::error(format!("cannot copy the project for a job: {error}"))
                    .with_hint("free space, or set `TOWPATH_CACHE_DIR` to a folder on another disk")
            })?;
        Ok(View {
            root: copy.to_owned(),
            variables: paths(subject, prepared, copy),
        })
    }
}

/// The layers, which cannot be laid over the environment, are put before it.
fn paths(subject: &Subject<'_>, prepared: &Prepared<'_>, root: &Path) -> Variables {
    let environment = &prepared.environment;
    let mut modules: Vec<PathBuf> = Vec::new();
    let mut programs: Vec<PathBuf> = Vec::new();
    if let Ok(site_packages) = environment.site_packages.strip_prefix(&environment.folder) {
        modules.extend(
            prepared
                .over_environment
                .iter()
                .map(|layer| layer.join(site_packages)),
        );
    }
    if !prepared.resolved.layer_key.is_empty() {
        modules.extend(
            subject
                .facts
                .project
                .layout
                .import_roots
                .iter()
                .map(|folder| root.join(folder)),
        );
    }
    for member in &prepared.resolved.members {
        let project = subject
            .facts
            .projects
            .iter()
            .find(|project| project.root == member.root);
        let roots = project
            .into_iter()
            .flat_map(|project| &project.layout.import_roots);
        modules.extend(roots.map(|folder| root.join(folder)));
    }
    programs.extend(
        prepared
            .over_environment
            .iter()
            .map(|layer| layer.join("bin")),
    );
    programs.push(environment.bin.clone());
    let joined = |paths: &[PathBuf]| {
        paths
            .iter()
            .map(|path| path.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(":")
    };
    let mut variables = Variables::from([
        (
            "PATH".to_owned(),
            format!("{}:/usr/local/bin:/usr/bin:/bin", joined(&programs)),
        ),
        // The environment is shared and not protected here, so nothing may be compiled into it.
        ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
    ]);
    if !modules.is_empty() {
        variables.insert("PYTHONPATH".to_owned(), joined(&modules));
    }
    variables
}

fn copy_below(source: &Path, target: &Path) -> io::Result<()> {
    fs_err::create_dir_all(target)?;
    for entry in fs_err::read_dir(source)? {
        let entry = entry?;
        let (kind, to) = (entry.file_type()?, target.join(entry.file_name()));
        if kind.is_dir() {
            copy_below(&entry.path(), &to)?;
        } else if kind.is_symlink() {
            remove(&to)?;
            fs_err::os::unix::fs::symlink(fs_err::read_link(entry.path())?, to)?;
        } else if kind.is_file() {
            remove(&to)?;
            fs_err::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs_err::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs_err::remove_dir_all(path),
        Ok(_) => fs_err::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_copies_win_and_links_stay_links() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (below, above, copy) = (
            folder.path().join("below"),
            folder.path().join("above"),
            folder.path().join("copy"),
        );
        for (layer, text) in [(&below, "old"), (&above, "new")] {
            fs_err::create_dir_all(layer.join("pkg")).expect("a folder");
            fs_err::write(layer.join("pkg/a.py"), text).expect("a file");
        }
        fs_err::os::unix::fs::symlink("pkg", below.join("link")).expect("a link");
        copy_below(&below, &copy).expect("the lower layer is copied");
        copy_below(&above, &copy).expect("the upper layer is copied");
        assert_eq!(
            fs_err::read_to_string(copy.join("pkg/a.py")).expect("it is there"),
            "new"
        );
        assert_eq!(
            fs_err::read_link(copy.join("link")).expect("it is a link"),
            Path::new("pkg")
        );
    }
}
