//! Calls of calls.

use super::told;
use crate::Sources;

fn path(level: u32) -> String {
    format!("./.github/workflows/{level}.yml")
}

/// Returns a workflow whose jobs all call that of the next level.
fn calling(level: u32, times: u32) -> String {
    let call = |job: u32| format!("  j{job}:\n    uses: {}\n", path(level + 1));
    let jobs: String = (0..times).map(call).collect();
    format!("on: [push, workflow_call]\njobs:\n{jobs}# no steps\n")
}

/// Returns what is told of so many levels that call one another, the last one with a job of its own.
fn told_of_levels(levels: u32, times: u32) -> Vec<String> {
    let mut sources: Sources = (1..levels)
        .map(|level| (path(level), calling(level, times)))
        .collect();
    let last = "on: workflow_call\njobs: {j: {runs-on: x, steps: [{run: a}]}}\n";
    sources.insert(path(levels), last.to_owned());
    told(&calling(0, times), &sources)
}

// Each way through the calls has its own jobs, so their number grows with every level. They are counted, and
// no more of them looked at than there may be.
#[test]
fn calls_that_multiply_end() {
    assert_eq!(told_of_levels(8, 2), [""; 0]);
    for (levels, times) in [(9, 2), (9, 40)] {
        let told = told_of_levels(levels, times);
        let [told] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert!(
            told.ends_with(
                "Workflows may not contain more than 1000 jobs across all referenced files"
            ),
            "{told}"
        );
    }
}

#[test]
fn calls_in_a_circle_are_told_once() {
    let own = calling(0, 50);
    assert_eq!(
        told(&own, &Sources::from([(path(1), own.clone())])),
        [format!(
            "{}:4:11 Nested reusable workflow depth exceeded 9.",
            path(1)
        )]
    );
}

// What a file may do depends on who calls it, so it is looked at for each of its callers; what is wrong with
// it whoever calls is told once.
#[test]
fn a_file_that_is_called_twice_is_looked_at_for_both_callers() {
    let text = format!(
        "on: push\npermissions: {{contents: write}}\njobs:\n  a:\n    uses: {0}\n  b:\n    permissions: {{}}\n    uses: {0}\n# no steps\n",
        path(1)
    );
    let middle = format!(
        "on: workflow_call\njobs:\n  m:\n    uses: {}\n    with: {{no: 1}}\n# no steps\n",
        path(2)
    );
    let last = "on: workflow_call\njobs: {l: {permissions: {contents: write}, runs-on: x, steps: [{run: a}]}}\n";
    let sources = Sources::from([(path(1), middle), (path(2), last.to_owned())]);
    assert_eq!(
        told(&text, &sources),
        [
            format!(
                "{}:5:16 Invalid input, no is not defined in the referenced workflow.",
                path(1)
            ),
            format!(
                "{}:3:3 Error calling workflow '{}'. The nested job 'l' is requesting 'contents: write', but is only allowed 'contents: none'.",
                path(1),
                path(2)
            ),
        ]
    );
}
