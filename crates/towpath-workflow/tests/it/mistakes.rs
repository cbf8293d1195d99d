//! Mistakes in workflow files: each is found once, in its place, all at once.

use crate::problems_of;

/// Returns a workflow of one job with these lines in it.
fn job(lines: &str) -> String {
    let lines = lines
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect::<Vec<_>>()
        .concat();
    format!("on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n{lines}")
}

/// Returns a workflow of one step with these lines in it.
fn step(lines: &str) -> String {
    let mut text = "steps:\n".to_owned();
    for (index, line) in lines.lines().enumerate() {
        text += if index == 0 { "  - " } else { "    " };
        text += line;
        text.push('\n');
    }
    job(&text)
}

/// Checks the messages with their lines and columns.
fn check(text: &str, expected: &[&str]) {
    let found = problems_of(text);
    let mut short = Vec::new();
    let mut lines = found.lines();
    while let Some(line) = lines.next() {
        let message = line
            .strip_prefix("error: ")
            .or_else(|| line.starts_with("warning: ").then_some(line));
        if let Some(message) = message {
            let place = lines.next().unwrap_or_default();
            short.push(format!(
                "{} {message}",
                place.trim_start_matches("  --> .github/workflows/ci.yml:")
            ));
        }
    }
    assert_eq!(short, expected, "{text}\n{found}");
}

#[test]
fn mistakes_of_the_documented_scene() {
    insta::assert_snapshot!(problems_of(
        "name: CI
on: push
jobs:
  lint:
    runs-on: ubuntu-latest
    needs: biuld
    step:
      - run: echo ${{ githb.sha }}
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ github.event.number }
  test:
    runs-on: ubuntu-latest
    steps:
      - run: \"true\"
"
    ));
}

#[test]
fn many_mistakes_at_once() {
    insta::assert_snapshot!(problems_of(
        r#"name: Everything wrong
on:
  push:
    branches: [main]
    branches-ignore: [old]
  pull_request:
    types: [open]
  shedule:
    - cron: "0 0 * * *"
  schedule:
    - cron: "61 * * * *"
permission:
  contents: write
permissions:
  content: read
  id-token: read
env:
  A: ${{ secrets.A }} ${{ steps.x }}
  B: [1]
concurrency:
  cancel-in-progress: yes
defaults:
  run:
    shel: bash
jobs:
  1st:
    runs-on: ubuntu-latest
    steps: []
  both:
    uses: ./.github/workflows/called.yml
    runs-on: ubuntu-latest
  none:
    steps:
      - name: nothing
      - run: a
        uses: b/c@v1
      - uses: actions/checkout
      - run: a
        with: {b: c}
      - id: x
        run: a
      - id: X
        run: a
        timeout-minutes: "5"
  matrix:
    runs-on: ${{ env.OS }}
    if: secrets.TOKEN != '' && sucess()
    strategy:
      fail-fast: no
      matrix:
        a: []
        b: one
    steps:
      - run: a
        if: github.ref = 'x'
      - run: a
        if: contains(github.ref)
      - run: a
        if: github.ref == "x"
"#
    ));
}

#[test]
fn wrong_yaml() {
    check(
        "on: push\njobs:\n\ttest: 1\n",
        &["3:2 invalid YAML: tabs disallowed within this context (block indentation)"],
    );
    check(
        "on: push\non: pull_request\njobs: {a: {runs-on: x, steps: [{run: a}]}}\n",
        &["2:1 the key `on` appears twice"],
    );
    check("", &["1:1 the file is empty"]);
    check("- on\n", &["1:1 the workflow is a sequence, not a mapping"]);
    check(
        "on: push\njobs:\n  a: *b\n",
        &["3:6 an alias without an anchor"],
    );
    check(
        &step("run: a\nif: !cancelled()"),
        &["7:13 the tag `!cancelled()` is not supported"],
    );
}

