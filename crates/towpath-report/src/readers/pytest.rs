//! Reads the event stream that our pytest plugin writes, and knows the plugin.

use serde::Deserialize;

use super::Paths;
use crate::{Place, TestCase, TestOutcome, text};

/// The plugin's source, to be put into a folder on `PYTHONPATH` as [`PLUGIN_FILE`].
pub const PLUGIN: &str = include_str!("pytest_plugin.py");

/// The plugin's file name.
pub const PLUGIN_FILE: &str = "towpath_pytest_plugin.py";

/// What pytest is asked with to load the plugin.
pub const ARGUMENTS: &[&str] = &["-p", "towpath_pytest_plugin"];

/// The variable that names the file of events, which the plugin appends to.
pub const EVENTS_VARIABLE: &str = "TOWPATH_PYTEST_EVENTS";

/// The variable that names the folder that paths are made relative to.
pub const ROOT_VARIABLE: &str = "TOWPATH_PYTEST_ROOT";

/// What a stream of events says of a run of pytest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PytestRun {
    /// Every case, in the order they ended; files that could not be collected or were skipped whole
    /// are cases named after the file.
    pub tests: Vec<TestCase>,
    /// How many tests were selected.
    pub collected: usize,
    /// pytest's exit status; `None` where it ended before it could say.
    pub exit_status: Option<i32>,
    /// Errors of pytest or its plugins themselves.
    pub internal_errors: Vec<InternalError>,
    /// The test that had begun and not ended when the stream broke off: the one that crashed the
    /// interpreter.
    pub unfinished: Option<String>,
}

/// An error in pytest or a plugin of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternalError {
    /// One line.
    pub message: String,
    /// The trace.
    pub details: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Session { collected: usize },
    Test(Phase),
    CollectError(Phase),
    CollectSkip(Phase),
    InternalError(Phase),
    Finished(i32),
    PluginError(String),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Phase {
    id: String,
    when: String,
    outcome: String,
    seconds: f64,
    path: String,
    line: u32,
    subtest: Option<String>,
    message: String,
    crash: Option<Crash>,
    longrepr: String,
    sections: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Crash {
    path: String,
    line: u32,
}

/// Returns what a whole stream says. Lines that are no events, such as one cut by a crash, are passed
/// over.
pub fn read(events: &[u8], paths: &Paths<'_>) -> PytestRun {
    let mut state = State {
        paths,
        run: PytestRun::default(),
        places: std::collections::HashMap::new(),
    };
    for line in events.split(|byte| *byte == b'\n') {
        if let Some(event) = event(line) {
            state.take(event);
        }
    }
    state.finish()
}

fn event(line: &[u8]) -> Option<Event> {
    serde_json::from_slice(line).ok()
}

struct State<'a> {
    paths: &'a Paths<'a>,
    run: PytestRun,
    /// Where each case stands in `run.tests`, and whether it has been called (or never will be).
    places: std::collections::HashMap<String, (usize, bool)>,
}

