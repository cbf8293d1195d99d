//! Processes that stay, stop, multiply, hide or kill.

use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use towpath_report::Conclusion;

use super::{log, run, seconds, send, sleeping, with_steps, with_workflow};
use crate::interruption::{is_running, wait_until};
use crate::world::World;

/// How a job has to end.
use Conclusion::{Cancelled, Failure, Success};

#[test]
fn whatever_processes_do_the_job_ends_and_says_so() {
    let sleep = seconds(1);
    let leave = |how: &str| how.replace("SLEEP", &format!("sleep {sleep}"));
    // Script of the first step; how the job ends; what its log says; how long it may take.
    let table: [(String, Conclusion, &str, u64); 15] = [
        (
            leave("setsid SLEEP >/dev/null 2>&1 &"),
            Success,
            "the second step",
            5,
        ),
        (
            leave("(setsid sh -c 'SLEEP & SLEEP' >/dev/null 2>&1 &)"),
            Success,
            "the second step",
            5,
        ),
        (leave("SLEEP & echo started"), Success, "the second step", 9),
        (
            "exec >&- 2>&-; sleep 0.2".to_owned(),
            Success,
            "the second step",
            5,
        ),
        (
            leave(
                "i=0; while [ $i -lt 150 ]; do (setsid SLEEP >/dev/null 2>&1 &); i=$((i+1)); done",
            ),
            Success,
            "the second step",
            9,
        ),
        ("exit 3".to_owned(), Failure, "exit code 3", 5),
        ("kill -SEGV $$".to_owned(), Failure, "signal 11", 5),
        ("kill -KILL $$".to_owned(), Failure, "signal 9", 5),
        (
            "head -c 10000000 /dev/zero | tr '\\0' x; echo; echo after".to_owned(),
            Success,
            "more bytes]\nafter\n",
            9,
        ),
        (
            "printf 'a\\377b\\000c\\n'; echo after".to_owned(),
            Success,
            "after\n",
            5,
        ),
        ("printf 'no newline'".to_owned(), Success, "no newline\n", 5),
        (
            "printf '\\033[31mred\\033[0m \\033]0;title\\007\\n'".to_owned(),
            Success,
            "red",
            5,
        ),
        (
            "rm -rf \"$RUNNER_TEMP\" \"$HOME\"".to_owned(),
            Failure,
            "error: ",
            5,
        ),
        (
            "mkdir -p a/b; chmod 0 a/b a".to_owned(),
            Success,
            "the second step",
            5,
        ),
        (
            "yes ::debug::x | head -n 200000".to_owned(),
            Success,
            "the second step",
            20,
        ),
    ];
    for (script, conclusion, words, most) in table {
        let world = with_steps(&[&script, "echo the second step"]);
        let begun = Instant::now();
        let run = run(&world);
        assert!(
            begun.elapsed() < Duration::from_secs(most),
            "{script}: {:?}",
            begun.elapsed()
        );
        let job = &run.record.jobs[0];
        assert_eq!(
            job.conclusion, conclusion,
            "{script}: {job:#?}\n{}",
            run.stderr
        );
        assert_eq!(run.code, Some(i32::from(conclusion != Success)), "{script}");
        assert!(log(&world).contains(words), "{script}: {}", log(&world));
        assert!(!is_running(&sleep), "{script} left something running");
    }
}

#[test]
fn a_step_that_takes_too_long_is_ended_and_what_runs_always_still_runs() {
    let sleep = seconds(5);
    // Each is given a second and a half; the output of what is left is waited for a while.
    let table = [
        (format!("sleep {sleep}"), 6),
        (format!("setsid sleep {sleep} & sleep {sleep}"), 12),
        (format!("sleep {sleep} & kill -STOP $$"), 12),
        (
            "trap 'echo cleaned; exit 1' INT; while :; do sleep 0.05; done".to_owned(),
            6,
        ),
    ];
    for (script, most) in table {
        let text = format!(
            "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n      - run: \"{script}\"\n        \
             timeout-minutes: 0.025\n      - run: echo skipped\n      - run: echo always\n        if: always()\n"
        );
        let world = with_workflow(World::offline(), &text);
        let begun = Instant::now();
        let run = run(&world);
        assert!(begun.elapsed() < Duration::from_secs(most), "{script}");
        let steps = &run.record.jobs[0].steps;
        let ends: Vec<Conclusion> = steps.iter().map(|step| step.conclusion).collect();
        assert_eq!(
            ends,
            [Failure, Conclusion::Skipped, Success],
            "{script}: {steps:#?}"
        );
        let log = log(&world);
        assert!(
            log.contains("longer than") && log.contains("\nalways\n"),
            "{log}"
        );
        assert_eq!(log.contains("cleaned"), script.contains("cleaned"), "{log}");
        assert!(!is_running(&sleep), "{script} left something running");
    }
}