#[test]
fn wrong_whole() {
    check(
        "name: x\n",
        &[
            "1:1 the workflow has no `on`",
            "1:1 the workflow has no `jobs`",
        ],
    );
    check("on: push\njobs: {}\n", &["2:7 the workflow has no jobs"]);
    check("on: push\njobs:\n", &["2:6 `jobs` is empty"]);
    check(
        "on: push\nname: ${{ github.ref }}\njobs: {a: {runs-on: x, steps: [{run: a}]}}",
        &["2:7 an expression where none can stand"],
    );
    check(
        "on: push\nEnv: {}\njobs: {a: {runs-on: x, steps: [{run: a}]}}",
        &["2:1 unknown key `Env` in the workflow"],
    );
}

#[test]
fn wrong_events() {
    let on = |on: &str| format!("on: {on}\njobs: {{a: {{runs-on: x, steps: [{{run: a}}]}}}}\n");
    for (text, expected) in [
        ("pusch", &["1:5 unknown event `pusch`"][..]),
        (
            "[push, pull-request]",
            &["1:12 unknown event `pull-request`"],
        ),
        ("schedule", &["1:5 `schedule` without a time"]),
        (
            "{schedule: [{cron: '@daily'}]}",
            &["1:24 `@daily` is no cron expression: it has 1 fields, not 5"],
        ),
        (
            "{schedule: {cron: '0 0 * * *'}}",
            &["1:16 `schedule` is a mapping, not a list of `cron`"],
        ),
        (
            "{push: {types: [opened]}}",
            &["1:13 warning: unknown key `types` in the event `push` has no effect"],
        ),
        (
            "{pull_request: {types: [synchronise]}}",
            &["1:29 `pull_request` has no activity type `synchronise`"],
        ),
        (
            "{push: {paths: [a], paths-ignore: [b]}}",
            &["1:25 both `paths` and `paths-ignore` for one event"],
        ),
        ("{push: {branches: }}", &["1:23 `branches` is empty"]),
        (
            "{push: main}",
            &["1:12 the event `push` is the text `main`, not a mapping"],
        ),
        (
            "{workflow_dispatch: {inputs: {a: {type: bool}}}}",
            &["1:45 unknown input type `bool`"],
        ),
        (
            "{workflow_dispatch: {inputs: {a: {type: choice}}}}",
            &["1:45 a `choice` without options"],
        ),
        (
            "{workflow_dispatch: {inputs: {a: {type: choice, options: [b], default: c}}}}",
            &["1:76 the default of input `a` is the text `c`, not one of its options"],
        ),
        (
            "{workflow_call: {inputs: {a: {required: true}}}}",
            &["1:31 input `a` of a called workflow has no `type`"],
        ),
        (
            "{workflow_call: {inputs: {a: {type: boolean, default: maybe}}}}",
            &["1:59 the default of input `a` is the text `maybe`, not `true` or `false`"],
        ),
        (
            "{workflow_call: {outputs: {a: {description: b}}}}",
            &["1:32 output `a` has no `value`"],
        ),
        (
            "{workflow_call: {outputs: {a: {value: '${{ needs.a }}'}}}}",
            &["1:48 the context `needs` cannot be used here"],
        ),
    ] {
        check(&on(text), expected);
    }
}

