//! What is known about one Python project: plain values, read from its files.
//!
//! Every path is relative to the repository, with `/` between folders. The readers are in
//! `manifests` and beside this file; what is *done* with a fact is decided elsewhere.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::PythonVersion;

/// One project of a repository.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Project {
    /// Its folder; empty for the repository's root.
    pub root: String,
    /// Its name as written.
    pub name: Option<String>,
    /// Its version.
    pub version: ProjectVersion,
    /// The file that declares it.
    pub manifest: Manifest,
    /// What builds it; the legacy setuptools backend for a `setup.py` or `setup.cfg` alone.
    pub build_system: Option<BuildSystem>,
    /// Whether it can be built into an sdist and a wheel.
    pub is_package: bool,
    /// Where its modules lie.
    pub layout: Layout,
    /// Whether its wheel is compiled: C, C++, Cython or Rust sources of its own.
    pub has_native_sources: bool,
    /// The Pythons it admits, as PEP 440 specifiers (poetry's own constraints are translated).
    pub requires_python: Option<String>,
    /// `Programming Language :: Python :: X.Y` of its classifiers, ascending.
    pub classifier_pythons: Vec<PythonVersion>,
    /// What it needs at run time, as PEP 508.
    pub dependencies: Vec<String>,
    /// Its extras, by name as written; PEP 508.
    pub extras: BTreeMap<String, Vec<String>>,
    /// Its dependency groups, whichever tool they are written for, with included groups resolved:
    /// PEP 735, poetry, pdm, `tool.uv.dev-dependencies` (as `dev`), pipenv (as `dev-packages`),
    /// setuptools' `tests_require` and `setup_requires`. PEP 508.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Groups of the uv workspace's root, for a member; installed in the workspace, not declared here.
    pub inherited_groups: BTreeMap<String, Vec<String>>,
    /// The names of `groups` that are installed unless told otherwise.
    pub default_groups: Vec<String>,
    /// Dependencies of hatch's environments, features not included.
    pub hatch_environments: BTreeMap<String, Vec<String>>,
    /// Files of requirements, wherever they lie.
    pub requirements_files: Vec<RequirementsFile>,
    /// Its lock.
    pub lock: Option<Lock>,
    /// What is locked: normalised names and their versions, from the lock, else from compiled
    /// requirements files.
    pub locked: BTreeMap<String, Vec<String>>,
    /// Roots of other projects of the repository that this one needs.
    pub path_dependencies: Vec<String>,
    /// Its tests; absent where it has none.
    pub tests: Option<TestSuite>,
    /// Its documentation; absent where it has none that a tool builds.
    pub docs: Option<Docs>,
    /// The tools that are configured for it.
    pub tools: Vec<ToolConfigured>,
    /// How coverage.py is configured.
    pub coverage: CoverageSettings,
    /// Names of its entry points, as `group:name`.
    pub entry_points: Vec<String>,
    /// Files outside the manifest that its metadata is read from: readme, licence, a module with
    /// `__version__`, `version.txt`.
    pub version_files: Vec<String>,
}

/// The version of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProjectVersion {
    /// Written in a file, and known.
    Static(String),
    /// Found while building; says how: `hatch-vcs`, `attr: pkg.__version__`.
    Dynamic(String),
    /// There is none.
    Absent,
}

/// The kind of file that declares a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManifestKind {
    /// `pyproject.toml` with `[project]`, or with a build system whose backend keeps its own table.
    Pyproject,
    /// `pyproject.toml` with `[tool.poetry]` and no `[project]`.
    Poetry,
    /// `setup.cfg` with `[metadata]`.
    SetupCfg,
    /// `setup.py`.
    SetupPy,
    /// `Pipfile`.
    Pipfile,
    /// Requirements files alone.
    Requirements,
    /// Python files without any manifest.
    Sources,
}

/// The file that declares a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Its kind.
    pub kind: ManifestKind,
    /// Its path; the folder for [`ManifestKind::Sources`].
    pub path: String,
}

/// The build system of PEP 517.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildSystem {
    /// What building needs, as PEP 508.
    pub requires: Vec<String>,
    /// The object that builds, such as `hatchling.build`.
    pub backend: String,
    /// Folders of the project that are searched for the backend first.
    pub backend_path: Vec<String>,
}

/// How the modules of a project lie in its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayoutKind {
    /// Packages or modules under `src` or another folder that is no package.
    Src,
    /// Packages beside the manifest.
    Flat,
    /// Single modules beside the manifest.
    Modules,
    /// No module to import was found.
    None,
}

/// Where the modules of a project lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// Its kind.
    pub kind: LayoutKind,
    /// Folders that stand on `sys.path` when the project is installed for editing; the repository's
    /// root is the empty string.
    pub import_roots: Vec<String>,
    /// The top-level packages (folders) and modules (`.py` files).
    pub packages: Vec<String>,
    /// Whether a top-level package is a namespace: a folder of modules without `__init__.py`.
    pub namespace: bool,
}

/// What a file of requirements is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Running the project.
    Runtime,
    /// Working on it, with all tools.
    Development,
    /// Testing it.
    Tests,
    /// Linting and formatting it.
    Lint,
    /// Checking its types.
    Types,
    /// Building its documentation.
    Docs,
    /// Anything else: building, deploying, benchmarks.
    Other,
}

