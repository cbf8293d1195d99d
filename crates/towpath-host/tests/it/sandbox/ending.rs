//! How commands end, and that nothing of them stays.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use towpath_host::sandbox::{Cancel, CommandEnd, CommandSpec, Level};

use super::support::{Bench, command, levels, need_namespaces, not_tried, program, shell};

#[test]
fn tells_exit_codes_from_signals() {
    for level in levels() {
        let mut job = Bench::new(level).start();
        let table = [
            ("exit 0", CommandEnd::Exited(0)),
            ("exit 3", CommandEnd::Exited(3)),
            ("kill -SEGV $$", CommandEnd::Signalled(11)),
            ("kill -KILL $$", CommandEnd::Signalled(9)),
        ];
        for (script, end) in table {
            assert_eq!(job.run(&shell(script)).0.end, end, "{level}: {script}");
        }
        assert!(job.0.finish().unwrap().complete);
    }
}

#[test]
fn says_why_a_command_did_not_start() {
    let bench = Bench::new(Level::None);
    let script = bench.file("script", "#!/nowhere/python\n");
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let script = script.display().to_string();
    let mut job = bench.start();
    let mut astray = command(&["true"]);
    astray.folder = PathBuf::from("/nowhere");
    let table: [(CommandSpec, String); 6] = [
        (command(&[]), "there is no program to run".to_owned()),
        (
            command(&["no-such-tool"]),
            "the program `no-such-tool` was not found in `/usr/local/bin:/usr/bin:/bin`".to_owned(),
        ),
        (
            command(&["/nowhere/tool", "x"]),
            "there is no program `/nowhere/tool`".to_owned(),
        ),
        (
            command(&["/etc/passwd"]),
            "the program `/etc/passwd` cannot be started: Permission denied (os error 13)"
                .to_owned(),
        ),
        (
            command(&[&script]),
            format!("the program `{script}` needs `/nowhere/python`, which is not there"),
        ),
        (astray, "there is no folder `/nowhere` to run in".to_owned()),
    ];
    for (command, reason) in table {
        let (outcome, _) = job.run(&command);
        assert_eq!(outcome.end, CommandEnd::NotStarted(reason));
    }
    assert_eq!(job.run(&shell("exit 7")).0.end, CommandEnd::Exited(7));
}

#[test]
fn nothing_is_inherited() {
    for level in levels() {
        let bench = Bench::new(level);
        let (_, output, _) =
            bench.shell("unset PWD OLDPWD SHLVL _; env | sort; ls /proc/self/fd | wc -l");
        let expected = match level {
            Level::Namespaces => "HOME=/home/job\n".to_owned(),
            _ => format!("HOME={}\n", bench.sandbox.scratch.join("home").display()),
        };
        assert!(output.starts_with(&expected), "{level}: {output}");
        assert!(output.ends_with("4\n"), "{level}: {output}");
    }
}

#[test]
fn a_daemon_ends_with_its_command() {
    for level in levels() {
        let mut job = Bench::new(level).start();
        let started = Instant::now();
        let script = "setsid sh -c 'sleep 100 & sleep 100' </dev/null >/dev/null 2>&1 & echo done";
        let (outcome, output) = job.run(&shell(script));
        assert_eq!(output, "done\n");
        assert_eq!(outcome.end, CommandEnd::Exited(0));
        assert!(
            (1..=3).contains(&outcome.left_behind),
            "{level}: {outcome:?}"
        );
        assert!(started.elapsed() < Duration::from_secs(3), "{level}");
        let (outcome, _) = job.run(&shell("exit 0"));
        assert_eq!(outcome.left_behind, 0, "{level}");
    }
}

#[test]
fn a_held_output_is_drained_for_five_seconds() {
    for level in levels() {
        let started = Instant::now();
        let (outcome, output, _) =
            Bench::new(level).shell("(sleep 1; echo late; sleep 100) & echo early");
        assert_eq!(output, "early\nlate\n", "{level}");
        assert_eq!(outcome.end, CommandEnd::Exited(0));
        assert!(outcome.left_behind >= 1);
        let elapsed = started.elapsed();
        assert!(
            elapsed > Duration::from_secs(4) && elapsed < Duration::from_secs(7),
            "{level}: {elapsed:?}"
        );
    }
}

#[test]
fn a_closed_output_ends_nothing() {
    for level in levels() {
        let (outcome, output, _) =
            Bench::new(level).shell("echo before; exec >&- 2>&-; sleep 0.3; exit 4");
        assert_eq!(output, "before\n");
        assert_eq!(outcome.end, CommandEnd::Exited(4), "{level}");
        assert!(outcome.wall_ms >= 300);
    }
}

#[test]
fn a_command_may_clean_up_when_its_time_is_up() {
    for level in levels() {
        let mut job = Bench::new(level).start();
        let mut command = shell("trap 'echo cleaned; exit 1' INT; while :; do sleep 0.05; done");
        command.timeout = Some(Duration::from_millis(300));
        let (outcome, output) = job.run(&command);
        assert_eq!(outcome.end, CommandEnd::TimedOut);
        assert_eq!(output, "cleaned\n");
        assert!(outcome.wall_ms < 3000, "{outcome:?}");
    }
}

