//! No text stops the readers of workflows and actions, also where the file calls itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_report::Source;
use towpath_workflow::official::mistakes;
use towpath_workflow::{Sources, parse_action, parse_workflow};

fuzz_target!(|text: &str| {
    let path = "./.github/workflows/a.yml";
    let source = Source { path, text };
    let sources = Sources::from([(path.to_owned(), text.to_owned())]);
    let (workflow, _) = parse_workflow(&source, &sources);
    if let Some(workflow) = workflow {
        let _ = towpath_workflow::needs::order(&workflow.jobs);
    }
    let _ = mistakes(&source, &sources);
    let _ = parse_action(&source);
});
