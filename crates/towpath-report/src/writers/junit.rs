//! The run as JUnit XML, in the form that Jenkins, GitLab and pytest's `xunit2` share: one suite for
//! each job. Findings that block are failures of a case named after their rule.

use crate::text::{escaped, one_line};
use crate::{Conclusion, Finding, JobRecord, RunRecord, TestCase, TestOutcome};

/// A test's account of a failure is cut to this many bytes.
const DETAILS: usize = 256 * 1024;
const NAME: usize = 1024;

/// Returns the run as JUnit XML.
pub fn write(run: &RunRecord) -> String {
    let suites: Vec<Suite<'_>> = run.jobs.iter().map(suite).collect();
    let total = suites
        .iter()
        .fold(Counts::default(), |sum, suite| sum.plus(suite.counts));
    let mut lines = vec!["<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned()];
    lines.push(format!(
        "<testsuites name=\"towpath\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\">",
        total.tests,
        total.failures,
        total.errors,
        seconds(run.duration_ms)
    ));
    for (index, suite) in suites.iter().enumerate() {
        write_suite(&mut lines, index, suite);
    }
    lines.push("</testsuites>\n".to_owned());
    lines.join("\n")
}

#[derive(Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
        }
    }
}

struct Suite<'a> {
    job: &'a JobRecord,
    cases: Vec<Case>,
    counts: Counts,
}

struct Case {
    class: String,
    name: String,
    seconds: f64,
    end: End,
    kind: String,
    message: String,
    details: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Passed,
    Failure,
    Error,
    Skipped,
}

fn suite(job: &JobRecord) -> Suite<'_> {
    let mut cases: Vec<Case> = job.result.tests.iter().map(test).collect();
    cases.extend(
        job.result
            .findings
            .iter()
            .map(|finding| from_finding(job, finding)),
    );
    cases.extend(job.result.errors.iter().map(|problem| {
        Case {
            kind: "towpath".to_owned(),
            message: problem.message.clone(),
            details: problem
                .hints
                .iter()
                .map(|hint| format!("hint: {hint}"))
                .collect::<Vec<_>>()
                .join("\n"),
            ..case(&job.name, &problem.message, End::Error)
        }
    }));
    let is_red = matches!(
        job.conclusion,
        Conclusion::Failure | Conclusion::Error | Conclusion::Cancelled
    );
    if !cases
        .iter()
        .any(|case| matches!(case.end, End::Failure | End::Error))
        && (is_red || cases.is_empty())
    {
        cases.push(whole(job));
    }
    let count = |end| cases.iter().filter(|case| case.end == end).count();
    let counts = Counts {
        tests: cases.len(),
        failures: count(End::Failure),
        errors: count(End::Error),
        skipped: count(End::Skipped),
    };
    Suite { job, cases, counts }
}

fn case(class: &str, name: &str, end: End) -> Case {
    Case {
        class: class.to_owned(),
        name: name.to_owned(),
        seconds: 0.0,
        end,
        kind: String::new(),
        message: String::new(),
        details: String::new(),
    }
}

/// A job without cases is one itself, so that a green check is seen and a silent red one is not lost.
fn whole(job: &JobRecord) -> Case {
    let end = match job.conclusion {
        Conclusion::Success | Conclusion::Neutral => End::Passed,
        Conclusion::Failure => End::Failure,
        Conclusion::Skipped => End::Skipped,
        Conclusion::Cancelled | Conclusion::Error => End::Error,
    };
    let words = if job.reason.is_empty() {
        &job.result.summary
    } else {
        &job.reason
    };
    let interrupted = if job.conclusion == Conclusion::Cancelled {
        "interrupted"
    } else {
        words
    };
    Case {
        seconds: job.duration_ms as f64 / 1000.0,
        kind: job.group.clone(),
        message: interrupted.to_owned(),
        ..case(&job.name, &job.group, end)
    }
}

fn test(test: &TestCase) -> Case {
    let (file, name) = test.id.split_once("::").unwrap_or(("", &test.id));
    let class = file.trim_end_matches(".py").replace('/', ".");
    let (end, kind) = match test.outcome {
        TestOutcome::Passed | TestOutcome::XPassed => (End::Passed, ""),
        TestOutcome::Failed => (End::Failure, "failed"),
        TestOutcome::Error => (End::Error, "error"),
        TestOutcome::Skipped => (End::Skipped, "skipped"),
        TestOutcome::XFailed => (End::Skipped, "xfailed"),
    };
    Case {
        seconds: test.seconds,
        kind: kind.to_owned(),
        message: test.message.clone(),
        details: test.details.clone(),
        ..case(&class, name, end)
    }
}

/// What does not block is a skipped case: seen, and no reason for red.
fn from_finding(job: &JobRecord, finding: &Finding) -> Case {
    let place = finding
        .place
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let end = if finding.blocking && !job.advisory {
        End::Failure
    } else {
        End::Skipped
    };
    Case {
        kind: finding.rule.clone(),
        message: one_line(&finding.message, NAME),
        details: format!("{place}\n{}", finding.message).trim().to_owned(),
        ..case(&finding.tool, &format!("{} {place}", finding.rule), end)
    }
}

fn write_suite(lines: &mut Vec<String>, index: usize, suite: &Suite<'_>) {
    let Suite { job, cases, counts } = suite;
    lines.push(format!(
        "  <testsuite name=\"{}\" id=\"{index}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\">",
        escaped(&job.name, NAME), counts.tests, counts.failures, counts.errors, counts.skipped, seconds(job.duration_ms)
    ));
    for case in cases {
        write_case(lines, case);
    }
    lines.push("  </testsuite>".to_owned());
}

fn write_case(lines: &mut Vec<String>, case: &Case) {
    let start = format!(
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
        escaped(&case.class, NAME),
        escaped(&one_line(case.name.trim(), NAME), NAME),
        case.seconds
    );
    let message = escaped(&one_line(&case.message, NAME), 2 * NAME);
    let element = match case.end {
        End::Passed => return lines.push(format!("{start}/>")),
        End::Skipped => {
            lines.push(format!(
                "{start}>\n      <skipped message=\"{message}\"/>\n    </testcase>"
            ));
            return;
        }
        End::Failure => "failure",
        End::Error => "error",
    };
    let kind = escaped(&case.kind, NAME);
    let details = escaped(&case.details, DETAILS);
    lines.push(format!(
        "{start}>\n      <{element} message=\"{message}\" type=\"{kind}\">{details}</{element}>\n    </testcase>"
    ));
}

fn seconds(milliseconds: u64) -> String {
    format!("{:.3}", milliseconds as f64 / 1000.0)
}