#[test]
fn interrupting_works_when_towpath_itself_must_ignore_it() {
    let bench = Bench::new(Level::None);
    let mut spec = shell("trap 'echo cleaned; exit 1' INT; while :; do sleep 0.05; done");
    spec.timeout = Some(Duration::from_millis(300));
    let script = format!(
        "trap '' INT; exec {} run {}",
        program().display(),
        bench.as_file(&spec).display()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(output.starts_with("cleaned\n"), "{output}");
}

#[test]
fn who_ignores_every_signal_is_killed_before_ten_seconds_are_over() {
    let cancel = Cancel::new();
    let mut job = Bench::new(Level::None).start();
    let asking = cancel.clone();
    let asked = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        asking.cancel();
    });
    let script = shell("trap '' INT TERM; while :; do sleep 0.05; done");
    let outcome = job.0.run(&script, &cancel, &mut |_| {}).unwrap();
    asked.join().unwrap();
    assert_eq!(outcome.end, CommandEnd::Cancelled);
    assert!((9_000..10_000).contains(&outcome.wall_ms), "{outcome:?}");
}

#[test]
fn a_second_wish_ends_at_once_and_holds_for_later_commands() {
    for level in levels() {
        let cancel = Cancel::new();
        let mut job = Bench::new(level).start();
        let asking = cancel.clone();
        let asked = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            asking.cancel();
            asking.kill_now();
        });
        let script = shell("trap '' INT TERM; while :; do sleep 0.05; done");
        let outcome = job.0.run(&script, &cancel, &mut |_| {}).unwrap();
        asked.join().unwrap();
        assert_eq!(outcome.end, CommandEnd::Cancelled);
        assert!(outcome.wall_ms < 2000, "{level}: {outcome:?}");
        assert!(cancel.is_cancelled());
        let outcome = job.0.run(&shell("sleep 50"), &cancel, &mut |_| {}).unwrap();
        assert_eq!(outcome.end, CommandEnd::Cancelled);
        assert!(outcome.wall_ms < 1000);
    }
}

#[test]
fn counts_what_a_command_costs() {
    for level in levels() {
        let mut job = Bench::new(level).start();
        let (outcome, _) = job.run(&shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"));
        assert!(outcome.cpu_ms > 20, "{level}: {outcome:?}");
        assert!(outcome.max_rss_kib > 500, "{level}: {outcome:?}");
        let (outcome, _) = job.run(&shell("sleep 0.2"));
        assert!(outcome.cpu_ms < 50, "{level}: {outcome:?}");
        assert!(outcome.wall_ms >= 200, "{level}: {outcome:?}");
    }
}

#[test]
fn nothing_survives_a_killed_parent() {
    for level in levels() {
        let number = format!("98{}", std::process::id());
        let script = format!("setsid sleep {number} & sleep {number} & echo running; wait");
        let bench = Bench::new(level);
        let mut parent = Command::new(program())
            .arg("run")
            .arg(bench.as_file(&shell(&script)))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "running");
        wait_for(|| count_sleeping(&number) == 2);
        parent.kill().unwrap();
        parent.wait().unwrap();
        wait_for(|| count_sleeping(&number) == 0);
    }
}

fn wait_for(is_so: impl Fn() -> bool) {
    let patience_ends = Instant::now() + Duration::from_secs(8);
    while !is_so() {
        assert!(Instant::now() < patience_ends, "still not so");
        thread::sleep(Duration::from_millis(20));
    }
}

fn count_sleeping(number: &str) -> usize {
    let is_sleeping = |folder: &Path| {
        fs::read(folder.join("cmdline"))
            .is_ok_and(|line| line == format!("sleep\0{number}\0").as_bytes())
    };
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| is_sleeping(&entry.path()))
        .count()
}

#[test]
fn a_fork_bomb_meets_a_limit() {
    need_namespaces!();
    let mut bench = Bench::new(Level::Namespaces);
    bench.sandbox.processes = 400;
    let (_, limit, _) = bench.shell("cat /proc/sys/kernel/pid_max; id -u");
    if limit == "400\n0\n" || !limit.ends_with("\n0\n") {
        let script = "i=0; while [ $i -lt 1000 ]; do sleep 100 > /dev/null 2>&1 & i=$((i+1)); done";
        let (outcome, output, _) = bench.shell(script);
        assert!(outcome.left_behind < 400, "{outcome:?} {output}");
        assert_ne!(outcome.end, CommandEnd::Exited(0), "{output}");
    } else {
        not_tried("nothing limits the processes of root here");
    }
    assert_eq!(bench.shell("exit 0").0.end, CommandEnd::Exited(0));
}

#[test]
fn a_fork_bomb_ends() {
    need_namespaces!();
    let mut job = Bench::new(Level::Namespaces).start();
    let mut spec = shell(
        "ulimit -u 300 2>/dev/null; i=0; while [ $i -lt 200 ]; do (setsid sleep 100 &) ; i=$((i+1)); done",
    );
    spec.timeout = Some(Duration::from_secs(20));
    let (outcome, _) = job.run(&spec);
    assert!(outcome.left_behind >= 199, "{outcome:?}");
    assert_eq!(job.run(&shell("exit 0")).0.left_behind, 0);
}