impl State<'_> {
    fn take(&mut self, event: Event) {
        match event {
            Event::Session { collected } => self.run.collected = self.run.collected.max(collected),
            Event::Test(phase) => self.take_phase(&phase),
            Event::CollectError(phase) => self.take_collected(&phase, TestOutcome::Error),
            Event::CollectSkip(phase) => self.take_collected(&phase, TestOutcome::Skipped),
            Event::InternalError(phase) => {
                self.run.internal_errors.push(InternalError {
                    message: phase.message,
                    details: phase.longrepr,
                });
            }
            Event::PluginError(message) => {
                let message = format!("towpath's pytest plugin stopped recording: {message}");
                self.run.internal_errors.push(InternalError {
                    message,
                    details: String::new(),
                });
            }
            Event::Finished(status) => self.run.exit_status = Some(status),
        }
    }

    fn take_phase(&mut self, phase: &Phase) {
        if phase.outcome == "rerun" {
            self.start_again(phase);
            return;
        }
        let outcome = outcome(&phase.outcome);
        if phase.subtest.is_some() {
            let case = self.case(phase, outcome);
            self.run.tests.push(case);
            return;
        }
        let is_decided = phase.when != "setup" || outcome != TestOutcome::Passed;
        let Some((index, decided)) = self.places.get_mut(&phase.id) else {
            self.places
                .insert(phase.id.clone(), (self.run.tests.len(), is_decided));
            let case = self.case(phase, outcome);
            self.run.tests.push(case);
            return;
        };
        *decided |= is_decided;
        let index = *index;
        let case = self.case(phase, outcome);
        if let Some(known) = self.run.tests.get_mut(index) {
            merge(known, case);
        }
    }

    /// A plugin runs a failed test again: what it said so far does not count, the time does.
    fn start_again(&mut self, phase: &Phase) {
        if let Some((index, decided)) = self.places.get_mut(&phase.id)
            && let Some(case) = self.run.tests.get_mut(*index)
        {
            *decided = false;
            case.outcome = TestOutcome::Passed;
            case.seconds += phase.seconds;
            case.message.clear();
            case.details.clear();
            case.failed_at = None;
        }
    }

    fn take_collected(&mut self, phase: &Phase, outcome: TestOutcome) {
        let case = self.case(phase, outcome);
        if !self
            .run
            .tests
            .iter()
            .any(|known| known.id == case.id && known.outcome == outcome)
        {
            self.run.tests.push(case);
        }
    }

    fn case(&self, phase: &Phase, outcome: TestOutcome) -> TestCase {
        let path = self.relative(&phase.path);
        let failed_at = phase
            .crash
            .as_ref()
            .map(|crash| Place::at(&self.relative(&crash.path), crash.line, 0))
            .filter(|place| place.path != path || place.line != phase.line);
        let mut case = TestCase {
            id: self.id(phase),
            path,
            line: phase.line,
            outcome,
            seconds: phase.seconds,
            message: text::strip_ansi(&phase.message).into_owned(),
            failed_at,
            details: String::new(),
        };
        if case.is_failure() {
            case.details = details(phase);
        }
        case
    }

    fn id(&self, phase: &Phase) -> String {
        let (file, rest) = match phase.id.split_once("::") {
            Some((file, rest)) => (file, format!("::{rest}")),
            None => (phase.id.as_str(), String::new()),
        };
        let subtest = phase
            .subtest
            .as_ref()
            .map(|name| format!("[{name}]"))
            .unwrap_or_default();
        format!("{}{rest}{subtest}", self.relative(file))
    }

    /// The plugin made paths relative to the root already, whatever folder pytest ran in.
    fn relative(&self, path: &str) -> String {
        if path.is_empty() {
            return String::new();
        }
        Paths {
            folder: "",
            ..*self.paths
        }
        .relative(path)
    }

    /// Leaves out tests that were set up and never called: they have no outcome.
    fn finish(mut self) -> PytestRun {
        let mut undecided: Vec<usize> = self
            .places
            .values()
            .filter(|(_, decided)| !decided)
            .map(|(index, _)| *index)
            .collect();
        undecided.sort_unstable();
        for index in undecided.into_iter().rev() {
            let case = self.run.tests.remove(index);
            if self.run.exit_status.is_none() {
                self.run.unfinished.get_or_insert(case.id);
            }
        }
        self.run
    }
}

/// Joins a later phase of a test to what is known of it: the worst outcome with its words counts, and
/// the call's before the set-up's and tear-down's where both passed.
fn merge(known: &mut TestCase, phase: TestCase) {
    known.seconds += phase.seconds;
    if known.line == 0 {
        known.line = phase.line;
    }
    if known.path.is_empty() {
        known.path.clone_from(&phase.path);
    }
    if known.is_failure() && phase.is_failure() {
        known.details.push_str("\n\n");
        known.details.push_str(&phase.details);
        return;
    }
    if phase.outcome != TestOutcome::Passed && !known.is_failure() {
        known.outcome = phase.outcome;
        known.message = phase.message;
        known.failed_at = phase.failed_at;
        known.details = phase.details;
    }
}

fn outcome(word: &str) -> TestOutcome {
    match word {
        "passed" => TestOutcome::Passed,
        "skipped" => TestOutcome::Skipped,
        "xfailed" => TestOutcome::XFailed,
        "xpassed" => TestOutcome::XPassed,
        "error" => TestOutcome::Error,
        _ => TestOutcome::Failed,
    }
}

fn details(phase: &Phase) -> String {
    let failure = text::strip_ansi(phase.longrepr.trim_end()).into_owned();
    let sections = phase.sections.iter().map(|(name, section)| {
        let section = text::strip_ansi(section.trim_end());
        format!("--- {name} ---\n{section}")
    });
    std::iter::once(failure)
        .chain(sections)
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// Counts the tests of a running pytest, line by line.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    collected: usize,
    done: usize,
    failed: usize,
    path: String,
}

