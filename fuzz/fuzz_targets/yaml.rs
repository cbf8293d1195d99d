//! No text stops the YAML reader, and what it places lies in the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_report::Source;
use towpath_workflow::yaml::{Limits, Node, Value, parse};

fuzz_target!(|text: &str| {
    let source = Source { path: "a.yml", text };
    for limits in [Limits::WORKFLOW, Limits::VERBATIM, Limits::LENIENT] {
        if let Ok(node) = parse(&source, &limits) {
            check(&node, text);
        }
    }
});

fn check(node: &Node, text: &str) {
    assert!(text.get(node.span.clone()).is_some(), "{:?}", node.span);
    match &node.value {
        Value::Sequence(items) => items.iter().for_each(|item| check(item, text)),
        Value::Mapping(entries) => entries.iter().for_each(|(key, value)| {
            check(key, text);
            check(value, text);
        }),
        _ => assert!(node.position(text, 0) <= text.len()),
    }
}
