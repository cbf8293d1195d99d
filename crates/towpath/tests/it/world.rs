//! The real command in a closed repository: what a test writes, runs and asks of the record of a run.
//!
//! Tests that use the package index share one cache below the target folder, since nothing in it
//! depends on which test came first.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use towpath_python::{Machine, PythonVersion, find_interpreters};
use towpath_report::{Conclusion, Finding, JobRecord, RunRecord, writers};
use towpath_testing::{RunOutput, TestContext};

/// The command under test.
pub(crate) const TOWPATH: &str = env!("CARGO_BIN_EXE_towpath");

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

/// A repository, its closed environment, and towpath.
pub(crate) struct World(TestContext);

/// What a run with `--format json` answered.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) record: RunRecord,
    pub(crate) stderr: String,
}

impl Deref for World {
    type Target = TestContext;

    fn deref(&self) -> &TestContext {
        &self.0
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut TestContext {
        &mut self.0
    }
}

impl World {
    /// Makes an empty git repository; nothing leads to a package index.
    pub(crate) fn offline() -> Self {
        Self(TestContext::new())
    }

    /// Makes an empty folder that is no repository; nothing leads to a package index.
    pub(crate) fn without_git() -> Self {
        Self(TestContext::without_git())
    }

    /// Makes a repository with the files of a fixture; the index and the shared cache can be used.
    pub(crate) fn with_index(fixture: &str) -> Self {
        let world = Self::with_empty_index();
        world.copy(&Path::new(FIXTURES).join(fixture), "");
        world
    }

    /// Makes an empty repository; the index and the shared cache can be used.
    pub(crate) fn with_empty_index() -> Self {
        let mut context = TestContext::new().with_index();
        for (name, folder) in [("TOWPATH_CACHE_DIR", "cache"), ("UV_CACHE_DIR", "uv")] {
            let folder = shared().join(folder);
            fs_err::create_dir_all(&folder).expect("the target folder can be written");
            context.set(name, &folder.display().to_string());
        }
        Self(context)
    }

    fn copy(&self, folder: &Path, below: &str) {
        for entry in fs_err::read_dir(folder).expect("a fixture") {
            let entry = entry.expect("an entry of a fixture");
            let name = entry.file_name().into_string().expect("a plain name");
            if entry.path().is_dir() {
                self.copy(&entry.path(), &format!("{below}{name}/"));
            } else {
                self.write(
                    &format!("{below}{name}"),
                    fs_err::read(entry.path()).expect("a file of a fixture"),
                );
            }
        }
    }

    /// Puts a released sdist in the repository, fetched once by pip.
    pub(crate) fn with_sdist(name: &str, version: &str) -> Self {
        let world = Self::with_empty_index();
        let folder = shared().join("sdists").join(format!("{name}-{version}"));
        fs_err::create_dir_all(&folder).expect("the target folder can be written");
        if archive(&folder).is_none() {
            let wanted = format!("{name}=={version}");
            let mut pip = world.command(Path::new("python3"));
            pip.args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--no-binary",
                ":all:",
            ]);
            let output = pip.arg("--dest").arg(&folder).arg(&wanted).output();
            let output = output.expect("python3 with pip");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "pip download {wanted}: {said}");
        }
        let archive = archive(&folder).expect("pip wrote the sdist");
        let mut tar = world.command(Path::new("tar"));
        tar.args(["--strip-components=1", "-xzf"]).arg(archive);
        assert!(
            tar.status().expect("tar").success(),
            "the sdist of {name} can be unpacked"
        );
        world
    }

    /// Replaces a text that a file of the repository holds.
    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) -> &Self {
        let text = self.read(path);
        assert!(text.contains(from), "{path} holds `{from}`");
        self.write(path, text.replace(from, to));
        self
    }

    /// Appends to a file of the repository.
    pub(crate) fn append(&self, path: &str, text: &str) -> &Self {
        let whole = self.read(path) + text;
        self.write(path, whole);
        self
    }

    /// Runs towpath and returns its filtered streams.
    pub(crate) fn towpath(&self, arguments: &[&str]) -> RunOutput {
        self.run(Path::new(TOWPATH), arguments)
    }

    /// Runs `towpath ci` on one Python.
    pub(crate) fn ci(&self, arguments: &[&str]) -> Run {
        let python = self.python().to_string();
        let all = [&["ci", "--python", &python], arguments].concat();
        self.recorded(&all)
    }

    /// Runs one check on one Python.
    pub(crate) fn check(&self, name: &str) -> Run {
        let python = self.python().to_string();
        self.recorded(&["check", name, "--python", &python])
    }

    /// Runs a command that writes the record of a run.
    pub(crate) fn recorded(&self, arguments: &[&str]) -> Run {
        let output = self
            .command(Path::new(TOWPATH))
            .args(arguments)
            .args(["--format", "json"])
            .output()
            .expect("towpath starts");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let record = writers::json::read(&output.stdout)
            .unwrap_or_else(|error| panic!("towpath {}: {error}\n{stderr}", arguments.join(" ")));
        Run {
            code: output.status.code(),
            record,
            stderr,
        }
    }

    /// Returns a started towpath with both streams captured.
    pub(crate) fn started(&self, arguments: &[&str]) -> std::process::Child {
        let mut command: Command = self.command(Path::new(TOWPATH));
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("towpath starts")
    }

    /// Returns the newest of the Pythons that tests run on where nothing is declared, else the newest.
    pub(crate) fn python(&self) -> PythonVersion {
        let environment: &BTreeMap<String, String> = self.environment();
        let machine = Machine {
            environment,
            home: environment.get("HOME").map(Path::new),
            cache: environment
                .get("TOWPATH_CACHE_DIR")
                .map_or(self.folder(), Path::new),
            offline: true,
        };
        let found: Vec<PythonVersion> = find_interpreters(&machine)
            .iter()
            .map(|interpreter| interpreter.python)
            .collect();
        let usual = found
            .iter()
            .filter(|python| **python <= PythonVersion::new(3, 12))
            .max();
        *usual
            .filter(|python| **python >= PythonVersion::new(3, 10))
            .or(found.iter().max())
            .expect("a Python from 3.10 on")
    }
}

