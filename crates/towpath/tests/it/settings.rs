//! A mistake in the settings as a person sees it: file, line, the text itself and the nearest name.

use towpath::settings::DECLARATIONS;
use towpath_python::parse_settings;
use towpath_report::Source;
use towpath_report::writers::{Style, problem};

fn told(text: &str) -> String {
    let source = Source {
        path: "pyproject.toml",
        text,
    };
    let (_, problems) = parse_settings(&source, DECLARATIONS);
    problem::format_plain(
        &problems,
        Style {
            colour: false,
            unicode: true,
            width: 80,
        },
    )
}

#[test]
fn unknown_key_points_to_the_nearest() {
    let text = format!(
        "[project]\n{}\n[tool.towpath.tests]\ncoverge = 95\n",
        "# a comment\n".repeat(92)
    );
    let expected = "\
error: unknown key `coverge` in `[tool.towpath.tests]`
  --> pyproject.toml:96:1
   |
96 | coverge = 95
   | ^^^^^^^ not a key of this table
   |
hint: did you mean `coverage`? `towpath help config tests` lists all keys
";
    assert_eq!(told(&text), expected);
}

#[test]
fn every_mistake_is_told_at_once() {
    insta::assert_snapshot!(told(
        "[tool.towpath]\nstandard = \"yes\"\npythons = [\"3.12\", 3.10]\n\n[tool.towpath.tets]\npaths = []\n\n\
         [tool.towpath.coverage]\nmeasure = \"newest\"\nchanged-lines = 101\n\n\
         [tool.towpath.checks.spelling]\ncommand = \"codespell src\"\n"
    ));
}
