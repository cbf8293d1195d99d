//! What goes wrong within `towpath run`, staged for real: the run ends in time, says what happened, tells no
//! secret, leaves nothing running, and the next one works.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use towpath_report::{Conclusion, Severity};

use crate::faults::files_below;
use crate::interruption::{is_running, wait_until};
use crate::world::{Run, World};

/// How a job has to end.
use Conclusion::{Cancelled, Failure, Success};

/// A workflow of one job with these steps, each a script that may have several lines.
fn with_steps(steps: &[&str]) -> World {
    let world = World::offline();
    let mut text = "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n".to_owned();
    for script in steps {
        text += "      - run: |\n";
        for line in script.lines() {
            text += &format!("          {line}\n");
        }
    }
    with_workflow(world, &text)
}

fn with_workflow(world: World, text: &str) -> World {
    world.write(".github/workflows/faults.yml", text);
    world.commit("add a workflow");
    world
}

fn run(world: &World) -> Run {
    world.recorded(&["run", "faults.yml"])
}

/// Returns what was kept of the output of all jobs.
fn log(world: &World) -> String {
    let logs = files_below(&world.folder().join("state"));
    let logs = logs.iter().filter(|path| path.ends_with("log.txt"));
    logs.map(|path| String::from_utf8_lossy(&fs_err::read(path).expect("a log")).into_owned())
        .collect()
}

/// A number of seconds to sleep that tells a test's processes from all others.
fn seconds(test: u32) -> String {
    format!("77{test}.{}", std::process::id())
}

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
fn files_that_say_nonsense_fail_their_step() {
    // Script; whether its step fails; what the log says.
    let table = [
        ("echo plain >> $GITHUB_OUTPUT", true, "neither `NAME=VALUE`"),
        (
            "printf 'A<<E\\nvalue\\n' >> $GITHUB_ENV",
            true,
            "no line `E` at its end",
        ),
        ("echo =value >> $GITHUB_STATE", true, "gives no name"),
        ("rm $GITHUB_ENV; mkfifo $GITHUB_ENV", true, "is no file"),
        (
            "rm $GITHUB_OUTPUT; mkdir $GITHUB_OUTPUT",
            true,
            "is no file",
        ),
        ("ln -sf /dev/zero $GITHUB_STATE", true, "is no file"),
        ("truncate -s 200M $GITHUB_PATH", true, "is longer than"),
        ("printf '\\377\\376' >> $GITHUB_OUTPUT", false, "\nnext\n"),
        (
            "rm $GITHUB_OUTPUT $GITHUB_ENV $GITHUB_PATH",
            false,
            "\nnext\n",
        ),
        (
            "echo NODE_OPTIONS=--require=x >> $GITHUB_ENV",
            false,
            "\nnext\n",
        ),
        ("echo '::set-env name=A::b'", true, "switched off"),
        ("echo '::add-path::/nowhere'", true, "switched off"),
        ("echo '::stop-commands::set-env'", true, "a command itself"),
        ("printf '::set-output name=a'", false, "\nnext\n"),
        (
            "head -c 1100000 /dev/zero | tr '\\0' x >> $GITHUB_STEP_SUMMARY",
            false,
            "\nnext\n",
        ),
    ];
    for (script, fails, words) in table {
        let world = with_steps(&[script, "test -z \"$NODE_OPTIONS\"; echo next"]);
        let begun = Instant::now();
        let run = run(&world);
        assert!(begun.elapsed() < Duration::from_secs(6), "{script}");
        let steps = &run.record.jobs[0].steps;
        assert_eq!(
            steps[0].conclusion == Failure,
            fails,
            "{script}: {steps:#?}"
        );
        assert!(log(&world).contains(words), "{script}: {}", log(&world));
    }
}

