//! Keepers for tests, and commands for them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use towpath_host::process::{Cancel, CommandEnd, Keeper, StepCommand, StepEnd};

/// The program that stands for towpath.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_supervise-for-tests"))
}

/// A keeper, and as whom it runs.
pub(crate) struct Kept {
    pub(crate) who: &'static str,
    pub(crate) keeper: Keeper,
    /// Where its program lies and what it writes.
    pub(crate) folder: TempDir,
}

/// Returns a keeper of the present user, and where that is root, one of an ordinary user.
pub(crate) fn keepers() -> Vec<Kept> {
    let own = Kept {
        who: "myself",
        keeper: Keeper::start(program()).unwrap(),
        folder: tempfile::tempdir().unwrap(),
    };
    let mut all = vec![own];
    if let Some(folder) = folder_of_nobody() {
        let program = folder.path().join("as-nobody");
        let keeper = Keeper::start(&program).unwrap();
        all.push(Kept {
            who: "nobody",
            keeper,
            folder,
        });
    }
    all
}

/// Makes a folder with a program that runs towpath as nobody; `None` where only root could.
pub(crate) fn folder_of_nobody() -> Option<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let towpath = folder.path().join("towpath");
    fs::copy(program(), &towpath).unwrap();
    let script = format!(
        "#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all {} \"$@\"\n",
        towpath.display()
    );
    let program = folder.path().join("as-nobody");
    fs::write(&program, script).unwrap();
    for path in [folder.path(), &towpath, &program] {
        fs::set_permissions(path, PermissionsExt::from_mode(0o777)).unwrap();
    }
    let tried = Command::new(&program).output().ok()?;
    String::from_utf8_lossy(&tried.stderr)
        .starts_with("usage")
        .then_some(folder)
}

impl Kept {
    pub(crate) fn run(&self, command: &StepCommand) -> (StepEnd, String) {
        let mut output = Vec::new();
        let end = self
            .keeper
            .run(command, &Cancel::new(), &mut |lines| {
                output.extend_from_slice(lines);
            })
            .unwrap();
        (end, String::from_utf8_lossy(&output).into_owned())
    }

    /// Runs a script that has to succeed.
    pub(crate) fn shell(&self, script: &str) -> String {
        let (end, output) = self.run(&shell(script));
        assert_eq!(
            end.end,
            CommandEnd::Exited(0),
            "{}: {script}: {output}",
            self.who
        );
        output
    }
}

pub(crate) fn shell(script: &str) -> StepCommand {
    command(&["sh", "-c", script])
}

pub(crate) fn command(arguments: &[&str]) -> StepCommand {
    StepCommand {
        arguments: arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect(),
        environment: BTreeMap::from([
            ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("RUNNER_TRACKING_ID".to_owned(), "job-1".to_owned()),
        ]),
        folder: PathBuf::from("/"),
        timeout: Some(Duration::from_mins(1)),
    }
}

/// The same command as a step of another job.
pub(crate) fn of_job(mut command: StepCommand, tracking: &str) -> StepCommand {
    let variable = "RUNNER_TRACKING_ID".to_owned();
    command.environment.insert(variable, tracking.to_owned());
    command
}

pub(crate) fn wait_for(is_so: impl Fn() -> bool) {
    let patience_ends = Instant::now() + Duration::from_secs(8);
    while !is_so() {
        assert!(Instant::now() < patience_ends, "still not so");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A time to sleep that tells the processes of one test from all others.
pub(crate) fn sleeping_time(test: u32) -> String {
    format!("9{test}{}", std::process::id())
}

/// Counts the processes that sleep for this time.
pub(crate) fn count_sleeping(time: &str) -> usize {
    let is_sleeping = |folder: &Path| {
        fs::read(folder.join("cmdline"))
            .is_ok_and(|line| line == format!("sleep\0{time}\0").as_bytes())
    };
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| is_sleeping(&entry.path()))
        .count()
}
