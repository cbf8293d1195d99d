use serde_json::{Value as Json, json};

use super::{Condition, Error, Expression, Function, Names, Object, Phase, Scope, Template, Value};

fn contexts(json: &Json) -> Object {
    match Value::from(json) {
        Value::Object(object) => (*object).clone(),
        _ => Object::default(),
    }
}

fn call(function: Function, arguments: &[Value]) -> Result<Value, String> {
    match function {
        Function::Always | Function::Success => Ok(Value::from(true)),
        Function::Failure | Function::Cancelled => Ok(Value::from(false)),
        Function::HashFiles if arguments.is_empty() => Err("no patterns".to_owned()),
        Function::HashFiles => Ok(Value::from(format!("hash of {}", arguments.len()))),
    }
}

fn evaluate_with(source: &str, json: &Json) -> Result<Value, Error> {
    let contexts = contexts(json);
    let names: Vec<&str> = contexts.0.iter().map(|(name, _)| name.as_str()).collect();
    let functions = [&Function::STATUS[..], &[Function::HashFiles]].concat();
    let names = Names {
        contexts: &names,
        functions: &functions,
        status_takes_jobs: false,
    };
    Expression::parse(source, &names)?.evaluate(&Scope {
        contexts: &contexts,
        call: &call,
    })
}

fn check(source: &str, json: &Json, expected: &Json) {
    match evaluate_with(source, json) {
        Ok(value) => assert_eq!(Json::from(&value), *expected, "{source}"),
        Err(error) => panic!("{source}: {error}"),
    }
}

fn check_error(source: &str, json: &Json, phase: Phase, message: &str) {
    match evaluate_with(source, json) {
        Ok(value) => panic!("{source}: {value:?}"),
        Err(error) => assert_eq!(
            (error.phase, error.message.as_str()),
            (phase, message),
            "{source}"
        ),
    }
}

#[test]
fn compares_and_coerces() {
    for (source, expected) in [
        ("'ABC' == 'abc'", true),
        ("'é' == 'É'", true),
        ("'ı' == 'i'", false),
        ("'ß' == 'SS'", false),
        ("'a' < 'B'", true),
        ("'_' > 'a'", true),
        ("1 == '1'", true),
        ("1 == ' 0x1 '", true),
        ("0 == ''", true),
        ("null == 0", true),
        ("null == false", true),
        ("null == null", true),
        ("true == '1'", true),
        ("true == 'true'", false),
        ("NaN == NaN", false),
        ("NaN != NaN", true),
        ("'a' == 0", false),
        ("false < true", true),
        ("null >= null", true),
        ("null > null", false),
        ("3 < 2 < 1", true),
        ("2 <= 3 == true", true),
        ("!2 < 3", true),
        ("!'false'", false),
        ("!''", true),
        ("!-0", true),
        ("!NaN", true),
        ("fromJSON('[]') == fromJSON('[]')", false),
        ("list == list", true),
        ("list == map", false),
        ("list < list", false),
        ("0 < map", false),
        ("list >= list", true),
    ] {
        check(source, &json!({"list": [], "map": {}}), &json!(expected));
    }
}

#[test]
fn texts_become_numbers_as_the_runner_reads_them() {
    for (text, number) in [
        ("", "0"),
        (" \t\n", "0"),
        (" 12\n", "12"),
        ("-0x1", "NaN"),
        ("0xFF", "255"),
        ("0o17", "15"),
        ("0b1", "NaN"),
        ("1e3", "1000"),
        ("-1.5E-1", "-0.15"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+5", "5"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1_000", "NaN"),
        ("1,000", "NaN"),
        ("1 2", "NaN"),
        ("true", "NaN"),
    ] {
        let json = json!({"text": text});
        let is_number = number != "NaN";
        let source = format!("text >= {number} && text <= {number}");
        let source = if is_number {
            source
        } else {
            "text >= 0 || text < 0".to_owned()
        };
        check(&source, &json, &json!(is_number));
    }
}

#[test]
fn what_is_false_is_what_github_says() {
    let data = json!({"empty": {"list": [], "map": {}}});
    for (value, expected) in [
        ("false", false),
        ("0", false),
        ("-0", false),
        ("''", false),
        ("null", false),
        ("NaN", false),
        ("empty.nothing", false),
        ("'false'", true),
        ("'0'", true),
        ("' '", true),
        ("-1", true),
        ("empty.list", true),
        ("empty.map", true),
    ] {
        check(&format!("!!({value})"), &data, &json!(expected));
    }
}

