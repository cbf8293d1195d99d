//! Projects installed for editing over environments of the real uv; the builds run without a sandbox.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;
use towpath_host::{Digest, SnapshotOptions, Tree, snapshot};
use towpath_python::environments::{self, EditableOutput, EditableRequest};
use towpath_python::{Environment, Project, Requirements, Uv, find_uv, read_projects};

use crate::environments::{Context, run};

/// A project in a folder, with an environment to install it in.
struct Installation {
    context: Context,
    uv: Uv,
    environment: Environment,
    root: PathBuf,
}

/// What the driver of the build answers.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    requires: Vec<String>,
    wheel: Option<String>,
    error: Option<String>,
}

impl Installation {
    fn new(files: &[(&str, &str)]) -> Self {
        let context = Context::new();
        for (path, text) in files {
            context.write(&format!("project/{path}"), text);
        }
        let uv = find_uv(&context.machine()).unwrap();
        let requirements = Requirements::of(&["iniconfig"]);
        let resolution = context.resolve(&uv, &requirements).unwrap();
        let environment = context.prepare(&uv, &resolution);
        let project = context.folder.path().join("project");
        Self {
            root: project.canonicalize().unwrap(),
            context,
            uv,
            environment,
        }
    }

    fn write(&self, path: &str, text: &str) {
        self.context.write(&format!("project/{path}"), text);
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

    /// Installs the project; returns its layer and how often it was built.
    fn install(&self) -> (PathBuf, usize) {
        let (tree, project) = self.facts();
        let request = EditableRequest {
            source: &self.root,
            tree: &tree,
            project: &project,
            git: "",
            variables: &BTreeMap::new(),
        };
        let cache = self.context.folder.path();
        let mut requirements = environments::editable_build(&request).requirements;
        for builds in 0..3 {
            let texts: Vec<&str> = requirements.iter().map(String::as_str).collect();
            let wanted = Requirements::of(&texts);
            let backend = self.context.resolve(&self.uv, &wanted).unwrap();
            let key = environments::editable_key(&request, &backend, None);
            if let Some(kept) = environments::kept_editable(cache, &key) {
                let layer = kept.lay(cache, &request, &self.environment).unwrap();
                return (layer, builds);
            }
            let backend = self.context.prepare(&self.uv, &backend);
            requirements.extend(self.build(&request, &requirements, &backend, &key));
        }
        panic!("the build does not come to an end");
    }

    /// Stands for the sandbox in which callers build. Returns what the backend asks for, or keeps the wheel.
    fn build(
        &self,
        request: &EditableRequest<'_>,
        given: &[String],
        backend: &Environment,
        key: &Digest,
    ) -> Vec<String> {
        let build = environments::editable_build(request);
        let out = tempfile::tempdir().unwrap();
        for (name, bytes) in build.files {
            std::fs::write(out.path().join(name), bytes).unwrap();
        }
        let installed: Vec<&String> = backend.packages.iter().map(|one| &one.name).collect();
        let known = serde_json::json!({"given": given, "installed": installed});
        std::fs::write(out.path().join("requirements.json"), known.to_string()).unwrap();
        let (python, folder) = (backend.python.display(), out.path().display());
        let fill = |text: String| {
            text.replace("{python}", &python.to_string())
                .replace("{out}", &folder.to_string())
                .replace("{tree}", &self.root.display().to_string())
        };
        let arguments: Vec<String> = build.arguments.into_iter().map(fill).collect();
        let (program, rest) = arguments.split_first().unwrap();
        let mut command = Command::new(program);
        let command = command.args(rest).env_clear().current_dir(&self.root);
        // Compilers start others by name.
        command.env("PATH", "/usr/bin:/bin");
        assert!(command.status().unwrap().success());
        let answer = std::fs::read(out.path().join("editable.json")).unwrap();
        let answer: Answer = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer.error, None);
        if let Some(name) = answer.wheel {
            let output = EditableOutput {
                wheel: &out.path().join("dist").join(name),
                written: None,
            };
            let cache = self.context.folder.path();
            environments::keep_editable(cache, key, request, &output).unwrap();
        }
        answer.requires
    }