// GitHub takes these files, and does something else than what was probably meant.
#[test]
fn right_but_hardly_meant() {
    for (lines, expected) in [
        (
            "run: a\nif: ${{ github.x }} && github.y",
            &["7:13 warning: the `if` is always true, since there is text around an expression"][..],
        ),
        ("run: a\nif: ' github.x '", &[]),
        ("run: a\nif: >-\n  ${{ github.x }}", &[]),
        (
            "run: a\nif: |\n  ${{ github.x }}",
            &[
                "7:13 warning: the `if` is always true, since there is white space around an expression",
            ],
        ),
        (
            "run: a ${{ format('{0') }}\nif: format('{0} {1}', 1)",
            &[
                "6:14 warning: the following format string is invalid: {0",
                "7:13 warning: the following format string references more arguments than were supplied: {0} {1}",
            ],
        ),
        (
            "run: a\nif: '!${{ github.x }}'",
            &["7:13 warning: the `if` is always true, since there is text around an expression"],
        ),
    ] {
        check(&step(lines), expected);
    }
    for (on, expected) in [
        (
            "{push: {branches: ['!a', '!b']}}",
            &["1:23 warning: `branches` only excludes, so nothing is left"][..],
        ),
        ("{push: {branches: ['a', '!b']}}", &[]),
        (
            "{merge_group: {paths-ignore: a}}",
            &["1:20 warning: unknown key `paths-ignore` in the event `merge_group` has no effect"],
        ),
        (
            "{workflow_dispatch: {inputs: {a: {secret: true}}}}",
            &["1:39 warning: unknown key `secret` in input `a` has no effect"],
        ),
    ] {
        let text = format!("on: {on}\njobs: {{a: {{runs-on: x, steps: [{{run: a}}]}}}}\n");
        check(&text, expected);
    }
}

#[test]
fn wrong_patterns() {
    for (on, expected) in [
        (
            "{push: {branches: ['a[b', '!v[]']}}",
            &[
                "1:24 `a[b` in `branches` is no pattern: a `[` is not closed",
                "1:31 `!v[]` in `branches` is no pattern: `[]` holds no character",
            ][..],
        ),
        (
            "{push: {tags-ignore: '+1'}}",
            &["1:26 `+1` in `tags-ignore` is no pattern: `+` follows no character"],
        ),
        ("{pull_request: {paths: ['**/*.[jt]sx?']}}", &[]),
    ] {
        let text = format!("on: {on}\njobs: {{a: {{runs-on: x, steps: [{{run: a}}]}}}}\n");
        check(&text, expected);
    }
}

#[test]
fn wrong_needs() {
    let jobs = |needs: &[(&str, &str)]| {
        let job = |(id, needs): &(&str, &str)| {
            format!("  {id}:\n    needs: {needs}\n    runs-on: x\n    steps: [{{run: a}}]\n")
        };
        format!(
            "on: push\njobs:\n{}",
            needs.iter().map(job).collect::<Vec<_>>().concat()
        )
    };
    check(
        &jobs(&[("a", "[]"), ("b", "[a, c]")]),
        &["8:16 job `b` needs `c`, which no job is called"],
    );
    check(&jobs(&[("a", "a")]), &["4:12 job `a` needs itself"]);
    check(
        &jobs(&[("a", "[b]"), ("b", "C"), ("c", "a")]),
        &["4:13 the jobs `a` → `b` → `c` → `a` need each other"],
    );
    check(
        &jobs(&[("a", "${{ b }}")]),
        &["4:12 an expression where none can stand"],
    );
}

