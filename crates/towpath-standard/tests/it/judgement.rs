//! Gates and ratchets: judged, or said not to be.

use towpath_report::readers::osv;
use towpath_report::{
    ArtifactRecord, CheckResult, Coverage, FileCoverage, Finding, Place, Severity, TestCase,
    TestOutcome,
};
use towpath_standard::{AdvisoryQuestion, Applies, NeededCheck, Partial, Work, check};

use crate::repository::{verdict_of, with_projects};

const MANIFEST: &str = "[project]\nname = \"pkg\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n";
const WORKFLOW: &str =
    "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: mypy pkg\n";

fn finding(path: &str, severity: Severity) -> Finding {
    Finding {
        tool: "mypy".to_owned(),
        rule: "syntax".to_owned(),
        rule_url: None,
        message: "invalid syntax".to_owned(),
        place: Some(Place::at(path, 1, 1)),
        severity,
        fixable: false,
        blocking: false,
    }
}

#[test]
fn tool_that_stopped_outside_the_project_gave_no_verdict() {
    let files = [
        ("pyproject.toml", MANIFEST),
        ("pkg/__init__.py", ""),
        (".github/workflows/ci.yml", WORKFLOW),
    ];
    for (path, hint, expected) in [
        ("pkg/__init__.py", "mypy", (1, 0)),
        ("/env/lib/numpy/__init__.pyi", "mypy", (0, 1)),
        ("/env/lib/numpy/__init__.pyi", "unproven mypy", (1, 0)),
    ] {
        let found = Partial {
            findings: vec![finding(path, Severity::Error)],
            facts: [("stopped".to_owned(), hint.to_owned())].into(),
            ..Partial::default()
        };
        let result = verdict_of("types", &files, found);
        assert_eq!(
            (result.findings.len(), result.errors.len()),
            expected,
            "{path} {result:?}"
        );
    }
}

#[test]
fn only_names_that_nothing_defines_block_where_no_linter_is_adopted() {
    let files = [
        ("pyproject.toml", MANIFEST),
        ("pkg/__init__.py", ""),
        ("pkg/errors.py", ""),
        ("pkg/sub/__init__.py", ""),
        ("pkg/types.pyi", ""),
    ];
    for (path, message, expected) in [
        ("pkg/errors.py", "Undefined name `oops`", true),
        ("pkg/errors.py", "undefined name 'oops'", true),
        ("pkg/errors.py", "Undefined name `unicode`", false),
        ("pkg/__init__.py", "Undefined name `oops`", true),
        ("pkg/__init__.py", "Undefined name `errors`", false),
        ("pkg/__init__.py", "Undefined name `sub`", false),
        ("pkg/sub/__init__.py", "Undefined name `errors`", true),
        ("pkg/types.pyi", "Undefined name `t`", false),
    ] {
        let found = Partial {
            findings: vec![Finding {
                tool: "ruff".to_owned(),
                rule: "F821".to_owned(),
                message: message.to_owned(),
                ..finding(path, Severity::Error)
            }],
            ..Partial::default()
        };
        let result = verdict_of("lint", &files, found);
        assert_eq!(result.failed, expected, "{path} {message}");
    }
}

#[test]
fn baseline_that_cannot_be_read_is_an_error() {
    let settings = format!("{MANIFEST}[tool.towpath.types]\nbaseline = true\n");
    for (baseline, expected) in [
        (
            r#"{"types": {"pkg/__init__.py": {"syntax": 1}}}"#,
            (false, 0),
        ),
        ("{}", (true, 0)),
        ("[1]", (false, 1)),
    ] {
        let files = [
            ("pyproject.toml", settings.as_str()),
            ("pkg/__init__.py", ""),
            (".github/workflows/ci.yml", WORKFLOW),
            ("towpath-baseline.json", baseline),
        ];
        let found = Partial {
            findings: vec![finding("pkg/__init__.py", Severity::Error)],
            ..Partial::default()
        };
        let result = verdict_of("types", &files, found);
        assert_eq!(
            (result.failed, result.errors.len()),
            expected,
            "{baseline} {result:?}"
        );
    }
}

/// Returns what coverage does about tests that passed and left data of so many runs.
fn coverage(settings: &str, runs: &[bool]) -> &'static str {
    let manifest = format!("{MANIFEST}{settings}");
    let files = [
        ("pyproject.toml", manifest.as_str()),
        ("pkg/__init__.py", ""),
        ("tests/test_a.py", "def test_a(): pass\n"),
    ];
    let passed = TestCase {
        id: "tests/test_a.py::test_a".to_owned(),
        path: "tests/test_a.py".to_owned(),
        line: 1,
        outcome: TestOutcome::Passed,
        seconds: 0.0,
        message: String::new(),
        failed_at: None,
        details: String::new(),
    };
    let data = || ArtifactRecord {
        name: "coverage".to_owned(),
        sha256: String::new(),
        size: 1,
    };
    let results: Vec<CheckResult> = runs
        .iter()
        .map(|is_kept| CheckResult {
            tests: vec![passed.clone()],
            artifacts: is_kept.then(data).into_iter().collect(),
            ..CheckResult::default()
        })
        .collect();
    let needs: Vec<NeededCheck<'_>> = results
        .iter()
        .map(|result| NeededCheck {
            check: "tests",
            project: "",
            result,
        })
        .collect();
    with_projects(&files, |projects| {
        let coverage = check("coverage").expect("there is such a check");
        let facts = projects.first().expect("there is a project");
        match coverage.work(facts, None, &needs) {
            Applies::Skip(_) => "skipped",
            Applies::Work(work) => match *work {
                Work::Tool(_) => "judged",
                Work::Native(_) => "no verdict",
            },
        }
    })
}

