//! The last screen of a run, made from one recorded run and what becomes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;
use towpath::terminal::{
    ColorChoice, FinalReport, Header, Screen, Size, Style, Surroundings, Verbosity, final_report,
};
use towpath_report::{
    Conclusion, Coverage, FileCoverage, Finding, LastPass, Place, Problem, Reused, RunEvent,
    RunRecord, Severity, TestCase, TestOutcome, Verdict,
};

const RECORDED: &str = include_str!("../../examples/humanize.jsonl");
const LISTS: &str = include_str!("../../examples/humanize_lists.py");

const STYLE: Style = Style {
    color: false,
    unicode: true,
    columns: 80,
};

fn events() -> Vec<RunEvent> {
    RECORDED
        .lines()
        .map(|line| serde_json::from_str(line).expect("a recorded event"))
        .collect()
}

/// One lint fault, one test fault on every Python, two findings that do not block.
fn failed_run() -> RunRecord {
    let record = events().into_iter().find_map(|event| match event {
        RunEvent::RunFinished { record } => Some(*record),
        _ => None,
    });
    record.expect("the recorded run has an end")
}

fn passed_run() -> RunRecord {
    let mut record = failed_run();
    record.verdict = Verdict::Passed;
    for job in &mut record.jobs {
        if job.conclusion == Conclusion::Failure {
            job.conclusion = Conclusion::Success;
        }
        let result = Arc::make_mut(&mut job.result);
        result.findings.retain(|finding| !finding.blocking);
        result.tests = Vec::new();
        result.failed = false;
    }
    record
}

/// Nothing changed: 784 tests on 4 Pythons, coverage 98.5 %.
fn reused_run() -> RunRecord {
    let mut record = passed_run();
    record.duration_ms = 80;
    for job in &mut record.jobs {
        job.reused = Some(Reused {
            run: 213,
            at: 34_860,
            commit: "5b41c9e".to_owned(),
        });
        let result = Arc::make_mut(&mut job.result);
        if job.group == "tests" {
            result.tests = (0..784).map(passing_test).collect();
        }
        if job.group == "coverage" {
            result.coverage = Some(coverage(197, 200));
        }
    }
    record
}

fn passing_test(number: u32) -> TestCase {
    TestCase {
        id: format!("tests/test_a.py::test_{number}"),
        path: "tests/test_a.py".to_owned(),
        line: number + 1,
        outcome: TestOutcome::Passed,
        seconds: 0.0,
        message: String::new(),
        failed_at: None,
        details: String::new(),
    }
}

fn coverage(executed: u32, all: u32) -> Coverage {
    let file = FileCoverage {
        executed: (1..=executed).collect(),
        missing: (executed + 1..=all).collect(),
        ..FileCoverage::default()
    };
    Coverage {
        files: BTreeMap::from([("src/a.py".to_owned(), file)]),
        branches: false,
    }
}

fn interrupted_run() -> RunRecord {
    let mut record = failed_run();
    record.verdict = Verdict::Interrupted;
    for job in &mut record.jobs {
        let is_late = job.group == "tests" || matches!(job.group.as_str(), "coverage" | "wheel");
        if is_late {
            job.conclusion = Conclusion::Cancelled;
            Arc::make_mut(&mut job.result).tests = Vec::new();
        }
    }
    record
}

fn report(record: &RunRecord, style: Style) -> String {
    final_report(&FinalReport {
        record,
        command: "towpath ci",
        style,
        is_quiet: false,
        is_verbose: false,
        source: &|path| (path == "src/humanize/lists.py").then(|| LISTS.to_owned()),
        moment: &|seconds| format!("{:02}:{:02}", seconds / 3_600 % 24, seconds / 60 % 60),
    })
}

#[test]
fn failed_run_explains_each_cause_once() {
    assert_snapshot!(report(&failed_run(), STYLE));
}

#[test]
fn failed_run_fits_45_columns() {
    let text = report(
        &failed_run(),
        Style {
            columns: 45,
            ..STYLE
        },
    );
    assert_snapshot!(text);
}

#[test]
fn failed_run_is_readable_in_ascii() {
    let text = report(
        &failed_run(),
        Style {
            unicode: false,
            ..STYLE
        },
    );
    assert!(text.is_ascii(), "{text}");
    assert_snapshot!(text);
}

