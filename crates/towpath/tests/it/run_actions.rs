//! `towpath run` with built-in actions, and with JavaScript actions that ask its services.

use crate::faults::files_below;
use crate::world::World;

const WORKFLOW: &str = "\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    strategy: {matrix: {name: [one, two]}}
    steps:
      - uses: actions/checkout@v4
      - run: mkdir dist && cat notes.txt ${{ matrix.name }}.txt > dist/out.txt
      - uses: actions/upload-artifact@v4
        with: {name: 'out-${{ matrix.name }}', path: dist}
      - uses: ./list
  join:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v4
        with: {path: all, pattern: out-*}
      - run: cat all/out-one/out.txt all/out-two/out.txt
      - uses: actions/upload-artifact@v4
        with: {path: nothing}
  identity:
    needs: build
    runs-on: ubuntu-latest
    permissions: {id-token: write, contents: read}
    steps:
      - uses: actions/checkout@v4
      - uses: ./list
";

/// Asks the service of artifacts which ones the run has.
const LIST: &str = "
const http = require('http');
const url = process.env.ACTIONS_RESULTS_URL +
  'twirp/github.actions.results.api.v1.ArtifactService/ListArtifacts';
const headers = {authorization: 'Bearer ' + process.env.ACTIONS_RUNTIME_TOKEN};
const identity = process.env.ACTIONS_ID_TOKEN_REQUEST_URL ? 'may be asked for' : 'is closed';
console.log(process.env.GITHUB_JOB + ': a token of identity ' + identity);
const request = http.request(url, {method: 'POST', headers}, answer => {
  let text = '';
  answer.on('data', part => text += part);
  answer.on('end', () => {
    const own = JSON.parse(text).artifacts.filter(one => one.name.startsWith('out-'));
    console.log('it has ' + (own.length > 0 ? 'artifacts' : 'nothing'));
  });
});
request.end('{}');
";

#[test]
fn jobs_hand_files_on_and_node_asks_for_them() {
    let world = World::offline();
    world.write(".github/workflows/ci.yml", WORKFLOW);
    world.write(
        "list/action.yml",
        "name: list\nruns: {using: node20, main: main.js}\n",
    );
    world.write("list/main.js", LIST);
    world.write("one.txt", "first\n");
    world.write("two.txt", "second\n");
    world.commit("first");
    world.write("notes.txt", "not committed\n");
    let run = world.recorded(&["run"]);
    let logs = files_below(&world.folder().join("state"));
    let log: String = logs
        .iter()
        .filter(|path| path.ends_with("log.txt"))
        .map(|path| fs_err::read_to_string(path).expect("a log"))
        .collect();
    assert_eq!(run.code, Some(0), "{log}");
    for said in [
        ", with what is not committed\n",
        "Uploaded 1 file as `out-one`",
        "it has artifacts\n",
        "build: a token of identity is closed\n",
        "identity: a token of identity may be asked for\n",
        "not committed\nfirst\nnot committed\nsecond\n",
        "warning: no files were found with the path `nothing`",
    ] {
        assert!(log.contains(said), "{said}\n{log}");
    }
    let join = run.record.jobs.iter().find(|job| job.name == "join");
    let findings = &join.expect("it ran").result.findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
}

