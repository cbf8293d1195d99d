//! What the parts of a file become.

use towpath_report::Source;
use towpath_workflow::official::mistakes;
use towpath_workflow::syntax::{Dynamic, Job, JobWork, Step, StepWork, Text, Trigger, Workflow};
use towpath_workflow::{Sources, parse_workflow};

fn read(text: &str) -> Workflow {
    let (workflow, problems) = parse_workflow(
        &Source {
            path: "ci.yml",
            text,
        },
        &Sources::new(),
    );
    assert_eq!(problems, []);
    workflow.expect("it is a workflow")
}

#[test]
fn a_workflow_by_hand_equals_one_that_is_read() {
    let mut job = Job::of_steps(
        "test",
        "ubuntu-latest",
        vec![
            Step::uses("actions/checkout@v4", &[("fetch-depth", "0")]),
            Step::run("pytest"),
        ],
    );
    job.condition = Some(Text::from("always()"));
    let by_hand = Workflow {
        on: vec![Trigger::event("push")],
        jobs: vec![job],
        ..Workflow::default()
    };
    let text = "on: push
jobs:
  test:
    if: always()
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
      - run: pytest
";
    assert_eq!(read(text), by_hand);
}

#[test]
fn scalars_become_the_text_that_github_makes_of_them() {
    let workflow = read(
        "on: push\nenv: {A: 3.10, B: '3.10', C: 1e3, D: True, E: 0x10, F: ~, G: on}\njobs: {a: {runs-on: x, steps: [{run: a}]}}",
    );
    let Dynamic::Value(env) = workflow.env else {
        panic!("it is written out")
    };
    let values: Vec<String> = env.values().map(ToString::to_string).collect();
    assert_eq!(values, ["3.1", "3.10", "1000", "true", "16", "", "on"]);
}

#[test]
fn origins_tell_where_things_are_written() {
    let workflow = read(
        "on: push\njobs:\n  a:\n    if: github.ref\n    runs-on: x\n    steps:\n      - run: a\n",
    );
    let job = workflow.job("A").expect("ids ignore case");
    let line = |origin: &towpath_workflow::syntax::Origin| {
        origin.0.as_ref().map(|place| (place.line, place.column))
    };
    assert_eq!(line(&job.origin), Some((3, 3)));
    assert_eq!(
        job.condition.as_ref().and_then(|text| line(&text.origin)),
        Some((4, 9))
    );
    let JobWork::Steps(work) = &job.work else {
        panic!("it has steps")
    };
    assert_eq!(
        work.steps.first().and_then(|step| line(&step.origin)),
        Some((7, 9))
    );
    assert!(matches!(
        &work.steps[..],
        [Step {
            work: StepWork::Run { .. },
            ..
        }]
    ));
}

#[test]
fn large_files_take_no_time() {
    let steps = "      - run: echo ${{ github.sha }}\n        env: {A: b}\n".repeat(15_000);
    let text = format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}");
    assert_eq!(
        read(&text).jobs.first().map(|job| job.steps().len()),
        Some(15_000)
    );
    let jobs = (0..10_000).map(|index| {
        format!(
            "  j{index}: {{needs: [j{}], runs-on: x, steps: [{{run: a}}]}}\n",
            (index + 1) % 10_000
        )
    });
    let text = format!("on: push\njobs:\n{}", jobs.collect::<Vec<_>>().concat());
    let (_, problems) = parse_workflow(
        &Source {
            path: "ci.yml",
            text: &text,
        },
        &Sources::new(),
    );
    assert_eq!(problems.len(), 1);
}

#[test]
fn many_calls_of_a_large_file_take_no_time() {
    let uses = "./.github/workflows/c.yml";
    let jobs = (0..3_000).map(|index| format!("  j{index}: {{uses: {uses}}}\n"));
    let text = format!("on: push\njobs:\n{}", jobs.collect::<String>());
    let steps = "      - run: echo ${{ github.sha }}\n".repeat(5_000);
    let called = format!(
        "on: workflow_call\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}  b: {{uses: {uses}}}\n"
    );
    let sources = Sources::from([(uses.to_owned(), called)]);
    let source = Source {
        path: "ci.yml",
        text: &text,
    };
    // The file calls itself, which is found at the greatest depth, and there are too many jobs.
    assert_eq!(parse_workflow(&source, &sources).1.len(), 2);
    assert_eq!(mistakes(&source, &sources).len(), 1);
}