#[test]
fn failed_run_has_colors() {
    let text = report(
        &failed_run(),
        Style {
            color: true,
            ..STYLE
        },
    );
    assert_snapshot!(text.replace('\u{1b}', "ESC"));
}

#[test]
fn nothing_changed_takes_two_lines() {
    assert_snapshot!(report(&reused_run(), STYLE));
}

#[test]
fn tests_are_counted_for_each_python() {
    let mut record = reused_run();
    let older = record.jobs.iter_mut().find(|job| job.name == "tests 3.10");
    let older = older.expect("a job called tests 3.10");
    Arc::make_mut(&mut older.result).tests.truncate(780);
    let text = report(&record, STYLE);
    assert!(
        text.contains("  780 to 784 tests on 4 Pythons · coverage"),
        "{text}"
    );
}

/// The tests passed the day before, and one file changed since.
fn regressed_run() -> RunRecord {
    let mut record = failed_run();
    for job in &mut record.jobs {
        let failing = job.result.tests.iter().filter(|case| case.is_failure());
        let tests: Vec<String> = failing.map(|case| case.id.clone()).collect();
        job.last_pass = (!tests.is_empty()).then(|| LastPass {
            at: 34_860,
            commit: "5b41c9e".to_owned(),
            tests,
            changed: vec![Place::at("src/humanize/lists.py", 40, 0)],
        });
    }
    record
}

#[test]
fn failing_test_says_when_it_passed_and_what_changed() {
    let lines = |columns| {
        let text = report(&regressed_run(), Style { columns, ..STYLE });
        let (_, rest) = text
            .split_once("   tests/test_lists.py")
            .expect("its place");
        let lines: Vec<String> = rest.lines().take(4).map(str::to_owned).collect();
        lines.join("\n")
    };
    assert_snapshot!(format!("{}\n--\n{}", lines(80), lines(45)));
}

#[test]
fn passed_run_says_how_much_was_reused() {
    assert_snapshot!(report(&passed_run(), STYLE));
}

#[test]
fn interrupted_run_says_what_is_kept() {
    let mut record = interrupted_run();
    assert_snapshot!(report(&record, STYLE));
    let last = |record: &RunRecord| report(record, STYLE).lines().last().map(str::to_owned);
    let lint = record.jobs.iter_mut().find(|job| job.name == "lint");
    lint.expect("a job called lint").conclusion = Conclusion::Error;
    let expected = "Interrupted: 8 of 15 jobs done; they will be reused. towpath ci continues.";
    assert_eq!(last(&record).as_deref(), Some(expected));
    record.sandbox = "none".to_owned();
    let expected = "Interrupted: 8 of 15 jobs done. towpath ci runs all of them again.";
    assert_eq!(last(&record).as_deref(), Some(expected));
}

#[test]
fn a_run_without_a_problem_that_did_not_end_says_so() {
    let mut record = passed_run();
    record.verdict = Verdict::Failed;
    let job = record.jobs.first_mut().expect("a job");
    job.conclusion = Conclusion::Cancelled;
    let text = report(&record, STYLE);
    assert!(
        text.contains("Not passed: 1 of 15 jobs did not run to the end, "),
        "{text}"
    );
}

#[test]
fn what_towpath_could_not_do_comes_with_its_hint() {
    let mut record = passed_run();
    record.verdict = Verdict::Error;
    record.sandbox = "landlock+seccomp".to_owned();
    record.not_run = (0..12)
        .map(|number| format!("codespell part-{number} (.github/workflows/ci.yml:12)"))
        .collect();
    let job = record
        .jobs
        .iter_mut()
        .find(|job| job.name == "types")
        .expect("a job called types");
    job.conclusion = Conclusion::Error;
    job.reused = None;
    Arc::make_mut(&mut job.result).errors = vec![
        Problem::error("cannot fetch mypy 1.18 from the package index: connection refused")
            .with_hint(
                "check the network, or set `UV_DEFAULT_INDEX` to an index that can be reached",
            ),
        Problem::error(
            "mypy did not do its work: it ended with exit code 2\nerror: INTERNAL ERROR\nversion: 2.4.0",
        )
        .with_hint("`towpath logs types` shows all that it said"),
    ];
    assert_snapshot!(report(&record, STYLE));
}