#[test]
fn no_way_to_print_a_secret_shows_it() {
    let table = [
        "echo \"$TOKEN\"",
        "echo -n \"$TOKEN\"",
        "set -x; true \"$TOKEN\"",
        "printf 's3cr3t'; sleep 0.3; printf '-hunter2&more'",
        "echo \"::error file=$TOKEN,title=$TOKEN::$TOKEN\"",
        "echo \"::group::$TOKEN\"; echo \"::debug::$TOKEN\"; echo \"::warning::$TOKEN\"",
        "echo \"::set-output name=$TOKEN::$TOKEN\"",
        "echo \"$TOKEN\" >> $GITHUB_STEP_SUMMARY",
        "echo \"$TOKEN\" >> $GITHUB_OUTPUT",
        "printf '%s<<%s\\n' \"$TOKEN\" \"$TOKEN\" >> $GITHUB_ENV",
        "printf %s \"$TOKEN\" | base64 -w 0",
        "printf 'x:%s' \"$TOKEN\" | base64 -w 0",
        "printf 'xy:%s' \"$TOKEN\" | base64 -w 0",
        "printf 'user:%s@host' \"$TOKEN\" | base64 -w 0",
        "printf %q \"$TOKEN\"",
        "python3 -c 'import json, os, urllib.parse as u, html; t = os.environ[\"TOKEN\"]; print(json.dumps(t), u.quote(t, safe=\"\"), u.quote_plus(t), html.escape(t))'",
        "echo '${{ secrets.TOKEN }}'",
        "\"$TOKEN\"",
        "cd \"/$TOKEN\"",
        "echo '${{ fromJSON(secrets.TOKEN) }}'",
        "exit 1 # ${{ secrets.TOKEN }}",
    ];
    let value = "s3cr3t-hunter2&more";
    for script in table {
        let text = format!(
            "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    env:\n      TOKEN: ${{{{ secrets.TOKEN }}}}\n    \
             outputs:\n      out: ${{{{ steps.told.outputs.out }}}}\n    steps:\n      - run: |\n          {script}\n      \
             - name: told ${{{{ secrets.TOKEN }}}}\n        id: told\n        if: always()\n        run: echo \"out=$TOKEN\" >> $GITHUB_OUTPUT\n"
        );
        let mut world = with_workflow(World::offline(), &text);
        world.set("TOKEN", value);
        let arguments = ["run", "faults.yml", "--secret", "TOKEN"];
        let plain = world.towpath(&arguments);
        let recorded = world
            .command(Path::new(crate::world::TOWPATH))
            .args(arguments)
            .args(["--format", "json"])
            .output();
        let recorded = recorded.expect("towpath starts");
        let mut told = plain.to_string();
        told += &String::from_utf8_lossy(&recorded.stdout);
        told += &String::from_utf8_lossy(&recorded.stderr);
        for file in ["state", "cache", "temporary", "home"] {
            for path in files_below(&world.folder().join(file)) {
                told += &path.display().to_string();
                told += &String::from_utf8_lossy(&fs_err::read(path).expect("a file"));
            }
        }
        let forms = [
            value,
            "czNjcjN0LWh1bnRlcj",
            "hunter2%26more",
            "hunter2&amp;more",
            "hunter2\\&more",
            "hunter2\\u0026more",
        ];
        for form in forms {
            assert!(!told.contains(form), "{script} tells `{form}`: {told}");
        }
        assert!(told.contains("***"), "{script}: {told}");
    }
}

#[test]
fn an_added_mask_holds_for_the_rest_of_the_job() {
    let world = with_steps(&[
        "echo before-added-secret",
        "echo '::add-mask::added-secret'; echo now added-secret",
        "echo added-secret; echo '::error::added-secret'; echo added-secret >> $GITHUB_STEP_SUMMARY",
        "echo '::stop-commands::resume-token'; echo '::add-mask::visible'; echo '::resume-token::'; echo visible",
    ]);
    let run = run(&world);
    let log = log(&world);
    assert_eq!(log.matches("before-added-secret").count(), 3, "{log}");
    assert!(
        log.contains("now ***\n") && log.contains("Error: ***\n"),
        "{log}"
    );
    assert!(log.contains("\nvisible\n"), "{log}");
    let findings = &run.record.jobs[0].result.findings;
    assert!(
        findings.iter().any(|finding| finding.message == "***"),
        "{findings:#?}"
    );
    assert!(
        findings
            .iter()
            .all(|finding| finding.severity == Severity::Error)
    );
}

