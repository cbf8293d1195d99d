//! Files that GitHub takes give no problem and the values that are written.

use towpath_report::Source;
use towpath_workflow::{Sources, parse_workflow};

use crate::{problems_of, render};

const EVERYTHING: &str = r#"
name: Everything
run-name: Run of ${{ github.actor }}
on:
  push: {branches: ['main', '!old/**'], tags-ignore: v0.*, paths: ["**.py"]}
  pull_request:
  pull_request_target:
    types: opened
  schedule: [{cron: "30 5 * * MON-FRI"}, {cron: '0 0 1 * *', timezone: Europe/London}]
  repository_dispatch: {types: [ping]}
  workflow_run: {workflows: [CI], types: [completed], branches: [main]}
  workflow_dispatch:
    inputs:
      level: {description: Level, required: true, default: info, type: choice, options: [info, debug]}
      dry: {type: boolean, default: false}
      anything:
  workflow_call:
    inputs: {name: {type: string, default: "${{ github.ref }}"}, count: {type: number, required: true}}
    secrets: {token: {required: true}, other: }
    outputs: {result: {value: "${{ jobs.test.outputs.result }}"}}
permissions: {contents: read, id-token: write, models: read}
env: {A: 1, B: "${{ secrets.B }}", C: , D: true, E: 3.10}
defaults: {run: {shell: bash, working-directory: src}}
concurrency: {group: "${{ github.ref }}", cancel-in-progress: "${{ github.ref != 'x' }}"}
jobs:
  test:
    name: test ${{ matrix.python }}
    needs: []
    if: ${{ !cancelled() && github.event_name == 'push' }}
    runs-on: [self-hosted, "${{ matrix.os }}"]
    timeout-minutes: ${{ fromJSON(vars.MINUTES) }}
    continue-on-error: ${{ matrix.experimental }}
    environment: {name: "${{ inputs.level }}", url: "${{ steps.a.outputs.url }}"}
    outputs: {result: "${{ steps.a.outputs.result }}"}
    env: {TOKEN: "${{ secrets.TOKEN }}"}
    defaults: {run: {shell: "${{ matrix.shell }}"}}
    container:
      image: python:3.12
      credentials: {username: "${{ github.actor }}", password: "${{ secrets.P }}"}
      env: {A: "${{ secrets.X }}"}
      ports: [80]
      options: --cpus 1
    services:
      redis: {image: redis, ports: ["6379:6379"]}
      empty: {image: "${{ matrix.os == 'x' && 'redis' || '' }}"}
    strategy:
      fail-fast: false
      max-parallel: 2
      matrix:
        os: [ubuntu-latest]
        python: ["3.12", 3.13]
        experimental: [false]
        include: [{python: "3.14", experimental: true}]
        exclude: [{os: ubuntu-latest, python: 3.13}]
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0, persist-credentials: false}
      - id: a
        name: "Say ${{ matrix.python }}"
        if: failure() || hashFiles('**/x') != ''
        run: |
          echo "${{ github.event.head_commit.message }}"
        env: {KEY: "${{ runner.os }}-${{ hashFiles('**/lock') }}"}
        shell: python
        working-directory: ${{ env.DIR }}
        timeout-minutes: 5
        continue-on-error: true
      - uses: ./local
        if: always()
      - uses: $/
      - uses: $/.github/actions/local
      - uses: docker://alpine:3
      - {run: sleep 9, background: true, id: b}
      - wait: b
      - wait-all:
      - cancel: b
      - parallel:
          - {name: one, run: a, if: always()}
          - uses: owner/repository@v1
  dynamic:
    needs: test
    strategy: {matrix: "${{ fromJSON(needs.test.outputs.result) }}"}
    runs-on: {group: large, labels: [linux]}
    if: success('test')
    container: ${{ matrix.container }}
    env: ${{ matrix.env }}
    concurrency: production
    environment: production
    snapshot: image
    steps: [{run: "true"}]
  axis:
    strategy: {matrix: {a: "${{ fromJSON('[1]') }}", include: "${{ fromJSON('[]') }}"}}
    runs-on: ${{ matrix.a == 1 && 'ubuntu-latest' || 'macos-latest' }}
    steps: [{run: "true"}]
  call:
    needs: [test, dynamic]
    uses: ./.github/workflows/called.yml
    with: {flag: true, count: 3, name: "${{ needs.test.outputs.result }}"}
    secrets: inherit
    permissions: read-all
  remote:
    uses: owner/repository/.github/workflows/x.yaml@v1
    secrets: {token: "${{ secrets.TOKEN }}"}
"#;

#[test]
fn a_file_with_everything_is_read_whole() {
    let source = Source {
        path: ".github/workflows/ci.yml",
        text: EVERYTHING,
    };
    let (workflow, problems) = parse_workflow(&source, &Sources::new());
    assert_eq!(render(&problems), "");
    let workflow = workflow.expect("it is a workflow");
    insta::assert_json_snapshot!(workflow);
    let json = serde_json::to_string(&workflow).expect("it is serialisable");
    let again: towpath_workflow::syntax::Workflow =
        serde_json::from_str(&json).expect("it is readable");
    assert_eq!(again, workflow);
}

#[test]
fn forms_that_look_wrong_are_right() {
    for text in [
        "on: push\njobs: {a: {runs-on: x, steps: [{run: a}]}}\n",
        "\u{feff}on: [push]\r\njobs:\r\n  a:\r\n    runs-on: x\r\n    steps:\r\n      - run: |\r\n          a\r\n",
        "'on': push\njobs: {a: {runs-on: x, steps: [{run: ''}]}}\n",
        "on: push\njobs: {a: {runs-on: x, strategy: '${{ fromJSON(vars.s) }}', steps: [{run: a}]}}\n",
        "on: push\njobs: {a: {runs-on: x, strategy: {matrix: {include: ['${{ inputs.x }}']}}, steps: [{run: a}]}}\n",
        "on: push\ncache-mode: none\njobs: {a: {runs-on: x, cache-mode: write-only, steps: [{run: a}]}, b: {uses: o/r/.github/workflows/c.yml@v1, cache-mode: read}}\n",
        "on: {push: , create: , workflow_dispatch: }\njobs: {a: {runs-on: x, steps: [{run: a, if: }]}}\n",
    ] {
        assert_eq!(problems_of(text), "", "{text}");
    }
}

#[test]
fn anchors_stand_for_what_they_name() {
    let text = "on: push
env: &env {A: b}
jobs:
  a: &job
    runs-on: x
    env: *env
    steps:
      - &checkout
        uses: actions/checkout@v4
      - *checkout
  b: *job
";
    assert_eq!(problems_of(text), "");
}
