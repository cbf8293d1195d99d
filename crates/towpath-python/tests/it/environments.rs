//! Environments made by the real uv from the configured index, for interpreters of this machine.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use towpath_host::Store;
use towpath_python::environments::{self, FailureKind};
use towpath_python::{
    Environment, Interpreter, LockKind, LockedInstall, Machine, Requirements, Resolution, Uv,
    find_interpreters, find_uv,
};

const DATE: &str = "2026-01-02";

/// A machine with an empty cache, and the user's own index settings and uv cache.
pub(crate) struct Context {
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) folder: TempDir,
}

impl Context {
    #[expect(
        clippy::disallowed_methods,
        reason = "the index is configured in the real environment"
    )]
    pub(crate) fn new() -> Self {
        Self {
            environment: std::env::vars().collect(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn machine(&self) -> Machine<'_> {
        Machine {
            environment: &self.environment,
            home: self.environment.get("HOME").map(Path::new),
            cache: self.folder.path(),
            offline: false,
        }
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.folder.path().join("store")).unwrap()
    }

    /// The newest CPython of the machine that common packages have wheels for.
    pub(crate) fn interpreter(&self) -> Interpreter {
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

    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn resolve(
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

    pub(crate) fn prepare(&self, uv: &Uv, resolution: &Resolution) -> Environment {
        let interpreter = self.interpreter();
        environments::prepare(uv, &self.machine(), &interpreter, resolution, &mut |_| {}).unwrap()
    }
}

pub(crate) fn run(python: &Path, code: &str) -> String {
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
