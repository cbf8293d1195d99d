//! Inputs of events that a person or another workflow starts.

use super::*;

const DISPATCH: &str = "\
on:
  workflow_dispatch:
    inputs:
      target: {type: choice, options: [dev, prod], required: true}
      dry: {type: boolean, default: true}
      count: {type: number}
      note: {type: string}
      where: {type: environment, default: staging}";

fn given(inputs: &[(&str, &str)]) -> BTreeMap<String, String> {
    inputs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn dispatch(on: &str, event: &str, inputs: &[(&str, &str)]) -> Result<RunContext, Vec<Problem>> {
    let world = World::new();
    let workflow = workflow(on);
    let event = world.event(event, None).for_workflow(&workflow.on).unwrap();
    let identity = RunIdentity {
        path: "x.yml",
        run: 1,
    };
    event.run_context(&workflow, &identity, &given(inputs))
}

// Rule 53: typed in `inputs`, texts in `github.event.inputs`.
#[test]
fn inputs_of_a_dispatch_have_their_types() {
    let context = dispatch(
        DISPATCH,
        "workflow_dispatch",
        &[("TARGET", "prod"), ("count", "1e1")],
    )
    .unwrap();
    let typed = Json::from(&Value::from(context.inputs.clone()));
    assert_eq!(
        typed,
        json!({"target": "prod", "dry": true, "count": 10, "note": "", "where": "staging"})
    );
    let event: Json = serde_json::from_str(&context.event_text).unwrap();
    assert_eq!(
        event["inputs"],
        json!({"target": "prod", "dry": "true", "count": "10", "note": "", "where": "staging"})
    );
    let in_context = Json::from(context.github.get("event").unwrap());
    assert_eq!(in_context, event);
    assert_eq!(event["workflow"], "x.yml");
}

#[test]
fn wrong_inputs_are_told_all_at_once() {
    let wrong = [("dry", "yes"), ("count", "many"), ("other", "1")];
    let problems = dispatch(DISPATCH, "workflow_dispatch", &wrong).unwrap_err();
    let said: Vec<(&str, &str)> = problems
        .iter()
        .map(|problem| (problem.message.as_str(), problem.hints[0].as_str()))
        .collect();
    assert_eq!(
        said,
        [
            ("the input `target` must be given", "`--input target=dev`"),
            (
                "input `dry` is `yes`, which is not `true` or `false`",
                "`--input dry=true`"
            ),
            (
                "input `count` is `many`, which is not a number",
                "`--input count=1`"
            ),
        ]
    );
    let problems = dispatch(DISPATCH, "workflow_dispatch", &[("target", "test")]).unwrap_err();
    assert_eq!(
        problems[0].message,
        "input `target` is `test`, which is not one of `dev`, `prod`"
    );
}

#[test]
fn a_workflow_that_is_called_can_be_run_alone() {
    let on = "on: {workflow_call: {inputs: {ref: {type: string, default: '${{ github.ref_name }}'}, fast: {type: boolean}}}}";
    let context = dispatch(on, "workflow_call", &[]).unwrap();
    let typed = Json::from(&Value::from(context.inputs));
    assert_eq!(typed, json!({"ref": "topic", "fast": false}));
}
