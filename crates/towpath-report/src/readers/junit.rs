//! Reads JUnit's XML, in the forms of pytest (`xunit1`, `xunit2`), unittest runners and nose.

use super::xml::{Element, Piece, walk};
use super::{Paths, ReadError};
use crate::{TestCase, TestOutcome, text};

/// Returns the test cases of a JUnit report, in its order. Names are put together as pytest's node
/// ids where the report names files (`xunit1`), else `class::name`.
pub fn read(report: &[u8], paths: &Paths<'_>) -> Result<Vec<TestCase>, ReadError> {
    let mut cases = Vec::new();
    let mut open: Option<TestCase> = None;
    let mut taking = false;
    walk("pytest", report, |piece| match piece {
        Piece::Start(element) => match (element.name.as_str(), open.as_mut()) {
            ("testcase", _) => open = Some(case(&element, paths)),
            ("failure" | "error" | "skipped", Some(case)) => {
                end_with(case, &element);
                taking = true;
            }
            ("system-out" | "system-err", Some(case)) if case.is_failure() => {
                case.details.push_str("\n\n--- captured output ---\n");
                taking = true;
            }
            _ => {}
        },
        Piece::Text(text) if taking => {
            if let Some(case) = open.as_mut() {
                case.details.push_str(&text);
            }
        }
        Piece::Text(_) => {}
        Piece::End(name) if name == "testcase" => {
            cases.extend(open.take().map(finished));
            taking = false;
        }
        Piece::End(name) => {
            if ["failure", "error", "skipped", "system-out", "system-err"].contains(&name.as_str())
            {
                taking = false;
            }
        }
    })?;
    Ok(cases)
}

fn case(element: &Element, paths: &Paths<'_>) -> TestCase {
    let (class, name, file) = (
        element.attribute("classname"),
        element.attribute("name"),
        element.attribute("file"),
    );
    let path = if file.is_empty() {
        String::new()
    } else {
        paths.relative(file)
    };
    TestCase {
        id: id(class, name, file, &path),
        path,
        // pytest counts this line from 0.
        line: if file.is_empty() {
            0
        } else {
            element.number::<u32>("line").saturating_add(1)
        },
        outcome: TestOutcome::Passed,
        seconds: element.number::<f64>("time").max(0.0),
        message: String::new(),
        failed_at: None,
        details: String::new(),
    }
}

fn id(class: &str, name: &str, file: &str, path: &str) -> String {
    if file.is_empty() {
        return if class.is_empty() {
            name.to_owned()
        } else {
            format!("{class}::{name}")
        };
    }
    let module = file.trim_end_matches(".py").replace(['/', '\\'], ".");
    match class
        .strip_prefix(&module)
        .and_then(|rest| rest.strip_prefix('.'))
    {
        Some(classes) => format!("{path}::{}::{name}", classes.replace('.', "::")),
        None => format!("{path}::{name}"),
    }
}

fn end_with(case: &mut TestCase, element: &Element) {
    let kind = element.attribute("type");
    let outcome = match element.name.as_str() {
        "skipped" if kind == "pytest.xfail" => TestOutcome::XFailed,
        "skipped" => TestOutcome::Skipped,
        "failure" => TestOutcome::Failed,
        _ => TestOutcome::Error,
    };
    // A test that failed and whose tear-down then broke has both; the failure is the news.
    if case.outcome != TestOutcome::Failed {
        case.outcome = outcome;
        case.message = text::one_line(element.attribute("message"), 500);
    }
}

fn finished(mut case: TestCase) -> TestCase {
    let details = text::strip_ansi(case.details.trim_end()).into_owned();
    case.details = if case.is_failure() {
        details
    } else {
        String::new()
    };
    case
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_pytest_families() {
        let xml = r#"<?xml version="1.0"?><testsuites><testsuite name="pytest" tests="5">
<testcase classname="tests.test_a.TestX" name="test_b[1-&lt;]" file="tests/test_a.py" line="3" time="0.25"/>
<testcase classname="tests.test_a" name="test_c" time="0.5"><failure message="assert 1 == 2
 more">E &amp; <![CDATA[<x>]]></failure><system-out>said</system-out></testcase>
<testcase classname="t" name="x"><skipped type="pytest.xfail" message="known"/></testcase>
<testcase classname="t" name="y"><skipped type="pytest.skip" message="no">a.py:1: no</skipped></testcase>
<testcase classname="t" name="z"><error message="setup">E</error></testcase></testsuite></testsuites>"#;
        let cases = read(xml.as_bytes(), &Paths::at_root("/r")).expect("valid");
        let short: Vec<_> = cases
            .iter()
            .map(|c| (c.id.as_str(), c.outcome, c.message.as_str()))
            .collect();
        assert_eq!(
            short,
            [
                (
                    "tests/test_a.py::TestX::test_b[1-<]",
                    TestOutcome::Passed,
                    ""
                ),
                (
                    "tests.test_a::test_c",
                    TestOutcome::Failed,
                    "assert 1 == 2 more"
                ),
                ("t::x", TestOutcome::XFailed, "known"),
                ("t::y", TestOutcome::Skipped, "no"),
                ("t::z", TestOutcome::Error, "setup"),
            ]
        );
        assert_eq!(cases[0].line, 4);
        assert_eq!(cases[1].details, "E & <x>\n\n--- captured output ---\nsaid");
    }

    #[test]
    fn a_cut_report_is_an_error() {
        assert!(
            read(
                b"<testsuites><testcase></testsuites>",
                &Paths::at_root("/r")
            )
            .is_err()
        );
    }
}
