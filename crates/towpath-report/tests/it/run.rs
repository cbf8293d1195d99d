//! A run like the one in the guide: one lint fault, one test fault on every Python and in the wheel,
//! two findings that do not block, a skipped job and reused ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_report::{
    ArtifactRecord, CheckResult, Conclusion, Coverage, FileCoverage, Finding, JobRecord, Place,
    Reused, RunRecord, SCHEMA_VERSION, Severity, TestCase, TestOutcome, Verdict,
};

pub(crate) const LISTS: &str = "\"\"\"Lists related humanization.\"\"\"\n\nfrom __future__ import annotations\n\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n    from collections.abc import Iterable\n    from typing import Any\n";

pub(crate) fn finding(tool: &str, rule: &str, message: &str, place: Place) -> Finding {
    Finding {
        tool: tool.to_owned(),
        rule: rule.to_owned(),
        rule_url: None,
        message: message.to_owned(),
        place: Some(place),
        severity: Severity::Error,
        fixable: false,
        blocking: true,
    }
}

pub(crate) fn job(name: &str, conclusion: Conclusion, result: CheckResult) -> JobRecord {
    JobRecord {
        name: name.to_owned(),
        group: name.split(' ').next().unwrap_or_default().to_owned(),
        project: String::new(),
        conclusion,
        reason: String::new(),
        advisory: false,
        result: Arc::new(result),
        reused: None,
        last_pass: None,
        started_ms: 400,
        duration_ms: 6_100,
        cpu_ms: 5_900,
        commands: Vec::new(),
        outputs: BTreeMap::new(),
        steps: Vec::new(),
    }
}

pub(crate) fn result(summary: &str) -> CheckResult {
    CheckResult {
        summary: summary.to_owned(),
        ..CheckResult::default()
    }
}

pub(crate) fn case(id: &str, outcome: TestOutcome) -> TestCase {
    TestCase {
        id: id.to_owned(),
        path: id.split("::").next().unwrap_or_default().to_owned(),
        line: 24,
        outcome,
        seconds: 0.004,
        message: String::new(),
        failed_at: None,
        details: String::new(),
    }
}

fn tests() -> Vec<TestCase> {
    let values = [
        ("1, 2, and 3", "1, 2 and 3"),
        ("one, two, and three", "one, two and three"),
        ("1, 2, 3, and 4", "1, 2, 3 and 4"),
    ];
    let mut tests = Vec::new();
    for index in 0..8 {
        let mut case = case(
            &format!("tests/test_lists.py::test_natural_list[test_args{index}]"),
            TestOutcome::Passed,
        );
        if let Some((got, want)) = values.get(index) {
            case.outcome = TestOutcome::Failed;
            case.message = format!("AssertionError: assert '{got}' == '{want}'");
            case.failed_at = Some(Place::at("tests/test_lists.py", 25, 0));
            case.details = format!(
                "    def test_natural_list(test_args, expected):\n>       assert humanize.natural_list(*test_args) == expected\nE       {}\nE         \nE         - {want}\nE         + {got}\nE         ?     +\n\ntests/test_lists.py:25: AssertionError",
                case.message
            );
        }
        tests.push(case);
    }
    tests.push(TestCase {
        message: "needs gettext".into(),
        ..case("tests/test_i18n.py::test_i18n", TestOutcome::Skipped)
    });
    tests.push(TestCase {
        message: "known".into(),
        ..case(
            "tests/test_time.py::TestOld::test_delta",
            TestOutcome::XFailed,
        )
    });
    tests
}

pub(crate) fn coverage() -> Coverage {
    let lists = FileCoverage {
        executed: vec![1, 3, 5, 6],
        missing: vec![7, 8],
        executed_branches: vec![(6, -1)],
        missing_branches: vec![(6, 7)],
    };
    let whole = FileCoverage {
        executed: (1..=40).collect(),
        ..FileCoverage::default()
    };
    let files = BTreeMap::from([
        ("src/humanize/lists.py".to_owned(), lists),
        ("src/humanize/__init__.py".to_owned(), whole),
    ]);
    Coverage {
        files,
        branches: true,
    }
}

pub(crate) fn run() -> RunRecord {
    let unused = Finding {
        rule_url: Some("https://docs.astral.sh/ruff/rules/unused-import".into()),
        fixable: true,
        ..finding(
            "ruff",
            "F401",
            "`collections.abc.Iterable` imported but unused",
            Place {
                path: "src/humanize/lists.py".into(),
                line: 7,
                column: 33,
                end_line: 7,
                end_column: 41,
            },
        )
    };
    let password = |rule: &str, value: &str, line| Finding {
        severity: Severity::Note,
        blocking: false,
        ..finding(
            "bandit",
            rule,
            &format!("Possible hardcoded password: '{value}'"),
            Place::at("src/humanize/number.py", line, 5),
        )
    };
    let failing = |name: &str| {
        job(
            name,
            Conclusion::Failure,
            CheckResult {
                tests: tests(),
                failed: true,
                ..result("3 failed, 5 passed, 1 skipped")
            },
        )
    };
    let reused = Some(Reused {
        run: 213,
        at: 1_795_200_060,
        commit: "5b41c9e".into(),
    });
    let wheel = ArtifactRecord {
        name: "humanize-4.17.0-py3-none-any.whl".into(),
        sha256: "9f1c4e0a".repeat(8),
        size: 78_848,
    };
    let jobs = vec![
        JobRecord {
            reused,
            duration_ms: 100,
            ..job("format", Conclusion::Success, result("25 files"))
        },
        JobRecord {
            started_ms: 0,
            duration_ms: 400,
            commands: vec![vec!["ruff".into(), "check".into(), "--no-fix".into()]],
            ..job(
                "lint",
                Conclusion::Failure,
                CheckResult {
                    findings: vec![unused],
                    failed: true,
                    ..result("1 problem")
                },
            )
        },
        JobRecord {
            duration_ms: 1_100,
            ..job(
                "security",
                Conclusion::Neutral,
                CheckResult {
                    findings: vec![password("B107", "<", 427), password("B105", "", 489)],
                    ..result("2 findings, do not block")
                },
            )
        },
        job(
            "build",
            Conclusion::Success,
            CheckResult {
                artifacts: vec![wheel],
                ..result("wheel 77 KiB, sdist 60 KiB")
            },
        ),
        failing("tests 3.11"),
        failing("tests 3.10"),
        failing("tests 3.13"),
        failing("tests 3.12"),
        job(
            "coverage",
            Conclusion::Success,
            CheckResult {
                coverage: Some(coverage()),
                ..result("98.5 %, needs 95 %")
            },
        ),
        failing("wheel 3.13"),
        JobRecord {
            reason: "the project has no documentation".into(),
            duration_ms: 0,
            ..job("docs", Conclusion::Skipped, result(""))
        },
    ];
    RunRecord {
        schema: SCHEMA_VERSION,
        towpath: "0.1.0".into(),
        run: 214,
        title: "humanize · hatchling, src layout · testing on Python 3.10 3.11 3.12 3.13".into(),
        notes: vec!["3.14 is declared but not on this machine".into()],
        started: 1_795_256_400,
        duration_ms: 14_800,
        commit: "5b41c9e2f4c1a6d0b7e89a3f2c5d1e0f9b8a7c6d".into(),
        sandbox: "namespaces".into(),
        verdict: Verdict::Failed,
        jobs,
        not_run: vec!["codespell (ci.yml:14): codespell src".into()],
        workflows: Vec::new(),
    }
}
