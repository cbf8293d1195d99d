//! What goes wrong around a run, staged for real: a clear answer, nothing lost, and no verdict kept that
//! rests on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use towpath_report::Conclusion;

use crate::world::{TOWPATH, World};

/// Runs a shell command in a mount namespace of its own, and returns exit code and all that it said;
/// `None` where the system allows no such namespace.
pub(crate) fn in_namespace(world: &World, script: &str) -> Option<(Option<i32>, String)> {
    let unshared = |script: &str| {
        let mut command: Command = world.command(Path::new("unshare"));
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
        command.output().ok()
    };
    let is_possible =
        unshared("mount -t tmpfs none /tmp").is_some_and(|output| output.status.success());
    let output = is_possible.then(|| unshared(script)).flatten()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Some((output.status.code(), said))
}

/// Returns the files below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Makes a repository with one workflow, which is checked without an environment.
fn with_workflow() -> World {
    let world = World::offline();
    world.write("demo.py", "\"\"\"A demonstration.\"\"\"\n");
    let workflow =
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: \"true\"\n";
    world.write(".github/workflows/ci.yml", workflow);
    world
}

#[test]
fn damaged_store_is_told_and_worked_out_again() {
    let world = with_workflow();
    let check = || world.recorded(&["check", "workflows"]);
    assert_eq!(check().fresh(), ["workflows"]);
    assert_eq!(check().fresh(), Vec::<&str>::new());
    for file in files_below(&world.folder().join("cache/store")) {
        let mut bytes = fs_err::read(&file).expect("a stored file");
        let last = bytes.last_mut().expect("no stored file is empty");
        *last ^= 1;
        fs_err::write(&file, bytes).expect("the cache can be written");
    }
    let damaged = check();
    assert_eq!(
        (damaged.fresh(), damaged.code),
        (vec!["workflows"], Some(0))
    );
    let told = damaged.record.notes.join("\n");
    assert!(told.contains("damaged"), "{told}");
    let mended = check();
    assert_eq!(mended.fresh(), Vec::<&str>::new());
    let told = mended.record.notes.join("\n");
    assert!(!told.contains("damaged"), "{told}");
}

#[test]
fn full_disk_is_told() {
    let world = with_workflow();
    let small = world.folder().join("small");
    fs_err::create_dir_all(&small).expect("the temporary folder can be written");
    let small = small.display();
    // Without a record nothing can be said of the run; without a cache only the next one takes longer.
    let cases = [
        ("TOWPATH_STATE_DIR", 2, "No space left"),
        ("TOWPATH_CACHE_DIR", 0, "was not kept: the disk is full"),
    ];
    for (folder, expected, words) in cases {
        let script = format!(
            "mount -t tmpfs -o size=16k none {small} && head -c 16384 /dev/zero > {small}/filler; \
             {folder}={small} {TOWPATH} check workflows"
        );
        let Some((code, said)) = in_namespace(&world, &script) else {
            return;
        };
        assert_eq!(code, Some(expected), "{folder}: {said}");
        assert!(said.contains(words), "{folder}: {said}");
    }
}

#[test]
fn index_tests_may_wreck_what_they_see() {
    let world = World::with_index("sound");
    let tests = "import os\nimport shutil\nimport subprocess\nimport sys\nfrom pathlib import Path\n\n\n\
                 def test_leaves_a_server():\n    subprocess.Popen([\"sleep\", \"4000\"], start_new_session=True)\n\n\n\
                 def test_takes_rights():\n    os.chmod(\"src\", 0)\n    os.chmod(\".\", 0o500)\n    os.chmod(\".\", 0o700)\n    os.chmod(\"src\", 0o700)\n\n\n\
                 def test_writes():\n    Path(\"src/demo/__init__.py\").write_text(\"\")\n\n\n\
                 def test_removes():\n    shutil.rmtree(\"src\")\n    Path(\"README.md\").unlink()\n\n\n\
                 def test_closes():\n    os.close(1)\n    os.close(2)\n";
    world.write("tests/test_wreck.py", tests);
    let before = files_below(world.root()).len();
    let run = world.check("tests");
    assert_eq!(run.code, Some(0), "{}\n{:#?}", run.stderr, run.job("tests"));
    assert_eq!(run.job("tests").result.tests.len(), 6);
    assert_eq!(files_below(world.root()).len(), before);
    assert!(world.read("src/demo/__init__.py").contains("double"));
    assert_eq!(world.check("tests").fresh(), Vec::<&str>::new());
}