impl Run {
    /// Returns a job by its name, or by that of its check.
    pub(crate) fn job(&self, name: &str) -> &JobRecord {
        let jobs = &self.record.jobs;
        let by_name = jobs.iter().find(|job| job.name == name);
        by_name
            .or_else(|| jobs.iter().find(|job| job.group == name))
            .unwrap_or_else(|| panic!("a job `{name}`"))
    }

    /// Returns the checks whose jobs failed or could not run.
    pub(crate) fn red(&self) -> Vec<&str> {
        self.groups(|job| matches!(job.conclusion, Conclusion::Failure | Conclusion::Error))
    }

    /// Returns the checks whose jobs were run, not reused.
    pub(crate) fn fresh(&self) -> Vec<&str> {
        self.groups(|job| job.reused.is_none() && job.conclusion != Conclusion::Skipped)
    }

    /// Returns the names of the jobs that were run, not reused.
    pub(crate) fn fresh_jobs(&self) -> Vec<&str> {
        let fresh =
            |job: &&JobRecord| job.reused.is_none() && job.conclusion != Conclusion::Skipped;
        let mut names: Vec<&str> = self
            .record
            .jobs
            .iter()
            .filter(fresh)
            .map(|job| job.name.as_str())
            .collect();
        names.sort_unstable();
        names
    }

    fn groups(&self, wanted: impl Fn(&JobRecord) -> bool) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .record
            .jobs
            .iter()
            .filter(|job| wanted(job))
            .map(|job| job.group.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns every finding of the run as `check rule path:line`, sorted.
    pub(crate) fn findings(&self) -> Vec<String> {
        let told = |job: &JobRecord, finding: &Finding| {
            let place = finding.place.as_ref().map_or_else(String::new, |place| {
                format!(" {}:{}", place.path, place.line)
            });
            format!("{} {}{place}", job.group, finding.rule)
        };
        let mut all: Vec<String> = self
            .record
            .jobs
            .iter()
            .flat_map(|job| {
                job.result
                    .findings
                    .iter()
                    .map(move |finding| told(job, finding))
            })
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns the failed tests as `check path:line`, sorted.
    pub(crate) fn failed_tests(&self) -> Vec<String> {
        let mut all: Vec<String> = self
            .record
            .jobs
            .iter()
            .flat_map(|job| job.result.tests.iter().map(move |case| (job, case)))
            .filter(|(_, case)| case.is_failure())
            .map(|(job, case)| match &case.failed_at {
                Some(place) => format!("{} {}:{}", job.group, place.path, place.line),
                None => format!("{} {}:{}", job.group, case.path, case.line),
            })
            .collect();
        all.sort_unstable();
        all
    }
}

/// Returns the folder that the tests of this machine share; `cargo clean` removes it.
fn shared() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("end-to-end")
}

fn archive(folder: &Path) -> Option<PathBuf> {
    let paths = fs_err::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .into_iter()
        .find(|path| path.to_string_lossy().ends_with(".tar.gz"))
}
