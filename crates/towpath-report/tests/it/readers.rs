//! The fixtures are recorded: each tool was run over the small package that they quote.

use towpath_report::readers::{
    Paths, bandit, black, cobertura, coverage_py, detect_secrets, flake8, isort, junit, mkdocs,
    mypy, pycodestyle, pylint, pyright, pytest, ruff, sphinx, ty,
};
use towpath_report::{Finding, TestCase, TestOutcome};

const REPO: Paths<'static> = Paths {
    root: "/repo",
    folder: "",
    installed: &[],
};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../fixtures/", $name))
    };
}

fn lines(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let place = finding.place.as_ref();
        let end = place
            .filter(|place| place.end_column > 0)
            .map(|place| format!("-{}:{}", place.end_line, place.end_column));
        format!(
            "{}{} {:?}{} {} {}: {}\n",
            place.map(ToString::to_string).unwrap_or_default(),
            end.unwrap_or_default(),
            finding.severity,
            if finding.fixable { " fixable" } else { "" },
            finding.tool,
            finding.rule,
            finding.message
        )
    };
    findings.iter().map(line).collect()
}

#[test]
fn reads_linters() {
    insta::assert_snapshot!(
        "ruff_check",
        lines(&ruff::read_check(fixture!("ruff_check.json"), &REPO).expect("valid"))
    );
    insta::assert_snapshot!(
        "flake8",
        lines(&flake8::read(fixture!("flake8.txt"), &REPO))
    );
    insta::assert_snapshot!(
        "pycodestyle",
        lines(&pycodestyle::read(fixture!("pycodestyle.txt"), &REPO))
    );
    let json2 = pylint::read(fixture!("pylint.json2"), &REPO).expect("valid");
    insta::assert_snapshot!("pylint", lines(&json2));
    assert_eq!(
        pylint::read(fixture!("pylint.json"), &REPO).expect("valid"),
        json2
    );
}

#[test]
fn reads_formatters() {
    insta::assert_snapshot!(
        "ruff_format",
        lines(&ruff::read_format(fixture!("ruff_format.diff"), &REPO))
    );
    insta::assert_snapshot!(
        "ruff_format_errors",
        lines(&ruff::read_format_errors(
            fixture!("ruff_format.err"),
            &REPO
        ))
    );
    insta::assert_snapshot!("black", lines(&black::read(fixture!("black.diff"), &REPO)));
    insta::assert_snapshot!(
        "black_errors",
        lines(&black::read_errors(fixture!("black.err"), &REPO))
    );
    insta::assert_snapshot!("isort", lines(&isort::read(fixture!("isort.diff"), &REPO)));
}

#[test]
fn reads_type_checkers() {
    insta::assert_snapshot!("mypy", lines(&mypy::read(fixture!("mypy.jsonl"), &REPO)));
    insta::assert_snapshot!(
        "mypy_text",
        lines(&mypy::read(fixture!("mypy_0.991.txt"), &REPO))
    );
    insta::assert_snapshot!(
        "pyright",
        lines(&pyright::read(fixture!("pyright.json"), &REPO).expect("valid"))
    );
    insta::assert_snapshot!(
        "ty",
        lines(&ty::read(fixture!("ty.json"), &REPO).expect("valid"))
    );
}

#[test]
fn reads_scanners() {
    insta::assert_snapshot!(
        "bandit",
        lines(&bandit::read(fixture!("bandit.json"), &REPO).expect("valid"))
    );
    let scan = fixture!("secrets.json");
    let secrets = detect_secrets::read(scan, None, &REPO).expect("valid");
    insta::assert_snapshot!("detect_secrets", lines(&secrets.new));
    let known = detect_secrets::read(scan, Some(scan), &REPO).expect("valid");
    assert!(
        known.new.is_empty() && known.known > 0,
        "a scan is its own baseline"
    );
}

#[test]
fn reads_documentation_builders() {
    insta::assert_snapshot!(
        "sphinx",
        lines(&sphinx::read(fixture!("sphinx.txt"), &REPO))
    );
    insta::assert_snapshot!(
        "mkdocs",
        lines(&mkdocs::read(fixture!("mkdocs.txt"), "mk/docs"))
    );
}

#[test]
fn reads_coverage_of_both_forms_alike() {
    let json = coverage_py::read(fixture!("coverage.json"), &REPO).expect("valid");
    let xml = cobertura::read(fixture!("coverage.xml"), &REPO).expect("valid");
    assert!(json.branches && xml.branches);
    assert_eq!(
        json.files.keys().collect::<Vec<_>>(),
        ["tests/helper.py", "tests/test_lists.py"]
    );
    assert_eq!(
        json.files.keys().collect::<Vec<_>>(),
        xml.files.keys().collect::<Vec<_>>()
    );
    for (path, file) in &json.files {
        assert_eq!(
            (&file.executed, &file.missing),
            (&xml.files[path].executed, &xml.files[path].missing),
            "{path}"
        );
    }
    assert!((json.percent() - xml.percent()).abs() < 1e-9);
    let text = String::from_utf8_lossy(fixture!("coverage.json"));
    let totals = text.rsplit_once("\"percent_covered\": ").expect("totals").1;
    let percent: f64 = totals
        .split(',')
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number");
    assert!(
        (json.percent() - percent).abs() < 1e-9,
        "{} is not {percent}",
        json.percent()
    );
}

fn cases(tests: &[TestCase]) -> String {
    let line = |case: &TestCase| {
        let failed_at = case
            .failed_at
            .as_ref()
            .map(|place| format!(" at {place}"))
            .unwrap_or_default();
        format!(
            "{:?} {} ({}:{}){failed_at} {}\n",
            case.outcome, case.id, case.path, case.line, case.message
        )
    };
    tests.iter().map(line).collect()
}

fn counts(tests: &[TestCase]) -> [usize; 4] {
    let count = |outcome| tests.iter().filter(|case| case.outcome == outcome).count();
    [
        count(TestOutcome::Passed),
        count(TestOutcome::Failed),
        count(TestOutcome::Error),
        count(TestOutcome::Skipped),
    ]
}

#[test]
fn reads_pytest_events_of_every_age() {
    let newest = pytest::read(fixture!("pytest_9.jsonl"), &REPO);
    insta::assert_snapshot!("pytest_9", cases(&newest.tests));
    assert_eq!(
        (
            newest.collected,
            newest.exit_status,
            newest.unfinished.as_deref()
        ),
        (18, Some(1), None)
    );
    let details = newest
        .tests
        .iter()
        .find(|case| case.id.contains("items0"))
        .map(|case| case.details.clone());
    insta::assert_snapshot!("pytest_details", details.unwrap_or_default());
    for events in [
        &fixture!("pytest_310.jsonl")[..],
        fixture!("pytest_8.jsonl"),
    ] {
        let old = pytest::read(events, &REPO);
        assert_eq!((old.collected, old.exit_status), (18, Some(1)));
        let [_, failed, error, skipped] = counts(&old.tests);
        assert!(
            failed >= 9 && error >= 3 && skipped == 4,
            "{:?}",
            counts(&old.tests)
        );
    }
}

#[test]
fn reads_both_junit_families() {
    let xunit1 = junit::read(fixture!("junit_xunit1.xml"), &REPO).expect("valid");
    let xunit2 = junit::read(fixture!("junit_xunit2.xml"), &REPO).expect("valid");
    insta::assert_snapshot!("junit_xunit1", cases(&xunit1));
    assert_eq!(counts(&xunit1), counts(&xunit2));
}