#[test]
fn index_verdict_of_tests_that_a_signal_ended_is_not_kept() {
    let world = World::with_index("sound");
    let test = "import os\nimport signal\n\n\ndef test_ends():\n    os.kill(os.getpid(), signal.SIGKILL)\n";
    world.write("tests/test_killed.py", test);
    let killed = world.check("tests");
    assert_eq!(
        (killed.red(), killed.code),
        (vec!["tests"], Some(1)),
        "{:#?}",
        killed.record.jobs
    );
    let notes = killed.job("tests").result.notes.join("\n");
    assert!(notes.contains("signal 9"), "{notes}");
    assert_eq!(world.check("tests").fresh(), ["tests"]);
}

#[test]
fn index_output_of_any_kind_is_bounded_and_what_follows_is_told() {
    let world = World::with_index("sound");
    let program = "import os, sys\n\
                   line = b'x' * 1023 + b'\\n'\n\
                   for _ in range(40 * 1024): os.write(1, line)\n\
                   os.write(2, b'y' * 10_000_000 + b'\\n')\n\
                   os.write(1, b'\\xff\\xfe \\x00 the end\\n')\n\
                   sys.exit(3)\n";
    world.write("flood.py", program);
    world.append(
        "pyproject.toml",
        "\n[tool.towpath.checks.flood]\ncommand = [\"python\", \"flood.py\"]\n",
    );
    let run = world.check("flood");
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let job = run.job("flood");
    assert_eq!(job.conclusion, Conclusion::Failure);
    let finding = &job.result.findings[0];
    assert!(
        finding.message.ends_with("the end"),
        "{:?}",
        finding.message.get(..200)
    );
    assert!(
        finding.message.len() < 2_000_000,
        "{}",
        finding.message.len()
    );
    let logs = files_below(&world.folder().join("state"));
    let log = logs
        .iter()
        .find(|path| path.ends_with("log.txt"))
        .expect("a log");
    let log = fs_err::read(log).expect("a log");
    assert!(log.len() < 34 * 1024 * 1024, "{}", log.len());
    assert!(String::from_utf8_lossy(&log).contains("cut: the log is larger"));
}

#[test]
fn index_two_runs_at_once_come_to_the_same() {
    let world = World::with_index("sound");
    let python = world.python().to_string();
    let arguments = ["ci", "--python", &python, "--force", "--format", "json"];
    let runs: Vec<_> = (0..2).map(|_| world.started(&arguments)).collect();
    for run in runs {
        let output = run.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
    }
    assert_eq!(world.ci(&[]).fresh(), Vec::<&str>::new());
}

#[test]
fn index_stubborn_test_is_over_within_ten_seconds() {
    let world = World::with_index("sound");
    let test = "import os\nimport signal\nimport time\n\n\ndef test_stays():\n    \
                for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):\n        signal.signal(number, signal.SIG_IGN)\n    \
                if os.fork() == 0:\n        os.setsid()\n    time.sleep(600)\n";
    world.write("tests/test_stubborn.py", test);
    let python = world.python().to_string();
    let mut command = world.command(Path::new(TOWPATH));
    command
        .args(["check", "tests", "--python", &python])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut towpath = command.spawn().expect("towpath starts");
    let begun = Instant::now();
    let is_started = || {
        let files = files_below(&world.folder().join("state"));
        let events = files.iter().find(|path| path.ends_with("events.jsonl"));
        events.is_some_and(|path| {
            fs_err::read_to_string(path).is_ok_and(|text| text.contains("test_stays"))
        })
    };
    while !is_started() {
        assert!(begun.elapsed() < Duration::from_mins(2), "the test starts");
        std::thread::sleep(Duration::from_millis(100));
    }
    let process = Pid::from_raw(towpath.id().try_into().expect("a process id")).expect("no zero");
    let begun = Instant::now();
    kill_process(process, Signal::TERM).expect("it runs");
    assert_eq!(towpath.wait().expect("it ends").code(), Some(130));
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}
