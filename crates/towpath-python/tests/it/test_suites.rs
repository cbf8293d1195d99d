//! Where the tests of a project lie, and what they need.

use towpath_python::{
    add_called_tests, read_automation, read_projects, requirements_of, test_needs,
    third_party_imports,
};

use crate::repository::{needs, one, read, repository};

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
        "those of a submodule are another project's",
        "== .gitmodules\n[submodule \"x\"]\n\tpath = vendor_x\n== a.py\n== tests/test_a.py\n== vendor_x/.git\ngitdir: ../.git/modules/x\n== vendor_x/tests/test_b.py\n",
        "Unittest tests",
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