#[test]
fn wrong_jobs() {
    for (lines, expected) in [
        ("", &["3:3 job `test` has no `steps`"][..]),
        ("steps:", &["5:11 `steps` of job `test` is empty"]),
        ("steps: []", &["5:12 job `test` has no steps"]),
        (
            "steps: [{run: a}]\ntimeout-minutes: 1h",
            &["6:22 `timeout-minutes` is the text `1h`, not a number"],
        ),
        (
            "steps: [{run: a}]\ncontinue-on-error: 'true'",
            &["6:24 `continue-on-error` is the text `true`, not `true` or `false`"],
        ),
        (
            "steps: [{run: a}]\nenv: ${{ env }}",
            &["6:14 the context `env` cannot be used here"],
        ),
        ("steps: [{run: a}]\nenv:", &["6:9 `env` is empty"]),
        (
            "steps: [{run: a}]\npermissions: all",
            &["6:18 `permissions` is the text `all`, not a mapping, `read-all` or `write-all`"],
        ),
        (
            "steps: [{run: a}]\npermissions: {contents: admin}",
            &["6:29 permission `contents` is the text `admin`, not `read`, `write` or `none`"],
        ),
        (
            "steps: [{run: a}]\nenvironment: {url: x}",
            &["6:18 `environment` without a `name`"],
        ),
        (
            "steps: [{run: a}]\nconcurrency: {group: g, cancel-in-progress: true, queue: max}",
            &["6:62 `queue: max` together with `cancel-in-progress: true`"],
        ),
        (
            "steps: [{run: a}]\nsnapshot: {image-name: i, version: 2.1}",
            &["6:40 `2.1` is no version of an image"],
        ),
        (
            "steps: [{run: a}]\nconcurrency: {cancel-in-progress: true}",
            &["6:18 `concurrency` without a `group`"],
        ),
        (
            "steps: [{run: a}]\ncontainer: {image: a, port: [1]}",
            &["6:27 unknown key `port` in a container"],
        ),
        (
            "steps: [{run: a}]\nwith: {a: b}",
            &["6:5 `with` in job `test`, which calls no workflow"],
        ),
        (
            "steps: [{run: a}]\nif: hashFiles('a')",
            &["6:9 the function `hashFiles` cannot be used here"],
        ),
        (
            "steps: [{run: a}]\nif: ${{ steps.a.outcome }}",
            &["6:13 the context `steps` cannot be used here"],
        ),
        (
            "steps: [{run: a}]\noutputs: {a: [b]}",
            &["6:18 `a` in `outputs` is a sequence, not text"],
        ),
        (
            "steps: [{run: a}]\nstrategy: {matrix: {a: [1], exclude: [{b: 1}]}}",
            &["6:24 `exclude` names `b`, which is not an axis of the matrix"],
        ),
        (
            "steps: [{run: a}]\nstrategy: {matrix: {include: {a: 1}}}",
            &["6:34 `include` is a mapping, not a list of mappings"],
        ),
        (
            "steps: [{run: a}]\nstrategy: {max-parallel: '2'}",
            &["6:30 `max-parallel` is the text `2`, not a number"],
        ),
    ] {
        check(&job(lines), expected);
    }
    let wide = (0..17)
        .map(|value| value.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    check(
        &job(&format!(
            "steps: [{{run: a}}]\nstrategy: {{matrix: {{a: [{wide}], b: [{wide}]}}}}"
        )),
        &["6:24 the matrix gives more than 256 jobs"],
    );
}

#[test]
fn wrong_steps() {
    for (lines, expected) in [
        (
            "name: a",
            &["6:9 step 1 of job `test` has neither `run` nor `uses`"][..],
        ),
        (
            "run: a\nuses: a/b@v1",
            &["7:9 step 1 of job `test` has both `run` and `uses`"],
        ),
        (
            "uses: a/b@v1\nshell: bash",
            &["7:9 `shell` in step 1 of job `test`, which has `uses`"],
        ),
        ("uses: a/b", &["6:15 `a/b` names no action"]),
        ("uses: ../a", &["6:15 `../a` names no action"]),
        (
            "uses: ${{ github.x }}",
            &["6:15 an expression where none can stand"],
        ),
        (
            "run: a\nid: a b",
            &["7:13 `a b` cannot be the id of a step"],
        ),
        (
            "run: a\nid: __a",
            &["7:13 `__a` cannot be the id of a step"],
        ),
        ("run: [a]", &["6:14 `run` is a sequence, not text"]),
        (
            "run: a\nenv: {A: {B: c}}",
            &["7:18 `A` in `env` is a mapping, not text"],
        ),
        (
            "run: a\nworking-dir: b",
            &["7:9 unknown key `working-dir` in step 1 of job `test`"],
        ),
        (
            "run: |\n  one\n  two ${{ github.x.. }}",
            &["8:28 unexpected `.` in an expression"],
        ),
        (
            "run: \"a \\\"b\\\" ${{ nope }}\"",
            &["6:27 unknown context `nope`"],
        ),
        ("run: a ${{ }}", &["6:16 expression without content"]),
        (
            "run: a\nif: always() && nope()",
            &["7:25 unknown function `nope`"],
        ),
        (
            "run: a\nif: |\n  github.ref &&\n  secrets.x",
            &["9:11 the context `secrets` cannot be used here"],
        ),
        (
            "run: a ${{ jobs.x }}",
            &["6:20 the context `jobs` cannot be used here"],
        ),
        (
            "parallel: [{run: a, background: true}, {wait-all: null}, {parallel: [{run: b}]}]",
            &[
                "6:29 `background` in the `parallel` of step 1 of job `test`",
                "6:49 `wait-all` in the `parallel` of step 1 of job `test`",
                "6:67 `parallel` in the `parallel` of step 1 of job `test`",
            ],
        ),
    ] {
        check(&step(lines), expected);
    }
}

// The contexts of GitHub's table, key by key: what stands elsewhere is told before anything runs.
#[test]
fn contexts_stand_only_where_github_has_them() {
    const ALL: [&str; 12] = [
        "github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "steps", "job",
        "runner", "env", "jobs",
    ];
    let run = ["github", "inputs", "vars"];
    let needs = [&run[..], &["needs"]].concat();
    let matrix = [&needs[..], &["strategy", "matrix"]].concat();
    let with_secrets = [&matrix[..], &["secrets"]].concat();
    let open = [&matrix[..], &["steps", "job", "runner", "env"]].concat();
    let all = [&open[..], &["secrets"]].concat();
    let top = |lines: &str| {
        format!("on: push\n{lines}\njobs: {{a: {{runs-on: x, steps: [{{run: a}}]}}}}\n")
    };
    let whole =
        |lines: &str| format!("on: push\njobs:\n  a:\n    {lines}\n    steps: [{{run: a}}]\n");
    let on = |lines: &str| job(&format!("{lines}\nsteps: [{{run: a}}]"));
    for (text, legal) in [
        (top("run-name: X"), run.to_vec()),
        (top("concurrency: X"), run.to_vec()),
        (top("env: {A: X}"), [&run[..], &["secrets"]].concat()),
        (on("if: X"), needs.clone()),
        (
            on("strategy: {fail-fast: X, matrix: {a: [1]}}"),
            needs.clone(),
        ),
        (on("strategy: {matrix: {a: [X]}}"), needs),
        (whole("runs-on: X"), matrix.clone()),
        (on("name: X"), matrix.clone()),
        (on("concurrency: X"), matrix.clone()),
        (on("environment: X"), matrix.clone()),
        (on("timeout-minutes: X"), matrix.clone()),
        (on("continue-on-error: X"), matrix.clone()),
        (on("container: X"), matrix.clone()),
        (
            on("defaults: {run: {shell: X}}"),
            [&matrix[..], &["env"]].concat(),
        ),
        (on("env: {A: X}"), with_secrets),
        (on("environment: {name: a, url: X}"), open.clone()),
        (on("outputs: {A: X}"), all.clone()),
        (step("run: a\nif: X"), open),
        (step("run: X"), all.clone()),
        (step("run: a\nname: X"), all.clone()),
        (step("run: a\nenv: {A: X}"), all.clone()),
        (step("run: a\nworking-directory: X"), all.clone()),
        (step("run: a\ntimeout-minutes: X"), all.clone()),
        (step("uses: a/b@v1\nwith: {A: X}"), all),
    ] {
        for context in ALL {
            let expression = format!("\"${{{{ {context}.x }}}}\"");
            let told = problems_of(&text.replace('X', &expression));
            let is_refused = told.contains(&format!("the context `{context}` cannot be used here"));
            assert_eq!(
                !is_refused,
                legal.contains(&context),
                "{context} in {text}: {told}"
            );
        }
    }
}
