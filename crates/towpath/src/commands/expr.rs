//! `towpath expr --json-lines`: values of expressions, for programs that compare implementations.

use serde_json::{Value as Json, json};
use towpath_workflow::expression::{Error, Expression, Names, Object, Phase, Scope, Value};

use super::json_lines;
use crate::exit_code::ExitCode;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    json_lines::answer(answer)
}

fn answer(question: &json_lines::Object) -> Result<Json, String> {
    let source = json_lines::text(question, "expr")?;
    let contexts = json_lines::object(question, "contexts")?
        .map(|(name, value)| (name.clone(), Value::from(value)));
    Ok(match evaluate(source, &Object(contexts.collect())) {
        Ok(value) => json!({"kind": value.kind(), "value": Json::from(&value)}),
        Err(error) => json!({"error": phase(error.phase), "message": error.official()}),
    })
}

/// Evaluates with the functions that every expression has and no others.
fn evaluate(source: &str, contexts: &Object) -> Result<Value, Error> {
    let known: Vec<&str> = contexts.0.iter().map(|(name, _)| name.as_str()).collect();
    let names = Names {
        contexts: &known,
        functions: &[],
        status_takes_jobs: false,
    };
    Expression::parse(source, &names)?.evaluate(&Scope {
        contexts,
        call: &|function, _| Err(format!("`{}` is not handed in", function.name())),
    })
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Lexing => "lexing",
        Phase::Parsing => "parsing",
        Phase::Evaluation => "evaluation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_with_kind_and_value_or_the_error() {
        for (question, expected) in [
            (
                json!({"expr": "contains(github.ref, 'x')", "contexts": {"github": {"ref": "y"}}}),
                json!({"kind": "Boolean", "value": false}),
            ),
            (json!({"expr": " "}), json!({"kind": "Null", "value": null})),
            (
                json!({"expr": "0x10"}),
                json!({"kind": "Number", "value": 16}),
            ),
            (
                json!({"expr": "-Infinity"}),
                json!({"kind": "Number", "value": "-Infinity"}),
            ),
            (
                json!({"expr": "a.*", "contexts": {"a": {"z": [1], "b": null}}}),
                json!({"kind": "Array", "value": [[1], null]}),
            ),
            (
                json!({"expr": "A", "contexts": {"a": {"z": 1.5, "b": "NaN"}}}),
                json!({"kind": "Object", "value": {"z": 1.5, "b": "NaN"}}),
            ),
            (
                json!({"expr": "true || b", "contexts": {"a": 1}}),
                json!({
                    "error": "parsing",
                    "message": "Unrecognized named-value: 'b'. Located at position 9 within expression: true || b",
                }),
            ),
            (
                json!({"expr": "1 < )"}),
                json!({
                    "error": "parsing",
                    "message": "Unexpected symbol: ')'. Located at position 5 within expression: 1 < )",
                }),
            ),
            (
                json!({"expr": "\"a\""}),
                json!({
                    "error": "lexing",
                    "message": "Unexpected symbol: '\"a\"'. Located at position 1 within expression: \"a\"",
                }),
            ),
            (
                json!({"expr": "fromJSON('{')"}),
                json!({
                    "error": "evaluation",
                    "message": "Error parsing JSON when evaluating fromJson",
                }),
            ),
            (
                json!({"expr": "fromJSON('')"}),
                json!({"error": "evaluation", "message": "empty input"}),
            ),
            (
                json!({"expr": "success()"}),
                json!({
                    "error": "parsing",
                    "message": "Unrecognized function: 'success'. Located at position 1 within expression: success()",
                }),
            ),
        ] {
            let Json::Object(question) = question else {
                panic!("questions are objects")
            };
            assert_eq!(answer(&question), Ok(expected), "{question:?}");
        }
    }
}
