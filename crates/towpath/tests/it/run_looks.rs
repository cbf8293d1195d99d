//! `towpath run` where nothing runs: what there is, what an event starts, and what is wrong.

use crate::world::World;

const TEST: &str = "\
name: Test
on: [push, pull_request, workflow_dispatch]
jobs:
  test:
    strategy:
      matrix:
        os: [ubuntu-latest, macos-latest, windows-latest]
        python-version: ['3.10', '3.11', '3.12']
    runs-on: ${{ matrix.os }}
    steps: [{run: pytest}]
  success:
    needs: test
    if: ${{ !failure() }}
    runs-on: ubuntu-latest
    steps: [{run: exit 0}]
";

const RELEASE: &str = "\
name: Deploy
on:
  push: {branches: [main]}
  release: {types: [published]}
jobs:
  build-package:
    runs-on: ubuntu-latest
    steps: [{uses: actions/checkout@v4}, {name: Build it, run: python -m build}]
  release-test-pypi:
    needs: build-package
    if: github.event_name == 'push' && github.ref == 'refs/heads/main'
    environment: testpypi
    runs-on: ubuntu-latest
    steps: [{run: publish}]
  release-pypi:
    needs: build-package
    if: github.event.action == 'published'
    environment: pypi
    runs-on: ubuntu-latest
    steps: [{run: publish}]
";

fn repository() -> World {
    let context = World::offline();
    context.write(".github/workflows/test.yml", TEST);
    context.write(".github/workflows/release.yml", RELEASE);
    context.write(".github/workflows/docs.yml", "on: {push: {paths: ['docs/**']}}\njobs: {docs: {runs-on: ubuntu-latest, steps: [{run: make}]}}\n");
    context.commit("first");
    context.write("a.py", "");
    context.commit("second");
    context
}

fn ask(context: &World, arguments: &[&str]) -> String {
    let before = context.git(&["status", "--porcelain", "--ignored"]);
    let output = context.towpath(arguments);
    assert_eq!(context.git(&["status", "--porcelain", "--ignored"]), before);
    output.to_string()
}

#[test]
fn lists_what_there_is_and_what_the_event_starts() {
    let context = repository();
    insta::assert_snapshot!(ask(&context, &["run", "--list"]));
}

#[test]
fn a_narrow_screen_loses_the_middle_column() {
    let mut context = repository();
    context.set("COLUMNS", "45");
    let shown = ask(&context, &["run", "--list"]);
    let is_narrow = |line: &str| line.starts_with("  towpath") || line.chars().count() <= 45;
    assert!(shown.lines().all(is_narrow), "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn plans_every_copy_and_condition() {
    let context = repository();
    let arguments = [
        "run",
        "--plan",
        "--event",
        "release",
        "--ref",
        "refs/tags/v1",
        "--matrix",
        "os:x",
    ];
    insta::assert_snapshot!(ask(&context, &arguments));
    let arguments = [
        "run",
        "test.yml",
        "--plan",
        "--matrix",
        "python-version=3.12",
    ];
    insta::assert_snapshot!(ask(&context, &arguments));
}

#[test]
fn a_dry_run_shows_the_steps() {
    let context = repository();
    insta::assert_snapshot!(ask(
        &context,
        &[
            "run",
            "release:release-pypi",
            "--dry-run",
            "--event",
            "release",
            "--ref",
            "refs/tags/v1"
        ]
    ));
}

#[test]
fn all_of_it_is_data_too() {
    let context = repository();
    let output = context.towpath(&["run", "--list", "--format", "json"]);
    let listing: serde_json::Value = serde_json::from_str(&output.stdout).expect("it is JSON");
    let workflows = listing["workflows"].as_array().expect("a list");
    assert_eq!(workflows.len(), 3);
    let docs = &workflows[0];
    assert_eq!(
        (docs["file"].as_str(), docs["starts"].as_bool()),
        (Some("docs.yml"), Some(false))
    );
    assert_eq!(docs["reason"], "the changed file is left out by `paths`");
    let jobs = &workflows[1]["jobs"];
    assert_eq!(jobs[2]["environments"], serde_json::json!(["pypi"]));
    assert_eq!(
        (&jobs[1]["needs-approval"], &jobs[2]["needs-approval"]),
        (&false.into(), &true.into())
    );
    assert_eq!(
        (&jobs[1]["holds"], &jobs[2]["holds"]),
        (&true.into(), &false.into())
    );
    let copies = workflows[2]["jobs"][0]["copies"]
        .as_array()
        .expect("a list");
    assert_eq!(copies.len(), 9);
    assert_eq!(copies[3]["name"], "test (macos-latest, 3.10)");
    assert_eq!(copies[3]["runs-here"], cfg!(target_os = "macos"));
}

#[test]
fn all_mistakes_come_before_anything_runs() {
    let context = World::offline();
    context.write(
        ".github/workflows/ci.yml",
        "name: CI\non: push\njobs:\n  lint:\n    runs-on: ubuntu-latest\n    needs: biuld\n    step:\n      \
         - run: echo ${{ githb.sha }}\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      \
         - run: echo ${{ github.event.number }\n",
    );
    insta::assert_snapshot!(ask(&context, &["run", "ci.yml"]));
}

#[test]
fn what_cannot_run_is_said() {
    let context = repository();
    for (arguments, message) in [
        (
            &["run", "docs"][..],
            "error: `docs.yml` does not start on `push` to main: the changed file is left out by `paths`",
        ),
        (
            &["run", "test.yml:tset"],
            "error: there is no job `tset`\nhint: did you mean `test`?",
        ),
        (
            &["run", "--event", "pus"],
            "error: there is no event `pus`\nhint: did you mean `push`?",
        ),
        (
            &["run", "test.yml", "--plan", "--input", "x=1"],
            "error: no workflow that runs has an input `x`",
        ),
        (
            &["run", "--plan", "--event", "issues"],
            "error: nothing here tells what an event `issues` is about",
        ),
    ] {
        let output = context.towpath(arguments);
        assert_eq!(output.code, Some(2), "{arguments:?}");
        assert!(output.stderr.starts_with(message), "{}", output.stderr);
    }
}
