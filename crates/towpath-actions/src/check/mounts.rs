//! The sandbox of a job: what it sees of the machine besides the system, and where.

use std::path::{Path, PathBuf};

use towpath_host::sandbox::{JobSandbox, Level, Mount, most_processes};
use towpath_report::Problem;
use towpath_standard::{ToolWork, TreeUse};

use super::Subject;
use super::folders::Folders;
use super::prepared::Prepared;
use super::session::Session;
use super::view::View;

/// The home of a job.
pub(crate) const HOME: &str = "/home/towpath";

impl Session<'_> {
    pub(super) fn sandbox(
        &self,
        subject: &Subject<'_>,
        work: &ToolWork,
        prepared: &Prepared<'_>,
        folders: &Folders,
        view: &View,
        network: bool,
    ) -> Result<JobSandbox, Problem> {
        let root = view.root.clone();
        let scratch = folders.scratch.path();
        let interpreter = &prepared.resolved.interpreter.prefix;
        let mut mounts = Vec::new();
        if !is_system(interpreter) {
            mounts.push(read_only(interpreter));
        }
        if work.tree == TreeUse::InPlace || self.level != Level::Namespaces {
            mounts.push(writable(&root));
        }
        if self.level == Level::Namespaces {
            mounts.extend(self.overlays(subject, work, prepared, scratch, &root)?);
        } else {
            mounts.push(writable(&view.environment));
            mounts.extend(self.version_control.iter().map(|folder| read_only(folder)));
        }
        mounts.extend(self.rust_mounts(work, scratch).map_err(|error| {
            Problem::error(format!("cannot prepare the folders of a build: {error}"))
                .with_hint("free space, or set `TOWPATH_CACHE_DIR` to a writable folder")
        })?);
        // What a project's own code leaves in a cache would be read by the next run.
        let cache = uses_cache(work).then_some(&folders.cache);
        let own = [&folders.out].into_iter().chain(cache);
        mounts.extend(own.map(|folder| writable(folder)));
        Ok(JobSandbox {
            level: self.level,
            mounts,
            network,
            processes: most_processes(),
            home: PathBuf::from(HOME),
            observe: if work.inputs.observed {
                self.observed(root)
            } else {
                Vec::new()
            },
            observe_folders: Vec::new(),
            scratch: scratch.join("sandbox"),
        })
    }

    /// Returns the folders in which opened files count: the tree, and what version control keeps elsewhere,
    /// as for linked working trees.
    fn observed(&self, root: PathBuf) -> Vec<PathBuf> {
        let elsewhere = self.version_control.iter();
        let elsewhere = elsewhere.filter(|folder| !folder.starts_with(self.root()));
        std::iter::once(root).chain(elsewhere.cloned()).collect()
    }

    /// Returns the environment and the tree as namespaces show them, in the place of the originals.
    fn overlays(
        &self,
        subject: &Subject<'_>,
        work: &ToolWork,
        prepared: &Prepared<'_>,
        scratch: &Path,
        root: &Path,
    ) -> Result<Vec<Mount>, Problem> {
        let mut mounts = vec![Mount::Overlay {
            lower: prepared.layers(),
            upper: scratch.join("environment"),
            work: scratch.join("environment-work"),
            target: prepared.environment.folder.clone(),
        }];
        match work.tree {
            TreeUse::InPlace => {}
            TreeUse::ReadOnly => mounts.push(Mount::ReadOnly {
                source: self.clean_tree()?.to_owned(),
                target: root.to_owned(),
            }),
            TreeUse::Private | TreeUse::WithoutSources => {
                mounts.push(Mount::Overlay {
                    lower: self.tree_layers(prepared)?,
                    upper: scratch.join("tree"),
                    work: scratch.join("tree-work"),
                    target: root.to_owned(),
                });
                if work.tree == TreeUse::WithoutSources {
                    let packages = &subject.facts.project.layout.packages;
                    mounts.extend(hidden_sources(packages, root));
                }
                mounts.extend(self.version_control.iter().map(|folder| read_only(folder)));
            }
        }
        Ok(mounts)
    }

    /// Returns the folders that make up the tree as jobs see it, the first wins.
    fn tree_layers(&self, prepared: &Prepared<'_>) -> Result<Vec<PathBuf>, Problem> {
        let bytecode = self.state.join("bytecode");
        fs_err::create_dir_all(&bytecode).map_err(|error| {
            Problem::error(error.to_string())
                .with_hint("set `TOWPATH_STATE_DIR` to a writable folder")
        })?;
        let mut layers = prepared.over_tree.clone();
        layers.extend([bytecode, self.clean_tree()?.to_owned()]);
        Ok(layers)
    }
}

/// A folder of the host at its own path, to be read.
fn read_only(folder: &Path) -> Mount {
    Mount::ReadOnly {
        source: folder.to_owned(),
        target: folder.to_owned(),
    }
}

/// A folder of the host at its own path, to be written.
fn writable(folder: &Path) -> Mount {
    Mount::Writable {
        source: folder.to_owned(),
        target: folder.to_owned(),
    }
}

/// Empty folders in the place of the project's importable packages, and nothing in that of its modules.
fn hidden_sources(packages: &[String], root: &Path) -> Vec<Mount> {
    packages
        .iter()
        .map(|package| {
            let target = root.join(package);
            if package.ends_with(".py") {
                Mount::Hidden { target }
            } else {
                Mount::Tmp { target }
            }
        })
        .collect()
}

fn is_system(prefix: &Path) -> bool {
    ["/usr", "/opt", "/bin", "/lib"]
        .iter()
        .any(|folder| prefix.starts_with(folder))
}

/// Returns whether a command names the tool's own cache, which outlives the job.
fn uses_cache(work: &ToolWork) -> bool {
    let names_it = |text: &String| text.contains("{cache}");
    work.commands.iter().any(|command| {
        command.arguments.iter().any(names_it) || command.environment.values().any(names_it)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_source_of_the_project_can_be_imported_beside_its_wheel() {
        let packages = ["src/package", "module.py"].map(str::to_owned);
        let hidden = hidden_sources(&packages, Path::new("/work"));
        let target = |path: &str| PathBuf::from(path);
        assert_eq!(
            hidden,
            [
                Mount::Tmp {
                    target: target("/work/src/package")
                },
                Mount::Hidden {
                    target: target("/work/module.py")
                },
            ]
        );
    }
}
