//! `towpath run`: workflows of a repository, run with real shells.

use crate::world::World;

const TEST: &str = "\
name: Test
on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    strategy: {matrix: {v: [1, 2]}}
    steps:
      - uses: actions/checkout@v4
      - run: test \"$(cat answer.txt)\" = 42
      - run: echo \"${{ vars.PLACE }} $EXTRA ${{ secrets.TOKEN }} ${{ matrix.v }}\"
  elsewhere:
    runs-on: windows-latest
    steps: [{run: dir}]
";

const PRODUCTION: &str = "\
name: Production
on:
  workflow_run: {workflows: [Test], types: [completed], branches: [main]}
jobs:
  deploy:
    if: github.event.workflow_run.conclusion == 'success'
    environment: prod
    runs-on: ubuntu-latest
    steps: [{run: 'echo deploys ${{ github.event.workflow_run.head_sha }}'}]
  alarm:
    if: github.event.workflow_run.conclusion == 'failure'
    runs-on: ubuntu-latest
    steps: [{run: echo alarm}]
";

fn repository(answer: &str) -> World {
    let world = World::offline();
    world.write(".github/workflows/test.yml", TEST);
    world.write(".github/workflows/prd.yml", PRODUCTION);
    world.write("answer.txt", answer);
    world.commit("first");
    world
}

/// Returns the jobs of a run in order of name, each with how it ended and why.
fn jobs(world: &World, arguments: &[&str]) -> (Option<i32>, Vec<String>) {
    let run = world.recorded(&[&["run"], arguments].concat());
    let mut jobs: Vec<String> = run
        .record
        .jobs
        .iter()
        .map(|job| {
            let told = format!("{} {:?} {}", job.name, job.conclusion, job.reason);
            told.trim_end().to_owned()
        })
        .collect();
    jobs.sort();
    (run.code, jobs)
}

