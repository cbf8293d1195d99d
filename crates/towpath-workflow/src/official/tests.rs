//! The official messages, and that reading for people takes and refuses the same files.

mod broken;
mod calls;

use towpath_report::{Severity, Source};

use super::mistakes;
use crate::{Sources, parse_workflow};

const PATH: &str = ".github/workflows/x.yml";

fn told(text: &str, sources: &Sources) -> Vec<String> {
    let source = Source { path: PATH, text };
    let mistakes = mistakes(&source, sources);
    let refuses = parse_workflow(&source, sources)
        .1
        .iter()
        .any(|problem| problem.severity == Severity::Error);
    // GitHub itself ignores what an event does not know; its parser for editors does not.
    // A job without steps is refused by GitHub, but not by its parser.
    let is_known_difference = text.contains("branchs") || !text.contains("steps");
    assert!(
        refuses != mistakes.is_empty() || is_known_difference,
        "{text}\n{mistakes:?}"
    );
    let line = |mistake: &super::Mistake| {
        let file = if mistake.file == PATH {
            String::new()
        } else {
            format!("{}:", mistake.file)
        };
        format!(
            "{file}{}:{} {}",
            mistake.line, mistake.column, mistake.message
        )
    };
    mistakes.iter().map(line).collect()
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(told(text, &Sources::new()), expected, "{text}");
}

/// A job with these lines beside `runs-on` and `steps`, its first line the fifth of the file.
fn job(lines: &str) -> String {
    format!("on: push\njobs:\n  a:\n    runs-on: x\n    {lines}\n    steps: [{{run: b}}]\n")
}

fn step(lines: &str) -> String {
    format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - {lines}\n")
}

