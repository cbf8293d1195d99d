//! Tiny repositories, written as text, and what is known of them.

use std::path::Path;

use towpath_host::{SnapshotOptions, Tree, snapshot};
use towpath_python::{
    Project, ProjectVersion, TestNeeds, add_called_tests, read_automation, read_projects,
    requirements_of, test_needs, third_party_imports,
};
use towpath_report::{Problem, Severity};

/// A repository on disk and its tree.
struct Repository {
    tree: Tree,
    _folder: tempfile::TempDir,
}

/// Writes files given as `== path` lines followed by their content.
fn repository(text: &str) -> Repository {
    repository_with(text, |_| {})
}

fn repository_with(text: &str, change: impl FnOnce(&Path)) -> Repository {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("repository");
    std::fs::create_dir(&root).expect("a new folder");
    for file in format!("\n{text}")
        .split("\n== ")
        .filter(|file| !file.trim().is_empty())
    {
        let (path, content) = file.split_once('\n').unwrap_or((file, ""));
        let path = root.join(path.trim());
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, format!("{content}\n")).expect("a file");
    }
    change(&root);
    let index_file = folder.path().join("index");
    let tree = snapshot(&SnapshotOptions {
        root: &root,
        index_file: &index_file,
        verify: false,
    })
    .expect("a tree");
    Repository {
        tree,
        _folder: folder,
    }
}

fn read(text: &str) -> (Vec<Project>, Vec<Problem>) {
    read_projects(&repository(text).tree)
}

/// Reads a repository with one project and no problem.
fn one(text: &str) -> Project {
    let (mut projects, problems) = read(text);
    assert_eq!(problems, [], "{text}");
    assert_eq!(projects.len(), 1, "{text}");
    projects.remove(0)
}

fn needs(project: &Project) -> String {
    let TestNeeds {
        requirements,
        requirement_files,
        extras,
        groups,
        ..
    } = test_needs(project);
    let part = |kind: &str, names: Vec<String>| {
        names
            .into_iter()
            .map(move |name| format!("{kind}:{name}"))
            .collect::<Vec<_>>()
    };
    let all = [
        part("group", groups),
        part("extra", extras),
        part("file", requirement_files),
        part("requirement", requirements),
    ];
    all.concat().join(" ")
}

/// The lines that matter of a project, for comparing many kinds of it.
fn summary(project: &Project) -> String {
    let version = match &project.version {
        ProjectVersion::Static(version) => version.clone(),
        ProjectVersion::Dynamic(how) => format!("<{how}>"),
        ProjectVersion::Absent => "-".to_owned(),
    };
    let groups: Vec<String> = project
        .groups
        .iter()
        .map(|(name, list)| format!("{name}={}", list.join(",")))
        .collect();
    let extras: Vec<String> = project
        .extras
        .iter()
        .map(|(name, list)| format!("{name}={}", list.join(",")))
        .collect();
    format!(
        "{:?} {} {version} python {} needs {} extras {} groups {} layout {:?} {}",
        project.manifest.kind,
        project.name.as_deref().unwrap_or("-"),
        project.requires_python.as_deref().unwrap_or("-"),
        project.dependencies.join(" "),
        extras.join(" "),
        groups.join(" "),
        project.layout.kind,
        project.layout.packages.join(" "),
    )
}

#[test]
fn reads_every_kind_of_manifest() {
    for (name, text, expected) in KINDS {
        assert_eq!(summary(&one(text)), *expected, "{name}");
    }
}

