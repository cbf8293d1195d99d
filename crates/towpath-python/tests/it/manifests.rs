//! What every kind of manifest says of its project.

use towpath_python::{Project, ProjectVersion};

use crate::repository::one;

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
fn package_for_the_sdist_alone_is_not_installed() {
    let text = "== pyproject.toml\n[tool.poetry]\nname = 'a'\nversion = '1'\n\
        packages = [{include = 'a'}, {include = 'tests', format = 'sdist'}, {include = 'b', format = ['sdist', 'wheel']}]\n\
        == a/__init__.py\n== b/__init__.py\n== tests/__init__.py\n== tests/test_a.py\ndef test_a(): pass\n";
    let project = one(text);
    assert_eq!(project.layout.packages, ["a", "b"]);
    assert!(!project.tests.expect("there are tests").inside_package);
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
