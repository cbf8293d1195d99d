//! A sandbox for tests, with the folders it needs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;
use towpath_host::sandbox::{
    Cancel, CommandOutcome, CommandSpec, JobSandbox, Level, Mount, Observation, Supervisor, detect,
    most_processes,
};

/// The program that stands for towpath.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_supervise-for-tests"))
}

/// Returns the closest level of this machine.
pub(crate) fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| detect(program()))
}

/// Returns every level that this machine has.
pub(crate) fn levels() -> Vec<Level> {
    let is_there =
        |&level: &Level| Supervisor::start(program(), &Bench::new(level).sandbox).is_ok();
    [Level::None, Level::LandlockSeccomp, Level::Namespaces]
        .into_iter()
        .filter(is_there)
        .collect()
}

/// A description of a sandbox under construction, in a temporary folder outside of what it shows.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) sandbox: JobSandbox,
}

impl Bench {
    pub(crate) fn new(level: Level) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scratch = folder.path().join("scratch");
        fs::create_dir(&scratch).unwrap();
        let sandbox = JobSandbox {
            level,
            mounts: Vec::new(),
            network: false,
            processes: most_processes(),
            home: PathBuf::from("/home/job"),
            observe: Vec::new(),
            observe_folders: Vec::new(),
            scratch,
        };
        Self { folder, sandbox }
    }

    /// Makes a file on the host below the bench's folder.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Makes a folder on the host.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// Lays `lower` under a private upper folder, at its own path.
    pub(crate) fn overlay(&mut self, lower: &Path) -> PathBuf {
        let (upper, work) = (self.folder("upper"), self.folder("work"));
        self.sandbox.mounts.push(Mount::Overlay {
            lower: vec![lower.to_owned()],
            upper: upper.clone(),
            work,
            target: lower.to_owned(),
        });
        upper
    }

    /// Writes the sandbox and a command to a file for a caller in another process.
    pub(crate) fn as_file(&self, command: &CommandSpec) -> PathBuf {
        let text = serde_json::to_string(&(&self.sandbox, command)).unwrap();
        self.file("job.json", &text)
    }

    pub(crate) fn start(&self) -> Job {
        Job(Supervisor::start(program(), &self.sandbox).unwrap())
    }

    /// Runs one shell script.
    pub(crate) fn shell(&self, script: &str) -> (CommandOutcome, String, Observation) {
        let mut job = self.start();
        let (outcome, output) = job.run(&shell(script));
        (outcome, output, job.0.finish().unwrap())
    }
}

/// A running sandbox.
pub(crate) struct Job(pub(crate) Supervisor);

impl Job {
    pub(crate) fn run(&mut self, command: &CommandSpec) -> (CommandOutcome, String) {
        let mut output = Vec::new();
        let outcome = self
            .0
            .run(command, &Cancel::new(), &mut |lines| {
                output.extend_from_slice(lines);
            })
            .unwrap();
        (outcome, String::from_utf8_lossy(&output).into_owned())
    }
}

/// A shell script with an environment of its own.
pub(crate) fn shell(script: &str) -> CommandSpec {
    command(&["sh", "-c", script])
}

pub(crate) fn command(arguments: &[&str]) -> CommandSpec {
    CommandSpec {
        arguments: arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect(),
        environment: BTreeMap::from([
            ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("HOME".to_owned(), "/home/job".to_owned()),
            ("LC_ALL".to_owned(), "C".to_owned()),
        ]),
        folder: PathBuf::from("/"),
        stdout_file: None,
        timeout: Some(Duration::from_mins(1)),
    }
}

/// Says that this machine cannot try a test.
#[expect(clippy::print_stdout, reason = "the output of the test")]
pub(crate) fn not_tried(reason: &str) {
    println!("not tried: {reason}");
}

/// Returns from a test that this machine cannot try.
macro_rules! need_namespaces {
    () => {
        if $crate::sandbox::support::level() != towpath_host::sandbox::Level::Namespaces {
            $crate::sandbox::support::not_tried("this machine has no namespaces");
            return;
        }
    };
}
pub(crate) use need_namespaces;
