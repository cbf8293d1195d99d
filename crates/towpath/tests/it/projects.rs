//! Released projects of other people, as they lie in the index: the verdict is theirs, with nothing
//! configured.

use towpath_report::{Conclusion, TestOutcome, Verdict};

use crate::world::{Run, World};

/// Runs `towpath ci` on a released sdist, and again.
fn check_project(name: &str, version: &str) -> Run {
    let world = World::with_sdist(name, version);
    let run = world.recorded(&["ci"]);
    let again = world.recorded(&["ci"]);
    assert_eq!(
        (again.fresh_jobs(), again.code),
        (vec![], run.code),
        "{}",
        again.stderr
    );
    run
}

/// Asserts that every job of these checks is green and how many tests passed in each.
fn assert_tests_pass(run: &Run, number: usize, checks: &[&str]) {
    for job in run
        .record
        .jobs
        .iter()
        .filter(|job| checks.contains(&job.group.as_str()))
    {
        let told = format!("{}: {:?}\n{}", job.name, run.failed_tests(), run.stderr);
        assert_eq!(job.conclusion, Conclusion::Success, "{told}");
        let passed = job
            .result
            .tests
            .iter()
            .filter(|case| case.outcome == TestOutcome::Passed);
        assert_eq!(passed.count(), number, "{told}");
    }
    assert!(
        checks
            .iter()
            .all(|check| run.record.jobs.iter().any(|job| job.group == *check))
    );
}

#[test]
fn index_itsdangerous_passes_with_all_its_tests_on_every_python() {
    let run = check_project("itsdangerous", "2.2.0");
    assert_eq!(
        (run.record.verdict, run.code),
        (Verdict::Passed, Some(0)),
        "{}",
        run.stderr
    );
    assert_tests_pass(&run, 297, &["tests", "wheel"]);
}

#[test]
fn index_poetry_project_passes_its_tests() {
    let run = check_project("tinydb", "4.8.2");
    assert!(run.record.title.contains("poetry"), "{}", run.record.title);
    assert_tests_pass(&run, 204, &["tests"]);
    assert_eq!(run.job("build").conclusion, Conclusion::Success);
}

#[test]
fn index_setup_py_project_passes() {
    let run = check_project("xmltodict", "0.13.0");
    assert!(
        run.record.title.contains("setuptools"),
        "{}",
        run.record.title
    );
    assert_eq!(
        (run.record.verdict, run.code),
        (Verdict::Passed, Some(0)),
        "{}",
        run.stderr
    );
    assert_tests_pass(&run, 58, &["tests", "wheel"]);
}

/// By the hooks of PEP 517 and PEP 660, for all that is built: the sdist, the wheel and the editable wheel.
#[test]
fn index_backend_gets_what_it_asks_for() {
    let world = World::with_empty_index();
    let manifest = "[build-system]\nrequires = [\"flit_core>=3.2,<4\"]\nbuild-backend = \"backend\"\n\
        backend-path = [\"tools\"]\n[project]\nname = \"asking\"\nversion = \"1\"\ndescription = \"d\"\n\
        [dependency-groups]\ntest = [\"pytest\"]\n[tool.flit.sdist]\ninclude = [\"tools\"]\n";
    let backend = "from flit_core import buildapi\n\n\
        def asks(settings=None):\n    return ['iniconfig >= 2']\n\n\
        def having(hook):\n    def build(*arguments):\n        import iniconfig\n        return hook(*arguments)\n    return build\n\n\
        get_requires_for_build_sdist = get_requires_for_build_wheel = get_requires_for_build_editable = asks\n\
        build_sdist = having(buildapi.build_sdist)\n\
        build_wheel = having(buildapi.build_wheel)\n\
        build_editable = having(buildapi.build_editable)\n";
    world.write("pyproject.toml", manifest);
    world.write("tools/backend.py", backend);
    world.write("asking.py", "\"\"\"d\"\"\"\n\nANSWER = 42\n");
    world.write(
        "tests/test_asking.py",
        "import asking\n\n\ndef test_it():\n    assert asking.ANSWER == 42\n",
    );
    let run = world.ci(&[]);
    for check in ["build", "tests", "wheel"] {
        let job = run.job(check);
        let told = format!("{}: {}\n{}", job.name, job.result.summary, run.stderr);
        assert_eq!(job.conclusion, Conclusion::Success, "{told}");
    }
    assert_eq!(world.ci(&[]).fresh_jobs(), Vec::<&str>::new());
}

