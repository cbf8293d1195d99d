//! Random texts: nothing stops the readers, places lie in the file, and both readers agree whether a
//! workflow is right.

use towpath_report::{Severity, Source};
use towpath_workflow::expression::{Expression, Function, Names, Object, Scope, Value};
use towpath_workflow::official::mistakes;
use towpath_workflow::{Sources, parse_action, parse_workflow};

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const EXPRESSION: &[&str] = &[
    "a",
    "a.b",
    ".",
    "[",
    "]",
    "(",
    ")",
    ",",
    "!",
    "==",
    "!=",
    "<",
    ">=",
    "&&",
    "||",
    "*",
    "'x'",
    "'",
    "''",
    "1",
    "-1.5e3",
    "0xF",
    "NaN",
    "null",
    "true",
    "contains(",
    "format(",
    "'{0}'",
    "'{'",
    "join(",
    "toJSON(",
    "fromJSON(",
    "case(",
    "success()",
    " ",
    "é",
    "\u{1F600}",
    "\"",
    "$",
    "}}",
    "${{",
];

#[test]
fn no_expression_stops_the_parser() {
    let contexts = Object(vec![("a".to_owned(), Value::from(vec![Value::from("b")]))]);
    let names = Names {
        contexts: &["a"],
        functions: &Function::STATUS,
        status_takes_jobs: true,
    };
    let scope = Scope {
        contexts: &contexts,
        call: &|_, _| Ok(Value::from(true)),
    };
    let mut random = Random(1);
    let mut right = 0;
    for _ in 0..20_000 {
        let length = 1 + random.below(12);
        let text: String = (0..length).map(|_| random.pick(EXPRESSION)).collect();
        match Expression::parse(&text, &names) {
            Ok(expression) => {
                right += 1;
                let _ = expression.evaluate(&scope);
            }
            Err(error) => assert!(text.get(error.range.clone()).is_some(), "{text} {error:?}"),
        }
    }
    assert!(right > 100, "{right}");
}

const WORKFLOW: &str = "name: a
on: {push: {branches: [main]}, workflow_dispatch: }
permissions: {contents: read}
env: {A: \"${{ github.ref }}\"}
jobs:
  one:
    runs-on: x
    strategy: {matrix: {a: [1, 2], include: [{a: 3}]}}
    container: {image: i}
    if: success()
    steps:
      - run: |
          echo ${{ matrix.a }}
        id: s
      - uses: a/b@v1
        with: {c: d}
  two:
    needs: [one]
    uses: ./.github/workflows/a.yml
    secrets: inherit
";

const PIECES: &[&str] = &[
    " ", "\n", ":", "-", "- ", "[", "]", "{", "}", "'", "\"", "#", "&x ", "*x", "|", ">", "${{",
    "}}", "a", "runs-on", "steps", "é", "\t", "<<: ", "? ", "!x ", "null", "1", "%", "@", ",",
];

#[test]
fn no_file_stops_the_readers() {
    let mut random = Random(2);
    for _ in 0..1_500 {
        let mut text = WORKFLOW.to_owned();
        for _ in 0..=random.below(4) {
            let mut at = random.below(text.len().max(1));
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            match random.below(3) {
                0 => text.insert_str(at, random.pick(PIECES)),
                1 if !text.is_empty() => {
                    text.remove(at);
                }
                _ => text.truncate(at),
            }
        }
        check(&text);
    }
}

fn check(text: &str) {
    let path = "./.github/workflows/a.yml";
    let source = Source { path, text };
    let sources = Sources::from([(path.to_owned(), text.to_owned())]);
    let lines = text.lines().count() as u32 + 1;
    let (_, problems) = parse_workflow(&source, &sources);
    for place in problems.iter().filter_map(|problem| problem.place.as_ref()) {
        assert!(place.line <= lines, "{text}\n{place}");
    }
    for mistake in mistakes(&source, &sources) {
        assert!((1..=lines).contains(&mistake.line), "{text}\n{mistake:?}");
    }
    let _ = parse_action(&source);
}

const KEYS: &[&str] = &[
    "name",
    "on",
    "jobs",
    "runs-on",
    "steps",
    "needs",
    "if",
    "env",
    "uses",
    "with",
    "run",
    "container",
    "image",
    "strategy",
    "matrix",
    "include",
    "permissions",
    "secrets",
    "id",
    "foo",
    "timeout-minutes",
];
const VALUES: &[&str] = &[
    "",
    "a",
    "1",
    "true",
    "[]",
    "{}",
    "[a]",
    "{a: b}",
    "${{ github.ref }}",
    "${{ nope }}",
    "${{ env.x }}",
    "x ${{ secrets.y }}",
    "read-all",
    "push",
];

// One key or value is changed at a time: what one reader refuses, the other refuses too.
#[test]
fn both_readers_take_the_same_files() {
    let lines: Vec<&str> = WORKFLOW.lines().collect();
    let mut random = Random(3);
    let mut refused = 0;
    for _ in 0..1_500 {
        let at = random.below(lines.len());
        let Some((key, value)) = lines[at].split_once(':') else {
            continue;
        };
        let indent = key.len() - key.trim_start_matches([' ', '-']).len();
        let changed = match random.below(3) {
            0 if !value.ends_with('|') && !value.is_empty() => {
                format!("{key}: {}", random.pick(VALUES))
            }
            1 => format!("{}{}:{value}", &key[..indent], random.pick(KEYS)),
            _ => format!(
                "{}\n{}{}: {}",
                lines[at],
                " ".repeat(indent),
                random.pick(KEYS),
                random.pick(VALUES)
            ),
        };
        let mut text: Vec<&str> = lines.clone();
        text[at] = &changed;
        refused += usize::from(agrees(&text.join("\n")));
    }
    assert!(refused > 300, "{refused}");
}

/// Checks that both readers say the same; tells whether they refuse.
fn agrees(text: &str) -> bool {
    let source = Source {
        path: "ci.yml",
        text,
    };
    let own = parse_workflow(&source, &Sources::new()).1;
    let own: Vec<&str> = own
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| problem.message.as_str())
        .collect();
    let official = mistakes(&source, &Sources::new());
    // GitHub refuses a job without steps, but not in its parser; that text around an expression stays
    // text is looked at by one of them only.
    let is_finer = |message: &&str| {
        message.contains("has no steps")
            || message.contains("is the text") && message.contains("${{")
    };
    if !own.iter().any(is_finer) {
        assert_eq!(
            own.is_empty(),
            official.is_empty(),
            "{text}\n{own:?}\n{official:?}"
        );
    }
    !own.is_empty()
}
