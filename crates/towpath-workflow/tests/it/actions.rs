//! Metadata of actions.

use towpath_report::Source;
use towpath_workflow::parse_action;

use crate::render;

const COMPOSITE: &str = r#"
name: Set up
description: Sets up
inputs:
  python: {description: Version, required: false, default: "${{ github.ref }}"}
outputs:
  path: {description: Path, value: "${{ steps.a.outputs.path }}"}
runs:
  using: composite
  steps:
    - id: a
      if: inputs.python != ''
      run: echo ${{ inputs.python }} ${{ runner.os }}
      shell: bash
    - uses: actions/cache@v4
      with: {key: "${{ hashFiles('a') }}"}
branding: {icon: x}
"#;

#[test]
fn actions_are_read_whole() {
    for (name, text) in [
        ("composite", COMPOSITE),
        (
            "javascript",
            "name: a\nruns: {using: node20, main: index.js, post: index.js, post-if: success()}\n",
        ),
        (
            "docker",
            "name: a\nruns: {using: docker, image: Dockerfile, args: ['${{ inputs.a }}'], env: {A: b}}\n",
        ),
    ] {
        let (action, problems) = parse_action(&Source {
            path: "action.yml",
            text,
        });
        assert_eq!(render(&problems), "", "{name}");
        insta::assert_json_snapshot!(name, action);
    }
}

#[test]
fn mistakes_in_actions_are_placed() {
    let texts = [
        "name: a\n",
        "name: a\nruns: {main: x}\n",
        "name: a\nruns: {using: node20}\n",
        "name: a\nruns: {using: ruby, main: x}\n",
        "name: a\nruns: {using: composite, step: [{run: a}]}\n",
        "name: a\nruns: {using: composite, steps: [{run: '${{ secrets.A }}', shell: bash, timeout-minutes: 3}]}\n",
    ];
    let found: Vec<String> = texts
        .iter()
        .map(|text| {
            render(
                &parse_action(&Source {
                    path: "action.yml",
                    text,
                })
                .1,
            )
        })
        .collect();
    insta::assert_snapshot!(found.concat());
}