// Unknown and repeated keys, missing keys and values of the wrong kind are refused at their places
// before anything runs.
#[test]
fn form_of_the_file() {
    for (text, expected) in [
        (
            "on: push\n",
            &["1:1 Required property is missing: jobs"][..],
        ),
        ("[a]", &["1:1 A sequence was not expected"]),
        (
            "on: push\njobs: [a]\n",
            &["2:7 A sequence was not expected"],
        ),
        (
            "on: psh\njobs: {a: {runs-on: x, steps: [{run: b}]}}\n",
            &["1:5 Unexpected value 'psh'"],
        ),
        (
            "on: {push: {branchs: a}}\njobs: {a: {runs-on: x, steps: [{run: b}]}}\n",
            &["1:13 Unexpected value 'branchs'"],
        ),
        (
            "on: {issues: {types: [opened, open]}}\njobs: {a: {runs-on: x, steps: [{run: b}]}}\n",
            &["1:31 Unexpected value 'open'"],
        ),
        (
            "on: {schedule: [{cron: '0 0 * *'}]}\njobs: {a: {runs-on: x, steps: [{run: b}]}}\n",
            &[
                "1:24 Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)",
            ],
        ),
        (
            "on: {workflow_dispatch: {inputs: {a: {type: choice}}}}\njobs: {a: {runs-on: x, steps: [{run: b}]}}\n",
            &["1:38 Missing 'options' for choice input"],
        ),
        (
            "on: {workflow_dispatch: {inputs: {a: {options: [b]}}}}\njobs: {a: {runs-on: x, steps: [{run: b}]}}\n",
            &["1:38 Input type is not 'choice', but 'options' is defined"],
        ),
        (
            "on: {workflow_dispatch: {inputs: {a: {type: boolean, default: b}}}}\njobs: {a: {runs-on: x, steps: [{run: b}]}}\n",
            &[
                "1:63 Unexpected type 'StringToken' encountered while reading 'input default'. The type 'BooleanToken' was expected.",
            ],
        ),
        // GitHub misses the steps only after its parser has read the file.
        ("on: push\njobs:\n  a:\n    runs-on: x\n", &[]),
        (
            "on: push\njobs:\n  a:\n    runs-on: x\n    uses: ./y\n",
            &["5:5 Unexpected value 'uses'"],
        ),
        (
            "on: push\njobs:\n  a:\n    steps: [{run: b}]\n",
            &["4:5 Required property is missing: runs-on"],
        ),
        (
            "on: push\njobs:\n  a:\n    name: b\n",
            &[
                "4:5 There's not enough info to determine what you meant. Add one of these properties: \
                 cancel-timeout-minutes, container, continue-on-error, defaults, env, environment, outputs, runs-on, \
                 secrets, services, snapshot, steps, timeout-minutes, uses, with",
            ],
        ),
        (
            "on: push\non: push\njobs: {a: {runs-on: x, steps: [{run: b}]}}\n",
            &["2:1 'on' is already defined"],
        ),
        (
            "on: push\nnull: a\njobs: {a: {runs-on: x, steps: [{run: b}]}}\n",
            &["2:1 Unexpected value 'null'"],
        ),
        // Items at the column of their key: the place is that of the dash.
        (
            "on: push\njobs:\n- a\n",
            &["3:1 A sequence was not expected"],
        ),
        // The conditions are read once the form is right.
        (
            "on: push\njobs:\n  a: {if: nope, runs-on: x, foo: y, steps: [{run: b}]}\n",
            &["3:29 Unexpected value 'foo'"],
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn form_of_jobs() {
    for (lines, expected) in [
        ("runs-ON: y", &["5:5 'runs-ON' is already defined"][..]),
        ("uses: ./x", &["5:5 Unexpected value 'uses'"]),
        ("timeout-minutes: soon", &["5:22 Unexpected value 'soon'"]),
        ("timeout-minutes:", &["5:21 Unexpected value ''"]),
        (
            "continue-on-error: 'true'",
            &["5:24 Unexpected value 'true'"],
        ),
        (
            "permissions: {contents: all}",
            &["5:29 Unexpected value 'all'"],
        ),
        ("permissions: all", &["5:18 Unexpected value 'all'"]),
        ("cache-mode: all", &["5:17 Unexpected value 'all'"]),
        ("env: [a]", &["5:10 A sequence was not expected"]),
        ("env: {A: {b: c}}", &["5:14 A mapping was not expected"]),
        (
            "environment: {url: u}",
            &["5:18 Required property is missing: name"],
        ),
        (
            "concurrency: {group: g, queue: all}",
            &["5:36 Unexpected value 'all'"],
        ),
        (
            "concurrency: {group: g, queue: max, cancel-in-progress: true}",
            &["5:29 'queue: max' cannot be combined with 'cancel-in-progress: true'."],
        ),
        (
            "concurrency: {group: g, queue: max, cancel-in-progress: false}",
            &[],
        ),
        (
            "concurrency: {group: g, cancel-in-progress: true, queue: single}",
            &[],
        ),
        ("snapshot: {image-name: i, version: 2.*}", &[]),
        (
            "snapshot: {image-name: i, version: 2.1}",
            &["5:15 Expected format '{major-version}.*' Actual '2.1'"],
        ),
        (
            "env: {null: a, '': b}",
            &["5:11 Unexpected value 'null'", "5:20 Unexpected value ''"],
        ),
        (
            "concurrency: {grup: g, queue: max}",
            &[
                "5:19 Unexpected value 'grup'",
                "5:18 Required property is missing: group",
            ],
        ),
        (
            "container: {ports: [80]}",
            &["5:16 Container image cannot be empty"],
        ),
        ("services: {db: {image: }}", &["5:28 Unexpected value ''"]),
        (
            "name: ${{ github.x",
            &[
                "5:11 The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.",
            ],
        ),
        (
            "name: ${{ }} ${{ secrets.x }}",
            &[
                "5:11 An expression was expected",
                "5:11 Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.x",
            ],
        ),
        (
            "timeout-minutes: ${{ a }}",
            &[
                "5:22 Unrecognized named-value: 'a'. Located at position 1 within expression: a",
                "5:22 Unexpected value '${{ a }}'",
            ],
        ),
        (
            "name: a ${{ insert }}",
            &[
                "5:11 The directive 'insert' is not allowed in this context. Directives are not supported for \
                 expressions that are embedded within a string. Directives are only supported when the entire value \
                 is an expression.",
            ],
        ),
        (
            "env: {'${{ insert x }}': y}",
            &[
                "5:11 Exactly 0 parameter(s) were expected following the directive 'insert'. Actual parameter count: 1",
            ],
        ),
        (
            "env: {A: '${{ insert }}'}",
            &["5:14 Unexpected value '${{ insert }}'"],
        ),
        (
            "needs: ${{ format('a') }}",
            &["5:12 A template expression is not allowed in this context"],
        ),
        (
            "needs: [b]",
            &["3:3 The workflow must contain at least one job with no dependencies."],
        ),
        (
            "if: needs.b && nope",
            &[
                "5:9 Unrecognized named-value: 'nope'. Located at position 12 within expression: needs.b && nope",
            ],
        ),
        (
            "if: \"a ${{ env.b }}\"",
            &[
                "5:9 Unrecognized named-value: 'env'. Located at position 1 within expression: env.b",
            ],
        ),
    ] {
        check(&job(lines), expected);
    }
    let owner =
        "Please use 'organization/' or 'enterprise/' prefix to target a single runner group.";
    for (group, more) in [
        ("my/group", format!(" {owner}")),
        ("org/my/group", format!(" {owner}")),
        ("org/", String::new()),
        ("my/", String::new()),
    ] {
        check(
            &format!(
                "on: push\njobs:\n  a:\n    runs-on: {{group: {group}}}\n    steps: [{{run: b}}]\n"
            ),
            &[&format!("4:22 Invalid runs-on group name '{group}'.{more}")],
        );
    }
    check(&job("env: {? [a] : b}"), &["5:13 Expected mapping end"]);
}

// A matrix that is written out is looked at before anything runs.
#[test]
fn matrices_must_give_jobs() {
    for (matrix, expected) in [
        ("{a: [1], exclude: [{A: 1}], include: [{b: 2}]}", &[][..]),
        ("{include: [{b: 2}]}", &[]),
        ("{a: '${{ fromJSON(vars.a) }}', include: []}", &[]),
        ("{a: ['${{ vars.a }}'], exclude: [{b: 1}]}", &[]),
        (
            "{a: [], b: []}",
            &[
                "5:28 Matrix vector 'a' does not contain any values",
                "5:35 Matrix vector 'b' does not contain any values",
            ],
        ),
        (
            "{include: []}",
            &["5:24 Matrix must define at least one vector"],
        ),
        (
            "{a: [1], include: [{}], exclude: [{}, {b: 1}]}",
            &[
                "5:43 Matrix include mapping does not contain any values",
                "5:58 Matrix exclude filter must not be empty",
                "5:63 Matrix exclude key 'b' does not match any key within the matrix",
            ],
        ),
    ] {
        check(&job(&format!("strategy: {{matrix: {matrix}}}")), expected);
    }
}

#[test]
fn form_of_steps() {
    for (lines, expected) in [
        (
            "runn: a",
            &[
                "6:9 Unexpected value 'runn'",
                "6:9 There's not enough info to determine what you meant. Add one of these properties: \
             parallel, run, shell, uses, with, working-directory",
            ][..],
        ),
        (
            "shell: bash\n        runn: a",
            &[
                "7:9 Unexpected value 'runn'",
                "6:9 Required property is missing: run",
            ],
        ),
        ("shell: bash", &["6:9 Required property is missing: run"]),
        (
            "run: a\n        with: {b: c}",
            &["7:9 Unexpected value 'with'"],
        ),
        (
            "run: a\n        id: 1a",
            &[
                "7:13 The identifier '1a' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. IDs must start with a letter or '_' and and must be less than 100 characters.",
            ],
        ),
        (
            "run: a\n        id: 1e3",
            &[
                "7:13 The identifier '1000' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. IDs must start with a letter or '_' and and must be less than 100 characters.",
            ],
        ),
        (
            "run: a\n        id: __a",
            &["7:13 The identifier '__a' is invalid. IDs starting with '__' are reserved."],
        ),
        (
            "{run: a, id: b}\n      - {run: a, id: B}",
            &["7:22 The identifier 'B' may not be used more than once within the same scope."],
        ),
        ("wait: b", &["6:15 Step references unknown step ID 'b'"]),
        (
            "wait-all: false",
            &["6:19 The value of 'wait-all' must be true or omitted"],
        ),
        (
            "{cancel: b, id: b}",
            &["6:18 Step 'b' cannot reference itself"],
        ),
        (
            "uses: actions/checkout",
            &["6:15 Expected format {org}/{repo}[/path]@ref. Actual 'actions/checkout'"],
        ),
        (
            "run: |\n          one\n          two ${{ jobs.x }}",
            &[
                "6:14 Unrecognized named-value: 'jobs'. Located at position 1 within expression: jobs.x",
            ],
        ),
    ] {
        check(&step(lines), expected);
    }
}

#[test]
fn needs_of_jobs() {
    let jobs = |needs: &[(&str, &str)]| {
        let job = |(id, needs): &(&str, &str)| {
            format!("  {id}:\n    needs: {needs}\n    runs-on: x\n    steps: [{{run: a}}]\n")
        };
        format!(
            "on: push\njobs:\n{}",
            needs.iter().map(job).collect::<Vec<_>>().concat()
        )
    };
    for (needs, expected) in [
        (&[("a", "[]"), ("b", "A")][..], &[][..]),
        (
            &[("a", "[]"), ("b", "[a, c]")],
            &["8:16 Job 'b' depends on unknown job 'c'."],
        ),
        (
            &[("a", "[]"), ("b", "[a, c]"), ("c", "b")],
            &[
                "8:16 Job 'b' depends on job 'c' which creates a cycle in the dependency graph.",
                "12:12 Job 'c' depends on job 'b' which creates a cycle in the dependency graph.",
            ],
        ),
        (
            &[("a", "b"), ("b", "a")],
            &["3:3 The workflow must contain at least one job with no dependencies."],
        ),
        (
            &[("__a", "[]")],
            &["3:3 The identifier '__a' is invalid. IDs starting with '__' are reserved."],
        ),
    ] {
        check(&jobs(needs), expected);
    }
}

const CALLED: &str = "./.github/workflows/c.yml";

fn call(lines: &str, called: &str) -> Vec<String> {
    let text = format!("on: push\njobs:\n  a:\n    uses: {CALLED}\n    {lines}\n");
    told(
        &text,
        &Sources::from([(CALLED.to_owned(), called.to_owned())]),
    )
}

// Inputs that are missing, undeclared or of another type are refused before the run; so are secrets,
// unless all are inherited.
#[test]
fn calls_must_fit() {
    let called = "on: {workflow_call: {inputs: {n: {type: number, required: true}, b: {type: boolean}, s: {type: string}}, secrets: {t: {required: true}, o: }}}\n\
                  jobs: {j: {runs-on: x, steps: [{run: a}]}}\n";
    for (lines, expected) in [
        ("with: {N: 1, b: true, s: 2}\n    secrets: inherit", &[][..]),
        ("with: {n: '${{ 1 }}'}\n    secrets: {T: x, o: y}", &[]),
        (
            "secrets: {t: x}",
            &["4:11 Input n is required, but not provided while calling."],
        ),
        (
            "with: {n: 1}",
            &["4:11 Secret t is required, but not provided while calling."],
        ),
        (
            "with: {n: one, b: 'yes'}\n    secrets: inherit",
            &["5:15 Unexpected value 'one'", "5:23 Unexpected value 'yes'"],
        ),
        (
            "with: {n: 1, m: 2}\n    secrets: {t: x, u: y}",
            &[
                "5:21 Invalid input, m is not defined in the referenced workflow.",
                "6:24 Invalid secret, u is not defined in the referenced workflow.",
            ],
        ),
    ] {
        assert_eq!(call(lines, called), expected, "{lines}");
    }
    assert_eq!(
        call("", "on: push\njobs: {j: {runs-on: x, steps: [{run: a}]}}\n"),
        ["4:11 workflow_call key is not defined in the referenced workflow."]
    );
    // What is wrong with a called file does not hide what is wrong with the call.
    assert_eq!(
        call(
            "with: {m: 1}",
            "on: workflow_call\njobs: {j: {runs-on: x, foo: y, steps: [{run: a}]}}\n"
        ),
        [
            format!("{CALLED}:2:24 Unexpected value 'foo'"),
            "5:15 Invalid input, m is not defined in the referenced workflow.".to_owned(),
        ]
    );
    assert_eq!(
        call(
            "with: {m: 1}",
            "on: workflow_call\njobs: {j: {runs-on: x, steps: [{run: a, id: 1}]}}\n"
        )[0],
        "5:15 Invalid input, m is not defined in the referenced workflow."
    );
    assert_eq!(
        call("", "on: workflow_call\njobs: {j: {runs: x}}\n")[0],
        format!("{CALLED}:2:12 Unexpected value 'runs'")
    );
}

// A called workflow can only get less than its caller has.
#[test]
fn calls_cannot_get_more_permissions() {
    let called = |permissions: &str| {
        format!(
            "on: workflow_call\njobs: {{j: {{name: J, permissions: {permissions}, runs-on: x, steps: [{{run: a}}]}}}}\n"
        )
    };
    assert_eq!(call("", &called("{contents: read}")), [""; 0]);
    assert_eq!(
        call("permissions: write-all", &called("write-all")),
        [""; 0]
    );
    assert_eq!(
        call(
            "permissions: {contents: read}",
            &called("{contents: write, checks: read}")
        ),
        [format!(
            "3:3 Error calling workflow '{CALLED}'. The nested job 'J' is requesting 'checks: read, contents: write', but is only allowed 'checks: none, contents: read'."
        )]
    );
    let long = call("permissions: {}", &called("write-all"));
    assert!(long[0].ends_with("[...]"), "{long:?}");
}

// Text around expressions becomes one expression, which has a greatest length.
#[test]
fn long_scripts_with_expressions_are_refused() {
    let script = |length: usize| {
        step(&format!(
            "run: ${{{{ github.sha }}}} {}",
            "x".repeat(length)
        ))
    };
    check(&script(20_000), &[]);
    check(
        &script(21_000),
        &["6:14 Exceeded max expression length 21000"],
    );
    check(&step(&format!("run: {}", "x".repeat(30_000))), &[]);
}

#[test]
fn concurrency_groups_have_a_greatest_length() {
    let group = |length: usize| format!("concurrency: {}", "x".repeat(length));
    check(&job(&group(400)), &[]);
    check(
        &job(&group(401)),
        &["5:18 Concurrency group name must be less than 400 characters"],
    );
    let mapping = format!("concurrency: {{group: {}}}", "x".repeat(401));
    check(
        &job(&mapping),
        &["5:18 Concurrency group name must be less than 400 characters"],
    );
}

#[test]
fn files_hold_something() {
    let nothing = "1:1 Expected a scalar value, a sequence, or a mapping";
    for (text, expected) in [
        ("", nothing),
        ("\n# nothing\n", nothing),
        ("~", "1:1 Unexpected value ''"),
    ] {
        let source = Source { path: PATH, text };
        let mistakes = mistakes(&source, &Sources::new());
        let [mistake] = mistakes.as_slice() else {
            panic!("{text}: {mistakes:?}")
        };
        assert_eq!(
            format!("{}:{} {}", mistake.line, mistake.column, mistake.message),
            expected
        );
    }
}

#[test]
fn files_have_a_greatest_depth_and_so_many_values() {
    let deep = format!("env: {}{}\n", "[".repeat(200), "]".repeat(200));
    let block: String = (0..150)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    for text in [deep, block] {
        let told = told(&format!("{text}# no steps"), &Sources::new());
        assert!(
            told[0].ends_with(" Maximum object depth exceeded"),
            "{told:?}"
        );
    }
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    let told = told(&bomb, &Sources::new());
    assert!(
        told[0].ends_with(" Maximum YAML nodes exceeded"),
        "{told:?}"
    );
}

#[test]
fn files_have_a_greatest_size() {
    let text = format!("{}#{}\n", job(""), "x".repeat(1 << 20));
    check(
        &text,
        &["1:1 The maximum file size of 1048576 characters has been exceeded"],
    );
}