/// Starts a run and waits until it sleeps.
fn sleeping(world: &World, time: &str) -> Child {
    let towpath = world.started(&["run", "faults.yml"]);
    wait_until("the step sleeps", || is_running(time));
    towpath
}

fn send(towpath: &Child, signal: Signal) {
    let id = i32::try_from(towpath.id()).expect("a process id");
    kill_process(Pid::from_raw(id).expect("no zero"), signal).expect("it runs");
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
fn a_killed_run_leaves_neither_processes_nor_secrets_and_the_next_one_works() {
    let time = seconds(4);
    let text = format!(
        "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          \
         echo '${{{{ secrets.TOKEN }}}}' > kept\n          setsid sleep {time} & test -e /nowhere || sleep {time}\n"
    );
    let world = with_workflow(World::offline(), &text);
    let value = "s3cr3t-in-a-script";
    let mut towpath = world.started(&["run", "faults.yml", "--secret", &format!("TOKEN={value}")]);
    wait_until("the step sleeps", || is_running(&time));
    towpath.kill().expect("it runs");
    towpath.wait().expect("it ends");
    let begun = Instant::now();
    wait_until("the sleeping ends", || !is_running(&time));
    assert!(begun.elapsed() < Duration::from_secs(8));
    world.replace(
        ".github/workflows/faults.yml",
        &format!("sleep {time}"),
        "true",
    );
    assert_eq!(run(&world).code, Some(0));
    for folder in ["state", "cache", "temporary", "home"] {
        for path in files_below(&world.folder().join(folder)) {
            let bytes = fs_err::read(&path).expect("a file");
            assert!(
                !String::from_utf8_lossy(&bytes).contains(value),
                "{}",
                path.display()
            );
        }
    }
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
fn bad_workflows_are_refused_before_anything_runs() {
    let job = "    runs-on: ubuntu-latest\n    steps:\n      - run: touch /tmp/never\n";
    let head = "on: push\njobs:\n";
    let deep = format!("on: push\nenv: {}{}\n", "[".repeat(200), "]".repeat(200));
    let bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n\
                d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n\
                on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: x}]\n".to_owned();
    let numbers: Vec<String> = (0..17).map(|number| number.to_string()).collect();
    let numbers = numbers.join(", ");
    let matrix = format!(
        "{head}  a:\n    strategy:\n      matrix:\n        x: [{numbers}]\n        y: [{numbers}]\n{job}"
    );
    let table = [
        (String::new(), "empty"),
        ("on: [push\n".to_owned(), "faults.yml:"),
        (
            format!("{head}  a:\n    needs: b\n{job}  b:\n    needs: a\n{job}"),
            "faults.yml:",
        ),
        (format!("{head}  a:\n    needs: other\n{job}"), "`other`"),
        (
            format!("{head}  a:\n    steps:\n      - run: x\n"),
            "runs-on",
        ),
        (
            format!("{head}  a:\n    uses: ./.github/workflows/faults.yml\n"),
            "faults.yml",
        ),
        (
            format!("{head}  a:\n    uses: ./.github/workflows/none.yml\n"),
            "none.yml",
        ),
        (
            format!("{head}  a:\n    if: ${{{{ nothing.x }}}}\n{job}"),
            "nothing",
        ),
        (
            format!("{head}  a:\n    if: ${{{{ {} }}}}\n{job}", "(".repeat(3000)),
            "faults.yml:",
        ),
        (matrix, "256"),
        (deep, "faults.yml:"),
        (bomb, "faults.yml:"),
        (
            format!("# {}\n{head}  a:\n{job}", "x".repeat(1 << 20)),
            "faults.yml",
        ),
    ];
    for (text, words) in table {
        let world = with_workflow(World::offline(), &text);
        let begun = Instant::now();
        let answer = world.towpath(&["run", "faults.yml"]);
        let start: String = text.chars().take(200).collect();
        assert_eq!(answer.code, Some(2), "{start}: {answer}");
        assert!(answer.to_string().contains(words), "{start}: {answer}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{start}");
        assert!(!Path::new("/tmp/never").exists());
    }
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