#[test]
fn what_was_not_fetched_is_refused_with_its_place_until_it_is() {
    let world = World::offline();
    let workflow = "\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: owner/tool@v1
";
    world.write(".github/workflows/ci.yml", workflow);
    world.commit("first");
    let refused = world.towpath(&["run"]);
    assert_eq!(refused.code, Some(2));
    let said = refused.stderr;
    assert!(
        said.contains("`owner/tool@v1` is not on this machine"),
        "{said}"
    );
    assert!(
        said.contains("ci.yml:6") && said.contains("towpath actions fetch"),
        "{said}"
    );

    let tool = towpath_testing::TestContext::new();
    let steps = "runs:\n  using: composite\n  steps:\n    - {run: echo fetched, shell: bash}\n";
    tool.write("action.yml", format!("name: tool\n{steps}"));
    tool.commit("first");
    tool.git(&["tag", "v1"]);
    let server = world.folder().join("server/owner");
    fs_err::create_dir_all(&server).expect("a folder");
    fs_err::os::unix::fs::symlink(tool.root(), server.join("tool")).expect("a link");
    let url = format!("file://{}", world.folder().join("server").display());
    let fetched = world.towpath(&["actions", "fetch", "--server", &url]);
    assert_eq!(fetched.code, Some(0), "{}", fetched.stderr);
    assert!(
        fetched.stdout.starts_with("fetched owner/tool@v1 ("),
        "{}",
        fetched.stdout
    );
    let run = world.towpath(&["run"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}

// A workflow of another repository, and the one beside it that it calls, run from the store.
#[test]
fn workflows_of_other_repositories_are_fetched_once() {
    let world = World::offline();
    let uses = "owner/flows/.github/workflows/outer.yml@v1";
    world.write(
        ".github/workflows/ci.yml",
        format!("on: push\njobs:\n  a:\n    uses: {uses}\n"),
    );
    world.commit("first");
    let refused = world.towpath(&["run"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("ci.yml:3") && refused.stderr.contains("towpath actions fetch"),
        "{}",
        refused.stderr
    );

    let flows = towpath_testing::TestContext::new();
    let outer = "on: workflow_call\njobs:\n  b:\n    uses: ./.github/workflows/inner.yml\n";
    flows.write(".github/workflows/outer.yml", outer);
    let inner = "on: workflow_call\njobs:\n  c: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}\n";
    flows.write(".github/workflows/inner.yml", inner);
    flows.commit("first");
    flows.git(&["tag", "v1"]);
    let server = world.folder().join("server/owner");
    fs_err::create_dir_all(&server).expect("a folder");
    fs_err::os::unix::fs::symlink(flows.root(), server.join("flows")).expect("a link");
    let url = format!("file://{}", world.folder().join("server").display());
    let fetched = world.towpath(&["actions", "fetch", "--server", &url]);
    assert_eq!(fetched.code, Some(0), "{}", fetched.stderr);
    let run = world.recorded(&["run"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(run.record.jobs[0].name, "a / b / c");
}

#[test]
fn checks_run_on_what_a_job_has_checked_out() {
    let world = World::with_empty_index();
    world.write("pyproject.toml", "[project]\nname = 'a'\nversion = '1'\n");
    world.write("a.py", "import os\nopen(missing)\n");
    world.write(
        ".github/workflows/ci.yml",
        "\
on: push
jobs:
  early:
    runs-on: ubuntu-latest
    steps:
      - {uses: towpath/check@v1, with: {check: lint}}
  late:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo 'import sys' > made.py
      - {uses: towpath/check@v1, with: {check: lint}}
      - {uses: towpath/check@v1, with: {check: lnit}, if: failure(), continue-on-error: true}
",
    );
    world.commit("first");
    let run = world.recorded(&["run"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let early = &run.job("early").result.findings;
    assert_eq!(
        early[0].message.lines().next(),
        Some("the workspace is empty, so there is nothing to check")
    );
    let late = run.job("late");
    let told = |finding: &towpath_report::Finding| {
        let place = finding.place.as_ref().map(|place| place.path.clone());
        (
            finding.rule.clone(),
            place.unwrap_or_default(),
            finding.blocking,
        )
    };
    let findings: Vec<_> = late.result.findings.iter().map(told).collect();
    let found =
        |rule: &str, path: &str, blocking: bool| (rule.to_owned(), path.to_owned(), blocking);
    assert!(
        findings.contains(&found("F821", "a.py", true)),
        "{findings:?}"
    );
    assert!(
        findings.contains(&found("F401", "made.py", false)),
        "{findings:?}"
    );
    let reasons: Vec<&str> = late.steps.iter().map(|step| step.reason.as_str()).collect();
    assert_eq!(
        reasons,
        ["", "", "lint: 1 problem", "there is no check `lnit`"]
    );
}
