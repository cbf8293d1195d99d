//! Rules of GitHub's engine that no other test needs: what a strategy tells of its copies, the order in which
//! they start, inputs of actions, what a called workflow knows of its caller, how deep actions reach.

use towpath_runner::{Approval, EnvironmentContext};
use towpath_workflow::expression::Value;

use super::engine::Engine;

#[test]
fn a_strategy_tells_each_copy_where_it_stands() {
    let told = "${{ strategy.job-index }} ${{ strategy.job-total }} ${{ strategy.fail-fast }} ${{ strategy.max-parallel }}";
    let jobs = |strategy: &str| {
        format!(
            "on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    name: t${{{{ matrix.v }}}}\n{strategy}    \
             steps: [{{run: 'echo \"{told}\"'}}]\n"
        )
    };
    let ran = Engine::new().run(&jobs("    strategy: {matrix: {v: [a, b]}}\n"));
    assert_eq!(
        (&*ran.log("ta"), &*ran.log("tb")),
        ("0 2 true 2", "1 2 true 2")
    );
    let own = "    strategy: {fail-fast: false, max-parallel: 1, matrix: {v: [a, b]}}\n";
    let ran = Engine::new().run(&jobs(own));
    assert_eq!(
        (&*ran.log("ta"), &*ran.log("tb")),
        ("0 2 false 1", "1 2 false 1")
    );
    let ran = Engine::new().run(&jobs(""));
    assert_eq!(ran.log("t"), "0 1 true 1");
}

#[test]
fn copies_start_in_order_and_no_more_at_a_time_than_allowed() {
    let engine = Engine::new();
    let order = engine.context.folder().join("order");
    let order = order.display();
    engine.run(&format!(
        "on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    \
         strategy: {{max-parallel: 1, matrix: {{v: [c, a, b]}}}}\n    steps:\n    \
         - run: 'echo begin ${{{{ matrix.v }}}} >> {order}; sleep 0.1; echo end >> {order}'\n"
    ));
    let order = fs_err::read_to_string(order.to_string()).expect("an order");
    assert_eq!(order, "begin c\nend\nbegin a\nend\nbegin b\nend\n");
}

#[test]
fn a_required_input_of_an_action_may_be_missing() {
    let engine = Engine::new();
    engine.context.write("act/action.yml", "");
    let ran = engine.run(
        r#"on: push
jobs:
  t:
    runs-on: ubuntu-latest
    steps:
    - run: |
        mkdir act
        printf 'inputs: {who: {required: true}}\nruns: {using: composite, steps: [{shell: sh, run: "echo [$%s]"}]}\n' '{{ inputs.who }}' > act/action.yml
    - uses: ./act
"#,
    );
    assert_eq!((&*ran.jobs(), &*ran.log("t")), ("t success", "[]"));
}

#[test]
fn a_called_workflow_knows_the_event_of_its_caller() {
    let mut engine = Engine::new();
    let own = (
        "workflow_ref",
        "octo/demo/.github/workflows/test.yml@refs/heads/main",
    );
    engine
        .run
        .github
        .0
        .push((own.0.to_owned(), Value::from(own.1)));
    engine.sources.insert(
        "./.github/workflows/called.yml".to_owned(),
        "on: workflow_call\njobs:\n  in:\n    runs-on: ubuntu-latest\n    steps:\n    \
         - run: 'echo ${{ github.event_name }} ${{ github.workflow_ref }} ${{ job.workflow_file_path }}'\n"
            .to_owned(),
    );
    let ran = engine.run("on: push\njobs:\n  call:\n    uses: ./.github/workflows/called.yml\n");
    assert_eq!(
        ran.log("call / in"),
        format!("push {} .github/workflows/called.yml", own.1)
    );
}

#[test]
fn actions_reach_ten_deep() {
    for (actions, expected) in [(10, "t success"), (11, "t failure")] {
        let make = (1..actions).map(|level| {
            let next = level + 1;
            format!("mkdir a{level}; echo 'runs: {{using: composite, steps: [{{uses: ./a{next}}}]}}' > a{level}/action.yml\n        ")
        });
        let make: String = make.collect();
        let ran = Engine::new().run(&format!(
            "on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n    - run: |\n        {make}\
             mkdir a{actions}; echo 'runs: {{using: composite, steps: [{{shell: sh, run: echo deep}}]}}' > a{actions}/action.yml\n    \
             - uses: ./a1\n"
        ));
        assert_eq!(ran.jobs(), expected, "{actions}: {:?}", ran.findings("t"));
    }
}

#[test]
fn the_address_of_an_environment_is_known_after_the_steps() {
    let mut environment = EnvironmentContext::of("site");
    environment.approval = Approval::Given;
    let ran = Engine::new().with_environment("site", environment).run(
        r#"on: push
jobs:
  t:
    runs-on: ubuntu-latest
    environment: {name: site, url: "https://${{ steps.up.outputs.host }}/"}
    steps:
    - {id: up, run: 'echo host=example.org >> "$GITHUB_OUTPUT"'}
"#,
    );
    assert_eq!(
        ran.job("t").result.notes,
        ["deployed to https://example.org/"]
    );
}
