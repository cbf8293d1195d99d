//! What steps leave running: it goes on to the end of its job, and not a moment longer.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use towpath_host::process::{Cancel, CommandEnd};

use super::support::{
    count_sleeping, folder_of_nobody, keepers, of_job, program, shell, sleeping_time, wait_for,
};

#[test]
fn a_server_lives_until_the_end_of_its_job() {
    let time = sleeping_time(1);
    for kept in keepers() {
        let daemons = format!(
            "sleep {time} >/dev/null 2>&1 & \
             setsid sh -c 'sleep {time} & sleep {time}' </dev/null >/dev/null 2>&1 & \
             echo started"
        );
        let started = Instant::now();
        assert_eq!(kept.shell(&daemons), "started\n");
        assert!(started.elapsed() < Duration::from_secs(4), "{}", kept.who);
        wait_for(|| count_sleeping(&time) == 3);
        let other = format!("sleep {time} >/dev/null 2>&1 &");
        kept.run(&of_job(shell(&other), "job-2"));
        assert_eq!(kept.keeper.end_job("job-3").unwrap(), 0);
        let killed = kept.keeper.end_job("job-1").unwrap();
        assert!((3..=5).contains(&killed), "{}: {killed}", kept.who);
        wait_for(|| count_sleeping(&time) == 1);
        assert_eq!(kept.keeper.end_job("job-2").unwrap(), 1);
        wait_for(|| count_sleeping(&time) == 0);
    }
}

#[test]
fn who_hides_its_job_ends_with_the_last_one() {
    let time = sleeping_time(2);
    for kept in keepers() {
        let hidden = format!("env -i setsid sleep {time} >/dev/null 2>&1 &");
        kept.run(&of_job(shell(&hidden), "job-1"));
        kept.run(&of_job(shell("true"), "job-2"));
        wait_for(|| count_sleeping(&time) == 1);
        assert_eq!(kept.keeper.end_job("job-1").unwrap(), 0);
        assert_eq!(kept.keeper.end_job("job-2").unwrap(), 1);
        wait_for(|| count_sleeping(&time) == 0);
    }
}

// What appeared since cannot be of a job that had left nothing and has run nothing.
#[test]
fn who_hides_its_job_is_of_none_that_left_nothing() {
    let time = sleeping_time(20);
    for kept in keepers() {
        kept.run(&of_job(shell("true"), "job-1"));
        let hidden = format!("env -i setsid sleep {time} >/dev/null 2>&1 &");
        kept.run(&of_job(shell(&hidden), "job-2"));
        wait_for(|| count_sleeping(&time) == 1);
        assert_eq!(kept.keeper.end_job("job-1").unwrap(), 0);
        assert_eq!(kept.keeper.end_job("job-2").unwrap(), 1, "{}", kept.who);
        wait_for(|| count_sleeping(&time) == 0);
    }
}

#[test]
fn a_running_step_of_another_job_is_left_alone() {
    let time = sleeping_time(19);
    for kept in keepers() {
        let step = of_job(shell("sleep 0.5; echo whole"), "job-2");
        std::thread::scope(|scope| {
            let other = scope.spawn(|| kept.run(&step));
            kept.shell(&format!("setsid sleep {time} >/dev/null 2>&1 &"));
            wait_for(|| count_sleeping(&time) == 1);
            let killed = kept.keeper.end_job("job-1").unwrap();
            assert_eq!(killed, 1, "{}", kept.who);
            assert_eq!(other.join().unwrap().1, "whole\n");
        });
    }
}

#[test]
fn many_children_all_end() {
    let time = sleeping_time(3);
    for kept in keepers() {
        let many = format!(
            "i=0; while [ $i -lt 150 ]; do (setsid sleep {time} >/dev/null 2>&1 &) ; i=$((i+1)); done"
        );
        kept.shell(&many);
        wait_for(|| count_sleeping(&time) == 150);
        assert_eq!(kept.keeper.end_job("job-1").unwrap(), 150, "{}", kept.who);
        wait_for(|| count_sleeping(&time) == 0);
    }
}

#[test]
fn nothing_outlives_the_keeper() {
    let time = sleeping_time(4);
    for kept in keepers() {
        kept.shell(&format!("env -i setsid sleep {time} >/dev/null 2>&1 &"));
        wait_for(|| count_sleeping(&time) == 1);
        drop(kept.keeper);
        assert_eq!(count_sleeping(&time), 0, "{}", kept.who);
    }
}

#[test]
fn what_remains_of_a_cancelled_step_is_killed() {
    let time = sleeping_time(5);
    for kept in keepers() {
        let cancel = Cancel::new();
        let script = format!(
            "(trap '' INT TERM; sleep {time} >/dev/null 2>&1; :) >/dev/null 2>&1 & echo up; wait"
        );
        let asking = cancel.clone();
        let mut ask = |_: &[u8]| asking.cancel();
        let end = kept.keeper.run(&shell(&script), &cancel, &mut ask).unwrap();
        assert_eq!(end.end, CommandEnd::Cancelled);
        wait_for(|| count_sleeping(&time) == 0);
        assert_eq!(kept.shell("echo next"), "next\n", "{}", kept.who);
    }
}

#[test]
fn nothing_survives_a_killed_towpath() {
    let nobody = folder_of_nobody();
    let programs = [
        Some(program().to_owned()),
        nobody
            .as_ref()
            .map(|folder| folder.path().join("as-nobody")),
    ];
    for (test, program) in programs.into_iter().flatten().enumerate() {
        let time = sleeping_time(60 + u32::try_from(test).unwrap());
        let script = format!("setsid sleep {time} & sleep {time} & echo running; wait");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("step.json");
        fs::write(&file, serde_json::to_string(&shell(&script)).unwrap()).unwrap();
        open(folder.path());
        let mut towpath = Command::new(&program)
            .arg("step")
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(towpath.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "running");
        wait_for(|| count_sleeping(&time) == 2);
        towpath.kill().unwrap();
        towpath.wait().unwrap();
        wait_for(|| count_sleeping(&time) == 0);
    }
}

fn open(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_killed_keeper_is_told_as_lost() {
    for kept in keepers() {
        // As root it is the first process of its namespace, which nobody in it can kill.
        if kept.shell("echo $PPID") == "1\n" {
            continue;
        }
        let error = kept
            .keeper
            .run(
                &shell("kill -KILL $PPID; sleep 1"),
                &Cancel::new(),
                &mut |_| {},
            )
            .unwrap_err();
        assert!(error.to_string().contains("ended unexpectedly"), "{error}");
    }
}
