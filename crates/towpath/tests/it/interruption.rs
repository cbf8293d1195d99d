//! Ctrl-C while jobs run: a quick end, nothing left behind, and what was finished is taken next time.

use std::io::{BufRead, BufReader, Read};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::world::World;

/// Returns whether a process has a text among its arguments.
pub(crate) fn is_running(argument: &str) -> bool {
    let processes = fs_err::read_dir("/proc").expect("a process table");
    processes.filter_map(Result::ok).any(|process| {
        let arguments = fs_err::read(process.path().join("cmdline")).unwrap_or_default();
        arguments
            .split(|byte| *byte == 0)
            .any(|own| own == argument.as_bytes())
    })
}

pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(
            begun.elapsed() < Duration::from_mins(2),
            "{what} within two minutes"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn index_interrupted_run_ends_soon_and_keeps_what_was_done() {
    let world = World::with_index("sound");
    // Its own number of seconds tells this sleep from every other.
    let seconds = format!("300.{}", std::process::id());
    world.write(
        "tests/test_sleep.py",
        format!(
            "import subprocess\n\n\ndef test_sleep():\n    subprocess.Popen([\"sleep\", \"{seconds}\"], \
             start_new_session=True)\n    subprocess.run([\"sleep\", \"{seconds}\"])\n"
        ),
    );
    let python = world.python().to_string();
    let mut towpath = world.started(&["ci", "--python", &python, "--jobs", "3"]);
    let mut lines = BufReader::new(towpath.stderr.take().expect("it is captured")).lines();
    let is_done = |line: &str| line.contains("lint") && line.contains('✓');
    assert!(
        lines
            .by_ref()
            .any(|line| line.is_ok_and(|line| is_done(&line))),
        "lint ends"
    );
    wait_until("the sleep starts", || is_running(&seconds));

    let begun = Instant::now();
    let process = Pid::from_raw(towpath.id().try_into().expect("a process id")).expect("no zero");
    kill_process(process, Signal::INT).expect("it runs");
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let mut report = String::new();
    towpath
        .stdout
        .take()
        .expect("it is captured")
        .read_to_string(&mut report)
        .expect("text");
    let code = towpath.wait().expect("it ends").code();
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(code, Some(130), "{report}\n{}", rest.join("\n"));
    assert!(report.contains("Interrupted: "), "{report}");
    assert!(!is_running(&seconds), "nothing is left");
    assert_eq!(world.check("lint").fresh(), Vec::<&str>::new());

    world.write(
        "tests/test_sleep.py",
        "def test_sleep() -> None:\n    assert True\n",
    );
    let again = world.ci(&[]);
    assert_eq!(again.code, Some(0), "{:#?}", again.record.jobs);
}

#[test]
fn index_second_interruption_ends_at_once() {
    let world = World::with_index("sound");
    let seconds = format!("301.{}", std::process::id());
    let body = format!(
        "import signal\nimport subprocess\n\n\ndef test_sleep():\n    signal.signal(signal.SIGINT, signal.SIG_IGN)\n    \
         subprocess.run([\"sleep\", \"{seconds}\"])\n"
    );
    world.write("tests/test_sleep.py", body);
    let python = world.python().to_string();
    let mut towpath = world.started(&["check", "tests", "--python", &python]);
    wait_until("the sleep starts", || is_running(&seconds));
    let process = Pid::from_raw(towpath.id().try_into().expect("a process id")).expect("no zero");
    let begun = Instant::now();
    kill_process(process, Signal::INT).expect("it runs");
    std::thread::sleep(Duration::from_millis(300));
    kill_process(process, Signal::INT).expect("it runs");
    assert_eq!(towpath.wait().expect("it ends").code(), Some(130));
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    wait_until("the sleep ends", || !is_running(&seconds));
}

#[test]
fn index_killed_run_leaves_nothing_and_the_next_one_works() {
    let world = World::with_index("sound");
    let seconds = format!("302.{}", std::process::id());
    world.write(
        "tests/test_sleep.py",
        format!("import subprocess\n\n\ndef test_sleep():\n    subprocess.run([\"sleep\", \"{seconds}\"])\n"),
    );
    let python = world.python().to_string();
    let mut towpath = world.started(&["check", "tests", "--python", &python]);
    wait_until("the sleep starts", || is_running(&seconds));
    towpath.kill().expect("it runs");
    towpath.wait().expect("it ends");
    let begun = Instant::now();
    wait_until("the sleep ends", || !is_running(&seconds));
    assert!(begun.elapsed() < Duration::from_secs(8));
    world.remove("tests/test_sleep.py");
    assert_eq!(world.check("tests").code, Some(0));
}
