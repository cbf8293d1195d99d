//! What is no YAML.

use towpath_report::Source;

use super::PATH;
use crate::Sources;
use crate::official::mistakes;

// The words for broken YAML are those of the YAML parser below GitHub's own tools.
#[test]
fn broken_yaml_is_told_in_the_words_of_its_parser() {
    const NESTED: &str = "Nested mappings are not allowed in compact mappings";
    const ONE_LINE: &str = "Implicit keys need to be on a single line";
    const NO_VALUE: &str = "Implicit map keys need to be followed by map values";
    const OTHER_COLUMN: &str = "All mapping items must start at the same column";
    for (text, expected) in [
        (
            "on: push\nname: a: b: c\n",
            &[(2, 7, NESTED), (2, 10, NESTED)][..],
        ),
        (
            "on: push\n  types: a\n",
            &[(1, 5, NESTED), (1, 5, ONE_LINE)],
        ),
        (
            "name: a\n  b: c\n  d: e\n",
            &[
                (1, 7, NESTED),
                (1, 7, ONE_LINE),
                (2, 6, NESTED),
                (2, 6, ONE_LINE),
            ],
        ),
        ("name: &x a\n b: c\n", &[(1, 7, NESTED), (1, 10, ONE_LINE)]),
        (
            "on: a\n push:\n  b: c\n d:\n",
            &[(1, 5, NESTED), (1, 5, ONE_LINE), (4, 1, OTHER_COLUMN)],
        ),
        ("on: a\n push:\n d:\n", &[(1, 5, NESTED), (1, 5, ONE_LINE)]),
        ("on push\njobs: a\n", &[(1, 1, ONE_LINE)]),
        ("jobs:\n  a\n  b: c\n", &[(2, 3, ONE_LINE)]),
        ("jobs:\n  a: b\n c: d\n", &[(3, 1, OTHER_COLUMN)]),
        (
            "a: 'b'\n  c: d\n  e:\n    f: g\n  h: i\nj: k\n",
            &[
                (2, 1, OTHER_COLUMN),
                (3, 1, OTHER_COLUMN),
                (5, 1, OTHER_COLUMN),
            ],
        ),
        ("a: 'b'\n  # c\n  d: e\n", &[(2, 1, OTHER_COLUMN)]),
        ("a: b # c\n  d: e\n", &[(2, 1, OTHER_COLUMN)]),
        (
            "a: 'b'\n  c\nd: e\n",
            &[(2, 1, OTHER_COLUMN), (2, 3, NO_VALUE)],
        ),
        (
            "jobs:\n  - a\n  b: c\n  d: e\n",
            &[(3, 1, OTHER_COLUMN), (4, 1, OTHER_COLUMN)],
        ),
        (
            "a:\n  - b: c\n   d: e\n",
            &[(3, 1, "Sequence item without - indicator")],
        ),
        (
            "a:\n  - b: c\n   - d\n",
            &[(3, 4, "All sequence items must start at the same column")],
        ),
        (
            "a:\n  b: 'c'\n   - d\n",
            &[
                (
                    3,
                    1,
                    "A block sequence may not be used as an implicit map key",
                ),
                (3, 4, ONE_LINE),
                (3, 4, NO_VALUE),
            ],
        ),
        (
            "a: b\n- c\n",
            &[
                (2, 1, ONE_LINE),
                (2, 1, "Unexpected block-seq-ind on same line with key"),
                (2, 1, NO_VALUE),
            ],
        ),
        (
            "a: - b\n",
            &[
                (1, 4, "Unexpected block-seq-ind on same line with key"),
                (1, 6, NO_VALUE),
            ],
        ),
        ("a: b\n'c'\n", &[(2, 1, NO_VALUE)]),
        (
            "a:\n\tb: c\n",
            &[(2, 1, "Tabs are not allowed as indentation")],
        ),
        ("a: \"b\n", &[(2, 1, "Missing closing \"quote")]),
        ("a: 'b\nc: 'd'\n", &[(1, 6, "Missing closing 'quote")]),
        ("a: \"b\" c\n", &[(1, 8, "Unexpected scalar at node end")]),
        ("a: \"\\n\\q\"\n", &[(1, 7, "Invalid escape sequence \\q")]),
        (
            "a: @b\n",
            &[(1, 4, "Plain value cannot start with reserved character @")],
        ),
        (
            "a: %b\n",
            &[(
                1,
                4,
                "Plain value cannot start with directive indicator character %",
            )],
        ),
        (
            "a: >b\n  c\n",
            &[(1, 5, "Block scalar header includes extra characters: >b")],
        ),
        (
            "a: [b\nc: d\n",
            &[(
                2,
                1,
                "Flow sequence in block collection must be sufficiently indented and end with a ]",
            )],
        ),
        (
            "a: {\n",
            &[(
                2,
                1,
                "Flow map in block collection must be sufficiently indented and end with a }",
            )],
        ),
        ("{a: b\n", &[(2, 1, "Flow map must end with a }")]),
        (
            "a: [b]]\n",
            &[(1, 7, "Unexpected flow-seq-end token in YAML stream: \"]\"")],
        ),
        (
            "a: b\n---\nc: d\n",
            &[(
                2,
                1,
                "Source contains multiple documents; please use YAML.parseAllDocuments()",
            )],
        ),
        (
            "a: {b: ${{ c.d }}, e}\n",
            &[
                (1, 9, "Unexpected flow-map-start at node end"),
                (1, 10, "Unexpected flow-map-start at node end"),
                (1, 12, "Unexpected scalar at node end"),
                (1, 17, "Unexpected flow-map-end token in YAML stream: \"}\""),
                (1, 18, "Unexpected comma token in YAML stream: \",\""),
                (1, 20, "Unexpected scalar token in YAML stream: \"e\""),
                (1, 21, "Unexpected flow-map-end token in YAML stream: \"}\""),
            ],
        ),
    ] {
        let source = Source { path: PATH, text };
        let told = mistakes(&source, &Sources::new());
        let told: Vec<(u32, u32, &str)> = told
            .iter()
            .map(|mistake| {
                let (message, _) = mistake.message.split_once(" at line ").unwrap_or_default();
                (mistake.line, mistake.column, message)
            })
            .collect();
        assert_eq!(told, expected, "{text}");
    }
    let long = format!("a: {} b: c\n", "x".repeat(90));
    for (text, expected) in [
        (
            "a: b: c\n",
            "line 1, column 4:\n\na: b: c\n   ^\n".to_owned(),
        ),
        (
            "a: 1\n b: 2\n",
            "line 1, column 4:\n\na: 1\n   ^\n".to_owned(),
        ),
        (
            "a:\n - b\n c: d\n",
            "line 3, column 1:\n\n - b\n c: d\n^\n".to_owned(),
        ),
        (
            "a: \"b\" cd\n",
            "line 1, column 8:\n\na: \"b\" cd\n       ^^\n".to_owned(),
        ),
        ("a: \"b\n", "line 2, column 1:\n\na: \"b\n\n^\n".to_owned()),
        (
            &long,
            format!("line 1, column 4:\n\na: {}…\n   ^\n", "x".repeat(76)),
        ),
    ] {
        let source = Source { path: PATH, text };
        let told = mistakes(&source, &Sources::new());
        assert!(
            told[0].message.ends_with(&expected),
            "{text}\n{}",
            told[0].message
        );
    }
}