#[test]
fn logical_operators_return_operands() {
    for (source, expected) in [
        ("1 || 2 && 3", json!(1)),
        ("(1 || 2) && 3", json!(3)),
        ("false && 0 || null", json!(null)),
        ("'' || 'default'", json!("default")),
        ("1 == 1 && 'yes' || 'no'", json!("yes")),
        ("", json!(null)),
        ("  ", json!(null)),
        ("0xff", json!(255)),
        ("0o17", json!(15)),
        ("-1.5e-3", json!(-0.0015)),
        (".5", json!(0.5)),
        ("+1", json!(1)),
        ("Infinity", json!("Infinity")),
        ("'it''s'", json!("it's")),
        ("case(false, 1, true, 2, 3)", json!(2)),
        ("case(false, fromJSON('['), 3)", json!(3)),
        ("hashFiles('a', 'b')", json!("hash of 2")),
        ("ALWAYS()", json!(true)),
    ] {
        check(source, &json!({}), &expected);
    }
}

#[test]
fn follows_properties_indices_and_filters() {
    let data = json!({
        "github": {"event": {"labels": [{"name": "bug"}, {"name": "fix", "sub": [1, 2]}, {"Name": "up"}, 7]}, "REF": "main"},
        "list": ["a", "b", ["c"]],
    });
    for (source, expected) in [
        ("github.ref", json!("main")),
        ("GITHUB['Ref']", json!("main")),
        ("github.nothing.at.all", json!(null)),
        ("github.event.labels.*.name", json!(["bug", "fix", "up"])),
        ("github.event.labels[*].sub[1]", json!([2])),
        ("github.event.labels.*.sub.*", json!([1, 2])),
        ("join(github.event.*.*.name, '+')", json!("bug+fix+up")),
        ("github.ref.*", json!([])),
        ("list[0]", json!("a")),
        ("list['1']", json!("b")),
        ("list[1.9]", json!("b")),
        ("list[-1]", json!(null)),
        ("list[9]", json!(null)),
        ("list.*[0]", json!(["c"])),
        ("(list)[2][0]", json!("c")),
        ("fromJSON('{\"true\": 1}').true", json!(1)),
        ("list[list]", json!(null)),
    ] {
        check(source, &data, &expected);
    }
}

#[test]
fn functions_follow_the_runner() {
    let data = json!({"list": [null, true, 1.5, "Abc", [], {}], "map": {"a": {"b": [1, "\u{2028}\"x"]}, "c": []}});
    for (source, expected) in [
        ("contains('Hello', 'ELL')", json!(true)),
        ("contains(list, 'abc')", json!(true)),
        ("contains(list, '1.5')", json!(true)),
        ("contains(list, 'b')", json!(false)),
        ("contains(map, 'a')", json!(false)),
        ("contains('x', null)", json!(true)),
        ("startsWith('Hello', 'hE')", json!(true)),
        ("startsWith(123, '12')", json!(true)),
        ("endsWith('Hello', 'LO')", json!(true)),
        ("endsWith(list, 'x')", json!(false)),
        ("format('{{0}} {0} {1} {0}', 'a', 2)", json!("{0} a 2 a")),
        ("format(null, 'x')", json!("")),
        ("format('{0}', list)", json!("Array")),
        ("join(list)", json!(",true,1.5,Abc,Array,Object")),
        ("join(list, map)", json!(",true,1.5,Abc,Array,Object")),
        ("join('abc', '-')", json!("abc")),
        ("join(map)", json!("")),
        ("join(list, null)", json!("true1.5AbcArrayObject")),
        (
            "toJSON(map)",
            json!(
                "{\n  \"a\": {\n    \"b\": [\n      1,\n      \"\\u2028\\\"x\"\n    ]\n  },\n  \"c\": []\n}"
            ),
        ),
        ("toJSON(NaN)", json!("NaN")),
        ("toJSON(-0)", json!("0")),
        ("fromJSON('[1, {\"a\": null}]')", json!([1, {"a": null}])),
        ("fromJSON('1.0')", json!(1)),
    ] {
        check(source, &data, &expected);
    }
}

