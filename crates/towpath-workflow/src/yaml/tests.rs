use towpath_report::{Problem, Source};

use super::{Limits, Node, Value, parse};

fn outline(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Sequence(items) => format!(
            "[{}]",
            items.iter().map(outline).collect::<Vec<_>>().join(", ")
        ),
        Value::Mapping(entries) => {
            let entry = |(key, value): &(Node, Node)| {
                format!("{}: {}", key.text().unwrap_or("?"), outline(value))
            };
            format!(
                "{{{}}}",
                entries.iter().map(entry).collect::<Vec<_>>().join(", ")
            )
        }
    }
}

fn read(text: &str, limits: &Limits) -> String {
    match parse(
        &Source {
            path: "a.yml",
            text,
        },
        limits,
    ) {
        Ok(node) => outline(&node),
        Err(problems) => {
            let line = |problem: &Problem| {
                let place = problem.place.as_ref().expect("it has a place");
                format!("{}:{} {}", place.line, place.column, problem.message)
            };
            problems.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn reads_what_workflows_hold() {
    for (text, expected) in [
        ("", "null"),
        ("# only a comment\n", "null"),
        ("on: push\n", r#"{on: "push"}"#),
        ("a: [1, 'two', yes, ~]", r#"{a: [1, "two", "yes", null]}"#),
        ("a: !!str 12", r#"{a: "12"}"#),
        ("a: ! 12", r#"{a: "12"}"#),
        ("a: \"tab\\t\"", r#"{a: "tab\t"}"#),
        (
            "\u{feff}a: b\r\nc: |\r\n  one\r\n  two\r\n",
            r#"{a: "b", c: "one\ntwo\n"}"#,
        ),
        ("a: &x {b: 1}\nc: *x\n", "{a: {b: 1}, c: {b: 1}}"),
        ("a: &x 1\nb: &x 2\nc: *x\n", "{a: 1, b: 2, c: 2}"),
        ("---\na: b\n...\n", r#"{a: "b"}"#),
        ("1: a\ntrue: b\n", r#"{1: "a", true: "b"}"#),
    ] {
        assert_eq!(read(text, &Limits::WORKFLOW), expected, "{text}");
    }
}

#[test]
fn places_every_problem() {
    for (text, expected) in [
        (
            "a: 1\nb: 2\na: 3\nB: 4\n",
            "3:1 the key `a` appears twice\n4:1 the key `B` appears twice",
        ),
        (
            "a: *b\nc: *d\n",
            "1:4 an alias without an anchor\n2:4 an alias without an anchor",
        ),
        ("a: &a [*a]\n", "1:8 an alias inside its own anchor"),
        ("a: !vault x\n", "1:4 the tag `!vault` is not supported"),
        ("a: !!int x\n", "1:10 `x` is not what its tag `!!int` says"),
        (
            "a: !!bool 'true'\n",
            "1:11 text in quotes, or a block of it, with the tag `!!bool`",
        ),
        (
            "a: &x {b: 1}\nc:\n  <<: *x\n",
            "3:3 merge keys are not supported",
        ),
        ("? [a]\n: b\n", "1:3 a key that is a sequence"),
        (
            "a: b\n---\nc: d\n",
            "2:1 the file holds more than one document",
        ),
        ("\u{feff}a: 1\na: 2", "2:1 the key `a` appears twice"),
    ] {
        assert_eq!(read(text, &Limits::WORKFLOW), expected, "{text}");
    }
}

#[test]
fn stops_where_nobody_reads_on() {
    for dialect in [Limits::WORKFLOW, Limits::VERBATIM] {
        let text = format!("a: [{}]\n", "!x b, ".repeat(50_000));
        let source = Source {
            path: "a.yml",
            text: &text,
        };
        let problems = parse(&source, &dialect).expect_err("tags are wrong");
        assert_eq!(problems.len(), super::reader::MAX_PROBLEMS);
    }
}

// GitHub tells the place of the tag in its words, and takes `null:` as a key without a name.
#[test]
fn verbatim_dialect_has_the_words_of_github() {
    for (text, expected) in [
        (
            "a:\n  b: !!bool yes\n",
            "2:6 The value 'yes' on line 2 and column 6 is invalid for the type 'tag:yaml.org,2002:bool'",
        ),
        (
            "a: !<tag:yaml.org,2002:int> |\n  1\n",
            "1:4 The scalar style 'Literal' on line 1 and column 4 is not valid with the tag 'tag:yaml.org,2002:int'",
        ),
        (
            "a: !!timestamp 2001-12-14\n",
            "1:4 Unexpected tag 'tag:yaml.org,2002:timestamp'",
        ),
        ("null: a\n", r#"{: "a"}"#),
    ] {
        assert_eq!(read(text, &Limits::VERBATIM), expected, "{text}");
    }
}

#[test]
fn lenient_dialect_merges_and_ignores_tags() {
    for (text, expected) in [
        (
            "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n",
            "{a: {b: 1, c: 2}, d: {b: 1, c: 3}}",
        ),
        ("a: !reference [x, y]\n", r#"{a: ["x", "y"]}"#),
        ("a: !!python/name:x.y ''\n", r#"{a: ""}"#),
        ("a: 1\na: 2\nA: 3\n", "{a: 2, A: 3}"),
        ("spec: 1\n---\na: 2\n", "{a: 2}"),
    ] {
        assert_eq!(read(text, &Limits::LENIENT), expected, "{text}");
    }
}

#[test]
fn refuses_bombs() {
    let deep = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
    assert!(
        read(&deep, &Limits::WORKFLOW).contains("deeper than 100"),
        "{}",
        read(&deep, &Limits::WORKFLOW)
    );
    let block = (0..150)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect::<Vec<_>>()
        .concat();
    assert!(read(&block, &Limits::WORKFLOW).contains("deeper than 100"));
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs = format!("{laughs}a{level}: &a{level} [{aliases}]\n");
    }
    assert!(
        read(&laughs, &Limits::WORKFLOW).contains("more than 1000000 values"),
        "{}",
        read(&laughs, &Limits::WORKFLOW)
    );
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(100_000),
        vec!["*a"; 200].join(", ")
    );
    assert!(read(&long, &Limits::WORKFLOW).contains("more than 10485760 bytes"));
    let levels = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        read(&format!("{open}{close}"), &Limits::WORKFLOW)
    };
    assert!(levels(100).starts_with("[["), "{}", levels(100));
    assert!(levels(101).starts_with("1:101 "), "{}", levels(101));
    let full = format!("a: b #{}", "x".repeat((1 << 20) - 6));
    assert_eq!(read(&full, &Limits::WORKFLOW), r#"{a: "b"}"#);
    let over = read(&format!("{full}x"), &Limits::WORKFLOW);
    assert!(over.ends_with("more than 1048576"), "{over}");
    let large = "# ".repeat(1 << 20);
    assert!(
        matches!(parse(&Source { path: "a.yml", text: &large }, &Limits::WORKFLOW), Err(problems) if problems.len() == 1)
    );
}

#[test]
fn spans_cover_what_is_written() {
    let text = "a: 'x'\nb:\n  - one\n  - {c: d}\ne: 3.10\n";
    let tree = parse(
        &Source {
            path: "a.yml",
            text,
        },
        &Limits::WORKFLOW,
    )
    .expect("it is valid");
    let written = |key: &str| tree.get(key).and_then(|node| text.get(node.span.clone()));
    assert_eq!(written("a"), Some("'x'"));
    assert_eq!(written("b"), Some("- one\n  - {c: d}"));
    assert_eq!(tree.get("e").and_then(Node::text), Some("3.10"));
}
