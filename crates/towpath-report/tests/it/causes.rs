use towpath_report::{CauseKind, CheckResult, Conclusion, Place, TestCase, TestOutcome, causes};

use crate::run::{case, finding, job, result, run};

fn titles(run: &towpath_report::RunRecord) -> Vec<(String, String, usize, bool)> {
    causes(run)
        .into_iter()
        .map(|cause| (cause.title, cause.extent, cause.jobs.len(), cause.blocking))
        .collect()
}

#[test]
fn groups_the_matrix_and_the_wheel() {
    let found = titles(&run());
    let expected = [
        (
            "F401 `collections.abc.Iterable` imported but unused",
            "",
            1,
            true,
        ),
        (
            "test_natural_list",
            "3 of 8 cases, on every Python and in the wheel",
            5,
            true,
        ),
        ("B107 Possible hardcoded password: '<'", "", 1, false),
        ("B105 Possible hardcoded password: ''", "", 1, false),
    ];
    assert_eq!(
        found,
        expected.map(|(title, extent, jobs, blocking)| (
            title.to_owned(),
            extent.to_owned(),
            jobs,
            blocking
        ))
    );
}

#[test]
fn finds_what_was_wanted() {
    let causes = causes(&run());
    let CauseKind::Tests {
        cases,
        of,
        comparison,
        ..
    } = &causes[1].kind
    else {
        panic!("tests expected")
    };
    assert_eq!((cases.len(), *of), (3, 8));
    let comparison = comparison.as_ref().expect("a comparison");
    assert_eq!(
        (comparison.want.as_str(), comparison.got.as_str()),
        ("1, 2 and 3", "1, 2, and 3")
    );
    assert_eq!(
        comparison.source,
        "assert humanize.natural_list(*test_args) == expected"
    );
    assert_eq!(
        causes[1].place,
        Some(Place::at("tests/test_lists.py", 25, 0))
    );
}

fn with_tests(jobs: &[(&str, &[(&str, TestOutcome)])]) -> Vec<(String, String)> {
    let mut run = run();
    run.jobs = jobs
        .iter()
        .map(|(name, cases)| {
            let tests: Vec<TestCase> = cases
                .iter()
                .map(|(id, outcome)| case(id, *outcome))
                .collect();
            let failed = tests.iter().any(TestCase::is_failure);
            let conclusion = if failed {
                Conclusion::Failure
            } else {
                Conclusion::Success
            };
            job(
                name,
                conclusion,
                CheckResult {
                    tests,
                    failed,
                    ..result("")
                },
            )
        })
        .collect();
    causes(&run)
        .into_iter()
        .map(|cause| (cause.title, cause.extent))
        .collect()
}

#[test]
fn words_how_far_a_failure_reaches() {
    const FAIL: &[(&str, TestOutcome)] = &[("t.py::a", TestOutcome::Failed)];
    const PASS: &[(&str, TestOutcome)] = &[("t.py::a", TestOutcome::Passed)];
    for (jobs, extent) in [
        (vec![("tests 3.12", FAIL)], ""),
        (
            vec![("tests 3.9", FAIL), ("tests 3.10", FAIL)],
            "on every Python",
        ),
        (
            vec![
                ("tests 3.10", FAIL),
                ("tests 3.9", FAIL),
                ("tests 3.12", PASS),
            ],
            "on 3.9 and 3.10",
        ),
        (vec![("tests 3.9", FAIL), ("tests 3.10", PASS)], "on 3.9"),
        (
            vec![("tests 3.9", PASS), ("wheel 3.9", FAIL)],
            "only in the wheel",
        ),
        (
            vec![("tests 3.9", FAIL), ("wheel 3.9", FAIL)],
            "also in the wheel",
        ),
        (
            vec![
                ("tests 3.9", PASS),
                ("wheel 3.9", PASS),
                ("wheel 3.10", FAIL),
            ],
            "only in the wheel on 3.10",
        ),
        (
            vec![
                ("tests 3.9", FAIL),
                ("tests 3.10", FAIL),
                ("build", FAIL),
                ("lint", FAIL),
                ("wheel 3.10", FAIL),
            ],
            "on every Python, also in build, lint and the wheel",
        ),
        (
            vec![
                ("tests 3.9", FAIL),
                ("tests 3.10", FAIL),
                ("wheel 3.10", FAIL),
            ],
            "on every Python and in the wheel",
        ),
    ] {
        assert_eq!(
            with_tests(&jobs),
            [("a".to_owned(), extent.to_owned())],
            "{jobs:?}"
        );
    }
}

#[test]
fn one_missing_module_is_one_cause() {
    let mut run = run();
    let missing = |id: &str| TestCase {
        message: "ModuleNotFoundError: No module named 'freezegun'".into(),
        failed_at: Some(Place::at(id, 3, 0)),
        ..case(id, TestOutcome::Error)
    };
    let tests = vec![missing("tests/test_a.py"), missing("tests/test_b.py")];
    run.jobs = vec![job(
        "tests 3.12",
        Conclusion::Failure,
        CheckResult {
            tests,
            failed: true,
            ..result("2 errors")
        },
    )];
    let causes = causes(&run);
    assert_eq!(causes.len(), 1);
    assert_eq!(
        causes[0].title,
        "ModuleNotFoundError: No module named 'freezegun'"
    );
    assert_eq!(causes[0].extent, "2 tests");
}

#[test]
fn findings_are_one_over_jobs_and_apart_by_policy() {
    let mut run = run();
    let new = || finding("flake8", "E501", "line too long", Place::at("a.py", 3, 80));
    let lint = |name: &str, advisory: bool| {
        let mut job = job(
            name,
            Conclusion::Failure,
            CheckResult {
                findings: vec![new()],
                failed: true,
                ..result("")
            },
        );
        job.advisory = advisory;
        job
    };
    run.jobs = vec![
        lint("lint 3.10", false),
        lint("lint 3.11", false),
        lint("lint 3.12", true),
    ];
    assert_eq!(
        titles(&run),
        [
            (
                "E501 line too long".to_owned(),
                "on 3.10 and 3.11".to_owned(),
                2,
                true
            ),
            (
                "E501 line too long".to_owned(),
                "on 3.12".to_owned(),
                1,
                false
            ),
        ]
    );
}

#[test]
fn a_silent_failure_is_still_a_cause() {
    let mut run = run();
    run.jobs = vec![job(
        "build",
        Conclusion::Failure,
        CheckResult {
            failed: true,
            ..result("backend exited with 1")
        },
    )];
    assert_eq!(
        titles(&run),
        [("backend exited with 1".to_owned(), String::new(), 1, true)]
    );
}