#[test]
fn errors_are_those_of_the_runner() {
    let located = |text: &str, position: usize, source: &str| {
        format!("{text}. Located at position {position} within expression: {source}")
    };
    for (source, phase, text, position) in [
        ("1 < )", Phase::Parsing, "Unexpected symbol: ')'", 5),
        ("foo.b@r", Phase::Lexing, "Unexpected symbol: 'b@r'", 5),
        ("foo.1", Phase::Parsing, "Unexpected symbol: '1'", 5),
        ("foo[1].2", Phase::Parsing, "Unexpected symbol: '2'", 8),
        ("'abc", Phase::Lexing, "Unexpected symbol: ''abc'", 1),
        ("\"abc\"", Phase::Lexing, "Unexpected symbol: '\"abc\"'", 1),
        ("1abc", Phase::Lexing, "Unexpected symbol: '1abc'", 1),
        ("1 = 1", Phase::Lexing, "Unexpected symbol: '='", 3),
        ("foo & foo", Phase::Lexing, "Unexpected symbol: '&'", 5),
        ("foo foo", Phase::Parsing, "Unexpected symbol: 'foo'", 5),
        ("'a'['b']", Phase::Parsing, "Unexpected symbol: '['", 4),
        ("foo.bar()", Phase::Parsing, "Unexpected symbol: '('", 8),
        ("(1", Phase::Parsing, "Unexpected end of expression: '1'", 2),
        (
            "1 ==",
            Phase::Parsing,
            "Unexpected end of expression: '=='",
            3,
        ),
        (
            "join(1",
            Phase::Parsing,
            "Unexpected end of expression: '1'",
            6,
        ),
        ("join(1,)", Phase::Parsing, "Unexpected symbol: ')'", 8),
        ("(1]", Phase::Parsing, "Unexpected symbol: ']'", 3),
        (
            "bar.baz",
            Phase::Parsing,
            "Unrecognized named-value: 'bar'",
            1,
        ),
        (
            "true || bar",
            Phase::Parsing,
            "Unrecognized named-value: 'bar'",
            9,
        ),
        (
            "'é😀' == bar",
            Phase::Parsing,
            "Unrecognized named-value: 'bar'",
            10,
        ),
        (
            "nope(1)",
            Phase::Parsing,
            "Unrecognized function: 'nope'",
            1,
        ),
        (
            "join()",
            Phase::Parsing,
            "Too few parameters supplied: 'join'",
            1,
        ),
        (
            "join(1, 2, 3)",
            Phase::Parsing,
            "Too many parameters supplied: 'join'",
            1,
        ),
        (
            "always(1)",
            Phase::Parsing,
            "Too many parameters supplied: 'always'",
            1,
        ),
    ] {
        check_error(
            source,
            &json!({"foo": {}}),
            phase,
            &located(text, position, source),
        );
    }
    for (source, phase, message) in [
        (
            "format('{0')",
            Phase::Evaluation,
            "The following format string is invalid: {0",
        ),
        (
            "format('}0{', 1)",
            Phase::Evaluation,
            "The following format string is invalid: }0{",
        ),
        (
            "format('{a}', 1)",
            Phase::Evaluation,
            "The following format string is invalid: {a}",
        ),
        (
            "format('{1}', 1)",
            Phase::Evaluation,
            "The following format string references more arguments than were supplied: {1}",
        ),
        (
            "format('{256}', 1)",
            Phase::Evaluation,
            "The following format string is invalid: {256}",
        ),
        (
            "format(foo.x, 1)",
            Phase::Evaluation,
            "The following format string is invalid: {",
        ),
        (
            "case(1, 2, 3)",
            Phase::Evaluation,
            "case predicate must evaluate to a boolean value",
        ),
        (
            "fromJSON('')",
            Phase::Evaluation,
            "Error parsing JSON when evaluating fromJson: empty input",
        ),
    ] {
        check_error(source, &json!({"foo": {"x": "{"}}), phase, message);
    }
    let error = evaluate_with("fromJSON('{')", &json!({})).expect_err("it is no JSON");
    assert!(
        error
            .message
            .starts_with("Error parsing JSON when evaluating fromJson: ")
    );
}

#[test]
fn limits_hold() {
    for (source, is_legal) in [
        (format!("{}1", "!".repeat(49)), true),
        (format!("{}1", "!".repeat(50)), false),
        (format!("{}1{}", "(".repeat(49), ")".repeat(49)), true),
        (format!("{}1{}", "(".repeat(50), ")".repeat(50)), false),
        (
            format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000)),
            false,
        ),
        ("!".repeat(20_000), false),
        (vec!["1"; 5_000].join("||"), true),
        (format!("1{}", "==1".repeat(49)), true),
        (format!("1{}", "==1".repeat(50)), false),
        (format!("foo{}", ".a".repeat(49)), true),
        (format!("foo{}", ".a".repeat(50)), false),
        ("foo[".repeat(5_000), false),
        (format!("'{}'", "x".repeat(20_998)), true),
    ] {
        let result = evaluate_with(&source, &json!({"foo": {}}));
        assert_eq!(result.is_ok(), is_legal, "{}", &source[..20]);
        if let Err(error) = result {
            assert_eq!(error.message, "Exceeded max expression depth 50");
        }
    }
    check_error(
        &"1".repeat(21_001),
        &json!({}),
        Phase::Parsing,
        "Exceeded max expression length 21000",
    );

    let large = "x".repeat(1 << 20);
    let doubled = "format('{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}', foo)";
    check_error(
        doubled,
        &json!({"foo": large}),
        Phase::Evaluation,
        "The maximum allowed memory size was exceeded",
    );
    let list = vec![json!("x"); 300_000];
    let nested = json!({"foo": [list]});
    check_error(
        "foo.*.*.*.*",
        &json!({"foo": {"a": {"b": {"c": vec![json!(1); 600_000]}}}}),
        Phase::Evaluation,
        "The maximum allowed memory size was exceeded",
    );
    check_error(
        "format('{0}{0}{0}{0}{0}{0}', toJSON(foo))",
        &nested,
        Phase::Evaluation,
        "The maximum allowed memory size was exceeded",
    );
}

