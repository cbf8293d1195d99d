//! What becomes of the jobs of a plan.

use crate::script::{World, job};

#[track_caller]
fn check(jobs: Vec<towpath_runner::PlannedJob>, expected: &[&str]) {
    let (ended, _) = World::new().run(jobs, 1, "");
    assert_eq!(ended, expected);
}

#[test]
fn job_whose_need_failed_is_skipped_with_its_name() {
    check(
        vec![
            job("build", &[], &["end=failure"]),
            job("wheel", &[0], &[]),
            job("coverage", &[0], &["always=1"]),
        ],
        &[
            "build failure",
            "wheel skipped: needs build, which did not pass",
            "coverage success",
        ],
    );
}

#[test]
fn skipping_goes_on_through_needs() {
    check(
        vec![
            job("a", &[], &["skip=not here"]),
            job("b", &[0], &[]),
            job("c", &[1], &[]),
        ],
        &[
            "a skipped: not here",
            "b skipped: needs a, which did not run",
            "c skipped: needs b, which did not run",
        ],
    );
}

#[test]
fn verdict_is_found_again_by_its_key_also_when_red() {
    let world = World::new();
    let jobs = || {
        vec![
            job("green", &[], &["key=1"]),
            job("red", &[], &["key=2", "end=failure"]),
            job("unknown", &[], &[]),
            job("broken", &[], &["key=3", "end=error"]),
        ]
    };
    world.run(jobs(), 1, "");
    let (mut ended, did) = world.run(jobs(), 1, "");
    // Recorded durations decide what runs first.
    ended.sort();
    assert_eq!(
        ended,
        [
            "broken error",
            "green success again",
            "red failure again",
            "unknown success",
        ]
    );
    assert!(!did.contains(&"run green".to_owned()), "{did:?}");
}

#[test]
fn job_that_waits_is_made_ready_once_meanwhile() {
    let jobs = vec![
        job("first", &[], &["until=ready third"]),
        job("second", &[], &[]),
        job("third", &[], &[]),
    ];
    let (ended, did) = World::new().run(jobs, 1, "");
    assert_eq!(ended.len(), 3);
    assert_eq!(did[..2], ["ready second", "ready third"]);
    assert_eq!(
        did.iter().filter(|line| line.starts_with("ready")).count(),
        2
    );
}

#[test]
fn signal_ends_what_runs_and_starts_nothing() {
    let jobs = vec![job("long", &[], &["until=never"]), job("next", &[], &[])];
    let (ended, did) = World::new().run(jobs, 1, "long");
    assert_eq!(ended, ["next cancelled: not started", "long cancelled"]);
    assert!(!did.contains(&"run next".to_owned()), "{did:?}");
}
