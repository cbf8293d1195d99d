//! Calls of other workflows.

use towpath_report::Source;
use towpath_workflow::{Sources, parse_workflow};

use crate::render;

const CALLED: &str = "on:
  workflow_call:
    inputs:
      name: {type: string, required: true}
      count: {type: number}
      dry: {type: boolean}
    secrets:
      token: {required: true}
jobs:
  a:
    runs-on: x
    steps:
      - run: a
";

fn check(job: &str, expected: &[&str]) {
    let text = format!("on: push\njobs:\n  call:\n    uses: ./.github/workflows/called.yml\n{job}");
    let sources: Sources = [
        (
            "./.github/workflows/called.yml".to_owned(),
            CALLED.to_owned(),
        ),
        (
            "./.github/workflows/plain.yml".to_owned(),
            "on: push\njobs: {a: {runs-on: x, steps: [{run: a}]}}".to_owned(),
        ),
    ]
    .into();
    let source = Source {
        path: "ci.yml",
        text: &text,
    };
    let problems = parse_workflow(&source, &sources).1;
    let found: Vec<String> = problems
        .iter()
        .map(|problem| {
            format!(
                "{} {}",
                problem
                    .place
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                problem.message
            )
        })
        .collect();
    assert_eq!(found, expected, "{}", render(&problems));
}

#[test]
fn inputs_and_secrets_must_fit() {
    check(
        "    with: {name: a, count: 2, dry: true}\n    secrets: inherit\n",
        &[],
    );
    check(
        "    with: {NAME: a, count: '${{ fromJSON(vars.N) }}'}\n    secrets: {token: x}\n",
        &[],
    );
    check(
        "    with: {nane: a, count: two, dry: 'true'}\n    secrets: {tokem: x}\n",
        &[
            "ci.yml:3:3 secret `token` of `./.github/workflows/called.yml` is missing",
            "ci.yml:4:11 input `name` of `./.github/workflows/called.yml` is missing",
            "ci.yml:5:12 unknown input `nane` of `./.github/workflows/called.yml`",
            "ci.yml:5:28 input `count` of `./.github/workflows/called.yml` must be a number",
            "ci.yml:5:38 input `dry` of `./.github/workflows/called.yml` must be `true` or `false`",
            "ci.yml:6:15 unknown secret `tokem` of `./.github/workflows/called.yml`",
        ],
    );
}

#[test]
fn called_workflows_must_exist_and_be_callable() {
    let call = "  other:\n    uses: ./.github/workflows/plain.yml\n  lost:\n    uses: ./.github/workflows/caled.yml\n  bad:\n    uses: ./called.yml\n";
    check(
        &format!("    with: {{name: a}}\n    secrets: inherit\n{call}"),
        &[
            "ci.yml:8:11 the workflow `./.github/workflows/plain.yml` cannot be called",
            "ci.yml:10:11 the workflow `./.github/workflows/caled.yml` does not exist",
            "ci.yml:12:11 `./called.yml` names no workflow",
        ],
    );
}

#[test]
fn mistakes_in_called_workflows_are_told_under_their_name() {
    let name = "owner/repository/.github/workflows/x.yml@v1";
    let text = format!("on: push\njobs:\n  call:\n    uses: {name}\n  again:\n    uses: {name}\n");
    let called = "on: workflow_call\njobs:\n  a:\n    steps: [{run: a}]\n";
    let sources: Sources = [(name.to_owned(), called.to_owned())].into();
    let problems = parse_workflow(
        &Source {
            path: "ci.yml",
            text: &text,
        },
        &sources,
    )
    .1;
    insta::assert_snapshot!(render(&problems));
}

#[test]
fn circles_of_calls_end() {
    let text = |name: &str| {
        format!("on: workflow_call\njobs:\n  call:\n    uses: ./.github/workflows/{name}.yml\n")
    };
    let path = |name: &str| format!("./.github/workflows/{name}.yml");
    let sources: Sources = [(path("a"), text("b")), (path("b"), text("a"))].into();
    let problems = parse_workflow(
        &Source {
            path: "ci.yml",
            text: &text("a"),
        },
        &sources,
    )
    .1;
    insta::assert_snapshot!(render(&problems));
}

#[test]
fn calls_reach_ten_deep() {
    let path = |level: usize| format!("./.github/workflows/{level}.yml");
    for (files, is_legal) in [(9, true), (10, false)] {
        let calling = |level: usize| {
            format!(
                "on: workflow_call\njobs:\n  a:\n    uses: {}\n",
                path(level)
            )
        };
        let mut sources: Sources = (1..files)
            .map(|level| (path(level), calling(level + 1)))
            .collect();
        let last = "on: workflow_call\njobs: {a: {runs-on: x, steps: [{run: a}]}}\n";
        sources.insert(path(files), last.to_owned());
        let text = calling(1).replace("workflow_call", "push");
        let source = Source {
            path: "ci.yml",
            text: &text,
        };
        let problems = parse_workflow(&source, &sources).1;
        assert_eq!(
            problems.is_empty(),
            is_legal,
            "{files}: {}",
            render(&problems)
        );
    }
}

#[test]
fn calls_that_multiply_are_refused_without_being_followed_one_by_one() {
    let path = |level: u32| format!("./.github/workflows/{level}.yml");
    let calling = |level: u32, times: u32| {
        let call = |job: u32| format!("  j{job}:\n    uses: {}\n", path(level + 1));
        let jobs: String = (0..times).map(call).collect();
        format!("on: workflow_call\njobs:\n{jobs}")
    };
    let last = "on: workflow_call\njobs:\n  a:\n    runs-on: x\n    steps: [{run: a}]\n";
    for (times, expected) in [
        (2, None),
        (
            10,
            Some("the called workflows have more than 1000 jobs together"),
        ),
    ] {
        let mut sources: Sources = (1..8)
            .map(|level| (path(level), calling(level, times)))
            .collect();
        sources.insert(path(8), last.to_owned());
        let text = calling(0, 1).replace("workflow_call", "push");
        let source = Source {
            path: "ci.yml",
            text: &text,
        };
        let problems = parse_workflow(&source, &sources).1;
        let told: Vec<&str> = problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect();
        assert_eq!(told, expected.into_iter().collect::<Vec<_>>());
    }
}

// What a file may do depends on who calls it.
#[test]
fn a_file_that_is_called_twice_is_checked_for_both_callers() {
    let path = |name: &str| format!("./.github/workflows/{name}.yml");
    let text = format!(
        "on: push\njobs:\n  a:\n    permissions: write-all\n    uses: {0}\n  b:\n    permissions: {{}}\n    uses: {0}\n",
        path("middle")
    );
    let middle = format!(
        "on: workflow_call\njobs:\n  m:\n    uses: {}\n",
        path("last")
    );
    let last = "on: workflow_call\njobs:\n  l:\n    permissions: {contents: write}\n    runs-on: x\n    steps: [{run: a}]\n";
    let sources: Sources = [(path("middle"), middle), (path("last"), last.to_owned())].into();
    let source = Source {
        path: "ci.yml",
        text: &text,
    };
    let problems = parse_workflow(&source, &sources).1;
    assert_eq!(problems.len(), 1, "{}", render(&problems));
}
