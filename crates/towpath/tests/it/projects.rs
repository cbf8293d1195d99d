//! Released projects of other people, as they lie in the index: the verdict is theirs, with nothing
//! configured.

use towpath_report::{Conclusion, TestOutcome, Verdict};

use crate::world::{Run, World};

/// Runs `towpath ci` on a released sdist, and again.
fn check_project(name: &str, version: &str) -> Run {
    let world = World::with_sdist(name, version);
    let run = world.recorded(&["ci"]);
    let again = world.recorded(&["ci"]);
    assert_eq!(
        (again.fresh_jobs(), again.code),
        (vec![], run.code),
        "{}",
        again.stderr
    );
    run
}

/// Asserts that every job of these checks is green and how many tests passed in each.
fn assert_tests_pass(run: &Run, number: usize, checks: &[&str]) {
    for job in run
        .record
        .jobs
        .iter()
        .filter(|job| checks.contains(&job.group.as_str()))
    {
        let told = format!("{}: {:?}\n{}", job.name, run.failed_tests(), run.stderr);
        assert_eq!(job.conclusion, Conclusion::Success, "{told}");
        let passed = job
            .result
            .tests
            .iter()
            .filter(|case| case.outcome == TestOutcome::Passed);
        assert_eq!(passed.count(), number, "{told}");
    }
    assert!(
        checks
            .iter()
            .all(|check| run.record.jobs.iter().any(|job| job.group == *check))
    );
}

#[test]
fn index_itsdangerous_passes_with_all_its_tests_on_every_python() {
    let run = check_project("itsdangerous", "2.2.0");
    assert_eq!(
        (run.record.verdict, run.code),
        (Verdict::Passed, Some(0)),
        "{}",
        run.stderr
    );
    assert_tests_pass(&run, 297, &["tests", "wheel"]);
}

#[test]
fn index_poetry_project_passes_its_tests() {
    let run = check_project("tinydb", "4.8.2");
    assert!(run.record.title.contains("poetry"), "{}", run.record.title);
    assert_tests_pass(&run, 204, &["tests"]);
    assert_eq!(run.job("build").conclusion, Conclusion::Success);
}

#[test]
fn index_setup_py_project_passes() {
    let run = check_project("xmltodict", "0.13.0");
    assert!(
        run.record.title.contains("setuptools"),
        "{}",
        run.record.title
    );
    assert_eq!(
        (run.record.verdict, run.code),
        (Verdict::Passed, Some(0)),
        "{}",
        run.stderr
    );
    assert_tests_pass(&run, 58, &["tests", "wheel"]);
}
