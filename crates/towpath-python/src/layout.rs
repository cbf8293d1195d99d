//! Where the modules of a project lie: as its build backend is told, else as they are found.

use std::collections::BTreeSet;

use toml::Value;

use crate::files::{ProjectFiles, strings};
use crate::folder;
use crate::manifests::{flit, pep621::text};
use crate::requirement::{append, normalise_name};
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

/// What `setup.py` says of the layout, where it says it literally.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    /// Folder of the root package (`package_dir={"": "src"}`).
    pub(crate) root: Option<String>,
    /// Top-level packages and their folders, relative to the project.
    pub(crate) packages: Vec<(String, String)>,
    /// Single modules.
    pub(crate) modules: Vec<String>,
    /// Patterns of names of packages that are left out.
    pub(crate) exclude: Vec<String>,
}

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

/// Names that the search of setuptools leaves out; patterns that only name parts of packages stay.
fn excluded(files: &ProjectFiles<'_>, setup: &Declared) -> Vec<String> {
    let find = files.table(&["tool", "setuptools", "packages", "find"]);
    let mut patterns = strings(find.and_then(|table| table.get("exclude")));
    patterns.extend(
        files
            .setup_cfg
            .as_ref()
            .map(|ini| ini.list("options.packages.find", "exclude"))
            .unwrap_or_default(),
    );
    patterns.extend(setup.exclude.iter().cloned());
    patterns
        .iter()
        .map(|pattern| pattern.trim_end_matches(['*', '.']).to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Whether an entry of poetry's `packages` is for the wheel; tests are often for the sdist alone.
fn is_in_wheel(include: &Value) -> bool {
    match include.get("format") {
        None => true,
        Some(Value::Array(formats)) => formats.iter().any(|one| one.as_str() == Some("wheel")),
        Some(format) => format.as_str() == Some("wheel"),
    }
}

/// Paths of packages and modules, relative to the project, that the manifest names.
fn declared(project: &Project, files: &ProjectFiles<'_>, setup: &Declared) -> Vec<String> {
    let mut paths = Vec::new();
    if let Some(poetry) = files.table(&["tool", "poetry"]) {
        for include in poetry
            .get("packages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter(|include| is_in_wheel(include))
        {
            let from = include
                .get("from")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let include = include
                .get("include")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let include = include.split("/*").next().unwrap_or_default();
            if let Some(path) = folder::resolve(from, include) {
                paths.push(path);
            }
        }
    }
    if let Some(wheel) = files.table(&["tool", "hatch", "build", "targets", "wheel"]) {
        append(&mut paths, strings(wheel.get("packages")));
    }
    if let Some(backend) = files.table(&["tool", "uv", "build-backend"]) {
        let root = text(backend, "module-root").unwrap_or_else(|| "src".to_owned());
        let names = strings(backend.get("module-name"));
        let default = project
            .name
            .as_deref()
            .map(|name| name.replace(['-', '.'], "_").to_lowercase());
        let names = if names.is_empty() {
            default.into_iter().collect()
        } else {
            names
        };
        append(
            &mut paths,
            names
                .iter()
                .map(|name| folder::join(&root, &name.replace('.', "/"))),
        );
    }
    if project
        .build_system
        .as_ref()
        .is_some_and(|build| build.backend.starts_with("flit"))
    {
        let module = flit::module_name(project, files);
        append(
            &mut paths,
            ["src/", ""].map(|root| format!("{root}{module}")),
        );
    }
    append(&mut paths, setup_packages(files, setup));
    let mut existing: Vec<String> = Vec::new();
    for path in paths {
        let path = path.trim_matches('/').trim_start_matches("./").to_owned();
        if let Some(path) = existing_module(files, &path) {
            append(&mut existing, [path]);
        }
    }
    existing
}

/// The packages and modules of setuptools' own settings.
fn setup_packages(files: &ProjectFiles<'_>, setup: &Declared) -> Vec<String> {
    let root = setup
        .root
        .clone()
        .or_else(|| declared_root(files))
        .unwrap_or_default();
    let table = files.table(&["tool", "setuptools"]);
    let ini = files.setup_cfg.as_ref();
    let mut names = strings(table.and_then(|table| table.get("packages")));
    names.extend(
        ini.map(|ini| ini.list("options", "packages"))
            .unwrap_or_default(),
    );
    let mut modules = strings(table.and_then(|table| table.get("py-modules")));
    modules.extend(
        ini.map(|ini| ini.list("options", "py_modules"))
            .unwrap_or_default(),
    );
    modules.extend(setup.modules.iter().cloned());
    let names = names
        .into_iter()
        .filter(|name| !name.starts_with("find"))
        .filter(|name| !name.contains('.'));
    let packages = names.map(|name| folder::join(&root, &name));
    let declared = setup.packages.iter().map(|(_, path)| path.clone());
    packages
        .chain(declared)
        .chain(
            modules
                .iter()
                .map(|name| folder::join(&root, &name.replace('.', "/"))),
        )
        .collect()
}

/// The folder that setuptools, pdm or maturin take packages from.
fn declared_root(files: &ProjectFiles<'_>) -> Option<String> {
    let setuptools = files
        .table(&["tool", "setuptools", "package-dir"])
        .and_then(|table| text(table, ""));
    let find = files.table(&["tool", "setuptools", "packages", "find"]);
    let found = find.and_then(|table| strings(table.get("where")).into_iter().next());
    let pdm = files
        .table(&["tool", "pdm", "build"])
        .and_then(|table| text(table, "package-dir"));
    let maturin = files
        .table(&["tool", "maturin"])
        .and_then(|table| text(table, "python-source"));
    let ini = files.setup_cfg.as_ref();
    let cfg = ini
        .map(|ini| ini.list("options", "package_dir"))
        .unwrap_or_default();
    let cfg = cfg
        .iter()
        .find_map(|line| line.strip_prefix('=').map(|root| root.trim().to_owned()));
    let cfg_where = ini
        .and_then(|ini| ini.get("options.packages.find", "where"))
        .map(|root| root.trim().to_owned());
    let root = setuptools
        .or(found)
        .or(pdm)
        .or(maturin)
        .or(cfg)
        .or(cfg_where)?;
    let root = root.trim_matches('/').trim_start_matches("./").to_owned();
    (root != "." && !root.is_empty()).then_some(root)
}

/// The package folder or module file of a path without suffix, if there is one.
fn existing_module(files: &ProjectFiles<'_>, path: &str) -> Option<String> {
    if path.is_empty() {
        return None;
    }
    let module = format!("{path}.py");
    if files.has(path) && folder::has_suffix(path, "py") {
        return Some(path.to_owned());
    }
    if files.has_folder(path) {
        return Some(path.to_owned());
    }
    files.has(&module).then_some(module)
}

fn of_declared(files: &ProjectFiles<'_>, paths: &[String]) -> Layout {
    let mut roots = Vec::new();
    append(
        &mut roots,
        paths.iter().map(|path| files.path(folder::parent(path))),
    );
    let is_module = |path: &String| folder::has_suffix(path, "py");
    let kind = if roots.iter().any(|root| root.as_str() != files.root) {
        LayoutKind::Src
    } else if paths.iter().all(is_module) {
        LayoutKind::Modules
    } else {
        LayoutKind::Flat
    };
    let namespace = paths
        .iter()
        .any(|path| !is_module(path) && !files.has(&format!("{path}/__init__.py")));
    Layout {
        kind,
        import_roots: roots,
        packages: paths.iter().map(|path| files.path(path)).collect(),
        namespace,
    }
}

/// Looks for packages in the folder that is told, in `src`, `lib` and beside the manifest.
fn found(project: &Project, files: &ProjectFiles<'_>, told: Option<&str>) -> Layout {
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