#[test]
fn index_setup_py_with_requirements_files_passes() {
    let world = World::with_empty_index();
    world.write(
        "setup.py",
        "from setuptools import find_packages, setup\n\nsetup(name=\"demo-app\", version=\"1.0\", packages=find_packages(exclude=[\"tests\"]))\n",
    );
    world.write(
        "demo_app/__init__.py",
        "import attr\n\nVERSIONS = attr.__version__\n",
    );
    world.write("requirements/base.txt", "attrs\n");
    world.write(
        "requirements/test.txt",
        "-c constraints.txt\n-r base.txt\n-e .\npytest\niniconfig\n",
    );
    world.write("requirements/constraints.txt", "attrs==23.2.0\n");
    world.write(
        "tests/test_app.py",
        "import iniconfig\n\nfrom demo_app import VERSIONS\n\n\ndef test_constraint():\n    assert iniconfig and VERSIONS == \"23.2.0\"\n",
    );
    let run = world.ci(&[]);
    assert_eq!((run.red(), run.code), (vec![], Some(0)), "{}", run.stderr);
    assert_tests_pass(&run, 1, &["tests"]);
}

#[test]
fn index_application_without_a_package_runs_on_its_requirements() {
    let world = World::with_empty_index();
    world.write("requirements.txt", "django==5.1.3\n");
    world.write(
        "manage.py",
        "import os\n\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"site1.settings\")\n",
    );
    world.write("site1/__init__.py", "");
    world.write(
        "site1/settings.py",
        "INSTALLED_APPS = [\"polls\"]\nDATABASES = {\"default\": {\"ENGINE\": \"django.db.backends.sqlite3\"}}\n",
    );
    world.write("polls/__init__.py", "");
    world.write(
        "polls/models.py",
        "from django.db import models\n\n\nclass Poll(models.Model):\n    text = models.TextField()\n",
    );
    world.write(
        "polls/tests.py",
        "from django.test import TestCase\n\nfrom polls.models import Poll\n\n\nclass PollTest(TestCase):\n    def test_none(self):\n        self.assertEqual(Poll.objects.count(), 0)\n",
    );
    let run = world.check("tests");
    assert_eq!(
        (run.red(), run.code),
        (vec![], Some(0)),
        "{:?}\n{}",
        run.failed_tests(),
        run.stderr
    );
    assert_tests_pass(&run, 1, &["tests"]);
}

/// A backend that makes no sdist where `PKG-INFO` lies already or there is no history.
const BACKEND: &str = r#"
import os, tarfile, zipfile

def build_sdist(folder, settings=None):
    if os.path.exists("PKG-INFO") or (__name__ == "mesonpy" and not os.path.exists(".git")):
        raise SystemExit(1)
    open("PKG-INFO", "w").write("Name: pkg\nVersion: 1.0\n")
    with tarfile.open(os.path.join(folder, "pkg-1.0.tar.gz"), "w:gz") as sdist:
        for name in ("PKG-INFO", "pkg.py", __name__ + ".py"):
            sdist.add(name, "pkg-1.0/" + name)
    return "pkg-1.0.tar.gz"

def build_wheel(folder, settings=None, metadata=None):
    files = {"pkg.py": "", "pkg-1.0.dist-info/METADATA": "Name: pkg\nVersion: 1.0\n"}
    files["pkg-1.0.dist-info/RECORD"] = "".join(name + ",,\n" for name in files)
    with zipfile.ZipFile(os.path.join(folder, "pkg-1.0-py3-none-any.whl"), "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return "pkg-1.0-py3-none-any.whl"
"#;

#[test]
fn index_release_is_built_by_backends_that_make_no_sdist_of_it() {
    for (backend, expected) in [
        ("mesonpy", ["wheel"].as_slice()),
        ("maturin", &["wheel", "sdist"]),
    ] {
        let world = World::with_empty_index();
        fs_err::remove_dir_all(world.root().join(".git")).expect("git's folder");
        let manifest = format!(
            "[build-system]\nrequires = []\nbuild-backend = \"{backend}\"\nbackend-path = [\".\"]\n\
             [project]\nname = \"pkg\"\nversion = \"1.0\"\n"
        );
        world.write("pyproject.toml", manifest);
        world.write("PKG-INFO", "Name: pkg\nVersion: 1.0\n");
        world.write("pkg.py", "");
        world.write(&format!("{backend}.py"), BACKEND);
        let run = world.check("build");
        let job = run.job("build");
        let built: Vec<&str> = job
            .result
            .summary
            .split(", ")
            .filter_map(|part| part.split(' ').next())
            .collect();
        assert_eq!(
            built, expected,
            "{backend} {:?}\n{}",
            job.result, run.stderr
        );
    }
}
