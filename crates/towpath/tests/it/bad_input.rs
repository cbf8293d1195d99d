//! What a user can get wrong, and what towpath says to it: where, and what to do. Nothing runs.

use crate::world::{TOWPATH, World};
use std::path::Path;

/// Returns the answer to `towpath ci` in a repository with these files.
fn told(files: &[(&str, &str)], arguments: &[&str]) -> String {
    let world = World::offline();
    for (path, text) in files {
        world.write(path, text);
    }
    world.towpath(arguments).to_string()
}

const MANIFEST: &str = "[project]\nname = \"demo\"\nversion = \"1.0\"\n";

#[test]
fn manifest_that_is_no_toml() {
    insta::assert_snapshot!(told(
        &[
            (
                "pyproject.toml",
                "[project]\nname = \"demo\nversion = \"1.0\"\n"
            ),
            ("demo.py", "")
        ],
        &["ci"]
    ));
}

#[test]
fn unknown_setting() {
    let manifest = format!("{MANIFEST}\n[tool.towpath.tests]\ncoverge = 95\n");
    insta::assert_snapshot!(told(
        &[("pyproject.toml", &manifest), ("demo.py", "")],
        &["ci"]
    ));
}

#[test]
fn settings_of_wrong_type() {
    let own = "standard = \"yes\"\npythons = 3.12\n\n[coverage]\nchanged-lines = 101\n";
    insta::assert_snapshot!(told(&[("towpath.toml", own), ("demo.py", "")], &["ci"]));
}

#[test]
fn byte_order_mark_is_accepted() {
    let manifest = format!("\u{feff}{MANIFEST}");
    let answer = told(
        &[("pyproject.toml", &manifest), ("demo.py", "")],
        &["explain", "version"],
    );
    assert!(answer.starts_with("exit code: 0\n"), "{answer}");
}

#[test]
fn no_python_code() {
    insta::assert_snapshot!(told(&[("README.md", "# demo\n")], &["ci"]));
}

#[test]
fn empty_repository() {
    insta::assert_snapshot!(told(&[], &["ci"]));
}

#[test]
fn unknown_check() {
    insta::assert_snapshot!(told(&[("demo.py", "")], &["check", "lnt"]));
}

#[test]
fn unknown_project() {
    insta::assert_snapshot!(told(&[("demo.py", "")], &["ci", "packages/none"]));
}

#[test]
fn unknown_report_format() {
    insta::assert_snapshot!(told(
        &[("demo.py", "")],
        &["ci", "--report", "junt=out.xml"]
    ));
}

#[test]
fn settings_file_of_the_command_line_is_read() {
    let world = World::offline();
    world.write("demo.py", "");
    let given = world.folder().join("ci.toml");
    fs_err::write(&given, "[tests]\ncoverge = 95\n").expect("the temporary folder");
    let given = given.display().to_string();
    let wrong = world.towpath(&["ci", "--config", &given]);
    assert_eq!(wrong.code, Some(2), "{wrong}");
    let told = [
        "unknown key `coverge` in `[tests]`",
        "ci.toml:2:1",
        "did you mean `coverage`?",
    ];
    assert!(
        told.iter().all(|words| wrong.stderr.contains(words)),
        "{wrong}"
    );
    let absent = world.towpath(&["ci", "--config", "nowhere.toml"]);
    assert_eq!(absent.code, Some(2), "{absent}");
    assert!(
        absent.stderr.contains("error: cannot read the settings: "),
        "{absent}"
    );
}

#[test]
fn check_that_cannot_be_mended() {
    insta::assert_snapshot!(told(&[("demo.py", "")], &["fix", "tests"]));
}

#[test]
fn context_that_is_not_there() {
    insta::assert_snapshot!(told(&[("demo.py", "")], &["explain", "context", "githb"]));
}

#[test]
fn unknown_option() {
    insta::assert_snapshot!(told(&[("demo.py", "")], &["ci", "--forse"]));
}

#[test]
fn unknown_command() {
    insta::assert_snapshot!(told(&[("demo.py", "")], &["lint"]));
}

#[test]
fn missing_folder() {
    insta::assert_snapshot!(told(&[], &["-C", "nowhere", "ci"]));
}

#[test]
fn missing_interpreter() {
    insta::assert_snapshot!(told(
        &[("pyproject.toml", MANIFEST), ("demo.py", "")],
        &["ci", "--python", "3.99"]
    ));
}

#[test]
fn no_python_that_the_project_admits() {
    let world = World::offline();
    let manifest = format!("{MANIFEST}requires-python = \">=3.99\"\n");
    world
        .write("pyproject.toml", &manifest)
        .write("demo.py", "");
    world.write("tests/test_demo.py", "def test():\n    pass\n");
    insta::assert_snapshot!(world.towpath(&["check", "tests"]).to_string());
}

#[test]
fn impossible_python() {
    insta::assert_snapshot!(told(&[("demo.py", "")], &["ci", "--python", "three"]));
}

#[test]
fn unknown_revision() {
    let world = World::offline();
    world.write("demo.py", "").commit("start");
    insta::assert_snapshot!(
        world
            .towpath(&["ci", "--changed-since", "mian"])
            .to_string()
    );
}

#[test]
fn job_that_is_not_there() {
    insta::assert_snapshot!(told(&[("demo.py", "")], &["explain", "tsts"]));
}

#[test]
fn logs_before_anything_ran() {
    insta::assert_snapshot!(told(&[("demo.py", "")], &["logs", "tests"]));
}

#[test]
fn repository_without_git_is_fine() {
    let world = World::without_git();
    world.write("demo.py", "");
    world.write(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  ci:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ls\n",
    );
    assert_eq!(world.recorded(&["check-workflows"]).code, Some(0));
    insta::assert_snapshot!(
        world
            .towpath(&["ci", "--changed-since", "HEAD"])
            .to_string()
    );
}

#[test]
fn every_check_without_uv_and_index_says_what_is_missing() {
    let world = World::offline();
    world.write("demo.py", "");
    let output = world.run(Path::new(TOWPATH), &["check", "lint", "--offline"]);
    assert_eq!(output.code, Some(2), "{output}");
    assert!(output.stdout.contains("uv"), "{output}");
}

#[test]
fn own_check_with_a_name_of_the_standard() {
    let manifest = format!("{MANIFEST}[tool.towpath.checks.docs]\ncommand = [\"true\"]\n");
    insta::assert_snapshot!(told(
        &[("pyproject.toml", &manifest), ("demo.py", "")],
        &["ci"]
    ));
}
