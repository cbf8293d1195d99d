//! Where the modules of a project lie as its build backend is told.

use toml::Value;

use crate::files::{ProjectFiles, strings};
use crate::folder;
use crate::manifests::{flit, pep621::text};
use crate::requirement::append;
use crate::{Layout, LayoutKind, Project};

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

/// Whether an entry of poetry's `packages` is for the wheel; tests are often for the sdist alone.
fn is_in_wheel(include: &Value) -> bool {
    match include.get("format") {
        None => true,
        Some(Value::Array(formats)) => formats.iter().any(|one| one.as_str() == Some("wheel")),
        Some(format) => format.as_str() == Some("wheel"),
    }
}

/// Paths of packages and modules, relative to the project, that the manifest names.
pub(super) fn declared(
    project: &Project,
    files: &ProjectFiles<'_>,
    setup: &Declared,
) -> Vec<String> {
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
pub(super) fn declared_root(files: &ProjectFiles<'_>) -> Option<String> {
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

pub(super) fn of_declared(files: &ProjectFiles<'_>, paths: &[String]) -> Layout {
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

/// Names that the search of setuptools leaves out; patterns that only name parts of packages stay.
pub(super) fn excluded(files: &ProjectFiles<'_>, setup: &Declared) -> Vec<String> {
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