impl Progress {
    /// Takes one line of the stream and returns what to show, such as `120 of 715, 2 failed`, when the
    /// line changes it.
    pub fn take(&mut self, line: &str) -> Option<String> {
        match event(line.as_bytes())? {
            Event::Session { collected } => self.collected = self.collected.max(collected),
            Event::Test(phase) if phase.subtest.is_none() && phase.outcome != "rerun" => {
                // A crashed worker of pytest-xdist is reported with `???`.
                let is_end = match phase.when.as_str() {
                    "setup" => phase.outcome != "passed",
                    when => when != "teardown",
                };
                let is_failure = phase.outcome == "failed" || phase.outcome == "error";
                if !is_end && !is_failure {
                    return None;
                }
                self.done += usize::from(is_end);
                self.failed += usize::from(is_failure);
                self.path = phase.path;
            }
            _ => return None,
        }
        Some(self.to_string())
    }
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.done, self.collected.max(self.done))?;
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        // The path comes last, since it is what a narrow screen can do without.
        if !self.path.is_empty() {
            write!(f, "  {}", self.path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(id: &str, when: &str, outcome: &str, more: &str) -> String {
        format!(
            r#"{{"test": {{"id": "a.py::{id}", "path": "a.py", "line": 3, "when": "{when}", "outcome": "{outcome}", "seconds": 0.5{more}}}}}"#
        )
    }

    fn outcomes(lines: &[String]) -> Vec<(String, TestOutcome, f64, String)> {
        read(lines.join("\n").as_bytes(), &Paths::at_root("/r"))
            .tests
            .into_iter()
            .map(|case| (case.id, case.outcome, case.seconds, case.message))
            .collect()
    }

    #[test]
    fn merges_phases() {
        let message =
            r#", "message": "boom", "longrepr": "E boom", "crash": {"path": "/r/b.py", "line": 9}"#;
        for (phases, outcome, seconds) in [
            (
                vec![
                    ("setup", "passed", ""),
                    ("call", "passed", ""),
                    ("teardown", "passed", ""),
                ],
                TestOutcome::Passed,
                1.5,
            ),
            (
                vec![("setup", "error", message), ("teardown", "passed", "")],
                TestOutcome::Error,
                1.0,
            ),
            (
                vec![
                    ("setup", "passed", ""),
                    ("call", "failed", message),
                    ("teardown", "error", message),
                ],
                TestOutcome::Failed,
                1.5,
            ),
            (
                vec![
                    ("setup", "passed", ""),
                    ("call", "passed", ""),
                    ("teardown", "error", message),
                ],
                TestOutcome::Error,
                1.5,
            ),
            (
                vec![("setup", "skipped", message), ("teardown", "passed", "")],
                TestOutcome::Skipped,
                1.0,
            ),
            (
                vec![
                    ("setup", "passed", ""),
                    ("call", "xfailed", message),
                    ("teardown", "passed", ""),
                ],
                TestOutcome::XFailed,
                1.5,
            ),
            (
                vec![("call", "rerun", message), ("call", "passed", "")],
                TestOutcome::Passed,
                0.5,
            ),
            (
                vec![("setup", "passed", ""), ("???", "failed", message)],
                TestOutcome::Failed,
                1.0,
            ),
            (
                vec![
                    ("setup", "passed", ""),
                    ("call", "rerun", message),
                    ("setup", "passed", ""),
                    ("call", "passed", ""),
                ],
                TestOutcome::Passed,
                2.0,
            ),
        ] {
            let mut lines: Vec<String> = phases
                .iter()
                .map(|(when, outcome, more)| phase("t", when, outcome, more))
                .collect();
            lines.push(r#"{"finished": 0}"#.to_owned());
            let found = outcomes(&lines);
            assert_eq!(found.len(), 1);
            assert_eq!((found[0].1, found[0].2), (outcome, seconds), "{phases:?}");
        }
    }

    #[test]
    fn names_the_test_that_crashed_the_interpreter() {
        let lines = [
            phase("one", "setup", "passed", ""),
            phase("one", "call", "passed", ""),
            phase("two", "setup", "passed", ""),
            r#"{"test": {"id": "cu"#.to_owned(),
        ];
        let run = read(lines.join("\n").as_bytes(), &Paths::at_root("/r"));
        assert_eq!(run.unfinished.as_deref(), Some("a.py::two"));
        assert_eq!(run.exit_status, None);
        assert_eq!(run.tests.len(), 1);
    }

    #[test]
    fn maps_installed_files_to_their_sources() {
        let line = r#"{"test": {"id": "/env/sp/pkg/tests/t.py::x", "path": "/env/sp/pkg/tests/t.py", "when": "call", "outcome": "passed"}}"#;
        let paths = Paths {
            root: "/r",
            folder: "sub",
            installed: &[("/env/sp", "src")],
        };
        let run = read(line.as_bytes(), &paths);
        assert_eq!(
            (run.tests[0].id.as_str(), run.tests[0].path.as_str()),
            ("src/pkg/tests/t.py::x", "src/pkg/tests/t.py")
        );
    }

    #[test]
    fn counts_as_tests_end() {
        let mut progress = Progress::default();
        assert_eq!(
            progress
                .take(r#"{"session": {"collected": 715}}"#)
                .as_deref(),
            Some("0 of 715")
        );
        assert_eq!(progress.take(&phase("t", "setup", "passed", "")), None);
        assert_eq!(
            progress.take(&phase("t", "call", "passed", "")).as_deref(),
            Some("1 of 715  a.py")
        );
        assert_eq!(
            progress.take(&phase("u", "setup", "error", "")).as_deref(),
            Some("2 of 715, 1 failed  a.py")
        );
        assert_eq!(progress.take("no event"), None);
    }
}