// A workflow that succeeds on `main` is followed by the one that waits for it, whose environment needs an
// approval that nobody gives.
#[test]
fn a_workflow_is_followed_by_those_that_wait_for_it() {
    let world = repository("42");
    let (code, ended) = jobs(
        &world,
        &[
            "--secret",
            "TOKEN=hunter2",
            "--var",
            "PLACE=here",
            "--env",
            "EXTRA=more",
        ],
    );
    // What was not deployed is no success.
    assert_eq!(code, Some(1));
    assert_eq!(
        ended,
        [
            "Production / alarm Skipped its condition is false: github.event.workflow_run.conclusion == 'failure'",
            "Production / deploy Cancelled environment `prod` waits for an approval: towpath run --approve prod",
            "elsewhere Skipped not run: this machine is no `windows-latest`",
            "test (1) Success",
            "test (2) Success",
        ]
    );
    let log = world.towpath(&["logs", "test (2)"]).stdout;
    assert!(log.contains("here more *** 2"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
    let (code, ended) = jobs(&world, &["test.yml", "--approve", "PROD"]);
    assert_eq!(
        (code, ended[1].as_str()),
        (Some(0), "Production / deploy Success")
    );
}

#[test]
fn a_failure_is_told_to_those_that_wait_and_by_the_exit_code() {
    let world = repository("41");
    let (code, ended) = jobs(&world, &[]);
    assert_eq!(code, Some(1));
    assert_eq!(ended[0], "Production / alarm Success");
    // The copy that fails first cancels the other.
    let failed = |job: &String| job.starts_with("test (") && job.contains(" Failure");
    assert!(ended.iter().any(failed), "{ended:?}");
}

// Every part of the condition of a skipped job, with what it read.
#[test]
fn a_skipped_job_is_explained() {
    let world = repository("42");
    world.towpath(&["run"]);
    let told = world.towpath(&["explain", "alarm"]);
    assert_eq!(
        told.stdout,
        "Production / alarm was skipped in run 1\n\n  \
         if: github.event.workflow_run.conclusion == 'failure'\n      \
         github.event.workflow_run.conclusion == 'failure'   false   it was success\n  \
         on       .github/workflows/prd.yml:10\n"
    );
    let told = world.towpath(&["explain", "deploy"]).stdout;
    assert!(
        told.contains("because  environment `prod` waits for an approval"),
        "{told}"
    );
}

// Artifacts of one workflow are none of another's, unless their run is named.
#[test]
fn each_workflow_has_a_run_of_its_own() {
    let world = World::offline();
    let upload = |name: &str| {
        format!(
            "name: {name}\non: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      \
             - run: echo {name} > file\n      \
             - {{uses: actions/upload-artifact@v4, with: {{name: dist, path: file}}}}\n"
        )
    };
    world.write(".github/workflows/one.yml", upload("One"));
    world.write(".github/workflows/two.yml", upload("Two"));
    world.write(
        ".github/workflows/three.yml",
        "name: Three\non: {workflow_run: {workflows: [Two], types: [completed]}}\njobs:\n  a:\n    \
         runs-on: ubuntu-latest\n    steps:\n      \
         - uses: actions/download-artifact@v4\n        \
         with: {name: dist, run-id: '${{ github.event.workflow_run.id }}', github-token: x}\n      \
         - run: test \"$(cat file)\" = Two\n",
    );
    world.commit("first");
    let (code, ended) = jobs(&world, &[]);
    assert_eq!(
        (code, ended),
        (
            Some(0),
            ["One / a Success", "Three / a Success", "Two / a Success"]
                .map(str::to_owned)
                .to_vec()
        )
    );
}

// One job of a workflow alone, and one copy of it; nothing follows a workflow that ran in part.
#[test]
fn a_job_and_a_copy_can_be_chosen() {
    let world = repository("42");
    let (code, ended) = jobs(&world, &["test:test", "--matrix", "v:2"]);
    assert_eq!(
        (code, ended),
        (Some(0), vec!["test (2) Success".to_owned()])
    );
}

#[test]
fn what_starts_nothing_is_no_failure() {
    let world = repository("42");
    let output = world.towpath(&["run", "--event", "pull_request"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), ""));
    assert!(
        output
            .stderr
            .starts_with("With the event `pull_request` of main into main: nothing runs."),
        "{}",
        output.stderr
    );
}

#[test]
fn run_of_jobs_for_other_machines_says_why_none_ran() {
    let world = World::offline();
    world.write(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: windows-latest\n    steps: [{run: exit 1}]\n",
    );
    world.commit("first");
    let output = world.towpath(&["run"]);
    assert_eq!(output.code, Some(0));
    assert!(
        output
            .stderr
            .contains("skipped: not run: this machine is no `windows-latest`"),
        "{}",
        output.stderr
    );
}

#[test]
fn resumed_run_keeps_what_succeeded() {
    let world = World::offline();
    world.write(
        ".github/workflows/ci.yml",
        "\
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    outputs: {made: '${{ steps.make.outputs.made }}'}
    steps:
      - {id: make, run: 'echo made=by-${{ github.run_attempt }} >> $GITHUB_OUTPUT; echo x > out'}
      - {uses: actions/upload-artifact@v4, with: {name: out, path: out}}
  second:
    needs: first
    runs-on: ubuntu-latest
    steps:
      - run: echo y > own
      - {uses: actions/upload-artifact@v4, with: {name: own, path: own}}
      - {uses: actions/download-artifact@v4, with: {name: out}}
      - run: 'cat out; echo ${{ needs.first.outputs.made }} in ${{ github.run_attempt }}; test -e $FLAG'
  always:
    needs: second
    if: always()
    runs-on: ubuntu-latest
    steps: [{run: 'true'}]
",
    );
    world.commit("first");
    let flag = world.folder().join("flag").display().to_string();
    let flag = format!("FLAG={flag}");
    let refused = |expected: &str| {
        let output = world.towpath(&["run", "--resume", "--env", &flag]);
        assert_eq!(output.code, Some(2), "{output}");
        assert!(output.stderr.contains(expected), "{expected}\n{output}");
    };
    refused("there is no run of .github/workflows/ci.yml to resume");
    assert_eq!(world.recorded(&["run", "--env", &flag]).code, Some(1));
    world.write("a.txt", "new\n");
    refused("the files changed since run 1: a.txt");
    fs_err::remove_file(world.root().join("a.txt")).expect("it was written");
    fs_err::write(world.folder().join("flag"), "").expect("a file");
    let run = world.recorded(&["run", "--resume", "--env", &flag]);
    assert_eq!((run.code, run.record.run), (Some(0), 1), "{}", run.stderr);
    assert_eq!(run.fresh_jobs(), ["always", "second"]);
    let log = world.towpath(&["logs", "second"]).stdout;
    assert!(log.contains("x\nby-1 in 2\n"), "{log}");
    refused("run 1 passed, so there is nothing to resume");
    world.write("a.txt", "new\n");
    world.commit("second");
    refused("run 1 of .github/workflows/ci.yml was at commit ");
}
