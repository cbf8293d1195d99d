//! Environments made by the real uv from the configured index, for interpreters of this machine.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use towpath_host::{SnapshotOptions, Store, Tree, snapshot};
use towpath_python::environments::{
    self, EditableBuild, EditableContext, EditableLayer, EditableRequest, EditableStep, FailureKind,
};
use towpath_python::{
    Environment, Interpreter, LockKind, LockedInstall, Machine, Project, Requirements, Resolution,
    Uv, find_interpreters, find_uv, read_projects,
};

const DATE: &str = "2026-01-02";

/// A machine with an empty cache, and the user's own index settings and uv cache.
struct Context {
    environment: BTreeMap<String, String>,
    folder: TempDir,
}

impl Context {
    #[expect(
        clippy::disallowed_methods,
        reason = "the index is configured in the real environment"
    )]
    fn new() -> Self {
        Self {
            environment: std::env::vars().collect(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn machine(&self) -> Machine<'_> {
        Machine {
            environment: &self.environment,
            home: self.environment.get("HOME").map(Path::new),
            cache: self.folder.path(),
            offline: false,
        }
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.path().join("store")).unwrap()
    }

    /// The newest CPython of the machine that common packages have wheels for.
    fn interpreter(&self) -> Interpreter {
        let found = find_interpreters(&self.machine());
        let usable = |one: &&Interpreter| {
            (8..=13).contains(&one.python.minor) && one.implementation == "cpython"
        };
        found
            .iter()
            .rfind(usable)
            .expect("a Python from 3.8 on is installed")
            .clone()
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn resolve(
        &self,
        uv: &Uv,
        requirements: &Requirements,
    ) -> Result<Resolution, environments::Error> {
        let interpreter = self.interpreter();
        environments::resolve(
            uv,
            &self.machine(),
            &interpreter,
            requirements,
            &self.store(),
            DATE,
        )
    }

    fn prepare(&self, uv: &Uv, resolution: &Resolution) -> Environment {
        let interpreter = self.interpreter();
        environments::prepare(uv, &self.machine(), &interpreter, resolution, &mut |_| {}).unwrap()
    }
}

fn run(python: &Path, code: &str) -> String {
    let output = Command::new(python)
        .args(["-I", "-c", code])
        .env_clear()
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A uv that would fail if it were started.
fn no_uv(uv: &Uv) -> Uv {
    Uv {
        program: PathBuf::from("/does/not/exist"),
        version: uv.version.clone(),
    }
}

#[test]
fn finds_the_interpreters_of_this_machine() {
    let context = Context::new();
    let machine = context.machine();
    let found = find_interpreters(&machine);
    assert!(!found.is_empty());
    for interpreter in &found {
        assert!(
            interpreter.path.is_absolute() && interpreter.prefix.is_dir(),
            "{interpreter:?}"
        );
        assert!(
            interpreter
                .version
                .starts_with(&interpreter.python.to_string()),
            "{interpreter:?}"
        );
    }
    assert!(found.is_sorted_by_key(|interpreter| interpreter.python));
    assert_eq!(find_interpreters(&machine), found);
}

#[test]
fn index_makes_an_environment_once() {
    let context = Context::new();
    let uv = find_uv(&context.machine()).unwrap();
    let requirements = Requirements::of(&["iniconfig==2.0.0", "six"]);
    let resolution = context.resolve(&uv, &requirements).unwrap();
    assert_eq!(resolution.packages.len(), 2);
    assert!(
        resolution
            .packages
            .iter()
            .all(|package| !package.sha256.is_empty())
    );
    let environment = context.prepare(&uv, &resolution);
    assert_eq!(environment.version_of("iniconfig"), Some("2.0.0"));
    assert!(environment.bytecode.is_dir());
    run(&environment.python, "import iniconfig, six");

    let again = context.resolve(&no_uv(&uv), &requirements).unwrap();
    assert_eq!(again, resolution);
    assert_eq!(context.prepare(&no_uv(&uv), &again), environment);
}

#[test]
fn index_works_offline_with_what_is_there() {
    let context = Context::new();
    let uv = find_uv(&context.machine()).unwrap();
    let resolution = context
        .resolve(&uv, &Requirements::of(&["iniconfig"]))
        .unwrap();
    let mut machine = context.machine();
    machine.offline = true;
    let interpreter = context.interpreter();
    let resolve = |requirement: &str| {
        let requirements = Requirements::of(&[requirement]);
        let store = context.store();
        environments::resolve(
            &uv,
            &machine,
            &interpreter,
            &requirements,
            &store,
            "2026-01-03",
        )
    };
    assert_eq!(resolve("iniconfig").unwrap(), resolution);
    match resolve("surely-no-package-has-this-name-4711").unwrap_err() {
        environments::Error::Uv { kind, hints, .. } => {
            assert_eq!(
                (kind, hints),
                (
                    FailureKind::Offline,
                    vec!["run once with the network".to_owned()]
                )
            );
        }
        error => panic!("{error:?}"),
    }
}

#[test]
fn index_rebuilds_a_broken_environment() {
    let context = Context::new();
    let uv = find_uv(&context.machine()).unwrap();
    let resolution = context
        .resolve(&uv, &Requirements::of(&["iniconfig"]))
        .unwrap();
    let environment = context.prepare(&uv, &resolution);
    std::fs::remove_dir_all(environment.site_packages.join("iniconfig")).unwrap();
    assert_eq!(
        environments::existing(&context.machine(), &context.interpreter(), &resolution),
        None
    );
    let environment = context.prepare(&uv, &resolution);
    run(&environment.python, "import iniconfig");
}

#[test]
fn index_tells_failures_apart() {
    let context = Context::new();
    let uv = find_uv(&context.machine()).unwrap();
    let kind = |context: &Context, requirement: &str| match context
        .resolve(&uv, &Requirements::of(&[requirement]))
        .unwrap_err()
    {
        environments::Error::Uv { kind, hints, .. } => {
            assert!(!hints.is_empty());
            kind
        }
        error => panic!("{error:?}"),
    };
    assert_eq!(
        kind(&context, "surely-no-package-has-this-name-4711"),
        FailureKind::NotFound
    );
    assert_eq!(kind(&context, "iniconfig==99"), FailureKind::NoSolution);
    let mut nowhere = Context::new();
    for name in ["UV_HTTP_RETRIES", "PIP_RETRIES"] {
        nowhere.environment.insert(name.to_owned(), "0".to_owned());
    }
    nowhere.environment.insert(
        "PIP_INDEX_URL".to_owned(),
        "http://127.0.0.1:9/simple".to_owned(),
    );
    nowhere.environment.remove("UV_DEFAULT_INDEX");
    assert!(
        matches!(kind(&nowhere, "iniconfig"), FailureKind::Unreachable(url) if url.contains("127.0.0.1:9"))
    );
}

#[test]
fn index_takes_what_a_hashed_file_locks() {
    let context = Context::new();
    let uv = find_uv(&context.machine()).unwrap();
    let digest = "b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374";
    let text = format!("iniconfig==2.0.0 --hash=sha256:{digest}\n-e .\n");
    let file = context.write("project/requirements.txt", &text);
    let mut requirements = Requirements::of(&["iniconfig>=1"]);
    requirements.requirement_files = vec![file];
    let resolution = context.resolve(&no_uv(&uv), &requirements).unwrap();
    assert!(resolution.locked);
    assert_eq!(resolution.editables.len(), 1);
    let environment = context.prepare(&uv, &resolution);
    assert_eq!(environment.version_of("iniconfig"), Some("2.0.0"));
    // What is not locked is resolved around it.
    requirements.requirements.push("six".to_owned());
    let resolution = context.resolve(&uv, &requirements).unwrap();
    assert!(!resolution.locked && resolution.packages.len() == 2);
}

#[test]
fn index_installs_a_uv_lock() {
    let context = Context::new();
    let uv = find_uv(&context.machine()).unwrap();
    let manifest = "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.8\"\n\
        dependencies = [\"iniconfig==2.0.0\"]\n[dependency-groups]\ntest = [\"six==1.16.0\"]\n";
    let project = context
        .write("app/pyproject.toml", manifest)
        .parent()
        .unwrap()
        .to_owned();
    let mut lock = Command::new(&uv.program);
    lock.args(["lock", "--quiet", "--python"])
        .arg(context.interpreter().path)
        .current_dir(&project);
    assert!(lock.status().unwrap().success());
    let mut requirements = Requirements::of(&["six"]);
    requirements.locked = Some(LockedInstall {
        kind: LockKind::Uv,
        path: project.join("uv.lock"),
        project,
        roots: Vec::new(),
        groups: vec!["test".to_owned()],
        extras: Vec::new(),
        all_members: false,
    });
    let resolution = context.resolve(&uv, &requirements).unwrap();
    let versions: Vec<_> = resolution
        .packages
        .iter()
        .map(|package| package.version.as_str())
        .collect();
    assert_eq!(
        (versions, resolution.locked),
        (vec!["2.0.0", "1.16.0"], true)
    );
    assert_eq!(
        context.resolve(&no_uv(&uv), &requirements).unwrap(),
        resolution
    );
}

/// A project in a folder, with an environment to install it in.
struct Editable {
    context: Context,
    uv: Uv,
    environment: Environment,
    root: PathBuf,
}

impl Editable {
    fn new(files: &[(&str, &str)]) -> Self {
        let context = Context::new();
        for (path, text) in files {
            context.write(&format!("project/{path}"), text);
        }
        let uv = find_uv(&context.machine()).unwrap();
        let resolution = context
            .resolve(&uv, &Requirements::of(&["iniconfig"]))
            .unwrap();
        let environment = context.prepare(&uv, &resolution);
        let root = context
            .folder
            .path()
            .join("project")
            .canonicalize()
            .unwrap();
        Self {
            context,
            uv,
            environment,
            root,
        }
    }

    fn facts(&self) -> (Tree, Project) {
        let index_file = self.context.folder.path().join("index");
        let tree = snapshot(&SnapshotOptions {
            root: &self.root,
            index_file: &index_file,
            verify: true,
        })
        .unwrap();
        let (mut projects, problems) = read_projects(&tree);
        assert!(problems.is_empty(), "{problems:?}");
        (tree, projects.remove(0))
    }

    /// Installs the project; returns the layer and how many builds it took.
    fn install(&self) -> (EditableLayer, usize) {
        let (tree, project) = self.facts();
        let request = EditableRequest {
            source: &self.root,
            tree: &tree,
            project: &project,
            git: None,
        };
        let (machine, interpreter, store) = (
            self.context.machine(),
            self.context.interpreter(),
            self.context.store(),
        );
        let context = EditableContext {
            uv: &self.uv,
            machine: &machine,
            interpreter: &interpreter,
            environment: &self.environment,
            store: &store,
            date: DATE,
        };
        let mut step = environments::prepare_editable(&context, &request, &mut |_| {}).unwrap();
        for builds in 0..4 {
            match step {
                EditableStep::Ready(layer) => return (layer, builds),
                EditableStep::Build(build) => {
                    run_build(&build);
                    step = environments::finish_editable(
                        &context,
                        &request,
                        &build,
                        None,
                        &mut |_| {},
                    )
                    .unwrap();
                }
            }
        }
        panic!("the build does not come to an end");
    }

    /// Makes an environment that holds both.
    fn merge(&self, layer: &EditableLayer) -> Environment {
        let resolution = self
            .context
            .resolve(&self.uv, &Requirements::of(&["iniconfig"]))
            .unwrap();
        let (machine, interpreter) = (self.context.machine(), self.context.interpreter());
        environments::prepare_merged(
            &self.uv,
            &machine,
            &interpreter,
            &resolution,
            layer,
            &mut |_| {},
        )
        .unwrap()
    }

    /// Runs code with the layer on the path, as an overlay would put it there.
    fn import(&self, layer: &EditableLayer, code: &str) -> String {
        let below = self
            .environment
            .site_packages
            .strip_prefix(&self.environment.folder)
            .unwrap();
        let site = layer.folder.join(below);
        run(
            &self.environment.python,
            &format!("import site; site.addsitedir('{}'); {code}", site.display()),
        )
    }
}

/// Stands for the sandbox, in which callers run these commands.
fn run_build(build: &EditableBuild) {
    for command in &build.commands {
        let (program, arguments) = command.arguments.split_first().unwrap();
        let output = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(&command.environment)
            .current_dir(&command.folder)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

const FLIT: &str = "[build-system]\nrequires = [\"flit_core>=3.2,<4\"]\nbuild-backend = \"flit_core.buildapi\"\n\
    [project]\nname = \"app\"\nversion = \"1.5\"\ndescription = \"d\"\nreadme = \"README.md\"\n\
    [project.scripts]\nMyApp = \"app:main\"\n[tool.ruff]\nline-length = 90\n";

#[test]
fn index_lays_a_project_over_an_environment() {
    let editable = Editable::new(&[
        ("pyproject.toml", FLIT),
        ("README.md", "one"),
        ("src/app/__init__.py", "def main():\n    print('hello')\n"),
    ]);
    let (layer, builds) = editable.install();
    assert_eq!(builds, 1);
    let code = "import app, importlib.metadata as m; print(app.__file__, m.version('app'))";
    let expected = format!(
        "{} 1.5",
        editable.root.join("src/app/__init__.py").display()
    );
    assert_eq!(editable.import(&layer, code), expected);
    let script = std::fs::read_to_string(layer.folder.join("bin/MyApp")).unwrap();
    assert!(
        script.starts_with(&format!("#!{}\n", editable.environment.python.display())),
        "{script}"
    );
    assert_eq!(layer.tree, None);
    let merged = editable.merge(&layer);
    let shown = Command::new(merged.bin.join("MyApp")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&shown.stdout), "hello\n");

    // Text that no test asks for changes nothing; the version does.
    editable.context.write("project/README.md", "two");
    editable.context.write(
        "project/src/app/__init__.py",
        "def main():\n    print('bye')\n",
    );
    editable
        .context
        .write("project/pyproject.toml", &FLIT.replace("90", "100"));
    assert_eq!(editable.install(), (layer.clone(), 0));
    editable
        .context
        .write("project/pyproject.toml", &FLIT.replace("1.5", "1.6"));
    let (next, builds) = editable.install();
    assert!(builds == 1 && next.digest != layer.digest);
    assert!(editable.import(&next, code).ends_with(" 1.6"));
}

#[test]
fn index_builds_a_setup_py_without_a_declared_backend() {
    let setup = "from setuptools import setup, find_packages\n\
        setup(name='old', version='0.3', packages=find_packages(), entry_points={'console_scripts': ['old=old:main']})\n";
    let editable = Editable::new(&[("setup.py", setup), ("old/__init__.py", "x = 1\n")]);
    let (layer, builds) = editable.install();
    assert_eq!(builds, 1);
    assert_eq!(editable.import(&layer, "import old; print(old.x)"), "1");
    assert!(layer.folder.join("bin/old").is_file());
    editable.context.write("project/more/__init__.py", "");
    assert_eq!(
        editable.install().1,
        1,
        "a new package is found by a new build"
    );
}

#[test]
fn index_brings_what_a_backend_asks_for() {
    let backend = "from flit_core.buildapi import *\n\
        def get_requires_for_build_editable(settings=None):\n    return ['six>=1']\n";
    let manifest = FLIT
        .replace("flit_core.buildapi", "backend")
        .replace("[project]\n", "backend-path = [\"tools\"]\n[project]\n");
    let editable = Editable::new(&[
        ("pyproject.toml", &manifest),
        ("README.md", ""),
        ("tools/backend.py", backend),
        ("app.py", "'''d'''\ndef main(): pass\n"),
    ]);
    let (_, builds) = editable.install();
    assert_eq!(builds, 2);
    editable
        .context
        .write("project/tools/backend.py", &format!("{backend}# changed\n"));
    assert_eq!(editable.install().1, 1, "what it asked for is remembered");
}
