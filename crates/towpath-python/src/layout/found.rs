//! Where the modules of a project lie when nothing is told: what is found in the usual folders.

use std::collections::BTreeSet;

use crate::files::ProjectFiles;
use crate::folder;
use crate::requirement::normalise_name;
use crate::{Layout, LayoutKind, ManifestKind, Project};

/// Folders beside a manifest that are no packages of it.
const NOT_PACKAGES: &[&str] = &[
    "test",
    "tests",
    "testing",
    "unittests",
    "doc",
    "docs",
    "documentation",
    "example",
    "examples",
    "sample",
    "samples",
    "script",
    "scripts",
    "tool",
    "tools",
    "util",
    "benchmark",
    "benchmarks",
    "bench",
    "build",
    "dist",
    "ci",
    "demo",
    "demos",
    "requirements",
    "assets",
    "data",
    "fixtures",
    "templates",
    "static",
    "migrations",
    "notebooks",
    "tasks",
    "node_modules",
    "vendor",
    "etc",
    "perf",
    "performance",
    "asv_bench",
    "bin",
    "htmlcov",
    "extras",
    "changelog",
    "changes",
    "newsfragments",
    "release",
    "third_party",
    "debian",
    "images",
    "licenses",
];
/// Modules beside a manifest that are no modules of it.
const NOT_MODULES: &[&str] = &[
    "setup.py",
    "conftest.py",
    "noxfile.py",
    "tasks.py",
    "fabfile.py",
    "conf.py",
    "versioneer.py",
    "ez_setup.py",
    "runtests.py",
    "run_tests.py",
    "tests.py",
    "test.py",
    "docs.py",
    "dodo.py",
    "bootstrap.py",
    "release.py",
    "hatch_build.py",
    "build.py",
    "distribute_setup.py",
    "sitecustomize.py",
    "_setup.py",
    "setupbase.py",
    "pavement.py",
    "toxfile.py",
    "pypi.py",
    "profiler.py",
];

/// Looks for packages in the folder that is told, in `src`, `lib` and beside the manifest.
pub(super) fn found(project: &Project, files: &ProjectFiles<'_>, told: Option<&str>) -> Layout {
    if let Some(root) = told {
        let layout = in_folder(project, files, root);
        if layout.kind != LayoutKind::None {
            return layout;
        }
    }
    for root in ["src", "lib", "source"] {
        if !files.has(&format!("{root}/__init__.py")) {
            let layout = in_folder(project, files, root);
            // `lib` and `source` are also names of other things: only packages count there.
            let has_package = layout
                .packages
                .iter()
                .any(|path| !folder::has_suffix(path, "py"));
            if layout.kind != LayoutKind::None
                && (root == "src" || (has_package && !layout.namespace))
            {
                return layout;
            }
        }
    }
    in_folder(project, files, "")
}

fn in_folder(project: &Project, files: &ProjectFiles<'_>, root: &str) -> Layout {
    let names = Names::of(project, files, root);
    let is_application = matches!(
        project.manifest.kind,
        ManifestKind::Sources | ManifestKind::Requirements | ManifestKind::Pipfile
    ) || !project.is_package;
    let (mut packages, mut namespace) = (names.packages.clone(), false);
    if packages.is_empty() || names.has_own_namespace {
        let own = names
            .namespaces
            .iter()
            .filter(|name| !root.is_empty() || is_application || names.is_own(name));
        let own: Vec<String> = own.cloned().collect();
        namespace = !own.is_empty();
        packages.extend(own);
    }
    let mut kind = if root.is_empty() {
        LayoutKind::Flat
    } else {
        LayoutKind::Src
    };
    if packages.is_empty()
        || !root.is_empty()
        || names
            .modules
            .iter()
            .any(|module| names.is_own(module.trim_end_matches(".py")))
    {
        if packages.is_empty() && root.is_empty() {
            kind = LayoutKind::Modules;
        }
        packages.extend(names.modules.iter().cloned());
    }
    if packages.is_empty() {
        return Layout {
            kind: LayoutKind::None,
            import_roots: Vec::new(),
            packages: Vec::new(),
            namespace: false,
        };
    }
    let root = files.path(root);
    let packages = packages
        .iter()
        .map(|name| folder::join(&root, name))
        .collect();
    Layout {
        kind,
        import_roots: vec![root],
        packages,
        namespace,
    }
}

/// What lies directly in one folder of a project.
struct Names {
    packages: BTreeSet<String>,
    namespaces: BTreeSet<String>,
    modules: BTreeSet<String>,
    own: Vec<String>,
    has_own_namespace: bool,
}

impl Names {
    fn of(project: &Project, files: &ProjectFiles<'_>, root: &str) -> Self {
        let own = project.name.as_deref().map(own_names).unwrap_or_default();
        let mut names = Self {
            packages: BTreeSet::new(),
            namespaces: BTreeSet::new(),
            modules: BTreeSet::new(),
            own,
            has_own_namespace: false,
        };
        for path in files
            .relative_paths()
            .filter_map(|path| folder::below(root, path))
        {
            if !(folder::has_suffix(path, "py")
                || folder::has_suffix(path, "pyx")
                || folder::has_suffix(path, "pyi"))
            {
                continue;
            }
            match path.split_once('/') {
                None => names.add_module(path, root),
                Some((top, rest)) if names.may_be_package(top, root) => {
                    if rest == "__init__.py" || rest == "__init__.pyi" {
                        names.packages.insert(top.to_owned());
                    } else {
                        names.namespaces.insert(top.to_owned());
                    }
                }
                Some(_) => {}
            }
        }
        let packages = names.packages.clone();
        names.namespaces.retain(|name| !packages.contains(name));
        names.has_own_namespace = names.namespaces.iter().any(|name| names.is_own(name));
        names
    }

    fn add_module(&mut self, name: &str, root: &str) {
        let is_script = root.is_empty()
            && (NOT_MODULES.contains(&name)
                || name.starts_with("test_")
                || name.ends_with("_test.py"));
        if folder::has_suffix(name, "py") && !is_script && name != "__init__.py" {
            self.modules.insert(name.to_owned());
        }
    }

    fn may_be_package(&self, name: &str, root: &str) -> bool {
        let is_identifier = !name.contains(['.', '-', ' '])
            && !name.starts_with(|first: char| first.is_ascii_digit());
        let is_named_so = self.is_own(name);
        is_identifier
            && (is_named_so
                || if root.is_empty() {
                    !NOT_PACKAGES.contains(&name)
                } else {
                    !matches!(name, "test" | "tests" | "__pycache__")
                })
    }

    fn is_own(&self, name: &str) -> bool {
        self.own.contains(&normalise_name(name))
    }
}

/// The names that a project's package may have: `a-b`, and `a` of `a.b`.
fn own_names(name: &str) -> Vec<String> {
    let mut names = vec![normalise_name(name)];
    for prefix in ["python-", "py-", "py"] {
        names.extend(
            names
                .first()
                .and_then(|name| name.strip_prefix(prefix))
                .map(str::to_owned),
        );
    }
    for suffix in ["-python", "-py"] {
        names.extend(
            names
                .first()
                .and_then(|name| name.strip_suffix(suffix))
                .map(str::to_owned),
        );
    }
    names.extend(name.split_once('.').map(|(first, _)| normalise_name(first)));
    names.extend(
        name.split_once(['-', '_'])
            .map(|(first, _)| normalise_name(first)),
    );
    names
}
