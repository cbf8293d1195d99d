use serde_json::json;

use super::*;

fn expand(matrix: &Value) -> Result<Value, Error> {
    expand_matrix(&MatrixValues::from_value(matrix)?).map(|cells| json!(cells))
}

#[test]
fn crosses_excludes_and_includes_in_order() {
    for (matrix, expected) in [
        (
            json!({"a": [1, 2], "b": ["x", "y"]}),
            json!([{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}]),
        ),
        (
            json!({"a": [1, 2], "exclude": [{"a": 1}]}),
            json!([{"a": 2}]),
        ),
        (
            json!({"a": [1, 2], "b": [3], "exclude": [{"a": 1, "b": 4}]}),
            json!([{"a": 1, "b": 3}, {"a": 2, "b": 3}]),
        ),
        (json!({"a": [1], "exclude": [{"a": 1.0}]}), json!([])),
        (
            json!({"include": [{"a": 1}, {"a": 2, "b": 3}]}),
            json!([{"a": 1}, {"a": 2, "b": 3}]),
        ),
        (
            json!({"a": [1], "exclude": [{"a": 1}], "include": [{"a": 1}]}),
            json!([{"a": 1}]),
        ),
    ] {
        assert_eq!(expand(&matrix), Ok(expected), "{matrix}");
    }
}

#[test]
fn includes_as_the_documentation_shows() {
    let matrix = json!({
        "fruit": ["apple", "pear"],
        "animal": ["cat", "dog"],
        "include": [
            {"color": "green"},
            {"color": "pink", "animal": "cat"},
            {"fruit": "apple", "shape": "circle"},
            {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"},
        ],
    });
    let expected = json!([
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]);
    assert_eq!(expand(&matrix), Ok(expected));
}

// A text with an expression alone keeps the kind of its value, anywhere in the matrix.
#[test]
fn evaluates_expressions_wherever_they_stand() {
    use crate::expression::{Object, Value as Evaluated};
    let contexts = Object(vec![(
        "inputs".to_owned(),
        Evaluated::from(&json!({"n": 3, "list": ["x", "y"], "cell": {"a": 2, "extra": true}})),
    )]);
    let scope = Scope {
        contexts: &contexts,
        call: &|_, _| Err("no function is called".to_owned()),
    };
    let expression = |text: &str| Text::from(text);
    let axes = MatrixAxes {
        axes: vec![
            (
                "a".to_owned(),
                Dynamic::Value(vec![
                    json!("${{ inputs.n }}"),
                    json!("v${{ inputs.n }}"),
                    json!([{"deep": "${{ inputs.list }}"}]),
                ]),
            ),
            (
                "b".to_owned(),
                Dynamic::Expression(expression("${{ inputs.list }}")),
            ),
        ],
        include: Dynamic::Value(vec![Dynamic::Expression(expression("${{ inputs.cell }}"))]),
        exclude: Dynamic::default(),
    };
    assert_eq!(MatrixValues::written(&axes), None);
    let values = MatrixValues::evaluated(&Dynamic::Value(axes), &scope).expect("it has values");
    assert_eq!(
        values.axes,
        [
            (
                "a".to_owned(),
                vec![json!(3), json!("v3"), json!([{"deep": ["x", "y"]}])]
            ),
            ("b".to_owned(), vec![json!("x"), json!("y")]),
        ]
    );
    assert_eq!(json!(values.include), json!([{"a": 2, "extra": true}]));
    for (text, expected) in [
        ("${{ inputs.n }}", "the matrix is not a mapping"),
        (
            "${{ fromJSON('{') }}",
            "`${{ fromJSON('{') }}` has no value: Error parsing JSON",
        ),
    ] {
        let error = MatrixValues::evaluated(&Dynamic::Expression(expression(text)), &scope)
            .expect_err("it is no matrix");
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

// The template language of GitHub: a list in a list, `insert`, and names that are expressions.
#[test]
fn puts_lists_and_entries_in_the_place_of_their_expressions() {
    use crate::expression::{Object, Value as Evaluated};
    let contexts = Object(vec![(
        "inputs".to_owned(),
        Evaluated::from(
            &json!({"name": "os", "list": ["x", ["y"]], "cells": [{"a": 1}, {"a": 2}]}),
        ),
    )]);
    let scope = Scope {
        contexts: &contexts,
        call: &|_, _| Err("no function is called".to_owned()),
    };
    let evaluated = |name: &str, value: Value| {
        let mut axes = MatrixAxes::of_axis(name, vec![value]);
        let cells = Text::from("${{ inputs.cells }}");
        axes.include = Dynamic::Value(vec![Dynamic::Expression(cells)]);
        assert_eq!(MatrixValues::written(&axes), None);
        MatrixValues::evaluated(&Dynamic::Value(axes), &scope)
    };
    for (name, value, axis, expected) in [
        ("a", json!("${{ inputs.list }}"), "a", json!(["x", ["y"]])),
        ("${{ inputs.name }}", json!(1), "os", json!([1])),
        (
            "a",
            json!({"v${{ inputs.name }}": 1, "${{insert}}": {"b": 2}, "${{ insert }}": "${{ inputs.cells[0] }}"}),
            "a",
            json!([{"vos": 1, "b": 2, "a": 1}]),
        ),
    ] {
        let values = evaluated(name, value).expect("it has values");
        assert_eq!(json!(values.axes), json!([[axis, expected]]));
        assert_eq!(json!(values.include), json!([{"a": 1}, {"a": 2}]));
    }
    for (name, value, expected) in [
        (
            "a",
            json!({"${{ insert }}": 1}),
            "`${{ insert }}` of the matrix is no mapping",
        ),
        (
            "a",
            json!({"OS": 1, "${{ inputs.name }}": 2}),
            "the matrix defines `os` twice",
        ),
        (
            "${{ inputs.list }}",
            json!(1),
            "`${{ inputs.list }}` gives no name in the matrix",
        ),
    ] {
        let error = evaluated(name, value).expect_err("it is no matrix");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn refuses_what_gives_no_jobs_or_too_many() {
    let wide: Vec<usize> = (0..17).collect();
    let huge: Vec<usize> = (0..10_000).collect();
    for (matrix, expected) in [
        (json!({}), Error::Empty),
        (json!({"a": []}), Error::EmptyAxis("a".to_owned())),
        (
            json!({"a": [1], "exclude": [{"b": 1}]}),
            Error::UnknownExclude("b".to_owned()),
        ),
        (
            json!({"a": [1], "include": [{}]}),
            Error::EmptyCell("include"),
        ),
        (
            json!({"a": [1], "exclude": [{}]}),
            Error::EmptyCell("exclude"),
        ),
        (json!({"a": wide, "b": wide}), Error::TooMany),
        (
            json!({"a": huge, "b": huge, "c": huge, "exclude": [{"a": 0}]}),
            Error::TooMany,
        ),
        (
            json!({"a": 1}),
            Error::Form("the matrix axis `a` is not a list".to_owned()),
        ),
        (
            json!([]),
            Error::Form("the matrix is not a mapping".to_owned()),
        ),
    ] {
        let error = expand(&matrix).expect_err("it is refused");
        assert_eq!(error, expected, "{matrix}");
        assert!(!error.hints().is_empty());
    }
    let sixteen: Vec<usize> = (0..16).collect();
    let full = expand(&json!({"a": sixteen, "b": sixteen})).expect("256 are allowed");
    assert_eq!(full.as_array().map(Vec::len), Some(256));
}
