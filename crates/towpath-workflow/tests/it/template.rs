//! The workflow in the form in which the official parser hands it on.

use serde_json::{Value as Json, json};
use towpath_report::Source;
use towpath_workflow::Sources;
use towpath_workflow::official::{mistakes, template};

fn built(text: &str, sources: &Sources) -> Json {
    let source = Source {
        path: ".github/workflows/a.yml",
        text,
    };
    assert_eq!(mistakes(&source, sources), [], "{text}");
    template(&source, sources).expect("it is YAML")
}

/// A job with these lines.
fn job(lines: &str) -> Json {
    let text =
        format!("on: push\njobs:\n  a:\n    runs-on: x\n{lines}\n    steps:\n      - run: b\n");
    built(&text, &Sources::new())["jobs"][0].clone()
}

#[test]
fn values_keep_the_kind_that_their_key_takes() {
    for (lines, path, expected) in [
        ("", "/runs-on", json!("x")),
        ("    name: ''", "/name", json!("a")),
        ("    name: 1.50", "/name", json!("1.5")),
        ("    timeout-minutes: 0x10", "/timeout-minutes", json!(16)),
        (
            "    timeout-minutes: .inf",
            "/timeout-minutes",
            json!("Infinity"),
        ),
        (
            "    continue-on-error: true",
            "/continue-on-error",
            json!(true),
        ),
        ("    env: {A: 5}", "/env/map/0/Value", json!("5")),
        ("    env: {A: }", "/env/map/0/Value", json!("")),
        (
            "    container: {image: i, ports: [80]}",
            "/container/map/1/Value",
            json!({"type": 1, "seq": ["80"]}),
        ),
        (
            "    strategy: {matrix: {a: [1, true, null, x]}}",
            "/strategy/map/0/Value/map/0/Value/seq",
            json!([1, true, null, "x"]),
        ),
        ("    name: ${{ 'it''s' }}", "/name", json!("it's")),
        (
            "    name: ${{ github.ref }}",
            "/name",
            json!({"type": 3, "expr": "github.ref"}),
        ),
        (
            "    name: \"it's {${{ github.ref }}} ${{github.sha}}\"",
            "/name",
            json!({"type": 3, "expr": "format('it''s {{{0}}} {1}', github.ref, github.sha)"}),
        ),
        (
            "    env: {'${{ insert }}': '${{ fromJSON(vars.a) }}'}",
            "/env/map/0",
            json!({
                "Key": {"type": 4, "expr": "insert"},
                "Value": {"type": 3, "expr": "fromJSON(vars.a)"},
            }),
        ),
        (
            "    permissions: {contents: read}",
            "/permissions",
            json!({"contents": "read"}),
        ),
        (
            "    permissions: read-all",
            "/permissions",
            json!({
                "actions": "read", "checks": "read", "contents": "read", "deployments": "read",
                "discussions": "read", "id-token": "read", "issues": "read", "packages": "read",
                "pages": "read", "pull-requests": "read", "repository-projects": "read",
                "security-events": "read", "statuses": "read",
            }),
        ),
    ] {
        assert_eq!(job(lines).pointer(path), Some(&expected), "{lines}");
    }
}

#[test]
fn conditions_ask_how_things_stand() {
    for (condition, expected) in [
        ("", "success()"),
        ("''", "success()"),
        ("null", "success()"),
        ("true", "success() && (true)"),
        ("${{ github.a == 'b' }}", "success() && (github.a == 'b')"),
        (
            "github.a == 'always()'",
            "success() && (github.a == 'always()')",
        ),
        ("false || (always() && true)", "false || (always() && true)"),
        ("fromJSON(toJSON(failure()))", "fromJSON(toJSON(failure()))"),
    ] {
        let job = job(&format!("    if: {condition}"));
        assert_eq!(
            job["if"],
            json!({"type": 3, "expr": expected}),
            "{condition}"
        );
    }
}

#[test]
fn steps_without_a_name_get_one() {
    let steps = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n";
    let lines = [
        "uses: o/r/p@v1",
        "uses: docker://i:t",
        "uses: ./a",
        "run: a",
        "uses: o/r@v2",
        "{run: a, id: b, name: c}",
        "run: a",
        "wait: b",
        "wait-all:",
    ];
    let text: String = lines
        .iter()
        .map(|line| format!("      - {line}\n"))
        .collect();
    let workflow = built(&format!("{steps}{text}"), &Sources::new());
    let steps = workflow["jobs"][0]["steps"].as_array().expect("a list");
    let ids: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["id"].as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "__o_r",
            "__i_t",
            "__self",
            "__run",
            "__o_r_2",
            "b",
            "__run_2",
            "__wait",
            "__wait-all"
        ]
    );
    assert_eq!(steps[5]["name"], "c");
    assert_eq!(
        steps[7],
        json!({"id": "__wait", "name": "Wait", "wait": ["b"]})
    );
    assert_eq!(steps[8]["wait-all"], true);
}