    /// Runs code with the layer on the path, as an overlay would put it there.
    fn import(&self, layer: &std::path::Path, code: &str) -> String {
        let Environment {
            site_packages,
            folder,
            python,
            ..
        } = &self.environment;
        let site = layer.join(site_packages.strip_prefix(folder).unwrap());
        let code = format!("import site; site.addsitedir('{}'); {code}", site.display());
        run(python, &code)
    }
}

const FLIT: &str = "[build-system]\nrequires = [\"flit_core>=3.2,<4\"]\nbuild-backend = \"flit_core.buildapi\"\n\
    [project]\nname = \"app\"\nversion = \"1.5\"\ndescription = \"d\"\nreadme = \"README.md\"\n\
    [project.scripts]\nMyApp = \"app:main\"\n[tool.ruff]\nline-length = 90\n";

#[test]
fn index_lays_a_project_over_an_environment() {
    let editable = Installation::new(&[
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
    let script = std::fs::read_to_string(layer.join("bin/MyApp")).unwrap();
    assert!(
        script.starts_with(&format!("#!{}\n", editable.environment.python.display())),
        "{script}"
    );
    // Text that no test asks for changes nothing; the version does.
    editable.write("README.md", "two");
    editable.write("src/app/__init__.py", "def main():\n    print('bye')\n");
    editable.write("pyproject.toml", &FLIT.replace("90", "100"));
    assert_eq!(editable.install(), (layer.clone(), 0));
    editable.write("pyproject.toml", &FLIT.replace("1.5", "1.6"));
    let (next, builds) = editable.install();
    assert!(builds == 1 && next != layer);
    assert!(editable.import(&next, code).ends_with(" 1.6"));
}

#[test]
fn index_builds_a_setup_py_without_a_declared_backend() {
    let setup = "from setuptools import setup, find_packages\n\
        setup(name='old', version='0.3', packages=find_packages(), entry_points={'console_scripts': ['old=old:main']})\n";
    let editable = Installation::new(&[("setup.py", setup), ("old/__init__.py", "x = 1\n")]);
    let (layer, builds) = editable.install();
    assert_eq!(builds, 1);
    assert_eq!(editable.import(&layer, "import old; print(old.x)"), "1");
    assert!(layer.join("bin/old").is_file());
    editable.write("more/__init__.py", "");
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
    let editable = Installation::new(&[
        ("pyproject.toml", &manifest),
        ("README.md", ""),
        ("tools/backend.py", backend),
        ("app.py", "'''d'''\ndef main(): pass\n"),
    ]);
    assert_eq!(editable.install().1, 2);
}

#[test]
fn index_compiles_where_the_backend_has_no_hook_for_editing() {
    check_compiled("backend", "from setuptools.build_meta import build_wheel\n");
}

#[test]
fn index_compiles_where_the_hook_for_editing_builds_at_each_import() {
    let backend = "from setuptools.build_meta import build_wheel\n\ndef build_editable(*_):\n    raise SystemExit('ninja')\n";
    check_compiled("mesonpy", backend);
}

/// Checks that an extension module is compiled beside its source by a backend of the project's own.
#[track_caller]
fn check_compiled(name: &str, backend: &str) {
    let manifest = format!(
        "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"{name}\"\nbackend-path = [\"tools\"]\n"
    );
    let setup = "from setuptools import setup, Extension\n\
        setup(name='old', version='0.3', packages=['old'], package_dir={'': 'src'}, \
        ext_modules=[Extension('old._c', ['src/old/_c.c'])])\n";
    let source = "#include <Python.h>\n\
        static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, \"_c\", \"\", -1, NULL};\n\
        PyMODINIT_FUNC PyInit__c(void) { return PyModule_Create(&module); }\n";
    let editable = Installation::new(&[
        ("pyproject.toml", &manifest),
        ("setup.py", setup),
        (&format!("tools/{name}.py"), backend),
        ("src/old/__init__.py", "from old import _c\n"),
        ("src/old/_c.c", source),
    ]);
    let (layer, _) = editable.install();
    let found = editable.import(&layer, "import old; print(old.__file__, old._c.__file__)");
    for path in found.split_whitespace() {
        assert!(path.contains("project/src/old/"), "{found}");
    }
}