/// One file of requirements in pip's format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequirementsFile {
    /// Its path.
    pub path: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Whether its requirements carry hashes, which pip then enforces.
    pub hashed: bool,
    /// The file that it was compiled from by pip-tools or uv.
    pub compiled_from: Option<String>,
    /// The one Python that it was compiled for, as its header says.
    pub compiled_for: Option<PythonVersion>,
    /// Its requirements as PEP 508, those of files it includes by `-r` among them. Lines that are
    /// no PEP 508 (paths, URLs without a name, editable installs) are left out.
    pub requirements: Vec<String>,
    /// Paths of the files that it includes by `-r`, whether they exist or not.
    pub includes: Vec<String>,
    /// Extras of the project itself that it asks for: `test` of a line `-e .[test]`.
    pub own_extras: Vec<String>,
}

/// The tool that wrote a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockKind {
    /// `uv.lock`
    Uv,
    /// `poetry.lock`
    Poetry,
    /// `pdm.lock`
    Pdm,
    /// `Pipfile.lock`
    Pipfile,
}

/// The lock of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// The tool that wrote it.
    pub kind: LockKind,
    /// Its path; the workspace's for a member.
    pub path: String,
}

/// What runs the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestRunner {
    /// pytest
    Pytest,
    /// The standard library's unittest.
    Unittest,
    /// nose, which crashes on today's Pythons.
    Nose,
    /// Django's own, which `manage.py test` starts.
    Django,
}

/// A Django project: what `manage.py` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DjangoProject {
    /// The folder of `manage.py`.
    pub folder: String,
    /// The module of its settings.
    pub settings: String,
}

/// The tests of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestSuite {
    /// What runs them.
    pub runner: TestRunner,
    /// Folders and files that hold them: as configured, else as found.
    pub paths: Vec<String>,
    /// Whether they are part of the package and so are installed with it.
    pub inside_package: bool,
    /// Folders of integration tests; empty where they are marked or absent.
    pub integration: Vec<String>,
    /// Whether a marker `integration` is declared.
    pub integration_marker: bool,
    /// The file that configures the runner.
    pub config: Option<String>,
    /// Whether `paths` are the project's own setting (`testpaths`) rather than found.
    pub paths_configured: bool,
    /// Options that the configuration adds to each run, as written, split by the shell's rules.
    pub add_options: Vec<String>,
    /// The Django project that the tests belong to, where Django's own runner runs them.
    pub django: Option<DjangoProject>,
    /// How this was found, for the reader of a report.
    pub reason: String,
}

/// What builds the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocsTool {
    /// sphinx
    Sphinx,
    /// mkdocs
    Mkdocs,
}

/// The documentation of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Docs {
    /// What builds it.
    pub tool: DocsTool,
    /// The folder of its sources.
    pub folder: String,
    /// Its configuration: `docs/conf.py`, `mkdocs.yml`.
    pub config: String,
    /// The file of requirements that building it needs.
    pub requirements: Option<String>,
}

/// A tool with a configuration in the project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ToolConfigured {
    /// The tool: `ruff`, `mypy`, `flake8`.
    pub tool: String,
    /// The file that holds the configuration.
    pub file: String,
    /// The table or section in it; empty for a file of the tool's own.
    pub table: String,
}

/// How coverage.py is configured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CoverageSettings {
    /// The file that holds the configuration.
    pub config_file: Option<String>,
    /// Whether branches are measured.
    pub branch: bool,
    /// The total below which the project wants to fail, in percent.
    pub fail_under: Option<f64>,
    /// To how many decimal places totals are rounded.
    pub precision: u8,
    /// Packages or folders that are measured, as written.
    pub source: Vec<String>,
    /// Concurrency libraries, as written.
    pub concurrency: Vec<String>,
    /// Plugins of coverage.py.
    pub plugins: Vec<String>,
    /// Whether `dynamic_context` is set, which `sys.monitoring` cannot serve.
    pub dynamic_context: bool,
    /// Whether data files are named by process.
    pub parallel: bool,
}

impl Project {
    /// Returns a project of which nothing but folder and manifest is known.
    pub fn new(root: &str, manifest: Manifest) -> Self {
        Self {
            root: root.to_owned(),
            name: None,
            version: ProjectVersion::Absent,
            manifest,
            build_system: None,
            is_package: false,
            layout: Layout {
                kind: LayoutKind::None,
                import_roots: Vec::new(),
                packages: Vec::new(),
                namespace: false,
            },
            has_native_sources: false,
            requires_python: None,
            classifier_pythons: Vec::new(),
            dependencies: Vec::new(),
            extras: BTreeMap::new(),
            groups: BTreeMap::new(),
            inherited_groups: BTreeMap::new(),
            default_groups: Vec::new(),
            hatch_environments: BTreeMap::new(),
            requirements_files: Vec::new(),
            lock: None,
            locked: BTreeMap::new(),
            path_dependencies: Vec::new(),
            tests: None,
            docs: None,
            tools: Vec::new(),
            coverage: CoverageSettings::default(),
            entry_points: Vec::new(),
            version_files: Vec::new(),
        }
    }

    /// Returns the path of a file of the project, relative to the repository.
    pub fn path(&self, relative: &str) -> String {
        crate::folder::join(&self.root, relative)
    }

    /// Returns the name to show: its own, else its folder's, else `project`.
    pub fn display_name(&self) -> &str {
        let folder = self.root.rsplit('/').next().filter(|name| !name.is_empty());
        self.name.as_deref().or(folder).unwrap_or("project")
    }

    /// Returns where a tool is configured, if it is.
    pub fn tool(&self, name: &str) -> Option<&ToolConfigured> {
        self.tools.iter().find(|configured| configured.tool == name)
    }
}