#[test]
fn events_have_lists_and_declarations() {
    let text = "on:
  push: {branches: main, tags-ignore: [a, b]}
  fork:
  schedule: [{cron: '0 0 * * *'}]
  workflow_dispatch: {inputs: {a: , b: {type: boolean, default: true}}}
  workflow_call: {inputs: {c: {type: number, default: '${{ github.a }}'}}, secrets: {d: {required: true}, e: }}
jobs: {a: {runs-on: x, steps: [{run: b}]}}
";
    let workflow = built(text, &Sources::new());
    assert_eq!(
        workflow["events"],
        json!({
            "push": {"branches": ["main"], "tags-ignore": ["a", "b"]},
            "fork": {},
            "schedule": [{"cron": "0 0 * * *"}],
            "workflow_dispatch": {"inputs": {
                "a": {"type": "string"},
                "b": {"type": "boolean", "default": true},
            }},
            "workflow_call": {
                "inputs": {"c": {"type": "number"}},
                "secrets": {"d": {"required": true}, "e": {}},
            },
        })
    );
    assert_eq!(
        workflow["input-types"],
        json!({"a": "string", "b": "boolean"})
    );
    let listed = built(
        "on: [push, fork]\njobs: {a: {runs-on: x, steps: [{run: b}]}}\n",
        &Sources::new(),
    );
    assert_eq!(listed["events"], json!({"push": {}, "fork": {}}));
    assert_eq!(listed.get("input-types"), None);
}

// What a called workflow asks bounds its jobs, and so what the call is said to get.
#[test]
fn called_workflows_stand_in_the_jobs_that_call_them() {
    let path = |name: &str| format!("o/r/.github/workflows/{name}.yml@v1");
    let call = |name: &str| format!("jobs: {{call-{name}: {{uses: {}}}}}\n", path(name));
    let text = format!("on: push\npermissions: {{actions: write}}\n{}", call("one"));
    let sources = Sources::from([
        (path("one"), format!("on: workflow_call\n{}", call("two"))),
        (
            path("two"),
            "on: {workflow_call: {inputs: {i: {type: string}}, secrets: {s: }, outputs: {o: {value: v}}}}\n\
             permissions: {actions: read}\n\
             jobs: {last: {runs-on: x, steps: [{run: b}]}}\n"
                .to_owned(),
        ),
    ]);
    let workflow = built(&text, &sources);
    let first = &workflow["jobs"][0];
    let second = &first["jobs"][0];
    let last = &second["jobs"][0];
    for (job, kind, id, permissions) in [
        (first, "reusableWorkflowJob", "call-one", "write"),
        (second, "reusableWorkflowJob", "call-two", "read"),
        (last, "job", "last", "read"),
    ] {
        assert_eq!(job["type"], kind);
        assert_eq!(job["id"], id);
        assert_eq!(job["permissions"], json!({"actions": permissions}), "{id}");
    }
    assert_eq!(first["needs"], json!([]));
    assert_eq!(first["ref"], json!(path("one")));
    assert_eq!(second["input-definitions"]["map"][0]["Key"], "i");
    assert_eq!(second["secret-definitions"]["map"][0]["Value"], Json::Null);
    assert_eq!(second["outputs"]["map"][0]["Key"], "o");
    assert_eq!(last.get("needs"), None);
}

// However long an action is called and however often it is used, its names are short and found at once.
#[test]
fn names_of_steps_are_short_and_all_different() {
    let uses = format!("o/{}@v1", "r".repeat(200));
    let steps = format!("{{uses: {uses}}}, ").repeat(3_000);
    let text = format!("on: push\njobs: {{a: {{runs-on: x, steps: [{steps}]}}}}\n");
    let workflow = built(&text, &Sources::new());
    let steps = workflow["jobs"][0]["steps"].as_array().expect("a list");
    let id = |step: usize| steps[step]["id"].as_str().expect("a text").to_owned();
    assert_eq!(id(0), format!("__o_{}", "r".repeat(96)));
    assert_eq!(id(1), format!("__o_{}_2", "r".repeat(94)));
    assert_eq!(id(2_999), format!("__o_{}_3000", "r".repeat(91)));
}
