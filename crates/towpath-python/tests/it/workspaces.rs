//! Repositories of several projects, and which of them need which.

use towpath_python::test_needs;

use crate::repository::{needs, read};

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