#[test]
fn gate_for_coverage_is_judged_or_there_is_no_verdict() {
    const GATE: &str = "[tool.towpath.tests]\ncoverage = 90\n";
    const CHANGED: &str = "[tool.towpath.coverage]\nchanged-lines = 90\n";
    const NONE: &str = "[tool.towpath.coverage]\nmeasure = \"none\"\n";
    const NEWEST: &str = "[tool.towpath.coverage]\nmeasure = \"newest-only\"\n";
    for (settings, runs, expected) in [
        ("", &[false][..], "skipped"),
        (GATE, &[], "skipped"),
        (GATE, &[true, true], "judged"),
        (GATE, &[true, false], "no verdict"),
        (GATE, &[false], "no verdict"),
        (CHANGED, &[false], "no verdict"),
        (&format!("{GATE}{NONE}"), &[false], "no verdict"),
        (&format!("{GATE}{NEWEST}"), &[false, true], "judged"),
        (&format!("{GATE}{NEWEST}"), &[false, false], "no verdict"),
    ] {
        assert_eq!(coverage(settings, runs), expected, "{settings} {runs:?}");
    }
}

#[test]
fn gate_for_coverage_is_the_one_by_which_the_automation_fails() {
    const CONFIGURED: &str = "[tool.coverage.report]\nfail_under = 80\n";
    let measured = |executed: u32| Coverage {
        files: [(
            "pkg/__init__.py".to_owned(),
            FileCoverage {
                executed: (1..=executed).collect(),
                missing: (executed + 1..=100).collect(),
                ..FileCoverage::default()
            },
        )]
        .into(),
        ..Coverage::default()
    };
    for (configured, steps, expected) in [
        (CONFIGURED, &["coverage report"][..], true),
        (CONFIGURED, &["coverage xml"], true),
        (CONFIGURED, &["coverage report || true"], false),
        (CONFIGURED, &["coverage run -m pytest"], false),
        (CONFIGURED, &["pytest"], false),
        (CONFIGURED, &["pytest --cov=pkg"], true),
        (CONFIGURED, &["pytest --cov --cov-fail-under=60"], false),
        (CONFIGURED, &["coverage report --fail-under=0"], false),
        (CONFIGURED, &["coverage report --include='tests/*'"], false),
        ("", &["pytest --cov=pkg --cov-fail-under 80"], true),
        (
            "",
            &["coverage run -m pytest", "coverage report --fail-under=80"],
            true,
        ),
        ("", &["pytest --cov=pkg"], false),
    ] {
        let manifest = format!("{MANIFEST}{configured}");
        let steps: String = steps
            .iter()
            .map(|step| format!("      - run: {step}\n"))
            .collect();
        let workflow = format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}");
        let files = [
            ("pyproject.toml", manifest.as_str()),
            ("pkg/__init__.py", ""),
            ("tests/test_a.py", "def test_a(): pass\n"),
            (".github/workflows/ci.yml", &workflow),
        ];
        let found = Partial {
            coverage: Some(measured(70)),
            ..Partial::default()
        };
        let failed = verdict_of("coverage", &files, found).failed;
        assert_eq!(failed, expected, "{configured} {steps}");
    }
}

/// Returns whether a total of 70 of 100 lines fails a threshold of 80 that a project sets itself.
#[track_caller]
fn fails_its_threshold(more: &[(&str, &str)], told: (&str, usize)) -> bool {
    let manifest = format!(
        "{MANIFEST}classifiers = [\"Programming Language :: Python :: 3.12\", \"Programming Language :: Python :: 3.13\"]\n\
         [tool.coverage.report]\nfail_under = 80\n"
    );
    let files = [
        ("pyproject.toml", manifest.as_str()),
        ("pkg/__init__.py", ""),
        ("tests/test_a.py", "def test_a(): pass\n"),
    ];
    let coverage = Coverage {
        files: [(
            "pkg/__init__.py".to_owned(),
            FileCoverage {
                executed: (1..=70).collect(),
                missing: (71..=100).collect(),
                ..FileCoverage::default()
            },
        )]
        .into(),
        ..Coverage::default()
    };
    let found = Partial {
        coverage: Some(coverage),
        facts: [(told.0.to_owned(), told.1.to_string())].into(),
        ..Partial::default()
    };
    let result = verdict_of("coverage", &[&files, more].concat(), found);
    assert_eq!(result.findings.len(), 1, "{result:?}");
    result.failed
}