#[test]
fn long_lists_are_counted() {
    let mut record = passed_run();
    record.verdict = Verdict::Failed;
    let finding = |line: u32, blocking: bool| Finding {
        tool: "ruff".to_owned(),
        rule: if blocking { "F821" } else { "E711" }.to_owned(),
        rule_url: None,
        message: format!(
            "undefined name `name_{line}` in a message that goes on for longer than a line of 80"
        ),
        place: Some(Place::at("src/humanize/number.py", line, 5)),
        severity: Severity::Error,
        fixable: blocking,
        blocking,
    };
    let job = record
        .jobs
        .iter_mut()
        .find(|job| job.name == "lint")
        .expect("a job called lint");
    job.conclusion = Conclusion::Failure;
    Arc::make_mut(&mut job.result).findings = (1..=23)
        .map(|line| finding(line, true))
        .chain((1..=40).map(|line| finding(line, false)))
        .collect();
    let text = report(&record, STYLE);
    let (_, end) = text.split_once("\n20 ").expect("twenty are explained");
    assert_snapshot!(end);
}

#[test]
fn advice_of_many_kinds_is_one_line() {
    let mut record = passed_run();
    let finding = |number: u32| Finding {
        tool: "ruff".to_owned(),
        rule: format!("UP{number:03}"),
        rule_url: None,
        message: "old spelling".to_owned(),
        place: Some(Place::at("src/humanize/number.py", number, 5)),
        severity: Severity::Error,
        fixable: true,
        blocking: false,
    };
    let job = record
        .jobs
        .iter_mut()
        .find(|job| job.name == "lint")
        .expect("a job called lint");
    Arc::make_mut(&mut job.result).findings = (1..=40).map(finding).collect();
    let text = report(&record, STYLE);
    assert!(
        text.contains("\n   Do not block: lint 40, security 2; `towpath ci --verbose` lists all\n"),
        "{text}"
    );
}

/// What standard error shows of the recorded events.
fn progress(
    environment: &[(&str, &str)],
    size: Option<Size>,
    verbosity: Verbosity,
    changed: &[&str],
) -> String {
    let environment: BTreeMap<String, String> = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let surroundings = Surroundings {
        environment: &environment,
        color: ColorChoice::Auto,
        stdout: size,
        stderr: size,
    };
    let record = failed_run();
    let header = Header {
        title: record.title,
        notes: record.notes,
    };
    let mut written = Vec::new();
    let mut screen = Screen::new(
        &surroundings,
        verbosity,
        header,
        Box::new(&mut written),
        Box::new(|| None),
    );
    for event in events() {
        if let (RunEvent::RunStarted { .. }, false) = (&event, changed.is_empty()) {
            screen.event(&event);
            let files = changed.iter().map(|path| (*path).to_owned()).collect();
            screen.event(&RunEvent::FilesChanged { files, jobs: 12 });
            continue;
        }
        screen.event(&event);
        screen.tick();
    }
    drop(screen);
    String::from_utf8(written).expect("UTF-8")
}

#[test]
fn pipe_gets_one_line_for_each_job() {
    assert_snapshot!(progress(&[], None, Verbosity::Normal, &[]));
}

#[test]
fn automation_gets_no_movement_on_a_terminal() {
    let size = Some(Size {
        columns: 80,
        rows: 24,
    });
    let text = progress(
        &[("CI", "true"), ("NO_COLOR", "1")],
        size,
        Verbosity::Normal,
        &[],
    );
    assert_eq!(text, progress(&[], None, Verbosity::Normal, &[]));
}

#[test]
fn quiet_shows_no_progress() {
    assert_eq!(progress(&[], None, Verbosity::Quiet, &[]), "");
}

#[test]
fn known_change_counts_what_is_reused() {
    assert_snapshot!(progress(
        &[],
        None,
        Verbosity::Normal,
        &["tests/test_lists.py"]
    ));
}

#[test]
fn terminal_gets_its_cursor_back() {
    let size = Some(Size {
        columns: 80,
        rows: 24,
    });
    let text = progress(&[], size, Verbosity::Normal, &[]);
    assert_eq!(
        text.matches("\u{1b}[?25l").count(),
        text.matches("\u{1b}[?25h").count()
    );
    assert!(text.rfind("\u{1b}[?25h") > text.rfind("\u{1b}[?25l"));
}