const KINDS: &[(&str, &str, &str)] = &[
    (
        "PEP 621 and 735",
        "== pyproject.toml
[project]
name = 'a-b'
version = '1.0'
requires-python = '>=3.10'
dependencies = ['x>=1']
optional-dependencies.fast = ['y']
[dependency-groups]
test = ['pytest', {include-group = 'Base_Group'}]
base-group = ['z']
== src/a_b/__init__.py
",
        "Pyproject a-b 1.0 python >=3.10 needs x>=1 extras fast=y groups base-group=z test=pytest,z layout Src src/a_b",
    ),
    (
        "poetry 1",
        "== pyproject.toml
[tool.poetry]
name = 'app'
version = '0.1'
packages = [{include = 'app', from = 'lib'}]
[tool.poetry.dependencies]
python = '^3.9'
requests = '^2.28'
yaml = {version = '*', optional = true}
[tool.poetry.extras]
conf = ['yaml']
[tool.poetry.group.test.dependencies]
pytest = '~8.1'
== lib/app/__init__.py
",
        "Poetry app 0.1 python >=3.9,<4.0 needs requests>=2.28,<3.0 extras conf=yaml groups test=pytest>=8.1,<8.2 layout Src lib/app",
    ),
    (
        "poetry 2 beside [project]",
        "== pyproject.toml
[project]
name = 'app'
version = '0.1'
dependencies = ['requests>=2']
[tool.poetry]
package-mode = false
[tool.poetry.group.dev.dependencies]
pytest = '*'
== app/__init__.py
",
        "Pyproject app 0.1 python - needs requests>=2 extras  groups dev=pytest layout Flat app",
    ),
    (
        "setup.cfg",
        "== setup.cfg
[metadata]
name = legacy
version = attr: legacy.__version__
[options]
packages = find:
python_requires = >=3.8
install_requires =
    six>=1.0
    typing; python_version<'3.5'
[options.extras_require]
test =
    pytest
== setup.py
from setuptools import setup
setup()
== legacy/__init__.py
__version__ = '3.2'
",
        "SetupCfg legacy 3.2 python >=3.8 needs six>=1.0 typing; python_version<'3.5' extras test=pytest groups  layout Flat legacy",
    ),
    (
        "setup.py with the usual idioms",
        "== setup.py
import os, re, sys
from setuptools import setup, find_packages
here = os.path.abspath(os.path.dirname(__file__))
def read(*parts):
    with open(os.path.join(here, *parts)) as f:
        return f.read()
requires = [line for line in read('requirements', 'base.txt').splitlines() if line and not line.startswith('#')]
if sys.version_info < (3, 3):
    requires.append('futures')
extras = {'s': ['t']}
extras['all'] = sum(extras.values(), [])
version = re.search(r\"__version__\\s*=\\s*['\\\"]([^'\\\"]+)\", read('src', 'old', '__init__.py')).group(1)
kwargs = dict(name='old', python_requires='>=2.7')
setup(version=version, packages=find_packages('src'), package_dir={'': 'src'},
      install_requires=requires + ['extra==1.0'], extras_require=extras,
      tests_require=['nose'], **kwargs)
== requirements/base.txt
# runtime
one>=1
two
== src/old/__init__.py
__version__ = '0.9'
",
        "SetupPy old 0.9 python >=2.7 needs one>=1 two extra==1.0 extras all=t s=t groups tests_require=nose layout Src src/old",
    ),
    (
        "setup.py that runs the version module",
        "== setup.py
from distutils.core import setup
about = {}
with open('mod_version.py') as f:
    exec(f.read(), about)
setup(name='mod', version=about['__version__'], py_modules=['mod'])
== mod_version.py
__version__ = '1' + '.2'
== mod.py
",
        "SetupPy mod 1.2 python - needs  extras  groups  layout Modules mod.py",
    ),
    (
        "uv",
        "== pyproject.toml
[project]
name = 'u'
version = '1'
[tool.uv]
dev-dependencies = ['pytest']
[build-system]
requires = ['uv_build']
build-backend = 'uv_build'
[tool.uv.build-backend]
module-root = ''
== u/__init__.py
",
        "Pyproject u 1 python - needs  extras  groups dev=pytest layout Flat u",
    ),
    (
        "pdm",
        "== pyproject.toml
[project]
name = 'p'
dynamic = ['version']
[tool.pdm.version]
source = 'file'
path = 'src/p/__init__.py'
[tool.pdm.dev-dependencies]
test = ['pytest>=8', '-e file:///${PROJECT_ROOT}/q']
== src/p/__init__.py
__version__: str = '4'
",
        "Pyproject p 4 python - needs  extras  groups test=pytest>=8 layout Src src/p",
    ),
    (
        "flit of old",
        "== pyproject.toml
[build-system]
requires = ['flit_core']
build-backend = 'flit_core.buildapi'
[tool.flit.metadata]
module = 'fl'
requires = ['x']
requires-python = '>=3.6'
[tool.flit.metadata.requires-extra]
test = ['pytest']
== fl.py
__version__ = '7'
",
        "Pyproject fl 7 python >=3.6 needs x extras test=pytest groups  layout Modules fl.py",
    ),
    (
        "pipenv",
        "== Pipfile
[packages]
flask = '==3.0'
[dev-packages]
pytest = '*'
[requires]
python_version = '3.12'
== app.py
",
        "Pipfile - - python ==3.12.* needs flask==3.0 extras  groups dev-packages=pytest layout Modules app.py",
    ),
    (
        "requirements beside the sources",
        "== src/requirements.txt
boto3
== src/handler.py
",
        "Requirements - - python - needs  extras  groups  layout Src src/handler.py",
    ),
    ("plain files", "== tool.py\n== helper.py\n", "Sources - - python - needs  extras  groups  layout Modules helper.py tool.py"),
    (
        "a namespace package and an unknown backend",
        "== pyproject.toml
[project]
name = 'company.core'
version = '1'
[build-system]
requires = ['nobody-knows']
build-backend = 'nobody.knows'
== company/core/__init__.py
== tests/test_core.py
def test(): pass
",
        "Pyproject company.core 1 python - needs  extras  groups  layout Flat company",
    ),
    (
        "hatch with CRLF",
        "== pyproject.toml
[project]\r
name = 'h'\r
dynamic = ['version']\r
[build-system]\r
requires = ['hatchling', 'hatch-vcs']\r
build-backend = 'hatchling.build'\r
[tool.hatch.version]\r
source = 'vcs'\r
== h/__init__.py
",
        "Pyproject h <hatch-vcs> python - needs  extras  groups  layout Flat h",
    ),
];

#[test]
fn chooses_what_tests_need() {
    for (name, text, expected) in NEEDS {
        let (projects, problems) = read(&format!(
            "{text}\n== tests/test_a.py\nimport pytest\ndef test(): pass\n"
        ));
        assert_eq!(problems, [], "{name}");
        assert_eq!(
            needs(&projects[0]),
            *expected,
            "{name}: {}",
            test_needs(&projects[0]).reason
        );
    }
}

const NEEDS: &[(&str, &str, &str)] = &[
    (
        "a group before a longer development group",
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\n[dependency-groups]\ntests=['pytest']\ndev=['ruff',{include-group='tests'}]\n",
        "group:tests",
    ),
    (
        "an extra",
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\noptional-dependencies.testing=['pytest-cov']\n",
        "extra:testing",
    ),
    (
        "group and extra of one name: the one with the runner",
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\noptional-dependencies.test=['pytest']\n[dependency-groups]\ntest=['tox']\n",
        "extra:test",
    ),
    (
        "a group without the runner beside one with it",
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\n[dependency-groups]\ntest=['freezegun']\ndev=['pytest']\n",
        "group:dev",
    ),
    (
        "an extra that includes another",
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\n[project.optional-dependencies]\nqa=['pytest']\ndev=['a[qa]']\n",
        "extra:dev",
    ),
    (
        "a compiled file before its source",
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\n== requirements/tests.in\npytest\n== requirements/tests.txt\npytest==8.0\n",
        "file:requirements/tests.txt",
    ),
    (
        "the development file by its usual names",
        "== setup.py\nfrom setuptools import setup\nsetup(name='a')\n== devrequirements.txt\n-r requirements.txt\npytest\n== requirements.txt\nx\n",
        "file:devrequirements.txt",
    ),
    (
        "a test file with dots in its name",
        "== requirements.txt\nx\n== requirements.test.txt\npytest\n",
        "file:requirements.test.txt file:requirements.txt",
    ),
    (
        "a file that installs the project with an extra",
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\noptional-dependencies.qa=['pytest']\n== requirements-dev.txt\n-e .[qa]\n",
        "extra:qa",
    ),
    (
        "tests_require",
        "== setup.py\nfrom setuptools import setup\nsetup(name='a', tests_require=['pytest', 'mock'])\n",
        "requirement:pytest requirement:mock",
    ),
    (
        "hatch's environment with its template",
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\n[tool.hatch.envs.default]\ndependencies=['pytest']\n[tool.hatch.envs.test]\nextra-dependencies=['x']\n",
        "requirement:pytest requirement:x",
    ),
    (
        "what is no package runs on its requirements",
        "== requirements.txt\nflask\n== app.py\n== tests/test_app.py\nimport app\n",
        "file:requirements.txt",
    ),
    (
        "nothing",
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\n",
        "",
    ),
];

#[test]
fn puts_own_extras_in_place() {
    let project = one(
        "== pyproject.toml\n[project]\nname='My.Pkg'\nversion='1'\n[project.optional-dependencies]\ntest=['pytest','my-pkg[io,test]']\nio=['h5py']\n",
    );
    let needs = test_needs(&project);
    assert_eq!(requirements_of(&project, &needs), ["pytest", "h5py"]);
}

#[test]
fn bytes_that_other_programs_refuse_are_told() {
    for (name, bytes, expected) in [
        (
            "setup.cfg",
            b"\xef\xbb\xbf[metadata]\nname = a\nversion = 1\n".to_vec(),
            "Warning `setup.cfg` begins with a byte order mark, which Python's own reader of such files refuses setup.cfg:1:1",
        ),
        (
            "pyproject.toml",
            b"[project]\nname = 'a'\nversion = '1'\ndescription = 'caf\xe9'\n".to_vec(),
            "Error `pyproject.toml` is not UTF-8, which TOML has to be pyproject.toml:4:19",
        ),
        (
            "pyproject.toml",
            b"\xef\xbb\xbf[project]\nname = 'a'\nversion = '1'\n".to_vec(),
            "Warning `pyproject.toml` begins with a byte order mark, which pip and most build backends refuse pyproject.toml:1:1",
        ),
    ] {
        let repository = repository_with("== a.py\n", |root| {
            std::fs::write(root.join(name), &bytes).expect("a file");
        });
        let (projects, problems) = read_projects(&repository.tree);
        assert_eq!(projects[0].name.as_deref(), Some("a"));
        let told: Vec<String> = problems
            .iter()
            .map(|problem| {
                let place = problem.place.as_ref().expect("a place");
                format!("{:?} {} {place}", problem.severity, problem.message)
            })
            .collect();
        assert_eq!(told, [expected]);
    }
}

#[test]
fn tests_that_only_a_call_names_are_tests() {
    for (call, expected) in [
        ("python -m unittest checks.core", Some("checks/core.py")),
        (
            "python -m unittest checks.core.CoreTest -v",
            Some("checks/core.py"),
        ),
        ("pytest checks/core.py", Some("checks/core.py")),
        ("python -m unittest other.core", None),
    ] {
        let repository = repository(&format!(
            "== pkg/__init__.py\n== checks/core.py\nimport unittest\n== .github/workflows/ci.yml\non: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: {call}\n",
        ));
        let (mut projects, _) = read_projects(&repository.tree);
        let automation = read_automation(&repository.tree, &projects);
        add_called_tests(&repository.tree, &automation, &mut projects);
        let paths = projects[0]
            .tests
            .as_ref()
            .map(|tests| tests.paths.join(" "));
        assert_eq!(paths.as_deref(), expected, "{call}");
    }
}

#[test]
fn finds_tests_and_their_runner() {
    for (name, text, expected) in TESTS {
        let project = one(text);
        let found = project.tests.as_ref().map_or_else(
            || "none".to_owned(),
            |tests| {
                let inside = if tests.inside_package { " inside" } else { "" };
                format!(
                    "{:?} {}{inside} {} {}",
                    tests.runner,
                    tests.paths.join(" "),
                    tests.integration.join(" "),
                    tests.add_options.join(" ")
                )
                .trim_end()
                .to_owned()
            },
        );
        assert_eq!(found, *expected, "{name}");
    }
}

const TESTS: &[(&str, &str, &str)] = &[
    ("none", "== pkg/__init__.py\n", "none"),
    (
        "pytest.ini before pyproject.toml",
        "== pytest.ini\n[pytest]\naddopts = -q -m \"not slow\"\n== pyproject.toml\n[project]\nname='a'\nversion='1'\n[tool.pytest.ini_options]\naddopts='-v'\n== test/test_a.py\n",
        "Pytest test  -q -m not slow",
    ),
    (
        "testpaths with a glob",
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\n[tool.pytest.ini_options]\ntestpaths=['*/checks']\npython_files=['check_*.py']\n== one/checks/check_a.py\n== two/checks/check_b.py\n== tests/test_no.py\n",
        "Pytest one/checks two/checks",
    ),
    (
        "the new table of pytest 9",
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\n[tool.pytest]\naddopts=['-ra']\n== tests/test_a.py\n",
        "Pytest tests  -ra",
    ),
    (
        "unittest inside the package",
        "== setup.py\nfrom setuptools import setup\nsetup(name='pkg', packages=['pkg', 'pkg.tests'])\n== pkg/__init__.py\n== pkg/tests/__init__.py\n== pkg/tests/test_a.py\nimport unittest\nclass T(unittest.TestCase):\n    def test(self): pass\n",
        "Unittest pkg/tests inside",
    ),
    (
        "nose",
        "== setup.py\nfrom setuptools import setup\nsetup(name='pkg', tests_require=['nose'])\n== pkg.py\n== tests/test_a.py\nfrom nose.tools import eq_\ndef test(): pass\n",
        "Nose tests",
    ),
    (
        "a single module",
        "== mod.py\n== tests.py\nimport unittest\n",
        "Unittest tests.py",
    ),
    (
        "Django's, in the modules that its runner takes",
        "== manage.py\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')\n== requirements.txt\ndjango\n== polls/__init__.py\n== polls/tests.py\nfrom django.test import TestCase\n",
        "Django polls/tests.py inside",
    ),
    (
        "a Django project that declares pytest",
        "== manage.py\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')\n== requirements-dev.txt\npytest-django\n== polls/tests/test_a.py\n",
        "Pytest polls/tests inside",
    ),
    (
        "integration tests",
        "== tests/unit/test_a.py\nimport pytest\n== tests/integration/test_b.py\n",
        "Pytest tests tests/integration",
    ),
    (
        "fixtures and examples are none",
        "== a.py\n== examples/test_x.py\n== tests/fixtures/test_y.py\n",
        "none",
    ),
    (
        "a package of any name holds tests",
        "== pyproject.toml\n[project]\nname='demo'\nversion='1'\n[tool.setuptools]\npackages=['demo']\n== demo/__init__.py\n== demo/test_a.py\ndef test_a(): pass\n== checks/test_b.py\n== tools/test_c.py\n",
        "Pytest checks/test_b.py demo/test_a.py",
    ),
    (
        "where nothing else is tested, scripts and demos are",
        "== lib.py\n== demo/test_a.py\ndef test_a(): pass\n== examples/test_b.py\n",
        "Pytest demo/test_a.py",
    ),
    (
        "doctests alone",
        "== pyproject.toml\n[project]\nname='pkg'\nversion='1'\n[tool.pytest.ini_options]\naddopts='--doctest-modules'\n== pkg/__init__.py\n",
        "Pytest pkg inside  --doctest-modules",
    ),
];

#[test]
fn finds_projects_of_a_workspace() {
    let (projects, problems) = read(
        "== pyproject.toml
[project]
name = 'root'
version = '1'
dependencies = ['core']
[dependency-groups]
dev = ['pytest']
[tool.uv.workspace]
members = ['packages/*']
exclude = ['packages/old']
[tool.uv.sources]
core = {workspace = true}
== packages/core/pyproject.toml
[project]
name = 'core'
version = '1'
== packages/core/src/core/__init__.py
== packages/core/tests/test_core.py
import pytest
== packages/web/pyproject.toml
[project]
name = 'web'
version = '1'
dependencies = ['core']
[tool.uv.sources]
core = {workspace = true}
== packages/old/README.md
== examples/demo/pyproject.toml
[project]
name = 'demo'
version = '1'
== tests/fixtures/p/setup.py
from setuptools import setup
setup(name='fixture')
",
    );
    assert_eq!(problems, []);
    let found: Vec<(&str, Vec<&str>)> = projects
        .iter()
        .map(|project| {
            (
                project.root.as_str(),
                project
                    .path_dependencies
                    .iter()
                    .map(String::as_str)
                    .collect(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("", vec!["packages/core"]),
            ("packages/core", vec![]),
            ("packages/web", vec!["packages/core"])
        ]
    );
    assert_eq!(needs(&projects[1]), "requirement:pytest");
    assert_eq!(projects[0].tests, None);
}

#[test]
fn folders_with_requirements_beside_projects_are_projects() {
    let (projects, problems) = read(
        "\
== a/requirements.txt
click
== a/requirements-dev.txt
pytest
== a/app.py
== a/tests/test_app.py
import pytest
== b/setup.py
from setuptools import setup
setup(name='b')
== b/requirements.txt
x
",
    );
    assert_eq!(problems, []);
    let roots: Vec<&str> = projects
        .iter()
        .map(|project| project.root.as_str())
        .collect();
    assert_eq!(roots, ["a", "b"]);
    assert_eq!(
        test_needs(&projects[0]).requirement_files,
        ["a/requirements-dev.txt", "a/requirements.txt"]
    );
}

#[test]
fn uv_packages_nothing_without_a_build_system() {
    for (text, expected) in [
        (
            "== pyproject.toml\n[project]\nname = 'a'\nversion = '1'\n[tool.uv]\n",
            false,
        ),
        (
            "== pyproject.toml\n[project]\nname = 'a'\nversion = '1'\n[tool.uv]\npackage = true\n",
            true,
        ),
        (
            "== pyproject.toml\n[project]\nname = 'a'\nversion = '1'\n== uv.lock\nversion = 1\n",
            false,
        ),
        (
            "== pyproject.toml\n[project]\nname = 'a'\nversion = '1'\n== a.py\n",
            true,
        ),
        (
            "== pyproject.toml\n[build-system]\nrequires = []\nbuild-backend = 'b'\n[project]\nname = 'a'\nversion = '1'\n[tool.uv]\n",
            true,
        ),
    ] {
        assert_eq!(one(text).is_package, expected, "{text}");
    }
}

#[test]
fn finds_path_dependencies_of_poetry_and_requirements() {
    let (projects, problems) = read(
        "== libs/core/pyproject.toml
[tool.poetry]
name = 'core'
version = '1'
== services/api/pyproject.toml
[tool.poetry]
name = 'api'
version = '1'
[tool.poetry.dependencies]
core = {path = '../../libs/core', develop = true}
== services/job/setup.py
from setuptools import setup
setup(name='job')
== services/job/requirements.txt
-e ../../libs/core
",
    );
    assert_eq!(problems, []);
    let found: Vec<(&str, &[String])> = projects
        .iter()
        .map(|project| (project.root.as_str(), project.path_dependencies.as_slice()))
        .collect();
    let core = ["libs/core".to_owned()];
    assert_eq!(
        found,
        [
            ("libs/core", &[][..]),
            ("services/api", &core),
            ("services/job", &core)
        ]
    );
}

#[test]
fn reads_locks() {
    let project = one(
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\ndependencies=['B_c>=1','win; sys_platform == \"win32\"']\n== uv.lock\nversion = 1\n[[package]]\nname='b-c'\nversion='1.5'\n[[package]]\nname='b-c'\nversion='2.0'\n[[package]]\nname='a'\nsource={editable='.'}\n",
    );
    assert_eq!(project.locked["b-c"], ["1.5", "2.0"]);
    let project = one(
        "== Pipfile\n[packages]\nx='*'\n== Pipfile.lock\n{\"_meta\":{},\"default\":{\"x\":{\"version\":\"==1.0\"}},\"develop\":{}}\n== a.py\n",
    );
    assert_eq!(project.locked["x"], ["1.0"]);
    let project = one(
        "== requirements.in\nx\n== requirements.txt\nx==1.0 \\\n    --hash=sha256:00\n== a.py\n",
    );
    assert_eq!(project.locked["x"], ["1.0"]);
    let compiled = &project.requirements_files[0];
    assert!(compiled.hashed);
    assert_eq!(compiled.compiled_from.as_deref(), Some("requirements.in"));
}

/// The messages with their places, errors only.
fn errors(problems: &[Problem]) -> Vec<String> {
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error);
    errors
        .map(|problem| {
            format!(
                "{} @ {}",
                problem.message,
                problem
                    .place
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default()
            )
        })
        .collect()
}

#[test]
fn reports_a_lock_that_contradicts_the_manifest() {
    let manifest = "== pyproject.toml\n[project]\nname = 'a'\nversion = '1'\ndependencies = [\n  'requests>=3',\n  'flask',\n]\n";
    let (projects, problems) = read(&format!(
        "{manifest}== uv.lock\n[[package]]\nname='requests'\nversion='2.0'\n"
    ));
    assert_eq!(projects.len(), 1);
    assert_eq!(
        errors(&problems),
        [
            "`uv.lock` holds `requests` 2.0, which `requests>=3` excludes @ pyproject.toml:5:4",
            "`uv.lock` does not hold `flask`, which the project needs @ pyproject.toml:6:4",
        ]
    );
    assert_eq!(problems[0].hints, ["run `uv lock` and commit `uv.lock`"]);
}

#[test]
fn reports_what_is_broken_and_reads_the_rest() {
    for (name, text, projects, expected) in [
        (
            "TOML",
            "== pyproject.toml\n[project]\nname = 'a\nversion = '1'\n== a.py\n",
            1,
            "pyproject.toml:2:",
        ),
        (
            "INI",
            "== setup.cfg\nname = a\n[metadata]\nname = a\n== a.py\n",
            1,
            "setup.cfg:1:1",
        ),
        (
            "JSON",
            "== Pipfile\n[packages]\n== Pipfile.lock\n{\"default\": \n== a.py\n",
            1,
            "Pipfile.lock:2",
        ),
        (
            "a circle of groups",
            "== pyproject.toml\n[project]\nname='a'\nversion='1'\n[dependency-groups]\nx = [{include-group = 'y'}]\ny = ['p', {include-group = 'x'}]\n",
            1,
            "pyproject.toml:",
        ),
        (
            "an unknown group",
            "== pyproject.toml\n[project]\nname='a'\nversion='1'\n[dependency-groups]\nx = [{include-group = 'nothing'}]\n",
            1,
            "pyproject.toml:5:",
        ),
    ] {
        let (found, problems) = read(text);
        let errors = errors(&problems);
        assert_eq!(found.len(), projects, "{name}: {errors:?}");
        assert!(
            errors.iter().any(|error| error.contains(expected)),
            "{name}: {errors:?}"
        );
        assert!(
            problems.iter().all(|problem| !problem.hints.is_empty()),
            "{name}"
        );
    }
}

#[test]
fn survives_hostile_trees() {
    assert_eq!(read("== README.md\nno Python\n"), (Vec::new(), Vec::new()));
    let huge = repository_with("== a.py\n", |root| {
        let text = format!("[project]\nname='a'\n# {}\n", "x".repeat(11 << 20));
        std::fs::write(root.join("pyproject.toml"), text).expect("a file");
    });
    let (_, problems) = read_projects(&huge.tree);
    assert!(
        errors(&problems)
            .iter()
            .any(|error| error.contains("larger than 10 MiB")),
        "{problems:?}"
    );
    #[cfg(unix)]
    {
        let looped = repository_with("== a.py\n", |root| {
            std::os::unix::fs::symlink("setup.cfg", root.join("setup.cfg")).expect("a link");
            std::os::unix::fs::symlink("../..", root.join("up")).expect("a link");
        });
        let (projects, problems) = read_projects(&looped.tree);
        assert_eq!(projects.len(), 1);
        assert!(
            problems.iter().all(|problem| !problem.hints.is_empty()),
            "{problems:?}"
        );
    }
    let (projects, _) = read(
        "== setup.py\nx = ((((\nsetup(name='a')\n== requirements.txt\n-r requirements.txt\nx\n",
    );
    assert_eq!(projects.len(), 1);
    let deep = format!(
        "== setup.py\nfrom setuptools import setup\nx = {}1{}\nsetup(name='a')\n",
        "(".repeat(5000),
        ")".repeat(5000)
    );
    assert_eq!(read(&deep).0.len(), 1);
    let growing = format!(
        "== setup.py\nfrom setuptools import setup\nx = ['aaaaaaaaaaaaaaaa']\ny = 'aaaaaaaa'\n{}setup(name='a', version='1', install_requires=x, keywords=y)\n== m.py\n",
        "x = [x, x]\ny = y.replace('a', y)\nx.append(x)\n".repeat(200)
    );
    assert_eq!(
        one(&growing).version,
        ProjectVersion::Static("1".to_owned())
    );
    let endless = "== setup.py\nfrom setuptools import setup\ndef f(x): return f(x + 'a')\nsetup(name=f('a'), version='1')\n== m.py\n";
    assert_eq!(one(endless).version, ProjectVersion::Static("1".to_owned()));
}

#[test]
fn finds_third_party_imports_of_tests() {
    let repository = repository(
        "== src/pkg/__init__.py\n== tests/conftest.py\nimport pytest, os\nfrom helpers import x\nimport pkg.sub\n== tests/helpers.py\ntry:\n    import numpy\nexcept ImportError:\n    numpy = None\n== tests/test_a.py\nfrom hypothesis import given\ndef test():\n    import later\n",
    );
    let imports = third_party_imports(&repository.tree, &["tests".to_owned()]);
    assert_eq!(
        imports.into_iter().collect::<Vec<_>>(),
        ["hypothesis", "pytest"]
    );
}

#[test]
fn reads_tools_coverage_and_docs() {
    let project = one(
        "== pyproject.toml\n[project]\nname='a'\nversion='1'\n[tool.mypy]\nstrict=true\n[tool.coverage.run]\nbranch=true\nsource=['a']\n[tool.coverage.report]\nfail_under=95\n[tool.hatch]\n== .ruff.toml\n== .flake8\n[flake8]\n== tox.ini\n[isort]\nprofile=black\n== .secrets.baseline\n{}\n== a/__init__.py\n== docs/conf.py\nextensions = []\n== docs/requirements.txt\nsphinx\n",
    );
    let tools: Vec<&str> = project
        .tools
        .iter()
        .map(|tool| tool.tool.as_str())
        .collect();
    assert_eq!(
        tools,
        [
            "coverage",
            "detect-secrets",
            "flake8",
            "isort",
            "mypy",
            "ruff"
        ]
    );
    assert!(project.coverage.branch);
    assert_eq!(project.coverage.fail_under, Some(95.0));
    let docs = project.docs.expect("documentation");
    assert_eq!(
        (docs.config.as_str(), docs.requirements.as_deref()),
        ("docs/conf.py", Some("docs/requirements.txt"))
    );
}

#[test]
fn release_names_the_pythons_that_its_manifest_leaves_open() {
    let text = "== pyproject.toml\n[tool.poetry]\nname = 'a'\nversion = '1'\n[tool.poetry.dependencies]\npython = '^3.7'\n\
        == a.py\n== PKG-INFO\nName: a\nClassifier: Programming Language :: Python :: 3.8\n\nClassifier: Programming Language :: Python :: 3.9\n";
    let pythons = one(text).classifier_pythons;
    assert_eq!(
        pythons.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["3.8"]
    );
}

#[test]
fn package_for_the_sdist_alone_is_not_installed() {
    let text = "== pyproject.toml\n[tool.poetry]\nname = 'a'\nversion = '1'\n\
        packages = [{include = 'a'}, {include = 'tests', format = 'sdist'}, {include = 'b', format = ['sdist', 'wheel']}]\n\
        == a/__init__.py\n== b/__init__.py\n== tests/__init__.py\n== tests/test_a.py\ndef test_a(): pass\n";
    let project = one(text);
    assert_eq!(project.layout.packages, ["a", "b"]);
    assert!(!project.tests.expect("there are tests").inside_package);
}
