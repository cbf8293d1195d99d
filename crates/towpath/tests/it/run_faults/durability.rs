//! Crashes, damage and full disks: the next run needs nobody's help.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{log, run, seconds, with_steps, with_workflow};
use crate::faults::{files_below, in_namespace};
use crate::interruption::{is_running, wait_until};
use crate::world::{TOWPATH, World};

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
    let scripts = files_below(&world.folder().join("state"));
    let script = scripts
        .iter()
        .find(|path| path.ends_with("_temp/step_1.sh"));
    let folder = script
        .and_then(|path| path.parent())
        .expect("the folder of scripts");
    let mode = fs_err::metadata(folder)
        .expect("a folder")
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0, "others may not read scripts");
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
fn damage_in_the_state_folder_is_a_miss_with_a_warning() {
    let cache = "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/cache@v4\n        \
                 id: c\n        with: {path: c, key: k}\n      - run: mkdir -p c; echo data > c/x; echo \"hit=${{ steps.c.outputs.cache-hit }}.\"\n";
    let world = with_workflow(World::offline(), cache);
    let state = world.folder().join("state");
    let damage = |name: &str| {
        let files = files_below(&state);
        let damaged: Vec<_> = files
            .iter()
            .filter(|path| path.to_string_lossy().ends_with(name))
            .collect();
        for path in &damaged {
            fs_err::write(path, "damaged").expect("a file");
        }
        assert!(!damaged.is_empty(), "{name}");
    };
    assert_eq!(run(&world).code, Some(0));
    assert_eq!(run(&world).code, Some(0));
    assert_eq!(log(&world).matches("\nhit=true.\n").count(), 1);
    damage(".archive");
    damage("record.json");
    assert_eq!(run(&world).code, Some(0));
    let told = log(&world);
    assert!(
        told.contains("the cache `k` is damaged and counts as absent"),
        "{told}"
    );
    assert_eq!(told.matches("\nhit=true.\n").count(), 1, "{told}");
    assert_eq!(run(&world).code, Some(0));
    assert_eq!(log(&world).matches("\nhit=true.\n").count(), 2);
    assert_eq!(world.towpath(&["logs", "job"]).code, Some(0));
}

#[test]
fn old_runs_go_and_odd_folders_do_no_harm() {
    let world = with_steps(&["echo x"]);
    assert_eq!(run(&world).code, Some(0));
    let files = files_below(&world.folder().join("state"));
    let record = files
        .iter()
        .find(|path| path.ends_with("record.json"))
        .expect("a record");
    let runs = record.ancestors().nth(2).expect("the folder of runs");
    for number in 2..=25 {
        fs_err::create_dir_all(runs.join(number.to_string()).join("jobs")).expect("a folder");
    }
    for odd in ["abc", "18446744073709551615", "../work/9/x", "../work/zz"] {
        fs_err::create_dir_all(runs.join(odd)).expect("a folder");
    }
    let run = run(&world);
    assert_eq!((run.code, run.record.run), (Some(0), 26), "{}", run.stderr);
    let kept = fs_err::read_dir(runs).expect("the folder of runs").count();
    assert!(kept <= 22, "{kept} are kept");
    assert!(!runs.join("../work/9").exists());
}

#[test]
fn a_full_disk_is_told_and_never_green_with_a_part_missing() {
    // The steps; whether the run may pass.
    let table = [
        (
            "      - run: head -c 30000000 /dev/zero | tr '\\0' '\\n'; echo end\n",
            false,
        ),
        (
            "      - run: mkdir c; head -c 3000000 /dev/urandom > c/x\n      - uses: actions/cache@v4\n        with: {path: c, key: k}\n",
            true,
        ),
        (
            "      - run: head -c 3000000 /dev/urandom > f\n      - uses: actions/upload-artifact@v4\n        with: {path: f}\n",
            false,
        ),
    ];
    for (steps, may_pass) in table {
        let text =
            format!("on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n{steps}");
        let world = with_workflow(World::offline(), &text);
        let state = world.folder().join("state").display().to_string();
        let script = format!(
            "mount -t tmpfs -o size=5m none {state} && {{ {TOWPATH} run faults.yml; echo code $?; \
             find {state} \\( -path '*/caches/*.json' -o -path '*/artifacts/*.json' \\) -printf 'kept %p\\n'; }}"
        );
        let Some((_, told)) = in_namespace(&world, &script) else {
            return;
        };
        assert!(told.contains("No space left"), "{steps}: {told}");
        assert_eq!(told.contains("code 0\n"), may_pass, "{steps}: {told}");
        assert!(!told.contains("kept "), "{steps}: {told}");
    }
}

#[test]
fn a_limit_of_the_size_of_files_is_told() {
    let world = with_workflow(
        World::offline(),
        "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n      - run: yes | head -n 1000000\n",
    );
    let mut limited = world.command(Path::new("/bin/sh"));
    // In blocks of 512 bytes.
    let script = format!("ulimit -f 2000; exec {TOWPATH} run faults.yml");
    let output = limited.args(["-c", &script]).output().expect("a shell");
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for words in [
        "the log could not be written",
        "File too large",
        "ulimit -f",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}
