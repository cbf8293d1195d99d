//! On which Pythons a package is built and its wheel tested.

use crate::repository::work_of;

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
