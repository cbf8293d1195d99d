//! How steps end: by themselves, when their time is up, when they are asked to.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use towpath_host::process::{Cancel, CommandEnd, StepCommand};

use super::support::{command, keepers, shell};

#[test]
fn tells_exit_codes_from_signals() {
    for kept in keepers() {
        let table = [
            ("exit 0", CommandEnd::Exited(0)),
            ("exit 3", CommandEnd::Exited(3)),
            ("kill -SEGV $$", CommandEnd::Signalled(11)),
            ("kill -KILL $$", CommandEnd::Signalled(9)),
        ];
        for (script, end) in table {
            assert_eq!(
                kept.run(&shell(script)).0.end,
                end,
                "{}: {script}",
                kept.who
            );
        }
    }
}

#[test]
fn says_why_a_step_did_not_start() {
    for kept in keepers() {
        let mut astray = command(&["true"]);
        astray.folder = PathBuf::from("/nowhere");
        let mut nul = command(&["true"]);
        nul.environment.insert("A".to_owned(), "b\0c".to_owned());
        let long = "x".repeat(8 << 20);
        let mut large = command(&["true"]);
        for (name, size) in [("BIG", 130_000), ("BIGGER", 150_000), ("SMALL", 10)] {
            let value = long[..size].to_owned();
            large.environment.insert(name.to_owned(), value);
        }
        let table: [(StepCommand, &str); 6] = [
            (
                command(&["no-such-tool"]),
                "the program `no-such-tool` was not found in `/usr/local/bin:/usr/bin:/bin`",
            ),
            (astray, "there is no folder `/nowhere` to run in"),
            (
                command(&["/bin/echo", &long]),
                "the program `/bin/echo` cannot be started: its arguments and environment together \
                 are larger than the system allows; hand over what is long in a file",
            ),
            (
                large,
                "the program `/usr/bin/true` cannot be started: its arguments and environment together \
                 are larger than the system allows, most of it in `BIGGER` (146 KiB), `BIG` (126 KiB); \
                 hand over what is long in a file",
            ),
            (
                command(&["/etc/passwd"]),
                "the program `/etc/passwd` cannot be started: Permission denied (os error 13)",
            ),
            (
                nul,
                "the program `/usr/bin/true` cannot be started: nul byte found in provided data",
            ),
        ];
        for (command, reason) in table {
            let (end, output) = kept.run(&command);
            assert_eq!(end.end, CommandEnd::NotStarted(reason.to_owned()));
            assert_eq!(output, "");
        }
        assert_eq!(kept.shell("echo alive"), "alive\n", "{}", kept.who);
    }
}

#[test]
fn a_step_has_only_its_own_environment_and_no_input() {
    for kept in keepers() {
        let script = "unset PWD OLDPWD SHLVL _; env | sort; cat; ls /proc/self/fd | wc -l";
        assert_eq!(
            kept.shell(script),
            "PATH=/usr/local/bin:/usr/bin:/bin\nRUNNER_TRACKING_ID=job-1\n4\n",
            "{}",
            kept.who
        );
    }
}

#[test]
fn counts_what_a_step_costs() {
    for kept in keepers() {
        let busy = shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done");
        let (end, _) = kept.run(&busy);
        assert!(end.cpu_ms > 20, "{}: {end:?}", kept.who);
        let (end, _) = kept.run(&shell("sleep 0.2"));
        assert!(end.cpu_ms < 50, "{}: {end:?}", kept.who);
        assert!(end.wall_ms >= 200, "{}: {end:?}", kept.who);
    }
}

#[test]
fn many_steps_run_at_once() {
    for kept in keepers() {
        thread::scope(|scope| {
            for number in 0..16 {
                let kept = &kept;
                scope.spawn(move || {
                    for _ in 0..4 {
                        let (end, output) =
                            kept.run(&shell(&format!("echo {number}; exit {number}")));
                        assert_eq!(end.end, CommandEnd::Exited(number));
                        assert_eq!(output, format!("{number}\n"));
                    }
                });
            }
        });
    }
}

#[test]
fn a_step_may_clean_up_when_its_time_is_up() {
    for kept in keepers() {
        let mut command = shell("trap 'echo cleaned; exit 1' INT; while :; do sleep 0.05; done");
        command.timeout = Some(Duration::from_millis(300));
        let (end, output) = kept.run(&command);
        assert_eq!(end.end, CommandEnd::TimedOut);
        assert_eq!(output, "cleaned\n");
        assert!(end.wall_ms < 3000, "{}: {end:?}", kept.who);
    }
}

#[test]
fn who_stopped_itself_takes_signals_all_the_same() {
    for kept in keepers() {
        let mut command = shell("kill -STOP $$; echo woken; sleep 100");
        command.timeout = Some(Duration::from_millis(300));
        let (end, _) = kept.run(&command);
        assert_eq!(end.end, CommandEnd::TimedOut);
        assert!(end.wall_ms < 3000, "{}: {end:?}", kept.who);
    }
}

#[test]
fn who_ignores_every_signal_is_killed_after_ten_seconds() {
    thread::scope(|scope| {
        for kept in keepers() {
            scope.spawn(move || {
                let cancel = Cancel::new();
                let asking = cancel.clone();
                let asked = thread::spawn(move || {
                    thread::sleep(Duration::from_millis(300));
                    asking.cancel();
                });
                let script = shell("trap '' INT TERM; while :; do sleep 0.05; done");
                let end = kept.keeper.run(&script, &cancel, &mut |_| {}).unwrap();
                asked.join().unwrap();
                assert_eq!(end.end, CommandEnd::Cancelled);
                assert!(
                    (10_000..11_500).contains(&end.wall_ms),
                    "{}: {end:?}",
                    kept.who
                );
            });
        }
    });
}

#[test]
fn a_second_wish_ends_at_once_and_holds_for_later_steps() {
    for kept in keepers() {
        let cancel = Cancel::new();
        let asking = cancel.clone();
        let asked = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            asking.cancel();
            asking.kill_now();
        });
        let script = shell("trap '' INT TERM; while :; do sleep 0.05; done");
        let end = kept.keeper.run(&script, &cancel, &mut |_| {}).unwrap();
        asked.join().unwrap();
        assert_eq!(end.end, CommandEnd::Cancelled);
        assert!(end.wall_ms < 2000, "{}: {end:?}", kept.who);
        let end = kept
            .keeper
            .run(&shell("sleep 50"), &cancel, &mut |_| {})
            .unwrap();
        assert_eq!(end.end, CommandEnd::Cancelled);
        assert!(end.wall_ms < 1000, "{}: {end:?}", kept.who);
    }
}

#[test]
fn one_wish_ends_one_step_and_not_its_neighbours() {
    for kept in keepers() {
        let cancel = Cancel::new();
        thread::scope(|scope| {
            let neighbour = scope.spawn(|| kept.run(&shell("sleep 0.6; echo whole")));
            let asked = scope.spawn(|| kept.keeper.run(&shell("sleep 50"), &cancel, &mut |_| {}));
            thread::sleep(Duration::from_millis(200));
            cancel.cancel();
            assert_eq!(asked.join().unwrap().unwrap().end, CommandEnd::Cancelled);
            let (end, output) = neighbour.join().unwrap();
            assert_eq!(end.end, CommandEnd::Exited(0));
            assert_eq!(output, "whole\n");
        });
    }
}