#[test]
fn threshold_that_is_missed_for_what_is_not_here_is_not_judged() {
    const RELEASED: (&str, &str) = ("PKG-INFO", "Metadata-Version: 2.1\n");
    const CI: (&str, &str) = (
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: pytest --cov=pkg\n",
    );
    const PYTHONS: &str = "missed lines for some Pythons";
    const TESTS: &str = "tests that were not judged";
    for (more, told, expected) in [
        (&[][..], (TESTS, 0), true),
        (&[RELEASED], (TESTS, 0), false),
        (&[RELEASED, CI], (TESTS, 0), true),
        (&[RELEASED, CI], (TESTS, 2), false),
        (&[], (PYTHONS, 9), true),
        (&[], (PYTHONS, 10), false),
    ] {
        assert_eq!(
            fails_its_threshold(more, told),
            expected,
            "{more:?} {told:?}"
        );
    }
}

#[test]
fn locks_of_all_projects_are_looked_up() {
    const ADVISORY: &str = r#"{"id": "X-1", "affected": [{"package": {"ecosystem": "PyPI", "name": "A.b"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]}]}"#;
    let settings = format!("{MANIFEST}[tool.towpath.security]\nadvisories = \"db\"\n");
    let other = MANIFEST.replace("pkg", "other");
    for (advisories, expected) in [
        (
            [("db/a.json", ADVISORY), ("db/b.json", "[]")],
            (vec!["other/requirements.txt:2"], 0),
        ),
        (
            [("db/a.json", ADVISORY), ("db/b.json", "<html>")],
            (vec!["other/requirements.txt:2"], 1),
        ),
        ([("a.json", ADVISORY), ("b.json", "[]")], (vec![], 1)),
    ] {
        let mut files = vec![
            ("pyproject.toml", settings.as_str()),
            ("pkg/__init__.py", ""),
            ("other/pyproject.toml", other.as_str()),
            ("other/other/__init__.py", ""),
            (
                "other/requirements.txt",
                "c==1 --hash=sha256:1\na-b==1.5 --hash=sha256:2\n",
            ),
        ];
        files.extend(advisories);
        let result = verdict_of("security", &files, Partial::default());
        let places: Vec<String> = result
            .findings
            .iter()
            .filter_map(|finding| finding.place.as_ref().map(ToString::to_string))
            .collect();
        assert_eq!(
            (
                places.iter().map(String::as_str).collect(),
                result.errors.len()
            ),
            expected,
            "{result:?}"
        );
    }
}

#[test]
fn service_is_asked_for_what_is_locked_where_it_is_named() {
    let one = |id: &str, alias: &str| {
        let affected =
            r#"[{"package": {"ecosystem": "PyPI", "name": "A.b"}, "versions": ["1.5"]}]"#;
        let text = format!(r#"{{"id": "{id}", "aliases": ["{alias}"], "affected": {affected}}}"#);
        osv::read(text.as_bytes()).expect("an advisory").remove(0)
    };
    // Two databases tell of one vulnerability under names of their own.
    let told = vec![
        one("GHSA-1", "CVE-1"),
        one("PYSEC-1", "CVE-1"),
        one("PYSEC-2", "CVE-2"),
    ];
    for (source, asked, found) in [
        ("", None, 0),
        ("https://osv.example/", Some("https://osv.example"), 2),
    ] {
        let settings = match source {
            "" => MANIFEST.to_owned(),
            source => format!("{MANIFEST}[tool.towpath.security]\nadvisories = \"{source}\"\n"),
        };
        let files = [
            ("pyproject.toml", settings.as_str()),
            ("pkg/__init__.py", ""),
            ("requirements.txt", "a-b==1.5 --hash=sha256:2\n"),
        ];
        with_projects(&files, |projects| {
            let facts = projects.first().expect("there is a project");
            let security = check("security").expect("there is such a check");
            let Applies::Work(work) = security.work(facts, None, &[]) else {
                panic!("it does not apply");
            };
            let Work::Tool(work) = *work else {
                panic!("it runs no tool");
            };
            let question = asked.map(|service| AdvisoryQuestion {
                service: service.to_owned(),
                packages: vec![("a-b".to_owned(), "1.5".to_owned())],
            });
            assert_eq!(work.advisories, question);
            let answer = Partial {
                advisories: told.clone(),
                ..Partial::default()
            };
            let result = security.conclude(facts, vec![answer]);
            let says_how = |note: &String| note.contains("a service such as `https://api.osv.dev`");
            assert_eq!(result.notes.iter().any(says_how), asked.is_none());
            assert_eq!(result.findings.len(), found, "{result:?}");
        });
    }
}