#[test]
fn templates_keep_the_kind_of_a_lone_expression() {
    let contexts = contexts(&json!({"foo": {"n": 3, "list": [1]}}));
    let names = Names {
        contexts: &["foo"],
        functions: &[],
        status_takes_jobs: false,
    };
    let scope = Scope {
        contexts: &contexts,
        call: &call,
    };
    for (text, expected) in [
        ("", json!("")),
        ("plain", json!("plain")),
        ("${{ foo.n }}", json!(3)),
        ("${{foo.list}}", json!([1])),
        (" ${{ foo.n }}", json!(" 3")),
        ("${{ foo.n }}\n", json!("3\n")),
        ("${{ foo.n }}${{ foo.n }}", json!("33")),
        (
            "a ${{ '}}' }} b ${{ 'it''s }}' }} }}",
            json!("a }} b it's }} }}"),
        ),
        ("$foo {{ }} ${ x }", json!("$foo {{ }} ${ x }")),
    ] {
        let value = Template::parse(text, &names).map(|template| template.evaluate(&scope));
        assert_eq!(
            value.map(|value| value.map(|value| Json::from(&value))),
            Ok(Ok(expected)),
            "{text}"
        );
    }
    for (text, expected) in [
        (
            "echo ${{ github.event",
            vec![(
                5..8,
                "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.",
            )],
        ),
        ("${{ }}", vec![(0..6, "An expression was expected")]),
        (
            "${{ bar }} and ${{  baz }}",
            vec![
                (
                    4..7,
                    "Unrecognized named-value: 'bar'. Located at position 1 within expression: bar",
                ),
                (
                    20..23,
                    "Unrecognized named-value: 'baz'. Located at position 1 within expression: baz",
                ),
            ],
        ),
    ] {
        let errors = Template::parse(text, &names).expect_err("it is wrong");
        let errors: Vec<_> = errors
            .iter()
            .map(|error| (error.range.clone(), error.message.as_str()))
            .collect();
        assert_eq!(errors, expected, "{text}");
    }
}

#[test]
fn conditions_add_success_unless_they_ask() {
    let contexts = contexts(&json!({"foo": {"n": 3}}));
    let names = Names {
        contexts: &["foo"],
        functions: &Function::STATUS,
        status_takes_jobs: false,
    };
    let failing = |function: Function, _: &[Value]| {
        Ok(Value::from(matches!(
            function,
            Function::Always | Function::Failure
        )))
    };
    for (text, after_success, after_failure) in [
        ("", true, false),
        ("foo.n == 3", true, false),
        ("${{ foo.n == 4 }}", false, false),
        ("always()", true, true),
        ("${{ failure() }}", false, true),
        ("!cancelled() && foo.n", true, true),
        ("'always()' == foo.n || true", true, false),
        ("foo ${{ false }}", true, false),
        ("  true\n", true, false),
        ("${{ false }}\n", true, false),
    ] {
        let condition = Condition::parse(text, &names).expect("it is legal");
        let holds = |call: &super::Call<'_>| {
            condition.evaluate(&Scope {
                contexts: &contexts,
                call,
            })
        };
        assert_eq!(
            (holds(&call), holds(&failing)),
            (Ok(after_success), Ok(after_failure)),
            "{text}"
        );
    }
}

#[test]
fn paths_name_what_is_read() {
    let names = Names {
        contexts: &["needs", "github", "x"],
        functions: &[],
        status_takes_jobs: false,
    };
    let expression = Expression::parse(
        "needs.a.outputs['b'] == github.ref && x[github.y].z || needs",
        &names,
    );
    let expression = expression.expect("it is legal");
    assert_eq!(
        expression.paths(),
        [
            vec!["needs", "a", "outputs", "b"],
            vec!["github", "ref"],
            vec!["x"],
            vec!["github", "y"],
            vec!["needs"]
        ]
    );
}