#[test]
fn signals_end_the_run_in_time_and_what_runs_always_still_runs() {
    let time = seconds(2);
    let text = format!(
        "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n      - run: setsid sleep {time} & sleep {time}\n      \
         - run: echo never\n      - run: echo cleaned up\n        if: always()\n  later:\n    needs: job\n    \
         runs-on: ubuntu-latest\n    steps:\n      - run: echo never\n"
    );
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let world = with_workflow(World::offline(), &text);
        let mut towpath = sleeping(&world, &time);
        let begun = Instant::now();
        send(&towpath, signal);
        let code = towpath.wait().expect("it ends").code();
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{signal:?}: {:?}",
            begun.elapsed()
        );
        assert_eq!(code, Some(130), "{signal:?}");
        assert!(!is_running(&time), "{signal:?}");
        let log = log(&world);
        assert!(
            log.contains("\ncleaned up\n") && !log.contains("\nnever\n"),
            "{signal:?}: {log}"
        );
    }
}

#[test]
fn a_second_signal_ends_the_run_at_once() {
    let time = seconds(3);
    let world = with_steps(&[&format!("trap '' INT TERM; while :; do sleep {time}; done")]);
    let mut towpath = sleeping(&world, &time);
    let begun = Instant::now();
    send(&towpath, Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    send(&towpath, Signal::INT);
    assert_eq!(towpath.wait().expect("it ends").code(), Some(130));
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    assert!(!is_running(&time));
}

#[test]
fn runs_at_the_same_time_do_not_meet() {
    let world = with_steps(&["echo $$ > mine; sleep 0.5; ls | wc -l; test \"$(cat mine)\" = $$"]);
    let runs: Vec<Child> = (0..4)
        .map(|_| world.started(&["run", "faults.yml", "--format", "json"]))
        .collect();
    let mut numbers = Vec::new();
    for run in runs {
        let output = run.wait_with_output().expect("it ends");
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let record = towpath_report::writers::json::read(&output.stdout).expect("a record");
        numbers.push(record.run);
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 4, "each run has its own number");
}

#[test]
fn a_job_that_is_given_up_says_so() {
    let sleep = seconds(6);
    let text = format!(
        "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        n: [0, 1]\n    \
         steps:\n      - run: test ${{{{ matrix.n }}}} = 1 && sleep {sleep} || exit 1\n"
    );
    let world = with_workflow(World::offline(), &text);
    let begun = Instant::now();
    let run = world.recorded(&["run", "faults.yml", "--jobs", "2"]);
    assert!(
        begun.elapsed() < Duration::from_secs(12),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(run.code, Some(1));
    let mut ends: Vec<Conclusion> = run.record.jobs.iter().map(|job| job.conclusion).collect();
    ends.sort_by_key(|end| *end as u8);
    assert_eq!(ends, [Failure, Cancelled]);
    assert!(!is_running(&sleep));
}

#[test]
fn a_run_whose_keeper_is_killed_says_so_and_leaves_nothing() {
    let time = seconds(7);
    let world = with_steps(&[&format!("setsid sleep {time} & sleep {time}")]);
    let towpath = sleeping(&world, &time);
    let children = format!("/proc/{0}/task/{0}/children", towpath.id());
    let keeper = fs_err::read_to_string(children).expect("the children of towpath");
    let keeper = keeper.split_whitespace().next().expect("a keeper");
    let keeper = Pid::from_raw(keeper.parse().expect("a number")).expect("no zero");
    kill_process(keeper, Signal::KILL).expect("it runs");
    let output = towpath.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("keeper"), "{told}");
    wait_until("all of it ends", || !is_running(&time));
}

#[test]
fn steps_find_what_they_can_rely_on() {
    let world = with_steps(&[
        "test -z \"$(cat)\"; ! tty; (echo x > /dev/tty) 2> /dev/null || echo no terminal",
        "set +o pipefail; yes | head -n 1; (kill -PIPE $BASHPID; echo survived) || echo ends by PIPE",
        "(kill -HUP $BASHPID; echo survived) || echo ends by HUP",
        "ulimit -n 20; umask 777; cd ..",
        "echo x > own; cat own; pwd -P | grep -q repository",
        "rm -f \"$0\" $GITHUB_ENV $GITHUB_OUTPUT $GITHUB_PATH $GITHUB_STATE $GITHUB_STEP_SUMMARY; echo goes on",
    ]);
    let run = run(&world);
    let log = log(&world);
    assert_eq!(run.code, Some(0), "{log}");
    for words in ["no terminal", "ends by PIPE", "ends by HUP", "goes on"] {
        assert!(log.contains(&format!("\n{words}\n")), "{words}: {log}");
    }
    assert!(!log.contains("\nsurvived\n"), "{log}");
}
