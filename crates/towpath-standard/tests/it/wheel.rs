//! On which Pythons a package is built and its wheel tested.

use towpath_report::{Place, TestCase, TestOutcome};
use towpath_standard::Partial;

use crate::repository::{verdict_of, work_of};

const PROJECT: (&str, &str) = (
    "pyproject.toml",
    "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\
     [project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n",
);
const FILES: [(&str, &str); 3] = [
    PROJECT,
    ("src/pkg/__init__.py", ""),
    ("tests/test_a.py", "def test_a(): pass\n"),
];

/// Returns the jobs of the checks `build` and `wheel` by name.
fn jobs(files: &[(&str, &str)]) -> Vec<String> {
    let name = |line: &str| {
        let end = line.find(" skipped").or_else(|| line.find(" network"));
        end.map(|end| line[..end].to_owned())
    };
    let works = ["build", "wheel"].map(|check| work_of(check, files));
    works
        .iter()
        .flat_map(|work| work.lines())
        .filter_map(name)
        .collect()
}

#[test]
fn pure_wheel_is_tested_on_the_newest_python() {
    assert_eq!(jobs(&FILES), ["build", "wheel 3.12"]);
}

#[test]
fn platform_wheel_is_built_and_tested_on_each_python() {
    let setup = "from setuptools import setup, Extension\nsetup(ext_modules=[Extension('pkg._c', ['src/pkg/_c.c'])])\n";
    let mut files = FILES.to_vec();
    files.extend([("setup.py", setup), ("src/pkg/_c.c", "")]);
    assert_eq!(
        jobs(&files),
        ["build 3.11", "build 3.12", "wheel 3.11", "wheel 3.12"]
    );
}

#[test]
fn test_of_the_wheel_is_named_as_in_the_tree() {
    const INSTALLED: &str = "/env/lib/python3.12/site-packages";
    let files = [
        PROJECT,
        ("src/pkg/__init__.py", ""),
        ("src/pkg/tests/__init__.py", ""),
        ("src/pkg/tests/test_a.py", "def test_a(): pass\n"),
    ];
    for (id, path, expected) in [
        (
            "tests/test_a.py",
            "tests/test_a.py",
            "src/pkg/tests/test_a.py",
        ),
        (
            "tests/test_a.py::test_a[1]",
            &format!("{INSTALLED}/pkg/tests/test_a.py"),
            "src/pkg/tests/test_a.py::test_a[1]",
        ),
        (
            "other/test_b.py::test_b",
            "other/test_b.py",
            "other/test_b.py::test_b",
        ),
    ] {
        let found = Partial {
            tests: vec![TestCase {
                id: id.to_owned(),
                path: path.to_owned(),
                line: 1,
                outcome: TestOutcome::Failed,
                seconds: 0.0,
                message: "AssertionError".to_owned(),
                failed_at: Some(Place::at(path, 2, 0)),
                details: String::new(),
            }],
            ..Partial::default()
        };
        let result = verdict_of("wheel", &files, found);
        let case = &result.tests[0];
        let file = expected.split("::").next().unwrap_or_default();
        let failed_at = case.failed_at.as_ref().map(|place| place.path.as_str());
        assert_eq!(
            (case.id.as_str(), case.path.as_str(), failed_at),
            (expected, file, Some(file))
        );
    }
}
